"""Things that happen to files, in one notebook: the record tells them apart."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.timeout(300)

FILES = ("while", "after", "over", "deleted", "both", "held", "pool", "kept")
#: Each cell is one run; its place here is its number in the record.
CELLS = {
    "while": "import mmap, os, subprocess, sys\n"
    # Its words name no file: what a command names counts as perhaps read.
    "def shell(text): subprocess.run(['sh'], input=text.encode(), check=True)\n"
    "f = open('while.csv'); a = f.read(3)\n"
    "shell('printf changed > while.csv'); a += f.read(); f.close()",
    "after": "b = open('after.csv').read()",
    "rewrite": "shell('printf later > after.csv')",
    "failed": "try: open('missing.csv')\nexcept OSError: pass",
    "over": "c = open('over.csv').read(); n = open('over.tmp', 'w').write('new bytes')\n"
    "os.replace('over.tmp', 'over.csv')",
    "child": "shell('printf native > native.csv')\n"
    "code = \"n = open('python.csv', 'w').write('x')\"\n"
    "done = subprocess.run([sys.executable, '-c', code])",
    "deleted": "d = open('deleted.csv').read(); os.remove('deleted.csv')",
    "map": "g = open('map.bin', 'r+b'); m = mmap.mmap(g.fileno(), 0); g.close(); m[:1] = b'A'",
    "map again": "m[1:2] = b'B'",
    "map read": "e = open('map.bin', 'rb').read().decode()",
    "one": "n = open('twice.csv', 'w').write('one')",
    "one read": "h = open('twice.csv').read()",
    "two": "n = open('twice.csv', 'w').write('two!!')",
    "two read": "h += open('twice.csv').read()",
    "before": "i = open('both.csv').read()",
    "between": "n = open('both.csv', 'w').write('rewritten')",
    "behind": "i += open('both.csv').read()",
    "held": "k = open('held.csv'); j = k.read(2)",
    "held again": "shell('printf much_longer > held.csv')\nj += k.read(); k.close()",
    "pool": "import multiprocessing\n"
    "def head(name): return open(name).read(3)\n"
    "with multiprocessing.get_context('fork').Pool(1) as p:\n"
    "    o = p.map(head, ['pool.csv'])[0]\n    shell('printf changed > pool.csv')",
    "kept": "with multiprocessing.get_context('fork').Pool(1) as p:\n"
    "    o += p.map(head, ['kept.csv'])[0]",
    "kept again": "shell('printf later > kept.csv')",
    "arrow": "import pyarrow; q = pyarrow.memory_map('arrow.bin', 'r+'); n = q.write(b'AA')",
    "arrow again": "q.seek(0); n = q.write(b'BB')",
    "arrow read": "o += open('arrow.bin').read(); q.close()",
    "result": "m[2:3] = b'C'; n = open('result.txt', 'w').write(a + b + c + d + e + h + i + j + o)",
}
NUMBER = {name: number for number, name in enumerate(CELLS, 1)}


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


class Record:
    """The record of ``result.txt``, and what ``explain`` makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        for name in FILES:
            (self.work / f"{name}.csv").write_text(f"first {name}")
        (self.work / "map.bin").write_text("0" * 8192)
        (self.work / "arrow.bin").write_text("0" * 8192)
        cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.work / "n.ipynb")
        self.program("jupyter_attest.execute", "n.ipynb")
        self.program("jupyter_attest", "create", "--for", "result.txt", "--sign", "none")
        self.story = self.program("jupyter_attest", "explain", "result.txt")
        (found,) = self.work.glob(".attest/*/*/runs.json")
        self.runs = json.loads(found.read_text())["runs"]
        self.coverage = json.loads(found.with_name("coverage.json").read_text())
        statement = json.loads(found.with_name("record.intoto.json").read_text())
        inputs = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        self.inputs = {each["name"]: each for each in inputs if "name" in each}

    def program(self, module: str, *arguments: str) -> str:
        environment = {
            **os.environ,
            "JUPYTER_ATTEST_DIR": str(self.folder / "journal"),
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "IPYTHONDIR": str(self.folder / "ipython"),
        }
        log = self.folder / "log"
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", module, *arguments],
                cwd=self.work, env=environment, stdout=output, stderr=output, timeout=120,
            )  # fmt: skip
        assert done.returncode == 0, log.read_text()
        return log.read_text()

    def did(self, name: str, what: str) -> list[dict[str, Any]]:
        """What a run's entry lists under ``what``."""
        listed: list[dict[str, Any]] = self.runs[NUMBER[name] - 1].get(what, [])
        return listed

    def versions(self, path: str) -> list[dict[str, Any]]:
        [file] = [each for each in self.coverage["files"] if each["rel"] == path]
        versions: list[dict[str, Any]] = file["versions"]
        return versions

    def gaps(self, path: str) -> set[str]:
        about = [gap for gap in self.coverage["gaps"] if (gap["path"] or {}).get("rel") == path]
        return {gap["code"] for gap in about}

    def input(self, name: str) -> dict[str, Any]:
        notes: dict[str, Any] = self.inputs[name]["annotations"]
        return notes

    def is_of(self, name: str, content: str) -> None:
        """A digest, if there is one, is of what was read and of nothing else."""
        digest = self.inputs[name].get("digest", {}).get("sha256")
        assert digest in (None, sha256(content))
        assert digest is not None or "digest-absent" in self.gaps(name)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return Record(tmp_path_factory.mktemp("apart"))


