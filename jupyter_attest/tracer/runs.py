"""Whose run a call belongs to: by time, thread and process."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

from .tree import Process, Thread


@dataclass
class Interval:
    """A run on the monotonic clock, in ns; ``ended`` is 0 while it lasts."""

    ident: str
    started: int
    ended: int = 0
    #: The probe told it: exact.
    exact: bool = False

    def holds(self, mono: int) -> bool:
        """Whether a time lies in it."""
        return self.started <= mono and (not self.ended or mono <= self.ended)


@dataclass
class Runs:
    """Runs so far, as the probe tells them, and as the recorder does until then."""

    by_id: dict[str, Interval] = field(default_factory=dict)
    #: Those whose acts aren't all written yet.
    live: dict[str, Interval] = field(default_factory=dict)
    #: The others, by start.
    _past: list[tuple[int, int, str]] = field(default_factory=list)
    #: Start of the first.
    first: int = 0
    #: Time of the newest event of the kernel's own probe, and of its first.
    reached: int = 0
    hello: int = 0
    #: End of the first run that left a Python thread behind.
    _outlived: int = 0

    def on_event(self, event: dict[str, Any]) -> None:
        """Take an event of the kernel's own probe."""
        mono, kind = int(event["mono"]), event.get("type")
        self.reached = max(self.reached, mono)
        if kind == "probe.hello":
            self.hello = mono
        elif kind == "run.started" and event.get("run"):
            run = self._run(event["run"], mono)
            run.started, run.exact = mono, True
            self.first = min(self.first, mono)
        elif kind == "run.ended" and event.get("run"):
            run = self._run(event["run"], mono)
            run.ended, run.exact = mono, True
            if event.get("threadsAlive"):
                self._outlived = self._outlived or mono

    def on_recorder(self, ident: str, phase: str, mono: int) -> None:
        """Take the recorder's word, which comes a little late, for a run nobody else tells."""
        run = self._run(ident, mono)
        if phase == "end" and not run.exact and not run.ended:
            run.ended = mono

    def finish(self, run: Interval) -> None:
        """Everything that happened in a run is written."""
        if self.live.pop(run.ident, None) is not None:
            insort(self._past, (run.started, run.ended, run.ident))

    def _run(self, ident: str, mono: int) -> Interval:
        run = self.by_id.get(ident)
        if run is None:
            run = self.by_id[ident] = self.live[ident] = Interval(ident, mono)
            self.first = self.first or mono
        return run

    def of(self, thread: Thread, mono: int, offset: int) -> tuple[str | None, str | None]:
        """Run of an act of a thread, and the run that was open meanwhile if it is another.

        Args:
            thread: who did it.
            mono: when, on the monotonic clock, in ns.
            offset: wall clock minus monotonic clock, in ns.
        """
        process = thread.process
        if process.is_kernel:
            return self._of_kernel(thread, mono, offset), None
        own = self._of_child(process, offset)
        now = self._active(mono)
        return own, now.ident if now is not None and own is not None and now.ident != own else None

    def _of_child(self, process: Process, offset: int) -> str | None:
        """A child is its starter's run, however long it lives."""
        while process.parent is not None and not process.parent.is_kernel:
            process = process.parent
        if process.by is None:
            return None
        return self._of_kernel(process.by, process.born - offset, offset)

    def _of_kernel(self, thread: Thread, mono: int, offset: int) -> str | None:
        run = self._active(mono)
        if run is None or thread.tid == thread.process.pid:
            return run.ident if run else None
        if run.holds(thread.born - offset):
            return run.ident
        # A thread from before: a library's own works for the run, one of Python's may not.
        return None if 0 < self._outlived <= mono else run.ident

    def _active(self, mono: int) -> Interval | None:
        """The innermost run at a time; ``None`` also where several requests overlap."""
        last = bisect_right(self._past, (mono, 2**63, ""))
        near = [self.by_id[ident] for _, _, ident in self._past[max(0, last - 8) : last]]
        found = [run for run in [*near, *self.live.values()] if run.holds(mono)]
        if len({run.ident.rpartition("/")[0] for run in found}) != 1:
            return None
        return max(found, key=lambda run: (run.started, run.ident))
