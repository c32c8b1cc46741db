"""Files, folders, children and connections of a run, as the audit hook and wrappers tell them."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.tests.journals import Event, read_journal

from .kernels import Kernel, of, one

FILE_EVENTS = (
    "file.opened",
    "file.renamed",
    "file.linked",
    "file.removed",
    "file.mapped",
    "folder.made",
    "folder.renamed",
    "folder.listed",
    "cwd.changed",
)


def told(events: list[Event], work: Path) -> list[str]:
    """Each file event as one short line, paths relative to the working folder."""

    def short(name: Any) -> str:
        return os.path.relpath(name, os.path.realpath(work))

    lines = []
    for event in of(events, *FILE_EVENTS):
        kind = event["type"]
        if kind == "file.opened":
            line = f"{'+'.join(event['ops'])} {short(event['realPath'])}"
            line += "" if event["outcome"] == "opened" else f" ({event['outcome']})"
        elif "from" in event:
            line = f"{kind} {short(event['from'])} > {short(event['to'])}"
        else:
            line = f"{kind} {short(event['path'])}"
        lines.append(line)
    return lines


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("open('t1', 'w').close()", ["write+truncate+create t1"]),
        ("open('t1', 'a').close()", ["append t1"]),
        ("open('t1').close()", ["read t1"]),
        ("open('t1', 'r+').close()", ["read+write t1"]),
        ("f = open('t1'); f.close(); open('t1', 'w').close()", ["read t1", "write+truncate t1"]),
        ("for i in range(9): open('t1').close()", ["read t1"]),
        ("open('t2', 'w').write('1'); open('t2').read(); open('t2', 'w').write('12'); "
         "open('t2').read()",
         ["write+truncate+create t2", "read t2", "write+truncate t2", "read t2"]),
        ("import os\nos.close(os.open('t3', os.O_WRONLY | os.O_CREAT))", ["write+create t3"]),
        ("try: open('absent')\nexcept OSError: pass", ["read absent (failed)"]),
        ("try: open('t1', 'x')\nexcept OSError: pass", ["write t1 (failed)"]),
        ("try: open('no/such', 'w')\nexcept OSError: pass",
         ["write+truncate+create no/such (failed)"]),
        ("from pathlib import Path\nPath('t4').write_text('x'); Path('t4').read_bytes()",
         ["write+truncate+create t4", "read t4"]),
        ("open(b't1', 'rb').close()", ["read t1"]),
        ("os.replace('t4', 't5')", ["file.renamed t4 > t5"]),
        ("try: os.rename('gone', 't6')\nexcept OSError: pass", []),
        ("os.link('t1', 'hard'); os.symlink('t1', 'soft'); open('soft').close()",
         ["file.linked t1 > hard", "file.linked t1 > soft", "read t1"]),
        ("os.remove('hard')", ["file.removed hard"]),
        ("os.mkdir('d'); os.makedirs('d', exist_ok=True); os.rename('d', 'e'); os.rmdir('e')",
         ["folder.made d", "folder.renamed d > e", "file.removed e"]),
        ("sorted(os.listdir()); list(os.scandir('.'))", ["folder.listed ."]),
        ("os.mkdir('sub'); os.chdir('sub'); open('in', 'w').close(); os.chdir('..')",
         ["folder.made sub", "cwd.changed . > sub", "write+truncate+create sub/in",
          "cwd.changed sub > ."]),
        ("os.truncate('t1', 0)", ["write+truncate t1"]),
        ("open('t1', 'wb').write(b'1234'); import mmap\n"
         "f = open('t1', 'r+b'); m = mmap.mmap(f.fileno(), 0); m.close(); f.close()",
         ["write+truncate t1", "read+write t1", "file.mapped t1"]),
        ("fd = os.open('t7', os.O_RDWR | os.O_CREAT); os.fdopen(fd, 'w').close()",
         ["read+write+create t7", "write t7"]),
        ("fd = os.open('.', os.O_RDONLY); os.rename('t7', 't8', src_dir_fd=fd, dst_dir_fd=fd); "
         "os.close(fd)", ["file.renamed t7 > t8"]),
        ("os.mkdir('f'); open('f/in', 'w').close()\n"
         "fd = os.open('f', os.O_RDONLY); os.close(os.open('in', os.O_RDONLY, dir_fd=fd))",
         ["folder.made f", "write+truncate+create f/in", "read f/in"]),
        ("fd = os.open('.', os.O_TMPFILE | os.O_RDWR); n = os.write(fd, b'x')\n"
         "os.link(f'/proc/self/fd/{fd}', 'named', src_dir_fd=fd); os.close(fd)",
         ["write+create named"]),
        ("os.open is os.open, os.open in os.supports_dir_fd, repr(os.open)", []),
        ("import sqlite3; c = sqlite3.connect('base.db'); c.execute('create table t (a)'); "
         "c.close()", ["read+write+create base.db"]),
        ("c = sqlite3.connect(':memory:'); c.close()", []),
        ("import tempfile\nwith tempfile.TemporaryFile(dir='.') as f: f.write(b'x')", []),
        ("open('/dev/null', 'w').close(); open('/proc/self/stat').close()", []),
        ("open('helper.py', 'w').write('x = 1'); import helper",
         ["write+truncate+create helper.py", "read helper.py"]),
        ("import json.tool, email.mime.audio", []),
    ],
)  # fmt: skip
def test_what_a_cell_does_with_files(kernel: Kernel, code: str, expected: list[str]) -> None:
    outcome = kernel.run(code)
    assert outcome.ename is None, outcome.traceback
    assert told(kernel.settle(outcome.msg_id), kernel.work) == expected


def test_a_local_module_is_read_also_when_only_its_cache_is(kernel: Kernel) -> None:
    kernel.record("open('other.py', 'w').write('y = 2'); import other; del other")
    code = "import sys, importlib\ndel sys.modules['other']\nimportlib.invalidate_caches()\n"
    assert told(kernel.record(code + "import other"), kernel.work) == ["read other.py"]


#: Calls of C's own, which no audit event tells.
LIBC = (
    "import ctypes, os; c = ctypes.CDLL(None); c.mmap.restype = ctypes.c_void_p\n"
    "def over(fd): return c.mmap(None, ctypes.c_size_t(8192), 3, 1, fd, ctypes.c_long(0))\n"
    "def store(at): ctypes.memmove(ctypes.c_void_p(at), b'AAAA', 4)\n"
    "def unmap(at): return c.munmap(ctypes.c_void_p(at), ctypes.c_size_t(8192))\n"
)


@pytest.mark.parametrize(
    ("begin", "write", "end"),
    [
        (
            "import pyarrow as pa; m = pa.memory_map('map', 'r+')",
            "_ = m.seek(0); _ = m.write(b'AAAA')",
            "m.close()",
        ),
        ("n = pa.create_memory_map('map', 8192)", "_ = n.write(b'AAAA')", "n.close()"),
        (
            LIBC + "fd = os.open('map', os.O_RDWR); at = over(fd); os.close(fd)",
            "store(at)",
            "_ = unmap(at)",
        ),
    ],
)
def test_a_file_that_native_code_maps_for_writing_is_followed(
    kernel: Kernel, begin: str, write: str, end: str
) -> None:
    (kernel.work / "map").write_bytes(bytes(8192))
    cells = (begin, write, write, "pass", end, "pass")
    runs = [kernel.record(cell) for cell in cells]
    seen = [[e["mapped"] for e in of(events, "file.settled")] for events in runs]
    assert seen == [[True], [True], [True], [True], [False], []]
    assert one(runs[0], "file.mapped")["writable"] is True


def test_a_map_that_nothing_tells_is_found_between_runs(kernel: Kernel) -> None:
    (kernel.work / "hidden").write_bytes(bytes(8192))
    kernel.record(LIBC + "fd = c.open(b'hidden', os.O_RDWR); at = over(fd); c.close(fd)")
    until = time.monotonic() + 20
    found: list[Event] = []
    while not found and time.monotonic() < until:
        time.sleep(0.2)
        mapped = of(kernel.events(), "file.mapped")
        found = [e for e in mapped if e["path"].endswith("/hidden")]
    [event] = found
    assert (event["run"], event["writable"]) == (None, True)
    [settled] = of(kernel.record("store(at)"), "file.settled")
    assert settled["mapped"] is True
    [settled] = of(kernel.record("_ = unmap(at)"), "file.settled")
    assert settled["mapped"] is False


def test_what_was_written_is_settled_at_the_end(kernel: Kernel) -> None:
    events = kernel.record(
        "open('s1.tmp', 'w').write('123'); import os; os.replace('s1.tmp', 's1')\n"
        "held = open('s2', 'w')\nopen('s3', 'w').close(); os.remove('s3')"
    )
    settled = {os.path.basename(e["realPath"]): e for e in of(events, "file.settled")}
    assert settled["s1"]["stat"]["size"] == 3
    assert settled["s1"]["stillOpen"] is False
    assert settled["s2"]["stillOpen"] is True
    assert settled["s3"]["stat"] is None
    assert "s1.tmp" not in settled
    truth = os.stat(kernel.work / "s1")
    assert settled["s1"]["stat"]["mtimeNs"] == str(truth.st_mtime_ns)
    assert settled["s1"]["stat"]["ino"] == str(truth.st_ino)
    kernel.run("held.close()")


def test_a_link_is_told_with_what_it_leads_to(kernel: Kernel) -> None:
    code = "import os; open('target', 'w').close(); os.symlink('target', 'a link'); open('a link')"
    *_, opened = of(kernel.record(code), "file.opened")
    assert os.path.basename(opened["realPath"]) == "target"
    assert os.path.basename(opened["link"]) == "a link"


def test_names_that_are_no_text_come_through(kernel: Kernel) -> None:
    events = kernel.record("open(b'n\\xff\\xfe', 'w').close(); open('n\\u00e9', 'w').close()")
    names = [e["path"] for e in of(events, "file.opened")]
    assert base64.b64decode(names[0]["b64"]) == b"n\xff\xfe"
    assert names[1] == "né"
    real = one([e for e in of(events, "file.settled") if isinstance(e["realPath"], dict)],
               "file.settled")["realPath"]  # fmt: skip
    assert base64.b64decode(real["b64"]).endswith(b"/n\xff\xfe")


def test_parquet_is_seen_though_it_is_opened_natively(kernel: Kernel) -> None:
    # Import and use in one statement: there is no moment between them but the import's end.
    code = (
        "try:\n"
        "    import pyarrow as pa, pyarrow.parquet as pq\n"
        "    pq.write_table(pa.table({'a': [1, 2]}), 'p1.parquet')\n"
        "    pq.read_table('p1.parquet')\n"
        "    pq.ParquetFile('p1.parquet').close()\n"
        "    w = pq.ParquetWriter('p2.parquet', pa.schema([('a', pa.int64())])); w.close()\n"
        "finally: pass"
    )
    events = kernel.record(code)
    assert told(events, kernel.work) == [
        "write+truncate+create p1.parquet",
        "read p1.parquet",
        "write+truncate+create p2.parquet",
    ]
    assert {(e["via"], e["library"]) for e in of(events, "file.opened")} == {("wrapper", "pyarrow")}
    events = kernel.record(
        "import pandas as pd\ndf = pd.read_parquet('p1.parquet'); df.to_parquet('p3.parquet')\n"
        "df.to_parquet('parts', partition_cols=['a'])"
    )
    # What pandas 2 calls of pyarrow with the same file counts there.
    functions = [
        (e["function"], e["library"], e["ops"][0])
        for e in of(events, "file.opened")
        if e["via"] == "wrapper" and e["library"] == "pandas"
    ]
    assert functions == [
        ("read_parquet", "pandas", "read"),
        ("to_parquet", "pandas", "write"),
        ("to_parquet", "pandas", "write"),
    ]
    states = kernel.run(
        "import inspect; inspect.signature(pd.read_parquet).parameters['path'].name, "
        "pd.read_parquet.__name__, inspect.getsourcefile(pd.read_parquet)[-13:]"
    )
    assert states.results == ["('path', 'read_parquet', 'io/parquet.py')"]
    missing = kernel.run("pd.read_parquet('nowhere.parquet')")
    assert missing.ename == "FileNotFoundError"
    assert "probe" not in missing.traceback


def test_a_dumped_estimator_is_evidence_of_a_model(kernel: Kernel) -> None:
    events = kernel.record(
        "import joblib\nfrom sklearn.linear_model import LinearRegression\n"
        "joblib.dump(LinearRegression().fit([[1], [2]], [1, 2]), 'model.joblib')\n"
        "again = joblib.load('model.joblib')\njoblib.dump([1, 2], 'list.joblib')"
    )
    written = of(events, "object.written")
    assert written[0]["objectType"] == "sklearn.linear_model._base.LinearRegression"
    assert "has fit and predict" in written[0]["modelEvidence"]
    assert written[1]["modelEvidence"] == []
    assert one(events, "object.read")["modelEvidence"] == written[0]["modelEvidence"]
    assert "read model.joblib" in told(events, kernel.work)


def test_an_unknown_version_is_left_alone_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "libs" / "joblib"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("__version__ = '99.0'\ndef dump(*a): pass\n")
    with Kernel(tmp_path, env={"PYTHONPATH": str(tmp_path / "libs")}) as kernel:
        kernel.record("import joblib; joblib.dump(1, 'x')")
        gap = one([e for e in kernel.events() if e.get("code") == "wrapper-off"], "gap")
        assert gap["covers"] == {"library": "joblib", "reason": "version 99.0"}


def test_children_and_commands_are_told_without_secrets(kernel: Kernel) -> None:
    events = kernel.record(
        "import subprocess, os\n"
        "subprocess.run(['true', '--password', 'hunter2', 'token=abc', "
        "'https://me:pw@host/x?sig=1&a=2'])\n"
        "os.system('true PGPASSWORD=hunter2')"
    )
    started = of(events, "process.started")
    assert [e["how"] for e in started] == ["subprocess", "os.system"]
    texts = [kernel.text(e["argv"]) for e in started]
    assert texts == [
        "true --password *** token=*** 'https://host/x?sig=***&a=2'",
        "true PGPASSWORD=***",
    ]
    for span in started[0]["argv"]["redact"]:
        assert "hunter2" not in texts[0][span["start"] : span["end"]]
    assert not any(
        b"hunter2" in path.read_bytes()
        for path in kernel.folder.glob("texts/*")
        if path.name not in {one(events, "run.started")["code"]["sha256"]}
    )


def test_a_forked_child_tells_its_own_story(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        code = (
            "import multiprocessing as mp, os\n"
            "def work(n): open(f'child{n}', 'w').close()\n"
            "ps = [mp.get_context('fork').Process(target=work, args=(n,)) for n in range(3)]\n"
            "[p.start() for p in ps]; [p.join() for p in ps]"
        )
        outcome = kernel.run(code)
        assert outcome.ename is None
        events = kernel.settle(outcome.msg_id)
        forks = of(events, "process.started")
        assert [(e["how"], e["probed"]) for e in forks] == [("fork", True)] * 3
        children = [read_journal(path) for path in kernel.files()[1:]]
        assert len(children) == 3
        for child in children:
            joined = one(child, "observer.joined")
            assert joined["parentRun"] == outcome.msg_id + "/0"
            assert joined["observer"]["parentPid"] == kernel.manager.provisioner.pid
            assert one(child, "probe.hello")["install"] == "child"
            opened = one(child, "file.opened")
            assert (opened["run"], opened["attribution"]) == (outcome.msg_id + "/0", "process")
        # Children that do nothing leave nothing, however many there are.
        storm = "for n in range(50):\n    if os.fork() == 0: os._exit(0)\n    os.wait()"
        assert kernel.run(storm).ename is None
        assert len(kernel.files()) == 4
        known = set(kernel.files())
        shell = kernel.record("!true --token abc")
        assert one(shell, "process.started")["how"] == "forkpty"
        (executed,) = set(kernel.files()) - known
        argv = kernel.text(one(read_journal(executed), "process.started")["argv"])
        assert argv.endswith("-c 'true --token ***'")


def test_connections_and_requests_are_named_without_secrets(kernel: Kernel) -> None:
    code = (
        "import http.server, threading, urllib.request, socket\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "port = server.server_port\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "url = f'http://127.0.0.1:{port}/?api_key=hush&q=1'\n"
        "urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url).read()\n"
        "server.shutdown(); server.server_close()"
    )
    outcome = kernel.run(code)
    assert outcome.ename is None, outcome.traceback
    events = kernel.settle(outcome.msg_id)
    assert [e["host"] for e in of(events, "net.connected")] == ["127.0.0.1"]
    urls = [e["url"] for e in of(events, "http.requested", "remote.read")]
    assert len(urls) == 3, "asked, answered, delivered"
    assert all(url.endswith("/?api_key=***&q=1") for url in urls)


def test_an_address_that_refused_was_asked_for_and_not_read(kernel: Kernel) -> None:
    events = kernel.record(
        "import socket, urllib.request\n"
        "with socket.socket() as taken:\n"
        "    taken.bind(('127.0.0.1', 0))\n"
        "    try: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(\n"
        "        f'http://127.0.0.1:{taken.getsockname()[1]}/a.csv')\n"
        "    except OSError: pass"
    )
    assert [e["url"].rpartition("/")[2] for e in of(events, "http.requested")] == ["a.csv"]
    assert not of(events, "remote.read")


def test_a_write_while_memory_is_freed_finds_its_way(kernel: Kernel) -> None:
    code = (
        "class Late:\n"
        "    def __init__(self): self.me = self\n"
        "    def __del__(self): open('from_del', 'a').close()\n"
        "for n in range(200): Late()\n"
        "import gc; gc.collect()"
    )
    events = kernel.record(code)
    assert "append+create from_del" in told(events, kernel.work)
