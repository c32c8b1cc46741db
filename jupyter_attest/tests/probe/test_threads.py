"""What goes on after a run belongs to the run that started it, or to nobody: never to the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from jupyter_attest.tests.journals import Event

from .kernels import Kernel, of, one

#: What the first run starts; all of it goes on when ``go`` is set.
STARTED = """
import asyncio, concurrent.futures, os, threading, _thread
go = threading.Event()
def write(name):
    with open(name, "w") as file:
        file.write(name)
def when_told(name):
    go.wait()
    write(name)
def start_another():
    go.wait()
    threading.Thread(target=write, args=("thread of a thread",)).start()
pool = concurrent.futures.ThreadPoolExecutor(1)
pool.submit(write, "pool").result()
threading.Thread(target=when_told, args=("thread",), name="waits").start()
threading.Thread(target=start_another, name="starts another").start()
_thread.start_new_thread(when_told, ("low-level thread",))
loop = asyncio.get_running_loop()
told = asyncio.Event()
def tick():
    write("timer") if told.is_set() else loop.call_later(.05, tick)
loop.call_later(.05, tick)
async def task():
    await told.wait()
    write("task")
    await asyncio.to_thread(write, "thread of a task")
waiting = asyncio.ensure_future(task())
"""
#: The second run lets it all go on, and writes a file of its own.
GOES_ON = """
go.set()
told.set()
pool.submit(write, "pool again").result()
late = ["thread", "thread of a thread", "low-level thread", "timer", "task", "thread of a task"]
while not all(os.path.exists(name) for name in late):
    await asyncio.sleep(.05)
await waiting
threading.Thread(target=write, args=("own thread",)).start()
write("own")
"""
ENDS = """
import atexit
atexit.register(write, "at exit")
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Event], list[str]]]:
    """The events of a kernel that has ended, and the ids of its runs."""
    with Kernel(tmp_path_factory.mktemp("late")) as kernel:
        kernel.manager.shutdown_wait_time = 60  # its last words are awaited
        runs = []
        for code in (STARTED, GOES_ON, ENDS):
            outcome = kernel.run(code)
            assert outcome.ename is None, outcome.traceback
            kernel.settle(outcome.msg_id)
            runs.append(outcome.msg_id + "/0")
    yield kernel.events(), runs


Ended = tuple[list[Event], list[str]]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("thread", "thread"),
        ("thread of a thread", "thread"),
        ("low-level thread", "thread"),
        ("pool again", "thread"),
        ("timer", "context"),
        ("task", "context"),
        ("thread of a task", "context"),
    ],
)
def test_what_goes_on_in_a_later_run_is_the_first_one_s(ended: Ended, name: str, how: str) -> None:
    events, runs = ended
    (opened,) = [e for e in of(events, "file.opened") if e["path"] == name]
    assert (opened["run"], opened["during"], opened["attribution"]) == (runs[0], runs[1], how)
    # It is looked at when it has come to rest.
    (settled,) = [e for e in of(events, "file.settled") if e["realPath"].endswith("/" + name)]
    assert (settled["run"], settled["stat"]["size"]) == (runs[0], len(name))


def test_a_run_s_own_threads_are_its_own(ended: Ended) -> None:
    events, runs = ended
    named = {e["path"]: e["run"] for e in of(events, "file.opened")}
    assert (named["pool"], named["own"], named["own thread"]) == (runs[0], runs[1], runs[1])


def test_what_the_end_of_the_kernel_does_is_nobody_s(ended: Ended) -> None:
    events, _ = ended
    (opened,) = [e for e in of(events, "file.opened") if e["path"] == "at exit"]
    assert (opened["run"], opened["attribution"]) == (None, "none")


def test_a_run_says_what_it_leaves_alive(ended: Ended) -> None:
    events, _ = ended
    first, second, _ = of(events, "run.ended")
    # A pool's thread that waits for work does nothing by itself.
    assert set(first["threadsAlive"]) - {"thread"} == {"starts another", "waits"}
    assert (first["tasksPending"], second["tasksPending"]) == (2, 0)


def test_a_plain_run_leaves_nothing(kernel: Kernel) -> None:
    ended = one(kernel.record("sum([1, 2])"), "run.ended")
    assert (ended["threadsAlive"], ended["tasksPending"]) == ([], 0)


def test_pools_that_wait_leave_nothing_that_goes_on(kernel: Kernel) -> None:
    events = kernel.record(
        "import joblib, concurrent.futures as c, multiprocessing.pool as p\n"
        "joblib.Parallel(2)(joblib.delayed(len)(x) for x in ('a', 'b'))\n"
        "threads, pool = c.ThreadPoolExecutor(2), c.ProcessPoolExecutor(1)\n"
        "results = [threads.submit(len, 'a').result(), pool.submit(len, 'a').result()]"
    )
    assert one(events, "run.ended")["status"] == "ok"
    assert one(events, "run.ended")["threadsAlive"] == []
    kernel.record(
        "threads.shutdown(); pool.shutdown()\n"
        "from joblib.externals.loky import get_reusable_executor as reusable\n"
        "reusable().shutdown()"
    )


