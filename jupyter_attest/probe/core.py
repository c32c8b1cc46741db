"""The probe of a kernel."""

from __future__ import annotations

import _thread
from typing import Any

from .evidence import Evidence
from .observer import Observer
from .recording import PERIOD, Run
from .references import _sleep, _wall
from .runs import Runs
from .threads import Threads
from .values import try_stat
from .watchdog import Watchdog

#: After a run's end the thread lets the kernel send its reply first (seconds).
YIELD = 0.002


class Probe(Runs, Observer):
    """Everything that a kernel writes down."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        self.evidence = Evidence(self)
        self.threads = Threads(self)
        self.watchdog = Watchdog(self)

    def start(self) -> None:
        """Install hook and callbacks, write what is known at the start, start the thread."""
        self.journal.open_texts()
        self.written_pipe.listen()
        self.read_pipe.listen()
        self.open_meters()
        self.threads.install()
        self.watchdog.install()
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
            try:  # nothing may come out of here
                journal.wake.acquire(True, PERIOD)
                if not journal.asked:
                    _sleep(YIELD)
                    self.look_after()
                journal.drain()
            except BaseException as error:
                self.failed("own thread", error)
            journal.answer()

    def look_after(self) -> None:
        """What is looked at between batches."""
        self.watchdog.look()
        told = self.journal.told
        for part, call in (
            ("pause", self.look_for_pause), ("long runs", self.tell_long_runs),
            ("maps", self.look_at_shared), ("late files", self.settle_late),
            ("gaps", self.tell_failures),
        ):  # fmt: skip
            try:
                call()
            except BaseException as error:
                self.failed(part, error)
        self.watchdog.own += self.journal.told - told

    def end(self, run: Run, result: Any) -> None:
        """Tell what is told only now, then what every run tells at its end."""
        if not (run.paused or self.paused):
            self.attempt("answers of databases", self.tell_results, run)
        super().end(run, result)

    def on_exec(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded, and a request's expressions being evaluated."""
        super().on_exec(args)
        self.note_text(args[0])
        self.notice_expressions()

    def finish(self) -> None:
        """Tell what is still owed."""
        self.evidence.take()
        self.attempt("late files", self.settle_late, True)
