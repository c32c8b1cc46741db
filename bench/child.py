"""What the probe adds to the start of a Python child: ``python -c pass``, with it and without.

Prints one JSON object: the medians in ms of interleaved pairs, the median of the differences and
its 95 % interval (bootstrap).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kernel import interval

from jupyter_attest.probe.install import ProbeSource

PAIRS = 40


def started(env: dict[str, str]) -> float:
    """Milliseconds from the start of a child to its end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], env=env, check=True)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Start the pairs and print the numbers."""
    home = Path(tempfile.mkdtemp(prefix="jupyter-attest-bench-"))
    session = home / "sessions" / "bench"
    (session / "texts").mkdir(parents=True)
    (session / "key").write_text(os.urandom(32).hex())
    carrier = ProbeSource().install(home).parent / "carrier"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = {"PYTHONPATH": str(carrier), "JUPYTER_ATTEST_CHILD": f"0|bench/0|{session}"}
    recorded = {**plain, **told}
    for _ in range(3):
        started(plain)
        started(recorded)
    pairs = [(started(plain), started(recorded)) for _ in range(PAIRS)]
    assert len(list(session.glob("probe-*.jsonl"))) == PAIRS + 3
    differences = [b - a for a, b in pairs]
    low, high = interval(differences)
    print(
        json.dumps(
            {
                "pairs": PAIRS,
                "plainMs": statistics.median(a for a, _ in pairs),
                "recordedMs": statistics.median(b for _, b in pairs),
                "addedMs": statistics.median(differences),
                "addedLowMs": low,
                "addedHighMs": high,
            }
        )
    )


if __name__ == "__main__":
    main()
