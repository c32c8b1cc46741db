"""jupyter-attest: signed, honest build records of notebook sessions."""

from __future__ import annotations

from typing import Any

__version__: str


def __getattr__(name: str) -> str:
    """``__version__``, looked up when it is asked for: that takes longer than most imports."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("jupyter-attest")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0.0.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-attest"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "jupyter_attest.server.extension"}]


def load_ipython_extension(shell: Any) -> None:
    """Start recording in a kernel that nobody launched with us (``%load_ext jupyter_attest``)."""
    from .magic import start

    start(shell)
