"""The processes and threads of a log: who started whom, when, and in which folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from .strace import Call, End, Parser

STARTS = frozenset({"clone", "clone3", "fork", "vfork"})


@dataclass
class Process:
    """One process; ``parent`` and the thread that started it are unknown for the kernel."""

    pid: int
    parent: Process | None = None
    #: Thread of the parent that started it, and when (wall clock, ns).
    by: Thread | None = None
    born: int = 0
    #: Absolute; ``None`` until something tells it.
    cwd: str | None = None
    executed: bool = False

    @property
    def is_kernel(self) -> bool:
        """Whether it is the process that the tracer was started with."""
        return self.parent is None and self.by is None

    def absolute(self, path: bytes, folder: bytes | None = None) -> str | None:
        """A path of this process as an absolute one, its links unresolved."""
        if path.startswith(b"/"):
            return os.path.normpath(os.fsdecode(path))
        base = os.fsdecode(folder) if folder is not None else self.cwd
        return None if base is None else os.path.normpath(f"{base}/{os.fsdecode(path)}")


@dataclass(eq=False)
class Thread:
    """One thread; the first of a process has its id."""

    tid: int
    process: Process
    born: int


@dataclass
class Tree:
    """All of them, as the lines so far tell."""

    parser: Parser
    cwd: str | None = None
    kernel: Process | None = None
    threads: dict[int, Thread] = field(default_factory=dict)

    def thread(self, tid: int, at: int) -> Thread:
        """The thread of a line; the first line is the kernel's."""
        known = self.threads.get(tid)
        if known is not None:
            return known
        if self.kernel is None:
            self.kernel = Process(tid, cwd=self.cwd)
            return self._remember(Thread(tid, self.kernel, at))
        # Its first line can come before its parent's call has returned.
        parents = [
            (self.threads[by], text)
            for by, (_, text) in self.parser.open.items()
            if by in self.threads and text.split(b"(", 1)[0].decode("ascii", "replace") in STARTS
        ]
        parent, text = parents[-1] if parents else (self.threads.get(self.kernel.pid), b"")
        return self._start(parent, tid, at, text)

    def started(self, call: Call) -> None:
        """A call that makes a thread or a process has returned."""
        if not call.result or call.result < 0:
            return
        parent = self.thread(call.tid, call.at)
        known = self.threads.get(call.result)
        if known is None:
            self._start(parent, call.result, call.at, call.text)
        elif known.process.by is not parent and known.process is not parent.process:
            known.process.parent, known.process.by = parent.process, parent

    def moved(self, thread: Thread, call: Call) -> None:
        """The process has changed its folder."""
        process = thread.process
        if call.name == "fchdir":
            folder = call.folder(0)
            process.cwd = os.fsdecode(folder) if folder else process.cwd
            return
        path = call.path(0)
        new = process.absolute(path) if path is not None else None
        process.cwd = os.path.realpath(new) if new else process.cwd

    def ended(self, end: End) -> Process | None:
        """The process that has ended, where it was one and not only a thread."""
        thread = self.threads.pop(end.tid, None)
        if thread is None or thread.process.pid != end.tid:
            return None
        return thread.process

    def _start(self, parent: Thread | None, tid: int, at: int, text: bytes) -> Thread:
        if parent is not None and b"CLONE_THREAD" in text:
            return self._remember(Thread(tid, parent.process, at))
        above = parent.process if parent is not None else None
        cwd = above.cwd if above is not None else self.cwd
        process = Process(tid, above, parent, at, cwd)
        return self._remember(Thread(tid, process, at))

    def _remember(self, thread: Thread) -> Thread:
        self.threads[thread.tid] = thread
        return thread
