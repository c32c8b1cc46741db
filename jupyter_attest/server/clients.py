"""Who runs code in a kernel, as far as the server can tell, and how it can tell."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from .recorder import Label
from .tap import passes_by

#: Message ids of jupyter_client: ``<session>_<process id>_<number>``.
_MESSAGE_ID = re.compile(r"^.+_(\d+)_\d+$")
_CONSOLE = re.compile(r"^jupyter[-_]?(qt)?console", re.IGNORECASE)

#: Extensions that run cells from inside the server, by module.
_EXECUTORS = ("jupyter_server_nbmodel", "jupyter_server_ydoc", "jupyter_server_documents")

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
            return Label("server-side executor", self._executors())
        if pid == self._kernel_pid(kernel_id):
            return Label("kernel", "its message ids name the kernel's own process")
        program = _program_of(pid)
        if program is None:
            return Label("unknown client", f"its message ids name process {pid}")
        label = "console" if _CONSOLE.match(program) else "unknown client"
        return Label(label, f"its message ids name process {pid}, {program}")

    def _executors(self) -> str:
        """Evidence for the server's own executor, with the extensions that can be it."""
        manager = getattr(self._serverapp, "extension_manager", None)
        loaded = [name for name in _EXECUTORS if name in getattr(manager, "extensions", {})]
        evidence = "its message ids name the server's process"
        return f"{evidence}, which has loaded {', '.join(loaded)}" if loaded else evidence

    def _kernel_pid(self, kernel_id: str) -> int | None:
        try:
            kernel = self._serverapp.kernel_manager.get_kernel(kernel_id)
            return int(kernel.provisioner.process.pid)
        except (AttributeError, KeyError, TypeError, ValueError, HTTPError):
            return None

    def _page(self, handler: Any) -> Label:
        agent = str(handler.request.headers.get("User-Agent", ""))
        past = passes_by(getattr(handler, "connection", None))
        if "Mozilla/" not in agent:
            evidence = "a websocket of this server, not from a browser"
            return Label("unknown client", evidence, past)
        page = self._page_name()
        evidence = "a browser's websocket of this server"
        if page is None:
            return Label("unknown client", evidence, past)
        return Label(page, f"{evidence}, which serves {page}", past)

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
