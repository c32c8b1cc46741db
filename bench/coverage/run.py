"""`npm run bench:coverage`: what a session's journal says of files, beside what strace saw.

Each use of a file (read or written, in one run) is *recorded* (named in the run, the right way,
with a fingerprint), *covered* (a gap names the file, or its library and bytes that suffice) or
*silent*; what the journal surely lists as read, though nobody opened it in a way that lets it be
read, appended to it or renamed it (its content was carried over), is counted too. Exit status 1 if
anything is silent or wrongly listed, or if a tenth or more is only covered.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import Call, heavy, light
from truth import MARK, STRACE, Reader, Truth

HERE = Path(__file__).parent
#: No data of a notebook's, wherever it is.
SYSTEM = ("/proc/", "/sys/", "/dev/", "/usr/", "/etc/", "/lib/", "/lib64/", "/run/", "/var/")
#: A `python` that pyenv put on the path is scripts of its own.
PYENV = os.path.realpath(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") + "/"
#: Parts of paths that the interpreter or a kernel writes for itself.
OWN = ("/__pycache__/", "/ipython/", "/mpl/", "/fontconfig/")
#: Most of the uses that may be covered only.
SHARE = 0.1
PREFIXES = "import os, sys\nfor p in (sys.prefix, sys.base_prefix): print(os.path.realpath(p))"
Json = dict[str, Any]


@dataclass
class Row:
    """Uses of files in one call or notebook."""

    name: str
    library: str
    error: str | None = None
    recorded: list[str] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)

    def uses(self) -> int:
        """How many there were."""
        return len(self.recorded) + len(self.covered) + len(self.silent)


class Session:
    """A kernel under strace, recorded as ``jupyter attest execute`` records."""

    def __init__(self, python: str, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "journal"
        self.log = folder / "strace.log"
        self.prefix = subprocess.run(
            [python, "-c", PREFIXES], capture_output=True, text=True, check=True
        ).stdout.split()
        kernel = folder / "share" / "jupyter" / "kernels" / "traced"
        kernel.mkdir(parents=True)
        argv = [
            *STRACE,
            str(self.log),
            python,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
        spec = {"argv": argv, "display_name": "traced", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))

    def run(self, notebook: Path) -> Json:
        """Run a notebook from the top; what the journal says."""
        env = {
            **os.environ,
            "JUPYTER_ATTEST_DIR": str(self.home),
            "JUPYTER_PATH": str(self.folder / "share" / "jupyter"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "MPLCONFIGDIR": str(self.folder / "mpl"),
            "MPLBACKEND": "agg",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_attest.execute", str(notebook), "--kernel", "traced",
             "--allow-errors", "--timeout", "600"],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        sessions = list((self.home / "sessions").glob("*/server.jsonl"))
        if len(sessions) != 1:
            raise SystemExit(f"{notebook.name} didn't run:\n{done.stdout}{done.stderr}")
        told = subprocess.run(
            ["node", str(HERE / "session.mjs"), str(sessions[0].parent)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        result: Json = json.loads(told.stdout)
        return result

    def is_own(self, path: str) -> bool:
        """Whether a path is the system's, the installation's or the kernel's own."""
        inside = (*SYSTEM, *(p + "/" for p in self.prefix), PYENV, str(self.home), str(self.log))
        if path.startswith(inside) or not path.startswith("/"):
            return True
        return any(part in path for part in OWN) or "/ipykernel_" in path


def cell(source: str) -> Json:
    """A code cell."""
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def write_notebook(path: Path, cells: list[Json]) -> None:
    """A notebook of these cells."""
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(notebook))


def marked(number: int, code: str) -> str:
    """A cell that says where it begins and ends; a cell magic, which has to come first, by name."""
    begin = f"__import__('os').access('{MARK}/{number}/begin', 0)"
    end = f"__import__('os').access('{MARK}/{number}/end', 0)"
    if code.startswith("%%"):
        head, _, body = code[2:].partition("\n")
        name, _, line = head.partition(" ")
        code = f"get_ipython().run_cell_magic({name!r}, {line!r}, {body!r})"
    return f"{begin}\n{code}\n{end}"


