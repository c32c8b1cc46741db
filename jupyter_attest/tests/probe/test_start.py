"""How the probe begins: from our provisioner, late, beside a user's startup, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_attest.tests.journals import read_journal, read_session, text_of

from .kernels import PROBE, Kernel, of, one


def test_the_first_events_describe_kernel_and_environment(kernel: Kernel) -> None:
    events = kernel.events()
    assert [e["type"] for e in events[:3]] == [
        "journal.started",
        "observer.joined",
        "probe.hello",
    ]
    hello = one(events, "probe.hello")
    assert hello["install"] == "launch"
    assert hello["runsMissed"] == 0
    assert hello["channels"]["audit"] == "ok"
    assert hello["pid"] == kernel.manager.provisioner.pid
    assert hello["cwd"] == os.path.realpath(kernel.work)
    packages = {p["name"]: p["version"] for p in one(events, "env.packages")["packages"]}
    own = kernel.run("import IPython, ipykernel\nIPython.__version__, ipykernel.__version__")
    assert own.results == [str((packages["ipython"], packages["ipykernel"]))]
    assert own.results == [str((hello["ipython"], hello["ipykernel"]))]
    assert one(events, "env.hardware")["cpuCount"] == os.cpu_count()
    assert "PYTHONHASHSEED" in one(events, "env.determinism")["flags"]


def test_a_library_that_is_there_before_and_isn_t_known_comes_after_the_first_events(
    tmp_path: Path,
) -> None:
    kernel = Kernel(tmp_path)
    table = kernel.home / "probe" / "copy" / "wrappers.json"
    table.write_text(table.read_text().replace('"from": [3, 8]', '"from": [4]'))
    with kernel:
        kernel.run("1")
        events = kernel.events()
    assert events[0]["type"] == "journal.started"
    assert "wrapper-off" in [e["code"] for e in of(events, "gap")]


def test_the_version_is_the_package_s(probe: dict[str, object]) -> None:
    import jupyter_attest

    assert probe["VERSION"] == jupyter_attest.__version__


def test_the_start_is_marked_done_and_the_environment_is_the_user_s_again(kernel: Kernel) -> None:
    assert not (kernel.folder / "starting").exists()
    seen = kernel.run("import os\n[k for k in os.environ if 'ATTEST_S' in k or 'STARTUP' in k]")
    assert seen.results == ["[]"]


def test_an_environment_without_our_packages_is_recorded_with_its_own(
    tmp_path: Path, bare_python: str
) -> None:
    with Kernel(tmp_path, python=bare_python) as kernel:
        assert kernel.run("import jupyter_attest").ename == "ModuleNotFoundError"
        assert one(kernel.record("open(b'\\xff', 'w').close()"), "file.opened")["ops"][0] == "write"
        events = kernel.events()
        names = {p["name"] for p in one(events, "env.packages")["packages"]}
        assert "ipykernel" in names
        assert not names & {"pandas", "jupyter-attest", "jupyter_server"}
        assert one(events, "probe.hello")["prefixes"][0] == str(Path(bare_python).parents[1])


STARTUP = """
import os, sys
mine = os.environ.get('PYTHONSTARTUP'), __file__, sys.argv, sys.path[0]
open('from_startup', 'w').close()
"""


def test_a_startup_file_of_the_user_s_runs_as_without_us(tmp_path: Path) -> None:
    seen = []
    for recorded in (False, True):
        (tmp_path / "work").mkdir(exist_ok=True)
        base = tmp_path / str(recorded)
        with Kernel(base, startup=STARTUP, recorded=recorded, work=tmp_path / "work") as kernel:
            result = kernel.run("mine, '__file__' in globals(), os.environ.get('PYTHONSTARTUP')")
            seen.append(result.results[0].replace(str(base), ""))
    assert seen[0] == seen[1]
    opened = [e for e in of(kernel.events(), "file.opened") if e["run"] is None]
    assert [os.path.basename(e["path"]) for e in opened] == ["startup.py", "from_startup"]


def test_a_startup_file_that_fails_costs_what_it_cost(tmp_path: Path) -> None:
    with Kernel(tmp_path, startup="open('x', 'w').close()\n1 / 0") as kernel:
        assert kernel.run("1").results == ["1"]
        assert one(kernel.record("2"), "run.ended")["status"] == "ok"
    said = kernel.stderr.read_text()
    assert f"Unknown error in handling PYTHONSTARTUP file {tmp_path / 'startup.py'}" in said


BROKEN = {
    "raises at once": ("import _thread\n", "raise ValueError('broken')\nimport _thread\n"),
    "raises while it starts": ("        self.introduce()\n", "        raise ValueError\n"),
    "can't be compiled": ("import _thread\n", "import (\n"),
    "fails in every callback": (
        '        self.attempt("pause", self.look_for_pause)\n',
        "        1 / 0\n",
    ),
    "fails in the hook": ("        path, mode, flags = args\n", "        1 / 0\n"),
    "fails at the end of a run": (
        "        duration = _perf()",
        "        1 / 0\n        duration = 0",
    ),
    "fails in its thread": ("        self.watchdog.look()\n", "        1 / 0\n"),
}


@pytest.mark.parametrize("fault", list(BROKEN))
def test_a_broken_probe_never_costs_a_kernel(tmp_path: Path, fault: str) -> None:
    before, after = BROKEN[fault]
    source = PROBE
    assert before in source
    with Kernel(tmp_path, probe=source.replace(before, after, 1)) as kernel:
        outcome = kernel.run("open('a', 'w').write('12')")
        assert (outcome.results, outcome.stdout, outcome.stderr) == (["2"], "", "")
        assert kernel.run("1 / 0").ename == "ZeroDivisionError"
        marker = kernel.folder / "starting"
        assert marker.exists() == (fault in list(BROKEN)[:3])
    if fault in list(BROKEN)[3:]:
        said = [e["covers"]["reason"] for e in kernel.events() if e.get("code") == "probe-failed"]
        assert any("ZeroDivisionError" in reason for reason in said)


#: A part of the probe in which an error, or the want of memory, comes up; the code that meets it.
PARTS = {
    "on_rename": "import os; open('a', 'w').close(); os.rename('a', 'b')",
    "on_popen": "import subprocess; subprocess.run(['true']).returncode",
    "on_connect": "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
    "on_listdir": "import os; os.listdir('.')",
    "on_compile": "1 + 1",
    "settle": "open('c', 'w').write('x')",
    "tell_code": "sum([1, 2])",
    "read_meter": "len('abc')",
    "current": "open('d', 'w').write('y')",
    "salted": "2 + 2",
}


@pytest.mark.parametrize("error", ["ZeroDivisionError", "MemoryError", "RecursionError"])
def test_each_part_may_fail_and_the_cell_ends_as_without_it(tmp_path: Path, error: str) -> None:
    source = PROBE
    for part in PARTS:
        source = source.replace(
            f"def {part}(self", f"def {part}(self, *args): raise {error}\n    def _{part}(self", 1
        )
    outcomes = []
    for recorded in (False, True):
        with Kernel(tmp_path / str(recorded), recorded=recorded, probe=source) as kernel:
            runs = [kernel.run(code) for code in PARTS.values()]
            outcomes.append([(run.results, run.stdout, run.stderr, run.ename) for run in runs])
    assert outcomes[0] == outcomes[1]
    said = [e["covers"]["reason"] for e in kernel.events() if e.get("code") == "probe-failed"]
    assert any(error in reason for reason in said)


def test_a_healthy_probe_says_nothing_of_failures(kernel: Kernel) -> None:
    for code in PARTS.values():
        kernel.record(code)
    assert not [e for e in kernel.events() if e.get("code") == "probe-failed"]


@pytest.mark.parametrize("fault", ["import os; os._exit(7)", "while True: pass"])
def test_a_probe_that_exits_or_hangs_leaves_its_marker(tmp_path: Path, fault: str) -> None:
    source = PROBE.replace("import _thread\n", f"{fault}\nimport _thread\n", 1)
    kernel = Kernel(tmp_path, probe=source)
    with pytest.raises(RuntimeError):
        kernel.open(timeout=4)
    assert (kernel.folder / "starting").exists()


@pytest.mark.parametrize("missing", ["key", "."])
def test_a_session_that_can_t_be_written_is_no_error(tmp_path: Path, missing: str) -> None:
    kernel = Kernel(tmp_path)
    (kernel.folder / missing).resolve().rename(tmp_path / "away")
    with kernel:
        assert kernel.run("open('a', 'w').write('12')").results == ["2"]


def test_load_ext_starts_in_a_running_kernel(tmp_path: Path) -> None:
    package = str(Path(__file__).parents[3])
    with Kernel(tmp_path, recorded=False, env={"PYTHONPATH": package}) as kernel:
        kernel.run("before = 1")
        kernel.run("import pandas as pd")
        loaded = kernel.run("%load_ext jupyter_attest\nopen('same_cell', 'w').close()")
        assert loaded.stdout.count("\n") == 1
        assert "2 runs came before" in loaded.stdout
        (folder,) = (kernel.home / "sessions").iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        sid = folder.name
        assert sid in loaded.stdout
        kernel.run("open('later', 'w').close()")
        again = kernel.run("%reload_ext jupyter_attest")
        assert again.stdout == "jupyter-attest: this kernel is being recorded already.\n"
        assert len(list((kernel.home / "sessions").iterdir())) == 1
    ((_, events),) = read_session(folder).items()
    hello = one(events, "probe.hello")
    assert (hello["install"], hello["runsMissed"], hello["sid"]) == ("late", 2, sid)
    opened = of(events, "file.opened")
    assert [e["path"] for e in opened] == ["same_cell", "later"]
    assert opened[0]["run"] == loaded.msg_id + "/0"
    started = of(events, "run.started")
    assert text_of(folder, started[0]["code"]).startswith("%load_ext")
    ends = [e["run"] for e in of(events, "run.ended")]
    assert ends == [e["run"] for e in started]


def test_load_ext_in_a_recorded_kernel_does_nothing(kernel: Kernel) -> None:
    kernel.run(f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})")
    said = kernel.run("%load_ext jupyter_attest")
    assert said.stdout == "jupyter-attest: this kernel is being recorded already.\n"
    assert len(list((kernel.home / "sessions").iterdir())) == 1


def test_a_restart_needs_no_thought(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.record("a = 1")
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=30)
        assert kernel.run("a").ename == "NameError"
    files = kernel.files()
    assert len(files) == 2
    assert all(one(read_journal(path), "observer.left") for path in files)
