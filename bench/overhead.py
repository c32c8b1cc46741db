"""`npm run bench:overhead`: what recording adds, beside ipyflow and noWorkflow, in the same run.

Kernels of one environment are asked in turn: plain, recorded, ipyflow's. The processor time of the
kernel's process, all threads, from the first request of a batch until it is idle and has been given
time to finish what it does after a reply, is told beside the time that a person waits. noWorkflow
runs scripts, not notebooks: the same code as a script, with it and without it, in processes.

The environments are made from PyPI under ``~/.cache/jupyter-attest/overhead`` the first time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from kernel import Kernel, interval

ROOT = Path(__file__).parents[1]
CACHE = Path.home() / ".cache" / "jupyter-attest" / "overhead"
PEERS = {
    "ipyflow": [
        "ipyflow",
        "ipykernel>=7",
        "numpy",
        "pandas",
        "pyarrow",
        "scikit-learn",
        "matplotlib",
    ],
    "noworkflow": ["noworkflow", "numpy", "pandas", "pyarrow", "scikit-learn", "matplotlib"],
}
OPENS = (
    "import os, tempfile\nd = tempfile.mkdtemp()\n"
    "for i in range(10_000): open(f'{d}/{i}', 'w').close()"
)
#: Preparation, the run that is measured, and how many of them make one batch.
RUNS = {
    "x = 1": ("", "x = 1", 10),
    "loop of 100,000": ("", "s = 0\nfor i in range(100_000):\n    s += i", 5),
    "10,000 files opened": (OPENS, "for i in range(10_000):\n    open(f'{d}/{i}').close()", 1),
    "10^7 id() calls": ("o = object()", "for i in range(10_000_000):\n    id(o)", 1),
    "deepcopy of 50,000 entries": (
        "import copy; nest = {i: [i, {'k': i}] for i in range(50_000)}",
        "c = copy.deepcopy(nest)",
        1,
    ),
}
#: After a batch, for what is done after a reply, in s.
SETTLING_S = 0.2


class Measured:
    """A kernel whose processor time and waiting time are taken."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        pid = kernel.manager.provisioner.pid  # type: ignore[union-attr]
        #: The processor clock of another process, clock_getcpuclockid(3).
        self.clock = (~pid << 3) | 2

    def batch(self, cells: list[str]) -> tuple[float, float]:
        """Milliseconds of processor and of waiting for these cells."""
        before = time.clock_gettime(self.clock)
        waited = sum(self.kernel.run(cell) for cell in cells)
        time.sleep(SETTLING_S)
        return (time.clock_gettime(self.clock) - before) * 1000, waited


def environment(name: str) -> Path | str:
    """The interpreter of a peer's environment, or why there is none."""
    python = CACHE / name / "bin" / "python"
    if not (CACHE / name / ".done").exists():
        venv.EnvBuilder(with_pip=True, clear=True).create(CACHE / name)
        install = [str(python), "-m", "pip", "install", "--quiet", *PEERS[name]]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        (CACHE / name / ".done").touch()
    return python


def kernels(python: Path) -> dict[str, Callable[[], Kernel]]:
    """How to start each kind of kernel."""

    def spec(module: str) -> KernelSpec:
        argv = [str(python), "-m", module, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, language="python", display_name=module)

    return {
        "plain": lambda: Kernel("local-provisioner", spec("ipykernel_launcher")),
        "recorded": lambda: Kernel("jupyter-attest", spec("ipykernel_launcher")),
        "ipyflow": lambda: Kernel("local-provisioner", spec("ipyflow.kernel")),
    }


def compare(
    title: str, starts: dict[str, Callable[[], Kernel]], setup: list[str], cells: list[str],
    pairs: int, limit_s: float,
) -> None:  # fmt: skip
    """Interleaved batches of one workload in each kind of kernel; print a row for each kind."""
    asked: dict[str, Measured] = {}
    taken: dict[str, list[tuple[float, float]]] = {}
    try:
        for name, start in starts.items():
            measured = Measured(start())
            asked[name] = measured
            try:
                measured.batch([*setup, *cells])
                taken[name] = []
            except (RuntimeError, TimeoutError) as error:
                print(f"| {title} | {name} | fails: {str(error).splitlines()[-1][:80]} | | | | |")
        begun = time.monotonic()
        for turn in range(pairs):
            order = list(taken)
            for name in order[turn % len(order) :] + order[: turn % len(order)]:
                taken[name].append(asked[name].batch(cells))
            if turn >= 3 and time.monotonic() - begun > limit_s:
                break
    finally:
        for measured in asked.values():
            measured.kernel.stop()
    for name in taken:
        if name != "plain":
            print(row(title, name, taken["plain"], taken[name], len(cells)))


