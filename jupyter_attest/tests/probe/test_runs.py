"""Runs: which there are, in which order, of which kind, and how they ended."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from queue import Empty

import pytest

from jupyter_attest.tests.journals import read_journal

from .kernels import VERSION, Kernel, of, one


def test_a_cell_says_where_it_comes_from_and_what_ran(kernel: Kernel) -> None:
    outcome = kernel.run("a = 1\n%pwd", {"cellId": "c-1", "trusted": True})
    events = kernel.settle(outcome.msg_id)
    started = one(events, "run.started")
    assert started["kind"] == "cell"
    assert started["cellId"] == "c-1"
    assert started["requestMetadataKeys"] == ["cellId", "trusted"]
    assert started["client"] == kernel.client.session.session
    assert started["storeHistory"] is True
    assert started["executionCount"] == outcome.reply["execution_count"]
    assert kernel.text(started["code"]) == "a = 1\n%pwd"
    assert started["transformedSha256"]
    # Evidence about names follows the end; a map that an earlier test left is looked at again.
    types = [e["type"] for e in events if e["type"] != "file.settled"]
    assert types[:3] == ["run.started", "run.code", "run.ended"]
    assert {e["attribution"] for e in events} == {"context"}


def test_equal_sources_share_one_text(kernel: Kernel) -> None:
    codes = [one(kernel.record("same = 1"), "run.started")["code"] for _ in range(2)]
    assert codes[0] == codes[1]


def test_nested_silent_and_empty_runs_are_runs_of_their_own(kernel: Kernel) -> None:
    outcome = kernel.run("ip = get_ipython()\nip.run_cell('b = 2')\nip.run_cell('')\nc = 3")
    kernel.settle(outcome.msg_id)
    started = [e for e in of(kernel.events(), "run.started") if e["run"].startswith(outcome.msg_id)]
    assert [e["run"].rpartition("/")[2] for e in started] == ["0", "1", "2"]
    assert [e["kind"] for e in started] == ["cell", "nested", "nested"]
    assert [e["parentRun"] for e in started] == [None, *[outcome.msg_id + "/0"] * 2]
    assert [kernel.text(e["code"]) for e in started[1:]] == ["b = 2", ""]

    silent = kernel.record("d = 4", silent=True, store_history=False)
    assert one(silent, "run.started")["kind"] == "silent"
    assert kernel.text(one(silent, "run.started")["code"]) == "d = 4"
    assert one(silent, "run.ended")["status"] == "ok"

    empty = kernel.record("  \n")
    assert one(empty, "run.started")["kind"] == "cell"


def test_the_order_is_the_order_of_running(kernel: Kernel) -> None:
    sent = [kernel.send(f"order = {n}") for n in (3, 1, 2)]
    for msg_id in sent:
        kernel.wait(msg_id)
    kernel.settle(sent[-1])
    runs = [e["run"] for e in of(kernel.events(), "run.started")]
    assert runs[-3:] == [msg_id + "/0" for msg_id in sent]


def test_a_widget_callback_is_a_run_and_its_files_are_its_own(kernel: Kernel) -> None:
    kernel.run(
        "def opened(comm, message):\n"
        "    @comm.on_msg\n"
        "    def heard(message):\n"
        "        open('from_callback', 'w').close()\n"
        "get_ipython().kernel.comm_manager.register_target('probe-test', opened)"
    )
    session = kernel.client.session
    opening = session.msg("comm_open", {"comm_id": "c", "target_name": "probe-test", "data": {}})
    kernel.client.shell_channel.send(opening)
    message = session.msg("comm_msg", {"comm_id": "c", "data": {}})
    kernel.client.shell_channel.send(message)
    kernel.run("pass")
    events = kernel.settle(message["header"]["msg_id"])
    assert one(events, "run.started")["kind"] == "callback"
    assert one(events, "run.started")["code"] is None
    assert one(events, "file.opened")["path"] == "from_callback"
    assert one(events, "run.ended")["status"] == "ok"


def test_expressions_of_a_request_are_seen(kernel: Kernel) -> None:
    outcome = kernel.run("e = 1", user_expressions={"x": "open('expr', 'w').close()"})
    assert outcome.reply["user_expressions"]["x"]["status"] == "ok"
    kernel.run("pass")
    events = kernel.settle(outcome.msg_id, 1)
    assert one(events, "run.started")["kind"] == "expression"
    assert one(events, "file.opened")["path"] == "expr"


def test_ends_say_how(kernel: Kernel) -> None:
    def ended(code: str) -> tuple[str, str | None]:
        event = one(kernel.record(code), "run.ended")
        return event["status"], event["ename"]

    assert ended("1 / 0") == ("error", "ZeroDivisionError")
    assert ended("def (") == ("error", "SyntaxError")
    assert ended("import sys; sys.exit(3)") == ("exited", "SystemExit")
    assert ended("class Odd(Exception): pass\nraise Odd") == ("error", "Odd")
    assert ended("1") == ("ok", None)
    code = one(kernel.record("if:"), "run.code")
    assert code["parse"] == "failed"


def test_an_interrupt_is_an_interrupt(kernel: Kernel) -> None:
    msg_id = kernel.send("import time\nwhile True: open('spin').close() if 0 else time.sleep(.01)")
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    assert kernel.wait(msg_id).ename == "KeyboardInterrupt"
    assert one(kernel.settle(msg_id), "run.ended")["status"] == "interrupted"


@pytest.mark.skipif(VERSION < (3, 11), reason="our frames show before Python 3.11")
def test_an_interrupt_in_the_middle_of_the_hook_is_the_user_s_own(kernel: Kernel) -> None:
    for _ in range(5):
        msg_id = kernel.send("while True: open('spin', 'w').close()")
        time.sleep(0.2)
        kernel.manager.interrupt_kernel()
        outcome = kernel.wait(msg_id)
        assert outcome.ename == "KeyboardInterrupt"
        # Only where it comes before the hook's first line does the hook show, and nothing else.
        ours = outcome.traceback.count("probe.py")
        assert ours == 0 or (ours, outcome.traceback.count("make_hook")) == (1, 1)


def test_awaiting_cells_and_their_tasks_keep_their_run(kernel: Kernel) -> None:
    code = (
        "import asyncio\n"
        "gate = asyncio.Event()\n"
        "async def later():\n"
        "    await gate.wait()\n"
        "    open('from_task', 'w').close()\n"
        "task = asyncio.ensure_future(later())\n"
        "await asyncio.sleep(0)\n"
        "open('from_await', 'w').close()"
    )
    first = kernel.run(code)
    assert one(kernel.settle(first.msg_id), "file.opened")["path"] == "from_await"
    kernel.record("gate.set(); await task")
    opened = of([e for e in kernel.events() if e["run"] == first.msg_id + "/0"], "file.opened")
    assert [e["path"] for e in opened] == ["from_await", "from_task"]
    assert opened[1]["during"].rpartition("/")[0] != first.msg_id


def test_threads_belong_to_the_run_that_started_them(kernel: Kernel) -> None:
    code = (
        "import threading\n"
        "go = threading.Event()\n"
        "def work():\n"
        "    open('from_thread', 'w').close()\n"
        "    go.wait()\n"
        "    open('from_thread_later', 'w').close()\n"
        "thread = threading.Thread(target=work, name='worker')\n"
        "thread.start()"
    )
    first = kernel.run(code)
    events = kernel.settle(first.msg_id)
    assert one(events, "file.opened")["attribution"] == "thread"
    assert one(events, "run.ended")["threadsAlive"] == ["worker"]
    second = kernel.run("go.set(); thread.join()")
    kernel.settle(second.msg_id)
    later = next(e for e in kernel.events() if e.get("path") == "from_thread_later")
    assert later["run"] == first.msg_id + "/0"
    assert later["during"] == second.msg_id + "/0"


def test_subshells_overlap_and_each_event_finds_its_run(kernel: Kernel) -> None:
    session, client = kernel.client.session, kernel.client
    request = session.msg("create_subshell_request", {})
    client.control_channel.send(request)
    try:
        reply = client.get_control_msg(timeout=10)
    except Empty:
        pytest.skip("this ipykernel has no subshells")
    slow = kernel.send("import time\ntime.sleep(1.5)\nopen('from_main', 'w').close()")
    time.sleep(0.4)
    content = {"code": "open('from_subshell', 'w').close()", "silent": False}
    message = session.msg("execute_request", content)
    message["header"]["subshell_id"] = reply["content"]["subshell_id"]
    client.shell_channel.send(message)
    kernel.wait(slow)
    kernel.settle(slow)
    by_path = {str(e["path"]): e["run"] for e in of(kernel.events(), "file.opened")}
    assert by_path["from_main"] == slow + "/0"
    assert by_path["from_subshell"] == message["header"]["msg_id"] + "/0"


def test_a_killed_kernel_loses_seconds_not_hours(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        (kernel.work / "in.csv").write_text("a\n1\n")
        msg_id = kernel.send(
            "import time\nopen('in.csv').read()\nopen('out.csv', 'w').close()\ntime.sleep(60)"
        )
        time.sleep(6)
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
        time.sleep(0.2)
        kernel.close(now=True)
    events = [e for e in read_journal(kernel.files()[0]) if e["run"] == msg_id + "/0"]
    assert [e.get("path") for e in of(events, "file.opened")] == ["in.csv", "out.csv"]
    assert one(events, "run.code")["partial"] is True
    assert not of(events, "run.ended")


def test_callbacks_taken_away_are_said_and_hurt_nothing(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.run("a = 1")
        kernel.run("get_ipython().events.callbacks['post_run_cell'].clear()")
        assert kernel.run("a").results == ["1"]
        kernel.run("for c in get_ipython().events.callbacks.values(): c.clear()")
        assert kernel.run("open('x', 'w').write('1')").results == ["1"]
        assert kernel.run("%reset -f\n1").results == ["1"]
    assert len(of(kernel.events(), "run.started")) == 4


def test_events_survive_reset(kernel: Kernel) -> None:
    kernel.run("%reset -f")
    assert one(kernel.record("f = 1"), "run.started")["kind"] == "cell"
