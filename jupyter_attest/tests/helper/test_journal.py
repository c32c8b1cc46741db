"""The writer that recorder, execute and helper share."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_attest.home import new_session
from jupyter_attest.journal import (
    MAX_LINE,
    JournalFile,
    Texts,
    name_of,
    observer,
    path_of,
)

from ..journals import read_journal, text_of


def journal(path: Path, **options: int) -> JournalFile:
    return JournalFile(path, "sid", [observer("recorder", "server")], **options)


@pytest.mark.parametrize("seed", range(8))
def test_the_chain_holds_however_writing_was_cut_up(tmp_path: Path, seed: int) -> None:
    """Random batches, reopenings and torn ends; nothing whole is lost, and a cut is stated."""
    rolls = random.Random(seed)
    path = tmp_path / "server.jsonl"
    file, added, torn = journal(path), 0, 0
    for _ in range(60):
        match rolls.randrange(5):
            case 0:
                file.flush()
            case 1:
                file.close()
                file = journal(path)
            case 2:
                file.close()
                with path.open("ab") as raw:
                    raw.write(b'{"v":1,"seq":99')
                torn += 1
                file = journal(path)
                file.flush()
            case _:
                file.gap("no-scan", reason="x" * rolls.randrange(200))
                added += 1
    file.close()
    events = read_journal(path)
    gaps = [e["code"] for e in events if e["type"] == "gap"]
    assert gaps.count("no-scan") == added
    assert gaps.count("event-gap") == torn


def test_a_reader_of_the_prefix_sees_a_valid_chain_at_every_newline(tmp_path: Path) -> None:
    path = tmp_path / "server.jsonl"
    file = journal(path)
    for number in range(20):
        file.gap("no-scan", count=number)
        file.flush()
    file.close()
    raw = path.read_bytes()
    for cut in [i + 1 for i, byte in enumerate(raw) if byte == 10]:
        prefix = tmp_path / "prefix.jsonl"
        prefix.write_bytes(raw[:cut])
        read_journal(prefix)


def test_one_batch_is_one_write_to_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(1) or real(fd, data))
    file = journal(tmp_path / "server.jsonl")
    for number in range(100):
        file.gap("no-scan", count=number)
    assert file.flush() and len(writes) == 1
    assert (tmp_path / "server.jsonl").stat().st_mode & 0o777 == 0o600
    file.close()


def test_a_line_over_the_limit_becomes_a_gap(tmp_path: Path) -> None:
    file = journal(tmp_path / "server.jsonl")
    file.add("kernel.died", reason="x" * (MAX_LINE + 1))
    file.close()
    last = read_journal(tmp_path / "server.jsonl")[-1]
    assert last["code"] == "event-gap" and "kernel.died" in last["covers"]["reason"]


def test_events_wait_for_a_folder_that_comes_later(tmp_path: Path) -> None:
    file = journal(tmp_path / "later/server.jsonl")
    file.add("kernel.died", reason="first")
    assert not file.flush() and file.problem is not None
    (tmp_path / "later").mkdir()
    file.add("kernel.died", reason="second")
    assert file.flush() and file.problem is None
    file.close()
    events = read_journal(tmp_path / "later/server.jsonl")
    assert [e["reason"] for e in events if e["type"] == "kernel.died"] == ["first", "second"]
    assert not [e for e in events if e["type"] == "gap"]


def test_events_beyond_the_buffer_are_counted_in_a_gap(tmp_path: Path) -> None:
    file = journal(tmp_path / "later/server.jsonl", max_waiting=5)
    for number in range(20):
        file.add("kernel.died", reason=str(number))
    assert not file.flush()
    (tmp_path / "later").mkdir()
    file.close()
    events = read_journal(tmp_path / "later/server.jsonl")
    [gap] = [e for e in events if e["type"] == "gap"]
    assert gap["code"] == "event-gap"
    # Two of the five places went to the lines that begin a file.
    assert gap["covers"]["count"] == 17 and gap["covers"]["from"] <= gap["covers"]["to"]


LIMITED = """
import resource, sys
from pathlib import Path
from jupyter_attest.journal import JournalFile, observer
file = JournalFile(Path(sys.argv[1]), "sid", [observer("recorder", "server")], max_waiting=10)
file.flush()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
for number in range(40):
    file.add("kernel.died", reason=str(number))
    file.flush()
assert file.problem, "the limit wasn't reached"
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
file.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no RLIMIT_FSIZE")
def test_a_write_that_only_partly_fits_leaves_no_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "server.jsonl"
    subprocess.run([sys.executable, "-c", LIMITED, str(path)], check=True, timeout=60)
    events = read_journal(path)
    kept = [int(e["reason"]) for e in events if e["type"] == "kernel.died"]
    [gap] = [e for e in events if e["type"] == "gap"]
    assert kept == list(range(len(kept))) and gap["covers"]["count"] == 40 - len(kept)


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "server.jsonl"
    path.write_bytes(b"z" * (3 * MAX_LINE))
    file = journal(path)
    assert not file.flush() and file.problem is not None
    assert path.read_bytes() == b"z" * (3 * MAX_LINE)


@pytest.mark.parametrize("text", ["", "x = 1", "é漢字🎉", "line\n\n", "a\ud800b"])
def test_a_text_is_kept_under_its_salted_digest(tmp_path: Path, text: str) -> None:
    session = new_session(tmp_path)
    reference = Texts(session.path, session.key).put(text)
    assert text_of(session.path, reference) == text
    again = Texts(session.path, session.key).put(text)
    assert again == reference
    other = new_session(tmp_path)
    assert Texts(other.path, other.key).put(text)["sha256"] != reference["sha256"]
    plain = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    assert reference["sha256"] != plain


def test_a_text_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    session = new_session(tmp_path)
    (session.path / "texts").rmdir()
    (session.path / "texts").write_text("in the way")
    texts = Texts(session.path, session.key)
    assert texts.put("x")["bytes"] == 1 and texts.failures == 1


@pytest.mark.parametrize("raw", [b"/plain", "/grün".encode(), b"/not\xff\xfeutf8"])
def test_names_survive_whatever_their_bytes(raw: bytes) -> None:
    name = json.loads(json.dumps(name_of(raw)))
    path = path_of(name)
    assert path is not None and os.fsencode(path) == raw
    assert isinstance(name, str) == (b"\xff" not in raw)


@pytest.mark.skipif(sys.platform == "win32", reason="open files can't be removed there")
def test_a_file_that_was_removed_is_begun_anew_and_a_folder_is_missed(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    path = folder / "server.jsonl"
    file = journal(path)
    assert file.flush()
    path.unlink()
    file.gap("no-scan")
    assert file.flush()
    [_, _, scan, lost] = read_journal(path)
    assert (scan["code"], lost["code"], lost["covers"]["count"]) == ("no-scan", "event-gap", 2)
    path.unlink()
    folder.rmdir()
    file.gap("no-scan")
    assert not file.flush()
    assert file.problem is not None and "No such file" in file.problem
    folder.mkdir()
    assert file.flush() and file.problem is None
    file.close()
    assert [e.get("code") for e in read_journal(path)] == [None, None, "no-scan", "event-gap"]
