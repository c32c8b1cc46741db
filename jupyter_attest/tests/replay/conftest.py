"""A folder with its own home, journal and key, in which sessions are recorded and run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest


class Work:
    """Records notebooks and replays them with the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project" / "notebooks"
        self.folder.mkdir(parents=True)
        self.journal = folder / "journal"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "JUPYTER_ATTEST_DIR": str(self.journal),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
        }

    def run(self, module: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *args],
            cwd=self.folder,
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            timeout=280,
        )

    def record(self, cells: list[str], subject: str, name: str = "a.ipynb", **env: str) -> None:
        """Run the cells under the recorder, going on after errors, and make a record."""
        notebook: Any = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(notebook, self.folder / name)
        ran = self.run("jupyter_attest.execute", name, "--allow-errors", **env)
        assert ran.returncode == 0, ran.stderr
        made = self.run("jupyter_attest", "create", "--for", subject)
        assert made.returncode == 0, made.stderr

    def replay(self, subject: str, *args: str) -> tuple[int, dict[str, Any]]:
        done = self.run("jupyter_attest", "replay", subject, "--json", *args)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    def kernels(self) -> list[str]:
        """Command lines of processes that work in a replay's folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if "ipykernel" in words and "/replay-" in words:
                found.append(words)
        return found


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


@pytest.fixture(scope="module")
def new_work(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Work]:
    return lambda: Work(tmp_path_factory.mktemp("work"))
