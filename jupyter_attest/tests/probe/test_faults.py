"""Each part of the probe fails in turn: cells end as without it, and a gap says what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .faults import CELLS, PARTS, breakable
from .kernels import PROBE, Event, Kernel, of

Seen = dict[str, tuple[object, ...]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the cells show in a kernel without the probe."""
    with Kernel(tmp_path_factory.mktemp("plain"), recorded=False) as kernel:
        for cell in CELLS.values():  # what is only shown the first time
            kernel.run(cell)
        return {name: kernel.run(cell).seen() for name, cell in CELLS.items()}


class Faulty:
    """A kernel whose probe can be made to fail, and what its journal got since the last look."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.file = kernel.files()[0]
        self.read = 0

    def new(self) -> list[Event]:
        """Whole lines since the last time; chain and schema are checked once, at the end."""
        with self.file.open("rb") as file:
            file.seek(self.read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self.read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def wait(self, wanted: Callable[[Event], bool]) -> list[Event]:
        """New events, once there is one that is wanted: they leave with the next batch."""
        until = time.monotonic() + 20
        found: list[Event] = []
        while not any(map(wanted, found)) and time.monotonic() < until:
            time.sleep(0.02)
            found += self.new()
        return found

    def switch(self, name: str = "", kind: str = "") -> None:
        self.kernel.run(f"import sys; sys.audit('fault', {name!r}, {kind!r})", silent=True)

    def record(self, cell: str) -> list[Event]:
        """Run a cell; its events up to the run's end."""
        run = self.kernel.run(cell).msg_id + "/0"
        found = self.wait(lambda e: e["type"] == "run.ended" and e["run"] == run)
        return [event for event in found if event["run"] == run]

    def fails(self, plain: Seen, part: str, kind: str, error: str) -> None:
        """Run a part's cell while the part fails: a gap has to say so; and again when it works."""
        cell, reason = PARTS[part]
        self.new()
        self.switch(part, kind)
        outcome = self.kernel.run(CELLS[cell])
        self.switch()
        assert outcome.seen() == plain[cell]

        def is_about(event: Event) -> bool:
            code, covers = event.get("code"), event.get("covers", {})
            told = covers.get("reason", "")
            return code == "probe-failed" and told.startswith(reason) and told.endswith(error)

        assert any(map(is_about, self.wait(is_about)))
        assert of(self.record(CELLS[cell]), "run.ended"), "the next run is recorded"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    with Kernel(tmp_path_factory.mktemp("faulty"), probe=breakable(PROBE)) as kernel:
        for cell in CELLS.values():
            kernel.record(cell)
        yield Faulty(kernel)
    assert kernel.events()


KINDS = {
    "raises": "RuntimeError", "exits": "SystemExit", "memory": "MemoryError",
    "deep": "RecursionError",
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_raises(faulty: Faulty, plain: Seen, part: str) -> None:
    for kind, name in KINDS.items():
        faulty.fails(plain, part, kind, name)


#: Of the parts that one guard holds, the first: a guard ends whatever hangs in it.
HELD = {reason: part for part, (_, reason) in reversed(PARTS.items()) if reason}


@pytest.mark.parametrize("part", HELD.values())
def test_a_part_that_hangs(faulty: Faulty, plain: Seen, part: str) -> None:
    faulty.fails(plain, part, "hangs", "OverdueError")


def test_a_part_that_waits_in_a_call_of_the_systems(faulty: Faulty, plain: Seen) -> None:
    for part in ("Files.on_open", "Runs.begin", "Files.settle"):
        faulty.fails(plain, part, "waits", "OverdueError")


def test_a_part_that_took_too_long_is_left_out_and_every_run_says_so(faulty: Faulty) -> None:
    faulty.switch("Files.settle", "hangs")
    faulty.record(CELLS["files"])
    events = faulty.record("open('later', 'w').close()")
    faulty.switch()
    assert not of(events, "file.settled")
    assert [gap["covers"]["reason"] for gap in of(events, "gap")] == [
        "files of a run: OverdueError"
    ]
    assert of(faulty.record("open('later', 'w').close()"), "file.settled")


def test_an_interrupt_that_arrives_inside_a_part_is_the_users(faulty: Faulty) -> None:
    faulty.switch("Files.on_open", "waits")
    msg_id = faulty.kernel.send("open('never', 'w')")
    time.sleep(0.2)
    faulty.kernel.manager.interrupt_kernel()
    outcome = faulty.kernel.wait(msg_id)
    faulty.switch()
    assert outcome.ename == "KeyboardInterrupt"


def test_a_signal_that_others_took_is_left_to_them(tmp_path: Path) -> None:
    with Kernel(tmp_path, probe=breakable(PROBE)) as kernel:
        kernel.run("import signal; old = signal.signal(signal.SIGURG, lambda *_: print('mine'))")
        assert kernel.run("signal.raise_signal(signal.SIGURG)").stdout == "mine\n"
        kernel.run("_ = signal.signal(signal.SIGURG, old)")
        assert kernel.run("signal.raise_signal(signal.SIGURG); 1").results == ["1"]
