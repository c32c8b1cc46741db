"""What several kinds of tests need: the npm package, packed and installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def other_kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kernels of another interpreter, where JUPYTER_ATTEST_TEST_PYTHON names one."""
    python = os.environ.get("JUPYTER_ATTEST_TEST_PYTHON")
    with pytest.MonkeyPatch.context() as patch:
        if python is not None:
            folder = tmp_path_factory.mktemp("kernels")
            (folder / "kernels" / "python3").mkdir(parents=True)
            argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            spec = {"argv": argv, "display_name": "other", "language": "python"}
            (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
            patch.setenv("JUPYTER_PATH", str(folder))
        yield


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package as it would be published."""
    folder = tmp_path_factory.mktemp("npm")
    pack = ["npm", "pack", "--ignore-scripts", "--pack-destination", str(folder)]
    subprocess.run(pack, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [packed] = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="session")
def npm_folder(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was empty before the npm package was installed there."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "package.json").write_text("{}")
    install = ["npm", "install", "--no-audit", "--no-fund", str(tarball)]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=240)
    return folder
