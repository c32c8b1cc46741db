"""Bytes that a run moved beside the files that were seen, on a real kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.tests.journals import Event

from .kernels import Kernel, of, one

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/io is Linux's")

#: As src/session/meter.ts and the probe have it.
ALLOWANCE = 1 << 20
BIG = 48_000_000


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A recorded kernel whose table of wrapped functions is empty."""
    kernel = Kernel(tmp_path_factory.mktemp("meter"))
    table = kernel.home / "probe" / "copy" / "wrappers.json"
    table.write_text('{"libraries": []}')
    with kernel:
        yield kernel


def unexplained(events: list[Event]) -> tuple[int, int]:
    """Bytes read and written that no file seen explains."""
    meter = one(events, "run.ended")["meter"]
    n = {key: int(value) for key, value in meter.items() if key != "native"}
    nameless = n.get("nameless", 0)
    return (
        n["read"] - n["openedRead"] - n["filteredRead"] - nameless,
        n["written"] - n["keptWritten"] - nameless,
    )


def found(events: list[Event], via: str) -> dict[str, Any]:
    """Directions of the files that were found in this way, by name."""
    return {
        Path(e["realPath"]).name: e["ops"] for e in of(events, "file.opened") if e["via"] == via
    }


def test_a_simple_notebook_leaves_nothing_unexplained(tmp_path: Path) -> None:
    cells = [
        "import pandas as pd, joblib, numpy as np\nfrom sklearn.linear_model import Ridge",
        "pd.DataFrame(np.random.rand(30000, 9), columns=list('abcdefghy')).to_csv('d.csv')",
        "df = pd.read_csv('d.csv')",
        "m = Ridge().fit(df[list('abc')], df['y'])",
        "joblib.dump(m, 'm.joblib')",
        "m = joblib.load('m.joblib')\nprint('x' * 2_000_000)",
        "!ls",
    ]
    with Kernel(tmp_path) as kernel:
        for cell in cells:
            outcome = kernel.run(cell)
            assert outcome.ename is None, outcome.traceback
            events = kernel.settle(outcome.msg_id)
            assert max(unexplained(events)) < ALLOWANCE, cell
            assert not found(events, "held"), cell


def test_what_a_native_library_reads_and_writes_shows_as_bytes(unwatched: Kernel) -> None:
    wrote = unwatched.record(
        "import h5py, numpy as np\nwith h5py.File('h.h5', 'w') as f: f['a'] = np.ones(6_000_000)"
    )
    assert unexplained(wrote)[1] >= BIG
    events = unwatched.record("with h5py.File('h.h5') as f: a = f['a'][:]")
    assert unexplained(events)[0] >= BIG
    native = {row["library"]: row["state"] for row in one(events, "run.ended")["meter"]["native"]}
    assert native["h5py"] == "none"
    assert not found(events, "held")


def test_a_file_that_stays_open_is_found(unwatched: Kernel) -> None:
    unwatched.record("import h5py, numpy as np\nf = h5py.File('o.h5', 'w'); f['a'] = np.ones(9)")
    unwatched.record("f.close()")
    unwatched.record("f = h5py.File('o2.h5', 'w'); f['a'] = np.ones(6_000_000); f.close()")
    events = unwatched.record("f = h5py.File('o2.h5'); a = f['a'][:]")
    assert found(events, "held") == {"o2.h5": ["read"]}
    assert unexplained(events)[0] < ALLOWANCE
    unwatched.record("f.close()")


def test_a_file_that_stays_mapped_is_found(unwatched: Kernel) -> None:
    unwatched.record(
        "import pyarrow as pa, numpy as np\nt = pa.table({'a': np.arange(1_000_000)})\n"
        "with pa.OSFile('t.arrow', 'wb') as s, pa.ipc.new_file(s, t.schema) as w: w.write(t)"
    )
    events = unwatched.record(
        "with pa.memory_map('t.arrow') as m: b = pa.ipc.open_file(m).read_all()\n"
        "_ = b['a'].to_numpy().sum()"
    )
    assert found(events, "maps") == {"t.arrow": ["read"]}


def test_a_file_without_a_name_explains_its_bytes(unwatched: Kernel) -> None:
    events = unwatched.record(
        "import tempfile\nt = tempfile.TemporaryFile(); t.write(b'x' * 5_000_000); t.flush()"
    )
    assert max(unexplained(events)) < ALLOWANCE
    assert int(one(events, "run.ended")["meter"]["nameless"]) >= 5_000_000
    unwatched.record("t.close()")


def test_what_a_reaped_child_moves_is_in_its_parents_meter(unwatched: Kernel) -> None:
    unwatched.record("open('c.bin', 'wb').write(b'x' * 9_000_000)")
    # A command that named the file would explain its bytes.
    command = "subprocess.run('cat c.b*', shell=True, stdout=subprocess.DEVNULL)"
    events = unwatched.record(f"import subprocess\n_ = {command}")
    assert unexplained(events)[0] >= 9_000_000
    assert of(events, "process.started")


def test_rewriting_and_removing_explain_what_is_gone(unwatched: Kernel) -> None:
    events = unwatched.record(
        "import os\nfor _ in range(5): open('r', 'wb').write(b'x' * 3_000_000)\n"
        "os.remove('r')\nopen('log', 'a').write('y' * 3_000_000)"
    )
    assert unexplained(events)[1] < ALLOWANCE


def test_the_driver_of_an_accelerator_is_told_once(tmp_path: Path) -> None:
    """Mapping is what tells: any large file may stand for the driver's library."""
    for name in ("libcuda.so.1", "libother.so.1"):
        (tmp_path / name).write_bytes(os.urandom(8_000_000))
    setup = (
        "import mmap\n"
        "def mapped(name):\n"
        f"    with open({str(tmp_path)!r} + '/' + name, 'rb') as file:\n"
        "        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "    len(held[:])\n"
        "    return held"
    )
    cells = [setup, "a = mapped('libother.so.1')", "b = mapped('libcuda.so.1')", "c = len(b[:9])"]
    runs: list[str] = []
    with Kernel(tmp_path / "home") as kernel:
        for cell in cells:
            told = kernel.record(cell)
            runs.append(one(told, "run.started")["run"])
        events = kernel.events()
    gaps = [(e["run"], e["code"], e["covers"]["library"]) for e in of(events, "gap")]
    assert gaps == [(runs[2], "accelerator", "libcuda.so.1")]
