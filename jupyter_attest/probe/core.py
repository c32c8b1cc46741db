"""The probe of a kernel."""

from __future__ import annotations

import _thread
from typing import Any

from .evidence import Evidence
from .observer import Observer
from .recording import PERIOD
from .references import _sleep, _wall
from .runs import Runs
from .threads import Threads
from .values import try_stat

#: After a run's end the thread lets the kernel send its reply first (seconds).
YIELD = 0.002


class Probe(Runs, Observer):
    """Everything that a kernel writes down."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        self.evidence = Evidence(self)
        self.threads = Threads(self)

    def start(self) -> None:
        """Install hook and callbacks, write what is known at the start, start the thread."""
        self.journal.open_texts()
        self.handover.listen()
        self.open_meters()
        self.threads.install()
        self.watch()
        self.paused = try_stat(self.paused_file) is not None
        self.paused_from = _wall()
        self.attach()
        self.introduce()
        self.journal.hurry()
        _thread.start_new_thread(self.work, ())

    def introduce(self) -> None:
        """Write the first events of the file; a forked child doesn't say again where it is."""
        super().introduce()
        if self.child:
            return
        env = self.environment
        put = self.journal.put
        if not self.heard:
            put("gap", None, "none", {"code": "audit-vetoed", "covers": {}})
        put("env.packages", None, "none", {"packages": env.packages, "listedBy": env.listed_by})
        put("env.hardware", None, "none", env.hardware)
        put("env.determinism", None, "none", {"flags": env.determinism, "seeds": {}})

    def work(self) -> None:
        """Write batches until the process ends. Runs on a thread that nobody lists."""
        journal = self.journal
        while not journal.closed:
            try:
                journal.wake.acquire(True, PERIOD)
                _sleep(YIELD)
                self.look_for_pause()
                self.tell_long_runs()
                self.settle_late()
            except BaseException as error:  # nothing may come out of here
                self.failed("own thread", error)
            try:
                self.tell_failures()
                journal.drain()
            except BaseException as error:
                self.failed("journal", error)

    def on_exec(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded, and a request's expressions being evaluated."""
        super().on_exec(args)
        self.note_text(args[0])
        self.notice_expressions()

    def finish(self) -> None:
        """Tell what is still owed."""
        self.evidence.take()
        self.settle_late(last=True)
