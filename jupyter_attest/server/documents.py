"""Which notebook uses which kernel.

The server has no event for that, so its list of sessions (a table in memory) is
read whenever something happens that may have changed it: a kernel starts, a
client runs code for the first time, a file is saved, renamed or deleted through
the contents service, or one of our routes is asked. Nothing polls and nothing
of the server is replaced.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from ..journal import settled_path
from .recorder import Recorder

log = logging.getLogger("jupyter_attest")

#: A list this young, in s, is good enough for a poll of the face.
FRESH_S = 1.0
#: Prefix of paths that jupyter-collaboration opens.
_DRIVE = "RTC:"


class DocumentWatcher:
    """Follows the server's sessions and tells the recorder what changed."""

    def __init__(self, serverapp: Any, recorder: Recorder) -> None:
        """Watch the sessions of ``serverapp`` for ``recorder``."""
        self._serverapp = serverapp
        self._recorder = recorder
        self._bound: dict[str, set[str]] = {}
        self._looked_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work on this loop."""
        self._loop = loop

    def os_path(self, contents_path: str) -> str:
        """Absolute path of a contents path."""
        relative = contents_path.removeprefix(_DRIVE).strip("/")
        return settled_path(Path(self.root, *relative.split("/")))

    @property
    def root(self) -> str:
        """Folder that contents paths start from."""
        manager = self._serverapp.contents_manager
        folder = str(getattr(manager, "root_dir", "") or self._serverapp.root_dir)
        return os.path.realpath(folder)

    def kernel_of(self, os_path: str) -> str | None:
        """The kernel that a notebook uses now."""
        for kernel_id, paths in self._bound.items():
            if os_path in paths:
                return kernel_id
        return None

    def soon(self, delay_s: float = 0.0) -> None:
        """Look again, from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(loop.call_later, delay_s, self._start_looking)

    async def fresh(self) -> None:
        """Look again if the last look is more than a moment old."""
        if time.monotonic() - self._looked_at > FRESH_S:
            await self.look()

    def _start_looking(self) -> None:
        if self._busy is None or self._busy.done():
            self._busy = asyncio.ensure_future(self.look())

    async def look(self) -> None:
        """Compare the server's sessions with what is known; never raises."""
        try:
            sessions = await ensure_async(self._serverapp.session_manager.list_sessions())
            self._looked_at = time.monotonic()
            self._compare(self._paths_by_kernel(sessions))
        except Exception as error:
            log.debug("jupyter-attest: the list of sessions isn't readable: %r", error)

    def _paths_by_kernel(self, sessions: list[dict[str, Any]]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for session in sessions:
            path = session.get("path")
            if session.get("type") == "notebook" and path and "." in Path(path).name:
                # (JupyterLab starts a session under a random name before it gives the real one.)
                found.setdefault(session["kernel"]["id"], set()).add(self.os_path(path))
        return found

    def _compare(self, now: dict[str, set[str]]) -> None:
        before, self._bound = self._bound, now
        for kernel_id in set(now) | set(before):
            # Said again for known ones too: the recorder files only what is new to it.
            self._recorder.set_documents(kernel_id, now.get(kernel_id, set()))

    def renamed(self, before: str, after: str) -> None:
        """A file was moved through the contents service (contents paths)."""
        old, new = self.os_path(before), self.os_path(after)
        for paths in self._bound.values():
            for path in [p for p in paths if p == old or p.startswith(old + os.sep)]:
                moved = new + path[len(old) :]
                paths.discard(path)
                paths.add(moved)
                self._recorder.renamed(path, moved)
        if old.endswith(".ipynb"):
            self._recorder.renamed(old, new)
