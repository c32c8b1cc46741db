"""The journal's own writer: append-only, hash-chained files and the texts beside them.

Used by the recorder, ``execute`` and the helper. The probe has a writer of its
own, because it is one file that runs in any kernel.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import platform
import socket
import time
from collections import deque
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import __version__

#: Schema major of every line.
VERSION = 1

#: Longest line, in bytes without the newline.
MAX_LINE = 1024 * 1024

#: Events that wait while the disk takes nothing; later ones are counted as lost.
MAX_WAITING = 10_000

Event = dict[str, Any]


def now_text() -> str:
    """The wall clock as the journal writes it: UTC, microseconds, ``Z``."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def name_of(path: str | os.PathLike[str] | bytes) -> Any:
    """A path as the journal writes it: text, or ``{"b64": …}`` where it isn't UTF-8."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(raw).decode("ascii")}


def path_of(name: Any) -> str | None:
    """The path that :func:`name_of` wrote; ``None`` for anything else."""
    if isinstance(name, str):
        return name
    if isinstance(name, dict) and isinstance(name.get("b64"), str):
        with contextlib.suppress(ValueError):
            return os.fsdecode(base64.b64decode(name["b64"]))
    return None


def settled_path(path: str | os.PathLike[str]) -> str:
    """An absolute path with the links of its folder resolved, its own name kept.

    Notebooks are named this way in the journal, so that one notebook has one
    path, however the server's root was spelled.
    """
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def stat_of(status: os.stat_result, fs: str | None = None) -> dict[str, Any]:
    """The identity of a file's bytes as the journal writes it."""
    return {
        "dev": str(status.st_dev),
        "ino": str(status.st_ino),
        "size": status.st_size if status.st_size <= 2**53 else str(status.st_size),
        "mtimeNs": str(status.st_mtime_ns),
        "ctimeNs": str(status.st_ctime_ns),
        "nlink": status.st_nlink,
        "fs": fs,
    }


@lru_cache(maxsize=1)
def boot_id() -> str | None:
    """Linux's id of this boot of this kernel; ``None`` elsewhere."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def observer(ident: str, kind: str) -> dict[str, Any]:
    """Who observes, for ``observer.joined``: this process, in the tenant's domain."""
    return {
        "id": ident,
        "kind": kind,
        "domain": "tenant",
        "version": __version__,
        "host": socket.gethostname(),
        "bootId": boot_id(),
        "pid": os.getpid(),
        "parentPid": os.getppid(),
    }


class Texts:
    """The ``texts`` folder of one session: long or private texts by salted digest."""

    def __init__(self, session: Path, key: bytes) -> None:
        """Keep texts of the session in the folder ``session``, whose key is ``key``."""
        self._folder = session / "texts"
        self._key = key
        self._written: set[str] = set()
        #: Texts that couldn't be written so far.
        self.failures = 0

    def put(self, text: str) -> dict[str, Any]:
        """Write ``text`` once and return the reference that events carry; never raises.

        sha256 = SHA-256(salt ‖ UTF-8); salt = the first 16 bytes of
        HMAC-SHA-256(session key, text). Equal texts of a session have one digest.
        """
        raw = text.encode("utf-8", "surrogatepass")
        salt = hmac.digest(self._key, raw, "sha256")[:16]
        digest = hashlib.sha256(salt + raw).hexdigest()
        if digest not in self._written:
            self._write(digest, raw)
        return {"sha256": digest, "salt": base64.b64encode(salt).decode(), "bytes": len(raw)}

    def _write(self, digest: str, raw: bytes) -> None:
        target = self._folder / digest
        try:
            if not target.exists():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                write_private(target, raw)
            self._written.add(digest)
        except OSError:
            self.failures += 1


