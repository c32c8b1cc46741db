"""``python -m jupyter_attest.helper HOME``: commands on stdin, replies on stdout, JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from .priority import be_idle
from .service import Service

_END = object()


def _read_commands(source: BinaryIO, commands: queue.SimpleQueue[Any]) -> None:
    for line in source:
        with contextlib.suppress(ValueError):
            commands.put(json.loads(line))
    commands.put(_END)


def _reply(message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(json.dumps(message).encode("utf-8") + b"\n")
        sys.stdout.buffer.flush()


def main() -> int:
    """Work until stdin ends."""
    be_idle()
    with contextlib.suppress(ValueError, AttributeError):
        # Ctrl-C in a terminal is for the program that started us; it closes our stdin.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    commands: queue.SimpleQueue[Any] = queue.SimpleQueue()
    reader = threading.Thread(
        target=_read_commands, args=(sys.stdin.buffer, commands), name="commands", daemon=True
    )
    reader.start()
    service = Service(Path(sys.argv[1]), _reply)
    wait = 0.0
    due = time.monotonic()
    while True:
        try:
            message = commands.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            message = None
        if message is _END:
            service.stop()
            return 0
        if message is not None:
            with contextlib.suppress(OSError, KeyError, ValueError, TypeError):
                service.command(message)
        if time.monotonic() >= due or message is None:
            wait = service.tick()
            due = time.monotonic() + wait


if __name__ == "__main__":
    sys.exit(main())
