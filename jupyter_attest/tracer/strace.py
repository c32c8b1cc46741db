"""What a log of ``strace -f -y -ttt`` says, line by line: calls and ends of processes.

The format is that of strace's manual page, as versions 5.10 to 6.x write it. Nothing
here knows of journals or of Jupyter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_HEAD = re.compile(rb"(\d+) +(\d+)\.(\d{6}) (.*)", re.DOTALL)
_CALL = re.compile(rb"([a-z_0-9]+)\(")
_UNFINISHED = b" <unfinished ...>"
_RESUMED = re.compile(rb"<\.\.\. [a-z_0-9]+ resumed>")
#: The last ``) = …`` of a line: one in a path doesn't end it.
_RESULT = re.compile(
    rb"(.*)\) += (-?\d+|\?)(?:<(.*)>(?:\(deleted\))?)?(?: ([A-Z][A-Z0-9]+)\b.*)?", re.DOTALL
)
_END = re.compile(rb"\+\+\+ (?:exited with (\d+)|killed by (SIG\w+).*|superseded.*) \+\+\+")
_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"(?:\.\.\.)?|<[^>]*>|[\[{(]|[\]})]|,|[^"<\[{(\]}),]+|.', re.DOTALL
)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Call:
    """One system call that has returned."""

    #: Of the thread that made it.
    tid: int
    #: Wall clock at its start, in ns since 1970.
    at: int
    name: str
    #: Its arguments as written, between the parentheses.
    text: bytes
    #: ``None`` where the process was gone before it returned.
    result: int | None
    #: Name of its error, e.g. ``ENOENT``.
    error: str | None
    #: What the returned descriptor stands for: the real path of a file.
    returned: bytes | None

    @cached_property
    def arguments(self) -> list[bytes]:
        """The arguments, each as written."""
        return split(self.text)

    def path(self, index: int) -> bytes | None:
        """The string given as an argument; ``None`` where it isn't one or was cut short."""
        if index >= len(self.arguments):
            return None
        return string_of(self.arguments[index])

    def folder(self, index: int) -> bytes | None:
        """The path behind the descriptor given as an argument, e.g. ``AT_FDCWD</tmp>``."""
        if index >= len(self.arguments):
            return None
        found = re.fullmatch(rb"[^<]*<(.*)>", self.arguments[index], re.DOTALL)
        return unescaped(found[1]) if found else None


@dataclass(frozen=True)
class End:
    """The end of a thread or process."""

    tid: int
    at: int
    #: Exit code; ``None`` where a signal ended it.
    code: int | None


class Parser:
    """Takes lines in order; a call that another's line interrupted comes when it is whole."""

    def __init__(self) -> None:
        """Begin at the start of a log."""
        #: Time and text of calls under way, by thread.
        self.open: dict[int, tuple[int, bytes]] = {}
        #: Lines that say nothing known.
        self.strange = 0

    def feed(self, line: bytes) -> Call | End | None:
        """What a line without its newline completes; ``None`` where it completes nothing."""
        head = _HEAD.fullmatch(line)
        if head is None:
            self.strange += bool(line.strip())
            return None
        tid, rest = int(head[1]), head[4]
        at = int(head[2]) * 1_000_000_000 + int(head[3]) * 1000
        if rest.startswith(b"+++ "):
            self.open.pop(tid, None)
            end = _END.match(rest)
            code = end[1] if end else None
            return End(tid, at, int(code) if code is not None else None)
        resumed = _RESUMED.match(rest)
        if resumed is not None:
            before = self.open.pop(tid, None)
            if before is None:
                return None
            at, rest = before[0], before[1] + rest[resumed.end() :]
        if rest.endswith(_UNFINISHED):
            self.open[tid] = (at, rest[: -len(_UNFINISHED)])
            return None
        return self._call(tid, at, rest)

    def _call(self, tid: int, at: int, rest: bytes) -> Call | None:
        name = _CALL.match(rest)
        result = _RESULT.fullmatch(rest)
        if name is None or result is None:
            self.strange += not rest.startswith(b"--- ")
            return None
        text = rest[name.end() : result.end(1)]
        number = None if result[2] == b"?" else int(result[2])
        error = result[4].decode("ascii") if result[4] and number == -1 else None
        returned = unescaped(result[3]) if result[3] is not None else None
        return Call(tid, at, name[1].decode("ascii"), text, number, error, returned)


def split(text: bytes) -> list[bytes]:
    """The arguments of a call, cut at the commas that stand in no string, list or structure."""
    found: list[bytes] = []
    depth, current = 0, b""
    for token in _TOKEN.findall(text):
        if token in (b"[", b"{", b"("):
            depth += 1
        elif token in (b"]", b"}", b")"):
            depth -= 1
        elif token == b"," and depth == 0:
            found.append(current.strip())
            current = b""
            continue
        current += token
    return [*found, current.strip()] if current.strip() or found else []


def string_of(argument: bytes) -> bytes | None:
    """The bytes of a string argument; ``None`` for anything else and for one cut short."""
    if len(argument) < 2 or argument[:1] != b'"' or argument[-1:] != b'"':
        return None
    return unescaped(argument[1:-1])


def strings_in(argument: bytes) -> list[bytes]:
    """All strings of a list argument, e.g. an argument vector."""
    return [unescaped(found[1:-1]) for found in _STRING.findall(argument)]


def unescaped(text: bytes) -> bytes:
    """A text with strace's C escapes undone."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(_one, text)


def _one(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] == b"x" and len(code) == 3:
        return bytes([int(code[1:], 16)])
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF])
    return _PLAIN.get(code, code)
