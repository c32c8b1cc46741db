"""What children wrote, told to the kernel, which says at the run's end how the files look."""

from __future__ import annotations

import os

from .journal import Journal
from .references import CLOEXEC, _close, _join, _open, _write

#: A write of up to this many bytes arrives whole (POSIX, PIPE_BUF is at least 512; Linux: 4096).
WHOLE = 4096 if hasattr(os, "mkfifo") else 0


class Handover:
    """A named pipe in the session's folder: the kernel's probe has the only reading end.

    Nobody waits: a child that finds it full or without a reader goes on, and what it wrote stays a
    write whose end nobody saw.
    """

    def __init__(self, folder: str) -> None:
        self.path = _join(folder, "written")
        self.fd = -1

    def listen(self) -> None:
        """Make the pipe and open its reading end; without one where that isn't possible."""
        if not WHOLE:
            return
        try:
            os.mkfifo(self.path, 0o600)
            self.fd = Journal._high(_open(self.path, os.O_RDONLY | os.O_NONBLOCK | CLOEXEC))
        except OSError:
            self.fd = -1

    def tell(self, run: str | None, path: str) -> None:
        """Hand over a path that a child of this run is about to write."""
        raw = (run or "").encode() + b"\0" + os.fsencode(path) + b"\0"
        if len(raw) > WHOLE:
            return
        try:
            fd = _open(self.path, os.O_WRONLY | os.O_NONBLOCK | CLOEXEC)
        except OSError:
            return
        try:
            _write(fd, raw)
        except OSError:
            pass
        finally:
            _close(fd)

    def heard(self) -> list[tuple[str, str]]:
        """Return (run, path) of each write that was handed over since the last time."""
        if self.fd < 0:
            return []
        raw = b""
        try:
            while len(raw) < 1 << 20:
                part = os.read(self.fd, 65536)
                if not part:
                    break
                raw += part
        except OSError:  # nothing more for now
            pass
        words = raw.split(b"\0")[:-1]
        pairs = (words[place : place + 2] for place in range(0, len(words) - 1, 2))
        return list({(run.decode(), os.fsdecode(path)): None for run, path in pairs})
