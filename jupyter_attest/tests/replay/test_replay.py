"""Recorded sessions run again by the command line, in real kernels."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from jupyter_attest.replay.sandbox import namespaces_allowed

from .conftest import Work
from .messy import MESSY, needed, runs_of, write_data

ALONE = namespaces_allowed()

READ = "import json; text = open('in.txt').read()"


def test_every_kind_of_path_failed_cells_counters_and_the_hash_seed_are_as_they_were(
    work: Work,
) -> None:
    (work.folder.parent / "above.txt").write_text("above")
    (work.folder / "in.txt").write_text("beside")
    cells = [
        READ,
        "1 / 0",
        "above = open('../above.txt').read()",
        "import os; home = open(os.path.expanduser('~/project/above.txt')).read()",
        "seen = [text, above, home, hash('text'), get_ipython().execution_count, In[1][:6]]",
        "json.dump(seen, open('out.json', 'w'))",
    ]
    if ALONE:
        cells[-1] = f"json.dump(seen, open({str(work.folder / 'out.json')!r}, 'w'))"
    work.record(cells, "out.json", PYTHONHASHSEED="7")
    before = os.stat(work.folder / "out.json")
    code, reply = work.replay("out.json")
    assert (code, reply["outcome"]) == (0, "same-digest"), reply
    assert reply["surroundings"] == {
        "network": "off" if ALONE else "on",
        "files": "own-folder" if ALONE else "python-only",
    }
    after = os.stat(work.folder / "out.json")
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    checked = work.run("jupyter_attest", "verify", "out.json", "--record", reply["record"])
    assert checked.returncode == 0 and "Matches" in checked.stdout
    told = work.run("jupyter_attest", "explain", "out.json").stdout
    assert "gave the same bytes" in " ".join(told.split())
    assert work.kernels() == []


def test_what_is_missing_or_changed_is_said_and_nothing_is_run(work: Work) -> None:
    (work.folder / "in.txt").write_text("beside")
    work.record([READ, "open('out.txt', 'w').write(text.upper())"], "out.txt")
    (work.folder / "in.txt").write_text("other")
    code, reply = work.replay("out.txt")
    assert (code, reply["outcome"]) == (2, "not-possible")
    assert "in.txt has changed" in reply["reason"]
    (work.folder / "in.txt").unlink()
    code, reply = work.replay("out.txt")
    assert (code, reply["outcome"]) == (2, "not-possible")
    assert "in.txt" in reply["reason"] and reply["record"] is None
    listed = json.loads(work.run("jupyter_attest", "replay", "out.txt", "--list", "--json").stdout)
    assert [(note["outcome"], note["reason"]) for note in listed["replays"]] == [
        ("not-possible", reply["reason"])
    ]
    told = " ".join(work.run("jupyter_attest", "explain", "out.txt").stdout.split())
    assert f"could not be run again: {reply['reason']}" in told
    [sid] = [path.name for path in (work.journal / "sessions").iterdir()]
    assert work.run("jupyter_attest", "forget", "--session", sid, "--run", "1", "--yes").stdout
    code, reply = work.replay("out.txt")
    assert (code, reply["outcome"]) == (2, "not-possible")
    assert "forgotten" in reply["reason"]
    deep = work.run("jupyter_attest", "verify", "out.txt", "--deep", "--json")
    assert deep.returncode == 2
    assert json.loads(deep.stdout)["deep"]["outcome"] == "not-checked"


def test_what_is_known_to_be_otherwise_in_a_replay_is_named(work: Work) -> None:
    work.record(["import os; x = os.listdir()", "open('out.txt', 'w').write(str(x))"], "out.txt")
    code, reply = work.replay("out.txt")
    assert (code, reply["outcome"]) == (1, "different")
    assert reply["reason"].startswith("run 1 asked which files a folder holds")


def test_an_input_is_found_wherever_the_session_had_the_same_bytes(work: Work) -> None:
    (work.folder / "in.txt").write_text("beside")
    cells = [
        "import shutil; shutil.copy('in.txt', 'copy.txt')",
        READ,
        "open('in.txt', 'w').write('other'); open('out.txt', 'w').write(text.upper())",
    ]
    work.record(cells, "out.txt")
    code, reply = work.replay("out.txt")
    assert (code, reply["outcome"]) == (0, "same-digest"), reply


@pytest.mark.parametrize(
    ("noise", "outcome"),
    [
        ("int.from_bytes(os.urandom(4), 'little')", "refused"),
        ("1 + time.time_ns() % 997 / 1e12", "close"),
    ],
)
def test_a_training_that_is_not_deterministic_is_never_called_the_same(
    work: Work, noise: str, outcome: str
) -> None:
    cells = [
        "import os, time, pickle",
        f"weights = [0.5 * ({noise}) for _ in range(20)]",
        "pickle.dump({'weights': weights}, open('model.pkl', 'wb'))",
    ]
    work.record(cells, "model.pkl")
    code, reply = work.replay("model.pkl", "--minimize")
    assert (code, reply["outcome"]) == (1, outcome), reply
    assert "deterministic" in reply["reason"]
    assert reply["subjects"][0]["maxAbs"] > 0
    assert (reply["record"] is not None) == (outcome == "close")
    listed = work.run("jupyter_attest", "replay", "model.pkl", "--list").stdout
    assert {
        "refused": "gave no answer that anything follows from",
        "close": "gave numbers that are close, not the same; the largest difference is",
    }[outcome] in " ".join(listed.split())


#: Ten cells of the messy session, of which the subject needs four; `bench/replay.py` has all 26.
SHORT = [
    *MESSY[:4],
    MESSY[9],
    MESSY[5],
    MESSY[7],
    MESSY[12],
    MESSY[23],
    ("np.save('model.npy', X)", True),
]


def test_a_messy_session_comes_down_to_the_runs_that_it_needs(work: Work) -> None:
    cells = [cell.replace("float(err)", "X.sum()") for cell, _ in SHORT]
    write_data(work)
    work.record(cells, "model.npy")
    code, first = work.replay("model.npy", "--minimize", "--time", "0.1s")
    assert code == 0 and first["minimal"] is False
    code, reply = work.replay("model.npy", "--minimize")
    assert (code, reply["outcome"], reply["minimal"]) == (0, "same-digest", True)
    assert reply["replays"] > first["replays"]
    assert runs_of(reply["notebook"]) == needed(SHORT)
    assert not list((work.journal / "replays").iterdir())


def test_stopping_leaves_no_kernel_and_says_how_to_go_on(work: Work) -> None:
    cells = ["import time, os", "time.sleep(0.1 if os.path.exists('../here') else 60)"]
    (work.folder.parent / "here").touch()
    work.record([*cells, "open('out.txt', 'w').write('x')"], "out.txt")
    command = [sys.executable, "-m", "jupyter_attest", "replay", "out.txt", "--minimize"]
    started = subprocess.Popen(
        command,
        cwd=work.folder,
        env=work.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 60
        while not work.kernels() and time.monotonic() < end:
            time.sleep(0.1)
        assert work.kernels()
        time.sleep(1)
    finally:
        os.killpg(started.pid, signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Stopped; no kernel is left" in err and "same command" in err
    assert work.kernels() == []


def test_the_condensed_notebook_runs_anywhere_and_says_where_it_is_from(work: Work) -> None:
    (work.folder / "in.txt").write_text("beside")
    work.record([READ, "open('out.txt', 'w').write(text)", "text.upper()"], "out.txt")
    given = work.run("jupyter_attest", "condense", "out.txt", "-o", "fresh/condensed.ipynb")
    assert given.returncode != 0
    fresh = work.folder.parent / "fresh"
    fresh.mkdir()
    shutil.copy(work.folder / "in.txt", fresh)
    target = fresh / "condensed.ipynb"
    assert work.run("jupyter_attest", "condense", "out.txt", "-o", str(target)).returncode == 0
    notebook = nbformat.read(target, 4)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown" and "in.txt" in notebook.cells[0].source
    assert notebook.metadata.kernelspec.name == "python3"
    ran = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", str(target)],
        cwd=fresh,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert (fresh / "out.txt").read_bytes() == (work.folder / "out.txt").read_bytes()
    shown = work.run("jupyter_attest", "condense", "out.txt", "--json")
    assert json.loads(shown.stdout)["reason"] is None
    assert Path(json.loads(shown.stdout)["notebook"]).stat().st_mode & 0o077 == 0
