"""The package goes away, or another one comes in its place, while a server runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import jupyter_attest

from .running import RunningServer, running

GONE = "raise ImportError('uninstalled')\n"


def installed_copy(folder: Path) -> Path:
    """The package in a folder of its own, found before the one of this environment."""
    package = folder / "site" / "jupyter_attest"
    source = Path(jupyter_attest.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("tests", "labextension"))
    return package


def save(server: RunningServer, path: str) -> None:
    model = server.call("GET", f"api/contents/{path}").json()
    body = {key: model[key] for key in ("type", "format", "content")}
    assert server.call("PUT", f"api/contents/{path}", json=body).status_code == 200


@pytest.mark.parametrize("successor", [None, GONE, "__version__ = '99.0'\n"])
def test_kernels_and_saves_go_on(tmp_path: Path, successor: str | None) -> None:
    package = installed_copy(tmp_path)
    environment = {"PYTHONPATH": str(package.parent)}
    with running(tmp_path / "server", env=environment) as server:
        server.write_notebook("n.ipynb", "x = 1")
        server.write_notebook("m.ipynb", "x = 1")
        kernel = server.open("n.ipynb")
        client = server.client(kernel)
        assert client.run("x = 1")["status"] == "ok"

        shutil.rmtree(package)
        if successor is not None:
            package.mkdir()
            (package / "__init__.py").write_text(successor)

        assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
        client.wait_for_ready()
        assert client.run("y = 2")["status"] == "ok"
        other = server.client(server.open("m.ipynb"))
        assert other.run("z = 3")["status"] == "ok"
        save(server, "n.ipynb")
        assert server.journal(kernel).wait("run.input")
        client.stop()
        other.stop()
