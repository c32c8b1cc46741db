"""The probe's own journal file."""

from __future__ import annotations

import _thread
import os
from typing import TYPE_CHECKING, Any

from .references import (
    CLOEXEC,
    _close,
    _dumps,
    _fstat,
    _hmac,
    _ident,
    _join,
    _literal,
    _mono,
    _open,
    _perf,
    _sha256,
    _wall,
    _write,
)
from .values import base64_text, try_stat, utc

if TYPE_CHECKING:
    from collections import deque
else:
    from _collections import deque  # the module around it is larger than what is needed

#: A text that took longer to write than this (ns) is the last one that a run waits for.
QUICK = 5_000_000
#: Waiting events beyond this are dropped and counted.
LIMIT = 100_000
#: Our descriptors are moved up to here, so that the user's opens get the numbers they always got.
HIGH_FD = 512
#: A line of the journal is at most 1 MiB.
LINE_LIMIT = 1 << 20
#: How a line begins; what is filled in here without care holds nothing that JSON escapes.
LINE = (
    '{"v":1,"sid":"%s","seq":%d,"t":"%s","mono":"%d","by":"%s","type":"%s","prev":%s,"run":%s,'
    '"attribution":"%s",%s'
)
#: This many waiting events wake the thread.
BATCH = 500


