"""What is used of the standard library, as it was when the probe began."""

from __future__ import annotations

import _operator
import _thread
import os
import sys
import time
from typing import Any, Callable

#: Version of the package that this file belongs to.
VERSION = "0.1.0"
NAME = "jupyter_attest_probe"

# References taken at start: later patches of these modules (frozen clocks, mocks) don't reach us.
_wall, _mono, _perf = time.time, time.monotonic_ns, time.perf_counter_ns
#: What this thread has computed (ns): a budget that other programs don't eat up.
_work = time.thread_time_ns if hasattr(time, "thread_time_ns") else time.perf_counter_ns
_gmtime, _sleep = time.gmtime, time.sleep
_stat, _lstat, _fstat, _access = os.stat, os.lstat, os.fstat, os.access
_getcwd, _readlink, _realpath, _join = os.getcwd, os.readlink, os.path.realpath, os.path.join
_open, _write, _close, _unlink = os.open, os.write, os.close, os.unlink
_pread = getattr(os, "pread", None)
_getpid, _ident, _frame = os.getpid, _thread.get_ident, sys._getframe
_frames = sys._current_frames
_is, _is_not, _differ = _operator.is_, _operator.is_not, _operator.ne
#: Which object something is, as a number: as good as ``id``, which raises an audit event each time
#: (three times the cost, and a hook of the user's would hear it).
_id = object.__hash__
_module_table = sys.modules
#: Not imported: a child that uses no threads shall not have the module from us.
_threading = sys.modules.get("threading")
_threads = getattr(_threading, "_active", {})
_type_name = type.__dict__["__qualname__"].__get__
_type_flags = type.__dict__["__flags__"].__get__
_type_dict = type.__dict__["__dict__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_module = type.__dict__["__module__"].__get__
_object_dict = object.__getattribute__

SEP = os.sep
CLOEXEC = getattr(os, "O_CLOEXEC", 0)


# What follows comes without the packages around it: a child's program may need none of them, and
# loading ``hashlib``, ``json`` and all that they need takes longer than many a program.


def _hash_function() -> Any:
    """Return the constructor of SHA-256: OpenSSL's where it is loaded, else a built-in one."""
    if "hashlib" not in sys.modules:
        for name in ("_sha2", "_sha256"):  # from Python 3.12 on, and before
            try:
                return __import__(name).sha256
            except ImportError:
                continue
    import hashlib

    return hashlib.sha256


_sha256 = _hash_function()  # type: Any


def _hmac(key: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA-256 (RFC 2104) under a key of at most 64 bytes, as a function of messages."""
    block = key.ljust(64, b"\0")
    inner = _sha256(bytes(byte ^ 0x36 for byte in block))
    outer = _sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(message: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(message)
        around.update(within.digest())
        return around.digest()  # type: ignore[no-any-return]

    return digest


class _Scanned:
    """How ``_loads`` takes numbers and objects: as they are."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float
    parse_int = int


def _codec() -> tuple[Any, Any, Any]:
    try:
        native: Any = __import__("_json")
    except ImportError:  # another implementation of Python
        import json

        return json.JSONEncoder(separators=(",", ":")).encode, json.loads, json.dumps
    escape = native.encode_basestring_ascii
    encoder = native.make_encoder(None, None, escape, None, ":", ",", False, False, True)
    scanner = native.make_scanner(_Scanned)

    def dumps(value: Any) -> str:
        return "".join(encoder(value, 0))

    def loads(text: str) -> Any:
        try:
            return scanner(text.strip(), 0)[0]
        except StopIteration:
            raise ValueError("not JSON") from None

    return dumps, loads, escape


#: JSON in ASCII without spaces (a text that isn't JSON raises ValueError); a text as JSON alone.
_dumps, _loads, _literal = _codec()
