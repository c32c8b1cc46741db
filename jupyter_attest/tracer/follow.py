"""Follows one tracer's log, as part of the helper: its events go to ``tracer.jsonl``.

The log is read as it grows and given back to the disk behind the reader; it is deleted
when the session is closed. What the probe has told of a run isn't told again.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..home import SessionFolder
from ..journal import JournalFile, Texts, observer, path_of
from .acts import Act, Acts, Filter, settled
from .launch import version
from .runs import Interval, Runs
from .strace import Call, Parser
from .tree import STARTS, Process, Tree

Event = dict[str, Any]

#: Bytes of a log that may wait on the disk; beyond it, the rest of the session isn't read.
MAX_LOG = 512 * 1024**2
#: Events of one session.
MAX_EVENTS = 200_000
#: Acts that wait for news of their run.
MAX_PENDING = 100_000
#: A probe's news is at most 5 s old; an act waits so long for it, in ns.
PATIENCE_NS = 7_000_000_000
#: Read at once, and given back to the disk at once, in bytes.
_BLOCK = 1024 * 1024
_PUNCH = 16 * 1024**2
#: Longest work on one tick, in s.
_TURN_S = 0.1

#: A tracer writes its last line a moment after the kernel's end, in s.
_LAST_WORDS_S = 2.0
_RANDOM = re.compile(r"[a-z0-9_]{8}")
_WRITES = frozenset({"write", "append", "create", "truncate"})


@dataclass
class Told:
    """What the probes told of files, so that it isn't told twice."""

    #: (run, kind or direction, path) → stats as texts.
    acts: dict[tuple[str | None, str, str], set[str]] = field(default_factory=dict)
    pids: set[int] = field(default_factory=set)
    ports: set[tuple[str | None, int | None]] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Take a probe's event."""
        kind = event.get("type")
        runs = {event.get("run"), event.get("during", event.get("run"))}
        if kind == "process.started" and isinstance(event.get("pid"), int):
            self.pids.add(event["pid"])
        elif kind == "net.connected":
            self.ports.update((run, event.get("port")) for run in runs)
        for run in runs:
            for what, path, stat in _named(event):
                self.acts.setdefault((run, what, path), set()).add(stat)

    def has(self, act: Act, run: str | None) -> bool:
        """Whether a probe told an act of this run."""
        if act.kind == "process.started":
            return act.fields["pid"] in self.pids
        if act.kind == "net.connected":
            return act.fields["port"] is not None and (run, act.fields["port"]) in self.ports
        named = list(_named({"type": act.kind, **act.fields}))
        return bool(named) and all(
            (known := self.acts.get((run, what, path))) is not None
            and (what != "read" or stat == "" or stat in known or "" in known)
            for what, path, stat in named
        )


def _named(event: Event) -> list[tuple[str, str, str]]:
    """(direction or kind, path, identity) of what an event tells of files."""
    kind = str(event.get("type"))
    if kind == "file.opened":
        path = path_of(event.get("realPath")) or path_of(event.get("path"))
        # The words of a command only make a use possible; the tracer knows.
        if path is None or event.get("outcome") == "failed" or event.get("via") == "command":
            return []
        ops = set(event.get("ops", ()))
        found = [("read", path, _identity(event.get("stat")))] if ops & {"read", "append"} else []
        return found + ([("write", path, "")] if ops & _WRITES else [])
    if kind in ("file.renamed", "folder.renamed", "file.linked"):
        return [(kind, f"{event.get('from')}\0{event.get('to')}", "")]
    if kind == "file.removed":
        return [(kind, str(event.get("path")), "")]
    return []


def _identity(stat: Any) -> str:
    if not isinstance(stat, dict):
        return ""
    return "/".join(str(stat.get(key)) for key in ("dev", "ino", "size", "mtimeNs"))


