"""From a page's runs to a signed record that is found again, with the real command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .running import Page, running


def test_a_record_is_made_listed_and_verified_and_the_kernel_may_be_gone(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.write_notebook("w/n.ipynb", "data", "model")
        (server.root / "w/in.csv").write_text("a,b\n1,2\n")
        kernel = server.open("w/n.ipynb")
        page = Page(server, kernel)
        codes = [
            "data = open('in.csv').read()",
            "n = open('out.bin', 'wb').write(data.encode() * 2)",
        ]
        for code in codes:
            page.wait(page.run(code))
        page.close()
        sid = server.journal(kernel).sid
        server.shut_down(kernel)
    with running(tmp_path) as server:
        [session] = server.attest("GET", "sessions", params={"path": "w/n.ipynb"}).json()[
            "sessions"
        ]
        assert session["sid"] == sid and session["runs"] == 2
        assert [w["path"] for w in session["written"]] == ["w/out.bin"]
        assert server.status("w/n.ipynb")["hasWrites"] is True
        body = {"for": ["w/out.bin"], "notebook": "w/n.ipynb", "sign": "local"}
        answer = server.attest("POST", "records", json=body)
        last = json.loads(answer.text.splitlines()[-1])
        assert last["type"] == "done" and last["signed"] is True
        [record] = server.attest("GET", "records", params={"path": "w/n.ipynb"}).json()["records"]
        runs = server.attest("GET", f"records/{record['invocation']}/runs.json").json()
        assert [run["code"]["text"] for run in runs["runs"]] == codes
        [statement_input] = [
            d
            for d in json.loads(last["statement"])["predicate"]["buildDefinition"][
                "resolvedDependencies"
            ]
            if d.get("name") == "in.csv"
        ]
        digest = hashlib.sha256((server.root / "w/in.csv").read_bytes()).hexdigest()
        assert statement_input["digest"] == {"sha256": digest}
        verdict = server.attest("POST", "verify", json={"file": "w/out.bin"}).json()
        assert verdict["status"] == "ok" and verdict["record"] == "w/out.bin.sigstore.json"
        (server.root / "w/out.bin").write_bytes(b"altered")
        verdict = server.attest("POST", "verify", json={"file": "w/out.bin"}).json()
        assert verdict["status"] == "wrong-subject"
        forgotten = server.attest("POST", "forget", json={"session": sid})
        assert forgotten.status_code == 200, forgotten.text
        again = server.attest("GET", "sessions", params={"path": "w/n.ipynb"}).json()
        assert again["sessions"] == []
