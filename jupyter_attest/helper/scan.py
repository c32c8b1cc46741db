"""Looks at the files of a folder: names and stats, nothing else."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from .files import Identity, identity_of, is_regular

#: Budget of one look at one root: entries, and milliseconds of processor time.
MAX_ENTRIES = 20_000
MAX_MS = 200

#: Folders that are never entered, by name.
_SKIPPED_WORDS = """
    .git .hg .svn node_modules site-packages __pycache__ .ipynb_checkpoints .attest .venv venv
    .mypy_cache .pytest_cache .ruff_cache .cache .tox .nox .eggs .virtual_documents
    lost+found .Trash
"""
SKIPPED = frozenset(_SKIPPED_WORDS.split())
#: Files that are ours or the notebook server's own, by ending.
_SKIPPED_ENDINGS = (".sigstore.json", ".intoto.json", ".ipynb")


@dataclass
class Snapshot:
    """What one look at a root saw."""

    #: Regular files by path.
    files: dict[str, Identity] = field(default_factory=dict)
    #: Folders whose entries were all seen.
    listed: set[str] = field(default_factory=set)
    #: Folders that were seen, listed or not.
    folders: set[str] = field(default_factory=set)
    entries: int = 0
    complete: bool = True
    #: Monotonic clock at its begin and end, in ns.
    begun: int = 0
    ended: int = 0


def snapshot(root: str, leave_out: Iterable[str] = (), ignored: Iterable[str] = ()) -> Snapshot:
    """Look at a root within the budget: breadth first, by name, never through links.

    Args:
        root: absolute path of a folder.
        leave_out: absolute paths of folders not to enter.
        ignored: names or absolute paths that the user wants left out.
    """
    seen = Snapshot(begun=time.monotonic_ns())
    excluded, names = set(leave_out), SKIPPED | set(ignored)
    cpu_limit = time.process_time_ns() + MAX_MS * 1_000_000
    seen.folders.add(root)
    queue = deque([root])
    while queue:
        folder = queue.popleft()
        if seen.entries >= MAX_ENTRIES or time.process_time_ns() > cpu_limit:
            seen.complete = False
            break
        _list(folder, seen, queue, excluded, names)
    seen.ended = time.monotonic_ns()
    return seen


def _list(
    folder: str, seen: Snapshot, queue: deque[str], excluded: set[str], names: frozenset[str]
) -> None:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        seen.entries += 1
        if entry.name in names or entry.path in names or entry.path in excluded:
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                seen.folders.add(entry.path)
                queue.append(entry.path)
            elif not entry.name.endswith(_SKIPPED_ENDINGS):
                status = entry.stat(follow_symlinks=False)
                if is_regular(status):
                    seen.files[entry.path] = identity_of(status)
        except OSError:
            continue
    seen.listed.add(folder)


@dataclass(frozen=True)
class Change:
    """A file whose identity differs between two looks."""

    path: str
    before: Identity | None
    after: Identity | None
    #: Where the same inode with the same bytes lay at the look before.
    source: str | None = None
    #: It lies there still: another name for the same file.
    linked: bool = False


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """What differs between two looks; nothing is said about folders that one didn't reach."""
    found = []
    places: dict[tuple[int, int], str] | None = None
    for path, identity in after.files.items():
        old = before.files.get(path)
        if old != identity and (old is not None or _was_absent(path, before)):
            change = Change(path, old, identity)
            if old is None or (old.dev, old.ino) != (identity.dev, identity.ino):
                if places is None:
                    places = {(i.dev, i.ino): name for name, i in before.files.items()}
                change = _with_source(change, identity, places, before, after)
            found.append(change)
    for path, identity in before.files.items():
        if path not in after.files and _was_absent(path, after):
            found.append(Change(path, identity, None))
    return found


def _with_source(
    change: Change,
    now: Identity,
    places: dict[tuple[int, int], str],
    before: Snapshot,
    after: Snapshot,
) -> Change:
    """Name where a file came from. An inode that was used again has other times or another size."""
    source = places.get((now.dev, now.ino))
    if source is None:
        return change
    then = before.files[source]
    if (then.size, then.mtime_ns) != (now.size, now.mtime_ns):
        return change
    still = after.files.get(source)
    linked = still is not None and (still.dev, still.ino) == (now.dev, now.ino)
    return replace(change, source=source, linked=linked)


def _was_absent(path: str, seen: Snapshot) -> bool:
    """Whether a look that doesn't show ``path`` would have shown it, had it been there."""
    child = path
    while True:
        folder = os.path.dirname(child)  # noqa: PTH120
        if folder in seen.listed:
            return child not in seen.folders
        if folder == child:
            return False
        child = folder


def is_skipped(path: str) -> bool:
    """Whether a look at any folder above ``path`` would pass it by: a cache, an environment."""
    return not SKIPPED.isdisjoint(Path(path).parts)


def prefixes() -> set[str]:
    """Installation prefixes of this Python."""
    return {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}


def why_not_a_root(folder: str, home: str, installed: set[str]) -> str | None:
    """Why this folder must not be scanned, or ``None``.

    Args:
        folder: absolute real path.
        home: the journal home.
        installed: installation prefixes of the kernel's and our environment.
    """
    if folder == Path(folder).anchor:
        return "it is the root of the file system"
    if folder == os.path.realpath(Path.home()):
        return "it is the home folder itself"
    if folder == os.path.realpath(tempfile.gettempdir()):
        return "it is the folder for temporary files"
    if _within(folder, home):
        return "it is the journal"
    system = {"/proc", "/sys", "/dev", "/usr", "/etc", "/bin", "/lib", "/run", "/boot"}
    if any(_within(folder, place) for place in system):
        return "it belongs to the operating system"
    if folder in installed or "site-packages" in Path(folder).parts:
        return "it is an installation"
    return None if Path(folder).is_dir() else "it isn't a folder"


def _within(folder: str, place: str) -> bool:
    return folder == place or folder.startswith(place.rstrip(os.sep) + os.sep)
