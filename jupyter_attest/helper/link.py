"""The recorder's end of the helper: starts it, talks to it, waits for nothing."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Commands that wait while the helper is slow; with more it stands still, and is ended.
MAX_WAITING = 10_000

Message = dict[str, Any]


class HelperLink:
    """One helper process. Never blocks the caller and never raises."""

    def __init__(
        self, home: Path, on_message: Callable[[Message], None], on_exit: Callable[[], None]
    ) -> None:
        """Start the process; both callbacks are called on threads of this link."""
        self._on_message = on_message
        self._on_exit = on_exit
        self._commands: queue.Queue[Message | None] = queue.Queue(MAX_WAITING)
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_attest.helper", str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(sys.executable).anchor,
                # Its own group: a Ctrl-C in the terminal doesn't end it before its last scan.
                start_new_session=True,
            )
        for target, name in ((self._write, "helper-in"), (self._read, "helper-out")):
            threading.Thread(target=target, name=name, daemon=True).start()

    @property
    def pid(self) -> int | None:
        """Process id, or ``None`` when it couldn't be started."""
        return self._process.pid if self._process else None

    def send(self, command: Message) -> bool:
        """Queue a command; false when it was dropped, and the helper with it."""
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            if self._process is not None:
                self._process.kill()
            return False
        return True

    def stop(self, timeout_s: float) -> None:
        """End the process in order: it writes what it knows, then exits."""
        self._stopping = True
        with contextlib.suppress(queue.Full):
            self._commands.put_nowait(None)
        if self._process is not None:
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _write(self) -> None:
        pipe = self._process.stdin if self._process else None
        while (command := self._commands.get()) is not None:
            if pipe is None:
                continue
            with contextlib.suppress(OSError, ValueError):
                pipe.write(json.dumps(command).encode("utf-8") + b"\n")
                pipe.flush()
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout if self._process else None
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                for line in pipe:
                    with contextlib.suppress(ValueError):
                        self._on_message(json.loads(line))
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        if not self._stopping:
            self._commands.put(None)
            self._on_exit()
