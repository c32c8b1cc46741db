"""What happens after a save: one event, and now and then a draft of the record.

The hook itself only queues. Digest and cells are the helper's work, the draft
is made by an idle process; the .ipynb is never touched.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
import time
from typing import Any

from ..helper.priority import be_idle
from ..journal import settled_path
from ..node import NodeNotFoundError, cli_command, cli_environment
from .recorder import Recorder, Recording
from .settings import Attest

log = logging.getLogger("jupyter_attest")

#: Between two drafts of one notebook, in s.
DRAFT_EVERY_S = 60.0
#: How long the helper may take before a draft, and a draft in all, in s.
_FLUSH_S = 20.0
_DRAFT_S = 300.0


class SaveHook:
    """The contents manager's post-save hook."""

    __name__ = "jupyter_attest_after_save"

    def __init__(self, settings: Attest, recorder: Recorder) -> None:
        """File saves with ``recorder``."""
        self._settings = settings
        self._recorder = recorder
        self._drafted: dict[str, tuple[float, str, int]] = {}
        self._working = threading.Lock()

    def __call__(self, model: Any = None, os_path: Any = None, **_: Any) -> None:
        """Queue the work; returns at once and never raises."""
        try:
            if model and model.get("type") == "notebook" and os_path:
                path = settled_path(str(os_path))
                self._recorder.saved(path, lambda recording: self._after(path, recording))
        except Exception as error:
            log.warning("jupyter-attest: a save wasn't recorded: %r", error)

    def _after(self, path: str, recording: Recording) -> None:
        """On the recorder's thread, once the save is in the journal."""
        if self._draft_is_due(path, recording):
            self._drafted[path] = (time.monotonic(), recording.sid, recording.runs)
            threading.Thread(
                target=self._draft, args=(path, recording.sid), name="attest-draft", daemon=True
            ).start()

    def _draft_is_due(self, path: str, recording: Recording) -> bool:
        if not self._settings.draft_on_save or recording.paused or recording.runs == 0:
            return False
        last = self._drafted.get(path)
        if last is None:
            return True
        when, sid, runs = last
        new_runs = sid != recording.sid or recording.runs > runs
        return new_runs and time.monotonic() - when >= DRAFT_EVERY_S

    def _draft(self, path: str, sid: str) -> None:
        with self._working, contextlib.suppress(Exception):
            self._recorder.flush(sid, _FLUSH_S).result(_FLUSH_S + 5)
            try:
                command = cli_command(
                    "create", "--draft", "--session", sid, "--notebook", path, "--json"
                )
            except NodeNotFoundError:
                return
            home = str(self._recorder.home)
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**cli_environment(), "JUPYTER_ATTEST_DIR": home},
            )
            be_idle(process.pid)
            try:
                process.wait(_DRAFT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
