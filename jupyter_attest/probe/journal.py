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
    _unlink,
    _wall,
    _write,
)
from .values import base64_text, try_stat, utc

if TYPE_CHECKING:
    from collections import deque
else:
    from _collections import deque  # the module around it is larger than what is needed

#: A text that took longer to write than this (ns) is the last one that a run waits for, and so long
#: (seconds) it waits at most.
QUICK, PATIENCE = 5_000_000, 0.25
#: Texts that can't be written yet are kept up to so many bytes.
KEPT = 8 << 20
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
        self.begin()
        self.fd = self._high(self._create(_join(folder, by + ".jsonl")))
        self.identity = self._identity(self.fd)

    def begin(self) -> None:
        """Set up what changes: nothing waits, nothing is written, nothing is open."""
        self.queue: deque[tuple[Any, ...]] = deque()
        #: Events so far, those that were dropped and the last reason for it.
        self.told = self.lost = 0
        self.why = ""
        #: Bytes written to the journal so far, lines and texts.
        self.bytes = 0
        self.seq, self.prev = 0, None  # type: int, str | None
        self.rest = b""
        self.busy, self.wake = _thread.allocate_lock(), _thread.allocate_lock()
        self.answered = _thread.allocate_lock()
        self.wake.acquire()
        #: Whether a run waits for its text to be written.
        self.asked = False
        #: What a thread of ours is opening at this moment, by thread: the hook skips exactly that.
        self.opening: dict[int, str] = {}
        #: Whether the last text was written quickly.
        self.quick = True
        self.texts_known: set[str] = set()
        #: Texts that couldn't be written so far, by digest.
        self.unwritten: dict[str, bytes] = {}
        self.closed = False
        self.texts_fd = self.fd = -1
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
        self.told += 1
        if len(self.queue) >= LIMIT:
            self.lose(1, "buffer full")
            return
        self.queue.append((kind, run, how, _wall(), _mono(), fields))
        if len(self.queue) % BATCH == 0:
            self.hurry()

    def lose(self, count: int, why: str) -> None:
        """Count events that are dropped."""
        self.lost += count
        self.why = why

    def text(
        self, text: str, spans: list[dict[str, Any]] | None = None, now: bool = False
    ) -> dict[str, Any]:
        """Return the journal's reference to a text, whose file is written with the next batch.

        With ``now`` the caller waits until it is written, as long as that is quick.
        """
        raw = text.encode("utf-8", "surrogatepass")
        salt = self.mac(raw)[:16]
        digest = _sha256(salt + raw).hexdigest()
        if digest not in self.texts_known:
            self.texts_known.add(digest)
            self.queue.append((None, digest, raw))
            if now and self.quick:
                self.ask()
        value = {
            "sha256": digest,
            "salt": base64_text(salt),
            "bytes": len(raw),
        }  # type: dict[str, Any]
        if spans:
            value["redact"] = spans
        return value

    def ask(self) -> None:
        """Let the thread write what waits; wait for that, but not for a disk that hangs."""
        self.answered.acquire(False)
        self.asked = True
        self.hurry()
        if not self.answered.acquire(True, PATIENCE):
            self.quick = False

    def answer(self) -> None:
        """Let a run that asked go on; called by the thread."""
        if self.asked:
            self.asked = False
            try:
                self.answered.release()
            except RuntimeError:
                pass

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
                self._write_again()
                while not self.closed and self._push() and self._fill():
                    pass
                going = bool(self.queue) and not self.rest and not self.closed
            finally:
                self.busy.release()

    def _fill(self) -> bool:
        """Serialise the next batch; False when there is none. What can't be is counted as lost."""
        seq, prev = self.seq, self.prev
        lines: list[bytes] = []
        try:
            self._gather(lines)
        finally:
            try:
                self.rest = b"".join(lines)
            except MemoryError:
                self.seq, self.prev = seq, prev
                self.lose(len(lines), "MemoryError")
        return bool(self.rest)

    def _gather(self, lines: list[bytes]) -> None:
        size = 0
        if self.lost:
            lost, self.lost = self.lost, 0
            gap = _event_gap(lost, None, self.why)
            lines.append(self._line("gap", None, "none", _wall(), _mono(), gap))
        while self.queue and size < 1 << 18:
            item = self.queue.popleft()
            if item[0] is None:
                self._keep(item[1], item[2])
                continue
            try:
                line = self._line(*item)
            except BaseException as error:
                self.lose(1, type(error).__name__)
                raise
            size += len(line)
            lines.append(line)

    def _keep(self, digest: str, raw: bytes) -> None:
        """Write a text; keep it for later if that fails. Which are missing in the end shows."""
        begun = _perf()
        if not self._write_text(digest, raw):
            if sum(map(len, self.unwritten.values())) + len(raw) <= KEPT:
                self.unwritten[digest] = raw
            else:
                self.texts_known.discard(digest)
        self.quick = _perf() - begun < QUICK

    def _write_again(self) -> None:
        """Write the texts that couldn't be written before."""
        while self.unwritten:
            digest, raw = self.unwritten.popitem()
            if not self._write_text(digest, raw):
                self.unwritten[digest] = raw
                return

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
                self.rest = self.rest[written:] if written < len(self.rest) else b""
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
                if raw:  # a part of a text is none
                    _unlink(name, dir_fd=self.texts_fd if by_descriptor else None)
            return True
        except Exception:  # also what a user's audit hook raises
            return False


def _event_gap(count: int, run: str | None, reason: str) -> dict[str, Any]:
    return {"code": "event-gap", "covers": {"count": count, "run": run, "reason": reason}}


def judge_outcome(fields: dict[str, Any]) -> None:
    """Settle the outcome of an open that would have created its file: is the file there now?"""
    waiting = fields.pop("_created", None)
    if waiting is None or fields["outcome"] != "unknown":
        return
    if try_stat(waiting) is not None:
        fields["outcome"] = "opened"
