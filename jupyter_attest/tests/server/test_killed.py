"""Kernels that are killed at the wrong moment: the record says what may be missing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from .running import Journal, RunningServer, wait_for
from .test_endings import create_record, look

KEPT = ("needed", "kept-undecided")
#: A child in a session of its own, which Jupyter lets live on. It tells that it runs, waits until
#: its parent is gone and the recording has ended, and writes then.
CHILD = """
import os, sys, time
os.setsid()
parent, out = int(sys.argv[1]), sys.argv[2]
open(out + '.there', 'w').close()
while os.getppid() == parent or not os.path.exists(out + '.go'): time.sleep(.02)
open(out, 'w').write('late')
"""
WORKER = """
import multiprocessing, os, time
def work(parent, out):
    os.setsid()
    open(out + '.there', 'w').close()
    while os.getppid() == parent or not os.path.exists(out + '.go'): time.sleep(.02)
    open(out, 'w').write('late')
"""


def killed(server: RunningServer, name: str, *cells: str, ready: str) -> tuple[Path, Journal]:
    """Run cells; kill the kernel in the last one, as soon as a file is there that it makes."""
    notebook = server.write_notebook(f"{name}/n.ipynb", *cells)
    folder = notebook.parent
    kernel = server.open(f"{name}/n.ipynb")
    client = server.client(kernel)
    pid = server.kernel_pid(client)
    journal = server.journal(kernel)
    look(server)
    for cell in cells[:-1]:
        assert client.run(cell)["status"] == "ok"
    client.kernel.execute(cells[-1])
    wait_for(lambda: (folder / ready).exists())
    os.kill(pid, signal.SIGKILL)
    journal.wait("kernel.died")
    journal.wait("observer.left", file="helper.jsonl")
    client.stop()
    # Jupyter may be starting it again just now, or have given it up.
    wait_for(lambda: server.call("DELETE", f"api/kernels/{kernel}").status_code in (204, 404))
    return folder, journal


def record_of(server: RunningServer, path: Path) -> tuple[dict[str, int], Any]:
    """Gaps of the record of a file, by code, and its list of runs."""
    create = create_record(server, path)
    out, err = create.communicate(timeout=60)
    assert create.returncode == 0, out + err
    statement = json.loads(json.loads(out.splitlines()[-1])["statement"])
    recording = statement["predicate"]["buildDefinition"]["internalParameters"]["recording"]
    [runs] = path.parent.glob(".attest/*/*/runs.json")
    return {gap["code"]: gap["count"] for gap in recording["gaps"]}, json.loads(runs.read_text())


def test_killed_while_a_file_is_written(server: RunningServer) -> None:
    cell = (
        "import time\nf = open('part.bin', 'wb', buffering=0); f.write(b'x' * 1000)\n"
        "open('now', 'w').close()\ntime.sleep(60); f.write(b'y' * 1000)"
    )
    folder, _ = killed(server, "part", "before = 1", cell, ready="now")
    gaps, runs = record_of(server, folder / "part.bin")
    assert {"killed-run", "kernel-died"} <= set(gaps)
    assert {"write-by-scan", "still-open"} & set(gaps)
    last = runs["runs"][-1]
    assert last["status"] == "killed" and last["verdict"] in KEPT
    assert {"killed-run", "kernel-died"} <= set(gaps)
    last = runs["runs"][-1]
    assert last["status"] == "killed" and last["verdict"] in KEPT


@pytest.mark.parametrize("how", ["subprocess", "fork", "spawn", "forkserver"])
def test_killed_while_its_children_go_on(server: RunningServer, how: str) -> None:
    if how == "subprocess":
        first = f"open('child.py', 'w').write({CHILD!r})"
        start = (
            "import subprocess, sys, os\n"
            "subprocess.run([sys.executable, 'child.py', str(os.getpid()), 'late.txt'])"
        )
    else:
        first = f"open('worker.py', 'w').write({WORKER!r})"
        start = (
            "import multiprocessing, os, sys, worker\n"
            f"context = multiprocessing.get_context({how!r})\n"
            "p = context.Process(target=worker.work, args=(%s, 'late.txt'))\n"
            "p.start(); p.join()"
        ) % ("os.getpid()" if how != "forkserver" else "worker.server(context)")
        if how == "forkserver":
            first = first.replace(
                "def work",
                "def server(context):\\n"
                "    from multiprocessing import forkserver\\n"
                "    forkserver.ensure_running(); return forkserver._forkserver._forkserver_pid\\n"
                "def work",
            )
    folder, _ = killed(server, f"children-{how}", first, start, ready="late.txt.there")
    (folder / "late.txt.go").touch()
    wait_for(lambda: (folder / "late.txt").exists() and (folder / "late.txt").read_text())
    gaps, runs = record_of(server, folder / "late.txt.there")
    assert {"killed-run", "kernel-died"} <= set(gaps)
    assert runs["runs"][-1]["status"] == "killed" and runs["runs"][-1]["verdict"] in KEPT
    # Nobody looked when the child wrote: that these are its bytes isn't claimed.
    out, err = create_record(server, folder / "late.txt").communicate(timeout=60)
    refused = json.loads(out.splitlines()[-1])
    assert (refused["type"], refused["reason"]) == ("refused", "changed"), out + err