def row(
    title: str, name: str, plain: list[tuple[float, float]], other: list[tuple[float, float]],
    per: int,
) -> str:  # fmt: skip
    """A line of the table: per run, medians, and the interval of the paired difference."""
    processor = [(b[0] - a[0]) / per for a, b in zip(plain, other, strict=True)]
    waited = [(b[1] - a[1]) / per for a, b in zip(plain, other, strict=True)]
    base = statistics.median(a[0] / per for a in plain)
    low, high = interval(processor)
    ratio = (base + statistics.median(processor)) / base if base else 0.0
    return (
        f"| {title} | {name} | {base:.2f} ms | {statistics.median(processor):+.2f} ms "
        f"({low:+.2f} to {high:+.2f}) | {ratio:.2f} times | {statistics.median(waited):+.2f} ms "
        f"| {len(plain)} |"
    )


def code_of(notebook: Path) -> list[str]:
    """The code cells of a notebook."""
    cells = json.loads(notebook.read_text())["cells"]
    sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    return [source for source in sources if source.strip()]


def compare_scripts(title: str, cells: list[str], folder: Path, python: Path, pairs: int) -> None:
    """noWorkflow beside a plain Python: whole processes, start included."""
    with tempfile.TemporaryDirectory() as work:
        script = Path(work) / "notebook.py"
        script.write_text(f"import os; os.chdir({str(folder)!r})\n" + "\n".join(cells) + "\n")
        commands = {
            "plain": [str(python), str(script)],
            "noworkflow": [str(python.parent / "now"), "run", str(script)],
        }
        times: dict[str, list[tuple[float, float]]] = {"plain": [], "noworkflow": []}
        for _ in range(pairs):
            for name, command in commands.items():
                begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
                env = {**os.environ, "MPLBACKEND": "agg"}
                done = subprocess.run(command, cwd=work, env=env, capture_output=True, check=False)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                if done.returncode != 0:
                    words = done.stderr.decode(errors="replace").strip().splitlines()
                    print(f"| {title} | {name} | fails: {(words or ['?'])[-1][:80]} | | | | |")
                    return
                processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
                times[name].append((processor * 1000, (time.perf_counter() - begun) * 1000))
    print(row(title, "noWorkflow, as a script", times["plain"], times["noworkflow"], 1))


def notebooks_in(folders: list[Path]) -> list[Path]:
    """The examples of this repository and the notebooks that the options name."""
    found = sorted((ROOT / "examples").glob("*.ipynb"))
    for folder in folders:
        found += sorted(folder.resolve().rglob("*.ipynb")) if folder.is_dir() else [folder]
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks or folders of them")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--limit", type=float, default=180, help="seconds for one workload")
    parser.add_argument("--only", choices=["runs", "notebooks"])
    parser.add_argument("--alone", action="store_true", help="without ipyflow and noWorkflow")
    options = parser.parse_args()
    os.environ["JUPYTER_ATTEST_DIR"] = tempfile.mkdtemp(prefix="jupyter-attest-bench-")
    os.environ["MPLBACKEND"] = "agg"
    peer: Path | str = "left out"
    script: Path | str = "left out"
    if not options.alone:
        peer, script = environment("ipyflow"), environment("noworkflow")
    print(f"ipyflow: {peer}\nnoWorkflow: {script}\n", file=sys.stderr)
    starts = kernels(peer if isinstance(peer, Path) else Path(sys.executable))
    if not isinstance(peer, Path):
        del starts["ipyflow"]
    print(
        "| run | with | plain, processor | added, processor (95 % interval) | in all "
        "| added, waiting | pairs |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    if options.only != "notebooks":
        for name, (setup, code, times) in RUNS.items():
            compare(name, starts, [setup], [code] * times, options.pairs, options.limit)
    if options.only != "runs":
        for path in notebooks_in(options.notebooks):
            cells = code_of(path)
            whole = f"{path.parent.name}/{path.name}"
            enter = [f"import os; os.chdir({str(path.parent)!r})"]
            compare(whole, starts, enter, cells, options.pairs, options.limit)
            if isinstance(script, Path):
                compare_scripts(whole, cells, path.parent, script, min(options.pairs, 5))


if __name__ == "__main__":
    main()
