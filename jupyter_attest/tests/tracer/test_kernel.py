"""Real kernels under a real strace: in a server, and in ``execute --trace``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_attest.execute import main
from jupyter_attest.node import cli_command
from jupyter_attest.places import journal_home
from jupyter_attest.provisioner import NAME, AttestProvisioner, Launch, Policy
from jupyter_attest.tracer.launch import EXPECTED, why_not

from ..execute.test_execute import Executor
from ..server.running import Journal, RunningServer, running, wait_for

needs_strace = pytest.mark.skipif(
    why_not() is not None, reason=f"no kernel can be traced here: {why_not()}"
)

#: Reads a file as native code does: no audit event names it.
NATIVE = """
import ctypes
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = libc.fopen(b"native.csv", b"r")
libc.fclose(ctypes.c_void_p(file))
"""
CHILD = "!cat native.csv > copy.txt"
SHELL = (
    "import subprocess; subprocess.run(['sh', '-c', 'cat copy.txt > tmp.x && mv tmp.x last.txt'])"
)


def tracer_of(pid: int) -> int:
    """Process id of a process's tracer; 0 where there is none."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("TracerPid:")[1].split()[0])


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def traced_files(journal: Journal) -> dict[str, list[str]]:
    """Files that only the tracer told, by name, with their directions."""
    found = {}
    for event in journal.of("file.opened", "tracer.jsonl"):
        assert event["via"] == "tracer"
        found[Path(event["realPath"]).name] = event["ops"]
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that offers the traced kernel, as the verb ``doctor`` installs it."""
    folder = tmp_path_factory.mktemp("traced")
    env = {"JUPYTER_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "jupyter_attest.tracer"]
    for verb in ("install", "install"):  # a second time makes it anew
        said = subprocess.run(
            [*command, verb], env={**os.environ, **env}, capture_output=True, check=True, timeout=60
        )
        answer = json.loads(said.stdout)
        assert answer["installed"] and answer["reason"] is None
    with running(folder, env=env) as started:
        yield started


@needs_strace
def test_a_traced_kernel_lives_as_any_other(server: RunningServer) -> None:
    server.write_notebook("lab.ipynb", NATIVE)
    (server.root / "native.csv").write_text("a,b\n1,2\n")
    time.sleep(0.05)  # older than the grain of a coarse clock
    kernel = server.open("lab.ipynb", name="python3-traced")
    client = server.client(kernel)
    pid = server.kernel_pid(client)
    tracer = tracer_of(pid)
    assert os.getpgid(tracer) == tracer != os.getpgid(pid)
    first = server.journal(kernel)
    assert first.of("kernel.started")[0]["tracer"] == EXPECTED
    assert first.folder.joinpath("tracer.strace").stat().st_mode & 0o777 == 0o600

    for code in (NATIVE, CHILD, SHELL):
        assert client.run(code)["status"] == "ok"
    asleep = "import time; open('asleep', 'w').close(); time.sleep(600)"
    waiting = client.kernel.execute(asleep)
    wait_for((server.root / "asleep").exists)
    assert server.call("POST", f"api/kernels/{kernel}/interrupt").status_code == 204
    assert client.reply(waiting)["ename"] == "KeyboardInterrupt"
    assert client.run("open('after.txt', 'w').close()")["status"] == "ok"
    assert tracer_of(pid) == tracer

    assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
    wait_for(lambda: not is_running(tracer))
    client.wait_for_ready()
    new_pid = server.kernel_pid(client)
    new_tracer = tracer_of(new_pid)
    assert new_tracer not in (0, tracer)
    assert client.run("!cat copy.txt > again.txt")["status"] == "ok"
    second = server.journal(kernel)
    assert second.sid != first.sid
    first.wait("observer.left", file="tracer.jsonl")
    assert traced_files(first) == {
        "native.csv": ["read"],
        "copy.txt": ["read"],
        "tmp.x": ["write", "truncate", "create"],
    }
    assert first.of("file.renamed", "tracer.jsonl")[0]["to"] == str(server.root / "last.txt")
    runs = {event["run"] for event in first.of("trace.covered", "tracer.jsonl")}
    assert {f"{event['msgId']}/0" for event in first.of("run.input")} <= runs
    assert [gap["covers"] for gap in first.of("gap", "tracer.jsonl")] == []
    assert not first.folder.joinpath("tracer.strace").exists()

    os.kill(new_pid, signal.SIGKILL)
    wait_for(lambda: not is_running(new_tracer))
    wait_for(lambda: len(server.home.of_kernel(kernel)) == 3)
    second.wait("observer.left", file="tracer.jsonl")
    assert "again.txt" in traced_files(second)
    assert [gap["covers"] for gap in second.of("gap", "tracer.jsonl")] == []
    client.wait_for_ready()
    last = tracer_of(server.kernel_pid(client))
    client.stop()
    server.shut_down(kernel)
    wait_for(lambda: not is_running(last))
    assert "strace" not in server.log()


@needs_strace
def test_a_tracer_that_is_killed_covers_no_more(server: RunningServer) -> None:
    server.write_notebook("killed.ipynb", "1")
    kernel = server.open("killed.ipynb", name="python3-traced")
    client = server.client(kernel)
    pid = server.kernel_pid(client)
    client.run("a = 1")
    journal = server.journal(kernel)
    before = journal.wait("trace.covered", file="tracer.jsonl")
    os.kill(tracer_of(pid), signal.SIGKILL)
    wait_for(lambda: tracer_of(pid) == 0)
    assert client.run("a = a + 1")["status"] == "ok"
    [gap] = journal.wait("gap", file="tracer.jsonl")
    assert gap["code"] == "tracer-stopped"
    assert gap["covers"]["reason"] == "the tracer ended before the kernel"
    client.stop()
    server.shut_down(kernel)
    journal.wait("observer.left", file="tracer.jsonl")
    covered = {event["run"] for event in journal.of("trace.covered", "tracer.jsonl")}
    assert covered >= {event["run"] for event in before}
    assert f"{journal.of('run.input')[-1]['msgId']}/0" not in covered


@needs_strace
def test_what_a_tracer_saw_is_in_the_record_and_no_gap(tmp_path: Path) -> None:
    execute = Executor(tmp_path)
    (execute.work / "native.csv").write_text("a,b\n1,2\n")
    time.sleep(0.05)
    more = "open('model.txt', 'w').write(open('last.txt').read() + 'fitted')"
    execute.write("n.ipynb", NATIVE, CHILD, SHELL, more)
    traced = record(execute, "--trace")
    assert [o["kind"] for o in traced["observers"] if o["kind"] == "tracer"] == ["tracer"]
    assert traced["gaps"] == []
    assert traced["reads"] == {"native.csv": ["command", "tracer"]}, "the shell's line names it"


def record(execute: Executor, *options: str) -> dict[str, Any]:
    """Observers, gaps and data read, as the record of ``model.txt`` states them."""
    code, _, err = execute("n.ipynb", *options)
    assert (code, err) == (0, "")
    made = subprocess.run(
        [*cli_command(), "create", "--for", "model.txt", "--dry-run", "--json"],
        cwd=execute.work,
        env=execute.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    statement = json.loads(json.loads(made.stdout.splitlines()[-1])["statement"])
    definition = statement["predicate"]["buildDefinition"]
    recording = definition["internalParameters"]["recording"]
    reads = {
        item["name"]: item["annotations"]["nb_seenBy"]
        for item in definition["resolvedDependencies"]
        if "nb_seenBy" in item.get("annotations", {})
    }
    return {"observers": recording["observers"], "gaps": recording["gaps"], "reads": reads}


def test_without_strace_execute_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = Executor(tmp_path).write("n.ipynb", "1")
    monkeypatch.setenv("JUPYTER_ATTEST_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(AttestProvisioner, "policy", Policy())
    assert main([str(notebook), "--trace"]) == 2
    said = capsys.readouterr()
    assert said.err == "jupyter-attest: The kernel can't be traced: strace is not on PATH.\n"
    assert said.out == ""


def test_without_strace_a_kernel_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launches: list[Launch] = []

    class Observer:
        def launching(self, launch: Launch) -> None:
            launches.append(launch)

        def launched(self, kernel_id: str, manager: Any) -> None: ...

        def ended(self, kernel_id: str, reason: str) -> None: ...

    monkeypatch.setenv("JUPYTER_ATTEST_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    policy = Policy(observer=Observer(), trace=True)
    monkeypatch.setattr(AttestProvisioner, "policy", policy)
    asyncio.run(start_and_stop())
    [launch] = launches
    assert launch.tracer == "strace is not on PATH"
    assert not list(journal_home().glob("sessions/*/tracer.strace"))


async def start_and_stop() -> None:
    """Start a kernel with our provisioner, until it answers."""
    manager = AsyncKernelManager(kernel_name="python3")
    assert manager.kernel_spec is not None
    manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
