"""What a process and its children did to files, as strace saw it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Calls that open, read, write, rename or remove. A tracer without openat2 misses onnx.
CALLS = (
    "open,openat,openat2,creat,read,pread64,readv,preadv,preadv2,write,pwrite64,writev,pwritev,"
    "pwritev2,mmap,ftruncate,truncate,copy_file_range,sendfile,ioctl,rename,renameat,renameat2,link,"
    "linkat,unlink,unlinkat,chdir,access,faccessat,faccessat2"
)
#: Paths that a cell looks for to say which case it is at.
MARK = "/attest-mark"
STRACE = [
    "strace", "-f", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}", "-e", "signal=none", "-y",
    "-s", "0", "-o",
]  # fmt: skip

_LINE = re.compile(r"(\d+)\s+(.*)")
_CALL = re.compile(r"(\w+)\((.*)\)\s+=\s+(-?\d+|0x[0-9a-f]+)(?:<((?:[^>\\]|\\.)*)>)?[^=]*$")
_MARKED = re.compile(re.escape(MARK) + r"/(\d+)/(begin|end)")
_DESCRIPTOR = re.compile(r"(?<![\w\"])\d+<((?:[^>\\]|\\.)*)>")
_QUOTED = re.compile(r'(?:(?:AT_FDCWD|\d+)(?:<((?:[^>\\]|\\.)*)>)?, )?"((?:[^"\\]|\\.)*)"')
_OCTAL = re.compile(rb"\\([0-7]{1,3}|.)")
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_READS = frozenset({"read", "pread64", "readv", "preadv", "preadv2"})
_WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate"})


@dataclass
class Truth:
    """Files of one case: read as they were before it, written and still there after it."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    #: All whose content could be read or was carried over: by an append, a rename.
    readable: set[str] = field(default_factory=set)
    #: Opened to be read; counts as read where it is a file and no folder.
    opened: set[str] = field(default_factory=set)


def unescaped(text: str) -> str:
    """A path as strace quotes it: octal for what isn't printable ASCII."""

    def one(match: re.Match[bytes]) -> bytes:
        what = match.group(1)
        return bytes([int(what, 8)]) if what.isdigit() else _ESCAPES.get(what, what)

    return _OCTAL.sub(one, text.encode()).decode("utf-8", "surrogateescape")


def joined_lines(log: Path) -> Iterator[tuple[str, str]]:
    """Process id and call of each line; a call that another interrupted is put together again."""
    open_calls: dict[str, str] = {}
    with log.open(errors="surrogateescape") as lines:
        for line in lines:
            match = _LINE.match(line)
            if match is None:
                continue
            pid, text = match.groups()
            if text.endswith("<unfinished ...>"):
                open_calls[pid] = text[: -len("<unfinished ...>")]
            elif text.startswith("<... "):
                yield pid, open_calls.pop(pid, "") + text.partition(" resumed>")[2]
            else:
                yield pid, text


class Reader:
    """Follows a log; knows at any time which case is at work."""

    def __init__(self, work: str) -> None:
        self.cwd: dict[str, str] = {}
        self.work = work
        self.cases: dict[int, Truth] = {}
        self.case: Truth | None = None

    def follow(self, log: Path) -> dict[int, Truth]:
        """The cases by their numbers."""
        for pid, text in joined_lines(log):
            marked = _MARKED.search(text)
            if marked is not None:
                self.case = Truth() if marked.group(2) == "begin" else None
                if self.case is not None:
                    self.cases[int(marked.group(1))] = self.case
                continue
            call = _CALL.match(text)
            if call is not None and not call.group(3).startswith("-"):
                self._call(pid, *call.groups())
        for truth in self.cases.values():
            # What is gone again was a temporary file; folders are no files.
            truth.reads |= {p for p in truth.opened if Path(p).is_file()}
            truth.reads = {p for p in truth.reads if not Path(p).is_dir()}
            truth.readable |= truth.reads  # also through what was opened before
            truth.readable = {p for p in truth.readable if not Path(p).is_dir()}
        return self.cases

    def _call(self, pid: str, name: str, args: str, result: str, path: str | None) -> None:
        if name == "chdir":
            self.cwd[pid] = self._paths(pid, args)[0]
            return
        case = self.case
        if case is None:
            return
        if name in ("open", "openat", "openat2", "creat"):
            self._open(case, unescaped(path or ""), name, args)
        elif name in _READS and result != "0":
            self._read(case, self._descriptor(args))
        elif name in _WRITES:
            self._write(case, self._descriptor(args))
        elif name in ("copy_file_range", "sendfile", "ioctl"):
            self._copy(case, name, args)
        elif name == "mmap":
            self._map(case, args)
        elif name == "truncate":
            self._write(case, self._paths(pid, args)[0])
        elif name.startswith(("rename", "link")):
            source, target = self._paths(pid, args)[:2]
            self._rename(case, source, target, keeps=name.startswith("link"))
        elif name.startswith("unlink"):
            case.writes.discard(self._paths(pid, args)[0])

    def _open(self, case: Truth, path: str, name: str, args: str) -> None:
        if "O_DIRECTORY" in args or "O_PATH" in args or path.endswith(" (deleted)"):
            return
        writable = "O_WRONLY" in args or "O_RDWR" in args or name == "creat"
        if "O_APPEND" in args or ("O_WRONLY" not in args and name != "creat"):
            case.readable.add(path)
        if "O_TRUNC" in args or "O_EXCL" in args or (writable and "O_RDWR" not in args):
            case.writes.add(path)
        elif not writable and path not in case.writes:
            case.opened.add(path)

    def _read(self, case: Truth, path: str | None) -> None:
        if path and path not in case.writes:
            case.reads.add(path)

    def _write(self, case: Truth, path: str | None) -> None:
        if path and not path.endswith(" (deleted)"):
            case.writes.add(path)

    def _copy(self, case: Truth, name: str, args: str) -> None:
        found = [unescaped(p) for p in _DESCRIPTOR.findall(args)]
        if len(found) < 2 or (name == "ioctl" and "FICLONE" not in args):
            return
        source, target = found if name == "copy_file_range" else (found[1], found[0])
        self._read(case, source)
        self._write(case, target)

    def _map(self, case: Truth, args: str) -> None:
        path = self._descriptor(args)
        if "MAP_SHARED" in args and "PROT_WRITE" in args:
            self._write(case, path)
        elif "PROT_READ" in args:
            self._read(case, path)

    def _rename(self, case: Truth, source: str, target: str, keeps: bool) -> None:
        case.readable.add(source)
        if not keeps:
            for old in [p for p in case.writes if p == source or p.startswith(source + "/")]:
                case.writes.discard(old)
                case.writes.add(target + old[len(source) :])
        if not Path(target).is_dir():
            case.writes.add(target)

    def _descriptor(self, args: str) -> str | None:
        found = _DESCRIPTOR.search(args)
        return unescaped(found.group(1)) if found else None

    def _paths(self, pid: str, args: str) -> list[str]:
        """The paths that a call names, absolute."""
        base = self.cwd.get(pid, self.work)
        return [
            str(Path(unescaped(folder) if folder else base) / unescaped(text))
            for folder, text in _QUOTED.findall(args)
        ]
