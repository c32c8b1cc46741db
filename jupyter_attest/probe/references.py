"""What is used of the standard library, as it was when the probe began."""

from __future__ import annotations

import _thread
import hashlib
import hmac
import json
import operator
import os
import sys
import time

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
_open, _write, _close = os.open, os.write, os.close
_pread = getattr(os, "pread", None)
_getpid, _ident, _frame = os.getpid, _thread.get_ident, sys._getframe
_sha256, _hmac = hashlib.sha256, hmac.digest
_is = operator.is_
#: Compact JSON in ASCII.
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_module_table = sys.modules
#: Not imported: a child that uses no threads shall not have the module from us.
_threading = sys.modules.get("threading")
_threads = getattr(_threading, "_active", {})
_type_name = type.__dict__["__qualname__"].__get__
_type_dict = type.__dict__["__dict__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_module = type.__dict__["__module__"].__get__
_object_dict = object.__getattribute__

SEP = os.sep
CLOEXEC = getattr(os, "O_CLOEXEC", 0)
