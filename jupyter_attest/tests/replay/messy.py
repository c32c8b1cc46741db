"""A session as people have them: 26 cells, of which the model needs eight."""

from __future__ import annotations

import nbformat

from .conftest import Work

#: Cells in the order in which they ran; whether `model.npy` needs them.
MESSY = [
    ("import csv, json, random\nimport numpy as np", True),
    ("import math\nprint(math.pi)", False),
    ("rows = list(csv.DictReader(open('data.csv')))", True),
    ("print(len(rows))\nrows[:2]", False),
    ("kinds = {key: len({row[key] for row in rows}) for key in 'aby'}", False),
    (
        "X = np.array([[float(r['a']), float(r['b'])] for r in rows])\n"
        "y = np.array([float(r['y']) for r in rows])",
        True,
    ),
    ("X.shape, y.mean()", False),
    ("backup = X.copy()", False),
    ("backup *= 2", False),
    ("print(not_there)", False),
    ("def standardise(M):\n    return (M - M.mean(0)) / M.std(0)", True),
    ("standardise(X)[:2]", False),
    ("tries = []", False),
    ("for k in (0.1, 0.5):\n    tries.append(k * X.sum())", False),
    ("np.random.seed(1)\nnp.random.rand(3)", False),
    ("X = standardise(X)", True),
    ("experiment = X @ np.ones(2)", False),
    ("open('scratch.txt', 'w').write(str(experiment.sum()))", False),
    ("rng = np.random.default_rng(7)", True),
    ("first = np.random.rand(2)", False),
    (
        "w = rng.standard_normal(2)\n"
        "for _ in range(200):\n    w -= 0.1 * X.T @ (X @ w - y) / len(y)",
        True,
    ),
    ("w", False),
    ("err = ((X @ w - y) ** 2).mean()\nprint(err)", False),
    ("history = {'err': float(err)}", False),
    ("import os\nos.listdir('.')", False),
    ("np.save('model.npy', w)", True),
]


#: The table that the session reads.
DATA = "a,b,y\n" + "".join(f"{i},{i * i % 7},{3 * i - 2}\n" for i in range(40))


def write_data(work: Work) -> None:
    """Put the table where the session reads it."""
    (work.folder / "data.csv").write_text(DATA)


def needed(cells: list[tuple[str, bool]]) -> list[int]:
    """Numbers of the runs that are needed."""
    return [number for number, (_, is_needed) in enumerate(cells, 1) if is_needed]


def runs_of(notebook: str) -> list[int]:
    """Numbers of the runs in a condensed notebook, which must be a valid one."""
    read = nbformat.read(notebook, 4)
    nbformat.validate(read)
    return [each.metadata.jupyter_attest.run for each in read.cells if each.cell_type == "code"]
