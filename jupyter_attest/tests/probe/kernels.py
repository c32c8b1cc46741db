"""Real kernels for the probe's tests, started as the provisioner starts them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_attest.probe import OF_CHILDREN, bundle
from jupyter_attest.tests.journals import Event, read_journal, text_of


def python_version(python: str) -> tuple[int, int]:
    """Major and minor version of an interpreter."""
    code = "import sys; print(*sys.version_info[:2])"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    major, minor = map(int, said.stdout.split())
    return major, minor


ROOT = Path(__file__).parents[3]
PROBE = bundle()
CHILD = bundle(OF_CHILDREN)
CARRIER = ROOT / "jupyter_attest" / "probe" / "carrier"
#: The kernels' interpreter: set the variable to test the probe in another environment.
PYTHON = os.environ.get("JUPYTER_ATTEST_TEST_PYTHON", sys.executable)
#: What it is: (3, 10), where the tests themselves may run in another.
VERSION = python_version(PYTHON)
TABLES = [ROOT / "src" / "journal" / name for name in ("wrappers.json", "secrets.json")]


@dataclass
class Outcome:
    """What a client saw of one request."""

    msg_id: str
    status: str = ""
    stdout: str = ""
    stderr: str = ""
    results: list[str] = field(default_factory=list)
    ename: str | None = None
    traceback: str = ""
    reply: dict[str, Any] = field(default_factory=dict)

    def seen(self) -> tuple[Any, ...]:
        """What has to be the same with and without the probe; ids, addresses and counts can't."""

        def stable(text: str) -> str:
            text = re.sub(r"0x[0-9a-f]{6,}", "0x", re.sub(r"ipykernel_\d+", "ipykernel", text))
            return re.sub(r"In\[\d+\]", "In[]", text)

        # Before Python 3.11 the frame of a wrapped function shows.
        traceback = self.traceback if VERSION >= (3, 11) else self.traceback.rpartition("\n")[2]
        texts = (self.stdout, self.stderr, *self.results, traceback)
        return self.status, self.ename, *map(stable, texts)


def make_session(home: Path, sid: str = "session") -> Path:
    """A session's folder as the provisioner leaves it before the launch."""
    folder = home / "sessions" / sid
    (folder / "texts").mkdir(parents=True)
    (folder / "key").write_text(os.urandom(32).hex())
    (folder / "starting").touch()
    return folder


