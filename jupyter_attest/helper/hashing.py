"""SHA-256 of files: one worker, the digests that were asked for first, the rest ahead."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from .files import Identity, file_system, identity_of, is_network, is_regular

_CHUNK = 1024 * 1024

#: Digests that are remembered.
MAX_CACHED = 200_000
#: Jobs that wait; beyond it digests are deferred to attest time.
MAX_WAITING = 10_000

WANTED, AHEAD = 0, 1


@dataclass(frozen=True)
class Digest:
    """A digest, or the reason why there is none; codes as in the event ``file.hashed``."""

    sha256: str | None
    absent: str | None
    #: Wall clock when the bytes had been read, in ns.
    at_ns: int = 0
    #: Made before anybody asked for it.
    ahead: bool = False
    #: Monotonic clock when hashing began, in ns.
    begun_ns: int = 0


def digest_of(path: str, wanted: Identity, max_bytes: int) -> Digest:
    """Hash a file, if it is still what was seen, before and after.

    Args:
        path: the real path.
        wanted: identity whose bytes are meant.
        max_bytes: largest size to hash.
    """
    if wanted.size > max_bytes:
        return Digest(None, "too-large")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return Digest(None, "gone")
    except OSError:
        return Digest(None, "unreadable")
    try:
        return _digest_of_open(descriptor, wanted)
    except OSError:
        return Digest(None, "unreadable")
    finally:
        os.close(descriptor)


def _digest_of_open(descriptor: int, wanted: Identity) -> Digest:
    status = os.fstat(descriptor)
    if not is_regular(status):
        return Digest(None, "special")
    if identity_of(status) != wanted:
        return Digest(None, "changed")
    if is_network(file_system(status.st_dev)):
        return Digest(None, "deferred")
    begun = time.monotonic_ns()
    digest, left = hashlib.sha256(), wanted.size
    while chunk := os.read(descriptor, _CHUNK):
        digest.update(chunk)
        left -= len(chunk)
        if left < 0:  # a file that grows while it is read could go on for ever
            return Digest(None, "changed")
    if identity_of(os.fstat(descriptor)) != wanted:
        return Digest(None, "changed")
    return Digest(digest.hexdigest(), None, time.time_ns(), begun_ns=begun)


@dataclass(frozen=True)
class Job:
    """One file to hash; ``ticket`` is the asker's own, ``None`` for work ahead."""

    path: str
    identity: Identity
    ticket: object | None = None


class Hasher:
    """A worker thread with a memory of what it hashed."""

    def __init__(self, done: Callable[[Job, Digest, bool], None], max_bytes: int) -> None:
        """Start the worker.

        Args:
            done: called on its thread for each job with a ticket: the job, its
                digest, and whether that came from the memory.
            max_bytes: larger files get no digest.
        """
        self.max_bytes = max_bytes
        self._done = done
        self._cache: OrderedDict[Identity, Digest] = OrderedDict()
        #: Inodes mapped for writing: their bytes change while their identities stay.
        self._mutable: set[tuple[int, int]] = set()
        #: How often that set changed: what was hashed across a change isn't remembered.
        self._generation = 0
        self._lock = threading.Lock()
        self._jobs: queue.PriorityQueue[tuple[int, int, Job]] = queue.PriorityQueue()
        self._order = itertools.count()
        threading.Thread(target=self._work, name="hasher", daemon=True).start()

    def known(self, identity: Identity) -> Digest | None:
        """The digest of these bytes, if it was made before."""
        with self._lock:
            return self._cache.get(identity)

    def mutable(self, inode: tuple[int, int], *, mapped: bool) -> None:
        """A file was mapped for writing, or is no more: what was known of its bytes is void."""
        with self._lock:
            (self._mutable.add if mapped else self._mutable.discard)(inode)
            self._generation += 1
            for identity in [i for i in self._cache if (i.dev, i.ino) == inode]:
                del self._cache[identity]

    def is_mutable(self, identity: Identity) -> bool:
        """Whether these bytes may change without a trace."""
        with self._lock:
            return (identity.dev, identity.ino) in self._mutable

    def want(self, job: Job) -> bool:
        """Queue a job that somebody waits for; false when too many wait."""
        if self._jobs.qsize() >= MAX_WAITING:
            return False
        self._jobs.put((WANTED, next(self._order), job))
        return True

    def ahead(self, path: str, identity: Identity) -> bool:
        """Queue a file that may be asked for; false when it is known or too many wait."""
        if self.known(identity) or self.is_mutable(identity) or self._jobs.qsize() >= MAX_WAITING:
            return False
        self._jobs.put((AHEAD, next(self._order), Job(path, identity)))
        return True

    def _work(self) -> None:
        while True:
            _, _, job = self._jobs.get()
            known = self.known(job.identity)
            digest = known
            if self.is_mutable(job.identity):
                digest = Digest(None, "mutable")
            elif digest is None:
                generation = self._generation
                digest = digest_of(job.path, job.identity, self.max_bytes)
                self._remember(job, digest, generation)
            if job.ticket is not None:
                with contextlib.suppress(Exception):
                    self._done(job, digest, known is not None)

    def _remember(self, job: Job, digest: Digest, generation: int) -> None:
        if digest.sha256 is None:
            return
        kept = replace(digest, ahead=job.ticket is None)
        with self._lock:
            if generation != self._generation:
                return
            self._cache[job.identity] = kept
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
