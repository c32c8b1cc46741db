"""``%load_ext jupyter_attest``: record a kernel that nobody launched with us.

Standard library only, because it runs in the kernel. It makes the session's folder itself, so that
a late start needs no server: the record is made from the journal (``create --journal``).
"""

from __future__ import annotations
import __future__

import builtins
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from .probe.install import ProbeSource


def journal_home() -> Path:
    """``$JUPYTER_ATTEST_DIR``, else ``attest`` in Jupyter's data directory.

    As ``places.journal_home``, without importing jupyter_core into the kernel.
    """
    named = os.environ.get("JUPYTER_ATTEST_DIR")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("JUPYTER_DATA_DIR")
    if data:
        return Path(data).expanduser() / "attest"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter" / "attest"
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "jupyter" / "attest"
    share = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(share) / "jupyter" / "attest"


def make_session(home: Path) -> Path:
    """Make a session's folder with its key; return it. Raises OSError."""
    folder = home / "sessions" / str(uuid.UUID(bytes=os.urandom(16), version=4))
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "sessions").mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    (folder / "texts").mkdir(mode=0o700)
    fd = os.open(folder / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(os.urandom(32).hex())
    return folder


def load_probe(home: Path) -> dict[str, Any]:
    """Run the probe in a namespace of its own, which no module table shows.

    It is copied to the journal home as at a launch, so that children of the kernel find it.
    Raises OSError and ProbeMissingError.
    """
    path = ProbeSource().install(home)
    flags = __future__.annotations.compiler_flag
    namespace: dict[str, Any] = {
        "__name__": "jupyter_attest_probe",
        "__file__": str(path),
        "package": str(Path(__file__).parent),  # its files are the recorder's, not the user's
        "__builtins__": dict(vars(builtins)),  # as in the probe's own entry
    }
    exec(compile(path.read_bytes(), str(path), "exec", flags, dont_inherit=True), namespace)
    return namespace


def start(shell: Any) -> None:
    """Begin recording and say so in one line; say why in one line if that isn't possible."""
    if not hasattr(shell, "kernel"):
        print("jupyter-attest: this is no notebook kernel, nothing is recorded.")
        return
    answer: list[Any] = []
    sys.audit("jupyter_attest.who", answer)
    if answer:
        answer[0].attach()
        print("jupyter-attest: this kernel is being recorded already.")
        return
    missed = max(0, len(shell.user_ns.get("In", ())) - 2)
    try:
        home = journal_home()
        folder = make_session(home)
        sid = load_probe(home)["start_late"](shell, str(folder), missed)
    except Exception as error:
        print(f"jupyter-attest: recording could not begin: {error}")
        return
    before = "no run came" if not missed else f"{missed} run{'s' * (missed != 1)} came"
    print(f"jupyter-attest: recording began (session {sid}); {before} before it.")
