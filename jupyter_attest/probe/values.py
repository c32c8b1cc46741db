"""Small values: times, names, types and stats as the journal holds them."""

from __future__ import annotations

import binascii
import os
from typing import Any

from .references import (
    NAME,
    _gmtime,
    _id,
    _stat,
    _type_dict,
    _type_flags,
    _type_module,
    _type_name,
)

#: Modules whose code runs as a part of the probe: itself, what it calls of the standard library.
OURS = frozenset({
    NAME, "posixpath", "ntpath", "genericpath", "os", "json.encoder", "base64", "hmac", "pathlib",
    "pathlib._local", "ast", "fnmatch",
})  # fmt: skip
PATH_TYPES = frozenset({"PosixPath", "WindowsPath"})
#: Types made by a class statement, or at run time in C: those can't be changed (Python 3.10 on).
HEAP_TYPE, IMMUTABLE_TYPE = 1 << 9, 1 << 8


def utc(seconds: float) -> str:
    """Format a time as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``."""
    global _second
    micros = int(seconds * 1_000_000)
    whole, rest = divmod(micros, 1_000_000)
    known, text = _second
    if known != whole:
        text = "%04d-%02d-%02dT%02d:%02d:%02d" % _gmtime(whole)[:6]
        _second = whole, text
    return "%s.%06dZ" % (text, rest)


#: The second that was formatted last, and its text: most events share it with the one before.
_second = (-1, "")


def name_of(text: str) -> Any:
    """Return a path as the journal holds it: text, or base64 of its bytes if it isn't UTF-8."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return {"b64": base64_text(os.fsencode(text))}


def base64_text(raw: bytes) -> str:
    """Return bytes in base64."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def plain_text(value: Any) -> str | None:
    """Return the text of a path-like argument without running anybody's code, else None."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bytes:
        return os.fsdecode(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if kind.__name__ in PATH_TYPES and _class_attribute(kind, "__module__").startswith("pathlib"):
        return os.fspath(value)  # type: ignore[no-any-return]
    return None


def _class_attribute(cls: type, name: str) -> str:
    """Return a textual attribute of the class's own dictionary, or an empty string."""
    value = _type_dict(cls).get(name)
    return value if type(value) is str else ""


def module_of(cls: type) -> str:
    """Return the module that a class says it is from (also of one written in C), or nothing."""
    value = _type_module(cls) if "__module__" not in _type_dict(cls) else None
    return value if type(value) is str else _class_attribute(cls, "__module__")


def is_static(kind: type) -> bool:
    """Tell a type written in C, whose attributes nobody can replace."""
    return _type_flags(kind) & (HEAP_TYPE | IMMUTABLE_TYPE) != HEAP_TYPE  # type: ignore[no-any-return]


def type_name(value: Any) -> str:
    """Return module and qualified name of the exact type, without asking the object."""
    cls = type(value)
    module = module_of(cls) or "builtins"
    name: str = _type_name(cls)
    return name if module == "builtins" else module + "." + name


def ids_of(names: Any) -> list[int]:
    """Return the ids of a dictionary's values in its order, quickly."""
    return list(map(_id, list(names.values())))


def stat_fields(st: os.stat_result, mounts: dict[int, str]) -> dict[str, Any]:
    """Return a stat result as the journal's ``Stat``."""
    size = st.st_size
    return {
        "dev": str(st.st_dev),
        "ino": str(st.st_ino),
        "size": size if size < 1 << 53 else str(size),
        "mtimeNs": str(st.st_mtime_ns),
        "ctimeNs": str(st.st_ctime_ns),
        "nlink": st.st_nlink,
        "fs": mounts.get(st.st_dev),
    }


def unquoted(text: str) -> str:
    """Return the path in a URL, its ``%HH`` as the bytes they stand for."""
    if "%" not in text:
        return text
    head, *parts = os.fsencode(text).split(b"%")
    decoded = head
    for part in parts:
        try:
            decoded += bytes([int(part[:2], 16)]) + part[2:]
        except ValueError:
            decoded += b"%" + part
    return os.fsdecode(decoded)


def try_stat(path: str) -> os.stat_result | None:
    """Stat a path, following links; None if there is nothing."""
    try:
        return _stat(path)
    except (OSError, ValueError):
        return None


def read_small(path: str, limit: int = 65536) -> str:
    """Read the beginning of a small text file; empty if it can't be read. At start only."""
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


class Pattern:
    """A regular expression that is compiled when it is first used: most children use none."""

    __slots__ = ("compiled", "text")

    def __init__(self, text: str) -> None:
        self.text, self.compiled = text, None  # type: str, Any

    def __call__(self) -> Any:
        """Return the compiled expression."""
        if self.compiled is None:
            import re

            self.compiled = re.compile(self.text)
        return self.compiled


def new_id() -> str:
    """Return a random UUID (version 4) without touching any random state."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_foreign(error: BaseException) -> bool:
    """Tell an error that a signal handler raised meanwhile from one of the probe's own.

    A signal handler of the user's (an interrupt, an alarm) runs wherever the interpreter happens
    to be, and that may be here: its exception is the user's and must arrive. Nothing of the probe
    raises a KeyboardInterrupt; any other error is the probe's if nobody else's code raised it.
    """
    foreign = isinstance(error, KeyboardInterrupt)
    trace = error.__traceback__
    while trace is not None and not foreign:
        frame = trace.tb_frame
        name = frame.f_globals.get("__name__")
        foreign = frame.f_code.co_name != "<lambda>" and name not in OURS
        trace = trace.tb_next
    if foreign:
        error.__traceback__ = None  # and a bare raise: our frames don't show (Python 3.11 on)
    return foreign
