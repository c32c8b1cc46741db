"""Each reference notebook, run and recorded in a kernel of its own, then condensed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_attest.tests.condense.cases import CASES, HELD_OUT, Case

#: Fifty kernels one after the other.
pytestmark = pytest.mark.timeout(1200)

KEPT = ("needed", "kept-undecided")


def condense(folder: Path, one: Case) -> list[dict[str, Any]]:
    """Run the cells, make the record of ``out``; return its run list."""
    work = folder / "work"
    work.mkdir(parents=True)
    for name, content in one.inputs.items():
        (work / name).write_text(content)
    cells = [nbformat.v4.new_code_cell(source) for source in one.cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), work / "nb.ipynb")
    environment = {
        **os.environ,
        "JUPYTER_ATTEST_DIR": str(folder / "journal"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    for arguments in (
        ["jupyter_attest.execute", "nb.ipynb", "--allow-errors"],
        ["jupyter_attest", "create", "--for", "out", "--sign", "none"],
    ):
        log = folder / "log"
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=work, env=environment, stdout=output, stderr=output, timeout=120,
            )  # fmt: skip
        # Cells that fail are part of some cases.
        assert done.returncode <= ("execute" in arguments[0]), log.read_text()
    (found,) = work.glob(".attest/*/*/runs.json")
    runs: list[dict[str, Any]] = json.loads(found.read_text())["runs"]
    return runs


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    every = {**CASES, **HELD_OUT}
    folder = tmp_path_factory.mktemp("condense")
    with ThreadPoolExecutor(2) as pool:
        places = [folder / str(number) for number in range(len(every))]
        return dict(zip(every, pool.map(condense, places, every.values()), strict=True))


def kept(runs: list[dict[str, Any]]) -> set[int]:
    return {run["number"] for run in runs if run["verdict"] in KEPT}


def told(runs: list[dict[str, Any]]) -> list[Any]:
    return [(run["number"], run["verdict"], run["because"]) for run in runs]


@pytest.mark.parametrize("name", [*CASES, *HELD_OUT])
def test_no_run_that_the_file_needs_is_left_out(
    slices: dict[str, list[dict[str, Any]]], name: str
) -> None:
    one = {**CASES, **HELD_OUT}[name]
    assert len(slices[name]) == len(one.cells)
    assert one.needed <= kept(slices[name]), told(slices[name])


@pytest.mark.parametrize("name", [name for name, one in CASES.items() if one.dropped])
def test_dead_exploration_is_left_out_with_its_proof(
    slices: dict[str, list[dict[str, Any]]], name: str
) -> None:
    proved = {r["number"] for r in slices[name] if r["verdict"] == "dropped-proved"}
    assert CASES[name].dropped <= proved, told(slices[name])


@pytest.mark.parametrize(("suite", "most"), [(CASES, 12), (HELD_OUT, 4)])
def test_few_runs_are_kept_beyond_those(
    slices: dict[str, list[dict[str, Any]]], suite: dict[str, Case], most: int
) -> None:
    extra = {name: sorted(kept(slices[name]) - one.needed) for name, one in suite.items()}
    extra = {name: numbers for name, numbers in extra.items() if numbers}
    print(f"kept beyond what is needed: {extra}")
    assert sum(map(len, extra.values())) <= most, extra
