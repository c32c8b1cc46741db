"""Idle priority for a process, and the way back while somebody waits for it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys

#: ``ioprio_set(2)`` by machine; Linux only.
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_WHO_PROCESS = 1
_CLASS_BEST_EFFORT = 2
_CLASS_IDLE = 3


def be_idle(pid: int = 0) -> None:
    """Give a process (0: this one) what nobody else wants of processor and disk; best effort."""
    _schedule(pid, idle=True)
    _io(pid, _CLASS_IDLE)


def be_normal(pid: int = 0) -> None:
    """Undo :func:`be_idle`; best effort."""
    _schedule(pid, idle=False)
    _io(pid, _CLASS_BEST_EFFORT)


def _schedule(pid: int, *, idle: bool) -> None:
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            policy = os.SCHED_IDLE if idle else os.SCHED_OTHER
            os.sched_setscheduler(pid, policy, os.sched_param(0))
        elif idle:
            os.setpriority(os.PRIO_PROCESS, pid, 19)


def _io(pid: int, kind: int) -> None:
    call = _IOPRIO_SET.get(platform.machine())
    if sys.platform != "linux" or call is None:
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).syscall(call, _WHO_PROCESS, pid, (kind << 13) | 4)
