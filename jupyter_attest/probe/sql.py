"""Files that a SQL statement names: what DuckDB and SQLite open for it natively."""

from __future__ import annotations

from typing import Any

from .values import unquoted

#: Literals, names, brackets, commas, assignments; comments count as spaces.
_TOKEN = (
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>\"(?:[^\"]|\"\")*\"|[A-Za-z_]\w*)"
    r"|(?P<mark>=>|:=|[()\[\]{},;=])"
    r"|(?P<parameter>\?|\$\w+)"
)
#: Longer statements are data more than code (an INSERT of a whole table).
LONGEST = 1 << 16
_CLOSING = {")": "(", "]": "[", "}": "{"}


def files_in_sql(statement: str, parameters: list[str]) -> list[tuple[str, str]]:
    """Return the (path, direction) pairs that a statement names, in its order.

    The direction is ``read``, ``write`` or ``update`` (an attached database). ``parameters`` are
    the texts bound to placeholders, in order; one that stands where a file would is one.
    """
    found: list[tuple[str, str]] = []
    verb, before, opener = "", "", ""
    stack: list[tuple[str, str]] = []
    waiting = list(parameters)
    for match in _tokens(statement[:LONGEST]):
        kind, token = match.lastgroup, match.group()
        if kind == "comment":
            continue
        if kind in ("text", "parameter"):
            path = token[1:-1].replace("''", "'") if kind == "text" else None
            if kind == "parameter":
                path = waiting.pop(0) if waiting else None
            direction = _direction(verb, before, stack)
            if path and direction:
                found.append((path, direction))
            before = "" if kind == "text" else "?"
            continue
        word = token.lower()
        if word == "read_only" and verb == "attach" and found and found[-1][1] == "update":
            found[-1] = (found[-1][0], "read")
        if kind == "name" and word[0] == '"':
            if before in ("from", "join") and "." in word:
                found.append((token[1:-1], "read"))
            word = ""
        elif word in "([{":
            stack.append((word, before))
            opener = word
        elif word in _CLOSING:
            if stack and stack[-1][0] == _CLOSING[word]:
                stack.pop()
        elif word == ";":
            verb, stack = "", []
        elif kind == "name" and word in _VERBS and not stack:
            verb = word if verb not in ("copy", "export", "import") else verb
        before = opener if word in ("[", "(") else word
    return found


def _tokens(statement: str) -> Any:
    import re  # when it is needed: few children run a statement

    return re.finditer(_TOKEN, statement, re.DOTALL)


_VERBS = frozenset({
    "select", "copy", "attach", "export", "import", "create", "insert", "with", "from", "describe",
    "summarize", "detach", "load", "install", "vacuum",
})  # fmt: skip


def _direction(verb: str, before: str, stack: list[tuple[str, str]]) -> str | None:
    """Judge what a literal means from the words before it; None if it names no file."""
    if before in ("from", "join"):
        return "read"
    if (verb, before) in (("copy", "to"), ("vacuum", "into")):
        return "write"
    if verb == "attach" and before in ("attach", "database", "exists"):
        return "update"
    if before == "database" and verb in ("export", "import"):
        return "write" if verb == "export" else "read"
    if before in ("(", "[", ","):
        brackets = [bracket for bracket, _ in stack]
        names = [name for bracket, name in stack if bracket == "("]
        if "{" not in brackets and names and names[-1].startswith(_READERS):
            return "read" if before != "," or "[" in brackets else None
    return None


#: Functions whose first argument is a file, a glob or a list of them.
_READERS = (
    "read_", "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata",
    "sniff_csv", "sqlite_scan", "delta_scan", "iceberg_scan", "scan_arrow", "glob",
)  # fmt: skip


def database_file(name: str) -> tuple[str, bool] | None:
    """Return the file of a database as SQLite is told it, and whether it is only read.

    None if it is in memory. An address is decoded: https://www.sqlite.org/uri.html
    """
    if name in ("", ":memory:"):
        return None
    if not name.startswith("file:"):
        return name, False
    path, _, query = name[5:].partition("?")
    if "mode=memory" in query or path == ":memory:":
        return None
    if path.startswith("//"):
        path = "/" + path[2:].partition("/")[2]
    return unquoted(path), "mode=ro" in query or "immutable=1" in query
