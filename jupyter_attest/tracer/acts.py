"""Calls in the journal's words: which of them are acts on files, programs or the network."""

from __future__ import annotations

import os
import re
import stat as modes
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..helper.files import identity_in, stat_event
from ..journal import name_of
from ..probe.files import DATA_SUFFIXES, source_of
from ..probe.redaction import cut_argv
from .strace import Call, string_of, strings_in
from .tree import Process, Thread, Tree

#: A file changed this short before an open may have been another at the open, in ns.
GRAIN_NS = 20_000_000

_OPENS = frozenset({"open", "openat", "openat2", "creat", "open_by_handle_at"})
_NEVER = ("/dev/", "/proc/", "/sys/")
#: Where programs put what no author chose (the same places as in the session's fold).
_SYSTEM = re.compile(
    r"/(run(?!/media)|etc|boot|lib|lib64|snap)(/|$)|/usr/(share|lib|lib64|libexec|bin|sbin|include)/"
    r"|/var/(run|cache|lib/(dpkg|apt))/"
)
_PACKAGES = re.compile(r"/(site|dist)-packages/")
#: Of Python's path, not of a model: read by each interpreter at its start.
_PATHS = re.compile(r"/(site|dist)-packages/[^/]+\.pth$")
#: IPython's list of earlier commands, and what SQLite keeps beside it.
_HISTORY = re.compile(r"/history\.sqlite(-journal|-wal|-shm)?$")
_PORT = re.compile(rb"sin6?_port=htons\((\d+)\)")
_ADDRESS = re.compile(rb'(?:inet_addr|inet_pton)\((?:AF_INET6?, )?"([^"]+)"')


@dataclass
class Act:
    """One event to be, before it is known whose run did it."""

    kind: str
    at: int
    thread: Thread
    fields: dict[str, Any]
    #: Real paths that it leaves written, and that it takes away.
    writes: list[str] = field(default_factory=list)
    takes: list[str] = field(default_factory=list)
    #: What tells it from another act of the run.
    key: tuple[Any, ...] = ()


class Filter:
    """Which files are the installation's, the system's or the recording's own."""

    def __init__(self, private: tuple[str, ...]) -> None:
        """``private``: folders of the recording's own, each ending in a slash."""
        self.private = private
        #: Folders of the kernel's installation, without a slash at the end.
        self.prefixes: set[str] = set()
        #: Files of Jupyter's, e.g. the connection file.
        self.files: set[str] = set()

    def is_noise(self, path: str, *, writing: bool) -> bool:
        """Whether a path says nothing of the work."""
        if path.startswith(_NEVER) or path.startswith(self.private) or path in self.files:
            return True
        if _HISTORY.search(path) or "/ipykernel_" in path:
            return True
        if writing:
            return "/__pycache__/" in path
        if path.lower().endswith(DATA_SUFFIXES) and not _PATHS.search(path):
            return False
        if _SYSTEM.match(path) or _PACKAGES.search(path):
            return True
        return any(path.startswith(prefix + "/") for prefix in self.prefixes)


