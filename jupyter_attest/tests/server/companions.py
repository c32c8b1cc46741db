"""Extensions that run and save notebooks from inside the server, beside ours.

Run by ``npm run test:companions``, in an environment that has them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from .running import TOKEN, Journal, Page, RunningServer, running, wait_for

COMPANIONS = ("jupyter_server_fileid", "jupyter_server_ydoc", "jupyter_server_nbmodel")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has loaded the companions too."""
    arguments = [f"--ServerApp.jpserver_extensions={name}=True" for name in COMPANIONS]
    folder = tmp_path_factory.mktemp("companions")
    (folder / "data").mkdir()  # the ids of files are kept there
    env = {"JUPYTER_DATA_DIR": str(folder / "data")}
    with running(folder, *arguments, env=env) as server:
        yield server


class Executor:
    """The executor inside the server, asked as its page does."""

    def __init__(self, server: RunningServer, kernel: str) -> None:
        self.server, self.kernel = server, kernel

    def ask(self, code: str, **metadata: Any) -> str:
        """Have code run; returns where its result will be."""
        body = {"code": code, "metadata": metadata}
        answer = self.server.call("POST", f"api/kernels/{self.kernel}/execute", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["request_url"])

    def wait(self, place: str) -> dict[str, Any]:
        """The result at a place; one with the key ``error`` never ran."""

        def answered() -> Any:
            answer = self.server.call("GET", place.lstrip("/"))
            return [answer.json()] if answer.status_code != 202 else None

        result: dict[str, Any] = wait_for(answered)[0]
        return result

    def run(self, code: str, **metadata: Any) -> dict[str, Any]:
        return self.wait(self.ask(code, **metadata))


def labels(journal: Journal) -> dict[str, dict[str, Any]]:
    """What is known of each client, by its id."""
    return {event["client"]: event for event in journal.of("client.seen")}


def test_the_executor_is_named_and_pages_are_heard_beside_it(server: RunningServer) -> None:
    server.write_notebook("executed.ipynb", "a = 1")
    kernel = server.open("executed.ipynb")
    page, executor = Page(server, kernel), Executor(server, kernel)
    result = executor.run("open('by_executor.txt', 'w').write('1')", cell_id="cell-x")
    assert result["status"] == "ok"
    page.wait(page.run("b = 2", "cell-a"))
    page.wait(page.run("hidden = 3", silent=True, store_history=False))
    page.wait(page.run("1 / 0", "cell-b"))
    journal = server.journal(kernel)
    journal.wait("run.idle", 4)
    [executed, *others] = journal.of("run.input")
    seen = labels(journal)
    said = seen[executed["client"]]
    assert said["label"] == "server-side executor"
    assert "jupyter_server_nbmodel" in said["evidence"]
    assert seen[page.session]["label"] != "server-side executor"
    assert {e["client"] for e in others} == {page.session}
    # The page's requests came by websocket, the executor's didn't.
    requested = journal.of("run.requested")
    assert [(e["client"], e["cellId"], e["silent"]) for e in requested] == [
        (page.session, "cell-a", False),
        (page.session, None, True),
        (page.session, "cell-b", False),
    ]
    wait_for(
        lambda: [e for e in journal.probe("run.ended") if e["run"].startswith(executed["msgId"])]
    )
    [opened] = [e for e in journal.probe("file.opened") if e["path"] == "by_executor.txt"]
    assert opened["run"] == executed["msgId"] + "/0"
    assert not [e for e in journal.of("observer.left") if e["observer"] == "tap"]
    page.close()
    server.shut_down(kernel)


def test_what_the_executor_gives_up_never_was_a_request_to_the_kernel(
    server: RunningServer,
) -> None:
    server.write_notebook("given_up.ipynb", "a = 1")
    kernel = server.open("given_up.ipynb")
    executor = Executor(server, kernel)
    executor.run("a = 1")
    failing = executor.ask("import time; time.sleep(1); 1 / 0", cell_id="one")
    given_up = executor.ask("never = 1", cell_id="two")
    executor.wait(failing)
    assert "error" in executor.wait(given_up)
    executor.run("last = 1")
    journal = server.journal(kernel)
    wait_for(lambda: "last = 1" in journal.codes())
    assert "never = 1" not in journal.codes()
    assert journal.of("run.requested") == []
    server.shut_down(kernel)


def test_a_save_through_collaboration_is_a_save(server: RunningServer) -> None:
    notebook = server.write_notebook("shared.ipynb", "print('shared')")
    kernel = server.open("shared.ipynb")
    body = {"format": "json", "type": "notebook"}
    answer = server.call("PUT", "api/collaboration/session/shared.ipynb", json=body)
    assert answer.ok, answer.text
    opened = answer.json()
    room = f"json:notebook:{opened['fileId']}"
    where = f"{server.url.replace('http', 'ws')}/api/collaboration/room/{room}"
    joined = websocket.create_connection(
        f"{where}?sessionId={opened['sessionId']}&token={TOKEN}", timeout=60
    )
    joined.recv()
    [cell] = json.loads(notebook.read_text())["cells"]
    executor = Executor(server, kernel)
    result = executor.run("print('shared')", document_id=room, cell_id=cell["id"])
    assert result["status"] == "ok"
    journal = server.journal(kernel)
    saved = wait_for(lambda: journal.of("document.saved"))[-1]
    assert Path(saved["path"]) == notebook
    assert [one["cellId"] for one in saved["cells"]] == [cell["id"]]
    executor.run("open('shared.txt', 'w').write('1')")
    joined.close()
    server.shut_down(kernel)
    # The executor is how this notebook's cells run: nobody went past the server.
    command = [sys.executable, "-m", "jupyter_attest", "create", "--for", "shared.txt"]
    env = {**os.environ, "JUPYTER_ATTEST_DIR": str(server.home.path), "HOME": str(server.root)}
    done = subprocess.run(
        [*command, "--sign", "none"], cwd=server.root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    statement = json.loads((server.root / "shared.txt.intoto.json").read_text())
    recording = statement["predicate"]["buildDefinition"]["internalParameters"]["recording"]
    codes = {gap["code"] for gap in recording["gaps"]}
    print(codes)
    assert not codes & {"kernel-originated", "second-client", "unknown-request"}
