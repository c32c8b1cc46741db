"""Pausing, full disks, many events, and the small functions under them."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_attest.probe import PARTS

from .conftest import PACKAGE
from .kernels import PROBE, Kernel, of, one


def test_while_paused_only_a_count_is_kept(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.record("a = 1")
        (kernel.folder / "paused").touch()
        for number in range(3):
            kernel.run(f"open('secret{number}', 'w').close()")
        (kernel.folder / "paused").unlink()
        events = kernel.record("open('public', 'w').close()")
        assert one(events, "file.opened")["path"] == "public"
    events = kernel.events()
    gap = one([e for e in events if e.get("code") == "paused"], "gap")
    assert gap["covers"]["count"] == 3
    assert gap["covers"]["from"] < gap["covers"]["to"]
    assert len(of(events, "run.started")) == 2
    everything = b"".join(p.read_bytes() for p in kernel.folder.rglob("*") if p.is_file())
    assert b"secret" not in everything


def test_a_pause_in_the_middle_of_a_run_ends_it_properly(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        msg_id = kernel.send(
            "import time, os\nopen('before', 'w').close()\n"
            "while not os.path.exists('go'): time.sleep(.05)\nopen('after', 'w').close()"
        )
        time.sleep(0.3)
        (kernel.folder / "paused").touch()
        time.sleep(3)
        (kernel.work / "go").touch()
        kernel.wait(msg_id)
        events = kernel.settle(msg_id)
    assert [e["path"] for e in of(events, "file.opened")] == ["before"]
    assert one(events, "run.ended")["status"] == "ok"


def test_a_full_disk_is_a_gap_later_and_no_error(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.record("import resource, os")
        size = kernel.files()[0].stat().st_size
        limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 3000}, -1))"
        assert kernel.run(limit).status == "ok"
        for number in range(20):
            assert kernel.run(f"x = {number}\nopen('f{number}', 'w').close()").ename is None
        assert kernel.files()[0].stat().st_size <= size + 3000
        kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))")
        kernel.record("y = 1")
    # Nothing was lost: what didn't fit waited, and the torn line was completed.
    assert len(of(kernel.events(), "run.started")) == 24


def test_texts_that_found_no_room_are_written_when_there_is_some(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.record("import resource")
        assert kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))").status == "ok"
        for number in range(5):
            assert kernel.run(f"x = {number} # a text").ename is None
        assert not list((kernel.folder / "texts").glob("*.tmp"))
        assert all(path.stat().st_size for path in (kernel.folder / "texts").iterdir())
        kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))")
        kernel.record("y = 1")
    started = of(kernel.events(), "run.started")
    texts = [kernel.text(event["code"]) for event in started]
    assert [text for text in texts if "a text" in text] == [f"x = {n} # a text" for n in range(5)]


def test_memory_that_runs_out_ends_what_it_would_have_ended(tmp_path: Path) -> None:
    limit = (
        "import resource, os\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (64 << 20), -1))"
    )
    eat = (
        "held, opened = [], 0\n"
        "try:\n"
        "    while True: held.append(bytearray(1 << 17))\n"
        "except MemoryError: pass\n"
        "for n in range(300):\n"
        "    try:\n"
        "        with open(f'm{n % 50}', 'w', buffering=1) as f: f.write('x')\n"
        "        opened += 1\n"
        "    except MemoryError: pass\n"
        "held = None\nopened > 0"
    )
    with Kernel(tmp_path) as kernel:
        kernel.record(limit)
        outcome = kernel.run(eat)
        assert outcome.results == ["True"], outcome
        assert kernel.run("resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); 1").results == ["1"]
        events = kernel.record("open('after', 'w').close()")
    assert one(events, "file.opened")["path"] == "after"
    assert kernel.events()  # the chain is whole


HANGING = """
def _hang(self, digest, raw):
    _sleep(3600)
