"""The kernel "Python 3 (traced)": the usual Python kernel with a mark that asks for the tracer."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_core.paths import jupyter_data_dir

from .launch import METADATA, is_wanted

NAME = "python3-traced"
DISPLAY_NAME = "Python 3 (traced)"


class NotOursError(Exception):
    """A kernel of that name is there that somebody else made."""


def folder() -> Path:
    """Where the specification lies, in the user's own kernels."""
    return Path(jupyter_data_dir()) / "kernels" / NAME


def is_installed() -> bool:
    """Whether Jupyter finds a traced kernel of that name."""
    try:
        return is_wanted(KernelSpecManager().get_kernel_spec(NAME))
    except NoSuchKernel:
        return False


def install() -> Path:
    """Make the specification, or make it anew for this Python; returns its folder.

    Raises:
        NotOursError: another kernel has the name.
        OSError: it can't be written.
    """
    _check_ours()
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict

    spec: dict[str, Any] = get_kernel_dict()
    spec["display_name"] = DISPLAY_NAME
    spec["metadata"] = {**spec.get("metadata", {}), METADATA: {"tracer": "strace"}}
    with tempfile.TemporaryDirectory() as made:
        source = Path(made) / NAME
        shutil.copytree(RESOURCES, source)
        (source / "kernel.json").write_text(json.dumps(spec, indent=1), "utf-8")
        KernelSpecManager().install_kernel_spec(str(source), NAME, user=True)
    return folder()


def remove() -> bool:
    """Remove the specification; false where there was none.

    Raises:
        NotOursError: another kernel has the name.
        OSError: it can't be removed.
    """
    if not folder().exists():
        return False
    _check_ours()
    shutil.rmtree(folder())
    return True


def _check_ours() -> None:
    file = folder() / "kernel.json"
    if not file.exists():
        return
    try:
        metadata = json.loads(file.read_text("utf-8")).get("metadata", {})
    except (OSError, ValueError, AttributeError):
        metadata = {}
    if not isinstance(metadata, dict) or METADATA not in metadata:
        raise NotOursError(str(folder()))
