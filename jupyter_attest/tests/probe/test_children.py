"""Children of a recorded kernel: a Python among them tells its story and sees nothing of us."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from jupyter_attest.tests.journals import Event, read_journal

from .kernels import Kernel, Outcome, of, one

MODULE = "def write(name):\n    open(f'{name}', 'w').close()\n    return name\n"


def children(kernel: Kernel, outcome: Outcome) -> list[list[Event]]:
    """The events of each child of a run, as soon as those that end have ended."""
    time.sleep(0.3)
    run = outcome.msg_id + "/0"
    told = [read_journal(path) for path in kernel.files()[1:]]
    return [events for events in told if one(events, "observer.joined")["parentRun"] == run]


def opened(told: list[list[Event]], kernel: Kernel) -> set[str]:
    """Names of the files in the kernel's folder that children opened."""
    paths = [e["realPath"] for events in told for e in of(events, "file.opened")]
    return {path[len(str(kernel.work)) + 1 :] for path in paths if str(kernel.work) in path}


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import subprocess as s\ns.run([sys.executable, '-c', \"open('a', 'w')\"])", "subprocess"),
        ("import os\nos.system(sys.executable + ' -c \"open(\\'a\\', \\'w\\')\"')", "os.system"),
        ("!{sys.executable} -c \"open('a', 'w')\"", "forkpty"),
        (
            "import os\np = os.posix_spawn(sys.executable, [sys.executable, '-c', "
            "\"open('a', 'w')\"], os.environ)\nos.waitpid(p, 0)",
            "spawn",
        ),
        (
            "import os\np = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, '-c', "
            "\"open('a','w')\"])",
            "fork",
        ),
        (
            "import multiprocessing as mp, w\n"
            "with mp.get_context('spawn').Pool(1) as p: p.map(w.write, ['a'])",
            "spawn",
        ),
        (
            "import multiprocessing as mp, w\n"
            "with mp.get_context('forkserver').Pool(1) as p: p.map(w.write, ['a'])",
            "forkserver",
        ),
        (
            "import multiprocessing as mp, concurrent.futures as c, w\n"
            "with c.ProcessPoolExecutor(1, mp.get_context('fork')) as p: p.submit(w.write, 'a')",
            "fork",
        ),
        (
            "import joblib, w\njoblib.Parallel(2)(joblib.delayed(w.write)(n) for n in ('a', 'a'))",
            "loky",
        ),
    ],
)
def test_a_python_child_says_what_it_opens(kernel: Kernel, code: str, how: str) -> None:
    (kernel.work / "w.py").write_text(MODULE)
    outcome = kernel.run("import sys\n" + code)
    assert outcome.ename is None, outcome.traceback
    events = kernel.settle(outcome.msg_id)
    starts = of(events, "process.started")
    assert how in [e["how"] for e in starts]
    told = children(kernel, outcome)
    assert "a" in opened(told, kernel)
    for child in told:
        assert one(child, "observer.joined")["observer"]["kind"] == "worker"
    pids = {one(child, "probe.hello")["pid"] for child in told}
    assert {e["pid"] for e in starts} <= pids | {None}
    # The kernel says at the run's end what the child left.
    settled = [e for e in of(events, "file.settled") if e["realPath"].endswith("/a")]
    assert settled[0]["stat"] is not None
    (kernel.work / "a").unlink()


def test_a_child_names_what_its_native_libraries_open(kernel: Kernel) -> None:
    outcome = kernel.run(
        "import subprocess, sys\n"
        "code = 'import pyarrow as a, pyarrow.parquet as p; '\\\n"
        "    'p.write_table(a.table(dict(x=[1])), \"n\")'\n"
        "subprocess.run([sys.executable, '-c', code], check=True)"
    )
    assert outcome.ename is None, outcome.traceback
    (child,) = children(kernel, outcome)
    (opened,) = [e for e in of(child, "file.opened") if e["path"] == "n"]
    assert (opened["via"], opened["library"]) == ("wrapper", "pyarrow")
    settled = of(kernel.settle(outcome.msg_id), "file.settled")
    assert [Path(e["realPath"]).name for e in settled] == ["n"]


def settled_reads(events: list[Event]) -> dict[str, tuple[str, int | None]]:
    """Files that were only read and aren't what they were: who read them, and their size now."""
    return {
        Path(e["realPath"]).name: (
            e["attribution"],
            None if e["stat"] is None else e["stat"]["size"],
        )
        for e in of(events, "file.settled")
        if e.get("onlyRead")
    }


