"""Sharded and huge datasets in a recorded notebook: does anything stall, and what is said of them?

Makes, in a temporary folder, a dataset of many small files and a sparse file over the budget for
digests; runs a notebook over them from the top, plain and recorded, and makes the record of its
result. Prints one JSON object: wall times in s, and what the record says. ``--files`` and
``--gigabytes`` make them smaller.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat

CELLS = {
    "read one dataset": "import os, pyarrow.dataset as ds\n"
    "rows = ds.dataset('shards', format='csv').head(5).num_rows",
    "open 10,000 of its files": "total = 0\n"
    "for folder in sorted(os.listdir('shards'))[:10]:\n"
    "    for name in os.listdir(f'shards/{folder}'):\n"
    "        with open(f'shards/{folder}/{name}') as f: total += len(f.read())",
    "read the huge file's ends": "with open('huge.bin', 'rb') as f:\n"
    "    ends = f.read(16); n = f.seek(-16, 2); ends += f.read(16)",
    "write": "n = open('result.txt', 'w').write(f'{rows} {total} {ends!r}')",
}
CLOCK = "import time as _t; _begun = _t.perf_counter()"
STOP = "print('cell took', _t.perf_counter() - _begun)"


def make(work: Path, files: int, gigabytes: int) -> None:
    """The dataset, 1,000 files to a folder, and the sparse file."""
    for number in range(files):
        folder = work / "shards" / f"{number // 1000:04}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number % 1000:04}.csv").write_text(f"a,b\n{number},1\n")
    with (work / "huge.bin").open("wb") as huge:
        huge.truncate(gigabytes * 1024**3)
    cells = [nbformat.v4.new_code_cell(f"{CLOCK}\n{code}\n{STOP}") for code in CELLS.values()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), work / "n.ipynb")


def timed(work: Path, log: Path, *arguments: str) -> float:
    """Run a module in the folder; seconds that it took."""
    begun = time.perf_counter()
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=work, check=True, stdout=output, stderr=output,
            env={**os.environ, "JUPYTER_ATTEST_DIR": str(work.parent / "journal")},
        )  # fmt: skip
    return round(time.perf_counter() - begun, 2)


def cell_times(notebook: Path) -> dict[str, float]:
    """Seconds of each cell, as it printed them."""
    cells = nbformat.read(notebook, 4).cells
    outputs = ["".join(o.get("text", "") for o in cell.outputs) for cell in cells]
    return {
        name: round(float(output.rsplit(" ", 1)[1]), 3)
        for name, output in zip(CELLS, outputs, strict=True)
    }


def said(work: Path) -> dict[str, Any]:
    """What the record says of the inputs."""
    (file,) = work.glob(".attest/*/*/record.intoto.json")
    predicate = json.loads(file.read_text())["predicate"]["buildDefinition"]
    inputs = [each for each in predicate["resolvedDependencies"] if "annotations" in each]
    huge = [each["annotations"] for each in inputs if each.get("name") == "huge.bin"]
    lists = [
        each["annotations"]["nb_files"] for each in inputs if "nb_files" in each["annotations"]
    ]
    reasons = Counter(each["annotations"].get("nb_absent", "with a digest") for each in inputs)
    return {
        "huge file": [[note.get("nb_digestLevel"), note.get("nb_absent")] for note in huge],
        "inputs listed": len(inputs),
        "files in lists of their own": lists,
        "listed inputs by reason": dict(reasons),
        "gaps": predicate["internalParameters"]["recording"]["gaps"],
        "statement bytes": file.stat().st_size,
    }


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--gigabytes", type=int, default=20)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, log = Path(folder) / "work", Path(folder) / "log"
        work.mkdir()
        make(work, wanted.files, wanted.gigabytes)
        plain = ["nbconvert", "--to", "notebook", "--execute", "n.ipynb", "--output", "plain.ipynb"]
        timed(work, log, *plain)
        execute = timed(work, log, "jupyter_attest.execute", "n.ipynb", "-o", "recorded.ipynb")
        create = ["jupyter_attest", "create", "--for", "result.txt", "--sign", "none"]
        sessions = Path(folder) / "journal" / "sessions"
        print(json.dumps({
            "files": wanted.files, "gigabytes": wanted.gigabytes,
            "cells, plain (s)": cell_times(work / "plain.ipynb"),
            "cells, recorded (s)": cell_times(work / "recorded.ipynb"),
            "execute, in all (s)": execute,
            "create (s)": timed(work, log, *create),
            "journal bytes": sum(f.stat().st_size for f in sessions.glob("*/*.jsonl")),
            "said": said(work),
        }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
