"""How a kernel is started under strace, and whether that is possible here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

#: What ``kernel.started`` says when the kernel was started under the tracer.
EXPECTED = "expected"

#: Key of a kernel specification's metadata: ``{"jupyter_attest": {"tracer": "strace"}}``.
METADATA = "jupyter_attest"

#: Longest time that the trial may take, in s.
_PATIENCE_S = 20.0

#: Calls that name files, make processes or connect; ``?``: where the machine has them.
_CALLS = [
    *("open", "openat", "openat2", "creat", "open_by_handle_at", "truncate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("unlink", "unlinkat", "chdir", "fchdir", "execve", "execveat"),
    *("clone", "clone3", "fork", "vfork", "connect", "io_uring_setup"),
]

#: A process's end by a signal is only told where the signal is; these come often and end none.
_SIGNALS = "!SIGCHLD,SIGALRM,SIGVTALRM,SIGPROF"

#: ``-DDD``: the kernel stays the process that Jupyter started, and the tracer has a session of
#: its own, so that an interrupt or a kill of the kernel's group goes past it. ``-I 3``: no
#: signal ends the tracer before the kernel. ``--seccomp-bpf``: other calls cost nothing.
_OPTIONS = [
    *("-DDD", "-f", "-q", "-I", "3", "--seccomp-bpf", "-y", "-ttt", "-s", "4096", "-A"),
    *("-e", "signal=" + _SIGNALS, "-e", "trace=" + ",".join("?" + call for call in _CALLS)),
]


def is_wanted(spec: Any) -> bool:
    """Whether a kernel specification asks for the tracer."""
    metadata = getattr(spec, "metadata", None) or {}
    ours = metadata.get(METADATA) if isinstance(metadata, dict) else None
    return isinstance(ours, dict) and ours.get("tracer") == "strace"


def command(log: Path, argv: list[str]) -> list[str]:
    """The command line that starts ``argv`` with its calls written to ``log``.

    The log is made here, readable by its owner only; the tracer appends to it.

    Raises:
        OSError: it exists already or can't be made.
    """
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return [str(shutil.which("strace") or "strace"), *_OPTIONS, "-o", str(log), "--", *argv]


def why_not() -> str | None:
    """Why no kernel can be traced here, in one clause; ``None`` where it can."""
    if sys.platform != "linux":
        return "tracing is only possible on Linux"
    program = shutil.which("strace")
    if program is None:
        return "strace is not on PATH"
    return _trial(program)


def version() -> str | None:
    """Version of the strace on PATH, e.g. ``6.1``; ``None`` without one."""
    program = shutil.which("strace")
    return _version(program) if program else None


@lru_cache(maxsize=4)
def _version(program: str) -> str | None:
    try:
        said = subprocess.run(
            [program, "-V"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\S+)", said.stdout)
    return found[1] if found else None


@lru_cache(maxsize=4)
def _trial(program: str) -> str | None:
    """Trace strace itself, as a kernel would be traced, once per process."""
    with tempfile.TemporaryDirectory(prefix="attest-trial-") as folder:
        log = Path(folder) / "log"
        line = [program, *_OPTIONS, "-o", str(log), "--", program, "-V"]
        try:
            said = subprocess.run(
                line,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=False,
            )
            if said.returncode == 0 and log.exists() and b"execve(" in log.read_bytes():
                return None
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"strace couldn't be tried ({type(error).__name__})"
    return _reason(said.stderr.decode("utf-8", "replace"))


def _reason(complaint: str) -> str:
    if "ptrace" in complaint.lower() and "not permitted" in complaint:
        return "the system does not allow tracing (ptrace is refused)"
    last = complaint.strip().splitlines()
    return f"strace failed: {last[-1][:200]}" if last else "strace saw nothing"