class Kernel:
    """A kernel in a folder of its own, recorded or plain; use as a context manager."""

    def __init__(
        self,
        tmp: Path,
        *,
        recorded: bool = True,
        python: str = PYTHON,
        work: Path | None = None,
        startup: str | None = None,
        probe: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        tmp.mkdir(parents=True, exist_ok=True)
        self.home = tmp / "home"
        self.work = work or tmp / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        self.env = {k: v for k, v in os.environ.items() if k != "PYTHONSTARTUP"}
        self.env.update(
            IPYTHONDIR=str(tmp / "ipython"),
            JUPYTER_ATTEST_DIR=str(self.home),
            **(env or {}),
        )
        self.folder = self.home / "sessions" / "session"
        if startup is not None:
            (tmp / "startup.py").write_text(startup)
            self.env["PYTHONSTARTUP"] = str(tmp / "startup.py")
        if recorded:
            make_session(self.home)
            copy = self.home / "probe" / "copy"
            copy.mkdir(parents=True)
            (copy / "probe.py").write_text(PROBE if probe is None else probe)
            (copy / "child.py").write_text(CHILD)
            shutil.copytree(CARRIER, copy / "carrier", ignore=shutil.ignore_patterns("__pycache__"))
            for table in TABLES:
                shutil.copy(table, copy)
            if "PYTHONSTARTUP" in self.env:
                self.env["JUPYTER_ATTEST_STARTUP"] = self.env["PYTHONSTARTUP"]
            self.env["PYTHONSTARTUP"] = str(copy / "probe.py")
            self.env["JUPYTER_ATTEST_SESSION"] = str(self.folder)
        self.stderr = tmp / "kernel.stderr"
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=argv, language="python", display_name="test")

    def __enter__(self) -> Kernel:
        self.open()
        return self

    def open(self, timeout: float = 60) -> None:
        """Start the kernel; RuntimeError if it doesn't answer (then it is gone again)."""
        self.log = open(self.stderr, "ab")  # noqa: SIM115
        self.manager.start_kernel(env=self.env, cwd=str(self.work), stderr=self.log)
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=timeout)
        except BaseException:
            self.close(now=True)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, now: bool = False) -> None:
        """Shut the kernel down; twice does no harm."""
        if self.manager.has_kernel:
            self.client.stop_channels()
            self.manager.shutdown_kernel(now=now)
        self.log.close()

    def send(self, code: str, metadata: dict[str, Any] | None = None, **content: Any) -> str:
        """Send an execute_request; return its id."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": False,
                **content,
            },
            metadata=metadata or {},
        )
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait(self, msg_id: str, timeout: float = 60) -> Outcome:
        """Collect a request's outputs until the kernel is idle again."""
        outcome = Outcome(msg_id)
        until = time.monotonic() + timeout
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            except Empty:
                raise AssertionError("the kernel didn't become idle") from None
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content, kind = message["content"], message["msg_type"]
            if kind == "stream" and content["name"] == "stdout":
                outcome.stdout += content["text"]
            elif kind == "stream":
                outcome.stderr += content["text"]
            elif kind in ("execute_result", "display_data"):
                outcome.results.append(content["data"]["text/plain"])
            elif kind == "error":
                outcome.ename = content["ename"]
                outcome.traceback = "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=10)
            if reply["parent_header"].get("msg_id") == msg_id:
                outcome.reply = reply["content"]
                outcome.status = reply["content"]["status"]
                return outcome

    def run(self, code: str, metadata: dict[str, Any] | None = None, **content: Any) -> Outcome:
        """Run one cell to its end."""
        return self.wait(self.send(code, metadata, **content))

    def files(self, folder: Path | None = None) -> list[Path]:
        """The probe files of the session, the kernel's own first."""
        found = sorted((folder or self.folder).glob("probe-*.jsonl"))
        return sorted(found, key=lambda path: b'"install":"child"' in path.read_bytes())

    def events(self) -> list[Event]:
        """What the kernel's own probe has written so far, checked."""
        return read_journal(self.files()[0])

    def settle(self, msg_id: str, k: int = 0) -> list[Event]:
        """Events of one run, as soon as its end is written."""
        until = time.monotonic() + 10
        name = f"{msg_id}/{k}"
        while True:
            events = [e for e in self.events() if e.get("run") == name]
            if any(e["type"] == "run.ended" for e in events) or time.monotonic() > until:
                return events
            time.sleep(0.02)

    def record(self, code: str, **options: Any) -> list[Event]:
        """Run a cell; return the events of its run."""
        return self.settle(self.run(code, **options).msg_id)

    def text(self, text: dict[str, Any]) -> str:
        return text_of(self.folder, text)


def untested(kernel: Kernel) -> dict[str, str]:
    """Libraries that the kernel has in versions that the table doesn't know, with why it says so.

    None in the tests' own environment: what is installed there must be known.
    """
    gaps = [e["covers"] for e in of(kernel.events(), "gap") if e["code"] == "wrapper-off"]
    off = {gap["library"]: gap["reason"] for gap in gaps if gap["reason"].startswith("version ")}
    assert sys.executable != PYTHON or not off, off
    return off


def of(events: list[Event], *types: str) -> list[Event]:
    """The events of these types."""
    return [event for event in events if event["type"] in types]


def one(events: list[Event], kind: str) -> Event:
    """The only event of this type."""
    found = of(events, kind)
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]
