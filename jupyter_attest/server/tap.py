"""The tap: what clients ask of a kernel through this server's websockets.

A mixin stacked on whatever websocket connection class is set when all extensions
have started. It hands the header, the metadata and the content of each
execute_request to the recorder; it looks at nothing else (no stdin, no buffers,
no completions), and the message goes on untouched before anybody reads it.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("jupyter_attest")

#: The first jupyter_server that calls a start hook once all extensions are loaded.
NEEDED_SERVER = (2, 16)

#: Subprotocol of JupyterLab's binary messages, as jupyter_server names it.
_V1 = "v1.kernel.websocket.jupyter.org"
#: Channels on which a kernel runs code.
_CHANNELS = ("shell", "control")
_MARK = "execute_request"
_SETTING = "kernel_websocket_connection_class"


@dataclass(frozen=True)
class Frames:
    """An execute_request as it came in: JSON texts that nobody has parsed yet."""

    header: bytes | str
    metadata: bytes | str
    content: bytes | str


@dataclass(frozen=True)
class Request:
    """What an execute_request asks for."""

    msg_id: str
    client: str
    code: str
    cell_id: str | None
    silent: bool
    store_history: bool
    expressions: int


class NoRequestError(ValueError):
    """A message that looked like an execute_request and isn't a readable one."""


def frames_of(message: Any, subprotocol: str | None) -> Frames | None:
    """The parts of an execute_request; ``None`` for any other message.

    Args:
        message: as the websocket delivered it.
        subprotocol: what the connection agreed on.

    Raises:
        Exception: whatever a malformed message makes of it; the caller drops it.
    """
    if subprotocol == _V1:
        return _v1(message)
    text = _first_part(message) if isinstance(message, bytes) else message
    # Cheap enough for every completion and every line of stdin.
    if not isinstance(text, str) or f'"{_MARK}"' not in text:
        return None
    whole = json.loads(text)
    if whole.get("channel", "shell") not in _CHANNELS:
        return None
    if whole.get("header", {}).get("msg_type") != _MARK:
        return None
    parts = (json.dumps(whole.get(name) or {}) for name in ("header", "metadata", "content"))
    return Frames(*parts)


def _v1(message: bytes) -> Frames | None:
    """Offsets (uint64, little endian), then channel, header, parent, metadata, content, buffers.

    Source: jupyter_server ``services/kernels/connection/base.py``.
    """
    count = int.from_bytes(message[:8], "little")
    if not 6 <= count <= 10_000:
        return None
    offsets = struct.unpack_from(f"<{count}Q", message, 8)
    if message[offsets[0] : offsets[1]].decode("ascii", "replace") not in _CHANNELS:
        return None
    header = message[offsets[1] : offsets[2]]
    if f'"{_MARK}"'.encode() not in header:
        return None
    metadata, content = message[offsets[3] : offsets[4]], message[offsets[4] : offsets[5]]
    return Frames(header, metadata, content)


def _first_part(message: bytes) -> str:
    """The JSON of the older binary framing: count and offsets as uint32, big endian."""
    count = struct.unpack_from("!I", message)[0]
    offsets = struct.unpack_from(f"!{min(count, 2)}I", message, 4)
    end = offsets[1] if len(offsets) > 1 else len(message)
    return message[offsets[0] : end].decode("utf-8")


def request_of(frames: Frames) -> Request:
    """Parse an execute_request.

    Raises:
        NoRequestError: it isn't one.
    """
    try:
        header, metadata, content = (
            json.loads(part) for part in (frames.header, frames.metadata, frames.content)
        )
        if header["msg_type"] != _MARK:
            raise NoRequestError("another message")
        silent = bool(content.get("silent", False))
        cell_id = metadata.get("cellId")
        return Request(
            msg_id=str(header["msg_id"]),
            client=str(header.get("session", "")),
            code=str(content.get("code", "")),
            cell_id=cell_id if isinstance(cell_id, str) else None,
            silent=silent,
            store_history=bool(content.get("store_history", not silent)) and not silent,
            expressions=len(content.get("user_expressions") or {}),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NoRequestError(str(error)) from error


Listener = Callable[[str, Frames], None]
"""Told the kernel's id and the request; returns at once."""


class TapMixin:
    """In front of a kernel's websocket connection class."""

    #: Who is told; ``None`` while nobody listens.
    attest_listener: Listener | None = None

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message on; then tell of it, should it ask for code to be run."""
        super().handle_incoming_message(incoming_msg)  # type: ignore[misc]
        try:
            listener = type(self).attest_listener
            if listener is None:
                return
            frames = frames_of(incoming_msg, getattr(self, "subprotocol", None))
            if frames is not None:
                listener(str(self.kernel_id), frames)  # type: ignore[attr-defined]
        except Exception as error:
            log.debug("jupyter-attest: a request wasn't read: %r", error)


class Tap:
    """The tap of one server."""

    def __init__(self, settings: dict[str, Any], listener: Listener) -> None:
        """Listen for ``listener``; ``settings`` are those of the server's web application."""
        self._settings = settings
        self._listener = listener
        self._ours: Any = None
        self._before: Any = None

    def install(self) -> str | None:
        """Stack the mixin on the class that is set; why not, where it can't be."""
        current = self._settings.get(_SETTING)
        if not isinstance(current, type) or not hasattr(current, "handle_incoming_message"):
            return "the server's websockets can't be listened to"
        self._before = current
        # staticmethod: a plain function on a class would be bound to the connection.
        members = {"attest_listener": staticmethod(self._listener)}
        self._ours = type(f"Attest{current.__name__}", (TapMixin, current), members)
        self._settings[_SETTING] = self._ours
        return None

    def remove(self) -> None:
        """Stop listening; connections that are open go on."""
        if self._ours is None:
            return
        self._ours.attest_listener = None
        if self._settings.get(_SETTING) is self._ours:
            self._settings[_SETTING] = self._before
        self._ours = None


def passes_by(connection: Any) -> bool:
    """Whether an open websocket connection was made without the tap."""
    return connection is not None and not isinstance(connection, TapMixin)