class Follower:
    """One launch's log, from its first line to its last."""

    def __init__(
        self,
        folder: SessionFolder,
        texts: Texts,
        home: Path,
        existed: Callable[[str, int], Event | None],
        tell: Callable[[Event], None],
    ) -> None:
        """Follow the log of a session.

        Args:
            folder: the session's.
            texts: where argument vectors go.
            home: the journal home, whose files are nobody's work.
            existed: the stat of a file as it surely was at a time.
            tell: is given every event that was written.
        """
        self._folder, self._texts, self._tell = folder, texts, tell
        again = (folder.path / "tracer.jsonl").exists()
        joined = {**observer("tracer", "tracer"), "version": f"strace {version() or 'unknown'}"}
        self._journal = JournalFile(folder.path / "tracer.jsonl", folder.sid, [joined])
        self._parser = Parser()
        self._tree = Tree(self._parser)
        self.noise = Filter((str(home) + "/", os.path.realpath(home) + "/"))
        self._known: dict[str, tuple[int, Event | None]] = {}
        self._looked = existed
        self._acts = Acts(self._tree, self.noise, self._existed)
        self._runs = Runs()
        self._told = Told()
        self._main: str | None = None
        self._pending: deque[Act] = deque()
        self._written: dict[str, dict[str, None]] = {}
        self._seen: dict[str | None, set[tuple[Any, ...]]] = {}
        self._offset = self._punched = 0
        self._rest = b""
        self._events = 0
        #: When the kernel ended (wall clock, ns); 0 while it runs.
        self._kernel_gone = 0
        #: Why nothing is read any more; ``None`` while all is.
        self.stopped: str | None = None
        self._descriptor = os.open(folder.trace, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        if again:
            self._stop("the process that reads its log was started again")

    # --------------------------------------------------------- what is told

    def on_probe(self, file: str, event: Event) -> None:
        """Take an event of a probe's journal file."""
        if event.get("type") == "probe.hello" and event.get("install") != "child":
            self._main = file
        if file == self._main:
            self._runs.on_event(event)
        self._told.add(event)
        if event.get("type") == "file.settled":
            self._left(event)

    def on_run(self, ident: str, phase: str, mono: int) -> None:
        """Take the recorder's word of a run."""
        self._runs.on_recorder(ident, phase, mono)

    def _left(self, event: Event) -> None:
        """Remember what a run left at a path, and when it ended."""
        path = path_of(event.get("realPath"))
        if path is not None:
            self._known[path] = (int(event["mono"]), event.get("stat"))

    def _existed(self, path: str, at: int) -> Event | None:
        """The stat of a file as it surely was at a time (wall clock, ns)."""
        mono, stat = self._known.get(path, (0, None))
        if stat is not None and mono < at - (time.time_ns() - time.monotonic_ns()):
            return stat
        return self._looked(path, at)

    # ----------------------------------------------------------------- work

    def advance(self, *, final: bool = False) -> None:
        """Read on, for a short while or (``final``) to the end, and write what is due."""
        try:
            self._advance(final=final)
        except Exception as error:  # a line that nobody thought of: the helper has other work
            self._stop(f"its log can't be read ({type(error).__name__})")
        self._journal.flush()

    def _advance(self, *, final: bool) -> None:
        deadline = float("inf") if final else time.monotonic() + _TURN_S
        ended = [run.ident for run in self._runs.live.values() if run.ended]
        at_end = self._read(deadline)
        self._release(final=final and at_end)
        if at_end:
            self._cover(ended, final=final)

    def close(self) -> None:
        """The session is over: say how it ended, and delete the log."""
        self.advance(final=True)
        self._check_tracer()
        if self._kernel_gone and self.stopped is None:
            self._end_runs()
        seen = "its log was read to the end" if self._kernel_gone else "the recorder ended"
        reason = self.stopped or seen
        self._journal.add("observer.left", observer="tracer", reason=reason)
        self._journal.close()
        os.close(self._descriptor)
        with contextlib.suppress(OSError):
            self._folder.trace.unlink()

    def sync(self) -> None:
        """Have on disk what was written."""
        self._journal.sync()

    def _stop(self, reason: str) -> None:
        """Read no further; what ran until now and was read stays covered."""
        if self.stopped is None:
            self.stopped = reason
            self._journal.gap("tracer-stopped", reason=reason)

    def _check_tracer(self) -> None:
        """Stop where the kernel went on, or ended, without its tracer."""
        kernel = self._tree.kernel
        if kernel is None or self._kernel_gone or self.stopped is not None:
            return
        deadline = time.monotonic() + _LAST_WORDS_S
        while not self._kernel_gone and self.stopped is None:
            try:
                status = Path(f"/proc/{kernel.pid}/status").read_text()
            except OSError:
                status = "\nState:\tX\nTracerPid:\t0\n"
            if "\nTracerPid:\t0\n" not in status:
                return
            ended = re.search(r"\nState:\t[ZX]", status) is not None
            self._read(float("inf"))
            if not self._kernel_gone and (not ended or time.monotonic() > deadline):
                self._stop("the tracer ended before the kernel")
            elif not self._kernel_gone:
                time.sleep(0.02)

    def _end_runs(self) -> None:
        """Runs that the kernel's end cut short were seen until then."""
        at = self._kernel_gone - (time.time_ns() - time.monotonic_ns())
        cut = [run for run in self._runs.live.values() if not run.ended]
        for run in cut:
            run.ended = at
        self._cover([run.ident for run in cut], final=True)

    # ------------------------------------------------------------- the log

    def _read(self, deadline: float) -> bool:
        """Read lines; true at the log's end."""
        try:
            status = os.fstat(self._descriptor)
            if status.st_blocks * 512 > MAX_LOG:
                self._stop("its log grew faster than it could be read")
            if self.stopped is not None:
                os.ftruncate(self._descriptor, 0)
                return True
            while block := os.pread(self._descriptor, _BLOCK, self._offset):
                self._offset += len(block)
                *lines, self._rest = (self._rest + block).split(b"\n")
                for line in lines:
                    self._line(line)
                self._give_back()
                if self.stopped is not None or time.monotonic() > deadline:
                    return False
        except OSError as error:
            self._stop(f"its log can't be read ({error.strerror})")
        return True

    def _give_back(self) -> None:
        """Free the disk of what was read; a file system that can't is bounded by ``MAX_LOG``."""
        whole = self._offset - self._offset % _PUNCH
        if whole > self._punched:
            punch_hole(self._descriptor, self._punched, whole - self._punched)
            self._punched = whole

    def _line(self, line: bytes) -> None:
        item = self._parser.feed(line)
        if item is None:
            return
        thread = self._tree.thread(item.tid, item.at)
        if not isinstance(item, Call):
            ended = self._tree.ended(item)
            if ended is not None and ended.is_kernel:
                self._kernel_gone = item.at
            elif ended is not None and ended.executed:
                fields = {"pid": ended.pid, "exitCode": item.code}
                self._wait(Act("process.ended", item.at, thread, fields, key=("end", ended.pid)))
            return
        if thread.process.cwd is None or call_tells_folder(item):
            self._learn_folder(item, thread.process)
        if item.name in STARTS:
            self._tree.started(item)
        elif item.result is None or (item.result < 0 and item.error != "EINPROGRESS"):
            return
        elif item.name in ("chdir", "fchdir"):
            self._tree.moved(thread, item)
        elif item.name == "io_uring_setup":
            self._stop("a program used io_uring, which a tracer can't see into")
        else:
            for act in self._acts.of(item, thread):
                self._wait(act)

    def _learn_folder(self, call: Call, process: Process) -> None:
        folder = call.folder(0) if call_tells_folder(call) else None
        if folder is not None:
            process.cwd = os.fsdecode(folder)

    # ---------------------------------------------------------- attribution

    def _wait(self, act: Act) -> None:
        if self._folder.paused.exists():
            return
        last = self._pending[-1] if self._pending else None
        if last is not None and is_trial(last, act):
            self._pending.pop()
        else:
            self._pending.append(act)

    def _release(self, *, final: bool) -> None:
        """Write the acts whose run is known by now."""
        offset = time.time_ns() - time.monotonic_ns()
        now = time.monotonic_ns()
        while self._pending:
            mono = self._pending[0].at - offset
            known = mono <= self._runs.reached or now - mono > PATIENCE_NS
            if not (final or known or len(self._pending) > MAX_PENDING):
                return
            self._write(self._pending.popleft(), mono, offset)

    def _write(self, act: Act, mono: int, offset: int) -> None:
        if mono < (self._runs.hello or self._runs.first or mono + 1):
            return  # the interpreter's own start
        run, during = self._runs.of(act.thread, mono, offset)
        written = self._written.setdefault(run or "", {})
        if act.kind.endswith(".renamed"):
            for path in act.takes:
                written.pop(path, None)
        for path in act.writes:
            written[path] = None
        seen = self._seen.setdefault(run, set())
        if act.key in seen or self._told.has(act, run):
            return
        seen.add(act.key)
        self._events += 1
        if self._events > MAX_EVENTS:
            self._stop("more happened than is written down")
            return
        fields = dict(act.fields)
        if isinstance(fields.get("argv"), tuple):
            text, spans = fields["argv"]
            fields["argv"] = {**self._texts.put(text), **({"redact": spans} if spans else {})}
        if act.kind.startswith(("file.", "folder.", "net.")):
            fields["pid"] = act.thread.process.pid
        if during is not None and act.kind != "process.ended":
            fields["during"] = during
        self._put(act.kind, run, mono, act.at, fields)

    def _put(self, kind: str, run: str | None, mono: int, at: int, fields: Event) -> None:
        event = {
            "t": wall_text(at),
            "mono": str(mono),
            "run": run,
            "attribution": "process" if run is not None else "none",
            **fields,
        }
        self._journal.add(kind, **event)
        self._tell({"type": kind, **event})

    # ------------------------------------------------------------- coverage

    def _cover(self, ended: list[str], *, final: bool) -> None:
        """The log was read past the end of these runs: settle what they wrote, and say so."""
        for ident in ended:
            run = self._runs.by_id[ident]
            waits = self._main is not None and not run.exact and not final
            if waits or not self._is_past(run):
                continue
            self._runs.finish(run)
            self._seen.pop(ident, None)
            self._settle(run)
            self._check_tracer()
            if self.stopped is None:
                self._journal.add("trace.covered", run=ident)

    def _is_past(self, run: Interval) -> bool:
        offset = time.time_ns() - time.monotonic_ns()
        return not self._pending or self._pending[0].at - offset > run.ended

    def _settle(self, run: Interval) -> None:
        at = time.time_ns() - time.monotonic_ns() + run.ended
        for path in self._written.pop(run.ident, {}):
            fields = settled(path, at)
            if fields is not None:
                self._put("file.settled", run.ident, run.ended, at, fields)
                self._left({**fields, "mono": run.ended})


def is_trial(opened: Act, removed: Act) -> bool:
    """Whether Python's ``tempfile`` tried with these two where it may write."""
    same = removed.kind == "file.removed" and removed.takes == opened.writes != []
    made = same and "create" in opened.fields.get("ops", ())
    return made and _RANDOM.fullmatch(Path(opened.writes[0]).name) is not None


def call_tells_folder(call: Call) -> bool:
    """Whether a call's first argument shows its process's working folder."""
    return call.text.startswith(b"AT_FDCWD<")


def wall_text(at: int) -> str:
    """A time in ns since 1970 as the journal writes it."""
    whole, rest = divmod(at, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest // 1000:06d}Z"


_KEEP_SIZE, _PUNCH_HOLE = 1, 2


def punch_hole(descriptor: int, offset: int, length: int) -> bool:
    """Give a stretch of a file back to the disk (fallocate(2)); false where that can't be done."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        done: int = libc.fallocate64(
            descriptor, _PUNCH_HOLE | _KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length)
        )
    except (OSError, AttributeError):
        return False
    return done == 0