def compare(row: Row, truth: Truth, runs: list[Json], gaps: list[Json], session: Session) -> None:
    """Sort the uses of one call or notebook."""
    listed = {
        "read": {u["path"]: u for run in runs for u in run["reads"]},
        "write": {u["path"]: u for run in runs for u in run["writes"]},
    }
    for way, paths in (("read", truth.reads), ("write", truth.writes)):
        for path in sorted(p for p in paths if not session.is_own(p)):
            if way == "write" and not Path(path).is_file():
                continue  # made and removed again
            use = listed[way].get(path)
            words = f"{way} {path}"
            if use is not None and use["sha256"] and not use["noise"]:
                row.recorded.append(words)
                continue
            gap = covering(path, way, row.library, gaps)
            if gap is not None:
                row.covered.append(f"{words} ({gap})")
            else:
                why = (
                    ""
                    if use is None
                    else f" (listed, {'noise' if use['noise'] else use['absent']})"
                )
                row.silent.append(words + why)
    for path, use in listed["read"].items():
        if use["sure"] and path not in truth.readable and not session.is_own(path):
            row.never.append(path)


_AMOUNT = re.compile(r"(\d+) bytes (read|written)")


def covering(path: str, way: str, library: str, gaps: Iterable[Json]) -> str | None:
    """The gap that covers a file: it names the path, or the library and bytes that suffice."""
    size = Path(path).stat().st_size if Path(path).exists() else 0
    for gap in gaps:
        if gap["path"] == path:
            return str(gap["code"])
        words = gap["detail"] or ""
        if gap["code"] == "native-io" and words.partition(",")[0] == library:
            moved = {verb: int(number) for number, verb in _AMOUNT.findall(words)}
            if moved.get("read" if way == "read" else "written", 0) >= size:
                return f"native-io: {words}"
    return None


def run_calls(calls: list[Call], python: str) -> list[Row]:
    """The rows of the calls of one session."""
    folder = Path(tempfile.mkdtemp(prefix="attest-coverage-")).resolve()
    try:
        session = Session(python, folder)
        work = folder / "work"
        work.mkdir()
        cells = []
        for number, call in enumerate(calls):
            place = work / f"{number:03}"
            place.mkdir()
            cells.append(cell(f"import os; os.chdir({str(place)!r})\n{call.before}"))
            cells.append(cell(marked(number, call.code)))
        notebook = work / "calls.ipynb"
        write_notebook(notebook, cells)
        told = session.run(notebook)
        truths = Reader(str(work)).follow(session.log)
        return list(rows_of_calls(calls, told, truths, session))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rows_of_calls(
    calls: list[Call], told: Json, truths: dict[int, Truth], session: Session
) -> Iterable[Row]:
    """Compare call by call."""
    by_parent = defaultdict(list)
    for run in told["runs"]:
        by_parent[run["parent"]].append(run)
    top = by_parent[None]
    for number, call in enumerate(calls):
        before, main = top[2 * number], top[2 * number + 1]
        row = Row(call.code, call.library)
        runs = [main, *by_parent[main["id"]]]
        row.error = before["ename"] or main["ename"]
        ids = {run["id"] for run in runs}
        # A path is of one call only; a write that a scan found may be filed under an earlier run.
        mine = [g for g in told["gaps"] if g["path"] or g["run"] in ids]
        compare(row, truths.get(number, Truth()), runs, mine, session)
        yield row


