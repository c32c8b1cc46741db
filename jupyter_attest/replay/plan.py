"""What a replay is asked to do, as ``jupyter attest replay`` writes it down (JSON)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a path starts from: ``root`` and what follows, or the way up from the notebook."""

    root: str
    rel: str
    up: str | None = None


@dataclass(frozen=True)
class Kernel:
    """A kernel of the record."""

    session: str
    hash_seed: str | None
    cwd: Place | None
    killed: bool
    follows: str | None


@dataclass(frozen=True)
class Step:
    """One run again."""

    session: str
    run: int
    code: str
    silent: bool
    execution_count: int | None
    status: str
    ename: str | None
    duration_ms: float | None


@dataclass(frozen=True)
class Input:
    """A file that was there before: where it lies now, and where it is to lie."""

    source: str
    place: Place
    sha256: str


@dataclass(frozen=True)
class Subject:
    """A file that the runs are to write, and files to compare it with when it differs."""

    name: str
    place: Place
    sha256: str
    against: list[str]


@dataclass(frozen=True)
class Plan:
    """A whole replay."""

    kernel_name: str
    folder: Place
    #: The notebook's own folder, absolute, where it is on this computer.
    base: str | None
    environment: dict[str, str]
    kernels: list[Kernel]
    steps: list[Step]
    inputs: list[Input]
    subjects: list[Subject]
    #: The written subjects are left here, as ``0``, ``1`` …; nowhere when null.
    keep: str | None
    timeout_s: float


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        ValueError: it isn't one of this version.
    """
    import json

    raw = json.loads(path.read_text("utf-8"))
    try:
        return Plan(
            **{
                **{each.name: raw[each.name] for each in fields(Plan)},
                "folder": Place(**raw["folder"]),
                "kernels": [_kernel(each) for each in raw["kernels"]],
                "steps": [Step(**each) for each in raw["steps"]],
                "inputs": [_placed(Input, each) for each in raw["inputs"]],
                "subjects": [_placed(Subject, each) for each in raw["subjects"]],
            }
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a plan of this version: {error}") from error


def _placed(kind: Any, raw: dict[str, Any]) -> Any:
    return kind(**{**raw, "place": Place(**raw["place"])})


def _kernel(raw: dict[str, Any]) -> Kernel:
    return Kernel(**{**raw, "cwd": Place(**raw["cwd"]) if raw["cwd"] else None})
