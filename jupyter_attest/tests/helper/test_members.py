"""Datasets of several files: what a folder or glob held when it was read."""

from __future__ import annotations

import os
import time
from pathlib import Path

from jupyter_attest.helper.files import identity_of
from jupyter_attest.helper.members import PER_EVENT, manifest_events, members


def files(folder: Path, *names: str) -> dict[str, Path]:
    made = {}
    for name in names:
        made[name] = folder / name
        made[name].parent.mkdir(parents=True, exist_ok=True)
        made[name].write_text(name)
    return made


def now() -> int:
    time.sleep(0.02)  # a coarse clock's tick
    return time.time_ns()


def listed(path: str, holds: str, at: int, folder: Path) -> list[str]:
    found, complete = members(path, holds, at, {})
    assert complete
    return [os.path.relpath(member, folder) for member, _ in found]


def test_a_folder_holds_its_files_but_no_hidden_ones(tmp_path: Path) -> None:
    files(tmp_path, "a=1/0.parquet", "a=2/0.parquet", "_metadata", ".crc/x", "_log/0.json", ".y")
    assert listed(str(tmp_path), "folder", now(), tmp_path) == ["a=1/0.parquet", "a=2/0.parquet"]


def test_a_glob_holds_what_fits(tmp_path: Path) -> None:
    files(tmp_path, "1.csv", "2.csv", "3.txt", "sub/4.csv")
    at = now()
    assert listed(f"{tmp_path}/*.csv", "glob", at, tmp_path) == ["1.csv", "2.csv"]
    every = ["1.csv", "2.csv", "sub/4.csv"]
    assert listed(f"{tmp_path}/**/*.csv", "glob", at, tmp_path) == every


def test_what_came_after_the_read_is_left_out(tmp_path: Path) -> None:
    made = files(tmp_path, "kept", "rewritten")
    before = {str(path): identity_of(path.stat()) for path in made.values()}
    at = now()
    time.sleep(0.02)
    files(tmp_path, "late")
    made["rewritten"].write_text("other bytes")
    found, _ = members(str(tmp_path), "folder", at, before)
    assert dict(found) == before
    assert listed(str(tmp_path), "folder", at, tmp_path) == ["kept"]


def test_links_lead_to_the_file_and_pipes_are_none(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    target = files(tmp_path, "target")["target"]
    (tmp_path / "d" / "link").symlink_to(target)
    os.mkfifo(tmp_path / "d" / "pipe")
    assert listed(str(tmp_path / "d"), "folder", now(), tmp_path) == ["target"]


def test_a_long_list_is_several_events_of_one_digest(tmp_path: Path) -> None:
    identity = identity_of(tmp_path.stat())
    found = [(f"/d/{n:05}", identity) for n in range(PER_EVENT + 1)]
    events = list(manifest_events("/d", found, complete=True, of={"file": "p.jsonl", "seq": 3}))
    assert [len(e["members"]) for e in events] == [PER_EVENT, 1]
    assert len({e["sha256"] for e in events}) == 1
    [empty] = manifest_events("/d", [], complete=True, of={"file": "p.jsonl", "seq": 3})
    assert empty["members"] == []
