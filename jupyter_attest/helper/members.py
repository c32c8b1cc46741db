"""What a folder or a glob held when it was read as one dataset."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from typing import Any

from ..journal import name_of
from .files import Identity, identity_of, is_regular, stat_from

#: Most members that are listed, and how long it may take, in s.
MAX_MEMBERS = 200_000
MAX_S = 10.0
#: Members in one event: a line of the journal is at most 1 MiB.
PER_EVENT = 1000


def members(
    path: str, holds: str, read_at_ns: int, known: dict[str, Identity]
) -> tuple[list[tuple[str, Identity]], bool]:
    """Regular files of a folder (or glob) as they were at ``read_at_ns``; and whether that's all.

    Names that begin with a dot or an underscore are no data (as Arrow and Hive have it). A file
    that changed since then has the identity that a scan ``known`` before saw, or, if there is
    none, came later and is left out.
    """
    found: list[tuple[str, Identity]] = []
    folders: dict[str, str] = {}
    until = time.monotonic() + MAX_S
    for member in _in_folder(path) if holds == "folder" else glob.iglob(path, recursive=True):  # noqa: PTH207
        if len(found) >= MAX_MEMBERS or time.monotonic() > until:
            return found, False
        try:
            status = os.lstat(member)
            folder, name = os.path.split(member)
            real = f"{folders.setdefault(folder, '') or _resolve(folder, folders)}/{name}"
            if stat.S_ISLNK(status.st_mode):
                real, status = os.path.realpath(member), os.stat(member)  # noqa: PTH116
        except OSError:
            continue
        if not is_regular(status):
            continue
        identity = identity_of(status)
        if identity.ctime_ns > read_at_ns:
            earlier = known.get(real)
            if earlier is None or earlier.ctime_ns > read_at_ns:
                continue
            identity = earlier
        found.append((real, identity))
    return sorted(found), True


def _resolve(folder: str, known: dict[str, str]) -> str:
    """Resolve the links of a folder, once for all that lies in it."""
    known[folder] = os.path.realpath(folder)
    return known[folder]


def _in_folder(path: str) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        yield from (f"{folder}/{name}" for name in files if name[0] not in "._")


def manifest_events(
    path: str, found: list[tuple[str, Identity]], complete: bool, of: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The fields of the ``folder.manifest`` events that tell of these members; at least one."""
    listed = [{"path": name_of(member), "stat": stat_from(identity)} for member, identity in found]
    digest = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    for start in range(0, max(1, len(listed)), PER_EVENT):
        yield {
            "path": name_of(path),
            "sha256": digest,
            "of": of,
            "members": listed[start : start + PER_EVENT],
            "complete": complete,
        }
