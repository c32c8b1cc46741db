"""Each part of ours fails in turn: server, kernels and saves go on as without us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import RunningServer, running, wait_for
from .test_endings import look
from .test_killed import record_of


def run_and_end(server: RunningServer, path: str = "n.ipynb") -> str:
    """A kernel that runs something; returns its id."""
    kernel = server.open(path)
    client = server.client(kernel)
    assert client.run("x = 1 + 1")["status"] == "ok"
    client.stop()
    return kernel


# Breaks what the file `broken` names, at the next start of a kernel or save.
BREAKER = """
import pathlib, time
import jupyter_attest.provisioner as p, jupyter_attest.server.recorder as r
switch = pathlib.Path({switch!r})
def broken(): return switch.read_text() if switch.exists() else ""
def wrap(owner, name, what, instead):
    original = getattr(owner, name)
    def wrapper(*arguments, **named):
        return (instead if broken() == what else original)(*arguments, **named)
    setattr(owner, name, wrapper)
def fails(*arguments, **named): raise RuntimeError("broken " + broken())
wrap(p.AttestProvisioner, "_prepare", "provisioner", fails)
wrap(p, "new_session", "slow", lambda home: time.sleep(4))
wrap(r.Recorder, "saved", "save", fails)
p.PATIENCE_S = 0.3
whole, install = p.SOURCE.probe, p.install_probe
def install_probe(home):
    what, _, code = broken().partition(":")
    p.SOURCE.probe = code.encode() or None if what == "probe" else whole
    return install(home)
