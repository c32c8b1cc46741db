"""The REST routes of a real server: who may, what they answer, what they refuse."""

from __future__ import annotations

import json
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from .running import RunningServer, running, wait_for

SID = str(uuid.uuid4())
ROUTES = [
    ("GET", "status?path=a.ipynb"),
    ("GET", "sessions?path=a.ipynb"),
    ("GET", f"sessions/{SID}/events"),
    ("POST", f"sessions/{SID}/pause"),
    ("POST", f"sessions/{SID}/resume"),
    ("GET", "records?path=a.ipynb"),
    ("POST", "records"),
    ("GET", f"records/{SID}/runs.json"),
    ("GET", f"records/{SID}/replays"),
    ("POST", "verify"),
    ("POST", "forget"),
    ("GET", "settings"),
    ("PUT", "settings"),
]


@pytest.mark.parametrize(("method", "place"), ROUTES)
def test_every_route_needs_a_login(server: RunningServer, method: str, place: str) -> None:
    address = f"{server.url}/jupyter-attest/api/{place}"
    for headers in ({}, {"Authorization": "token wrong"}):
        answer = requests.request(
            method, address, headers=headers, json={}, timeout=20, allow_redirects=False
        )
        assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("place", [p for m, p in ROUTES if m in ("POST", "PUT")])
def test_a_browser_without_the_xsrf_header_is_refused(server: RunningServer, place: str) -> None:
    session = requests.Session()
    session.get(f"{server.url}/api/status?token=secret", timeout=20)
    assert session.cookies
    method = "PUT" if place == "settings" else "POST"
    answer = session.request(
        method, f"{server.url}/jupyter-attest/api/{place}", json={}, timeout=20
    )
    assert answer.status_code == 403 and "_xsrf" in answer.text


def test_a_notebook_without_a_kernel_is_not_recorded(server: RunningServer) -> None:
    status = server.status("never opened.ipynb")
    assert status["state"] == "off" and status["reason"] == "No kernel is running."
    assert status["sid"] is None and status["hasWrites"] is False


def test_status_follows_a_kernel(server: RunningServer) -> None:
    server.write_notebook("status.ipynb", "x = 1")
    kernel = server.open("status.ipynb")
    client = server.client(kernel)
    client.run("open('made.txt', 'w').write('x')")
    status = wait_for(lambda: s if (s := server.status("status.ipynb"))["hasWrites"] else None)
    assert status["state"] == "recording" and status["runs"] == 1 and status["runsMissed"] == 0
    assert status["sid"] == server.journal(kernel).sid
    client.stop()
    server.shut_down(kernel)
    gone = wait_for(lambda: s if not (s := server.status("status.ipynb"))["sid"] else None)
    assert gone["state"] == "off" and gone["hasWrites"] is True


OUTSIDE = ["../secret", "a/../../secret", "/../secret", "link/file.txt", ".hidden/x"]


@pytest.fixture(scope="module")
def link(server: RunningServer) -> None:
    (server.root.parent / "elsewhere").mkdir(exist_ok=True)
    (server.root.parent / "elsewhere/file.txt").write_text("not yours")
    (server.root / "link").symlink_to(server.root.parent / "elsewhere")


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_outside_of_the_root(server: RunningServer, path: str) -> None:
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "status", {"params": {"path": path}}),
        ("GET", "sessions", {"params": {"path": path}}),
        ("GET", "records", {"params": {"path": path}}),
        ("POST", "verify", {"json": {"file": path}}),
        ("POST", "verify", {"json": {"file": "x", "record": path}}),
        ("POST", "records", {"json": {"for": [path], "sign": "none"}}),
        ("POST", "records", {"json": {"for": ["x"], "notebook": path, "sign": "none"}}),
    ]
    for method, place, arguments in tries:
        answer = server.attest(method, place, **arguments)
        assert answer.status_code in (400, 403), f"{method} {place}: {answer.text}"
        assert "not yours" not in answer.text


@pytest.mark.parametrize("outside", ["subjects", "document", "base"])
def test_the_request_of_a_dry_run_may_not_name_files_outside(
    server: RunningServer, outside: str
) -> None:
    inside = str(server.root / "x")
    earlier: dict[str, Any] = {"subjects": [{"path": inside}], "document": inside, "base": inside}
    earlier[outside] = [{"path": "/etc/passwd"}] if outside == "subjects" else "/etc/passwd"
    body = {"for": ["x"], "sign": "none", "request": earlier}
    assert server.attest("POST", "records", json=body).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"for": []}',
        b'{"for": ["a"], "argv": ["rm"]}',
        b'{"for": ["a"], "drops": "7"}',
        b'{"for": ["a"], "drops": [7]}',
    ],
)
def test_a_malformed_request_for_a_record_is_refused(server: RunningServer, body: bytes) -> None:
    assert server.attest("POST", "records", data=body).status_code == 400


def test_a_huge_request_is_refused(server: RunningServer) -> None:
    body = json.dumps({"for": ["x" * 9_000_000]})
    assert server.attest("POST", "records", data=body).status_code == 413


