"""Read a session's journal as strictly as a verifier would: chain, order, schema."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "events.schema.json"

Event = dict[str, Any]


@lru_cache(maxsize=1)
def _variants() -> dict[str, Any]:
    """One validator per event type: a failure then names the field, not the union."""
    from jsonschema import Draft202012Validator

    schema = json.loads(SCHEMA.read_text())
    definitions = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    found = {}
    for variant in schema.get("oneOf") or schema["anyOf"]:
        target = variant
        while "$ref" in target:
            target = schema
            for part in variant["$ref"].lstrip("#/").split("/"):
                target = target[part]
        found[target["properties"]["type"]["const"]] = Draft202012Validator(
            {**target, **definitions}
        )
    return found


def check_schema(event: Event) -> None:
    """Fail with the event's type and the first fault."""
    validator = _variants().get(event["type"])
    assert validator is not None, f"unknown event type {event['type']}"
    for fault in validator.iter_errors(event):
        raise AssertionError(f"{event['type']}: {fault.json_path}: {fault.message}")


def _whole_lines(path: Path) -> bytes:
    """The bytes of one file; an observer that is at a line just now has five seconds to end it."""
    until = time.monotonic() + 5
    while True:
        raw = path.read_bytes()
        if raw == b"" or raw.endswith(b"\n"):
            return raw
        assert time.monotonic() < until, f"{path.name} ends in a torn line"
        time.sleep(0.01)


def read_journal(path: Path) -> list[Event]:
    """The events of one file; asserts chain, order, observer and schema."""
    raw = _whole_lines(path)
    events: list[Event] = []
    previous = None
    declared = set()
    for number, line in enumerate(raw.split(b"\n")[:-1]):
        assert len(line) < 1 << 20
        event = json.loads(line)
        assert (event["v"], event["seq"], event["prev"]) == (1, number, previous), path.name
        previous = hashlib.sha256(line).hexdigest()
        check_schema(event)
        if event["type"] == "observer.joined":
            declared.add(event["observer"]["id"])
        assert event["type"] == "journal.started" or event["by"] in declared
        events.append(event)
    return events


def read_session(folder: Path) -> dict[str, list[Event]]:
    """Every journal file of a session, by name."""
    return {path.name: read_journal(path) for path in sorted(folder.glob("*.jsonl"))}


def text_of(folder: Path, text: dict[str, Any]) -> str:
    """A text of the session; asserts that digest, salt and length are its own."""
    raw = (folder / "texts" / text["sha256"]).read_bytes()
    key = bytes.fromhex((folder / "key").read_text().strip())
    salt = hmac.new(key, raw, "sha256").digest()[:16]
    assert base64.b64decode(text["salt"]) == salt
    assert hashlib.sha256(salt + raw).hexdigest() == text["sha256"]
    assert len(raw) == text["bytes"]
    return raw.decode("utf-8", "surrogatepass")