class Journal:
    """One append-only, hash-chained file: a deque in front, a thread or the caller behind.

    ``put`` may be called from the audit hook: it only appends. ``drain`` serialises and writes; it
    runs under a lock that is only ever *tried*, so it can't deadlock, not even from a ``__del__``
    that runs while it allocates.
    """

    def __init__(self, folder: str, sid: str, key: bytes, by: str) -> None:
        self.folder, self.sid, self.by = folder, sid, by
        #: HMAC under the session's key.
        self.mac = _hmac(key)
        self.queue: deque[tuple[Any, ...]] = deque()
        self.lost = 0
        #: Bytes written to the journal so far, lines and texts.
        self.bytes = 0
        self.seq, self.prev = 0, None  # type: int, str | None
        self.rest = b""
        self.busy = _thread.allocate_lock()
        self.wake = _thread.allocate_lock()
        self.wake.acquire()
        #: What a thread of ours is opening at this moment, by thread: the hook skips exactly that.
        self.opening: dict[int, str] = {}
        #: Whether the last text was written quickly.
        self.quick = True
        self.texts_known: set[str] = set()
        self.closed = False
        self.texts_fd = -1
        self.fd = self._high(self._create(_join(folder, by + ".jsonl")))
        self.identity = self._identity(self.fd)
        self.texts_identity: tuple[int, int] | None = None

    def _create(self, path: str) -> int:
        self.opening[_ident()] = path
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | CLOEXEC
            return _open(path, flags, 0o600)
        finally:
            self.opening.clear()

    @staticmethod
    def _high(fd: int) -> int:
        """Move a descriptor out of the range that programs number themselves."""
        try:
            import fcntl

            high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
        except Exception:  # no fcntl, or a low limit: the low number works too
            return fd
        _close(fd)
        return high

    @staticmethod
    def _identity(fd: int) -> tuple[int, int]:
        st = _fstat(fd)
        return st.st_dev, st.st_ino

    def open_texts(self) -> None:
        """Open the folder of texts, so that it is found whatever happens to its path."""
        path = _join(self.folder, "texts")
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        if os.open in os.supports_dir_fd:
            self.texts_fd = self._high(_open(path, os.O_RDONLY | CLOEXEC))
            self.texts_identity = self._identity(self.texts_fd)

    # ---------------------------------------------------------------------------------- in the hook

    def put(self, kind: str, run: str | None, how: str, fields: dict[str, Any]) -> None:
        """Append an event; never blocks."""
        if len(self.queue) >= LIMIT:
            self.lost += 1
            return
        self.queue.append((kind, run, how, _wall(), _mono(), fields))
        if len(self.queue) % BATCH == 0:
            self.hurry()

    def text(
        self, text: str, spans: list[dict[str, Any]] | None = None, now: bool = False
    ) -> dict[str, Any]:
        """Return the journal's reference to a text, whose file is written with the next batch.

        With ``now`` it is written at once, as long as that is quick (the disk isn't slow).
        """
        raw = text.encode("utf-8", "surrogatepass")
        salt = self.mac(raw)[:16]
        digest = _sha256(salt + raw).hexdigest()
        if digest not in self.texts_known:
            self.texts_known.add(digest)
            if not (now and self.quick and self._write_quickly(digest, raw)):
                self.queue.append((None, digest, raw))
        value = {
            "sha256": digest,
            "salt": base64_text(salt),
            "bytes": len(raw),
        }  # type: dict[str, Any]
        if spans:
            value["redact"] = spans
        return value

    def _write_quickly(self, digest: str, raw: bytes) -> bool:
        begun = _perf()
        written = self._write_text(digest, raw)
        self.quick = _perf() - begun < QUICK
        return written

    def hurry(self) -> None:
        """Wake the thread."""
        try:
            self.wake.release()
        except RuntimeError:  # it is awake already
            pass

    # -------------------------------------------------------------------------------- in the thread

    def drain(self, wait: float = 0.0) -> None:
        """Write what waits. Does nothing while somebody else does it (after ``wait`` seconds)."""
        going = True
        while going:
            # Again after the release: another thread of a forked child may have been turned away.
            got = self.busy.acquire(True, wait) if wait else self.busy.acquire(False)
            if not got:
                return
            try:
                while not self.closed and self._push() and self._fill():
                    pass
                going = bool(self.queue) and not self.rest and not self.closed
            finally:
                self.busy.release()

    def _fill(self) -> bool:
        """Serialise the next batch; False when there is none."""
        lines = []
        size = 0
        if self.lost:
            lost, self.lost = self.lost, 0
            lines.append(self._line("gap", None, "none", _wall(), _mono(), _event_gap(lost)))
        while self.queue and size < 1 << 18:
            item = self.queue.popleft()
            if item[0] is None:
                if not self._write_text(item[1], item[2]):
                    self.texts_known.discard(item[1])
                continue
            line = self._line(*item)
            size += len(line)
            lines.append(line)
        self.rest = b"".join(lines)
        return bool(self.rest)

    def _line(
        self, kind: str, run: str | None, how: str, wall: float, mono: int, fields: dict[str, Any]
    ) -> bytes:
        judge_outcome(fields)
        text = LINE % (
            self.sid, self.seq, utc(wall), mono, self.by, kind,
            "null" if self.prev is None else '"' + self.prev + '"',
            "null" if run is None else _literal(run), how, _dumps(fields)[1:],
        )  # fmt: skip
        raw = text.encode("ascii")
        if len(raw) >= LINE_LIMIT:
            return self._line("gap", run, how, wall, mono, _event_gap(1, run, "line too long"))
        self.seq += 1
        self.prev = _sha256(raw).hexdigest()
        return raw + b"\n"

    def _push(self) -> bool:
        """Write the serialised batch; False if some of it must wait (full disk)."""
        if not self.rest:
            return True
        try:
            if self._identity(self.fd) != self.identity:
                raise OSError("the descriptor isn't ours any more")
        except OSError:
            # Somebody closed every descriptor. Writing on could land in a file of the user's.
            self.closed = True
            return False
        try:
            while self.rest:
                written = _write(self.fd, self.rest)
                self.bytes += written
                self.rest = self.rest[written:]
        except OSError:
            return False
        return True

    def _write_text(self, digest: str, raw: bytes) -> bool:
        by_descriptor = self.texts_fd >= 0
        try:
            if by_descriptor and self._identity(self.texts_fd) != self.texts_identity:
                return False
            name = digest if by_descriptor else _join(self.folder, "texts", digest)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOEXEC
            self.opening[_ident()] = name
            try:
                fd = _open(name, flags, 0o600, dir_fd=self.texts_fd if by_descriptor else None)
            except FileExistsError:
                return True
            finally:
                del self.opening[_ident()]
            try:
                while raw:
                    written = _write(fd, raw)
                    self.bytes += written
                    raw = raw[written:]
            finally:
                _close(fd)
            return True
        except Exception:  # also what a user's audit hook raises
            return False


def _event_gap(count: int, run: str | None = None, reason: str = "buffer full") -> dict[str, Any]:
    return {"code": "event-gap", "covers": {"count": count, "run": run, "reason": reason}}


def judge_outcome(fields: dict[str, Any]) -> None:
    """Settle the outcome of an open that would have created its file: is the file there now?"""
    waiting = fields.pop("_created", None)
    if waiting is None or fields["outcome"] != "unknown":
        return
    if try_stat(waiting) is not None:
        fields["outcome"] = "opened"
