"""What the probe adds to one run of a cell: two kernels, one plain and one recorded, asked in turn.

Prints one JSON object: per workload the medians in ms, the median of the paired differences and its
95 % interval (bootstrap), the processor time added to a run in all threads, what is done after the
reply included (median); what a call of ``id`` costs, and what the probe's memory came to.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

WORKLOADS = {
    "x = 1": ("", "x = 1"),
    "loop of 100,000": ("", "s = 0\nfor i in range(100_000):\n    s += i"),
    "100 files opened": (
        "import os, tempfile; d = tempfile.mkdtemp()\n"
        "for i in range(100): open(f'{d}/{i}.txt', 'w').write('x')",
        "for i in range(100):\n    with open(f'{d}/{i}.txt') as f:\n        f.read()",
    ),
    "100,000 id() calls": ("o = object()", "for i in range(100_000):\n    id(o)"),
    "an array of 100 MB touched": ("import numpy as np; a = np.ones(12_500_000)", "a[5] = 6"),
    "an array of 30 MB touched": ("b = np.ones(3_750_000)", "b[5] = 6"),
    "a frame of 100 MB touched": (
        "import pandas as pd; df = pd.DataFrame(np.ones((1_250_000, 10)))",
        "df.iat[5, 5] = 6",
    ),
    "a list of 1,000,000 touched": ("l = list(range(1_000_000))", "l[5] = 6"),
    "deepcopy of 2,000 entries": (
        "import copy; nest = {i: [i, {'k': i}] for i in range(2000)}",
        "c = copy.deepcopy(nest)",
    ),
    "10,000 rows fetched at once": (
        "import sqlite3; db = sqlite3.connect(':memory:'); db.execute('create table t(a, b, c)')\n"
        "made = ((n, n / 3, str(n)) for n in range(10_000))\n"
        "db.executemany('insert into t values (?, ?, ?)', made)",
        "rows = db.execute('select * from t').fetchall()",
    ),
    "10,000 rows one by one": ("", "for row in db.execute('select * from t'): pass"),
}
PAIRS = 60
#: An audited call that programs make often: writes the ns that one takes, the least of 15 tries.
CALL = """
import time
from itertools import pairwise
def tried(calls=range(100_000), something=object()):
    begun = time.process_time_ns()
    for _ in calls:
        id(something)
    return (time.process_time_ns() - begun) / len(calls)
open({path!r}, 'w').write(str(min(tried() for _ in range(15))))
"""
EMPTY_HOOK = "import sys\nsys.addaudithook(lambda event, args: None)\n"


class Kernel:
    """One kernel that is asked for runs and timed."""

    def __init__(self, provisioner: str, spec: Any = None) -> None:
        from jupyter_client.manager import KernelManager
        from jupyter_client.provisioning import KernelProvisionerFactory

        factory = KernelProvisionerFactory.instance()
        factory.default_provisioner_name = provisioner
        self.manager = KernelManager(kernel_name="python3")
        if spec is not None:
            self.manager._kernel_spec = spec
        self.manager.start_kernel()
        self.client: Any = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> float:
        """Milliseconds from the request to the kernel's idle."""
        begun = time.perf_counter()
        request = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                taken = (time.perf_counter() - begun) * 1000
                self.client.get_shell_msg(timeout=60)
                return taken

    def processor_ms(self) -> float:
        """Processor time of the kernel's process so far, all threads."""
        pid = self.manager.provisioner.pid  # type: ignore[union-attr]
        return time.clock_gettime_ns((~pid << 3) | 2) / 1e6  # clock_getcpuclockid(3)

    def memory_kb(self) -> int:
        """Resident memory of the kernel's process."""
        pid = self.manager.provisioner.pid  # type: ignore[union-attr]
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def interval(differences: list[float]) -> tuple[float, float]:
    """95 % interval of the median, by 2,000 resamples."""
    draw = random.Random(1)
    medians = sorted(
        statistics.median(draw.choices(differences, k=len(differences))) for _ in range(2000)
    )
    return medians[50], medians[1949]


def measure(plain: Kernel, recorded: Kernel, setup: str, code: str) -> dict[str, float]:
    """Interleaved pairs of one workload."""
    for kernel in (plain, recorded):
        kernel.run(setup)
        for _ in range(5):
            kernel.run(code)
    pairs = []
    used = []
    for turn in range(PAIRS):
        if turn % 2:
            second = recorded.run(code)
            pairs.append((plain.run(code), second))
        else:
            first = plain.run(code)
            pairs.append((first, recorded.run(code)))
        used.append(recorded.processor_ms() - plain.processor_ms())
    low, high = interval([b - a for a, b in pairs])
    return {
        "plainMs": statistics.median(a for a, _ in pairs),
        "recordedMs": statistics.median(b for _, b in pairs),
        "addedMs": statistics.median(b - a for a, b in pairs),
        "addedLowMs": low,
        "addedHighMs": high,
        "addedProcessorMs": statistics.median(b - a for a, b in pairwise(used)),
    }


def call_costs(recorded: Kernel) -> dict[str, float]:
    """Nanoseconds of a call of ``id``: without a hook, with one that does nothing, recorded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ns"
        costs = {}
        for name, before in (("plain", ""), ("emptyHook", EMPTY_HOOK)):
            code = before + CALL.format(path=str(path))
            subprocess.run([sys.executable, "-c", code], check=True)
            costs[name] = float(path.read_text())
        recorded.run(CALL.format(path=str(path)))
        return {**costs, "recorded": float(path.read_text())}


def main() -> None:
    """Run every workload and print the numbers."""
    os.environ["JUPYTER_ATTEST_DIR"] = tempfile.mkdtemp(prefix="jupyter-attest-bench-")
    plain, recorded = Kernel("local-provisioner"), Kernel("jupyter-attest")
    try:
        result: dict[str, Any] = {"pairs": PAIRS, "workloads": {}}
        for name, (setup, code) in WORKLOADS.items():
            result["workloads"][name] = measure(plain, recorded, setup, code)
        result["idNs"] = call_costs(recorded)
        before = recorded.memory_kb() - plain.memory_kb()
        many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
        for _ in range(many):
            plain.run("x = 1")
            recorded.run("x = 1")
        result["memory"] = {
            "runs": many,
            "addedAtStartKb": before,
            "addedAfterKb": recorded.memory_kb() - plain.memory_kb(),
        }
        print(json.dumps(result))
    finally:
        plain.stop()
        recorded.stop()


if __name__ == "__main__":
    main()
