"""Sessions at their end: a server that was killed, a restart, a record made right after a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_attest.server.orphans import close_orphans

from .running import Journal, RunningServer, running, wait_for


def test_a_killed_servers_session_is_closed_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.write_notebook("n.ipynb", "x = 1")
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        kernel_pid = server.kernel_pid(client)
        client.run("x = 1")
        journal = server.journal(kernel)
        journal.wait("run.idle")
        assert close_orphans(server.home.path) == []
        server.process.kill()
        server.process.wait()
        client.stop()
        os.kill(kernel_pid, signal.SIGKILL)
        wait_for(lambda: journal.of("observer.left", "helper.jsonl"))
    with running(tmp_path) as server:
        [left] = journal.wait("observer.left")
        assert left["reason"] == "its server went away without closing this session"
        [gap] = journal.of("gap")
        assert gap["code"] == "event-gap" and gap["covers"]["from"] < gap["t"]
        wait_for(lambda: journal.of("kernel.died"))
        another = server.open("n.ipynb")
        server.journal(another).wait("kernel.started")
        assert close_orphans(server.home.path) == []
        server.shut_down(another)


def test_what_a_restarted_kernel_writes_is_not_in_the_session_before(
    server: RunningServer,
) -> None:
    server.write_notebook("restart/n.ipynb", "x = 1")
    kernel = server.open("restart/n.ipynb")
    client = server.client(kernel)
    look(server)
    client.run("import subprocess; subprocess.run('printf 1 > first.txt', shell=True)")
    assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
    client.wait_for_ready()
    look(server)
    client.run("import subprocess; subprocess.run('printf 2 > second.txt', shell=True)")
    before, after = server.home.of_kernel(kernel)
    wait_for(lambda: changed(after))
    before.wait("observer.left", file="helper.jsonl")
    assert changed(before) == {"first.txt"}
    assert changed(after) == {"second.txt"}
    client.stop()
    server.shut_down(kernel)


def changed(journal: Journal) -> set[str]:
    """Names of the files that the scan saw come or change in a session."""
    return {Path(e["path"]).name for e in journal.of("file.changed", "helper.jsonl") if e["after"]}


def test_a_record_made_right_after_the_last_run_waits_for_the_helper(
    server: RunningServer,
) -> None:
    notebook = server.write_notebook("right/n.ipynb", "x = 1")
    kernel = server.open("right/n.ipynb")
    client = server.client(kernel)
    client.run("import subprocess")
    journal = server.journal(kernel)
    [joined, _] = journal.wait("observer.joined", 2, "helper.jsonl")
    look(server)
    helper = joined["observer"]["pid"]
    os.kill(helper, signal.SIGSTOP)
    try:
        client.run("subprocess.run('printf native > native.txt', shell=True)")
        create = create_record(server, notebook.with_name("native.txt"))
        wait_for(lambda: (journal.folder / "wanted").exists() or create.poll() is not None, 60)
    finally:
        os.kill(helper, signal.SIGCONT)
    out, err = create.communicate(timeout=60)
    assert create.returncode == 0, err
    statement = json.loads(json.loads(out.splitlines()[-1])["statement"])
    recording: dict[str, Any] = statement["predicate"]["buildDefinition"]["internalParameters"]
    codes = {gap["code"] for gap in recording["recording"]["gaps"]}
    assert not codes & {"no-scan", "write-not-seen"} and "write-by-scan" in codes
    assert not (journal.folder / "wanted").exists()
    client.stop()
    server.shut_down(kernel)


def look(server: RunningServer) -> None:
    """Let the helper look at every folder now: what runs write then shows as a change."""
    assert server.attest("GET", "sessions", params={"path": "n.ipynb"}).status_code == 200


def create_record(server: RunningServer, path: Path) -> subprocess.Popen[str]:
    """The command line, as somebody else's program: the server isn't asked."""
    arguments = ["create", "--for", str(path), "--sign", "none", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "jupyter_attest", *arguments],
        cwd=path.parent,
        env={**os.environ, "JUPYTER_ATTEST_DIR": str(server.home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
