"""Copies of the probe for kernels and their children. Standard library only."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..journal import write_private
from . import OF_CHILDREN, bundle

_PACKAGE = Path(__file__).parents[1]


def read(path: Path) -> bytes | None:
    """The bytes of a file, ``None`` if it can't be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


class ProbeMissingError(RuntimeError):
    """The package has no probe to copy."""


class ProbeSource:
    """What is copied, read once: an upgrade under a running server changes nothing."""

    def __init__(self) -> None:
        """Read the package's files."""
        try:
            self.probe: bytes | None = bundle().encode()
            child: bytes | None = bundle(OF_CHILDREN).encode()
        except (OSError, SyntaxError):
            self.probe = child = None
        self.others = {
            "child.py": child,
            "wrappers.json": read(_PACKAGE / "static" / "wrappers.json"),
            "secrets.json": read(_PACKAGE / "static" / "secrets.json"),
            "carrier/sitecustomize.py": read(_PACKAGE / "probe" / "carrier" / "sitecustomize.py"),
        }

    def install(self, home: Path) -> Path:
        """Copy the probe, its tables and its carrier to ``probe/<digest>/``.

        The folder is named by the first 12 hexadecimal digits of the SHA-256 of
        them all, so that kernels of two versions can run at once.

        Returns:
            The path of the copied ``probe.py``.

        Raises:
            ProbeMissingError: the package has no probe.
            OSError: the journal home can't be written.
        """
        if self.probe is None:
            raise ProbeMissingError("the probe isn't in the installed package")
        whole = b"".join([self.probe, *(raw or b"" for raw in self.others.values())])
        folder = home / "probe" / hashlib.sha256(whole).hexdigest()[:12]
        target = folder / "probe.py"
        if read(target) != self.probe:
            for name, raw in self.others.items():
                if raw is not None:
                    _make_private((folder / name).parent)
                    write_private(folder / name, raw)
            # Python makes these with the user's mask when a child loads its probe.
            for name in ("", "carrier"):
                _make_private(folder / name / "__pycache__")
            write_private(target, self.probe)
        return target


def _make_private(folder: Path) -> None:
    """Make a folder and its parents, each for its owner only (``mkdir`` limits only the last)."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
