"""A part of the probe that doesn't come to its end on the kernel's thread is ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from .recording import OverdueError
from .references import _frames, _mono
from .values import OURS

if TYPE_CHECKING:
    from .core import Probe

#: A part that the probe's thread meets so often in a row, each time so much later (ns), is overdue.
STRIKES, STRIKE = 3, 1_000_000_000
#: A signal that does nothing unless somebody asks for it, and that the standard library leaves.
ALARM = getattr(signal, "SIGURG", None)


class Watchdog:
    """Ends what lasts too long: a part that hangs must not hang the user's cell.

    Python runs a signal's handler on the kernel's thread, between two instructions or in the place
    of a call that waits. The handler raises an error only if that thread is inside a guarded part
    of the probe at that moment, and that part's guard takes it.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        #: The part that was met last, with the events that others than the probe's thread put.
        self.before = (0, 0)
        #: Events of the probe's thread.
        self.own = 0
        self.at = self.strikes = 0

    def install(self) -> None:
        """Take the signal if nobody has it."""
        try:
            if ALARM is not None and signal.getsignal(ALARM) is signal.SIG_DFL:
                signal.signal(ALARM, self.ring)
        except ValueError:  # not on the main thread
            pass

    def look(self) -> None:
        """Count how often the same part is met; called by the probe's own thread."""
        probe = self.probe
        # Frames are looked at only while somebody is inside: looking keeps what is in them alive.
        inside = probe.turns != probe.returns and self.inside(_frames().get(probe.main))
        now = (inside, probe.journal.told - self.own)
        if not inside or now != self.before:
            self.before, self.at, self.strikes = now, _mono(), 0
        elif _mono() - self.at > STRIKE:
            self.at = _mono()
            self.strikes += 1
            if self.strikes >= STRIKES:
                self.end()

    def end(self) -> None:
        """Ring, if it is still our handler that hears it."""
        self.strikes = 0
        handler = ALARM is not None and signal.getsignal(ALARM)
        if getattr(handler, "__func__", None) is Watchdog.ring:
            signal.pthread_kill(self.probe.main, ALARM)  # type: ignore[arg-type]

    def ring(self, number: int, frame: Any) -> None:
        """End the guarded part that the kernel's thread is in, if it is in one."""
        if self.inside(frame):
            raise OverdueError

    def inside(self, frame: Any) -> int:
        """Return which guarded part of the probe a frame belongs to; 0 if it is others' code."""
        while frame is not None and frame.f_globals.get("__name__") in OURS:
            if frame.f_code in self.probe.guards:
                return int(frame.f_locals.get("turn", 0))
            frame = frame.f_back
        return 0
