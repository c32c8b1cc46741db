"""Routes that start the command line, against a stand-in for it: streaming, cancelling, none."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from .running import TOKEN, RunningServer, running, wait_for

# Stands for Node: answers `--version`, else does what the verb asks.
STAND_IN = f"""#!{sys.executable}
import json, os, sys, time
if sys.argv[1] == "--version":
    print("v22.99.0")
    sys.exit()
verb, folder = sys.argv[2], os.path.dirname(os.path.abspath(__file__))
print(json.dumps(sys.argv[2:]), file=open(os.path.join(folder, "calls"), "a"))
if verb == "sessions":
    print(json.dumps({{"sessions": [], "problems": []}}))
elif verb == "verify":
    print(json.dumps({{"status": "unsigned"}}))
    sys.exit(1)
elif verb == "create" and "--stdin" in sys.argv:
    request = json.load(sys.stdin)
    progress = {{"type": "progress", "step": "comparing", "done": 0, "total": 1}}
    print(json.dumps(progress), flush=True)
    if request["for"] == ["slow"]:
        open(os.path.join(folder, "pid"), "w").write(str(os.getpid()))
        time.sleep(600)
    if request["for"] == ["broken"]:
        sys.exit("something went wrong")
    print(json.dumps({{"type": "done", "request": request}}))
"""

# Any file stands for the bundled program, so that these tests need no build.
BUILT = "import jupyter_attest.node as n, pathlib; n.CLI = pathlib.Path(n.__file__)"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("node") / "node"
    script.write_text(STAND_IN)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


@pytest.fixture(scope="module")
def program_server(
    tmp_path_factory: pytest.TempPathFactory, stand_in: Path
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("program")
    env = {"JUPYTER_ATTEST_NODE": str(stand_in)}
    with running(folder, env=env, prelude=BUILT) as server:
        yield server


def lines_of(answer: requests.Response) -> list[dict[str, object]]:
    return [json.loads(line) for line in answer.iter_lines() if line]


def calls(stand_in: Path) -> list[list[str]]:
    return [json.loads(line) for line in (stand_in.parent / "calls").read_text().splitlines()]


def test_sessions_come_from_the_command_line(program_server: RunningServer, stand_in: Path) -> None:
    answer = program_server.attest("GET", "sessions", params={"path": "-n.ipynb"})
    assert answer.json() == {"sessions": [], "problems": []}
    assert calls(stand_in)[-1] == [
        "sessions",
        f".{os.sep}-n.ipynb",
        "--json",
        "--root",
        str(program_server.root),
    ]


def test_a_bad_verdict_is_an_answer_not_an_error(program_server: RunningServer) -> None:
    answer = program_server.attest("POST", "verify", json={"file": "model.bin"})
    assert answer.status_code == 200 and answer.json() == {"status": "unsigned"}


def test_a_record_is_made_with_progress(program_server: RunningServer) -> None:
    body = {"for": ["sub/model.bin"], "notebook": "n.ipynb", "sign": "none", "dryRun": True}
    answer = program_server.attest("POST", "records", json=body)
    lines = lines_of(answer)
    assert [line["type"] for line in lines] == ["progress", "progress", "done"]
    assert lines[-1]["request"] == body


def test_a_command_line_that_fails_is_one_clear_line(program_server: RunningServer) -> None:
    answer = program_server.attest("POST", "records", json={"for": ["broken"], "sign": "none"})
    last = lines_of(answer)[-1]
    assert last == {"type": "error", "code": "no-answer", "message": "something went wrong"}


def test_closing_the_request_ends_the_process(
    program_server: RunningServer, stand_in: Path
) -> None:
    answer = requests.post(
        f"{program_server.url}/jupyter-attest/api/records",
        json={"for": ["slow"], "sign": "none"},
        headers={"Authorization": f"token {TOKEN}"},
        stream=True,
        timeout=60,
    )
    assert answer.status_code == 200
    pid = int(wait_for(lambda: (p := stand_in.parent / "pid").exists() and p.read_text()))
    answer.close()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for(gone)


def test_without_node_recording_goes_on_and_the_answer_is_clear(tmp_path: Path) -> None:
    env = {"JUPYTER_ATTEST_NODE": str(tmp_path / "no node")}
    with running(tmp_path, env=env, prelude=BUILT) as server:
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        client.run("x = 1")
        server.journal(kernel).wait("run.idle")
        assert "JUPYTER_ATTEST_NODE" in server.status("n.ipynb")["cannotAttest"]
        answer = server.attest("GET", "sessions")
        assert answer.status_code == 503 and answer.json()["code"] == "no-node"
        made = server.attest("POST", "records", json={"for": ["x"], "sign": "none"})
        assert lines_of(made)[-1]["code"] == "no-node"
        saved = server.call("GET", "api/contents/").status_code
        assert saved == 200
        client.stop()


def test_a_draft_is_made_after_a_save_with_runs(
    program_server: RunningServer, stand_in: Path
) -> None:
    server = program_server
    file = server.write_notebook("draft.ipynb", "x = 1")
    model = server.call("GET", "api/contents/draft.ipynb").json()
    body = {"type": "notebook", "format": "json", "content": model["content"]}
    kernel = server.open("draft.ipynb")

    def drafts() -> list[list[str]]:
        return [call for call in calls(stand_in) if "--draft" in call]

    assert server.call("PUT", "api/contents/draft.ipynb", json=body).status_code == 200
    journal = server.journal(kernel)
    journal.wait("document.saved")
    assert drafts() == []
    client = server.client(kernel)
    client.run("x = 1")
    journal.wait("run.idle")
    server.call("PUT", "api/contents/draft.ipynb", json=body)
    [call] = wait_for(drafts)
    assert call == [
        "create",
        "--draft",
        "--session",
        journal.sid,
        "--notebook",
        str(file),
        "--json",
    ]
    client.run("x = 2")
    server.call("PUT", "api/contents/draft.ipynb", json=body)
    journal.wait("document.saved", 3)
    time.sleep(0.5)
    assert len(drafts()) == 1, "at most once a minute"
    client.stop()
    server.shut_down(kernel)
