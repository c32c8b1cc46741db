"""One replay from a plan: restarts, protection of the disk, names that lead out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.replay.__main__ import Outcome, Replay
from jupyter_attest.replay.plan import Input, Kernel, Place, Plan, Step, Subject
from jupyter_attest.replay.sandbox import Sandbox, namespaces_allowed


def step(code: str, session: str = "s1", **change: Any) -> Step:
    usual = {
        "run": 1,
        "silent": False,
        "execution_count": None,
        "status": "ok",
        "ename": None,
        "duration_ms": 10.0,
    }
    return Step(session=session, code=code, **{**usual, **change})


def plan(steps: list[Step], kernels: list[Kernel] | None = None, **change: Any) -> Plan:
    nothing = hashlib.sha256(b"").hexdigest()
    usual: dict[str, Any] = {
        "kernel_name": "python3",
        "folder": Place("other", "work"),
        "base": None,
        "environment": {},
        "kernels": kernels or [Kernel("s1", None, None, False, None)],
        "steps": steps,
        "inputs": [],
        "subjects": [Subject("out", Place("notebook", "out"), nothing, [])],
        "keep": None,
        "timeout_s": 60.0,
    }
    return Plan(**{**usual, **change})


def written(outcome: Outcome) -> str | None:
    assert outcome.status == "done", outcome
    return outcome.subjects[0]["sha256"]


@pytest.mark.parametrize("killed", [False, True])
def test_a_restart_is_made_as_it_was(killed: bool) -> None:
    at_exit = (
        "import atexit, pathlib; atexit.register(lambda: pathlib.Path('late').write_text('1'))"
    )
    read = "import pathlib; pathlib.Path('out').write_text(str(pathlib.Path('late').exists()))"
    kernels = [Kernel("s1", None, None, killed, None), Kernel("s2", None, None, False, "s1")]
    outcome = Replay(plan([step(at_exit), step(read, "s2")], kernels)).run()
    assert written(outcome) == hashlib.sha256(str(not killed).encode()).hexdigest()


@pytest.mark.parametrize("isolated", [True, False])
def test_nothing_outside_its_folder_can_be_written(isolated: bool, tmp_path: Path) -> None:
    if isolated and not namespaces_allowed():
        pytest.skip("this system allows no namespaces")
    victim = tmp_path / "kept"
    victim.write_text("kept")
    code = (
        f"try:\n    open({str(victim)!r}, 'w')\n    said = 'written'\n"
        "except OSError:\n    said = 'refused'\nopen('out', 'w').write(said)"
    )
    replay = Replay(plan([step(code)]))
    replay._isolated = isolated
    assert written(replay.run()) == hashlib.sha256(b"refused").hexdigest()
    assert victim.read_text() == "kept"


@pytest.mark.skipif(not namespaces_allowed(), reason="this system allows no namespaces")
def test_the_network_is_off_but_for_the_loopback() -> None:
    code = (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), 5)\n    said = 'reached'\n"
        "except OSError as error:\n    said = str(error.errno)\nopen('out', 'w').write(said)"
    )
    assert written(Replay(plan([step(code)])).run()) == hashlib.sha256(b"101").hexdigest()


def test_the_users_hooks_see_no_request_of_ours_but_where_runs_are_left_out() -> None:
    hook = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda e, a: e == 'compile' and 'ipykernel' in str(a[1])"
        " and seen.append(1))"
    )
    write = "open('out', 'w').write(f'{len(seen)} {get_ipython().execution_count}')"

    def seen(*counts: int) -> str | None:
        codes = (hook, "1", write)
        steps = [
            step(code, execution_count=count) for code, count in zip(codes, counts, strict=True)
        ]
        return written(Replay(plan(steps)).run())

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert seen(1, 2, 3) == digest("2 4")
    assert seen(1, 2, 7) == digest("3 8")


def test_other_ends_than_the_recorded_ones_fail_with_the_run() -> None:
    outcome = Replay(plan([step("1 / 0", run=7, status="error", ename="KeyError")])).run()
    assert (outcome.status, outcome.run) == ("failed", 7)
    assert outcome.reason == "it ended with ZeroDivisionError"
    outcome = Replay(plan([step("1", status="error", ename="KeyError")])).run()
    assert (outcome.status, outcome.reason) == ("failed", "it ended with ok")


def test_a_name_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_text("x")
    place = Place("notebook", "../../../../../escaped")
    digest = hashlib.sha256(b"x").hexdigest()
    outcome = Replay(plan([step("1")], inputs=[Input(str(source), place, digest)])).run()
    assert outcome.status == "not-possible" and "outside" in str(outcome.reason)


def test_a_sandbox_leaves_nothing() -> None:
    sandbox = Sandbox(plan([]))
    assert sandbox.top.stat().st_mode & 0o077 == 0
    sandbox.remove()
    assert not sandbox.top.exists()
