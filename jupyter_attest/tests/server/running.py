"""A real Jupyter server with the extension, its kernels, its clients and its journals."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import requests
import websocket
from jupyter_client.blocking.client import BlockingKernelClient

from ..journals import read_journal

TOKEN = "secret"


def wait_for(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """The first true value of a condition; an assertion fails when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


class Journal:
    """One session's folder, read as a reader would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def sid(self) -> str:
        return self.folder.name

    def events(self, file: str = "server.jsonl") -> list[dict[str, Any]]:
        path = self.folder / file
        return read_journal(path) if path.exists() else []

    def of(self, kind: str, file: str = "server.jsonl") -> list[dict[str, Any]]:
        return [event for event in self.events(file) if event["type"] == kind]

    def probe(self, kind: str) -> list[dict[str, Any]]:
        files = sorted(self.folder.glob("probe-*.jsonl"))
        return [event for file in files for event in self.of(kind, file.name)]

    def text(self, reference: dict[str, Any]) -> str:
        return (self.folder / "texts" / reference["sha256"]).read_text("utf-8")

    def codes(self) -> list[str]:
        """Source of every run, in the recorder's order."""
        return [self.text(event["code"]) for event in self.of("run.input")]

    def wait(self, kind: str, count: int = 1, file: str = "server.jsonl") -> list[dict[str, Any]]:
        """Events of a kind, once there are so many."""
        return wait_for(lambda: found if len(found := self.of(kind, file)) >= count else None)


