"""Kernels shared by the probe's tests: starting one costs more than a test."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from .kernels import PROBE, Kernel


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A recorded kernel of this environment, for tests that leave it as it was."""
    with Kernel(tmp_path_factory.mktemp("shared")) as started:
        yield started


@pytest.fixture(scope="session")
def bare_python() -> str:
    """An interpreter whose environment has ipykernel and no package of ours, kept between runs."""
    tag = hashlib.sha256(f"{sys.executable}{sys.version}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"jupyter-attest-bare-{tag}"
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists():
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
        command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*command, "ipykernel"], check=True, timeout=240)
        ready.touch()
    return str(python)


@pytest.fixture(scope="session")
def probe() -> dict[str, Any]:
    """The probe's names, without starting it."""
    import __future__

    code: CodeType = compile(
        PROBE.read_text(),
        str(PROBE),
        "exec",
        __future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    names: dict[str, Any] = {"__name__": "jupyter_attest_probe", "__file__": str(PROBE)}
    exec(code, names)
    return names
