"""Follows the files of other observers: whole lines only, each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Bytes taken of one file at a time.
_BLOCK = 4 * 1024 * 1024


class Tails:
    """All files of a session's folder whose name fits a pattern."""

    def __init__(self, folder: Path, pattern: str) -> None:
        """Follow ``folder/pattern`` from the start of each file."""
        self._folder = folder
        self._pattern = pattern
        self._offsets: dict[Path, int] = {}
        self._rests: dict[Path, bytes] = {}

    def read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """File name and event for every line that was completed since the last call."""
        for file in sorted(self._folder.glob(self._pattern)):
            for line in self._new_lines(file):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield file.name, event

    def _new_lines(self, file: Path) -> Iterator[bytes]:
        offset = self._offsets.get(file, 0)
        try:
            with file.open("rb") as handle:
                handle.seek(offset)
                while block := handle.read(_BLOCK):
                    offset += len(block)
                    lines = (self._rests.get(file, b"") + block).split(b"\n")
                    self._rests[file] = lines.pop()
                    self._offsets[file] = offset
                    yield from lines
        except OSError:
            return
