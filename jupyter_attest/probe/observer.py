"""What the probe of a kernel and that of a child have in common: begin, end, fork."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

from .delivered import Delivered
from .hook import make_hook
from .journal import Journal
from .network import Network
from .processes import Processes
from .references import VERSION, _getpid, _join
from .results import Results
from .starters import Starters
from .values import name_of, new_id
from .wrappers import Wrappers


class Observer(Processes, Network, Delivered, Results):
    """Everything that one process writes down of what it does."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        self.wrappers = Wrappers(self)
        self.starters = Starters(self)

    def watch(self) -> None:
        """Install the hook and the wrappers."""
        sys.addaudithook(make_hook(self))
        sys.audit("jupyter_attest.who", [self])
        self.wrappers.look()
        self.starters.install()
        self.in_folder.install()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)
        atexit.register(self.leave)

    def introduce(self) -> None:
        """Write the first events of the file."""
        env = self.environment
        put = self.journal.put
        put("journal.started", None, "none", {
            "program": {"name": "jupyter-attest-probe", "version": VERSION},
            "python": env.python, "platform": env.platform,
        })  # fmt: skip
        observer = {
            "id": self.id, "kind": "worker" if self.child else "probe",
            "domain": "tenant", "version": VERSION, "host": env.host, "bootId": env.boot_id,
            "pid": _getpid(), "parentPid": os.getppid(),
        }  # type: dict[str, Any]  # fmt: skip
        if env.digest:
            observer["digest"] = env.digest
        joined = {"observer": observer}  # type: dict[str, Any]
        if self.child:
            joined["parentRun"] = self.parent_run
        how = "process" if self.child else "none"
        put("observer.joined", self.parent_run, how, joined)
        put("probe.hello", self.parent_run, how, {
            "version": VERSION, "digest": env.digest, "pid": _getpid(), "python": env.python,
            "implementation": sys.implementation.name, "ipykernel": env.ipykernel,
            "ipython": env.ipython, "install": "child" if self.child else self.install,
            "runsMissed": self.runs_missed,
            "channels": {
                "audit": "ok" if self.heard else "vetoed",
                "wrappers": self.wrappers.states(),
                "meter": "ok" if self.meter_fd >= 0 else "unavailable",
                "maps": "ok" if self.maps_fd >= 0 else "unavailable",
            },
            "cwd": env.cwd(), "prefixes": [name_of(p) for p in env.prefixes],
            "flags": env.flags, "hashSeed": env.hash_seed,
        })  # fmt: skip
        self.wrappers.tell_off()

    def leave(self) -> None:
        """Write the last events at a normal exit of the interpreter."""
        self.left(None)

    def left(self, status: Any) -> None:
        """Write the last events; a child also says that it ends, and how if that is known."""
        try:
            if self.journal.closed or (self.child and not self.journal.seq):
                return
            self.attempt("end", self.finish)
            self.tell_failures()
            if self.child:
                code = status if type(status) is int else None
                fields = {"pid": _getpid(), "exitCode": code}
                self.tell("process.ended", None, "process", fields)
            left = {"observer": self.id, "reason": "exit"}
            self.journal.put("observer.left", None, "none", left)
            self.journal.drain(0.0 if self.child else 2.0)
            self.gone = True
            if status is not None or self.child:
                self.journal.closed = True
        except BaseException:
            pass

    def finish(self) -> None:
        """Tell what is told at the end; a child has nothing to add."""

    def on_who(self, args: tuple[Any, ...]) -> None:
        """Answer who records here: the self-test, and a second start."""
        if type(args[0]) is list:
            if args[0] and args[0][0] is self:
                self.heard = True
            args[0].append(self)

    def on_exec(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded."""
        if self.wrappers.waiting:
            self.wrappers.look()
        if self.starters.waiting:
            self.starters.look()

    def on_import(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded."""
        Observer.on_exec(self, args)

    def forked(self) -> None:
        """Begin anew in a forked child: nothing inherited is written, no lock is inherited."""
        try:
            run, _ = self.current()
            self.child = True
            if self.parent_run is None and run is not None:
                self.parent_run = run.id
            self.meter_fd = self.maps_fd = self.memory_fd = -1  # they show the parent
            self.written_pipe.fd = self.read_pipe.fd = -1
            self.main = -1
            self.loose, self.hosts, self.late, self.results = {}, {}, {}, {}
            self.id = "probe-" + new_id()
            self.journal = LazyJournal(self)
        except BaseException:
            self.paused = True


class LazyJournal(Journal):
    """A forked child's journal: its file is opened at the first event, by path.

    Opening there is safe: the handler runs in a copy of the parent's forking thread, takes no
    lock, and Python itself allows ``open`` after ``fork``. A path is used, not the inherited
    folder descriptor, because programs close all descriptors between fork and exec. A child that
    does nothing worth telling leaves no file.
    """

    def __init__(self, probe: Observer) -> None:
        self.probe = probe
        self.folder, self.sid, self.mac = probe.folder, probe.sid, probe.journal.mac
        self.by = probe.id
        self.begin()
        self.quick = False
        self.begun = False

    def drain(self, wait: float = 0.0) -> None:
        """Open the file before the first batch; then write what waits."""
        if not self.begun:
            self.begun = True
            try:
                self.fd = self._create(_join(self.folder, self.by + ".jsonl"))
                self.identity = self._identity(self.fd)
            except Exception:
                self.closed = True
                return
            waiting = list(self.queue)
            self.queue.clear()
            self.probe.introduce()
            self.queue.extend(waiting)
        Journal.drain(self, wait)
