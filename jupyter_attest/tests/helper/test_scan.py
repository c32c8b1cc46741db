"""Looking at folders: what is seen, what is left out, what counts as a change."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_attest.helper import scan
from jupyter_attest.helper.files import is_network, looks_like_data


def names(snapshot: scan.Snapshot, root: Path) -> set[str]:
    return {os.path.relpath(path, root) for path in snapshot.files}


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_plain_files_are_seen_and_private_folders_skipped(tmp_path: Path) -> None:
    seen = ["a.csv", "deep/b.csv", "deep/er/c", ".hidden"]
    skipped = [
        ".git/x",
        "node_modules/x",
        "lib/site-packages/x",
        ".ipynb_checkpoints/n.ipynb",
        ".attest/n.ipynb/draft",
        ".venv/x",
        "mine/x",
        "n.ipynb",
        "model.sigstore.json",
    ]
    for name in [*seen, *skipped]:
        write(tmp_path / name)
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    (tmp_path / "filelink").symlink_to(tmp_path / "a.csv")
    os.mkfifo(tmp_path / "pipe")
    taken = scan.snapshot(str(tmp_path), [str(tmp_path / "mine")])
    assert names(taken, tmp_path) == set(seen) and taken.complete


def test_names_that_the_user_ignores_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "cache/x")
    write(tmp_path / "a/secret")
    taken = scan.snapshot(str(tmp_path), ignored=["cache", str(tmp_path / "a/secret")])
    assert names(taken, tmp_path) == set()


def test_a_folder_over_the_budget_is_looked_at_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "MAX_ENTRIES", 10)
    for folder in range(5):
        for name in range(5):
            write(tmp_path / str(folder) / str(name))
    before = scan.snapshot(str(tmp_path))
    assert not before.complete and len(before.files) < 25
    write(tmp_path / "0/0", "changed")
    write(tmp_path / "4/0", "not reached")
    (tmp_path / "new").mkdir()
    found = {c.path for c in scan.changes(before, scan.snapshot(str(tmp_path)))}
    assert found == {str(tmp_path / "0/0")}


CHANGES: dict[str, tuple[Callable[[Path], object], dict[str, tuple[bool, bool]]]] = {
    "nothing": (lambda _: None, {}),
    "a new file": (lambda r: write(r / "new"), {"new": (False, True)}),
    "a new folder": (lambda r: write(r / "d/e/new"), {"d/e/new": (False, True)}),
    "a removed file": (lambda r: (r / "a").unlink(), {"a": (True, False)}),
    "other bytes": (lambda r: write(r / "a", "other"), {"a": (True, True)}),
    "equal bytes again": (lambda r: write(r / "a"), {"a": (True, True)}),
    "a rename": (
        lambda r: (r / "a").rename(r / "b"),
        {"a": (True, False), "b": (False, True)},
    ),
    "a removed folder": (
        lambda r: ((r / "sub/x").unlink(), (r / "sub").rmdir()),
        {"sub/x": (True, False)},
    ),
    "a renamed folder": (
        lambda r: (r / "sub").rename(r / "bus"),
        {"sub/x": (True, False), "bus/x": (False, True)},
    ),
    "a link in place of a file": (
        lambda r: ((r / "a").unlink(), (r / "a").symlink_to("/etc/hosts")),
        {"a": (True, False)},
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changes(tmp_path: Path, what: str) -> None:
    act, expected = CHANGES[what]
    write(tmp_path / "a")
    write(tmp_path / "sub/x")
    before = scan.snapshot(str(tmp_path))
    act(tmp_path)
    found = scan.changes(before, scan.snapshot(str(tmp_path)))
    assert {
        os.path.relpath(c.path, tmp_path): (c.before is not None, c.after is not None)
        for c in found
    } == expected


def test_names_that_are_not_utf8_are_seen(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    with open(raw, "w"):
        pass
    [path] = scan.snapshot(str(tmp_path)).files
    assert os.fsencode(path) == raw


@pytest.mark.parametrize(
    "folder",
    ["/", str(Path.home()), tempfile.gettempdir(), sys.prefix, "/usr/lib", "/proc/self", "/none"],
)
def test_some_folders_are_never_roots(folder: str) -> None:
    assert scan.why_not_a_root(os.path.realpath(folder), "/journal", scan.prefixes())


def test_a_working_folder_is_a_root_and_the_journal_is_not(tmp_path: Path) -> None:
    folder = os.path.realpath(tmp_path)
    assert scan.why_not_a_root(folder, "/journal", scan.prefixes()) is None
    assert scan.why_not_a_root(folder, folder, set())


@pytest.mark.parametrize(
    ("fs", "network"),
    [
        ("ext4", False),
        ("overlay", False),
        ("fuse.fuse-overlayfs", False),
        (None, False),
        ("nfs4", True),
        ("cifs", True),
        ("fuse.sshfs", True),
        ("9p", True),
    ],
)
def test_network_file_systems_are_known(fs: str | None, network: bool) -> None:
    assert is_network(fs) is network


@pytest.mark.parametrize(
    ("name", "size", "data"),
    [
        ("x.unknown", 1000, True),
        ("x.unknown", 10**8, False),
        ("x.parquet", 10**8, True),
        ("X.CSV", 10**8, True),
    ],
)
def test_data_is_hashed_ahead(name: str, size: int, data: bool) -> None:
    assert looks_like_data(name, size) is data


def test_a_native_rename_and_a_hard_link_are_known_by_their_inode(tmp_path: Path) -> None:
    first, folder = write(tmp_path / "first", "1"), write(tmp_path / "d/in", "22").parent
    shared = write(tmp_path / "shared", "333")
    before = scan.snapshot(str(tmp_path))
    first.rename(tmp_path / "second")
    folder.rename(tmp_path / "e")
    os.link(shared, tmp_path / "again")
    write(tmp_path / "fresh")
    found = {c.path: c for c in scan.changes(before, scan.snapshot(str(tmp_path)))}
    told = {
        os.path.basename(path): (change.source and os.path.relpath(change.source, tmp_path))
        for path, change in found.items()
        if change.after
    }
    assert told == {
        "second": "first",
        "in": "d/in",
        "again": "shared",
        "shared": None,
        "fresh": None,
    }
    assert [Path(p).name for p, c in found.items() if c.linked] == ["again"]
    assert {Path(p).name for p, c in found.items() if c.after is None} == {"first", "in"}


def test_an_inode_that_is_used_again_is_no_rename(tmp_path: Path) -> None:
    first = write(tmp_path / "first", "1")
    before = scan.snapshot(str(tmp_path))
    inode = before.files[str(first)].ino
    first.unlink()
    other = write(tmp_path / "other", "2")
    after = scan.snapshot(str(tmp_path))
    after.files[str(other)] = dataclasses.replace(after.files[str(other)], ino=inode)
    assert {c.path: c.source for c in scan.changes(before, after)} == {
        str(first): None,
        str(other): None,
    }
