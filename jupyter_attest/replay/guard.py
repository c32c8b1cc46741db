"""Loaded by ``PYTHONSTARTUP`` where the system can't keep a replay to its folder: Python code
that would write elsewhere fails. Native code and other programs aren't held back by it."""

from __future__ import annotations

from typing import Any


def _jupyter_attest_guard() -> None:
    """Add the audit hook; nothing of ours stays in the namespace."""
    import os
    import sys

    folders = tuple(os.environ.pop("JUPYTER_ATTEST_REPLAY_FOLDERS", "").split(os.pathsep))
    realpath, fspath, writes = os.path.realpath, os.fspath, os.O_WRONLY | os.O_RDWR | os.O_CREAT
    changes = {
        "os.remove": (0,), "os.rename": (0, 1), "os.rmdir": (0,), "os.mkdir": (0,),
        "os.truncate": (0,), "os.link": (1,), "os.symlink": (1,), "shutil.rmtree": (0,),
        "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,),
    }  # fmt: skip

    def inside(path: Any) -> bool:
        if isinstance(path, int):
            return True
        real = realpath(os.fsdecode(fspath(path)))
        return real.startswith("/dev/") or any(
            real == folder or real.startswith(folder + os.sep) for folder in folders
        )

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            asked = set(str(mode or "")) & set("wax+") or int(str(flags or 0)) & writes
            paths = [path] if asked and path is not None else []
        else:
            paths = [args[index] for index in changes.get(event, ())]
        for path in paths:
            if not inside(path):
                raise PermissionError(13, "outside the folder of the replay", path)

    sys.addaudithook(watch)


_jupyter_attest_guard()
del _jupyter_attest_guard
