"""Logs that end early, are torn or too long: what is left says so. No kernel is needed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.home import new_session
from jupyter_attest.journal import Texts
from jupyter_attest.tracer import follow
from jupyter_attest.tracer.follow import Follower

from ..journals import read_journal

RUN = "request/0"


class Traced:
    """A session whose log and runs the test writes itself."""

    def __init__(self, folder: Path, pid: int) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self.session = new_session(folder / "home")
        self.pid = pid
        self.session.trace.touch(0o600)
        self.follower = self.follow()
        self.say('execve("/usr/bin/python", ["python"], 0x1) = 0')
        self.say(f"chdir({quoted(self.work)}) = 0")

    def follow(self) -> Follower:
        texts = Texts(self.session.path, self.session.key)
        home = self.session.path.parent.parent
        return Follower(self.session, texts, home, lambda *_: None, lambda _: None)

    def say(self, text: str, tid: int | None = None, end: str = "\n") -> None:
        """Append a line to the log, with the time of now."""
        stamp = time.time_ns() // 1000
        line = f"{tid or self.pid} {stamp // 10**6}.{stamp % 10**6:06d} {text}{end}"
        with self.session.trace.open("a") as log:
            log.write(line)

    def run(self, phase: str, ident: str = RUN) -> None:
        self.follower.on_run(ident, phase, time.monotonic_ns())

    def end(self) -> list[dict[str, Any]]:
        """Close the follower; its events, read as a verifier reads them."""
        self.follower.close()
        return read_journal(self.session.path / "tracer.jsonl")


def quoted(path: Path | str) -> str:
    return f'"{path}"'


@pytest.fixture
def living(tmp_path: Path) -> Any:
    """A log of this very process, which no tracer is around."""
    return Traced(tmp_path, os.getpid())


@pytest.fixture
def traced(tmp_path: Path) -> Traced:
    """A log of a process that has ended."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    return Traced(tmp_path, gone.pid)


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def stops(events: list[dict[str, Any]]) -> list[str]:
    assert all(e["code"] == "tracer-stopped" for e in of(events, "gap"))
    return [event["covers"]["reason"] for event in of(events, "gap")]


def write(traced: Traced, name: str) -> None:
    path = traced.work / name
    path.write_text("x")
    traced.say(f"openat(AT_FDCWD<{traced.work}>, {quoted(name)}, O_WRONLY|O_CREAT) = 3<{path}>")


def test_a_log_that_was_read_to_its_end_has_no_gap(traced: Traced) -> None:
    traced.run("start")
    write(traced, "a.txt")
    traced.run("end")
    traced.say("+++ exited with 0 +++")
    events = traced.end()
    assert stops(events) == []
    assert [e["run"] for e in of(events, "trace.covered")] == [RUN]
    [opened] = of(events, "file.opened")
    assert (opened["realPath"], opened["run"], opened["pid"]) == (
        str(traced.work / "a.txt"),
        RUN,
        traced.pid,
    )
    [settled] = of(events, "file.settled")
    assert settled["stat"]["size"] == 1
    assert not traced.session.trace.exists()


def test_a_kernel_that_is_killed_was_seen_until_then(traced: Traced) -> None:
    traced.run("start")
    write(traced, "a.txt")
    traced.say("+++ killed by SIGKILL +++")
    events = traced.end()
    assert stops(events) == []
    assert [e["run"] for e in of(events, "trace.covered")] == [RUN]


