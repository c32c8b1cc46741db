"""jupyter-attest: signed, honest build records of notebook sessions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("jupyter-attest")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-attest"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "jupyter_attest.server.extension"}]


def load_ipython_extension(shell: Any) -> None:
    """Start recording in a kernel that nobody launched with us (``%load_ext jupyter_attest``)."""
    from .magic import start

    start(shell)
