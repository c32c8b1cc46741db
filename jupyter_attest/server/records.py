"""Saved records, found by notebook and by invocation, without Node."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from pathlib import Path
from typing import Any

from ..journal import path_of

#: Files of a record folder that the routes hand out.
MEMBERS = frozenset(
    {
        "record.sigstore.json",
        "record.intoto.json",
        "runs.json",
        "coverage.json",
        "inputs.json",
        "environment.json",
        "condensed.ipynb",
    }
)
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID, in lower case."""
    return _UUID.match(text) is not None


def records_of(home: Path, document: str, show: Any) -> list[dict[str, Any]]:
    """Records whose primary notebook is ``document`` (absolute path), newest first.

    Args:
        home: the journal home.
        document: absolute path of the notebook.
        show: turns an absolute path into the one that the answer has.
    """
    found = []
    for journal in (home / "attests").glob("*.jsonl"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = _record_in(home, journal, document, show)
            if record is not None:
                found.append(record)
    return sorted(found, key=lambda record: str(record["createdAt"]), reverse=True)


def _record_in(home: Path, journal: Path, document: str, show: Any) -> dict[str, Any] | None:
    requested: dict[str, Any] | None = None
    written: dict[str, Any] | None = None
    for line in journal.read_bytes().splitlines():
        event = json.loads(line)
        if event.get("type") == "attest.requested":
            requested = event
        elif event.get("type") == "record.written":
            written = event
    if requested is None or written is None or path_of(requested["document"]) != document:
        return None
    invocation = journal.stem
    file = record_file(home, invocation)
    if file is None:
        return None
    return {
        "invocation": invocation,
        "file": file.name,
        "createdAt": requested["finishedOn"],
        "subjects": [show(path_of(subject["path"]) or "") for subject in requested["subjects"]],
        "signed": written.get("keyHint") is not None,
    }


def record_file(home: Path, invocation: str) -> Path | None:
    """The record itself in its folder of the journal home."""
    folder = home / "records" / invocation
    for name in ("record.sigstore.json", "record.intoto.json"):
        if (folder / name).is_file():
            return folder / name
    return None


def member(home: Path, invocation: str, name: str) -> bytes | None:
    """Bytes of one file of a record folder; ``None`` when there is none of that name."""
    if not is_uuid(invocation) or name not in MEMBERS:
        return None
    try:
        return (home / "records" / invocation / name).read_bytes()
    except OSError:
        return None


class CursorError(ValueError):
    """A cursor that this server didn't give out."""


#: Bytes of the journal in one answer.
MAX_TAIL = 1024 * 1024


def tail(session: Path, cursor: str) -> dict[str, Any]:
    """What was appended to the files of a session since a cursor.

    Args:
        session: the session's folder.
        cursor: from an earlier answer, or empty for the start.

    Returns:
        ``{cursor, lines: [{file, line}], more}``: whole lines as they are in the
        files; ``more`` is true when the answer was cut.

    Raises:
        CursorError: the cursor isn't one of ours.
    """
    offsets = _offsets(cursor)
    lines: list[dict[str, str]] = []
    room, more = MAX_TAIL, False
    for file in sorted(session.glob("*.jsonl")):
        with contextlib.suppress(OSError), file.open("rb") as handle:
            handle.seek(offsets.get(file.name, 0))
            block = handle.read(room)
            end = block.rfind(b"\n") + 1
            if not end and len(block) == room > 0:
                block += handle.readline()
                end = block.rfind(b"\n") + 1
            lines += [
                {"file": file.name, "line": line.decode("utf-8", "replace")}
                for line in block[:end].split(b"\n")[:-1]
            ]
            offsets[file.name] = offsets.get(file.name, 0) + end
            room = max(0, room - end)
            more = more or room == 0
    encoded = base64.urlsafe_b64encode(json.dumps(offsets).encode()).decode()
    return {"cursor": encoded, "lines": lines, "more": more}


def _offsets(cursor: str) -> dict[str, int]:
    if not cursor:
        return {}
    try:
        read = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return {str(name): max(0, int(offset)) for name, offset in read.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise CursorError("that isn't a cursor of this server") from error
