"""Start in a kernel: launched by our provisioner, or late."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

from .core import Probe
from .references import _join, _module_table


def active_probe() -> Probe | None:
    """Return the probe that already records this process, asking through the audit hooks."""
    answer: list[Any] = []
    try:
        sys.audit("jupyter_attest.who", answer)
    except Exception:
        return None
    return answer[0] if answer else None


def start_late(shell: Any, folder: str, runs_missed: int) -> str:
    """Start in a kernel that is running already; the current run is recorded from here on.

    Returns the id of the session. Raises OSError if the session's folder can't be written.
    """
    probe = Probe(shell, folder, "late", runs_missed)
    probe.start()
    request = probe.request()
    if request.code is not None and not request.open:
        info = types.SimpleNamespace(raw_cell=request.code, store_history=None, silent=False)
        probe.open_run(request, "cell", info, request.code)
    return probe.sid


def launch() -> None:
    """Start in a kernel that our provisioner launched; then run the user's own startup file."""
    environ = os.environ
    folder = environ.pop("JUPYTER_ATTEST_SESSION", None)
    users = environ.pop("JUPYTER_ATTEST_STARTUP", None)
    if users:
        environ["PYTHONSTARTUP"] = users
    else:
        environ.pop("PYTHONSTARTUP", None)
    shell = _module_table["IPython"].get_ipython()
    try:
        if folder and hasattr(shell, "kernel"):
            Probe(shell, folder, "launch", 0).start()
            try:
                os.unlink(_join(folder, "starting"))
            except OSError:
                pass
    except BaseException:  # the marker stays: the next start of this kernel is a plain one
        pass
    if users:
        run_startup(shell, users)


def run_startup(shell: Any, path: str) -> None:
    """Run the user's startup file as IPython would have, errors included."""
    app: Any = shell.kernel.parent
    ours = os.path.dirname(os.path.realpath(__file__))
    there = bool(sys.path) and sys.path[0] == ours
    if there:
        del sys.path[0]
    try:
        app._exec_file(path)
    except Exception:
        app.log.warning("Unknown error in handling PYTHONSTARTUP file %s:", path)
        shell.showtraceback()
    finally:
        if there:
            sys.path.insert(0, ours)


if globals().get("launched"):
    launch()
