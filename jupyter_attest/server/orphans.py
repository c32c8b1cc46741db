"""Sessions whose server went away without closing them: killed, or its computer switched off."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..journal import JournalFile, boot_id, observer

#: Bytes that hold the first lines of a file, where observers are declared, and the last one.
_PEEK = 64 * 1024
_REASON = "its server went away without closing this session"


def close_orphans(home: Path) -> list[str]:
    """State the end of every session that nobody writes any more; returns their ids.

    Sessions of other computers and of servers that still run are left alone.
    """
    closed = []
    for file in sorted((home / "sessions").glob("*/server.jsonl")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if _is_orphan(file) and _close(file):
                closed.append(file.parent.name)
    return closed


def _is_orphan(file: Path) -> bool:
    last = _last_event(file)
    if last is None or (last["type"], last.get("observer")) == ("observer.left", "recorder"):
        return False
    writers = [who for who in _observers(file) if who["host"] == socket.gethostname()]
    return bool(writers) and not any(map(_is_alive, writers))


def _last_event(file: Path) -> dict[str, Any] | None:
    with file.open("rb") as handle:
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - _PEEK))
        lines = handle.read().split(b"\n")[:-1]
    return dict(json.loads(lines[-1])) if lines else None


def _observers(file: Path) -> Iterator[dict[str, Any]]:
    """Observers with a process that a journal file declares in its first lines."""
    with file.open("rb") as handle:
        lines = handle.read(_PEEK).split(b"\n")[:-1]
    for line in lines:
        if b'"observer.joined"' in line:
            who = json.loads(line)["observer"]
            if isinstance(who.get("pid"), int):
                yield who


def _is_alive(who: dict[str, Any]) -> bool:
    """Whether an observer's process still runs on this computer."""
    if who["host"] != socket.gethostname() or who.get("bootId") not in (None, boot_id()):
        return False
    try:
        os.kill(who["pid"], 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not _is_zombie(who["pid"])


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits to be reaped (Linux, proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[:1] == [b"Z"]


def _close(file: Path) -> bool:
    """Write the end, unless another server is about to."""
    with file.open("rb") as handle:
        if not _lock(handle.fileno()) or not _is_orphan(file):
            return False
        last = _last_event(file)
        # Without a process: whoever looks for the session's writers mustn't take it for running.
        closer = observer("recorder", "server")
        del closer["pid"], closer["parentPid"]
        journal = JournalFile(file, file.parent.name, [closer])
        covers = {"from": last["t"]} if last is not None else {}
        journal.gap("event-gap", reason=_REASON, **covers)
        probes = file.parent.glob("probe-*.jsonl")
        if not any(_is_alive(who) for probe in probes for who in _observers(probe)):
            journal.add("kernel.died", reason=_REASON)
            (file.parent / "tracer.strace").unlink(missing_ok=True)
        journal.add("observer.left", observer="recorder", reason=_REASON)
        journal.close()
    return True


def _lock(descriptor: int) -> bool:
    """Take the file for ourselves as long as it is open; false if another process has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
