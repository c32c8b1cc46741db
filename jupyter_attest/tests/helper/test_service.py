"""The helper as a whole, without its process: runs, scans, tails, flush."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.helper import service as module
from jupyter_attest.helper.files import stat_event
from jupyter_attest.helper.service import Service
from jupyter_attest.home import SessionFolder, new_session
from jupyter_attest.journal import JournalFile, now_text, observer

from ..journals import read_journal


class Bench:
    """A service, one open session and the folder that it watches."""

    def __init__(self, tmp_path: Path) -> None:
        self.home = tmp_path / "journal"
        self.work = tmp_path / "work"
        self.work.mkdir()
        self.session: SessionFolder = new_session(self.home)
        self.replies: list[dict[str, Any]] = []
        self.service = Service(self.home, self.replies.append)
        probe = JournalFile(
            self.session.path / "probe-1.jsonl", self.session.sid, [observer("probe", "probe")]
        )
        self.probe = probe

    def open(self) -> None:
        folder = str(self.session.path)
        self.send("open", folder=folder, roots=[str(self.work)])

    def send(self, command: str, **fields: Any) -> None:
        self.service.command({"cmd": command, "sid": self.session.sid, **fields})

    def run(self, ident: str, phase: str) -> None:
        self.send("run", run=ident, phase=phase, mono=time.monotonic_ns())

    def until(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 20
        while True:
            self.service.tick()
            value = condition()
            if value:
                return value
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)

    def flush(self) -> None:
        self.send("flush", id="f", timeout=20)
        self.until(lambda: {"reply": "f", "complete": True} in self.replies)
        self.replies.remove({"reply": "f", "complete": True})

    def of(self, kind: str) -> list[dict[str, Any]]:
        path = self.session.path / "helper.jsonl"
        return [e for e in (read_journal(path) if path.exists() else []) if e["type"] == kind]

    def event(self, kind: str, file: Path, run: str, **fields: Any) -> None:
        """An event of the probe."""
        stat = stat_event(file.lstat())
        common = {"run": run, "attribution": "context", "stat": stat, "realPath": str(file)}
        self.probe.add(kind, **common, **fields)
        self.probe.flush()

    def opened(self, path: Path, run: str, *ops: str) -> None:
        fields = {"ops": list(ops), "via": "audit", "outcome": "opened", "path": path.name}
        self.event("file.opened", path, run, **fields)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_change_is_of_every_run_of_its_interval(bench: Bench) -> None:
    bench.open()
    bench.flush()
    for run in ("a/0", "b/0", "c/0"):
        bench.run(run, "start")
        if run == "b/0":
            (bench.work / "made").write_text("x")
        bench.run(run, "end")
    [changed] = bench.until(lambda: bench.of("file.changed"))
    assert changed["runs"] == ["a/0", "c/0"] and changed["before"] is None
    bench.run("d/0", "start")
    (bench.work / "made").write_text("other")
    bench.run("d/0", "end")
    changed = bench.until(lambda: bench.of("file.changed")[1:])[0]
    assert changed["runs"] == ["d/0", "d/0"] and changed["before"] is not None


def test_a_run_that_still_goes_on_is_in_the_interval(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_S", 0.2)
    bench.open()
    bench.flush()
    bench.run("long/0", "start")
    (bench.work / "checkpoint").write_text("x")
    [changed] = bench.until(lambda: bench.of("file.changed"))
    assert changed["runs"] == ["long/0", "long/0"]


def test_late_news_of_a_run_counts(bench: Bench) -> None:
    """The change is found before the helper hears of the run that made it."""
    bench.open()
    bench.flush()
    started = time.monotonic_ns()
    (bench.work / "made").write_text("x")
    bench.service._sessions[bench.session.sid].dirty = True
    bench.until(lambda: bench.service._sessions[bench.session.sid].pending)
    bench.send("run", run="late/0", phase="start", mono=started)
    [changed] = bench.until(lambda: bench.of("file.changed"))
    assert changed["runs"] == ["late/0", "late/0"]


def test_a_change_without_any_run_is_nobodys(bench: Bench) -> None:
    bench.open()
    bench.flush()
    (bench.work / "by hand").write_text("x")
    bench.flush()
    [changed] = bench.of("file.changed")
    assert changed["runs"] is None
    assert not [r for r in bench.replies if r.get("event") == "wrote"]


def test_a_run_before_the_first_look_is_a_gap(bench: Bench) -> None:
    bench.open()
    bench.run("early/0", "start")
    time.sleep(0.01)
    bench.flush()
    [gap] = bench.of("gap")
    assert gap["code"] == "no-scan" and gap["covers"]["run"] == "early/0"


def test_files_that_the_probe_names_get_their_digest_once(bench: Bench) -> None:
    data = bench.work / "data.csv"
    data.write_text("a,b\n")
    bench.open()
    for _ in range(3):
        bench.opened(data, "a/0", "read")
    bench.flush()
    [hashed] = bench.of("file.hashed")
    assert hashed["sha256"] == sha256(data) and hashed["realPath"] == str(data)
    assert hashed["when"] in ("ahead", "after") and hashed["by"] == "hasher"


def test_a_dataset_that_was_read_is_listed_and_hashed(bench: Bench) -> None:
    folder = bench.work / "parts"
    folder.mkdir()
    part = folder / "0.parquet"
    part.write_text("x")
    bench.open()
    fields = {"ops": ["read"], "via": "wrapper", "outcome": "opened", "path": "parts"}
    bench.event("file.opened", folder, "a/0", holds="folder", **fields)
    bench.flush()
    [manifest] = bench.of("folder.manifest")
    assert [member["path"] for member in manifest["members"]] == [str(part)]
    assert manifest["of"]["file"] == "probe-1.jsonl"
    assert {e["realPath"]: e["sha256"] for e in bench.of("file.hashed")} == {
        str(part): sha256(part)
    }


def test_a_dataset_of_more_files_than_the_journal_holds_back_loses_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_attest.journal.MAX_WAITING", 50)
    monkeypatch.setattr("jupyter_attest.helper.service.PER_EVENT", 10)
    folder = bench.work / "parts"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number}.csv").write_text(str(number))
    bench.open()
    fields = {"ops": ["read"], "via": "wrapper", "outcome": "opened", "path": "parts"}
    bench.event("file.opened", folder, "a/0", holds="folder", **fields)
    bench.flush()
    assert len({e["realPath"] for e in bench.of("file.hashed") if e["sha256"]}) == 500
    assert not bench.of("gap")


def test_a_file_over_the_limit_is_answered_at_once(bench: Bench) -> None:
    huge = bench.work / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    bench.open()
    bench.opened(huge, "a/0", "read")
    bench.until(lambda: bench.of("file.hashed"))
    assert [e["absent"] for e in bench.of("file.hashed")] == ["too-large"]


def test_a_file_that_was_read_first_and_then_written_goes_into_the_index(bench: Bench) -> None:
    file = bench.work / "out.bin"
    file.write_text("bytes")
    bench.open()
    bench.opened(file, "a/0", "read")
    bench.flush()
    assert not (bench.home / "index.jsonl").exists()
    bench.event("file.settled", file, "a/0", stillOpen=False)
    bench.flush()
    assert sha256(file) in (bench.home / "index.jsonl").read_text()


def test_a_native_write_beside_a_seen_one_is_found(bench: Bench) -> None:
    folder = bench.work / "results"
    folder.mkdir()
    bench.open()
    bench.until(lambda: bench.of("scan.done"))
    seen, native = folder / "seen", folder / "native"
    seen.write_text("1")
    bench.run("a/0", "start")
    bench.opened(seen, "a/0", "write")
    native.write_text("2")
    bench.run("a/0", "end")
    bench.flush()
    assert str(native) in {e["path"] for e in bench.of("file.changed")}


def test_a_file_overwritten_before_it_could_be_hashed_has_no_digest(bench: Bench) -> None:
    elsewhere = bench.work.parent / "outside.csv"
    elsewhere.write_text("first")
    bench.open()
    bench.flush()
    bench.opened(elsewhere, "a/0", "read")
    elsewhere.write_text("second!")
    bench.flush()
    [hashed] = bench.of("file.hashed")
    assert hashed["sha256"] is None and hashed["absent"] == "changed"


def test_a_file_hashed_ahead_keeps_the_digest_that_was_read(bench: Bench) -> None:
    data = bench.work / "data.csv"
    data.write_text("first")
    first = sha256(data)
    bench.open()
    bench.flush()
    time.sleep(0.3)
    bench.opened(data, "a/0", "read")
    data.write_text("second!")
    bench.flush()
    digests = [e for e in bench.of("file.hashed") if e["stat"]["size"] == 5]
    assert [e["sha256"] for e in digests] == [first]
    assert digests[0]["when"] == "ahead" and digests[0]["fromCache"] is True


def test_a_settled_file_goes_into_the_index(bench: Bench) -> None:
    model = bench.work / "model.bin"
    model.write_bytes(b"model")
    bench.open()
    bench.flush()
    bench.event("file.settled", model, "a/0", stillOpen=False)
    bench.flush()
    [line] = (bench.home / "index.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert entry["path"] == str(model) and entry["sha256"] == sha256(model)
    assert entry["sid"] == bench.session.sid
    assert [r for r in bench.replies if r.get("event") == "wrote"]


def test_an_observer_on_another_computer_gets_no_digest(bench: Bench) -> None:
    data = bench.work / "data.csv"
    data.write_text("x")
    stranger = {**observer("other", "probe"), "bootId": "another computer"}
    bench.probe.add("observer.joined", observer=stranger, by="other")
    bench.open()
    bench.opened(data, "a/0", "read")
    bench.flush()
    [hashed] = bench.of("file.hashed")
    assert hashed["absent"] == "elsewhere"


def test_folders_of_writes_become_roots(bench: Bench) -> None:
    other = bench.work.parent / "other"
    other.mkdir()
    (other / "out.csv").write_text("x")
    bench.open()
    bench.opened(other / "out.csv", "a/0", "write", "create")
    bench.flush()
    (other / "native").write_text("x")
    bench.flush()
    assert str(other) in bench.of("scan.started")[-1]["roots"]
    assert [e["path"] for e in bench.of("file.changed")] == [str(other / "native")]


def test_a_folder_that_must_not_be_watched_is_a_gap(bench: Bench) -> None:
    bench.open()
    bench.send("roots", roots=["/", str(Path.home())])
    bench.send("roots", roots=["/"])
    bench.flush()
    assert [g["covers"]["path"] for g in bench.of("gap")] == ["/", str(Path.home())]


def test_cells_of_a_notebook_come_with_its_digest(bench: Bench) -> None:
    cells = [
        {"cell_type": "code", "id": "a", "source": ["x = 1\n", "y"]},
        {"cell_type": "markdown", "id": "m", "source": "text"},
        {"cell_type": "code", "source": "z"},
    ]
    notebook = bench.work / "n.ipynb"
    notebook.write_text(json.dumps({"cells": cells}))
    bench.open()
    bench.send("cells", id=7, path=str(notebook))
    [reply] = [r for r in bench.replies if r.get("reply") == 7]
    assert reply["sha256"] == sha256(notebook)
    assert [(c["cellId"], c["code"]["bytes"]) for c in reply["cells"]] == [("a", 7), (None, 1)]
    notebook.write_text("no JSON")
    bench.send("cells", id=8, path=str(notebook))
    [reply] = [r for r in bench.replies if r.get("reply") == 8]
    assert reply["cells"] is None and reply["sha256"] == sha256(notebook)


def test_closing_ends_the_file_in_order(bench: Bench) -> None:
    bench.open()
    (bench.work / "last").write_text("x")
    bench.send("close", id="c", timeout=20)
    bench.until(lambda: {"reply": "c", "complete": True} in bench.replies)
    assert bench.of("scan.done")
    bench.send("flush", id="after", timeout=1)
    assert {"reply": "after", "complete": False} in bench.replies


@pytest.mark.parametrize(
    "command",
    [
        {"cmd": "nonsense"},
        {},
        {"cmd": "run", "sid": "unknown", "run": "a/0", "phase": "start", "mono": 1},
        {"cmd": "roots", "sid": "unknown", "roots": ["/"]},
    ],
)
def test_commands_that_make_no_sense_do_nothing(bench: Bench, command: dict[str, Any]) -> None:
    bench.service.command(command)
    assert now_text() and bench.replies == []
