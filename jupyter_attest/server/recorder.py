"""The recorder: what the server side sees of each kernel, in order, into ``server.jsonl``.

One thread owns the subscribers, the journals and all state; the event loop only
posts to it, so neither a slow disk nor a busy loop makes the other wait. It
joins nothing: what the probe and the helper see goes to files of their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session as MessageSession

from ..helper.link import HelperLink
from ..home import Documents, SessionFolder, new_session
from ..journal import JournalFile, Texts, name_of, now_text, observer, settled_path
from ..provisioner import EXPECTED, Launch
from .orphans import close_orphans
from .tap import Frames, NoRequestError, Request, request_of

log = logging.getLogger("jupyter_attest")

#: Topics that matter, at the end of ``kernel.<ident>.``.
_TOPICS = (b"execute_input", b"error", b"status")
#: Topics of a kernel whose ident isn't known yet (ipykernel, xeus).
_ANY_TOPIC = b"kernel"
#: A kernel that published nothing under these topics by then gets a wider subscription, in s.
_NARROW_PATIENCE_S = 15.0
#: Messages taken off one socket before the others have their turn.
_TURN = 200
#: An ended session's file stays open this long for messages under way, in s.
_GRACE_S = 2.0
#: Requests whose run hasn't begun, of one kernel; older ones are forgotten.
_MAX_REQUESTS = 10_000
#: State of the tap while it listens; anything else is why it doesn't.
LISTENING = "listening"
#: Starts of the helper beyond the first.
MAX_HELPER_RESTARTS = 3


@dataclass(frozen=True)
class Label:
    """What kind of client runs code, and how that is known."""

    label: str
    evidence: str
    #: Its messages come through a websocket of this server that the tap isn't in.
    passes_by: bool = False


Labeller = Callable[[str, str, str], Label]
"""Label of a client, from (kernel id, client = the request's session, message id)."""


@dataclass
class RecorderSettings:
    """The part of the settings that the recorder and its helper need."""

    max_hash_bytes: int = 2 * 1024**3
    roots: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    helper: bool = True


@dataclass
class Recording:
    """One incarnation of one kernel: its folder, its journal, what is known of it."""

    folder: SessionFolder
    kernel_id: str
    kernel_name: str
    journal: JournalFile
    texts: Texts
    probe: str
    started_at: str = field(default_factory=now_text)
    #: ``launch`` or ``late`` once the probe has said hello.
    probe_install: str | None = None
    runs: int = 0
    runs_missed: int = 0
    other_gaps: int = 0
    paused: bool = False
    ended: str | None = None
    closes_at: float = 0.0
    wrote: bool = False
    last_run_at: float = 0.0
    first_input: bool = True
    clients: dict[str, str] = field(default_factory=dict)
    #: Absolute path by document id.
    documents: dict[str, str] = field(default_factory=dict)
    open_runs: set[str] = field(default_factory=set)
    #: Runs that began while recording was paused.
    left_out: set[str] = field(default_factory=set)
    #: The tap hears every websocket of this kernel.
    tapped: bool = False

    began: float = field(default_factory=time.monotonic)

    @property
    def sid(self) -> str:
        """Id of the session."""
        return self.folder.sid

    @property
    def age_s(self) -> float:
        """Seconds since recording of this session began."""
        return time.monotonic() - self.began

    @property
    def gaps(self) -> int:
        """Gaps that were stated so far by anybody."""
        return self.journal.gaps + self.other_gaps


@dataclass
class Kernel:
    """A kernel that is listened to, over its restarts."""

    kernel_id: str
    manager: Any
    socket: zmq.Socket[bytes] | None = None
    messages: MessageSession | None = None
    #: Topics that the socket is subscribed to.
    topics: set[bytes] = field(default_factory=set)
    narrow: bool = False
    #: ``kernel.<ident>`` of every process so far.
    bases: set[bytes] = field(default_factory=set)
    attached_at: float = 0.0
    heard: bool = False
    current: Recording | None = None
    #: Recording by the kernel process's own session id in message headers.
    by_process: dict[str, Recording] = field(default_factory=dict)
    #: Requests whose run hasn't begun yet, and the recording that holds each; null: none does.
    requests: dict[str, tuple[Request, Recording | None]] = field(default_factory=dict)
    #: A launch was announced whose start or restart event is still to come.
    announced: bool = False
    died: bool = False
    #: Why nothing is written for it; ``None`` while all is well.
    problem: str | None = None


class Recorder:
    """All kernels of one server, or of one ``execute``."""

    def __init__(
        self,
        home: Path,
        settings: RecorderSettings | None = None,
        *,
        labeller: Labeller | None = None,
        on_activity: Callable[[str], None] | None = None,
    ) -> None:
        """Record into the journal home ``home``.

        Args:
            home: the journal home.
            settings: budgets; the defaults when absent.
            labeller: says who a client is; called on the recorder's thread.
            on_activity: called on the recorder's thread when a client runs code
                for the first time in a session.
        """
        self.home = home
        self.settings = settings or RecorderSettings()
        self.documents = Documents(home)
        #: Why recording stopped as a whole; ``None`` while it works.
        self.problem: str | None = None
        self.helper_problem: str | None = None
        #: :data:`LISTENING`, why there is no tap, or ``None`` where none belongs.
        self.tap: str | None = None
        self._labeller = labeller
        self._on_activity = on_activity
        self._kernels: dict[str, Kernel] = {}
        #: Ports that are listened to, by kernel; touched on the managers' loop only.
        self._heard: dict[str, list[Any]] = {}
        self._ending: list[Recording] = []
        self._by_sid: dict[str, Recording] = {}
        self._helper: HelperLink | None = None
        self._helper_starts = 0
        self._helper_seen = now_text()
        self._waiters: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._numbers = itertools.count(1)
        self._context = zmq.Context()
        self._context.setsockopt(zmq.RCVHWM, 0)
        self._context.setsockopt(zmq.RECONNECT_IVL, 20)
        self._context.setsockopt(zmq.LINGER, 0)
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._bell_lock = threading.Lock()
        self._bell = self._context.socket(zmq.PUSH)
        self._wake = self._context.socket(zmq.PULL)
        address = f"inproc://attest-{id(self)}"
        self._wake.bind(address)
        self._bell.connect(address)
        self._poller = zmq.Poller()
        self._poller.register(self._wake, zmq.POLLIN)
        self._thread = threading.Thread(target=self._work, name="attest-recorder", daemon=True)

    # ------------------------------------------------- from any other thread

    @property
    def started(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; the helper comes with the first kernel."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0, reason: str = "the server stopped") -> None:
        """End every recording, write what is known, close every file."""
        if not self._thread.is_alive():
            return
        self._post(lambda: self._end_all(reason))
        self._commands.put(None)
        self._ring()
        self._thread.join(timeout_s)
        if self._helper is not None:
            self._helper.stop(timeout_s)

    def launching(self, launch: Launch) -> None:
        """A kernel of our provisioner is about to start (or start again)."""
        at = time.time_ns()
        self._post(lambda: self._launching(launch, at))

    def launched(self, kernel_id: str, manager: Any) -> None:
        """The kernel has a process: listen to it, anew where its ports changed.

        Called on the manager's loop, after each start and restart; a second call
        for the same process does nothing.
        """
        ports = list(getattr(manager, "ports", []) or [])
        if self._heard.get(kernel_id) == ports:
            return
        try:
            socket, messages = self._connect(manager)
        except Exception as error:
            log.warning("jupyter-attest: can't listen to kernel %s: %r", kernel_id, error)
            problem = f"its messages can't be followed ({type(error).__name__})"
            self._post(lambda: self._unheard(kernel_id, manager, problem))
            return
        first = kernel_id not in self._heard
        self._heard[kernel_id] = ports
        self._post(lambda: self._attached(kernel_id, manager, socket, messages))
        if first:
            with contextlib.suppress(Exception):
                manager.add_restart_callback(lambda: self._death(kernel_id, manager), "restart")
                manager.add_restart_callback(
                    lambda: self._death(kernel_id, manager, final=True), "dead"
                )

    def restarted(self, kernel_id: str, manager: Any) -> None:
        """The kernel was restarted, by whatever provisioner."""
        self.launched(kernel_id, manager)
        self._post(lambda: self._restarted(kernel_id))

    def interrupted(self, kernel_id: str) -> None:
        """Somebody interrupted the kernel."""
        self._post(lambda: self._state(kernel_id, "kernel.interrupted", "interrupt requested"))

    def ended(self, kernel_id: str, reason: str) -> None:
        """The kernel was shut down."""
        self._heard.pop(kernel_id, None)
        at = time.time_ns()
        self._post(lambda: self._ended(kernel_id, reason, at))

    def died(self, kernel_id: str, reason: str) -> None:
        """The kernel's process is gone without anybody having asked for it."""
        self._post(lambda: self._died(kernel_id, reason))

    def bind(self, kernel_id: str, path: str) -> None:
        """A notebook (absolute path) uses the kernel."""
        self._post(lambda: self._bind(kernel_id, path))

    def set_documents(self, kernel_id: str, paths: set[str]) -> None:
        """Exactly these notebooks (absolute paths) use the kernel."""
        self._post(lambda: self._set_documents(kernel_id, paths))

    def renamed(self, before: str, after: str) -> None:
        """A notebook was moved."""
        self._post(lambda: self._renamed(before, after))

    def saved(self, path: str, then: Callable[[Recording], None] | None = None) -> None:
        """A notebook was saved: file its digest and cells; ``then`` is told each recording."""
        self._post(lambda: self._saved(path, then))

    def requested(self, kernel_id: str, frames: Frames) -> None:
        """The tap saw an execute_request; it is parsed on the recorder's thread."""
        self._post(lambda: self._requested(kernel_id, frames))

    def add(self, kernel_id: str, kind: str, **fields: Any) -> None:
        """File an event of the recorder in the kernel's current session."""
        self._post(lambda: self._add(kernel_id, kind, fields))

    def pause(self, sid: str, whom: str) -> Future[bool]:
        """Stop recording of a session; false when there is no such session here."""
        return self._ask(lambda: self._pause(sid, whom, paused=True))

    def resume(self, sid: str, whom: str) -> Future[bool]:
        """Go on recording a session; false when there is no such session here."""
        return self._ask(lambda: self._pause(sid, whom, paused=False))

    def flush(self, sid: str | None = None, timeout_s: float = 30.0) -> Future[bool]:
        """Get everything seen so far scanned, hashed and onto the disk.

        Args:
            sid: one session; every open one when absent.
            timeout_s: how long the helper may take.

        Returns:
            True when nothing was left to do.
        """
        result: Future[bool] = Future()
        self._post(lambda: self._flush(sid, timeout_s, result))
        return result

    def configure(self, settings: RecorderSettings) -> None:
        """Take changed settings."""
        self.settings = settings
        self._post(self._send_settings)

    def recording_of(self, kernel_id: str) -> Recording | None:
        """The current recording of a kernel; a snapshot, read without waiting."""
        kernel = self._kernels.get(kernel_id)
        return kernel.current if kernel else None

    def problem_of(self, kernel_id: str) -> str | None:
        """Why nothing is recorded of a kernel."""
        kernel = self._kernels.get(kernel_id)
        return kernel.problem if kernel else None

    def open_sids(self) -> set[str]:
        """Sessions that are being written."""
        return set(self._by_sid)

    def find(self, sid: str) -> Recording | None:
        """An open session."""
        return self._by_sid.get(sid)

    # ---------------------------------------------------------- the thread

    def _post(self, work: Callable[[], None]) -> None:
        self._commands.put(work)
        self._ring()

    def _ask(self, work: Callable[[], bool]) -> Future[bool]:
        result: Future[bool] = Future()

        def run() -> None:
            try:
                result.set_result(work())
            except Exception as error:
                result.set_exception(error)

        self._post(run)
        return result

    def _ring(self) -> None:
        with self._bell_lock, contextlib.suppress(zmq.ZMQError):
            self._bell.send(b"", zmq.DONTWAIT)

    def _work(self) -> None:
        with contextlib.suppress(OSError):
            close_orphans(self.home)
        running = True
        while running:
            try:
                running = self._turn()
            except Exception:
                log.exception("jupyter-attest: the recorder failed on one message")
        with contextlib.suppress(zmq.ZMQError):
            self._wake.close()
            self._bell.close()
            self._context.destroy(linger=0)

    def _turn(self) -> bool:
        ready = dict(self._poller.poll(1000))
        if self._wake in ready:
            with contextlib.suppress(zmq.Again):
                while True:
                    self._wake.recv(zmq.DONTWAIT)
        running = self._run_commands()
        for kernel in list(self._kernels.values()):
            self._drain(kernel, _TURN)
            self._widen_if_silent(kernel)
        self._close_ended()
        for recording in list(self._by_sid.values()):
            recording.journal.flush()
        return running

    def _run_commands(self) -> bool:
        while True:
            try:
                work = self._commands.get_nowait()
            except queue.Empty:
                return True
            if work is None:
                return False
            try:
                work()
            except Exception:
                log.exception("jupyter-attest: the recorder failed on one event")

    # ------------------------------------------------------------ listening

    def _connect(self, manager: Any) -> tuple[zmq.Socket[bytes], MessageSession]:
        """An iopub socket of our own context, as ``manager.client()`` would make it."""
        info = manager.get_connection_info(session=True)
        for key in ("curve_publickey", "curve_secretkey"):
            if isinstance(info.get(key), str):
                info[key] = info[key].encode("ascii")
        client = BlockingKernelClient(
            context=self._context,
            parent=manager,
            connection_file=manager.connection_file,
            **info,
        )
        socket = client.connect_iopub()
        session = manager.session
        messages = MessageSession(key=session.key, signature_scheme=session.signature_scheme)
        return socket, messages

    def _attached(
        self,
        kernel_id: str,
        manager: Any,
        socket: zmq.Socket[bytes],
        messages: MessageSession,
    ) -> None:
        kernel = self._kernels.setdefault(kernel_id, Kernel(kernel_id, manager))
        self._hang_up(kernel)
        kernel.manager, kernel.socket, kernel.messages = manager, socket, messages
        kernel.attached_at = time.monotonic()
        # What the client subscribed to when it made the socket.
        kernel.topics = {b""}
        self._widen(kernel)
        self._poller.register(socket, zmq.POLLIN)
        if kernel.current is None and kernel.problem is None:
            self._begin_without_provisioner(kernel, previous_sid=None)

    def _unheard(self, kernel_id: str, manager: Any, problem: str) -> None:
        kernel = self._kernels.setdefault(kernel_id, Kernel(kernel_id, manager))
        kernel.problem = problem

    def _hang_up(self, kernel: Kernel) -> None:
        if kernel.socket is not None:
            with contextlib.suppress(KeyError):
                self._poller.unregister(kernel.socket)
            kernel.socket.close(0)
            kernel.socket = None

    def _widen(self, kernel: Kernel) -> None:
        """Listen to every topic of a kernel: a new process has a new ident."""
        spec = getattr(kernel.manager, "kernel_spec", None)
        python = str(getattr(spec, "language", "")).lower() == "python"
        self._subscribe(kernel, {_ANY_TOPIC if python else b""})
        kernel.narrow = False

    def _widen_if_silent(self, kernel: Kernel) -> None:
        silent = time.monotonic() - kernel.attached_at > _NARROW_PATIENCE_S
        if kernel.socket is not None and not kernel.heard and silent:
            kernel.heard = True
            self._subscribe(kernel, {b""})

    def _narrow(self, kernel: Kernel, topic: bytes) -> None:
        """Listen to three topics of the new process only, so that no output is copied."""
        base, dot, _ = topic.rpartition(b".")
        if not dot or base in kernel.bases or kernel.topics != {_ANY_TOPIC}:
            return
        kernel.bases.add(base)
        self._subscribe(kernel, {base + b"." + end for end in _TOPICS})
        kernel.narrow = True

    def _subscribe(self, kernel: Kernel, topics: set[bytes]) -> None:
        if kernel.socket is None:
            return
        for topic in topics - kernel.topics:
            kernel.socket.subscribe(topic)
        for topic in kernel.topics - topics:
            kernel.socket.unsubscribe(topic)
        kernel.topics = topics

    def _drain(self, kernel: Kernel, limit: int) -> None:
        for _ in range(limit):
            if kernel.socket is None:
                return
            try:
                parts = kernel.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.ZMQError:
                return
            kernel.heard = True
            if not kernel.narrow:
                self._narrow(kernel, parts[0])
            self._on_parts(kernel, parts)
        self._ring()

    def _on_parts(self, kernel: Kernel, parts: list[bytes]) -> None:
        assert kernel.messages is not None
        try:
            _, rest = kernel.messages.feed_identities(parts)
            message = kernel.messages.deserialize(rest, content=False)
            kind = message["header"]["msg_type"]
            if kind not in ("execute_input", "error", "status"):
                return
            content = kernel.messages.unpack(message["content"])
            self._on_message(kernel, kind, message, content)
        except (ValueError, KeyError, TypeError) as error:
            if kernel.current is not None:
                kernel.current.journal.gap("event-gap", reason=f"a message isn't readable: {error}")

    def _on_message(
        self, kernel: Kernel, kind: str, message: dict[str, Any], content: dict[str, Any]
    ) -> None:
        parent = message.get("parent_header") or {}
        if parent.get("msg_type") != "execute_request":
            self._process_of(kernel, message["header"])
            return
        recording = self._process_of(kernel, message["header"])
        if recording is None or self._is_left_out(recording, str(parent["msg_id"]), kind):
            return
        if kind == "execute_input":
            self._on_input(recording, parent, content)
        elif kind == "error":
            ename = content.get("ename")
            recording.journal.add("run.errored", msgId=parent["msg_id"], ename=ename)
        elif content.get("execution_state") == "idle":
            self._on_idle(recording, parent)

    def _is_left_out(self, recording: Recording, msg_id: str, kind: str) -> bool:
        """Whether a run began while recording was paused; one that began before goes on."""
        if recording.paused and msg_id not in recording.open_runs:
            if kind == "execute_input":
                recording.first_input = False
                recording.left_out.add(msg_id)
            return True
        return msg_id in recording.left_out

    def _process_of(self, kernel: Kernel, header: dict[str, Any]) -> Recording | None:
        """The recording that a message belongs to, by the process that sent it."""
        process = str(header.get("session"))
        known = kernel.by_process.get(process)
        if known is None and kernel.current is not None:
            known = kernel.by_process[process] = kernel.current
        return known

    def _on_input(
        self, recording: Recording, parent: dict[str, Any], content: dict[str, Any]
    ) -> None:
        msg_id, client = str(parent["msg_id"]), str(parent.get("session", ""))
        self._take_request(recording, msg_id)
        count = content.get("execution_count")
        count = count if isinstance(count, int) else None
        self._see_client(recording, client, msg_id)
        if recording.first_input:
            recording.first_input = False
            if count is not None and count > 1:
                recording.journal.gap(
                    "event-gap", count=count - 1, reason="runs before the recorder listened"
                )
        subshell = parent.get("subshell_id")
        recording.journal.add(
            "run.input",
            msgId=msg_id,
            client=client,
            code=recording.texts.put(str(content.get("code", ""))),
            executionCount=count,
            subshell=subshell if isinstance(subshell, str) else None,
        )
        recording.runs += 1
        recording.last_run_at = time.monotonic()
        recording.open_runs.add(msg_id)
        self._tell_run(recording, msg_id, "start")

    def _on_idle(self, recording: Recording, parent: dict[str, Any]) -> None:
        msg_id = str(parent["msg_id"])
        self._take_request(recording, msg_id)
        had_input = msg_id in recording.open_runs
        recording.journal.add(
            "run.idle",
            msgId=msg_id,
            client=str(parent.get("session", "")),
            request="execute_request",
            hadInput=had_input,
        )
        if had_input:
            recording.open_runs.discard(msg_id)
            self._tell_run(recording, msg_id, "end")

    def _requested(self, kernel_id: str, frames: Frames) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None or kernel.current is None:
            return
        try:
            request = request_of(frames)
        except NoRequestError as error:
            kernel.current.journal.gap("event-gap", reason=f"a request isn't readable: {error}")
            return
        recording = kernel.current
        if request.msg_id in recording.left_out:
            return
        if recording.paused:
            kernel.requests[request.msg_id] = (request, None)
        else:
            self._file_request(recording, request)
            kernel.requests[request.msg_id] = (request, recording)
        while len(kernel.requests) > _MAX_REQUESTS:
            del kernel.requests[next(iter(kernel.requests))]

    def _take_request(self, recording: Recording, msg_id: str) -> None:
        """A request begins or ends: file it, if it was made while recording was paused.

        So is one that was sent before a restart and that the next process carries out.
        """
        kernel = self._kernels.get(recording.kernel_id)
        found = kernel.requests.pop(msg_id, None) if kernel is not None else None
        if found is not None and found[1] is not recording:
            self._file_request(recording, found[0])

    def _file_request(self, recording: Recording, request: Request) -> None:
        self._see_client(recording, request.client, request.msg_id)
        recording.journal.add(
            "run.requested",
            by="tap",
            msgId=request.msg_id,
            client=request.client,
            code=recording.texts.put(request.code),
            cellId=request.cell_id,
            silent=request.silent,
            storeHistory=request.store_history,
            expressions=request.expressions,
        )

    def _tell_run(self, recording: Recording, msg_id: str, phase: str) -> None:
        self._send(
            {
                "cmd": "run",
                "sid": recording.sid,
                "run": f"{msg_id}/0",
                "phase": phase,
                "mono": time.monotonic_ns(),
            }
        )

    def _see_client(self, recording: Recording, client: str, msg_id: str) -> None:
        if client in recording.clients:
            return
        label = Label("unknown client", "nothing is known about it")
        if self._labeller is not None:
            with contextlib.suppress(Exception):
                label = self._labeller(recording.kernel_id, client, msg_id)
        recording.clients[client] = label.label
        if label.passes_by and recording.tapped:
            recording.tapped = False
            recording.journal.add(
                "observer.left", by="tap", observer="tap", reason="a websocket passes it by"
            )
        self._file_client(recording, client, label)
        if self._on_activity is not None:
            with contextlib.suppress(Exception):
                self._on_activity(recording.kernel_id)

    def _file_client(self, recording: Recording, client: str, label: Label) -> None:
        """A client's notebook is known only where the kernel has just one."""
        only = next(iter(recording.documents)) if len(recording.documents) == 1 else None
        notebook = label.label in ("lab", "notebook", "headless", "server-side executor")
        recording.journal.add(
            "client.seen",
            client=client,
            label=label.label,
            docId=only if notebook else None,
            evidence=label.evidence,
        )

    # ------------------------------------------------------------ lifecycle

    def _launching(self, launch: Launch, at: int) -> None:
        kernel = self._kernels.setdefault(
            launch.kernel_id, Kernel(launch.kernel_id, launch.manager)
        )
        self._drain(kernel, 1_000_000)
        old = kernel.current
        kernel.manager, kernel.announced = launch.manager, True
        if old is not None:
            self._finish_restart(kernel, old, at)
        self._widen(kernel)
        kernel.current = None
        if launch.session is None:
            kernel.problem = launch.probe
            return
        kernel.problem = None
        roots = [launch.cwd] if launch.cwd else []
        recording = self._begin(kernel, launch.session, launch.probe, roots)
        self._file_start(
            recording, launch.manager, launch.previous_sid, launch.provisioner, launch.tracer
        )
        self._rebind(recording, old, launch.named)

    def _begin_without_provisioner(self, kernel: Kernel, previous_sid: str | None) -> None:
        """A kernel that somebody else's provisioner started."""
        try:
            folder = new_session(self.home)
        except OSError as error:
            kernel.problem = f"the journal home can't be written: {error.strerror}"
            return
        name = type(getattr(kernel.manager, "provisioner", None)).__name__
        cwd = getattr(getattr(kernel.manager, "provisioner", None), "cwd", None)
        reason = f"the kernel was started by {name}"
        recording = self._begin(kernel, folder, reason, [str(cwd)] if cwd else [])
        self._file_start(recording, kernel.manager, previous_sid, name)

    def _begin(
        self, kernel: Kernel, folder: SessionFolder, probe: str, roots: list[str]
    ) -> Recording:
        tapped = self.tap == LISTENING
        observers = [observer("recorder", "server")] + [observer("tap", "tap")] * tapped
        journal = JournalFile(folder.path / "server.jsonl", folder.sid, observers)
        recording = Recording(
            folder=folder,
            kernel_id=kernel.kernel_id,
            kernel_name=str(getattr(kernel.manager, "kernel_name", "") or ""),
            journal=journal,
            texts=Texts(folder.path, folder.key),
            probe=probe,
            tapped=tapped,
        )
        kernel.current = recording
        self._by_sid[folder.sid] = recording
        if self.settings.helper and self._helper_starts == 0:
            self._start_helper()
        self._send({"cmd": "open", "sid": folder.sid, "folder": str(folder.path), "roots": roots})
        return recording

    def _file_start(
        self,
        recording: Recording,
        manager: Any,
        previous: str | None,
        provisioner: str,
        tracer: str | None = None,
    ) -> None:
        spec = getattr(manager, "kernel_spec", None)
        recording.journal.add(
            "kernel.started",
            kernelId=recording.kernel_id,
            previousSid=previous,
            kernelName=recording.kernel_name or None,
            language=str(getattr(spec, "language", "") or "") or None,
            specSha256=_spec_digest(spec),
            provisioner=provisioner,
            probe=recording.probe,
            tap=self.tap,
            tracer=tracer,
        )
        if recording.folder.paused.exists():
            recording.paused = True
            recording.journal.add(
                "recording.paused", docId=None, whom="carried over from before the restart"
            )

    def _rebind(self, recording: Recording, old: Recording | None, named: str | None) -> None:
        paths = list(old.documents.values()) if old else []
        if not paths and named and named.endswith(".ipynb") and Path(named).is_absolute():
            paths = [settled_path(named)]
        for path in paths:
            self._bind_to(recording, path)

    def _finish_restart(self, kernel: Kernel, old: Recording, at: int) -> None:
        reason = "it was started again after it died" if kernel.died else "restart requested"
        kernel.died = False
        old.journal.add("kernel.restarted", reason=reason)
        self._finish(old, "restarted", at)

    def _restarted(self, kernel_id: str) -> None:
        """The restart of a kernel that our provisioner didn't announce."""
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return
        if kernel.announced or kernel.current is None:
            kernel.announced = False
            return
        self._drain(kernel, 1_000_000)
        old = kernel.current
        self._finish_restart(kernel, old, time.time_ns())
        kernel.current = None
        self._widen(kernel)
        self._begin_without_provisioner(kernel, old.sid)
        if kernel.current is not None:
            self._rebind(kernel.current, old, None)

    def _death(self, kernel_id: str, manager: Any, *, final: bool = False) -> None:
        """From the restarter, on the loop: the process is gone, perhaps for good."""
        code = None
        with contextlib.suppress(Exception):
            code = manager.provisioner.process.returncode
        self.died(kernel_id, _how_it_ended(code))
        if final:
            self.ended(kernel_id, "it died too often to be started again")

    def _died(self, kernel_id: str, reason: str) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None or kernel.current is None or kernel.died:
            return
        self._drain(kernel, 1_000_000)
        kernel.died = True
        kernel.current.journal.add("kernel.died", reason=reason)
        kernel.current.ended = "died"
        kernel.current.journal.sync()

    def _state(self, kernel_id: str, kind: str, reason: str) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is not None and kernel.current is not None:
            kernel.current.journal.add(kind, reason=reason)

    def _ended(self, kernel_id: str, reason: str, at: int) -> None:
        kernel = self._kernels.pop(kernel_id, None)
        if kernel is None:
            return
        self._drain(kernel, 1_000_000)
        self._hang_up(kernel)
        if kernel.current is not None:
            kernel.current.journal.add("kernel.ended", reason=reason)
            self._finish(kernel.current, "ended", at)

    def _finish(self, recording: Recording, how: str, at: int) -> None:
        """The kernel was gone at ``at`` (wall clock, ns): later changes on disk aren't its own."""
        self._send({"cmd": "ended", "sid": recording.sid, "at": at})
        recording.ended = recording.ended or how
        recording.closes_at = time.monotonic() + _GRACE_S
        recording.journal.sync()
        self._ending.append(recording)

    def _close_ended(self, *, now: bool = False) -> None:
        for recording in list(self._ending):
            if not now and time.monotonic() < recording.closes_at:
                continue
            self._ending.remove(recording)
            recording.journal.add("observer.left", observer="recorder", reason=recording.ended)
            recording.journal.close()
            self._by_sid.pop(recording.sid, None)
            self._send({"cmd": "close", "sid": recording.sid, "id": None, "timeout": 600})

    def _end_all(self, reason: str) -> None:
        for kernel_id in list(self._kernels):
            self._ended(kernel_id, reason, time.time_ns())
        self._close_ended(now=True)

    # ------------------------------------------------------------ documents

    def _bind(self, kernel_id: str, path: str) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is not None and kernel.current is not None:
            self._bind_to(kernel.current, path)

    def _bind_to(self, recording: Recording, path: str) -> None:
        ident = self.documents.id_of(path)
        if recording.documents.get(ident) == path:
            return
        recording.documents[ident] = path
        recording.journal.add("document.bound", docId=ident, path=name_of(path))
        self._send({"cmd": "roots", "sid": recording.sid, "roots": [str(Path(path).parent)]})
        self._restate_clients(recording)
        if recording.wrote:
            self.documents.wrote(path)

        def with_cells(answer: dict[str, Any]) -> None:
            if answer.get("cells"):
                recording.journal.add(
                    "document.bound", docId=ident, path=name_of(path), cells=answer["cells"]
                )

        self._call_helper({"cmd": "cells", "sid": recording.sid, "path": path}, with_cells)

    def _restate_clients(self, recording: Recording) -> None:
        for client, label in recording.clients.items():
            if label in ("lab", "notebook", "headless"):
                self._file_client(recording, client, Label(label, "the kernel's notebooks changed"))

    def _set_documents(self, kernel_id: str, paths: set[str]) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None or kernel.current is None:
            return
        for ident, path in list(kernel.current.documents.items()):
            if path not in paths:
                del kernel.current.documents[ident]
                kernel.current.journal.add("document.closed", docId=ident)
        for path in sorted(paths):
            self._bind_to(kernel.current, path)

    def _renamed(self, before: str, after: str) -> None:
        self.documents.rename(before, after)
        for recording in self._by_sid.values():
            for ident, path in list(recording.documents.items()):
                if path == before:
                    recording.documents[ident] = after
                    recording.journal.add(
                        "document.renamed",
                        docId=ident,
                        **{"from": name_of(before), "to": name_of(after)},
                    )
                    folder = str(Path(after).parent)
                    self._send({"cmd": "roots", "sid": recording.sid, "roots": [folder]})

    def _saved(self, path: str, then: Callable[[Recording], None] | None) -> None:
        ident = self.documents.find(path)
        for recording in list(self._by_sid.values()):
            if recording.ended is None and ident in recording.documents:
                self._file_saved(recording, path, then)

    def _file_saved(
        self, recording: Recording, path: str, then: Callable[[Recording], None] | None
    ) -> None:
        ident = self.documents.id_of(path)

        def file(answer: dict[str, Any]) -> None:
            recording.journal.add(
                "document.saved",
                docId=ident,
                path=name_of(path),
                sha256=answer.get("sha256"),
                bytes=answer.get("bytes"),
                cells=answer.get("cells"),
            )
            if then is not None:
                then(recording)

        if not self._call_helper({"cmd": "cells", "sid": recording.sid, "path": path}, file):
            file({})

    # -------------------------------------------------------------- control

    def _add(self, kernel_id: str, kind: str, fields: dict[str, Any]) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is not None and kernel.current is not None:
            kernel.current.journal.add(kind, **fields)

    def _pause(self, sid: str, whom: str, *, paused: bool) -> bool:
        recording = self._by_sid.get(sid)
        if recording is None or recording.ended is not None:
            return False
        if recording.paused == paused:
            return True
        if paused:
            recording.folder.paused.touch(0o600)
        else:
            recording.folder.paused.unlink(missing_ok=True)
        recording.paused = paused
        kind = "recording.paused" if paused else "recording.resumed"
        recording.journal.add(kind, docId=None, whom=whom)
        return True

    def _flush(self, sid: str | None, timeout_s: float, result: Future[bool]) -> None:
        for kernel in self._kernels.values():
            self._drain(kernel, 1_000_000)
        open_now = [sid] if sid is not None else list(self._by_sid)
        for recording in list(self._by_sid.values()):
            recording.journal.sync()
        left = set(open_now)
        complete = [True]

        def arrived(one: str, answer: dict[str, Any]) -> None:
            left.discard(one)
            complete[0] = complete[0] and bool(answer.get("complete"))
            if not left and not result.done():
                result.set_result(complete[0])

        for one in open_now:
            command = {"cmd": "flush", "sid": one, "timeout": timeout_s}
            if not self._call_helper(command, partial(arrived, one)):
                arrived(one, {})
        if not open_now:
            result.set_result(True)

    # --------------------------------------------------------------- helper

    def _start_helper(self) -> None:
        self._helper_starts += 1
        self._helper = HelperLink(
            self.home,
            lambda message: self._post(lambda: self._on_helper(message)),
            lambda: self._post(self._helper_gone),
        )
        self._send_settings()

    @property
    def helper_pid(self) -> int | None:
        """Process id of the helper."""
        return self._helper.pid if self._helper else None

    def _send_settings(self) -> None:
        self._send(
            {
                "cmd": "settings",
                "maxHashBytes": self.settings.max_hash_bytes,
                "ignored": self.settings.ignored,
                "roots": self.settings.roots,
            }
        )

    def _send(self, command: dict[str, Any]) -> bool:
        return self._helper is not None and self._helper.send(command)

    def _call_helper(self, command: dict[str, Any], then: Callable[[dict[str, Any]], None]) -> bool:
        number = next(self._numbers)
        if not self._send({**command, "id": number}):
            return False
        self._waiters[number] = then
        return True

    def _on_helper(self, message: dict[str, Any]) -> None:
        self._helper_seen = now_text()
        if "reply" in message:
            then = self._waiters.pop(message["reply"], None) if message["reply"] else None
            if then is not None:
                then(message)
            return
        recording = self._by_sid.get(str(message.get("sid")))
        if recording is None:
            return
        if message.get("event") == "probe":
            recording.probe_install = str(message.get("install"))
            recording.runs_missed = int(message.get("runsMissed") or 0)
        elif message.get("event") == "gap":
            recording.other_gaps += 1
        elif message.get("event") == "wrote":
            recording.wrote = True
            for path in recording.documents.values():
                self.documents.wrote(path)

    def _helper_gone(self) -> None:
        """The helper ended by itself: say so, start another a few times, keep nobody waiting."""
        waiters, self._waiters = self._waiters, {}
        again = self._helper_starts <= MAX_HELPER_RESTARTS
        reason = "the process that watches the folder ended"
        covers: dict[str, Any] = {"from": self._helper_seen, "reason": reason}
        if again:
            covers["to"] = now_text()
            self._start_helper()
        else:
            self._helper = None
            self.helper_problem = reason
        log.warning("jupyter-attest: %s%s", reason, "; started again" if again else "")
        for recording in self._by_sid.values():
            recording.journal.gap("no-scan", **covers)
            self._reopen_in_helper(recording)
        for then in waiters.values():
            then({})

    def _reopen_in_helper(self, recording: Recording) -> None:
        roots = {str(Path(path).parent) for path in recording.documents.values()}
        with contextlib.suppress(Exception):
            kernel = self._kernels[recording.kernel_id]
            roots.add(str(kernel.manager.provisioner.cwd))
        folder = str(recording.folder.path)
        self._send({"cmd": "open", "sid": recording.sid, "folder": folder, "roots": list(roots)})


def _spec_digest(spec: Any) -> str | None:
    """SHA-256 of the kernel specification as JSON with sorted keys."""
    try:
        text = json.dumps(spec.to_dict(), sort_keys=True)
    except Exception:
        return None
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _how_it_ended(code: Any) -> str:
    """A process's end in words; negative codes are signals, as in :mod:`subprocess`."""
    if not isinstance(code, int):
        return "its process ended"
    return f"killed by signal {-code}" if code < 0 else f"its process ended with code {code}"


__all__ = ["EXPECTED", "Label", "Recorder", "RecorderSettings", "Recording"]
