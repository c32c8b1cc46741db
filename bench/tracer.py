"""What a tracer adds to a run: two recorded kernels, one of them traced, asked in turn.

Prints one JSON object, as ``bench/kernel.py`` does: per workload the medians in ms and the median
of the paired differences with its 95 % interval; and per system call, in a small program without
a kernel, the µs that it takes plain and traced (``--calls``: only these). Needs strace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kernel import PAIRS, Kernel, measure

from jupyter_attest.provisioner import AttestProvisioner
from jupyter_attest.tracer.launch import command, version, why_not

WORKLOADS = {
    "x = 1": ("", "x = 1"),
    "loop of 100,000": ("", "s = 0\nfor i in range(100_000):\n    s += i"),
    "1,000 files opened": (
        "import os, tempfile; d = tempfile.mkdtemp()\n"
        "for i in range(1000): open(f'{d}/{i}.txt', 'w').write('x')",
        "for i in range(1000):\n    with open(f'{d}/{i}.txt') as f:\n        f.read()",
    ),
    "10,000 stat": ("", "for i in range(10_000):\n    os.stat(d)"),
    "8 MB in 8,000 reads": (
        "open(f'{d}/big', 'wb').write(bytes(8_000_000))",
        "with open(f'{d}/big', 'rb', buffering=0) as f:\n    while f.read(1000): pass",
    ),
    "!true": ("", "!true"),
    "100 threads": (
        "import threading",
        "ts = [threading.Thread(target=int) for _ in range(100)]\n"
        "for t in ts: t.start()\nfor t in ts: t.join()",
    ),
}


#: Prints the best of five, in µs per call.
CALLS = """
import json, os, threading, time
def best(times, act):
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(times):
            act()
        taken.append((time.perf_counter() - begun) / times * 1e6)
    return min(taken)
def opened():
    os.close(os.open(os.devnull, os.O_RDONLY))
def program():
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
def thread():
    t = threading.Thread(target=int); t.start(); t.join()
zero = os.open("/dev/zero", os.O_RDONLY)
print(json.dumps({
    "open and close": best(1000, opened),
    "stat": best(1000, lambda: os.stat("/")),
    "read": best(1000, lambda: os.read(zero, 100)),
    "thread started and joined": best(100, thread),
    "program started and waited for": best(20, program),
}))
"""


def calls() -> dict[str, dict[str, float]]:
    """µs per call, plain and traced."""
    argv = [sys.executable, "-c", CALLS]
    with tempfile.TemporaryDirectory() as folder:
        plain, traced = (
            json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
            for line in (argv, command(Path(folder) / "log", argv))
        )
    return {name: {"plainUs": plain[name], "tracedUs": traced[name]} for name in plain}


def started(*, trace: bool) -> tuple[Kernel, float]:
    """A recorded kernel, and the seconds until it answered."""
    AttestProvisioner.policy.trace = trace
    begun = time.perf_counter()
    kernel = Kernel("jupyter-attest")
    return kernel, time.perf_counter() - begun


def main() -> None:
    """Run every workload and print the numbers."""
    reason = why_not()
    if reason is not None:
        sys.exit(f"No kernel can be traced here: {reason}.")
    if sys.argv[1:] == ["--calls"]:
        print(json.dumps({"strace": version(), "calls": calls()}))
        return
    os.environ["JUPYTER_ATTEST_DIR"] = tempfile.mkdtemp(prefix="jupyter-attest-bench-")
    (plain, plain_s), (traced, traced_s) = started(trace=False), started(trace=True)
    try:
        result: dict[str, Any] = {"strace": version(), "pairs": PAIRS, "workloads": {}}
        result["calls"] = calls()
        result["start"] = {"plainS": plain_s, "tracedS": traced_s}
        for name, (setup, code) in WORKLOADS.items():
            result["workloads"][name] = measure(plain, traced, setup, code)
        print(json.dumps(result))
    finally:
        plain.stop()
        traced.stop()


if __name__ == "__main__":
    main()