def run_notebook(path: Path, python: str) -> Row:
    """The row of a whole notebook; its repository is copied, so that nothing of it changes."""
    folder = Path(tempfile.mkdtemp(prefix="attest-coverage-")).resolve()
    try:
        session = Session(python, folder)
        repository = repository_of(path)
        copy = folder / "work" / repository.name
        shutil.copytree(repository, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        notebook = copy / path.relative_to(repository)
        read = json.loads(notebook.read_text())
        cells = read["cells"] if "cells" in read else read["worksheets"][0]["cells"]
        sources = [c.get("source", c.get("input", "")) for c in cells if c["cell_type"] == "code"]
        sources = ["".join(s) if isinstance(s, list) else s for s in sources]
        begin, end = marked(0, "pass").split("\npass\n")
        write_notebook(notebook, [cell(s) for s in (begin, *sources, end)])
        told = session.run(notebook)
        truth = Reader(str(notebook.parent)).follow(session.log).get(0, Truth())
        row = Row(str(path.relative_to(repository.parent)), repository.name)
        failed = [run["ename"] for run in told["runs"] if run["ename"]]
        row.error = (
            f"{len(failed)} cells failed: {', '.join(sorted(set(failed)))}" if failed else None
        )
        compare(row, truth, told["runs"], told["gaps"], session)
        return row
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_notebooks(folder: Path, python: str) -> list[Row]:
    """The rows of all notebooks in a folder; of those so far if it is interrupted."""
    rows: list[Row] = []
    try:
        for path in sorted(folder.rglob("*.ipynb")):
            if ".ipynb_checkpoints" not in path.parts:
                rows.append(run_notebook(path, python))
                row = rows[-1]
                print(f"{row.name}: {row.uses()} uses, {len(row.silent)} silent", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return rows


def repository_of(notebook: Path) -> Path:
    """The folder ``owner+name`` that a notebook lies in."""
    return next((p for p in notebook.parents if "+" in p.name), notebook.parent)


def show(rows: list[Row]) -> bool:
    """Print the table; True if all is as it should be."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.library].append(row)
    print("| library | calls | uses of files | recorded | covered | silent | never read |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, some in [*groups.items(), ("all", rows)]:
        kinds = ("recorded", "covered", "silent", "never")
        counts = [sum(len(getattr(r, kind)) for r in some) for kind in kinds]
        print(
            f"| {name} | {len(some)} | {sum(r.uses() for r in some)} | "
            + " | ".join(map(str, counts))
            + " |"
        )
    for title, kind in (
        ("Covered", "covered"),
        ("SILENT", "silent"),
        ("LISTED, NEVER READ", "never"),
    ):
        for row in rows:
            for words in getattr(row, kind):
                print(f"\n{title}: {row.library}: {row.name}\n    {words}", end="")
    print()
    for row in rows:
        if row.error:
            print(f"\nraised {row.error}: {row.library}: {row.name}", end="")
    print()
    uses = sum(r.uses() for r in rows)
    covered = sum(len(r.covered) for r in rows)
    wrong = sum(len(r.silent) + len(r.never) for r in rows)
    return uses > 0 and wrong == 0 and covered < SHARE * uses


def main() -> int:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=["light", "heavy"], default="light")
    parser.add_argument("--library", help="only the calls of this library")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the kernels")
    parser.add_argument(
        "--notebooks", type=Path, help="a folder with a folder owner+name per repository"
    )
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("strace is needed (Linux).")
        return 1
    if options.notebooks:
        return 0 if show(run_notebooks(options.notebooks.resolve(), options.python)) else 1
    calls = light() if options.group == "light" else heavy()
    sessions: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if options.library in (None, call.library) and has(options.python, call.needs):
            sessions[call.session].append(call)
    rows = [row for some in sessions.values() for row in run_calls(some, options.python)]
    return 0 if show(rows) else 1


_HAS: dict[str, bool] = {}


def has(python: str, module: str) -> bool:
    """Whether the kernels' environment has a module."""
    if module not in _HAS:
        look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        _HAS[module] = subprocess.run([python, "-c", look], check=False).returncode == 0
    return _HAS[module]


if __name__ == "__main__":
    sys.exit(main())