def test_events_are_handed_out_from_a_cursor_on(server: RunningServer) -> None:
    kernel = server.open("events.ipynb")
    client = server.client(kernel)
    client.run("one = 1")
    journal = server.journal(kernel)
    journal.wait("run.idle")
    place = f"sessions/{journal.sid}/events"
    first = server.attest("GET", place).json()
    kinds = [json.loads(line["line"])["type"] for line in first["lines"]]
    assert "run.input" in kinds and {line["file"] for line in first["lines"]} >= {"server.jsonl"}
    client.run("two = 2")
    journal.wait("run.idle", 2)
    second = server.attest("GET", place, params={"after": first["cursor"]}).json()
    own = [line["line"] for line in second["lines"] if line["file"] == "server.jsonl"]
    assert [json.loads(line)["type"] for line in own] == ["run.input", "run.idle"]
    assert server.attest("GET", place, params={"after": "nonsense"}).status_code == 400
    assert server.attest("GET", f"sessions/{SID}/events").status_code == 404
    client.stop()
    server.shut_down(kernel)


def test_settings_are_kept_beside_the_operators(tmp_path: Path) -> None:
    with running(tmp_path, "--Attest.retention_days=30") as server:
        settings = server.attest("GET", "settings").json()
        assert settings["retentionDays"] == 30 and settings["enabled"] is True
        wrong = server.attest("PUT", "settings", json={"enabled": "perhaps"})
        assert wrong.status_code == 400 and wrong.json()["type"] == "error"
        assert server.attest("PUT", "settings", json={"homme": 1}).status_code == 400
        changed = server.attest("PUT", "settings", json={"enabled": False})
        assert changed.status_code == 200 and changed.json()["enabled"] is False
        kernel = server.open("off.ipynb")
        client = server.client(kernel)
        assert client.run("1 + 1")["status"] == "ok"
        client.stop()
        assert server.home.sessions() == []
        assert server.status("off.ipynb")["state"] == "off"
        server.shut_down(kernel)
    with running(tmp_path) as server:
        settings = server.attest("GET", "settings").json()
        assert settings["enabled"] is False and settings["retentionDays"] == 90


def test_what_the_operator_switched_off_stays_off(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.attest("PUT", "settings", json={"enabled": True}).status_code == 200
    with running(tmp_path, "--Attest.enabled=False") as server:
        assert server.attest("GET", "settings").json()["enabled"] is False
        assert server.attest("PUT", "settings", json={"enabled": True}).status_code == 400


def test_the_journal_is_private(server: RunningServer) -> None:
    kernel = server.open("private.ipynb")
    journal = server.journal(kernel)
    journal.wait("document.bound")
    server.shut_down(kernel)
    journal.wait("observer.left")
    for path in [server.home.path, *server.home.path.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path} is {mode:o}"


def test_polls_keep_no_idle_server_alive(server: RunningServer) -> None:
    before = server.call("GET", "api/status", params={"no_track_activity": 1}).json()
    server.status("idle.ipynb")
    after = server.call("GET", "api/status", params={"no_track_activity": 1}).json()
    assert before["last_activity"] == after["last_activity"]


def test_a_record_folder_hands_out_its_own_files_only(server: RunningServer) -> None:
    folder = server.home.path / "records" / SID
    folder.mkdir(parents=True)
    (folder / "runs.json").write_text('{"runs": []}')
    (folder / "other.txt").write_text("no")
    assert server.attest("GET", f"records/{SID}/runs.json").text == '{"runs": []}'
    for name in ("other.txt", "coverage.json", "..%2f..%2fkey"):
        assert server.attest("GET", f"records/{SID}/{name}").status_code == 404


def test_records_of_a_notebook_are_listed_newest_first(server: RunningServer) -> None:
    notebook = str(server.root / "listed.ipynb")
    made = []
    for number in (1, 2):
        invocation = str(uuid.uuid4())
        made.append(invocation)
        folder = server.home.path / "records" / invocation
        folder.mkdir(parents=True)
        (folder / "record.sigstore.json").write_text("{}")
        events = [
            {
                "type": "attest.requested",
                "document": notebook,
                "finishedOn": f"2026-01-0{number}T00:00:00Z",
                "subjects": [{"path": str(server.root / "sub/model.bin")}],
            },
            {"type": "record.written", "keyHint": "abc"},
        ]
        attests = server.home.path / "attests"
        attests.mkdir(exist_ok=True)
        text = "".join(json.dumps(event) + "\n" for event in events)
        (attests / f"{invocation}.jsonl").write_text(text)
    (server.home.path / "attests/broken.jsonl").write_text("{no")
    listed = server.attest("GET", "records", params={"path": "listed.ipynb"}).json()["records"]
    assert [r["invocation"] for r in listed] == [made[1], made[0]]
    assert listed[0]["subjects"] == ["sub/model.bin"] and listed[0]["signed"] is True
