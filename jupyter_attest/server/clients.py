"""Who runs code in a kernel, as far as the server can tell, and how it can tell."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from .recorder import Label

#: Message ids of jupyter_client: ``<session>_<process id>_<number>``.
_MESSAGE_ID = re.compile(r"^.+_(\d+)_\d+$")
_CONSOLE = re.compile(r"^jupyter[-_]?(qt)?console", re.IGNORECASE)

#: Labels of the applications that serve a page, by the name of their server extension.
_PAGES = {"lab": "lab", "jupyterlab": "lab", "notebook": "notebook"}


class ClientLabels:
    """Tells a browser's page, the server's own executor and a console apart."""

    def __init__(self, serverapp: Any) -> None:
        """Look at the clients of this server."""
        self._serverapp = serverapp

    def __call__(self, kernel_id: str, client: str, msg_id: str) -> Label:
        """The label of a client; ``client`` is the session in its messages' header."""
        handler = _websocket(kernel_id, client)
        if handler is not None:
            return self._page(handler)
        match = _MESSAGE_ID.match(msg_id)
        if match is None:
            return Label("unknown client", "it has no connection through this server")
        pid = int(match.group(1))
        if pid == os.getpid():
            return Label("server-side executor", "its message ids name the server's process")
        program = _program_of(pid)
        if program is None:
            return Label("unknown client", f"its message ids name process {pid}")
        label = "console" if _CONSOLE.match(program) else "unknown client"
        return Label(label, f"its message ids name process {pid}, {program}")

    def _page(self, handler: Any) -> Label:
        agent = str(handler.request.headers.get("User-Agent", ""))
        if "Mozilla/" not in agent:
            return Label("unknown client", "a websocket of this server, not from a browser")
        page = self._page_name()
        evidence = "a browser's websocket of this server"
        if page is None:
            return Label("unknown client", evidence)
        return Label(page, f"{evidence}, which serves {page}")

    def _page_name(self) -> str | None:
        """The application that the server was started as, else the only one it serves."""
        starter = getattr(self._serverapp, "starter_app", None)
        name = _PAGES.get(str(getattr(starter, "name", "")))
        if name is not None:
            return name
        manager = getattr(self._serverapp, "extension_manager", None)
        served = {_PAGES[n] for n in getattr(manager, "extension_apps", {}) if n in _PAGES}
        return served.pop() if len(served) == 1 else None


def _websocket(kernel_id: str, client: str) -> Any:
    """The open websocket of a client, or ``None``."""
    try:
        from jupyter_server.services.kernels.connection.channels import (
            ZMQChannelsWebsocketConnection,
        )

        return ZMQChannelsWebsocketConnection._open_sessions.get(f"{kernel_id}:{client}")
    except (ImportError, AttributeError):
        return None


def _program_of(pid: int) -> str | None:
    """Name of a process's program, without its arguments; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    names = [Path(os.fsdecode(part)).name for part in argv[:4] if part]
    if not names:
        return None
    scripts = [n for n in names[1:] if not n.startswith("-")]
    return scripts[0] if names[0].startswith("python") and scripts else names[0]
