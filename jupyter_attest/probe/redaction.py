"""Secrets are cut out before anything is written, by the table ``secrets.json``."""

from __future__ import annotations

import os
from typing import Any

from .references import _join, _loads
from .values import read_small

#: Schemes whose user information is no secret: the container of a storage account.
_CONTAINERS = ("abfs", "abfss", "wasb", "wasbs")
#: Where something may be a secret, a text is shown up to here (characters): longer ones are data.
_LONGEST = 1 << 15


def _decoded(text: str) -> str:
    import re  # when it is needed: most children cut nothing

    return re.sub("%([0-9A-Fa-f]{2})", lambda match: chr(int(match.group(1), 16)), text)


class Secrets:
    """The table of shapes; compiled when first needed, which most children never do."""

    def __init__(self) -> None:
        """Read the table, beside the one file that kernels load or in the package."""
        here = os.path.dirname(os.path.abspath(__file__))
        beside = _join(here, "secrets.json")
        packaged = _join(os.path.dirname(here), "static", "secrets.json")
        raw = read_small(beside, 1 << 20) or read_small(packaged, 1 << 20)
        self.table: dict[str, Any] | None = _loads(raw) if raw else None
        self.cut: str = self.table["cut"] if self.table else "***"
        self.shapes: dict[str, Any] = {}

    def compile(self, pattern: str, flags: str) -> Any:
        """Compile a pattern, once, with the names that the table gives once."""
        assert self.table is not None
        if pattern not in self.shapes:
            import re

            name = "(?:" + self.table["name"] + r")[\w.-]{0,40}"
            whole = pattern.replace("{name}", name).replace("{parameter}", self.table["parameter"])
            case = re.IGNORECASE if flags == "i" else 0
            self.shapes[pattern] = re.compile(whole, re.ASCII | case)
        return self.shapes[pattern]

    def announces(self, name: str) -> bool:
        """Tell whether a name announces a secret."""
        if self.table is None:
            return True
        return self.compile("{name}|^{parameter}$", "i").search(name) is not None

    def possible(self, text: str, parts: tuple[str, ...]) -> list[Any]:
        """Return the shapes that may be found in a text."""
        assert self.table is not None
        lowered = text.lower()
        rows = [
            row
            for part in parts
            for row in self.table[part]
            if any(word in lowered for word in row["needs"])
        ]
        named = any(row.get("named") for row in rows) and self.announces(text)
        return [
            self.compile(row["pattern"], row.get("flags", ""))
            for row in rows
            if named or not row.get("named")
        ]

    def encoded(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of addresses that hold a token once they are decoded."""
        assert self.table is not None
        places = []
        for match in self.compile(self.table["encoded"], "").finditer(text, 0, _LONGEST):
            plain = _decoded(match.group())
            if any(shape.search(plain) for shape in self.possible(plain, ("tokens",))):
                places.append(match.span())
        return places

    def found(self, text: str, parts: tuple[str, ...]) -> list[tuple[int, int]]:
        """Return where secrets stand in a text, in its order, apart from each other."""
        if self.table is None:  # nothing can be told apart: then nothing is shown
            return [(0, len(text))] if text else []
        places = []
        for shape in self.possible(text, parts):
            if len(text) > _LONGEST:
                places.append((_LONGEST, len(text)))
            for match in shape.finditer(text, 0, _LONGEST):
                groups = [len(group or "") for group in match.groups()] + [0, 0]
                places.append((match.start() + groups[0], match.end() - groups[1]))
        if "%" in text:
            places += self.encoded(text)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(places):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            elif end > start:
                merged.append((start, end))
        return merged


_secrets = Secrets()
CUT = _secrets.cut


def _cut(text: str, parts: tuple[str, ...]) -> tuple[str, list[dict[str, Any]]]:
    shown, end = "", 0
    spans: list[dict[str, Any]] = []
    for start, stop in _secrets.found(text, parts):
        shown += text[end:start]
        spans.append({"start": len(shown), "end": len(shown) + len(CUT), "kind": "secret"})
        shown += CUT
        end = stop
    return shown + text[end:], spans


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter's name announces a secret."""
    return _secrets.announces(name)


def cut_text(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Cut secrets out of a command, a statement or any text; return it with their spans."""
    return _cut(text, ("tokens", "phrases"))


def cut_url(url: str) -> str:
    """Return a URL without user information, fragment, tokens and secret parameters' values."""
    url = cut_text(url)[0]
    head, mark, rest = url.partition("://")
    if not mark:
        head, rest = "", url
    rest = rest.partition("#")[0]
    place, question, query = rest.partition("?")
    authority, slash, path = place.partition("/")
    if mark and "@" in authority and head.lower() not in _CONTAINERS:
        authority = authority.rpartition("@")[2]
    if question:
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            secret = value and is_secret_name(_decoded(name))
            pairs.append(name + equals + (CUT if secret else value))
        query = "&".join(pairs)
    return head + mark + authority + slash + path + question + query


def cut_argv(words: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Join an argument vector into one text, secrets replaced; return it with their spans."""
    text = ""
    spans: list[dict[str, Any]] = []
    hide_next = False
    for word in words:
        text += " " if text else ""
        name, equals, value = word.partition("=")
        if hide_next:
            shown = CUT
        elif equals and value and "://" not in name and is_secret_name(name.lstrip("-")):
            text += name + "="
            shown = CUT
        else:
            shown = cut_url(word) if "://" in word and " " not in word else cut_text(word)[0]
        secret = shown != word
        option = word.startswith("-") and not equals
        hide_next = not hide_next and option and is_secret_name(word.lstrip("-"))
        start = len(text)
        text += shown if shown == CUT else _quoted(shown)
        if secret:
            spans.append({"start": start, "end": len(text), "kind": "secret"})
    whole, more = cut_text(text)  # what only the words together say: curl -u user:password
    return (whole, more) if whole != text else (text, spans)


def _quoted(word: str) -> str:
    if word and all(c.isalnum() or c in "@%+=:,./_-*" for c in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
