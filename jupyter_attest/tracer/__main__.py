"""``python -m jupyter_attest.tracer install|remove|status``: one JSON object on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any

from . import kernelspec
from .launch import version, why_not


def status() -> dict[str, Any]:
    """Whether kernels can be traced here, and whether the traced kernel is offered."""
    return {"reason": why_not(), "strace": version(), "installed": kernelspec.is_installed()}


def main(arguments: list[str]) -> int:
    """Do what the one argument says; 0 done, 1 impossible (``problem`` says why)."""
    verb = arguments[0] if len(arguments) == 1 else ""
    try:
        if verb == "install":
            answer: dict[str, Any] = {"folder": str(kernelspec.install()), **status()}
        elif verb == "remove":
            answer = {"removed": kernelspec.remove(), **status()}
        elif verb == "status":
            answer = status()
        else:
            answer = {"problem": "say install, remove or status"}
    except kernelspec.NotOursError as error:
        answer = {"problem": f"{error} is a kernel that somebody else made"}
    except (OSError, ImportError) as error:
        answer = {"problem": str(error)}
    print(json.dumps(answer))
    return 1 if "problem" in answer else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