def test_the_opening_of_a_widget_is_nobody_s(kernel: Kernel) -> None:
    kernel.record(
        "def opened(comm, message): open('by_comm_open', 'w').close()\n"
        "get_ipython().kernel.comm_manager.register_target('late-test', opened)"
    )
    opening = kernel.client.session.msg(
        "comm_open", {"comm_id": "late", "target_name": "late-test", "data": {}}
    )
    kernel.client.shell_channel.send(opening)
    kernel.record("pass")
    (event,) = [e for e in of(kernel.events(), "file.opened") if e["path"] == "by_comm_open"]
    assert (event["run"], event["attribution"]) == (None, "none")


#: A widget's model: what the page sends to it reads a file and, where it is told to, waits.
WIDGET = """
import comm, os, time
def opened(comm, message):
    @comm.on_msg
    def changed(message):
        name = message["content"]["data"]["name"]
        open("begun " + name, "w").close()
        while name == "slow" and not os.path.exists("cell wrote"): time.sleep(.05)
        open(name).read()
get_ipython().kernel.comm_manager.register_target("watched", opened)
for name in ("slow", "quick"): open(name, "w").close()
"""


def comm_message(kernel: Kernel, kind: str, **content: object) -> dict[str, Any]:
    """What a page sends to a widget."""
    content = {"comm_id": "widget", "data": {}, **content}
    message: dict[str, Any] = kernel.client.session.msg(kind, content)
    return message


def send_to_widget(kernel: Kernel, name: str, subshell: str | None = None) -> str:
    message = comm_message(kernel, "comm_msg", data={"name": name})
    message["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(message)
    return str(message["header"]["msg_id"])


def reads(kernel: Kernel, name: str) -> list[Event]:
    opened = of(kernel.events(), "file.opened")
    return [e for e in opened if e["path"] == name and "read" in e["ops"]]


def waited_for(kernel: Kernel, name: str) -> Event:
    """The one read of a file, once it is in the journal."""
    until = time.monotonic() + 30
    while not reads(kernel, name) and time.monotonic() < until:
        time.sleep(0.1)
    [found] = reads(kernel, name)
    return found


def test_a_widget_in_a_subshell_and_a_cell_at_the_same_time_are_told_apart(
    tmp_path: Path,
) -> None:
    with Kernel(tmp_path) as kernel:
        session, client = kernel.client.session, kernel.client
        kernel.run(WIDGET)
        client.shell_channel.send(comm_message(kernel, "comm_open", target_name="watched"))
        kernel.run("pass")  # the widget is open
        client.control_channel.send(session.msg("create_subshell_request", {}))
        try:
            subshell = client.get_control_msg(timeout=10)["content"]["subshell_id"]
        except Empty:
            pytest.skip("this ipykernel has no subshells")
        # The widget's message and the cell wait for each other: each is open when the other acts.
        sent = send_to_widget(kernel, "slow", subshell)
        cell = kernel.run(
            "while not os.path.exists('begun slow'): time.sleep(.05)\n"
            "open('quick').read(); open('cell wrote', 'w').close(); time.sleep(.5)"
        )
        kernel.settle(cell.msg_id)
        slow, quick = waited_for(kernel, "slow"), waited_for(kernel, "quick")
    assert slow["run"].rpartition("/")[0] == sent
    assert quick["run"] == cell.msg_id + "/0"


def test_threads_of_overlapping_subshells_are_told_apart(kernel: Kernel, tmp_path: Path) -> None:
    session, client = kernel.client.session, kernel.client
    client.control_channel.send(session.msg("create_subshell_request", {}))
    try:
        reply = client.get_control_msg(timeout=10)
    except Empty:
        pytest.skip("this ipykernel has no subshells")
    # Both use one namespace at the same time: no name of it may stand for different things.
    code = (
        "import threading, os, time\n"
        "def both(path):\n"
        "    while not all(map(os.path.exists, {0})): time.sleep(.05)\n"
        "    open(path, 'w').close()\n"
        "open({2!r}, 'w').close()\n"
        "for_path = lambda path: threading.Thread(target=both, args=(path,))\n"
        "[t.start() or t.join() for t in [for_path({1!r})]]"
    )
    marks = [str(tmp_path / name) for name in ("main begun", "subshell begun")]
    paths = [str(tmp_path / name) for name in ("main", "subshell")]
    first, second = (
        code.format(marks, path, mark) for path, mark in zip(paths, marks, strict=True)
    )
    slow = kernel.send(first)
    message = session.msg("execute_request", {"code": second, "silent": False})
    message["header"]["subshell_id"] = reply["content"]["subshell_id"]
    client.shell_channel.send(message)
    messages = (slow, message["header"]["msg_id"])
    until = time.monotonic() + 60
    by_path: dict[str, Event] = {}
    while not set(paths) <= set(by_path) and time.monotonic() < until:
        by_path = {str(e["path"]): e for e in of(kernel.events(), "file.opened")}
        time.sleep(0.1)
    for path, msg_id in zip(paths, messages, strict=True):
        assert (by_path[path]["run"], by_path[path]["attribution"]) == (msg_id + "/0", "thread")
    kernel.wait(slow)
