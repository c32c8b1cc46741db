"""The same files, outputs and errors with and without the probe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.tests.journals import read_journal

from .kernels import Kernel, of
from .sessions import SESSIONS

Seen = dict[str, tuple[list[Any], dict[str, bytes]]]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by relative name, caches of the interpreter aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def play(tmp: Path, work: Path, recorded: bool) -> Seen:
    """Run every session in one kernel, in the same place whether recorded or not."""
    seen: Seen = {}
    shutil.rmtree(work, ignore_errors=True)
    env = {"PYTHONHASHSEED": "0", "COLUMNS": "100"}
    with Kernel(tmp, recorded=recorded, work=work, env=env) as kernel:
        for number, (name, cells) in enumerate(SESSIONS.items()):
            folder = work / f"s{number}"
            folder.mkdir()
            kernel.run(f"import os; os.chdir({str(folder)!r}); del os")
            outcomes = [kernel.run(cell).seen() for cell in cells]
            seen[name] = outcomes, files_below(folder)
    if recorded:
        for path in kernel.files():
            assert not of(read_journal(path), "gap"), path
    return seen


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Seen]:
    base = tmp_path_factory.mktemp("same")
    plain = play(base / "k", base / "work", False)
    shutil.rmtree(base / "k")
    return plain, play(base / "k", base / "work", True)


def test_there_are_enough_sessions() -> None:
    assert len(SESSIONS) >= 30


@pytest.mark.parametrize("name", list(SESSIONS))
def test_a_session_is_the_same_with_the_probe(both: tuple[Seen, Seen], name: str) -> None:
    plain, recorded = both
    assert recorded[name][0] == plain[name][0]
    assert recorded[name][1] == plain[name][1]