def write_private(target: Path, raw: bytes) -> None:
    """Write a file that only its owner can read, by a temporary name and a rename."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        temporary.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


class JournalFile:
    """One observer's own file: numbered, hash-chained lines.

    Nothing here raises for a disk that is full, gone or read-only: events wait
    in a bounded buffer, those beyond it are counted, and when writing works
    again a gap ``event-gap`` says how many are missing and for how long. Not
    safe for use from several threads.
    """

    def __init__(
        self,
        path: Path,
        sid: str,
        observers: list[dict[str, Any]],
        *,
        max_waiting: int | None = None,
    ) -> None:
        """Open or continue ``path``; the first of ``observers`` speaks by default."""
        self.path = path
        self.sid = sid
        self._by = str(observers[0]["id"])
        self._observers = observers
        self._max_waiting = MAX_WAITING if max_waiting is None else max_waiting
        self._waiting: deque[Event] = deque()
        self._lost = 0
        self._lost_from: str | None = None
        self._lost_reason = "too many events at once"
        #: Why the last write failed; ``None`` while writing works.
        self.problem: str | None = None
        #: Gaps written so far.
        self.gaps = 0
        self._descriptor: int | None = None
        self._size = 0
        self._seq = 0
        self._prev: str | None = None
        self._closed = False
        self._introduce()

    def _introduce(self) -> None:
        """Say who writes here, first of all."""
        self.add(
            "journal.started",
            program={"name": "jupyter-attest", "version": __version__},
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        )
        for joined in self._observers:
            self.add("observer.joined", observer=joined, by=joined["id"])

    def add(self, kind: str, *, by: str | None = None, **fields: Any) -> None:
        """Put one event into the buffer; it is on disk after the next :meth:`flush`."""
        if self._closed:
            return
        if kind == "gap":
            self.gaps += 1
        if len(self._waiting) >= self._max_waiting:
            self._lost += 1
            self._lost_from = self._lost_from or now_text()
            return
        self._waiting.append(
            {
                "t": now_text(),
                "mono": str(time.monotonic_ns()),
                "by": by or self._by,
                "type": kind,
                **fields,
            }
        )

    def gap(self, code: str, **covers: Any) -> None:
        """State that something wasn't recorded; ``code`` is one of the gap registry."""
        self.add("gap", code=code, covers=covers)

    @property
    def waiting(self) -> int:
        """How many events wait for the next :meth:`flush`."""
        return len(self._waiting)

    def flush(self) -> bool:
        """Write everything that waits with one ``write``; false when the disk didn't take it."""
        if not self._waiting and not self._lost:
            return True
        try:
            self._open()
            self._write_waiting()
        except OSError as error:
            self.problem = error.strerror or str(error)
            self._forget_descriptor()
            return False
        self.problem = None
        return True

    def sync(self) -> None:
        """Flush, and ask the disk to keep it."""
        if self.flush() and self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)

    def close(self) -> None:
        """Flush, sync and close; later events are dropped."""
        if self._closed:
            return
        self.sync()
        self._closed = True
        self._forget_descriptor()

    def _open(self) -> None:
        if self._descriptor is not None and not self._was_removed(self._descriptor):
            return
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            self._continue(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def _was_removed(self, descriptor: int) -> bool:
        """Whether nobody can read what is written to this file; it is closed then."""
        if os.fstat(descriptor).st_nlink or os.name == "nt":
            return False
        self._lost += self._seq
        self._lost_reason = "its file was removed"
        self._forget_descriptor()
        waiting = list(self._waiting)
        self._waiting.clear()
        self._introduce()
        self._waiting.extend(waiting)
        return True

    def _continue(self, descriptor: int) -> None:
        """Find the end of the chain; a torn last line is cut off, and a gap says so."""
        end = os.lseek(descriptor, 0, os.SEEK_END)
        tail = last_line(descriptor, end)
        if tail is None:
            self._seq, self._prev, self._size = 0, None, 0
        else:
            self._seq = int(json.loads(tail.line)["seq"]) + 1
            self._prev = hashlib.sha256(tail.line).hexdigest()
            self._size = tail.end
        if self._size != end:
            os.ftruncate(descriptor, self._size)
            self._lost += 1
            self._lost_reason = "its last line was torn"

    def _write_waiting(self) -> None:
        assert self._descriptor is not None
        seq, prev = self._seq, self._prev
        lines: list[bytes] = []
        for event in [*self._waiting, *self._loss()]:
            line = self._line(event, seq, prev)
            prev = hashlib.sha256(line).hexdigest()
            seq += 1
            lines.append(line + b"\n")
        batch = b"".join(lines)
        written = os.write(self._descriptor, batch)
        if written != len(batch):
            os.ftruncate(self._descriptor, self._size)
            raise OSError(28, "No space left on device")
        self._size += written
        self._seq, self._prev = seq, prev
        self._waiting.clear()
        self._lost, self._lost_from = 0, None

    def _loss(self) -> list[Event]:
        """The gap that states lost events: later than the ones that waited."""
        if not self._lost:
            return []
        self.gaps += 1
        covers: dict[str, Any] = {
            "count": self._lost,
            "to": now_text(),
            "reason": self.problem or self._lost_reason,
        }
        if self._lost_from is not None:
            covers["from"] = self._lost_from
        return [
            {
                "t": now_text(),
                "mono": str(time.monotonic_ns()),
                "by": self._by,
                "type": "gap",
                "code": "event-gap",
                "covers": covers,
            }
        ]

    def _line(self, event: Event, seq: int, prev: str | None) -> bytes:
        line = self._encode(event, seq, prev)
        if len(line) <= MAX_LINE:
            return line
        reason = f"{event['type']} is {len(line)} bytes long, over the limit of a line"
        kept = {key: event[key] for key in ("t", "mono", "by")}
        stand_in = {**kept, "type": "gap", "code": "event-gap", "covers": {"reason": reason}}
        self.gaps += 1
        return self._encode(stand_in, seq, prev)

    def _encode(self, event: Event, seq: int, prev: str | None) -> bytes:
        head = {"v": VERSION, "sid": self.sid, "seq": seq, "prev": prev}
        text = json.dumps({**head, **event}, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def _forget_descriptor(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


class Tail:
    """The last whole line of a file and where it ends."""

    def __init__(self, line: bytes, end: int) -> None:
        """``line`` without its newline; ``end`` is the offset after the newline."""
        self.line = line
        self.end = end


def last_line(descriptor: int, end: int) -> Tail | None:
    """The last line that ends in a newline and parses; ``None`` for an empty file.

    Raises:
        OSError: there are bytes, but no line of a journal: the file isn't ours to continue.
    """
    if end == 0:
        return None
    start = max(0, end - 2 * MAX_LINE - 2)
    os.lseek(descriptor, start, os.SEEK_SET)
    block = b""
    while len(block) < end - start:
        piece = os.read(descriptor, end - start - len(block))
        if not piece:
            break
        block += piece
    stop = block.rfind(b"\n")
    while stop >= 0:
        begin = block.rfind(b"\n", 0, stop) + 1
        line = block[begin:stop]
        with contextlib.suppress(ValueError, KeyError, TypeError):
            int(json.loads(line)["seq"])
            return Tail(line, start + stop + 1)
        stop = begin - 1
    if start == 0:
        return None
    raise OSError(5, "no line of a journal at its end")
