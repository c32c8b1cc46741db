"""What is told of the answers of databases."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from jupyter_attest.tests.journals import Event

from .kernels import Kernel, of


def fingerprint(rows: list[list[Any]]) -> str:
    """The fingerprint of an answer, as the documentation says how to take it."""
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def answers(events: list[Event], asking: Kernel, statement: str) -> list[dict[str, Any]]:
    """What was told of the answers to a statement, each as it was told last."""
    asked = [e for e in of(events, "db.queried") if "result" in e]
    told = [e["result"] for e in asked if asking.text(e["statement"]) == statement]
    return list({result["id"]: result for result in told}.values())
