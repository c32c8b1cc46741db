"""Contents paths in, paths on this computer out, and nothing outside the root."""

from __future__ import annotations

import os
from typing import Any

#: The one hidden folder that our routes show.
_OURS = ".attest"


class PathError(ValueError):
    """A path that isn't a contents path inside the root."""


class Root:
    """The folder that contents paths start from."""

    def __init__(self, folder: str, *, allow_hidden: bool = False) -> None:
        """``folder`` is absolute; ``allow_hidden`` as the contents manager has it."""
        self.folder = os.path.realpath(folder)
        self._allow_hidden = allow_hidden

    def inside(self, contents_path: Any) -> str:
        """The absolute path of a contents path, links in its folders resolved or not.

        Raises:
            PathError: it leads outside, is hidden, or isn't a contents path at all.
        """
        if not isinstance(contents_path, str) or "\0" in contents_path:
            raise PathError("a path is missing")
        parts = [p for p in contents_path.removeprefix("RTC:").split("/") if p]
        for part in parts:
            self._check(part)
        path = os.path.join(self.folder, *parts)  # noqa: PTH118
        if not self.holds(path):
            raise PathError("the path leads outside of the server's folder")
        return path

    def relative(self, contents_path: Any) -> str:
        """A checked contents path as an argument of the command line.

        Raises:
            PathError: as :meth:`inside`.
        """
        path = os.path.relpath(self.inside(contents_path), self.folder)
        return f".{os.sep}{path}" if path.startswith("-") else path

    def holds(self, path: str) -> bool:
        """Whether an absolute path, its links resolved, lies inside the root."""
        real = os.path.realpath(path)
        return real == self.folder or real.startswith(self.folder.rstrip(os.sep) + os.sep)

    def _check(self, part: str) -> None:
        if part == ".." or os.sep in part or (os.altsep and os.altsep in part):
            raise PathError("the path leads outside of the server's folder")
        if os.name == "nt" and ":" in part:
            raise PathError("that isn't a contents path")
        if part.startswith(".") and part not in (".", _OURS) and not self._allow_hidden:
            raise PathError("the path is hidden")
