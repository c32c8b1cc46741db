"""The reference notebooks through this package, ipyflow and gather: ``npm run bench:condense``.

Makes throwaway environments for the other two from PyPI and npm. ``--replay`` runs the runs that
this package keeps again, all of them, and compares; ``--ours`` leaves the others out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_attest.tests.condense.case import Case
from jupyter_attest.tests.condense.cases import CORE, HELD_OUT
from jupyter_attest.tests.condense.hidden import HIDDEN, HIDDEN_IN_VAIN
from jupyter_attest.tests.condense.messy import MESSY
from jupyter_attest.tests.condense.outside import OUTSIDE
from jupyter_attest.tests.condense.sessions import Recorded, record_all, replay
from jupyter_attest.tests.condense.typical import TYPICAL

HERE = Path(__file__).parent
IPYFLOW = ("ipyflow==0.0.231", "pandas", "h5py", "scikit-learn", "matplotlib")
GATHER = "@msrvida/python-program-analysis@0.4.1"

#: Compared with the others: one kernel each, and a run that writes the file.
COMPARED = {"core": CORE, "held out": HELD_OUT, "messy": MESSY, "hidden": HIDDEN,
            "hidden in vain": HIDDEN_IN_VAIN, "typical": TYPICAL}  # fmt: skip

Slices = dict[str, "set[int] | None"]


def asked(cases: dict[str, Case], recorded: dict[str, Recorded]) -> str:
    """The cases as the other programs are given them."""
    return json.dumps({
        name: {
            "cells": one.cells,
            "inputs": one.inputs,
            "writer": max(one.needed),
            "failed": [at for at, run in enumerate(recorded[name].runs, 1) if run["ename"]],
        }
        for name, one in cases.items()
    })  # fmt: skip


def answered(text: str) -> Slices:
    """Places by case; None where there is no slice."""
    return {n: None if kept is None else set(kept) for n, kept in json.loads(text).items()}


def ipyflow(folder: Path, question: str) -> Slices:
    """What ipyflow keeps of each case."""
    venv.create(folder / "ipyflow", with_pip=True)
    python = folder / "ipyflow" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *IPYFLOW], check=True)
    command = [str(python), str(HERE / "ipyflow_slices.py")]
    return answered(
        subprocess.run(command, input=question, capture_output=True, text=True, check=True).stdout
    )


def gather(folder: Path, question: str) -> Slices:
    """What gather's library keeps of each case."""
    subprocess.run(["npm", "install", "--silent", "--prefix", folder, GATHER], check=True)
    command = ["node", str(HERE / "gather_slices.cjs"), str(folder)]
    return answered(
        subprocess.run(command, input=question, capture_output=True, text=True, check=True).stdout
    )


def told(one: Case, kept: set[int] | None) -> str:
    """One cell of the table."""
    if kept is None:
        return "no slice"
    lost = one.needed - kept
    return f"{len(kept)}" + (f", **lost {' '.join(map(str, sorted(lost)))}**" if lost else "")


def total(cases: dict[str, Case], slices: Slices) -> str:
    """How many cases lose a run, and how many runs too many the others keep."""
    unsound = extra = none = 0
    for name, one in cases.items():
        kept = slices[name]
        if kept is None:
            none += 1
            continue
        unsound += not one.needed <= kept
        extra += len(kept - one.needed)
    return f"{unsound} lose a run, {extra} kept beyond" + (f", {none} no slice" if none else "")


def print_table(cases: dict[str, Case], columns: dict[str, Slices], *, every: bool) -> None:
    """A Markdown table with one line per case, or only the totals."""
    print(f"| case | runs | needed | {' | '.join(columns)} |\n|{'---|' * (3 + len(columns))}")
    for name, one in cases.items() if every else ():
        cells = [told(one, slices[name]) for slices in columns.values()]
        print(f"| {name} | {one.runs} | {len(one.needed)} | {' | '.join(cells)} |")
    sums = [total(cases, slices) for slices in columns.values()]
    needed = sum(len(one.needed) for one in cases.values())
    print(f"| all | {sum(one.runs for one in cases.values())} | {needed} | {' | '.join(sums)} |\n")


def run_again(cases: dict[str, Case], recorded: dict[str, Recorded]) -> int:
    """Replay every case; returns how many didn't say what they should."""

    def outcome(name: str) -> str:
        return str(replay(recorded[name], cases[name])["outcome"])

    made = [name for name, one in cases.items() if not one.refused]
    with ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(made, pool.map(outcome, made), strict=True))
    wrong = {n: f for n, f in outcomes.items() if f != cases[n].replay}
    for name, found in wrong.items():
        print(f"replay of {name}: {found}, not {cases[name].replay}")
    print(f"{len(made)} replays, {len(made) - len(wrong)} as expected")
    return len(wrong)


def main() -> int:
    """Print the tables; 1 when this package loses a run or a replay is another one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replay", action="store_true")
    options.add_argument("--ours", action="store_true")
    options.add_argument("--totals", action="store_true", help="no line per case")
    wish = options.parse_args()
    every = {name: one for suite in COMPARED.values() for name, one in suite.items()}
    cases = {**every, **OUTSIDE}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.monotonic()
        recorded = record_all(folder / "ours", cases)
        print(f"{len(cases)} cases recorded and condensed in {time.monotonic() - start:.0f} s\n")
        columns: dict[str, Slices] = {
            "jupyter-attest": {name: found.kept for name, found in recorded.items()}
        }
        if not wish.ours:
            question = asked(every, recorded)
            columns["ipyflow 0.0.231"] = ipyflow(folder, question)
            columns["gather 0.4.1"] = gather(folder, question)
        for title, suite in COMPARED.items():
            print(f"### {title}\n")
            print_table(suite, columns, every=not wish.totals)
        ours: dict[str, Any] = {"jupyter-attest": columns["jupyter-attest"]}
        print("### outside\n")
        made = {name: one for name, one in OUTSIDE.items() if not one.refused}
        print_table(made, ours, every=not wish.totals)
        lost = [name for name, one in cases.items()
                if not one.refused and not one.needed <= recorded[name].kept]  # fmt: skip
        wrong = run_again(cases, recorded) if wish.replay else 0
    print(f"lost: {lost or 'none'}")
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
