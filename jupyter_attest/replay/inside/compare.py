"""Two files compared by their content: JSON on standard input, JSON on standard output."""

# This runs on Python 3.8.
# ruff: noqa: B905
from __future__ import annotations

import array
import json
import struct
import sys
from pathlib import Path
from typing import Any

from .forms import read_form
from .items import Items, NotComparableError, Tensor, Value

CANONICAL = "v1"

#: Largest difference, as a part of an item's largest magnitude, that still is `close`.
CLOSE = 1e-3

_CODES = {"f8": "d", "f4": "f", "f2": "e"}


class Difference:
    """The largest difference of numbers so far."""

    def __init__(self) -> None:
        self.absolute = 0.0
        self.relative = 0.0

    def add(self, absolute: float, largest: float) -> None:
        """An item whose numbers differ by so much."""
        self.absolute = max(self.absolute, absolute)
        part = absolute / largest if largest > 0 else (0.0 if absolute == 0 else float("inf"))
        self.relative = max(self.relative, part)


def numbers(tensor: Tensor) -> list[float] | None:
    """Its numbers, when they are floating-point numbers that this Python can read."""
    kind = tensor.dtype[1:]
    if kind == "bf2":
        halves = struct.unpack(f"<{len(tensor.data) // 2}H", tensor.data)
        return [struct.unpack("<f", struct.pack("<I", each << 16))[0] for each in halves]
    code = _CODES.get(kind)
    if code is None:
        return None
    order = ">" if tensor.dtype[0] == ">" else "<"
    size = struct.calcsize(code)
    if order == "<" and code in "df" and sys.byteorder == "little":
        read = array.array(code)
        read.frombytes(tensor.data)
        return list(read)
    return list(struct.unpack(f"{order}{len(tensor.data) // size}{code}", tensor.data))


def differ(a: Value, b: Value, difference: Difference) -> bool:
    """Whether two items differ by more than numbers; differences of numbers are added."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _differ_in_tensors(a, b, difference)
    if isinstance(a, float) and isinstance(b, float):
        if a != b and not (a != a and b != b):
            difference.add(abs(a - b), max(abs(a), abs(b)))
        return False
    return a != b


def _differ_in_tensors(a: Tensor, b: Tensor, difference: Difference) -> bool:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return True
    if a.data == b.data:
        return False
    left, right = numbers(a), numbers(b)
    if left is None or right is None:
        return True
    pairs = [(x, y) for x, y in zip(left, right) if not (x != x and y != y)]
    if any((x != x) != (y != y) for x, y in pairs):
        return True
    largest = max((max(abs(x), abs(y)) for x, y in pairs), default=0.0)
    difference.add(max((abs(x - y) for x, y in pairs), default=0.0), largest)
    return False


def compare_items(a: Items, b: Items) -> tuple[str, Difference | None, str | None]:
    """The relation, the differences of numbers, and the first item that differs otherwise."""
    missing = sorted(set(a) ^ set(b))
    if missing:
        return "different", None, missing[0]
    difference = Difference()
    for name in sorted(a):
        if differ(a[name], b[name], difference):
            return "different", None, name
    if difference.absolute == 0:
        return "same-content", None, None
    close = difference.relative <= CLOSE
    return ("close" if close else "different"), difference, None


def compare(a: str, b: str) -> dict[str, Any]:
    """How the contents of two files compare; never raises."""
    try:
        form, left = read_form(Path(a).read_bytes(), a)
        other, right = read_form(Path(b).read_bytes(), a)
    except NotComparableError as error:
        return {"relation": "different", "why": str(error)}
    except Exception as error:
        return {"relation": "different", "why": f"not readable: {type(error).__name__}"}
    if form != other:
        return {"relation": "different", "why": f"one is {form}, the other {other}"}
    relation, difference, name = compare_items(left, right)
    numbers_of = (
        {"maxAbs": difference.absolute, "maxRel": min(difference.relative, 1e308)}
        if difference
        else {}
    )
    why = {"why": f"{name[:80]} differs"} if name else {}
    return {"relation": relation, "format": form, "canonical": CANONICAL, **numbers_of, **why}


def main() -> int:
    """Compare each pair of paths that standard input lists."""
    pairs = json.load(sys.stdin)
    json.dump([compare(a, b) for a, b in pairs], sys.stdout)
    return 0