p.install_probe = install_probe
"""


class Breakable:
    """A server of which one part at a time can be broken."""

    def __init__(self, server: RunningServer, switch: Path) -> None:
        self.server = server
        self._switch = switch

    def break_(self, what: str) -> RunningServer:
        self._switch.write_text(what)
        return self.server


@pytest.fixture(scope="module")
def breakable_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Breakable]:
    folder = tmp_path_factory.mktemp("breakable")
    switch = folder / "broken"
    with running(folder, prelude=BREAKER.format(switch=str(switch))) as server:
        yield Breakable(server, switch)


@pytest.fixture
def breakable(breakable_server: Breakable) -> Iterator[Breakable]:
    yield breakable_server
    breakable_server.break_("")
    server = breakable_server.server
    for kernel in server.call("GET", "api/kernels").json():
        server.shut_down(kernel["id"])


def test_a_provisioner_that_raises_gives_a_plain_kernel(breakable: Breakable) -> None:
    server = breakable.break_("provisioner")
    kernel = run_and_end(server)
    assert "broken provisioner" in server.log()
    journal = server.journal(kernel)
    journal.wait("run.idle")
    assert journal.codes() == ["x = 1 + 1"]
    assert journal.of("kernel.started")[0]["probe"] != "expected"
    assert server.status("n.ipynb")["state"] == "cells-only"


def test_a_probe_that_ends_the_kernel_costs_one_start(breakable: Breakable) -> None:
    server = breakable.break_("probe:import os; os._exit(3)")
    kernel = server.open("n.ipynb")
    first, second = wait_for(
        lambda: found if len(found := server.home.of_kernel(kernel)) == 2 else None
    )
    assert first.of("kernel.died") and (first.folder / "starting").exists()
    assert second.of("kernel.started")[0]["probe"] == "probe died in the last start"
    client = server.client(kernel)
    client.run("x = 1")
    second.wait("run.idle")
    assert second.codes() == ["x = 1"]
    assert server.status("n.ipynb")["state"] == "cells-only"
    client.stop()


def test_a_probe_that_hangs_is_left_out_of_the_next_start(breakable: Breakable) -> None:
    server = breakable.break_("probe:import time\nwhile True: time.sleep(1)")
    kernel = server.open("n.ipynb")
    assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
    client = server.client(kernel)
    assert client.run("x = 1")["status"] == "ok"
    client.stop()


@pytest.mark.parametrize("probe", ["1/0", "raise SystemExit(1)", "not Python at all (", ""])
def test_a_probe_that_raises_or_is_missing_changes_nothing(
    breakable: Breakable, probe: str
) -> None:
    server = breakable.break_(f"probe:{probe}")
    journal = server.journal(run_and_end(server))
    journal.wait("run.idle")
    assert journal.codes() == ["x = 1 + 1"]


def test_a_journal_home_that_is_slow_delays_nobody_for_long(breakable: Breakable) -> None:
    server = breakable.break_("slow")
    run_and_end(server)
    assert server.status("n.ipynb")["state"] == "stopped"


def test_a_hook_that_fails_inside_does_not_fail_the_save(breakable: Breakable) -> None:
    server = breakable.break_("save")
    server.write_notebook("hook.ipynb", "x = 1")
    model = server.call("GET", "api/contents/hook.ipynb").json()
    body = {"type": "notebook", "format": "json", "content": model["content"]}
    assert server.call("PUT", "api/contents/hook.ipynb", json=body).status_code == 200
    assert "broken save" in server.log()


def test_a_journal_home_that_cannot_be_written_stops_recording_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with running(tmp_path, home=tmp_path / "file/journal") as server:
        run_and_end(server)
        status = server.status("n.ipynb")
        assert status["state"] == "stopped" and "can't be written" in status["reason"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "attest-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small file system can't be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_survived_and_stated_when_there_is_room_again(
    tmp_path: Path, small_disk: Path
) -> None:
    prelude = "import jupyter_attest.journal as j; j.MAX_WAITING = 20"
    with running(tmp_path / "server", home=small_disk / "journal", prelude=prelude) as server:
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        client.run("before = 1")
        journal = server.journal(kernel)
        journal.wait("run.idle")
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 512)
        for number in range(30):
            assert client.run(f"during = {number}")["status"] == "ok"
        status = wait_for(
            lambda: s if (s := server.status("n.ipynb"))["state"] == "stopped" else None
        )
        assert "No space left" in status["reason"]
        filler.unlink()
        client.run("after = 1")
        [gap] = journal.wait("gap")
        assert gap["code"] == "event-gap" and gap["covers"]["count"] > 0
        assert server.status("n.ipynb")["state"] == "recording"
        assert journal.codes()[0] == "before = 1"
        client.stop()
        server.shut_down(kernel)


def test_a_disk_that_is_full_when_a_kernel_starts_costs_no_kernel(
    tmp_path: Path, small_disk: Path
) -> None:
    with running(tmp_path / "server", home=small_disk / "journal") as server:
        with (small_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 512)
        run_and_end(server)
        status = server.status("n.ipynb")
        assert status["state"] == "stopped"


def test_a_journal_that_is_removed_while_it_is_written_is_missed(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        client.run("before = 1")
        server.journal(kernel).wait("run.idle")
        shutil.rmtree(server.home.path / "sessions")
        for number in range(5):
            assert client.run(f"open('out', 'w').write('{number}')")["status"] == "ok"
        status = wait_for(
            lambda: s if (s := server.status("n.ipynb"))["state"] == "stopped" else None
        )
        assert "No such file" in status["reason"]
        client.stop()
        server.shut_down(kernel)


def helpers_of(server: RunningServer) -> list[int]:
    """Process ids of the server's helpers."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"jupyter_attest.helper" in argv and str(server.home.path).encode() in argv:
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_a_killed_helper_is_replaced_three_times_and_nobody_waits(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        journal = server.journal(kernel)
        for killed in range(1, 5):
            [pid] = wait_for(lambda: helpers_of(server))
            os.kill(pid, signal.SIGKILL)
            gaps = journal.wait("gap", killed)
            assert client.run(f"x = {killed}")["status"] == "ok"
        assert {gap["code"] for gap in gaps} == {"no-scan"}
        assert ["to" in gap["covers"] for gap in gaps] == [True, True, True, False]
        assert helpers_of(server) == []
        journal.wait("run.idle", 4)
        assert len(journal.codes()) == 4
        for file in journal.folder.glob("*.jsonl"):
            journal.events(file.name)
        client.stop()
        server.shut_down(kernel)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_a_helper_that_stands_still_holds_nobody_and_the_record_says_it(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        notebook = server.write_notebook("still/n.ipynb", "x = 1")
        kernel = server.open("still/n.ipynb")
        client = server.client(kernel)
        journal = server.journal(kernel)
        look(server)
        [pid] = wait_for(lambda: helpers_of(server))
        os.kill(pid, signal.SIGSTOP)
        try:
            for number in range(20):
                assert (
                    client.run(f"x = {number}\nopen('seen.txt', 'w').write('x')")["status"] == "ok"
                )
            assert client.run("import subprocess; subprocess.run(['sh'], input=b'echo > un')")
            model = server.call("GET", "api/contents/still/n.ipynb").json()
            body = {"type": "notebook", "format": "json", "content": model["content"]}
            saved = server.call("PUT", "api/contents/still/n.ipynb", json=body)
            assert saved.status_code == 200
            assert server.status("still/n.ipynb")["state"] == "recording"
            gaps, _ = record_of(server, notebook.with_name("seen.txt"))
            assert gaps["no-scan"] == 1
        finally:
            os.kill(pid, signal.SIGCONT)
        look(server)
        shutil.rmtree(notebook.with_name(".attest"))
        gaps, runs = record_of(server, notebook.with_name("seen.txt"))
        assert "no-scan" not in gaps
        assert len(runs["runs"]) == 21
        assert {Path(e["path"]).name for e in journal.of("file.changed", "helper.jsonl")} >= {"un"}
        client.stop()
        server.shut_down(kernel)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("name", ["", "documents.json", "settings.json", "index.jsonl"])
def test_a_pipe_where_a_file_of_ours_should_be_holds_nobody(tmp_path: Path, name: str) -> None:
    home = tmp_path / "journal"
    if name:
        home.mkdir()
    os.mkfifo(home / name)
    with running(tmp_path, home=home) as server:
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        assert client.run("open('out', 'w').write('x')")["status"] == "ok"
        if name:
            journal = server.journal(kernel)
            journal.wait("file.hashed", file="helper.jsonl")
            journal.wait("run.idle")
        else:
            assert server.status("n.ipynb")["state"] == "stopped"
        client.stop()
        server.shut_down(kernel)


def test_an_extension_that_fails_to_start_leaves_a_working_server(tmp_path: Path) -> None:
    prelude = (
        "import jupyter_attest.server.extension as e\n"
        "def fails(self): raise RuntimeError('no start today')\n"
        "e.Extension.start = fails"
    )
    with running(tmp_path, prelude=prelude) as server:
        run_and_end(server)
        status = server.status("n.ipynb")
        assert status["state"] == "stopped" and "no start today" in status["reason"]
        assert "no start today" in server.log()
        assert server.home.sessions() == []


def test_an_extension_that_cannot_even_be_made_leaves_a_working_server(tmp_path: Path) -> None:
    prelude = "import jupyter_attest.server.extension as e; e.Extension = None"
    with running(tmp_path, prelude=prelude) as server:
        run_and_end(server)
        assert server.attest("GET", "status").status_code == 404


def test_another_default_provisioner_is_left_alone(tmp_path: Path) -> None:
    env = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "somebody-elses"}
    prelude = (
        "from importlib.metadata import EntryPoint\n"
        "from jupyter_client.provisioning.factory import KernelProvisionerFactory as F\n"
        "F.provisioners['somebody-elses'] = EntryPoint('somebody-elses', "
        "'jupyter_client.provisioning:LocalProvisioner', F.GROUP_NAME)"
    )
    with running(tmp_path, env=env, prelude=prelude) as server:
        kernel = run_and_end(server)
        journal = server.journal(kernel)
        journal.wait("run.idle")
        [started] = journal.of("kernel.started")
        assert started["provisioner"] == "LocalProvisioner" and started["probe"] != "expected"
        assert "somebody-elses" in server.log()
        assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
        again = wait_for(
            lambda: found[1] if len(found := server.home.of_kernel(kernel)) == 2 else None
        )
        assert again.of("kernel.started")[0]["previousSid"] == journal.sid
        assert journal.of("kernel.restarted")


def test_idle_kernels_are_culled_as_without_us_and_a_stop_closes_the_journals(
    tmp_path: Path,
) -> None:
    arguments = [
        "--MappingKernelManager.cull_idle_timeout=3",
        "--MappingKernelManager.cull_interval=1",
    ]
    with running(tmp_path, *arguments) as server:
        kernel = run_and_end(server)
        culled = server.journal(kernel)
        wait_for(lambda: server.call("GET", "api/kernels").json() == [])
        assert culled.wait("kernel.ended") and culled.wait("observer.left")
        stopped = server.journal(run_and_end(server))
        stopped.wait("run.idle")
    assert stopped.of("kernel.ended") and stopped.of("observer.left")
    assert stopped.of("scan.done", "helper.jsonl")
    wait_for(lambda: helpers_of(server) == [])
