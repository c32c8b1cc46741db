"""The audit hook (PEP 578)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .observer import Observer


#: Audit events and the methods that look at them; an observer without the method leaves it.
WATCHED = {
    "open": "on_open", "os.rename": "on_rename", "os.link": "on_link", "os.symlink": "on_symlink",
    "os.remove": "on_remove", "os.rmdir": "on_remove", "os.mkdir": "on_mkdir",
    "os.truncate": "on_truncate", "os.chdir": "on_chdir", "os.listdir": "on_listdir",
    "os.scandir": "on_listdir", "mmap.__new__": "on_mmap", "sqlite3.connect": "on_sqlite",
    "subprocess.Popen": "on_popen", "os.system": "on_system", "os.exec": "on_exec_process",
    "os.posix_spawn": "on_spawn", "os.spawn": "on_spawn_mode", "os.fork": "on_fork",
    "os.forkpty": "on_forkpty", "pty.spawn": "on_pty", "socket.connect": "on_connect",
    "socket.getaddrinfo": "on_getaddrinfo", "urllib.Request": "on_url",
    "http.client.connect": "on_http_connect", "http.client.send": "on_http_send",
    "compile": "on_compile", "exec": "on_exec", "import": "on_import",
    "ctypes.dlopen": "on_dlopen", "pickle.find_class": "on_find_class",
    "jupyter_attest.who": "on_who",
}  # fmt: skip


def make_hook(probe: Observer) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the audit hook. The event's name is tested first: most events end there."""
    handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
        event: getattr(probe, name) for event, name in WATCHED.items() if hasattr(probe, name)
    }
    probe.hooked = hooked = set(handlers)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in hooked:
            return
        if probe.paused and event != "jupyter_attest.who":
            return
        turn = probe.turns = probe.turns + 1  # noqa: F841 (the watchdog reads it in the frame)
        try:
            handlers[event](args)
        except BaseException as error:
            if probe.failed(event, error):
                raise
            if event in probe.off:
                hooked.discard(event)
        finally:
            probe.returns += 1

    probe.guards.add(hook.__code__)
    return hook
