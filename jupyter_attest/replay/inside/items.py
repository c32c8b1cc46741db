"""What a file holds, as a list of named items: the canonical form v1, in which writing order,
dates and layouts don't count."""

# This runs on Python 3.8.
# ruff: noqa: UP006, UP007, UP035
from __future__ import annotations

import hashlib
from typing import Any, Dict, NamedTuple, Union


class Tensor(NamedTuple):
    """Numbers of one type: its name as numpy's ``dtype.str``, the shape, the bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


#: A number that may differ a little, anything else as text.
Value = Union[Tensor, float, str]

#: Items by name; the order in which they were written doesn't count.
Items = Dict[str, Value]


class NotComparableError(Exception):
    """This content can't be compared; the text says why in a few words."""


def add(items: Items, name: str, value: Value) -> None:
    """Add an item; a name that stands twice gets a number."""
    unique, n = name, 1
    while unique in items:
        n += 1
        unique = f"{name} ({n})"
    items[unique] = value


def of_bytes(data: bytes) -> str:
    """Bytes that nothing is known about."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def flatten(items: Items, name: str, value: Any, seen: list[int] | None = None) -> None:
    """Add plain Python data: each number and text under the path that leads to it."""
    seen = seen or []
    if id(value) in seen:
        add(items, name, "the same again")
        return
    inner = [*seen, id(value)]
    if isinstance(value, (Tensor, float)):
        add(items, name, value)
    elif isinstance(value, dict):
        add(items, name, f"dict of {len(value)}")
        for index, (key, each) in enumerate(value.items()):
            if isinstance(key, (str, int, bool)):
                flatten(items, f"{name}[{key!r}]", each, inner)
            else:
                flatten(items, f"{name}.key{index}", key, inner)
                flatten(items, f"{name}.value{index}", each, inner)
    elif isinstance(value, (list, tuple)):
        add(items, name, f"{type(value).__name__} of {len(value)}")
        for index, each in enumerate(value):
            flatten(items, f"{name}[{index}]", each, inner)
    elif isinstance(value, (set, frozenset)):
        add(items, name, f"{type(value).__name__} of {sorted(map(canonical_text, value))}")
    elif isinstance(value, (bytes, bytearray)):
        add(items, name, of_bytes(bytes(value)))
    else:
        add(items, name, f"{type(value).__name__} {value!r}")


def canonical_text(value: Any) -> str:
    """One text for equal values, to sort the members of a set by."""
    items: Items = {}
    flatten(items, "", value)
    return repr(sorted((name, repr(each)) for name, each in items.items()))
