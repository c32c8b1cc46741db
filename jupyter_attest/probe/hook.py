"""The audit hook (PEP 578)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .core import Probe


#: Audit events that the probe looks at; all others are left at once.
HOOKED = frozenset({
    "open", "os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.mkdir",
    "os.truncate", "os.chdir", "os.listdir", "os.scandir", "mmap.__new__", "sqlite3.connect",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.forkpty", "pty.spawn", "socket.connect", "socket.getaddrinfo", "urllib.Request",
    "http.client.connect", "http.client.send", "compile", "exec", "import", "ctypes.dlopen",
    "pickle.find_class",
    "jupyter_attest.who",
})  # fmt: skip


def make_hook(probe: Probe) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the audit hook. The event's name is tested first: most events end there."""
    hooked = HOOKED
    handlers = {
        "open": probe.on_open, "os.rename": probe.on_rename, "os.link": probe.on_link,
        "os.symlink": probe.on_symlink, "os.remove": probe.on_remove, "os.rmdir": probe.on_remove,
        "os.mkdir": probe.on_mkdir, "os.truncate": probe.on_truncate, "os.chdir": probe.on_chdir,
        "os.listdir": probe.on_listdir, "os.scandir": probe.on_listdir,
        "mmap.__new__": probe.on_mmap, "sqlite3.connect": probe.on_sqlite,
        "subprocess.Popen": probe.on_popen, "os.system": probe.on_system,
        "os.exec": probe.on_exec_process, "os.posix_spawn": probe.on_spawn,
        "os.spawn": probe.on_spawn_mode, "os.fork": probe.on_fork, "os.forkpty": probe.on_forkpty,
        "pty.spawn": probe.on_pty, "socket.connect": probe.on_connect,
        "socket.getaddrinfo": probe.on_getaddrinfo, "urllib.Request": probe.on_url,
        "http.client.connect": probe.on_http_connect, "http.client.send": probe.on_http_send,
        "compile": probe.on_compile, "exec": probe.on_exec, "import": probe.on_import,
        "ctypes.dlopen": probe.on_dlopen, "pickle.find_class": probe.on_find_class,
        "jupyter_attest.who": probe.on_who,
    }  # type: dict[str, Callable[[tuple[Any, ...]], None]]  # fmt: skip

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in hooked:
            return
        if probe.paused and event != "jupyter_attest.who":
            return
        try:
            handlers[event](args)
        except BaseException as error:
            if probe.failed(event, error):
                raise

    return hook
