"""Folders that a library reads as one dataset, natively, in a real notebook."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_execute import Executor

pytest.importorskip("pyarrow")

WRITE = (
    "import pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq, os\n"
    "for part in range(%d):\n"
    "    folder = f'data/part={part %% 2}'\n"
    "    os.makedirs(folder, exist_ok=True)\n"
    "    pq.write_table(pa.table({'a': [part] * 9}), f'{folder}/{part}.parquet')\n"
)


def attest(execute: Executor, *arguments: str) -> str:
    """What a command says that is given in the notebook's folder."""
    command = [sys.executable, "-m", "jupyter_attest", *arguments]
    done = subprocess.run(
        command, cwd=execute.work, env=execute.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dir_hash(folder: Path) -> str:
    """The ``dirHash`` of in-toto's digest set."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in sorted(files, key=lambda path: str(path.relative_to(folder)).encode())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def inputs_of(execute: Executor, name: str) -> dict[str, dict[str, Any]]:
    """The record's dependencies by name, for a file that is attested now."""
    attest(execute, "create", "--for", name, "--sign", "none")
    [found] = execute.work.glob(".attest/*/*/record.intoto.json")
    predicate = json.loads(found.read_text())["predicate"]
    inputs = predicate["buildDefinition"]["resolvedDependencies"]
    return {each["name"]: each for each in inputs if "name" in each}


def test_a_folder_that_pyarrow_reads_is_one_dependency_with_its_hash(tmp_path: Path) -> None:
    execute = Executor(tmp_path)
    subprocess.run([sys.executable, "-c", WRITE % 24], cwd=execute.work, check=True)
    execute.write(
        "n.ipynb",
        "import pyarrow.dataset as ds",
        "table = ds.dataset('data', partitioning='hive').to_table()",
        "n = open('rows.txt', 'w').write(str(table.num_rows))",
    )
    code, _, err = execute("n.ipynb")
    assert code == 0, err
    inputs = inputs_of(execute, "rows.txt")
    assert {"data/", "inputs.json"} <= set(inputs)
    assert not [name for name in inputs if name.endswith(".parquet")]
    folder = inputs["data/"]
    assert folder["digest"] == {"sha256": dir_hash(execute.work / "data")}
    notes = folder["annotations"]
    assert (notes["nb_files"], notes["nb_filesRead"], notes["nb_filesHeld"]) == (24, 0, 24)
    assert notes["nb_via"] == "pyarrow.dataset"
    assert "up to 24 files, still the same here" in attest(execute, "explain", "rows.txt")
    (execute.work / "data/part=1/3.parquet").write_bytes(b"other")
    assert "up to 24 files, different here now" in attest(execute, "explain", "rows.txt")
