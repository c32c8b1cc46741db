"""Secrets are cut out before anything is written."""

from __future__ import annotations

import re
from typing import Any

SECRET_WORDS = (
    "password", "passwd", "pwd", "secret", "token", "apikey", "api-key", "api_key", "access-key",
    "access_key", "accesskey", "auth", "credential", "signature", "private-key", "private_key",
    "sig", "x-amz-", "x-goog-",
)  # fmt: skip
CUT = "***"


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter's name announces a secret."""
    lowered = name.lower()
    return lowered in ("key", "code") or any(word in lowered for word in SECRET_WORDS)


def cut_url(url: str) -> str:
    """Return a URL without user information, fragment and the values of secret parameters."""
    head, mark, rest = url.partition("://")
    if not mark:
        head, rest = "", url
    rest = rest.partition("#")[0]
    place, question, query = rest.partition("?")
    authority, slash, path = place.partition("/")
    if mark and "@" in authority:
        authority = authority.rpartition("@")[2]
    if question:
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            pairs.append(name + equals + (CUT if value and is_secret_name(name) else value))
        query = "&".join(pairs)
    return head + mark + authority + slash + path + question + query


#: In a shell command: a header, an option with a value, an assignment, a URL.
_SECRET_NAME = (
    r"[\w.-]*(?:passw(?:or)?d|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|auth|credential|signature)[\w.-]*"
)
_IN_COMMAND = re.compile(
    r"(?P<header>\b" + _SECRET_NAME + r"\s*:\s*)(?P<value1>[^'\"]+)"
    r"|(?P<option>(?<![\w-])-{1,2}" + _SECRET_NAME + r"\s+)(?P<value2>'[^']*'|\"[^\"]*\"|\S+)"
    r"|(?P<assigned>" + _SECRET_NAME + r"=)(?P<value3>'[^']*'|\"[^\"]*\"|[^\s'\"]+)"
    r"|(?P<url>\b[\w+.-]+://[^\s'\"]+)",
    re.IGNORECASE,
)


def cut_command(command: str) -> tuple[str, list[dict[str, Any]]]:
    """Cut secrets out of a shell command given as one text; return it with their spans."""
    text, end = "", 0
    spans: list[dict[str, Any]] = []
    for match in _IN_COMMAND.finditer(command):
        if match["url"]:
            kept, shown = "", cut_url(match["url"])
            if shown == match["url"]:
                continue
        else:
            kept, shown = match["header"] or match["option"] or match["assigned"], CUT
        text += command[end : match.start()] + kept
        end = match.end()
        spans.append({"start": len(text), "end": len(text) + len(shown), "kind": "secret"})
        text += shown
    return text + command[end:], spans


#: In a statement: a secret's literal, and what a command would show too.
_IN_SQL = re.compile(
    r"(?P<kept>\b(?:identified\s+(?:with\s+\S+\s+)?by|" + _SECRET_NAME + r"|key_id|secret)\b"
    r"\s*(?:=>|:=|=|,)?\s*)(?P<value>'(?:[^']|'')*')",
    re.IGNORECASE,
)


def cut_sql(statement: str) -> tuple[str, list[dict[str, Any]]]:
    """Cut secrets out of a SQL text; return it with their spans."""
    text = _IN_SQL.sub(lambda match: match["kept"] + CUT, statement)
    return cut_command(text) if text == statement else (cut_command(text)[0], [])


def cut_argv(words: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Join an argument vector into one text, secrets replaced; return it with their spans."""
    text = ""
    spans: list[dict[str, Any]] = []
    hide_next = False
    for word in words:
        text += " " if text else ""
        name, equals, value = word.partition("=")
        shown = word
        if hide_next:
            shown = CUT
        elif "://" in name:
            shown = cut_url(word)
        elif len(word.split()) > 1:  # a header, or a command within a command: sh -c "…"
            shown = cut_command(word)[0]
        elif equals and value and is_secret_name(name.lstrip("-")):
            text += name + "="
            shown = CUT
        secret = shown != word
        option = word.startswith("-") and not equals
        hide_next = not hide_next and option and is_secret_name(word.lstrip("-"))
        start = len(text)
        text += shown if shown == CUT else _quoted(shown)
        if secret:
            spans.append({"start": start, "end": len(text), "kind": "secret"})
    return text, spans


def _quoted(word: str) -> str:
    if word and all(c.isalnum() or c in "@%+=:,./_-*" for c in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
