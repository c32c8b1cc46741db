"""What runs inside the kernel and only watches: several parts here, one file there.

A kernel loads one file (its environment may lack this package), so ``bundle`` joins the parts:
their imports of each other fall away, because they share one namespace.
"""

from __future__ import annotations

import ast
from pathlib import Path

#: Each part uses only parts before it.
PARTS = (
    "entry",
    "references",
    "values",
    "redaction",
    "journal",
    "handover",
    "code",
    "environment",
    "fingerprint",
    "names",
    "state",
    "evidence",
    "recording",
    "standins",
    "descriptors",
    "files",
    "starters",
    "threads",
    "meter",
    "processes",
    "network",
    "runs",
    "sql",
    "reports",
    "wrappers",
    "hook",
    "core",
    "start",
)


def bundle() -> str:
    """Return the source of the one file that kernels load. Raises OSError."""
    folder = Path(__file__).parent
    parts = (folder / f"{name}.py" for name in PARTS)
    return "\n\n".join(_without_imports(part.read_text("utf-8")) for part in parts)


def _without_imports(source: str) -> str:
    """Blank the imports of other parts (line numbers stay) and those for type checkers."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if _is_between_parts(node):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "\n".join(lines).rstrip() + "\n"


def _is_between_parts(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or node.module == "__future__"
    typed = isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    return typed and node.test.id == "TYPE_CHECKING"  # type: ignore[attr-defined]
