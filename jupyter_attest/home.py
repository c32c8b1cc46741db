"""What is kept where the journal lives."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .journal import JournalFile, observer, path_of, write_private

#: Sessions that were written to within this time are never pruned, in seconds.
STILL_OPEN_S = 86_400


@dataclass(frozen=True)
class SessionFolder:
    """The folder ``sessions/<sid>`` of one incarnation of one kernel."""

    path: Path
    sid: str
    key: bytes

    @property
    def starting(self) -> Path:
        """The ready marker: there until the probe has finished its start."""
        return self.path / "starting"

    @property
    def trace(self) -> Path:
        """The log of a tracer around the kernel; there only until it was read to its end."""
        return self.path / "tracer.strace"

    @property
    def wanted(self) -> Path:
        """There while a program waits until the helper has written all it knows."""
        return self.path / "wanted"

    @property
    def paused(self) -> Path:
        """There while recording is paused."""
        return self.path / "paused"


def make_private(folder: Path) -> Path:
    """Make a folder, and its parents, that only its owner can enter.

    Raises:
        OSError: it can't be made or isn't a folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def new_session(home: Path) -> SessionFolder:
    """Make the folder of a new session, with its id and its key for salts.

    Raises:
        OSError: the journal home can't be written.
    """
    sid = str(uuid.uuid4())
    make_private(home)
    folder = make_private(home / "sessions") / sid
    folder.mkdir(mode=0o700)
    (folder / "texts").mkdir(mode=0o700)
    key = secrets.token_bytes(32)
    write_private(folder / "key", key.hex().encode("ascii"))
    return SessionFolder(folder, sid, key)


def open_session(folder: Path) -> SessionFolder:
    """The session that somebody else made.

    Raises:
        OSError: there is no such folder or it has no key.
        ValueError: its key isn't hexadecimal.
    """
    return SessionFolder(folder, folder.name, bytes.fromhex((folder / "key").read_text().strip()))


class Documents:
    """``documents.json``: the id of each notebook by its last path.

    Each entry is ``{"docId": …, "hasWrites": bool}``; ``hasWrites`` is true once
    a recorded session of the notebook wrote a file.
    """

    def __init__(self, home: Path) -> None:
        """Read what is there; what can't be read, or is no file, counts as empty."""
        self._file = home / "documents.json"
        self._entries: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OSError, ValueError):
            read = json.loads(self._file.read_text("utf-8")) if self._file.is_file() else {}
            self._entries = {
                path: entry
                for path, entry in read.items()
                if isinstance(entry, dict) and isinstance(entry.get("docId"), str)
            }

    def id_of(self, path: str) -> str:
        """The id of the notebook at this absolute path, minted at first sight."""
        entry = self._entries.get(path)
        if entry is None:
            entry = {"docId": str(uuid.uuid4()), "hasWrites": False}
            self._entries[path] = entry
            self._save()
        return str(entry["docId"])

    def find(self, path: str) -> str | None:
        """The id of a notebook that was seen before, else ``None``."""
        entry = self._entries.get(path)
        return str(entry["docId"]) if entry else None

    def rename(self, before: str, after: str) -> None:
        """Keep the id of a notebook that was moved."""
        entry = self._entries.pop(before, None)
        if entry is not None:
            self._entries[after] = entry
            self._save()

    def has_writes(self, path: str) -> bool:
        """Whether any recorded session of this notebook wrote a file."""
        return bool(self._entries.get(path, {}).get("hasWrites"))

    def wrote(self, path: str) -> None:
        """Remember that a session of this notebook wrote a file."""
        entry = self._entries.get(path)
        if entry is not None and not entry.get("hasWrites"):
            entry["hasWrites"] = True
            self._save()

    def _save(self) -> None:
        text = json.dumps(self._entries, ensure_ascii=False, indent=1)
        with contextlib.suppress(OSError):
            make_private(self._file.parent)
            write_private(self._file, text.encode("utf-8", "surrogateescape"))


def sessions_with_record(home: Path) -> set[str]:
    """Ids of the sessions that a record stands on, from the journals in ``attests``."""
    found: set[str] = set()
    for file in (home / "attests").glob("*.jsonl"):
        with contextlib.suppress(OSError), file.open("rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError, AttributeError, TypeError, KeyError):
                    event = json.loads(line)
                    if event.get("type") == "attest.requested":
                        found.update(prefix["sid"] for prefix in event["prefixes"])
    return found


def prune(home: Path, retention_days: int, quota_bytes: int, open_sids: set[str]) -> list[str]:
    """Remove old sessions, oldest without a record first, and leave tombstones.

    A session goes when it is older than the retention and no record stands on
    it, or when the home is over its quota; then sessions with a record come
    last. Open ones and those of the last day stay.

    Returns:
        The ids of the removed sessions.
    """
    kept = sessions_with_record(home)
    now = time.time()
    sessions = [
        (folder.name in kept, age, size, folder)
        for folder in (home / "sessions").glob("*")
        if folder.is_dir() and folder.name not in open_sids
        for age, size in [_age_and_size(folder, now)]
        if age > STILL_OPEN_S
    ]
    used = sum(_age_and_size(folder, now)[1] for folder in (home / "sessions").glob("*"))
    removed = []
    for has_record, age, size, folder in sorted(sessions, key=lambda s: (s[0], -s[1])):
        too_old = not has_record and age > retention_days * 86_400
        if too_old or used > quota_bytes:
            shutil.rmtree(folder, ignore_errors=True)
            used -= size
            removed.append(folder.name)
    _leave_tombstones(home, removed)
    return removed


def _age_and_size(folder: Path, now: float) -> tuple[float, int]:
    """Seconds since the last write into a session's folder, and its bytes."""
    newest, size = 0.0, 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = Path(root, name).lstat()
                newest = max(newest, status.st_mtime)
                size += status.st_size
    return now - newest, size


def _leave_tombstones(home: Path, sids: list[str]) -> None:
    if not sids:
        return
    journal = JournalFile(home / "forgotten.jsonl", "", [observer("retention", "server")])
    for sid in sids:
        journal.add("forgotten", what={"session": sid}, whom="retention")
    journal.close()


def remember_write(home: Path, path: Any, sha256: str | None, sid: str, t: str) -> None:
    """Append a line to ``index.jsonl``; only a cache, so a failure is silent."""
    if path_of(path) is None:
        return
    line = json.dumps({"path": path, "sha256": sha256, "sid": sid, "t": t}, ensure_ascii=False)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place holds nobody
    with contextlib.suppress(OSError, UnicodeError):
        descriptor = os.open(home / "index.jsonl", flags, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8") + b"\n")
        finally:
            os.close(descriptor)
