"""Where the journal lives. Loaded by every command: it imports little."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


def journal_home() -> Path:
    """``$JUPYTER_ATTEST_DIR``, else ``attest`` in Jupyter's data directory (not created here)."""
    named = os.environ.get("JUPYTER_ATTEST_DIR")
    home = Path(named).expanduser() if named else Path(jupyter_data_dir()) / "attest"
    return home.absolute()
