"""Runs the bundled command line for one request: one short process, its lines as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ..node import NodeNotFoundError, cli_command, cli_environment

#: Longest line that is taken, in bytes: a statement with room to spare.
MAX_LINE = 256 * 1024 * 1024
#: Characters of standard error that are kept.
_KEPT = 2000
#: Seconds to wait for the rest of standard error: a process it left behind may keep it open.
_REST_S = 2.0


class ProgramError(Exception):
    """The command line couldn't be started or gave no answer; ``code`` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        """``message`` is one clear line."""
        super().__init__(message)
        self.code = code

    def reply(self) -> dict[str, Any]:
        """As ``IErrorReply``."""
        return {"type": "error", "code": self.code, "message": str(self)}


class Program:
    """One call of the command line. Threads, not the loop: Windows' loop has no subprocesses."""

    def __init__(self, home: Path) -> None:
        """Call it with the journal home ``home``."""
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._stderr = b""

    async def lines(self, arguments: list[str], stdin: str = "") -> AsyncIterator[str]:
        """Start it and yield each line of its standard output.

        Raises:
            ProgramError: ``no-node`` or ``not-started``.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        await asyncio.to_thread(self._start, arguments)

        def pump() -> None:
            assert self._process is not None and self._process.stdout is not None
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                while line := self._process.stdout.readline(MAX_LINE):
                    loop.call_soon_threadsafe(arrived.put_nowait, line)
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(arrived.put_nowait, None)

        complaints = threading.Thread(target=self._complain, daemon=True)
        complaints.start()
        for target, given in ((pump, ()), (self._feed, (stdin,))):
            threading.Thread(target=target, args=given, daemon=True).start()
        try:
            while (line := await arrived.get()) is not None:
                text = line.decode("utf-8", "replace").rstrip("\n")
                if text:
                    yield text
            await asyncio.to_thread(complaints.join, _REST_S)
        finally:
            self.kill()

    async def json(self, arguments: list[str], stdin: str = "") -> Any:
        """Run it and return the one JSON value that it prints.

        Raises:
            ProgramError: as :meth:`lines`, and ``no-answer``.
        """
        text = "".join([line async for line in self.lines(arguments, stdin)])
        try:
            return json.loads(text)
        except ValueError as error:
            raise ProgramError("no-answer", self.last_words()) from error

    def last_words(self) -> str:
        """The last line of its standard error, or what else is known of its end."""
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "The command line gave no answer."

    def kill(self) -> None:
        """End it now, if it still runs."""
        self._killed = True
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError):
                process.kill()
            threading.Thread(target=process.wait, daemon=True).start()

    def _start(self, arguments: list[str]) -> None:
        try:
            command = cli_command(*arguments)
        except NodeNotFoundError as error:
            raise ProgramError("no-node", str(error)) from error
        environment = {
            **cli_environment(),
            "JUPYTER_ATTEST_DIR": str(self._home),
            # The server flushes before it asks, with its own answer to a helper that is slow.
            "JUPYTER_ATTEST_FLUSHED": "1",
        }
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=os.path.expanduser("~"),  # noqa: PTH111
            )
        except OSError as error:
            raise ProgramError("not-started", f"{command[0]}: {error.strerror}") from error
        if self._killed:
            self.kill()

    def _feed(self, text: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(text.encode("utf-8"))
            self._process.stdin.close()

    def _complain(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while piece := self._process.stderr.read(4096):
                self._stderr = (self._stderr + piece)[-_KEPT:]
