"""Kernels shared by the probe's tests: starting one costs more than a test."""

from __future__ import annotations

import re
import shutil
import venv
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from .kernels import PROBE, Kernel

PACKAGE = Path(__file__).parents[2] / "probe"


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A recorded kernel of this environment, for tests that leave it as it was."""
    with Kernel(tmp_path_factory.mktemp("shared")) as started:
        yield started


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter whose environment has ipykernel, what it needs, and no package of ours.

    The distributions are copied from this environment, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.EnvBuilder(with_pip=False).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    waiting, done = ["ipykernel"], set()
    while waiting:
        name = re.split(r"[^\w.-]", waiting.pop().strip())[0].lower()
        if name in done:
            continue
        done.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:  # needed on another platform
            continue
        waiting += [need for need in found.requires or [] if "extra ==" not in need]
        for file in found.files or []:
            source = Path(str(found.locate_file(file)))
            if ".." not in file.parts and source.is_file():
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, site / file)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="session")
def probe() -> dict[str, Any]:
    """The probe's names, without starting it."""
    import __future__

    code: CodeType = compile(
        PROBE,
        "probe.py",
        "exec",
        __future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    file = str(PACKAGE / "probe.py")
    names: dict[str, Any] = {"__name__": "jupyter_attest_probe", "__file__": file}
    exec(code, names)
    return names
