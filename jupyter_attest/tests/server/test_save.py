"""Saving: nothing is added to the notebook, nothing can fail, the journal knows its bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat

from .running import RunningServer, running


def content() -> dict[str, Any]:
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell("a = 1", id="cell-a"),
        nbformat.v4.new_code_cell("b = 'ü'", id="cell-b"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.cells[0]["id"] = "cell-0"
    return json.loads(nbformat.writes(notebook))


def save(server: RunningServer, path: str) -> Any:
    body = {"type": "notebook", "format": "json", "content": content()}
    return server.call("PUT", f"api/contents/{path}", json=body)


def test_a_save_is_recorded_with_digest_and_cells_in_order(server: RunningServer) -> None:
    assert save(server, "saved.ipynb").status_code == 201
    kernel = server.open("saved.ipynb")
    journal = server.journal(kernel)
    journal.wait("document.bound")
    assert save(server, "saved.ipynb").status_code == 200
    [saved] = journal.wait("document.saved")
    raw = (server.root / "saved.ipynb").read_bytes()
    assert saved["sha256"] == hashlib.sha256(raw).hexdigest() and saved["bytes"] == len(raw)
    cells = [(c["cellId"], journal.text(c["code"])) for c in saved["cells"]]
    assert cells == [("cell-a", "a = 1"), ("cell-b", "b = 'ü'")]
    server.shut_down(kernel)


def test_the_bytes_on_disk_are_those_of_a_plain_save(server: RunningServer, tmp_path: Path) -> None:
    save(server, "plain.ipynb")
    kernel = server.open("plain.ipynb")
    save(server, "plain.ipynb")
    server.journal(kernel).wait("document.saved")
    with running(tmp_path, extension=False) as without:
        save(without, "plain.ipynb")
        expected = (without.root / "plain.ipynb").read_bytes()
        assert without.attest("GET", "settings").status_code == 404
    assert (server.root / "plain.ipynb").read_bytes() == expected
    server.shut_down(kernel)


def test_files_that_are_no_notebooks_are_none_of_its_business(server: RunningServer) -> None:
    body = {"type": "file", "format": "text", "content": "x"}
    assert server.call("PUT", "api/contents/note.txt", json=body).status_code == 201
