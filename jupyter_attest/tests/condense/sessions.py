"""Records reference notebooks, each in kernels and a folder of its own, several at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from .case import Case

KEPT = ("needed", "kept-undecided")

#: Longest time that one command may take, in s.
PATIENCE_S = 180


@dataclass(frozen=True)
class Recorded:
    """What the record of ``out`` says; all empty where none could be made."""

    folder: Path
    #: Where the notebooks lie.
    work: Path
    runs: list[dict[str, Any]]
    gaps: frozenset[str]
    #: What the command that makes the record said.
    said: str

    @property
    def kept(self) -> set[int]:
        return {place for place, run in enumerate(self.runs, 1) if run["verdict"] in KEPT}

    @property
    def proved(self) -> set[int]:
        """Places of the runs that were left out with their proof."""
        places = enumerate(self.runs, 1)
        return {place for place, run in places if run["verdict"] == "dropped-proved"}

    def told(self) -> list[Any]:
        return [(run["number"], run["verdict"], run["because"]) for run in self.runs]


def record_all(folder: Path, cases: dict[str, Case], workers: int = 2) -> dict[str, Recorded]:
    """Record every case; the folders are numbered in the order of the cases."""
    places = [folder / str(number) for number in range(len(cases))]
    # Not forked: a fork of a test process carries its threads' locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return dict(zip(cases, pool.map(record, places, cases.values()), strict=True))


def record(folder: Path, one: Case) -> Recorded:
    """Run the cells of each session in a new kernel, then make the record of ``out``."""
    work = folder / "work"
    work.mkdir(parents=True)
    for name, content in one.inputs.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    environment = environment_of(folder, one)
    with _within(work, environment):
        beside = subprocess.Popen([sys.executable, "-c", one.beside]) if one.beside else None
        for number, cells in enumerate(one.sessions):
            notebook = work / ("nb.ipynb" if number == 0 else f"nb{number}.ipynb")
            _execute(notebook, cells, one.saved)
        if beside is not None:
            assert beside.wait(PATIENCE_S) == 0
    if one.meanwhile:
        subprocess.run([sys.executable, "-c", one.meanwhile], cwd=work, check=True)
    return make_record(folder, work, one)


def make_record(folder: Path, work: Path, one: Case) -> Recorded:
    """What the record of ``out`` says."""
    command = [sys.executable, "-m", "jupyter_attest", "create", "--for", "out", "--sign", "none"]
    made = run(command, work, environment_of(folder, one))
    if made.returncode != 0:
        return Recorded(folder, work, [], frozenset(), made.stdout + made.stderr)
    # Without a notebook there is no folder beside it.
    beside = list(work.glob(".attest/*/*/runs.json"))
    [listed] = beside or (folder / "journal" / "records").glob("*/runs.json")
    definition = json.loads((work / "out.intoto.json").read_text())["predicate"]["buildDefinition"]
    gaps = definition["internalParameters"]["recording"]["gaps"]
    every = json.loads(listed.read_text())["runs"]
    return Recorded(
        folder,
        work,
        # What a magic runs within its cell is no place of its own.
        [run for run in every if run["parent"] is None],
        frozenset(gap["code"] for gap in gaps),
        made.stdout + made.stderr,
    )


def replay(recorded: Recorded, one: Case, *options: str) -> dict[str, Any]:
    """Run the record's runs again; the command line's reply."""
    command = [sys.executable, "-m", "jupyter_attest", "replay", "out", "--json", *options]
    done = run(command, recorded.work, environment_of(recorded.folder, one))
    assert done.stdout, done.stderr
    reply: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reply


def environment_of(folder: Path, one: Case) -> dict[str, str]:
    """The environment with a journal and a home of the case's own."""
    own = {
        name: os.pathsep.join([str(folder / "work" / value), os.environ.get(name, "")])
        for name, value in one.environment.items()
    }
    return {
        **os.environ,
        "HOME": str(folder),
        "JUPYTER_ATTEST_DIR": str(folder / "journal"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        **own,
    }


def run(command: list[str], work: Path, environment: dict[str, str]) -> Any:
    """A command's end and what it said."""
    return subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )


def _execute(notebook: Path, cells: list[str], saved: tuple[str, str] | None) -> None:
    """What ``jupyter attest execute`` does, in this process: loading it takes seconds."""
    from jupyter_attest.execute import Execution, Options, Progress

    class Edited(Execution):
        """One whose notebook is edited and saved while its kernel is there."""

        def _state_end(self) -> None:
            if saved is not None:
                self._path.write_text(self._path.read_text().replace(*saved))
                self._recorder.saved(str(self._path))
            super()._state_end()

    made = [nbformat.v4.new_code_cell(source) for source in cells]  # type: ignore[no-untyped-call]
    nbformat.write(nbformat.v4.new_notebook(cells=made), notebook)  # type: ignore[no-untyped-call]
    options = Options(notebook, None, {}, None, PATIENCE_S, True, False)
    outcome = asyncio.run(Edited(options, Progress(options)).run())
    # Cells that fail are part of some cases; all of them must have run.
    assert outcome.executed == len(cells), outcome


@contextlib.contextmanager
def _within(folder: Path, environment: dict[str, str]) -> Any:
    """This process in another folder with another environment."""
    before, here = dict(os.environ), Path.cwd()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(here)
