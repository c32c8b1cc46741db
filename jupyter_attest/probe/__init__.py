"""What runs inside the kernel and only watches: several parts here, one file there.

A kernel loads one file (its environment may lack this package), so ``bundle`` joins the parts:
their imports of each other fall away, because they share one namespace.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
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
    "delivered",
    "results",
    "runs",
    "sql",
    "reports",
    "wrappers",
    "hook",
    "observer",
    "watchdog",
    "core",
    "start",
)
#: Those of a child: it has no cells, no names and no meter of its own.
OF_CHILDREN = (
    *(part for part in PARTS if part not in {
        "entry", "code", "fingerprint", "names", "state", "evidence", "threads", "meter", "runs",
        "watchdog", "core", "start",
    }),
    "worker",
)  # fmt: skip


def bundle(names: Iterable[str] = PARTS) -> str:
    """Return the source of the one file that kernels, or children, load. Raises OSError."""
    folder = Path(__file__).parent
    parts = (folder / f"{name}.py" for name in names)
    return "\n\n".join(_without_imports(part.read_text("utf-8")) for part in parts)


def _without_imports(source: str) -> str:
    """Blank what only type checkers need, and imports of other parts (line numbers stay)."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        first, last = node.lineno, node.end_lineno or node.lineno
        if isinstance(node, ast.If) and _is_for_checkers(node.test):
            kept = node.orelse
            for number in range(first - 1, last):
                lines[number] = ""
            for other in kept:
                lines[other.lineno - 1] = ast.unparse(other)
        elif isinstance(node, ast.ImportFrom) and _is_unneeded(node):
            for number in range(first - 1, last):
                lines[number] = ""
    return "\n".join(lines).rstrip() + "\n"


def _is_for_checkers(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _is_unneeded(node: ast.ImportFrom) -> bool:
    """Of ``typing`` the parts use nothing but annotations, which stay unevaluated."""
    return node.level > 0 or node.module in ("__future__", "typing")
