"""The folder of one replay: empty but for the recorded inputs, gone afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .plan import Input, Place, Plan

_CHUNK = 1 << 20


class NotPossibleError(Exception):
    """The runs can't be run again here; the text says why."""


class Sandbox:
    """Folders that stand for the notebook's and the home folder.

    ``home/`` is the home folder. The notebook's folder lies in it where it did, else in
    ``tree/``, under its own name and so deep that ``..`` stays inside.
    """

    def __init__(self, plan: Plan) -> None:
        """Make the empty folders."""
        self._plan = plan
        self.top = Path(os.path.realpath(tempfile.mkdtemp(prefix="replay-")))
        self.home = self.top / "home"
        self.run = self.top / "run"
        self.temporary = self.top / "tmp"
        self.notebook = self._notebook_folder()
        for folder in (self.home, self.run, self.temporary, self.notebook):
            folder.mkdir(parents=True, exist_ok=True)

    def _notebook_folder(self) -> Path:
        folder = self._plan.folder
        if folder.root == "home":
            return self.inside(self.home / folder.rel)
        depth = max((up.count("..") for up in self._ways_up()), default=0)
        levels = [f"above{n}" for n in range(depth)]
        return self.inside(Path(self.top, "tree", *levels, folder.rel or "notebook"))

    def _ways_up(self) -> list[str]:
        plan = self._plan
        places = [each.place for each in plan.inputs]
        places += [each.place for each in plan.subjects]
        places += [kernel.cwd for kernel in plan.kernels if kernel.cwd is not None]
        return [place.up for place in places if place.up]

    def inside(self, path: Path) -> Path:
        """The path, if it lies in the sandbox.

        Raises:
            NotPossibleError: a name leads out of it.
        """
        settled = Path(os.path.normpath(path))
        if settled != self.top and self.top not in settled.parents:
            raise NotPossibleError(f"{path.name} would lie outside the folder of the replay")
        return settled

    def path_of(self, place: Place) -> Path | None:
        """Where a path lies in the sandbox; ``None`` for one that nothing relative leads to."""
        if place.root == "notebook":
            return self.inside(self.notebook / place.rel)
        if place.root == "home":
            return self.inside(self.home / place.rel)
        return self.inside(self.notebook / place.up) if place.up else None

    def bring(self, each: Input) -> None:
        """Copy an input in, checking its fingerprint on the way.

        One outside all known folders is read where it lies: then it is only checked.

        Raises:
            NotPossibleError: it is gone or has changed.
        """
        target = self.path_of(each.place)
        try:
            digest = copy_hashed(Path(each.source), target)
        except OSError as error:
            raise NotPossibleError(f"the input {each.place.rel}: {error.strerror}") from error
        if digest != each.sha256:
            raise NotPossibleError(f"the input {each.place.rel} has changed since it was read")

    def remove(self) -> None:
        """Nothing stays."""
        shutil.rmtree(self.top, ignore_errors=True)


def copy_hashed(source: Path, target: Path | None) -> str:
    """The SHA-256 of a file, copied to ``target`` where one is given."""
    digest = hashlib.sha256()
    with contextlib.ExitStack() as open_files:
        read = open_files.enter_context(source.open("rb"))
        write = None
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            write = open_files.enter_context(target.open("wb"))
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            if write is not None:
                write.write(chunk)
    return digest.hexdigest()


#: Names of the environment that reach the kernel: where programs, libraries and devices are.
_ALLOWED = (
    "PATH", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SYSTEMROOT", "COMSPEC",
)  # fmt: skip


def environment_for(sandbox: Sandbox, plan: Plan, hash_seed: str | None) -> dict[str, str]:
    """The kernel's environment: an allow-list, the recorded switches, and our folders."""
    allowed = {
        name: value
        for name, value in os.environ.items()
        if name in _ALLOWED or name.startswith("LC_")
    }
    seed = {"PYTHONHASHSEED": hash_seed} if hash_seed and hash_seed != "random" else {}
    return {
        **allowed,
        **plan.environment,
        **seed,
        "HOME": str(sandbox.home),
        "USERPROFILE": str(sandbox.home),
        "TMPDIR": str(sandbox.temporary),
        "TEMP": str(sandbox.temporary),
        "JUPYTER_RUNTIME_DIR": str(sandbox.run),
    }


def namespaces_allowed() -> bool:
    """Whether network and the rest of the disk can be taken away here without privileges."""
    if sys.platform != "linux":
        return False
    ways = '{"check": true, "writable": [], "over": []}'
    command = [sys.executable, str(ENTER), ways]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    return False


ENTER = Path(__file__).parent / "enter.py"
GUARD = Path(__file__).parent / "guard.py"
