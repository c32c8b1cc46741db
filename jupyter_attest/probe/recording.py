"""What all observers of one process share: runs, attribution, telling."""

from __future__ import annotations

import contextvars
import os
from typing import TYPE_CHECKING, Any, Callable

from .environment import Environment
from .handover import Handover
from .journal import Journal
from .references import (
    CLOEXEC,
    SEP,
    _access,
    _getpid,
    _ident,
    _join,
    _mono,
    _open,
    _perf,
    _pread,
    _sha256,
    _wall,
)
from .values import is_foreign, new_id, read_small, utc

if TYPE_CHECKING:
    from .code import Facts
    from .delivered import Answer
    from .evidence import Evidence
    from .results import Result
    from .starters import Starters
    from .threads import Threads
    from .wrappers import Wrappers


#: A reading of the byte meter is good for this long (ns): a run that begins right after another.
METER_AGE = 2_000_000
#: A batch leaves at least this often (seconds).
PERIOD = 2.5


class OverdueError(Exception):
    """A part of the probe took too long."""


class Request:
    """One message to the kernel that runs something: the stack of its open runs."""

    __slots__ = ("cell_id", "client", "code", "id", "keys", "last", "next", "open")

    def __init__(self, id: str, parent: dict[str, Any]) -> None:
        header = parent.get("header") or {}
        metadata = parent.get("metadata")
        metadata = metadata if type(metadata) is dict else {}
        content = parent.get("content")
        cell_id = metadata.get("cellId")
        client = header.get("session")
        code = content.get("code") if type(content) is dict else None
        self.id = id
        self.client = client if type(client) is str else None
        self.cell_id = cell_id if type(cell_id) is str else None
        self.keys = sorted(key for key in metadata if type(key) is str)
        self.code = code if type(code) is str else None
        self.next = 0
        self.open: list[Run] = []
        self.last: Run | None = None


class Run:
    """One execution while it lasts, and what attribution needs afterwards."""

    __slots__ = (
        "began", "by_children", "by_text", "created", "folders", "id", "info", "inputs", "kind",
        "mapped", "meter", "moved", "opened", "paused", "read_by_children", "request", "rewritten",
        "seen", "tasks", "told", "trees", "updates", "written",
    )  # fmt: skip

    def __init__(self, request: Request, kind: str, info: Any) -> None:
        self.request, self.kind, self.info = request, kind, info
        self.id = "%s/%d" % (request.id, request.next)
        request.next += 1
        self.began = _perf()
        self.paused = False
        #: What the run opened: direction and identity, so that nothing is written twice.
        self.seen: dict[tuple[Any, ...], int] = {}
        #: Files written, and the bytes that were there before of those that only grow.
        self.written: dict[str, int | None] = {}
        #: Files that it read, with the state in which it opened them first.
        self.inputs: dict[str, os.stat_result] = {}
        #: Those of the files written that a child wrote.
        self.by_children: set[str] = set()
        #: Files that children read, with the states in which they opened them.
        self.read_by_children: list[tuple[str, str]] = []
        #: Bytes that it wrote and then replaced or removed.
        self.rewritten = 0
        self.opened = (0, 0)
        self.mapped = 0
        #: Whether it opened a file that was there to read and write it: native code may map that.
        self.updates = False
        self.moved: set[str] = set()
        self.created: list[dict[str, Any]] = []
        #: Real paths of folders, valid while the run lasts and no link changes.
        self.folders: dict[str, str] = {}
        self.trees: list[Any] = []
        #: Names of the notebook that code from a text loads, or that a pickle names.
        self.by_text: set[str] = set()
        self.told = 0
        #: Tasks that were there before it, by id; None where nobody can tell.
        self.tasks: set[int] | None = None
        self.meter: tuple[int, int] | None = None

    def forget(self) -> None:
        """Drop what only an open run needs."""
        self.info = self.meter = None
        self.seen, self.written, self.folders = {}, {}, {}
        self.trees, self.created, self.moved, self.tasks = [], [], set(), None
        self.by_children, self.read_by_children, self.inputs = set(), [], {}


