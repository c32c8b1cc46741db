"""How far replays bring a messy session down, and what that costs: ``npm run bench:replay``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from jupyter_attest.tests.replay.conftest import Work
from jupyter_attest.tests.replay.messy import MESSY, needed, runs_of, write_data


def main() -> int:
    """Record the 26 cells, minimize them, print the numbers; 1 when other runs are left."""
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder))
        write_data(work)
        work.record([cell for cell, _ in MESSY], "model.npy")
        start = time.monotonic()
        _, reply = work.replay("model.npy", "--minimize")
        seconds = time.monotonic() - start
        left = runs_of(reply["notebook"]) if reply["notebook"] else []
    print(f"{len(MESSY)} runs, {reply['runs']['kept']} kept before replay, {len(left)} after")
    print(f"{reply['outcome']}, {reply['replays']} replays, {seconds:.0f} s")
    print(f"left: {left}; needed: {needed(MESSY)}")
    return 0 if left == needed(MESSY) else 1


if __name__ == "__main__":
    sys.exit(main())