def test_a_torn_last_line_of_a_tracer_that_ended_first(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced.run("start")
    write(traced, "a.txt")
    traced.say("openat(AT_FDCWD<", end="")
    traced.run("end")
    monkeypatch.setattr(follow, "_LAST_WORDS_S", 0.1)
    events = traced.end()
    assert stops(events) == ["the tracer ended before the kernel"]
    assert of(events, "trace.covered") == []
    assert len(of(events, "file.opened")) == 1


def test_a_kernel_that_goes_on_without_its_tracer(living: Traced) -> None:
    living.run("start")
    living.run("end")
    events = living.end()
    assert stops(events) == ["the tracer ended before the kernel"]
    assert of(events, "trace.covered") == []


def many(traced: Traced) -> None:
    for number in range(30):
        write(traced, f"{number}.txt")


def too_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_EVENTS", 10)


def too_long_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_LOG", 1000)


@pytest.mark.parametrize(
    ("limit", "reason", "told"),
    [
        (too_many_events, "more happened than is written down", 10),
        (too_long_a_log, "its log grew faster than it could be read", 0),
    ],
)
def test_over_budget_the_rest_is_a_gap(
    traced: Traced,
    monkeypatch: pytest.MonkeyPatch,
    limit: Callable[[pytest.MonkeyPatch], None],
    reason: str,
    told: int,
) -> None:
    limit(monkeypatch)
    traced.run("start")
    many(traced)
    traced.run("end")
    traced.follower.advance(final=True)
    many(traced)
    traced.follower.advance()
    assert traced.session.trace.stat().st_size == 0
    events = traced.end()
    assert stops(events) == [reason]
    assert len(of(events, "file.opened")) == told
    assert of(events, "trace.covered") == []


def test_what_a_tracer_cannot_see_into_ends_its_word(traced: Traced) -> None:
    traced.run("start")
    traced.say("io_uring_setup(8, {flags=0}) = 4<anon_inode:[io_uring]>")
    traced.run("end")
    events = traced.end()
    assert stops(events) == ["a program used io_uring, which a tracer can't see into"]
    assert of(events, "trace.covered") == []


def test_a_reader_that_is_started_again_covers_no_more(traced: Traced) -> None:
    traced.follower.sync()
    traced.follower = traced.follow()
    traced.run("start")
    traced.run("end")
    events = traced.end()
    assert stops(events) == ["the process that reads its log was started again"]
    assert of(events, "trace.covered") == []


def test_nothing_is_told_while_recording_is_paused(traced: Traced) -> None:
    traced.run("start")
    traced.session.paused.touch()
    write(traced, "a.txt")
    traced.run("end")
    traced.say("+++ exited with 0 +++")
    assert of(traced.end(), "file.opened") == []


def test_a_child_is_the_run_that_started_it(traced: Traced) -> None:
    child = 4_000_000
    traced.run("start", "first/0")
    traced.say(f"vfork() = {child}")
    traced.run("end", "first/0")
    traced.run("start", "second/0")
    traced.say('execve("/bin/tool", ["tool", "--token=abc"], 0x1) = 0', tid=child)
    traced.say(f'openat(AT_FDCWD<{traced.work}>, "o", O_WRONLY) = 3<{traced.work}/o>', tid=child)
    traced.say("+++ exited with 4 +++", tid=child)
    traced.run("end", "second/0")
    traced.say("+++ exited with 0 +++")
    events = traced.end()
    [started] = of(events, "process.started")
    assert (started["run"], started["during"], started["pid"]) == ("first/0", "second/0", child)
    text = (traced.session.path / "texts" / started["argv"]["sha256"]).read_text()
    assert text == "tool --token=***"
    [opened] = of(events, "file.opened")
    assert (opened["run"], opened["pid"]) == ("first/0", child)
    assert [e["exitCode"] for e in of(events, "process.ended")] == [4]


def test_overlapping_requests_are_nobodys(traced: Traced) -> None:
    traced.run("start", "first/0")
    traced.run("start", "second/0")
    write(traced, "a.txt")
    traced.run("end", "first/0")
    traced.run("end", "second/0")
    traced.say("+++ exited with 0 +++")
    [opened] = of(traced.end(), "file.opened")
    assert (opened["run"], opened["attribution"]) == (None, "none")


def test_the_installation_and_the_recording_are_not_told(traced: Traced) -> None:
    traced.follower.noise.prefixes = {"/opt/python"}
    traced.run("start")
    home = traced.session.path.parent.parent
    for path in [
        "/opt/python/lib/a.py",
        "/usr/lib/x86_64-linux-gnu/libc.so.6",
        "/etc/passwd",
        "/proc/self/maps",
        f"{home}/sessions/x/probe-1.jsonl",
        "/home/a/.venv/lib/python3.11/site-packages/p/q.py",
        "/home/a/.venv/lib/python3.11/site-packages/distutils-precedence.pth",
        "/home/a/.ipython/profile_default/history.sqlite",
    ]:
        traced.say(f'openat(AT_FDCWD</>, "{path}", O_RDONLY) = 3<{path}>')
    traced.say('openat(AT_FDCWD</>, "/opt/python/lib/a.csv", O_RDONLY) = 3</opt/python/lib/a.csv>')
    traced.run("end")
    traced.say("+++ exited with 0 +++")
    told = [event["realPath"] for event in of(traced.end(), "file.opened")]
    assert told == ["/opt/python/lib/a.csv"]
