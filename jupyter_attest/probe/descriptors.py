"""``os.open`` with ``dir_fd``: its audit event leaves out which folder the path is relative to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .references import _frame, _ident
from .standins import stand_in

if TYPE_CHECKING:
    from .recording import Recording


class OpenInFolder:
    """Notes the ``dir_fd`` of the ``os.open`` that each thread is about to make."""

    def __init__(self, probe: Recording) -> None:
        self.probe = probe
        #: Descriptor of a folder by thread.
        self.folders: dict[int, int] = {}
        self.code: Any = None

    def install(self) -> None:
        """Put a stand-in in the place of ``os.open``: it doesn't bind, and equals the original."""
        if os.open not in os.supports_dir_fd:
            return
        os.open = stand_in(os.open, self, vars(os))  # type: ignore[arg-type]
        self.code = type(os.open).__dict__["__call__"].__func__.__code__

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the call."""
        try:
            folder = kwargs.get("dir_fd")
            if type(folder) is int:
                self.folders[_ident()] = folder
            elif self.folders:
                self.folders.pop(_ident(), None)
        except BaseException as error:
            if self.probe.failed("os.open", error):
                raise

    def finish(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """After the call."""
        try:
            if self.folders:
                self.folders.pop(_ident(), None)
        except BaseException as error:
            if self.probe.failed("os.open", error):
                raise

    def caller(self) -> str:
        """Return the name of the function that made the open whose audit event is being judged."""
        frame = _frame(3)
        if frame.f_code is self.code and frame.f_back is not None:
            frame = frame.f_back
        return frame.f_code.co_name
