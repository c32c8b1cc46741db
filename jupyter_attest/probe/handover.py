"""What children wrote and read, told to the kernel, which looks at the files at the run's end."""

from __future__ import annotations

import os

from .journal import Journal
from .references import CLOEXEC, _close, _join, _open, _write

#: A write of up to this many bytes arrives whole (POSIX, PIPE_BUF is at least 512; Linux: 4096).
WHOLE = 4096 if hasattr(os, "mkfifo") else 0
#: So many bytes may wait, where the system allows it (``F_SETPIPE_SZ`` of Linux).
WAITING, SET_SIZE = 1 << 20, 1031


class Handover:
    """A named pipe in the session's folder: the kernel's probe has the only reading end.

    Nobody waits: a child that finds it full or without a reader goes on. Then what it wrote stays a
    write whose end nobody saw, and what it read isn't looked at again.
    """

    def __init__(self, folder: str, name: str) -> None:
        self.path = _join(folder, name)
        self.fd = -1

    def listen(self) -> None:
        """Make the pipe and open its reading end; without one where that isn't possible."""
        if not WHOLE:
            return
        try:
            os.mkfifo(self.path, 0o600)
            self.fd = Journal._high(_open(self.path, os.O_RDONLY | os.O_NONBLOCK | CLOEXEC))
            import fcntl  # loaded at the start: the journal uses it

            fcntl.fcntl(self.fd, SET_SIZE, WAITING)
        except Exception:  # also what isn't Linux
            pass

    def tell(self, run: str | None, path: str, state: str = "") -> None:
        """Hand over a path that a child of this run is about to write, or to read in a state."""
        raw = b"".join(os.fsencode(word) + b"\0" for word in (run or "", path, state))
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

    def heard(self) -> list[tuple[str, str, str]]:
        """Return (run, path, state) of all that was handed over since the last time."""
        if self.fd < 0:
            return []
        raw = b""
        try:
            while len(raw) < WAITING:
                part = os.read(self.fd, 65536)
                if not part:
                    break
                raw += part
        except OSError:  # nothing more for now
            pass
        words = [os.fsdecode(word) for word in raw.split(b"\0")]
        told = ((words[at], words[at + 1], words[at + 2]) for at in range(0, len(words) - 3, 3))
        return list(dict.fromkeys(told))