class Recording:
    """The runs of one process, and whose doing something is."""

    wrappers: Wrappers
    evidence: Evidence
    starters: Starters
    threads: Threads

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        self.shell, self.kernel = shell, getattr(shell, "kernel", None)
        self.folder = folder
        self.sid = os.path.basename(folder)
        self.install, self.runs_missed = install, runs_missed
        self.home = os.path.dirname(os.path.dirname(folder))
        self.id = "probe-" + new_id()
        self.child = install == "child"
        self.environment = Environment(shell, self.child)
        self.mounts = self.environment.mounts
        self.paused_file = _join(folder, "paused")
        self.paused = False
        #: The interpreter ends: nobody else writes from now on.
        self.gone = False
        self.paused_runs = 0
        self.paused_from = 0.0
        self.requests: dict[str, Request] = {}
        self.open_runs: dict[str, Run] = {}
        self.facts_known: dict[tuple[Any, ...], Facts] = {}
        self.loose: dict[tuple[Any, ...], int] = {}
        #: Files written outside any open run, until they come to rest: the run whose thread, task
        #: or child it was, how that is known, and how the file looked last.
        self.late: dict[str, tuple[str | None, str, tuple[Any, ...]]] = {}
        self.late_at = 0
        self.hosts: dict[int, tuple[str, Any]] = {}
        #: Answers whose bodies are being read, by the object's id.
        self.answers: dict[int, Answer] = {}
        self.awaited: dict[int, Callable[[], Any]] = {}
        #: Calls of libraries that send requests through others, by thread.
        self.sending: dict[int, int] = {}
        #: What cursors were asked, by the object's id; and how many questions that were so far.
        self.results: dict[int, Result] = {}
        self.asked = 0
        self.questions: dict[tuple[str | None, ...], dict[str, Any]] = {}
        #: Files of the databases that SQLite connections have open, by name, by the object's id.
        self.databases: dict[int, dict[str, str]] = {}
        #: Errors of the probe itself since they were told: how often, by part and kind.
        self.failures: dict[str, int] = {}
        #: Parts that took too long once, and are left out from then on.
        self.off: set[str] = set()
        #: Audit events that are looked at.
        self.hooked: set[str] = set()
        #: How often a guarded part of the probe was entered and left, and the guards' code.
        self.turns = self.returns = 0
        self.guards = {Recording.attempt.__code__}
        self.parent_run: str | None = None
        self.heard = False
        self.main = _ident()
        context = getattr(self.kernel, "_shell_parent", None)
        self.parent_var = context if isinstance(context, contextvars.ContextVar) else None
        # ipykernel 6 knows one message at a time: tasks that outlive their run need a mark of ours.
        mark: contextvars.ContextVar[Run | None] = contextvars.ContextVar("attest_run")
        self.run_var = None if self.parent_var else mark
        parents = getattr(self.kernel, "_parents", None)
        self.parents = parents if type(parents) is dict else {}
        self.prefixes = self.environment.quiet()
        self.private = self.environment.private(self.home)
        #: ipykernel's names for the source of cells, which tracebacks look for on disk.
        self.cells = "%sipykernel_%d%s" % (SEP, _getpid(), SEP)
        #: Bytes of the files that Python opened for reading so far: named ones, filtered ones.
        self.opened_bytes = self.filtered_bytes = 0
        self.meter_fd = self.maps_fd = self.memory_fd = -1
        self.meter: tuple[int, int] | None = None
        self.meter_at = 0
        self.written_pipe = Handover(folder, "written")
        self.read_pipe = Handover(folder, "read")
        key = bytes.fromhex(read_small(_join(folder, "key")).strip())
        self.journal = Journal(folder, self.sid, key, self.id)

    def own_descriptors(self) -> set[int]:
        """Return the probe's descriptors."""
        views = {self.meter_fd, self.maps_fd, self.memory_fd}
        pipes = {self.written_pipe.fd, self.read_pipe.fd}
        return {self.journal.fd, self.journal.texts_fd} | pipes | views

    def _open_meter(self) -> None:
        if _pread is None:
            return
        try:
            fd = _open("/proc/self/io", os.O_RDONLY | CLOEXEC)
            self.meter_fd = Journal._high(fd)
        except OSError:
            self.meter_fd = -1

    def read_meter(self) -> tuple[int, int] | None:
        """Return the bytes that this process has read and written so far, by system call."""
        if self.meter_fd < 0:
            return None
        now = _mono()
        if now - self.meter_at < METER_AGE:
            return self.meter
        try:
            words = _pread(self.meter_fd, 256, 0).split()  # type: ignore[misc]
            self.meter = int(words[1]), int(words[3]) - self.journal.bytes
        except (OSError, ValueError, IndexError):
            self.meter = None
        self.meter_at = _mono()
        return self.meter

    def look_for_pause(self) -> None:
        """Notice that recording was paused or resumed: the file ``paused`` is there or not."""
        paused = _access(self.paused_file, os.F_OK)
        if paused == self.paused:
            return
        if paused:
            self.paused_from, self.paused_runs = _wall(), 0
        else:
            self._tell_pause()
            self.evidence.stale = True
        self.paused = paused

    def _tell_pause(self) -> None:
        covers = {
            "count": self.paused_runs, "from": utc(self.paused_from), "to": utc(_wall()),
        }  # fmt: skip
        self.journal.put("gap", None, "none", {"code": "paused", "covers": covers})

    def parent_message(self) -> dict[str, Any]:
        """Return the message that the calling context answers, empty if there is none."""
        if self.parent_var is not None:
            value = self.parent_var.get(None)
        elif _ident() == self.main:
            value = self.parents.get("shell")
        else:
            value = None
        return value if type(value) is dict else {}

    def request(self) -> Request:
        """Return the request that the calling context answers, making it known."""
        parent = self.parent_message()
        header = parent.get("header")
        id = header.get("msg_id") if type(header) is dict else None
        if type(id) is not str:
            run, _ = self.current()
            if run is not None:
                return run.request
            id = "local-" + new_id()
        request = self.requests.get(id)
        if request is None:
            if len(self.requests) > 4096:
                for old in list(self.requests)[:2048]:
                    if not self.requests[old].open:
                        del self.requests[old]
            request = self.requests[id] = Request(id, parent)
        return request

    def current(self) -> tuple[Run | None, str]:
        """Return the run that the calling context works for, and how that is known."""
        if self.run_var is not None:
            run = self.run_var.get(None)
            if run is not None:
                return run, "context"
        header = self.parent_message().get("header")
        if type(header) is dict:
            request = self.requests.get(header.get("msg_id"))  # type: ignore[arg-type]
            if request is None:
                return None, "none"
            run = request.open[-1] if request.open else None
            last = request.last
            # Without contexts the last message says nothing of this call, unless the request's
            # expressions are evaluated: nothing else runs then.
            if run is None and last is not None:
                run = last if self.parent_var or last.kind == "expression" else None
            return (run, "context") if run is not None else (None, "none")
        if _ident() != self.main:
            known, run = self.threads.current()
            if known:
                return (run, "thread") if run is not None else (None, "none")
            # Started by native code: for the run that is open, if there is one.
            owners = {r.request.id for r in list(self.open_runs.values())}
            if len(owners) == 1:
                runs = list(self.open_runs.values())
                return (runs[-1], "thread") if runs else (None, "none")
        return None, "none"

    def salted(self, text: str | None) -> str | None:
        """Return the salted digest of a text that isn't kept."""
        if text is None:
            return None
        raw = text.encode("utf-8", "surrogatepass")
        salt = self.journal.mac(raw)[:16]
        digest: str = _sha256(salt + raw).hexdigest()
        return digest

    def tell(self, kind: str, run: Run | None, how: str, fields: dict[str, Any]) -> None:
        """Put an event; a forked child writes it at once."""
        if run is not None and run.id not in self.open_runs and len(self.open_runs) == 1:
            # The thread or task outlived its run: say what else ran meanwhile.
            fields["during"] = next(iter(list(self.open_runs)), None)
        if self.child:
            if self.journal.closed or _access(self.paused_file, os.F_OK):
                return
            self.journal.put(kind, self.parent_run, "process", fields)
            self.journal.drain()
            return
        self.journal.put(kind, None if run is None else run.id, how, fields)
        if self.gone:
            self.journal.drain(0.5)

    # ------------------------------------------------------------------------- errors of the probe

    def attempt(self, part: str, call: Callable[..., Any], *args: Any) -> Any:
        """Call a part of the probe, None if it fails: nothing of ours ends a cell of the user's."""
        if part in self.off:
            return None
        turn = self.turns = self.turns + 1  # noqa: F841 (the watchdog reads it in the frame)
        try:
            return call(*args)
        except BaseException as error:
            if self.failed(part, error):
                raise
        finally:
            self.returns += 1
        return None

    def failed(self, part: str, error: BaseException) -> bool:
        """Tell whether an error is the user's and must go on; remember one of the probe's own."""
        try:
            if is_foreign(error):
                return True
            if type(error) is OverdueError:
                self.off.add(part)
            reason = part + ": " + type(error).__name__
            self.failures[reason] = self.failures.get(reason, 0) + 1
        except (MemoryError, RecursionError):
            self.journal.lose(1, "MemoryError")
        return False

    def tell_failures(self, run: Run | None = None) -> None:
        """Write a gap for each part that failed since the last time or, for a run, is left out."""
        failures, self.failures = self.failures, {}
        here = None if run is None else run.id
        if run is not None:
            for part in self.off:
                failures.setdefault(part + ": OverdueError", 1)
        for reason, count in failures.items():
            covers = {"reason": reason, "count": count, "run": here}
            self.journal.put("gap", here, "none", {"code": "probe-failed", "covers": covers})
