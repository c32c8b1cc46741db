"""Start a program where nothing but its own folders can be written and no network is there.

``python enter.py WAYS PROGRAM ARGUMENT…``. Linux, without privileges: a user, a mount and
a network namespace of its own (user_namespaces(7), mount_namespaces(7)). WAYS is JSON:
``{"check": bool, "writable": [folder…], "over": [[folder, place]…]}``; each folder of
``over`` takes the place of the other, so that absolute paths lead to the copy.

Exit code 125: the system doesn't allow it, and PROGRAM wasn't started.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

NOT_ALLOWED = 125

# sched.h, sys/mount.h, linux/if.h, linux/sockios.h
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

#: Mount options that a user namespace may not take off (mount_namespaces(7)).
_LOCKED = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048}
_RELATIME = 1 << 21

#: What a program needs to write to, and can't do harm with.
_ALWAYS_WRITABLE = ("/dev", "/proc", "/sys")


def _mount(source: str | None, target: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    named = source.encode() if source else None
    if libc.mount(named, os.fsencode(target), None, flags, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), target)


def _unshare() -> None:
    """Enter new namespaces as the same user."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _loopback_up() -> None:
    """Programs that talk to themselves need it; nothing else can be reached by it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, asked)[:18])
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


def _mounts() -> list[tuple[str, int]]:
    """Every mounted place with the flags that it must keep (proc(5), mountinfo)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        options = fields[5].split(",")
        flags = sum(bit for name, bit in _LOCKED.items() if name in options)
        if "relatime" in options:
            flags |= _RELATIME
        place = fields[4].encode().decode("unicode_escape")
        found.append((place, flags))
    return found


def _inside(place: str, folders: list[str]) -> bool:
    return any(place == folder or place.startswith(f"{folder}/") for folder in folders)


def _protect(writable: list[str]) -> None:
    """Make everything read-only but these folders."""
    for folder in writable:
        _mount(folder, folder, _MS_BIND | _MS_REC)
    open_places = [*_ALWAYS_WRITABLE, *writable]
    for place, flags in _mounts():
        if not _inside(place, open_places):
            _mount(None, place, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | flags)


def prepare(ways: dict[str, Any]) -> None:
    """Enter the namespaces and set up their folders.

    Raises:
        OSError: the system doesn't allow it.
    """
    _unshare()
    _mount(None, "/", _MS_REC | _MS_PRIVATE)
    _loopback_up()
    writable = [str(folder) for folder in ways["writable"]]
    _protect(writable)
    for folder, place in ways["over"]:
        _mount(folder, place, _MS_BIND | _MS_REC)


def main(arguments: list[str]) -> int:
    """Prepare, then become PROGRAM."""
    ways = json.loads(arguments[0])
    try:
        prepare(ways)
    except OSError as error:
        print(f"jupyter-attest: {error}", file=sys.stderr)
        return NOT_ALLOWED
    if ways.get("check"):
        return 0
    # The working directory still is the folder below the mount: enter it anew.
    os.chdir(ways["cwd"])
    os.execvp(arguments[1], arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