class Home:
    """A private journal home."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sessions(self) -> list[Journal]:
        folders = (self.path / "sessions").glob("*")
        return [Journal(f) for f in sorted(folders, key=lambda f: (f / "key").stat().st_mtime_ns)]

    def of_kernel(self, kernel_id: str) -> list[Journal]:
        """Sessions of a kernel, oldest first."""
        found = []
        for journal in self.sessions():
            started = journal.of("kernel.started")
            if started and started[0]["kernelId"] == kernel_id:
                found.append(journal)
        return found


class Client:
    """A plain client over ZMQ, as a console has it."""

    def __init__(self, connection_file: Path) -> None:
        self.kernel = BlockingKernelClient(connection_file=str(connection_file))
        self.kernel.load_connection_file()
        self.kernel.start_channels()
        self.wait_for_ready()

    @property
    def session(self) -> str:
        return self.kernel.session.session

    def wait_for_ready(self) -> None:
        """Until the kernel answers; one that is only slow isn't taken for dead."""

        def answers() -> bool:
            try:
                self.kernel.wait_for_ready(20)
            except RuntimeError:
                return False
            return True

        wait_for(answers, 60)

    def run(self, code: str, timeout_s: float = 60, **kwargs: Any) -> dict[str, Any]:
        reply = self.kernel.execute(code, **kwargs)
        return self.reply(reply, timeout_s)

    def reply(self, msg_id: str, timeout_s: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                message = self.kernel.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError("no reply") from None
            if message["parent_header"].get("msg_id") == msg_id:
                return message["content"]

    def stop(self) -> None:
        self.kernel.stop_channels()


class Page:
    """A browser's page: a websocket to the server, JupyterLab's way."""

    def __init__(self, server: RunningServer, kernel_id: str) -> None:
        self.session = str(uuid.uuid4())
        address = f"{server.url.replace('http', 'ws')}/api/kernels/{kernel_id}/channels"
        self._socket = websocket.create_connection(
            f"{address}?session_id={self.session}&token={TOKEN}",
            header=["User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"],
            timeout=60,
        )

    def run(
        self, code: str, cell_id: str | None = None, *, subshell: str | None = None, **content: Any
    ) -> str:
        """Send an execute_request; returns its message id."""
        asked = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
            **content,
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        return self.send("execute_request", asked, metadata=metadata, subshell=subshell)

    def send(
        self,
        kind: str,
        content: dict[str, Any],
        *,
        channel: str = "shell",
        metadata: dict[str, Any] | None = None,
        subshell: str | None = None,
    ) -> str:
        """Send any request; returns its message id."""
        msg_id = str(uuid.uuid4())
        header = {
            "msg_id": msg_id,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.3",
            "date": "2026-01-01T00:00:00.000000Z",
            **({"subshell_id": subshell} if subshell else {}),
        }
        message = {
            "channel": channel,
            "header": header,
            "parent_header": {},
            "metadata": metadata or {},
            "content": content,
            "buffers": [],
        }
        self._socket.send(json.dumps(message))
        return msg_id

    def subshell(self) -> str:
        """Make a subshell; returns its id."""
        msg_id = self.send("create_subshell_request", {}, channel="control")
        while True:
            message = json.loads(self._socket.recv())
            made = message["content"].get("subshell_id")
            if made and message["parent_header"].get("msg_id") == msg_id:
                return str(made)

    def wait(self, *msg_ids: str) -> None:
        """Until the kernel is idle after these requests."""
        left = set(msg_ids)
        while left:
            message = json.loads(self._socket.recv())
            if message["content"].get("execution_state") == "idle":
                left.discard(message["parent_header"].get("msg_id"))

    def close(self) -> None:
        self._socket.close()


class RunningServer:
    """`jupyter server` in a process of its own; `prelude` is Python that runs before it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: dict[str, str] | None = None,
        extension: bool = True,
        home: Path | None = None,
        prelude: str = "",
        preexec: Callable[[], None] | None = None,
    ) -> None:
        self.root = folder / "work"
        self.root.mkdir(parents=True, exist_ok=True)
        self.home = Home(home or folder / "journal")
        self.runtime = folder / "runtime"
        self.log_file = folder / "server.log"
        environment = {
            **os.environ,
            "HOME": str(folder),
            "JUPYTER_ATTEST_DIR": str(self.home.path),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "IPYTHONDIR": str(folder / "ipython"),
            # Only what the arguments name: no other extension of this environment.
            "JUPYTER_NO_CONFIG": "1",
            **(env or {}),
        }
        extensions = f"jupyter_attest={extension}"
        program = f"{prelude}\nfrom jupyter_server.serverapp import main\nmain()"
        command = [sys.executable, "-c", program, "--ServerApp.port=0"]
        command += [f"--ServerApp.jpserver_extensions={extensions}", "--allow-root"]
        command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.root}"]
        command += ["--ServerApp.open_browser=False", "--KernelRestarter.time_to_dead=0.5"]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.root,
                preexec_fn=preexec,
            )
        self.url = wait_for(self._address, 60)
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"token {TOKEN}"
        wait_for(self._answers, 30)

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log()
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/", self.log())
        return f"http://127.0.0.1:{found.group(1)}" if found else None

    def _answers(self) -> bool:
        try:
            return self.http.get(f"{self.url}/api/status", timeout=5).ok
        except requests.RequestException:
            return False

    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def stop(self) -> None:
        """End it as a service manager does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    # --------------------------------------------------------------- server

    def call(self, method: str, place: str, **kwargs: Any) -> requests.Response:
        return self.http.request(method, f"{self.url}/{place}", timeout=90, **kwargs)

    def attest(self, method: str, place: str, **kwargs: Any) -> requests.Response:
        return self.call(method, f"jupyter-attest/api/{place}", **kwargs)

    def write_notebook(self, path: str, *sources: str) -> Path:
        """A notebook on disk, one code cell per source."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
        return file

    def open(self, path: str, kernel: str | None = None, name: str = "python3") -> str:
        """Open a notebook with a kernel, its own or one that runs; returns the kernel's id."""
        body = {
            "path": path,
            "name": path.rsplit("/", 1)[-1],
            "type": "notebook",
            "kernel": {"id": kernel} if kernel else {"name": name},
        }
        answer = self.call("POST", "api/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["kernel"]["id"]

    def client(self, kernel_id: str) -> Client:
        return Client(self.runtime / f"kernel-{kernel_id}.json")

    def shut_down(self, kernel_id: str) -> None:
        assert self.call("DELETE", f"api/kernels/{kernel_id}").status_code == 204

    def status(self, path: str) -> dict[str, Any]:
        answer = self.attest("GET", "status", params={"path": path})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def journal(self, kernel_id: str, incarnation: int = -1) -> Journal:
        """The journal of a kernel; of its newest incarnation by default."""
        return wait_for(lambda: self.home.of_kernel(kernel_id))[incarnation]

    def kernel_pid(self, client: Client) -> int:
        """Process id, asked by a silent run."""
        msg_id = client.kernel.execute(
            "",
            silent=True,
            store_history=False,
            user_expressions={"p": "__import__('os').getpid()"},
        )
        return int(client.reply(msg_id)["user_expressions"]["p"]["data"]["text/plain"])


@contextmanager
def running(folder: Path, *arguments: str, **kwargs: Any) -> Iterator[RunningServer]:
    server = RunningServer(folder, *arguments, **kwargs)
    try:
        yield server
    finally:
        server.stop()