#: Runs ``readers.read`` on some names in children, the parent doing something when they have read.
READERS = {
    "a pool that is ended": "with mp.get_context('fork').Pool(2) as p:\n"
    "    p.map(readers.read, NAMES)\n    change()",
    "a pool by spawn": "with mp.get_context('spawn').Pool(1) as p:\n"
    "    p.map(readers.read, NAMES)\n    change()",
    "workers that stay": "import joblib\n"
    "joblib.Parallel(2)(joblib.delayed(readers.read)(n) for n in NAMES)\nchange()",
    # Not by its command, which would name the files.
    "a child that ended": "s.run([sys.executable, '-c', 'import sys, readers\\n'\n"
    "    'for name in sys.stdin.read().split(): readers.read(name)'],\n"
    "    input=' '.join(NAMES).encode(), check=True)\nchange()",
}


@pytest.mark.parametrize("how", READERS)
def test_what_a_child_read_is_looked_at_again_at_the_run_s_end(kernel: Kernel, how: str) -> None:
    (kernel.work / "readers.py").write_text(
        "def read(name): return open(name).read()\ndef write(name): open(name, 'w').write('own')\n"
    )
    for name in ("still", "changed", "gone", "replaced", "later", "own"):
        (kernel.work / name).write_text("first")
    change = (
        "import os, sys, subprocess as s, multiprocessing as mp, readers\n"
        "NAMES = ['still', 'changed', 'gone', 'replaced', 'later', 'own']\n"
        "def change():\n"
        "    text = 'echo changed > changed; rm gone; echo other > r; mv r replaced'\n"
        "    s.run(['sh'], input=text.encode())\n"
        "    mp.get_context('fork').Pool(1).map(readers.write, ['own'])\n"
    )
    outcome = kernel.run(change + READERS[how])
    assert outcome.ename is None, outcome.traceback
    expected = {"changed": 8, "gone": None, "replaced": 6}
    found = settled_reads(kernel.settle(outcome.msg_id))
    assert found == {name: ("process", size) for name, size in expected.items()}
    later = kernel.record("done = s.run(['sh'], input=b'echo later > later')")
    assert settled_reads(later) == {}


def test_a_child_sees_nothing_of_us(tmp_path: Path) -> None:
    code = (
        "import readline, subprocess, sys, os\n"
        "os.putenv('PAST_OS_ENVIRON', '1')\n"
        "look = 'import sys, os; print(sorted(sys.modules), sys.path, sys.path_importer_cache, '"
        " 'sorted(os.environ.items()), sys.meta_path)'\n"
        "for env in (None, {}, {'PYTHONPATH': ''}, {'PYTHONPATH': 'lib'}):\n"
        "    print(subprocess.run([sys.executable, '-c', look], env=env, text=True,"
        " capture_output=True))\n"
        "os.environ['PYTHONPATH'] = 'lib'\n"
        "r = subprocess.run([sys.executable, '-c', 'import sitecustomize as s, sys; print(s.own, '"
        " 's.__spec__.origin, sys.argv)'], text=True, capture_output=True); print(r)"
    )
    seen = []
    for recorded in (False, True):
        work = tmp_path / "work"
        shutil.rmtree(tmp_path / "kernel", ignore_errors=True)
        (work / "lib").mkdir(parents=True, exist_ok=True)
        (work / "lib" / "sitecustomize.py").write_text("own = 1\n")
        env = {"PYTHONDONTWRITEBYTECODE": "1"}
        with Kernel(tmp_path / "kernel", recorded=recorded, work=work, env=env) as kernel:
            outcome = kernel.run(code)
            assert outcome.ename is None, outcome.traceback
            seen.append(re.sub(r"0x[0-9a-f]+", "0x", outcome.stdout))
    assert seen[0] == seen[1]