Journal._write_text = _hang
"""


def test_a_journal_whose_disk_hangs_holds_nobody(tmp_path: Path) -> None:
    start = 'if globals().get("launched"):'
    with Kernel(tmp_path, probe=PROBE.replace(start, HANGING + start)) as kernel:
        for number in range(3):
            assert kernel.run(f"{number} + 1").results == [str(number + 1)]
            assert kernel.run("1/0").ename == "ZeroDivisionError"
        assert not list((kernel.folder / "texts").iterdir())


def test_descriptors_closed_by_the_user_stop_us_and_nothing_else(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.record("import os")
        before = len(kernel.events())
        kernel.run("os.closerange(500, 600)\nmine = open('mine', 'w')\nimport fcntl")
        kernel.run("high = fcntl.fcntl(mine.fileno(), fcntl.F_DUPFD, 512)")
        kernel.run("open('other', 'w').write('1')")
        kernel.run("mine.close(); os.close(high)")
        assert (kernel.work / "mine").read_bytes() == b""
        assert len(kernel.events()) >= before


def test_looking_raises_no_audit_event_of_ids(tmp_path: Path) -> None:
    """A hook of the user's hears its own calls of ``id`` and none of the probe's."""
    hook = (
        "import sys\nheard = []\ndef hook(event, args):\n"
        "    if event == 'builtins.id': heard.append(sys._getframe(1).f_globals.get('__name__'))\n"
        "sys.addaudithook(hook)"
    )
    with Kernel(tmp_path) as kernel:
        kernel.record(hook)
        kernel.record("nest = [[n, {'k': object()}] for n in range(9)]; id(nest)")
        kernel.record("nest[0].append(hook)")
        heard = kernel.run("print(sorted(set(heard) - {'__main__'}), '__main__' in heard)").stdout
    assert "jupyter_attest_probe" not in heard and heard.endswith("True\n")


def written(kernel: Kernel) -> int:
    """How many opens stand in the file, torn line or not."""
    return kernel.files()[0].read_bytes().count(b'"type":"file.opened"')


def test_many_events_leave_during_the_run(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        msg_id = kernel.send(
            "import time\nfor n in range(2000): open(f'm{n}', 'w').close()\n"
            "while True: time.sleep(.1)"
        )
        until = time.monotonic() + 15
        while written(kernel) < 2000 and time.monotonic() < until:
            time.sleep(0.1)
        assert written(kernel) == 2000
        kernel.manager.interrupt_kernel()
        kernel.wait(msg_id)


def test_overflow_is_counted(probe: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    journal = probe["Journal"](str(tmp_path), "s", b"k" * 32, "probe-x")
    probe["LIMIT"], limit = 10, probe["LIMIT"]
    try:
        for _ in range(25):
            journal.put("folder.made", None, "none", {"path": "/x"})
    finally:
        probe["LIMIT"] = limit
    journal.drain()
    lines = (tmp_path / "probe-x.jsonl").read_text().splitlines()
    assert len(lines) == 11
    assert '"code":"event-gap"' in lines[0]
    assert '"count":15' in lines[0]
    os.close(journal.fd)


def test_a_write_that_fails_half_way_is_completed(probe: dict[str, Any], tmp_path: Path) -> None:
    journal = probe["Journal"](str(tmp_path), "s", b"k" * 32, "probe-y")
    real = probe["_write"]
    calls: list[int] = []

    def failing(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return int(real(fd, data[:40]))
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return int(real(fd, data))

    probe["_write"] = failing
    try:
        journal.put("folder.made", None, "none", {"path": "/x"})
        journal.drain()
        journal.put("folder.made", None, "none", {"path": "/y"})
        journal.drain()
    finally:
        probe["_write"] = real
    lines = (tmp_path / "probe-y.jsonl").read_text().splitlines()
    assert [line[-12:] for line in lines] == [',"path":"/x"}', ',"path":"/y"}'] or len(lines) == 2
    os.close(journal.fd)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@host/a?b=1", "https://host/a?b=1"),
        ("s3://bucket/key?X-Amz-Signature=abc&x=1", "s3://bucket/key?X-Amz-Signature=***&x=1"),
        ("https://host/p#token=1", "https://host/p"),
        ("https://host/?TOKEN=1", "https://host/?TOKEN=***"),
        ("/plain/path", "/plain/path"),
    ],
)
def test_urls_lose_their_secrets(probe: dict[str, Any], url: str, shown: str) -> None:
    assert probe["cut_url"](url) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["curl", "-H", "Authorization: Bearer abc"], "curl -H 'Authorization: ***'"),
        (["tool", "--token", "abc", "x"], "tool --token *** x"),
        (["tool", "--api-key=abc"], "tool --api-key=***"),
        (["env", "DB_PASSWORD=abc", "run"], "env DB_PASSWORD=*** run"),
        (["sh", "-c", "run --password abc | cat"], "sh -c 'run --password *** | cat'"),
        (["git", "clone", "https://u:p@host/r.git"], "git clone https://host/r.git"),
        (["cp", "my file", "it's"], "cp 'my file' 'it'\"'\"'s'"),
    ],
)
def test_arguments_lose_their_secrets(probe: dict[str, Any], words: list[str], shown: str) -> None:
    text, spans = probe["cut_argv"](words)
    assert text.startswith(shown)
    assert "abc" not in text
    for span in spans:
        assert "*" in text[span["start"] : span["end"]] or "host" in text


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("PGPASSWORD=abc psql -h host", "PGPASSWORD=*** psql -h host"),
        ("curl -H 'Authorization: Bearer abc' u", "curl -H 'Authorization: ***' u"),
        ("tool --password 'a abc' | cat", "tool --password *** | cat"),
        ("wget https://u:abc@host/x?token=abc -q", "wget https://***@host/x?token=*** -q"),
        ("ls -la | sort  >  out", "ls -la | sort  >  out"),
    ],
)
def test_commands_lose_their_secrets(probe: dict[str, Any], command: str, shown: str) -> None:
    text, spans = probe["cut_text"](command)
    assert text == shown
    assert all("abc" not in text[span["start"] : span["end"]] for span in spans)


def test_large_inodes_and_sizes_are_exact(probe: dict[str, Any]) -> None:
    huge = SimpleNamespace(
        st_dev=2**63 + 1,
        st_ino=2**64 - 1,
        st_size=2**53 + 1,
        st_mtime_ns=1_763_980_200_123_456_789,
        st_ctime_ns=-1,
        st_nlink=1,
    )
    assert probe["stat_fields"](huge, {}) == {
        "dev": "9223372036854775809",
        "ino": "18446744073709551615",
        "size": "9007199254740993",
        "mtimeNs": "1763980200123456789",
        "ctimeNs": "-1",
        "nlink": 1,
        "fs": None,
    }


def test_times_keep_their_microseconds(probe: dict[str, Any]) -> None:
    assert probe["utc"](0.000001) == "1970-01-01T00:00:00.000001Z"
    assert probe["utc"](1763980200.5) == "2025-11-24T10:30:00.500000Z"


def test_no_two_parts_share_a_name() -> None:
    """All parts are one namespace in the end: the later name would stand for both."""
    homes: dict[str, list[str]] = {}
    for part in PARTS:
        for node in ast.parse((PACKAGE / f"{part}.py").read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names = {node.name}
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                bound = node.targets if isinstance(node, ast.Assign) else [node.target]
                walked = (n for target in bound for n in ast.walk(target))
                names = {n.id for n in walked if isinstance(n, ast.Name)}
            else:
                continue
            for name in names:
                homes.setdefault(name, []).append(part)
    assert {name: parts for name, parts in homes.items() if len(parts) > 1} == {}
