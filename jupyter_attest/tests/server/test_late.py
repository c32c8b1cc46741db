"""What threads and workers do for more than one run, as a record tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .running import Page, RunningServer, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for records of several notebooks."""
    with running(tmp_path_factory.mktemp("late")) as started:
        yield started


def record(server: RunningServer, folder: str, codes: list[str], made: str) -> dict[str, Any]:
    """The record of a file that these cells made: its gaps by code, its runs."""
    server.write_notebook(f"{folder}/n.ipynb", *codes)
    kernel = server.open(f"{folder}/n.ipynb")
    page = Page(server, kernel)
    for code in codes:
        page.wait(page.run(code))
    page.close()
    errors = [e for e in server.journal(kernel).probe("run.ended") if e["status"] != "ok"]
    assert errors == []
    body = {"for": [f"{folder}/{made}"], "notebook": f"{folder}/n.ipynb", "sign": "local"}
    answer = server.attest("POST", "records", json=body)
    statement = json.loads(json.loads(answer.text.splitlines()[-1])["statement"])
    definition = statement["predicate"]["buildDefinition"]
    records = server.attest("GET", "records", params={"path": f"{folder}/n.ipynb"}).json()
    (found,) = records["records"]
    runs = server.attest("GET", f"records/{found['invocation']}/runs.json").json()["runs"]
    server.shut_down(kernel)
    gaps = definition["internalParameters"]["recording"]["gaps"]
    return {"gaps": {gap["code"]: gap for gap in gaps}, "runs": runs}


def named(files: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The entry of a run's list with this name."""
    (found,) = [file for file in files if file["name"].endswith(name)]
    return found


def test_a_clean_notebook_with_workers_has_no_gap(server: RunningServer) -> None:
    (server.root / "clean").mkdir()
    rows = "".join(f"{n},{n % 3},{n % 2}\n" for n in range(60))
    (server.root / "clean/in.csv").write_text("a,b,y\n" + rows)
    codes = [
        "import joblib, pandas\nfrom sklearn.linear_model import LogisticRegression\n"
        "from sklearn.model_selection import cross_val_score",
        "data = pandas.read_csv('in.csv'); x, y = data[['a', 'b']], data['y']",
        "one = cross_val_score(LogisticRegression(), x, y, n_jobs=1)",
        "two = cross_val_score(LogisticRegression(), x, y, n_jobs=2)",
        "model = LogisticRegression().fit(x, y)",
        "names = joblib.dump(model, 'model.joblib')",
    ]
    assert record(server, "clean", codes, "model.joblib")["gaps"] == {}


def test_what_comes_late_is_said_to_be_late(server: RunningServer) -> None:
    (server.root / "late").mkdir()
    for name in ("a.csv", "b.csv"):
        (server.root / "late" / name).write_text(f"{name}\n" * 3)
    codes = [
        "import joblib, os, threading, time\n"
        "def read(name):\n"
        "    with open(name) as file: return file.read()\n"
        "first = joblib.Parallel(2)(joblib.delayed(read)(n) for n in ('a.csv', 'a.csv'))",
        "second = joblib.Parallel(2)(joblib.delayed(read)(n) for n in ('b.csv', 'b.csv'))",
        "def later():\n"
        "    while not os.path.exists('go'): time.sleep(.05)\n"
        "    with open('late.txt', 'w') as file: file.write('late')\n"
        "thread = threading.Thread(target=later); thread.start()",
        "open('go', 'w').close(); thread.join(); time.sleep(6)",
        "with open('late.txt') as file, open('out.txt', 'w') as out: n = out.write(file.read())",
    ]
    told = record(server, "late", codes, "out.txt")
    runs = {run["number"]: run for run in told["runs"]}
    assert "late" not in named(runs[1]["reads"], "a.csv")
    words = (
        "A thread or child that run 1 had started read it after the end of run 1, "
        "while run 2 went on: it was for run 1 or 2."
    )
    for number in (1, 2):
        assert named(runs[number]["reads"], "b.csv")["late"].replace("runs", "run") == words
    words = (
        "A thread or child that run 3 had started wrote it after the end of run 3, "
        "while run 4 went on: it was for runs 3 or 4."
    )
    for number in (3, 4):
        written = named(runs[number]["writes"], "late.txt")
        assert (written["late"], written["may"]) == (words, True)
        assert written["sha256"] is not None
    assert "late" not in named(runs[5]["writes"], "out.txt")
    assert set(told["gaps"]) == {"late-write", "background-thread"}