class Acts:
    """Makes acts of calls. Files are looked at here, as soon as their line is read."""

    def __init__(
        self, tree: Tree, noise: Filter, existed: Callable[[str, int], dict[str, Any] | None]
    ) -> None:
        """``existed``: the stat of a file as it surely was at a time (wall clock, ns)."""
        self._tree = tree
        self._noise = noise
        self._existed = existed

    def of(self, call: Call, thread: Thread) -> list[Act]:
        """What a call that succeeded amounts to."""
        if call.name in _OPENS:
            return self._opened(call, thread)
        maker = {
            "truncate": self._truncated,
            "execve": self._executed,
            "execveat": self._executed,
            "connect": self._connected,
            "unlink": self._removed,
            "unlinkat": self._removed,
            "symlink": self._linked,
            "symlinkat": self._linked,
            "link": self._linked,
            "linkat": self._linked,
            "rename": self._renamed,
            "renameat": self._renamed,
            "renameat2": self._renamed,
        }.get(call.name)
        return maker(call, thread) if maker is not None else []

    # ---------------------------------------------------------------- files

    def _opened(self, call: Call, thread: Thread) -> list[Act]:
        if call.returned is None or not call.returned.startswith(b"/"):
            return []
        real = os.fsdecode(call.returned.removesuffix(b" (deleted)"))
        ops = ops_of(call)
        writing = ops is not None and ops != ["read"]
        if ops is None or self._noise.is_noise(real, writing=writing):
            return []
        if real.endswith(".pyc"):
            source = source_of(real)
            if source is None:
                return []
            real = source
        given = call.path(1 if call.name in ("openat", "openat2") else 0)
        return self._file(call, thread, real, ops, given)

    def _file(
        self, call: Call, thread: Thread, real: str, ops: list[str], given: bytes | None
    ) -> list[Act]:
        status = _status(real)
        if status is not None and not modes.S_ISREG(status.st_mode):
            return []
        stat: dict[str, Any] | None = None
        if ops == ["read"]:
            stat = self._met(real, status, call.at)
        elif "truncate" not in ops:
            stat = self._existed(real, call.at)
            if stat is None and b"O_CREAT" in call.text:
                ops = [*ops, "create"]
        return [
            Act(
                "file.opened",
                call.at,
                thread,
                {
                    "path": name_of(given) if given is not None else name_of(real),
                    "realPath": name_of(real),
                    "ops": ops,
                    "via": "tracer",
                    "library": None,
                    "function": None,
                    "stat": stat,
                    "outcome": "opened",
                },
                writes=[real] if ops != ["read"] else [],
                key=(real, tuple(ops), str(stat)),
            )
        ]

    def _met(self, real: str, status: os.stat_result | None, at: int) -> dict[str, Any] | None:
        """The identity that an open at this time surely met; ``None`` where it isn't sure."""
        if status is None:
            return None
        now = stat_event(status)
        if status.st_ctime_ns <= at - GRAIN_NS:
            return now
        before = self._existed(real, at)
        return now if before is not None and identity_in(before) == identity_in(now) else None

    def _truncated(self, call: Call, thread: Thread) -> list[Act]:
        path = self._named(call, thread, None, 0)
        if path is None or self._noise.is_noise(path, writing=True):
            return []
        return self._file(call, thread, os.path.realpath(path), ["write", "truncate"], call.path(0))

    def _renamed(self, call: Call, thread: Thread) -> list[Act]:
        source, target = self._pair(call, thread)
        if source is None or target is None or self._noise.is_noise(target, writing=True):
            return []
        status = _status(target)
        folder = status is not None and modes.S_ISDIR(status.st_mode)
        fields = {"from": name_of(source), "to": name_of(target)}
        kind = "folder.renamed" if folder else "file.renamed"
        writes = [] if folder else [target]
        return [Act(kind, call.at, thread, fields, writes, [source], (kind, source, target))]

    def _linked(self, call: Call, thread: Thread) -> list[Act]:
        symbolic = call.name.startswith("symlink")
        if symbolic:
            text = call.path(0)
            target = self._named(call, thread, *((1, 2) if call.name == "symlinkat" else (None, 1)))
            if text is None or target is None:
                return []
            source: str | None = str(Path(target).parent / os.fsdecode(text))
        else:
            source, target = self._pair(call, thread)
        if source is None or target is None or self._noise.is_noise(target, writing=True):
            return []
        fields = {"from": name_of(source), "to": name_of(target), "symbolic": symbolic}
        return [Act("file.linked", call.at, thread, fields, key=("link", source, target))]

    def _removed(self, call: Call, thread: Thread) -> list[Act]:
        path = self._named(call, thread, *((0, 1) if call.name == "unlinkat" else (None, 0)))
        if path is None or self._noise.is_noise(path, writing=True):
            return []
        fields = {"path": name_of(path)}
        return [Act("file.removed", call.at, thread, fields, takes=[path], key=("gone", path))]

    def _pair(self, call: Call, thread: Thread) -> tuple[str | None, str | None]:
        """Both paths of a rename or a link; their folders are resolved, they themselves not."""
        if call.name in ("rename", "link"):
            return self._named(call, thread, None, 0), self._named(call, thread, None, 1)
        return self._named(call, thread, 0, 1), self._named(call, thread, 2, 3)

    def _named(self, call: Call, thread: Thread, folder: int | None, index: int) -> str | None:
        path = call.path(index)
        if path is None:
            return None
        base = call.folder(folder) if folder is not None else None
        absolute = thread.process.absolute(path, base)
        if absolute is None:
            return None
        parent, name = os.path.split(absolute)
        return str(Path(os.path.realpath(parent)) / name)

    # ------------------------------------------------- programs and network

    def _executed(self, call: Call, thread: Thread) -> list[Act]:
        arguments = call.arguments
        first = 1 if call.name == "execveat" else 0
        program = call.path(first)
        words = [os.fsdecode(word) for word in strings_in(arguments[first + 1])]
        process = thread.process
        if process.is_kernel and not process.executed:
            process.executed = True
            self._noise.files.update(w for w in words if w.startswith("/") and Path(w).is_file())
            return []
        process.executed = True
        text, spans = cut_argv(words)
        fields = {
            "argv": (text, spans),
            "how": "exec",
            "program": name_of(program) if program is not None else None,
            "pid": process.pid,
            "probed": False,
        }
        return [Act("process.started", call.at, thread, fields, key=("exec", process.pid, text))]

    def _connected(self, call: Call, thread: Thread) -> list[Act]:
        text = call.text
        if b"AF_UNIX" in text:
            found = re.search(rb'sun_path=(@?"(?:[^"\\]|\\.)*")', text)
            path = string_of(found[1].lstrip(b"@")) if found else None
            if path is None or b"nscd" in path or b"systemd" in path:
                return []
            host, port = "unix:" + os.fsdecode(path), None
        else:
            address, number = _ADDRESS.search(text), _PORT.search(text)
            port = int(number[1]) if number else 0
            if address is None or port in (0, 53):  # 0: a look at routes, 53: a name's lookup
                return []
            host = address[1].decode("ascii", "replace")
        fields = {"host": host, "port": port}
        return [Act("net.connected", call.at, thread, fields, key=("net", host, port))]


def ops_of(call: Call) -> list[str] | None:
    """The directions of an open from its flags; ``None`` where it opens no file's bytes."""
    if call.name == "creat":
        return ["write", "truncate", "create"]
    flags = set(re.findall(rb"O_[A-Z]+", call.text.rpartition(b'"')[2]))
    if flags & {b"O_PATH", b"O_DIRECTORY", b"O_TMPFILE"}:
        return None
    both = b"O_RDWR" in flags
    ops = ["read"] if both or b"O_WRONLY" not in flags else []
    if both or b"O_WRONLY" in flags:
        ops.append("append" if b"O_APPEND" in flags else "write")
    if b"O_TRUNC" in flags:
        ops.append("truncate")
        if b"O_CREAT" in flags:
            ops.append("create")
    return ops


def settled(path: str, ended_at: int) -> dict[str, Any] | None:
    """``file.settled`` of what a run left, unless somebody changed it since; both in ns."""
    status = _status(path)
    if status is not None and status.st_ctime_ns > ended_at:
        return None
    stat = stat_event(status) if status is not None else None
    return {"realPath": name_of(path), "stat": stat, "stillOpen": None}


def _status(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


__all__ = ["Act", "Acts", "Filter", "Process", "ops_of", "settled"]
