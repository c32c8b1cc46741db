"""The journal home: sessions, notebooks by path, what is kept and what goes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from jupyter_attest.home import Documents, SessionFolder, new_session, open_session, prune

from ..journals import read_journal

DAY = 86_400


def aged(home: Path, days: float, size: int = 1000) -> SessionFolder:
    """A session that was last written so many days ago."""
    session = new_session(home)
    (session.path / "server.jsonl").write_bytes(b"x" * size)
    when = time.time() - days * DAY
    for file in session.path.rglob("*"):
        os.utime(file, (when, when))
    return session


def attest(home: Path, session: SessionFolder) -> None:
    (home / "attests").mkdir(exist_ok=True)
    event = {"type": "attest.requested", "prefixes": [{"sid": session.sid}]}
    (home / "attests" / f"{session.sid}.jsonl").write_text(json.dumps(event) + "\n")


def left(home: Path) -> set[str]:
    return {folder.name for folder in (home / "sessions").glob("*")}


def test_a_session_is_found_again_with_its_key(tmp_path: Path) -> None:
    made = new_session(tmp_path / "home")
    assert open_session(made.path) == made
    assert len((made.path / "key").read_text()) == 64


def test_a_notebook_keeps_its_id_over_renames_and_restarts(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    ident = documents.id_of("/a/n.ipynb")
    documents.wrote("/a/n.ipynb")
    documents.rename("/a/n.ipynb", "/b/m.ipynb")
    again = Documents(tmp_path)
    assert again.id_of("/b/m.ipynb") == ident and again.has_writes("/b/m.ipynb")
    assert again.find("/a/n.ipynb") is None
    assert again.id_of("/a/n.ipynb") != ident


def test_an_unreadable_list_of_notebooks_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "documents.json").write_text("[broken")
    assert Documents(tmp_path).find("/a") is None
    (tmp_path / "documents.json").write_text('{"/a": 1, "/b": {"docId": "kept"}}')
    assert Documents(tmp_path).id_of("/b") == "kept"


def test_old_sessions_go_unless_a_record_stands_on_them(tmp_path: Path) -> None:
    old, attested, young = aged(tmp_path, 100), aged(tmp_path, 100), aged(tmp_path, 10)
    attest(tmp_path, attested)
    assert prune(tmp_path, 90, 10**9, set()) == [old.sid]
    assert left(tmp_path) == {attested.sid, young.sid}
    [tombstone] = [e for e in read_journal(tmp_path / "forgotten.jsonl") if "what" in e]
    assert tombstone["what"] == {"session": old.sid}


def test_over_the_quota_the_oldest_without_a_record_goes_first(tmp_path: Path) -> None:
    oldest = aged(tmp_path, 30, 10_000)
    attest(tmp_path, oldest)
    middle, newest = aged(tmp_path, 20, 10_000), aged(tmp_path, 10, 10_000)
    assert prune(tmp_path, 90, 25_000, set()) == [middle.sid]
    assert left(tmp_path) == {oldest.sid, newest.sid}
    assert prune(tmp_path, 90, 5_000, set()) == [newest.sid, oldest.sid]


def test_running_sessions_and_those_of_today_stay(tmp_path: Path) -> None:
    running, today = aged(tmp_path, 100), aged(tmp_path, 0.1)
    assert prune(tmp_path, 1, 0, {running.sid}) == []
    assert left(tmp_path) == {running.sid, today.sid}
