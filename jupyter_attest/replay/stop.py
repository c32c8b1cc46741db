"""Ctrl-C, told only where it can be acted on: a kernel half started is never lost."""

from __future__ import annotations

import os
import signal
import threading

_asked = threading.Event()
_PARENT = os.getppid()


def listen() -> None:
    """From now on Ctrl-C and SIGTERM are noted, and interrupt nothing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _asked.set())


def check() -> None:
    """Go on, or not.

    Raises:
        KeyboardInterrupt: we were asked to stop, or whoever started us is gone.
    """
    if _asked.is_set() or os.getppid() != _PARENT:
        raise KeyboardInterrupt