def test_a_child_that_can_t_carry_the_probe_is_only_named(kernel: Kernel) -> None:
    outcome = kernel.run(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', 'open(\"b\", \"w\")'])"
    )
    started = one(kernel.settle(outcome.msg_id), "process.started")
    assert (started["probed"], type(started["pid"])) == (False, int)
    assert children(kernel, outcome) == []


def test_a_shell_that_does_more_than_start_a_program_says_so(kernel: Kernel) -> None:
    events = kernel.record(
        "import subprocess as s\ns.run('true -x', shell=True); s.run('true > c', shell=True)"
    )
    assert [e.get("shell", False) for e in of(events, "process.started")] == [False, True]


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("%%bash\ntrue", True),
        ("%%sh\ntrue", True),
        ("%%script python3\npass", False),
        ("!./x.sh", True),
        ("!true", False),
        ("!bash x.sh", True),
        ("import subprocess as s; s.run(['./x.sh'])", True),
        ("import subprocess as s; s.run(['bash', 'x.sh'])", True),
        ("import subprocess as s; s.run(['x'], executable='bash')", True),
        ("import subprocess as s; s.run(['true'])", False),
        ("import os; os.system('. ./x.sh')", True),
        ("import os; os.system('true')", False),
    ],
)
def test_a_shell_s_script_may_do_more_than_start_a_program(
    kernel: Kernel, code: str, more: bool
) -> None:
    script = kernel.work / "x.sh"
    script.write_text("#!/bin/sh\nexec true\n")
    script.chmod(0o755)
    outcome = kernel.run(code)
    assert outcome.ename is None, outcome.traceback
    told = [kernel.settle(outcome.msg_id), *children(kernel, outcome)]
    starts = [e for events in told for e in of(events, "process.started")]
    assert any(e.get("shell", False) for e in starts) == more


@pytest.mark.parametrize(
    "code",
    [
        "!{sys.executable} a.py && cp read.txt copied.txt",
        "subprocess.run(['bash', '-c', f'{sys.executable} a.py && cp read.txt copied.txt'])",
        "os.system(f'{sys.executable} a.py && cp read.txt copied.txt')",
    ],
)
def test_children_of_a_shell_are_named_and_a_python_among_them_tells(
    kernel: Kernel, code: str
) -> None:
    (kernel.work / "a.py").write_text("open('read.txt').read(); open('by_python.txt', 'w')\n")
    (kernel.work / "read.txt").write_text("x")
    outcome = kernel.run("import os, subprocess, sys\n" + code)
    assert outcome.ename is None, outcome.traceback
    events = kernel.settle(outcome.msg_id)
    told = children(kernel, outcome)
    starts = [e for part in (events, *told) for e in of(part, "process.started")]
    [shell] = [e for e in starts if e.get("shell")]
    assert "a.py && cp read.txt copied.txt" in kernel.text(shell["argv"])
    assert {"a.py", "read.txt", "by_python.txt"} <= opened(told, kernel)
    assert "copied.txt" not in opened(told, kernel)
    for name in ("by_python.txt", "copied.txt"):
        (kernel.work / name).unlink()


def test_children_of_a_late_start_tell_their_story_too(tmp_path: Path) -> None:
    with Kernel(tmp_path, recorded=False, env={"PYTHONPATH": str(Path(__file__).parents[3])}) as k:
        said = k.run("%load_ext jupyter_attest").stdout
        folder = k.home / "sessions" / said.partition("session ")[2].partition(")")[0]
        k.run("import subprocess, sys; subprocess.run([sys.executable, '-c', \"open('d', 'w')\"])")
        time.sleep(0.3)
        (_, child) = [read_journal(path) for path in k.files(folder)]
        assert one(child, "file.opened")["path"] == "d"


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_a_child_of_another_version_tells_its_story(kernel: Kernel, version: str) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"there is no Python {version} here")
    outcome = kernel.run(f"import subprocess as s\ns.run([{str(found[0])!r}, '-c', 'open(\"e\")'])")
    (child,) = children(kernel, outcome)
    assert one(child, "probe.hello")["python"].startswith(version)
    assert opened([child], kernel) == {"e"}


def test_a_program_may_have_read_the_files_that_its_command_names(kernel: Kernel) -> None:
    (kernel.work / "named.txt").write_text("x")
    for code in (
        "import subprocess as s\ns.run(['cat', 'named.txt'])",
        "!cat <named.txt >/dev/null",
    ):
        outcome = kernel.run(code)
        told = [kernel.settle(outcome.msg_id), *children(kernel, outcome)]
        events = [event for events in told for event in events]
        read = [e for e in of(events, "file.opened") if e["via"] == "command"]
        assert [(e["ops"], e["outcome"]) for e in read] == [(["read"], "unknown")]
        assert read[0]["realPath"].endswith("/named.txt")
    (kernel.work / "target.txt").write_text("x")
    outcome = kernel.run("import subprocess as s\ns.run(['sh', '-c', 'echo x >> target.txt'])")
    told = kernel.settle(outcome.msg_id)
    assert not [e for e in of(told, "file.opened") if e["via"] == "command"]