def changed_while_it_was_read(record: Record) -> None:
    notes = record.input("while.csv")
    assert "digest" not in record.inputs["while.csv"]
    assert (notes["nb_digestLevel"], notes["nb_unstable"]) == ("D2", True)
    assert record.gaps("while.csv") >= {"unstable-file"}
    [read] = record.did("while", "reads")
    assert (read["sha256"], read["unstable"]) == (None, True)
    assert "changed while it was read" in record.story


def changed_after(record: Record) -> None:
    notes = record.input("after.csv")
    assert "nb_unstable" not in notes and notes["nb_then"] == "rewritten"
    record.is_of("after.csv", "first after")
    assert "unstable-file" not in record.gaps("after.csv")


def changed_while_a_child_read_it(record: Record) -> None:
    notes = record.input("pool.csv")
    assert "digest" not in record.inputs["pool.csv"]
    assert (notes["nb_digestLevel"], notes["nb_unstable"]) == ("D2", True)
    assert record.gaps("pool.csv") >= {"unstable-file"}
    [read] = [each for each in record.did("pool", "reads") if each["name"] == "pool.csv"]
    assert (read["sha256"], read["unstable"]) == (None, True)


def changed_after_a_child_read_it(record: Record) -> None:
    notes = record.input("kept.csv")
    assert "nb_unstable" not in notes and notes["nb_then"] == "rewritten"
    record.is_of("kept.csv", "first kept")
    assert "unstable-file" not in record.gaps("kept.csv")


def failed_to_open(record: Record) -> None:
    assert "missing.csv" not in record.inputs
    assert record.did("failed", "notOpened") == [{"name": "missing.csv", "root": "notebook"}]
    assert record.did("failed", "reads") == []
    assert not [file for file in record.coverage["files"] if file["rel"] == "missing.csv"]


def renamed_over(record: Record) -> None:
    assert record.input("over.csv")["nb_then"] == "replaced"
    record.is_of("over.csv", "first over")
    [written] = record.did("over", "writes")
    assert (written["name"], written["sha256"]) == ("over.csv", sha256("new bytes"))


def written_by_a_child(record: Record) -> None:
    [written] = record.did("child", "writes")
    assert (written["name"], written["by"]) == ("python.csv", "child")
    [native] = record.versions("native.csv")
    assert (native["certainty"], native["seenBy"]) == ("may", ["scan"])
    assert native["writers"][0] <= NUMBER["child"] <= native["writers"][1]
    started = [gap for gap in record.coverage["gaps"] if gap["code"] == "child-process"]
    assert NUMBER["child"] in {gap["run"] for gap in started}


def deleted_after_reading(record: Record) -> None:
    assert record.input("deleted.csv")["nb_then"] == "removed"
    record.is_of("deleted.csv", "first deleted")


def written_through_a_map(record: Record) -> None:
    # Where the system wrote the page back in between, the next store moved the times again.
    *passed, version = [each for each in record.versions("map.bin") if each["origin"] == "run"]
    last = (record.work / "map.bin").read_text()
    assert last.startswith("ABC0")
    assert {each["certainty"] for each in [*passed, version]} == {"may"}
    assert [*passed, version][0]["writers"][0] == NUMBER["map"]
    assert version["writers"][1] == NUMBER["result"]
    assert version["sha256"] == sha256(last)
    assert {each["sha256"] for each in passed} <= {None}
    [read] = record.did("map read", "reads")
    assert (read["sha256"], read["unstable"]) == (None, True)
    assert "mapped-write" in record.gaps("map.bin")
    assert record.inputs["map.bin"].get("digest", {}).get("sha256") in (None, sha256("0" * 8192))


def written_through_a_map_of_native_code(record: Record) -> None:
    *passed, version = [each for each in record.versions("arrow.bin") if each["origin"] == "run"]
    assert [*passed, version][0]["writers"][0] == NUMBER["arrow"]
    assert version["writers"][1] == NUMBER["arrow read"]
    assert version["sha256"] == sha256("BB" + "0" * 8190)
    assert "mapped-write" in record.gaps("arrow.bin")


def one_path_written_twice(record: Record) -> None:
    one, two = record.versions("twice.csv")
    assert one["writers"] == [NUMBER["one"]] * 2 and two["writers"] == [NUMBER["two"]] * 2
    assert one["sha256"] in (None, sha256("one")) and two["sha256"] == sha256("two!!")
    assert one["ended"] == {"how": "rewritten", "runs": [NUMBER["two"]] * 2}
    assert [each["sha256"] for each in record.did("one read", "reads")] == [one["sha256"]]
    assert [each["sha256"] for each in record.did("two read", "reads")] == [two["sha256"]]


def read_before_and_after_its_rewrite(record: Record) -> None:
    assert record.input("both.csv")["nb_then"] == "rewritten"
    record.is_of("both.csv", "first both")
    [before], [behind] = record.did("before", "reads"), record.did("behind", "reads")
    assert before["sha256"] in (None, sha256("first both"))
    assert behind["sha256"] == sha256("rewritten")


def read_again_through_an_open_descriptor(record: Record) -> None:
    record.is_of("held.csv", "first held")
    [again] = record.did("held again", "reads")
    assert (again["name"], again["may"]) == ("held.csv", True)
    assert again["sha256"] in (None, sha256("much_longer"))


@pytest.mark.parametrize(
    "case",
    [
        changed_while_it_was_read,
        changed_after,
        changed_while_a_child_read_it,
        changed_after_a_child_read_it,
        failed_to_open,
        renamed_over,
        written_by_a_child,
        deleted_after_reading,
        written_through_a_map,
        written_through_a_map_of_native_code,
        one_path_written_twice,
        read_before_and_after_its_rewrite,
        read_again_through_an_open_descriptor,
    ],
)
def test_what_happened_to_a_file_is_told(record: Record, case: Callable[[Record], None]) -> None:
    case(record)
