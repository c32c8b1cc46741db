"""What governs recording: an operator's defaults, and the user's own changes beside them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from traitlets import Bool, Int, Unicode
from traitlets import List as ListTrait
from traitlets.config import Configurable

from ..home import make_private
from ..journal import write_private
from ..places import journal_home

#: Name in the REST answer and in ``settings.json`` of each trait that a user may change.
USER_NAMES = {
    "enabled": "enabled",
    "draft_on_save": "draftOnSave",
    "max_hash_bytes": "maxHashBytes",
    "ignored": "ignored",
    "retention_days": "retentionDays",
    "quota_bytes": "quotaBytes",
}


class SettingsError(ValueError):
    """A value that a setting can't take; the text says which."""


class Attest(Configurable):
    """Recording of notebook sessions (jupyter-attest)."""

    enabled = Bool(True, help="Record kernels that this server starts.").tag(config=True)
    home = Unicode(
        "",
        help="Folder of the journal; $JUPYTER_ATTEST_DIR or <Jupyter data folder>/attest if empty.",
    ).tag(config=True)
    max_hash_bytes = Int(2 * 1024**3, min=0, help="Larger files get no fingerprint, in bytes.").tag(
        config=True
    )
    roots = ListTrait(
        Unicode(), help="Folders that are watched beside those of the notebooks."
    ).tag(config=True)
    ignored = ListTrait(
        Unicode(), help="Names or absolute paths of files and folders that aren't watched."
    ).tag(config=True)
    retention_days = Int(90, min=1, help="Sessions without a record are kept this long.").tag(
        config=True
    )
    quota_bytes = Int(2 * 1024**3, min=0, help="Size of the journal, in bytes.").tag(config=True)
    draft_on_save = Bool(
        True, help="Make an unsigned draft of the record when a notebook is saved."
    ).tag(config=True)

    #: Whether the server's configuration switches recording off.
    off_by_operator = False

    @property
    def home_folder(self) -> Path:
        """The journal home, absolute."""
        return Path(self.home).expanduser().absolute() if self.home else journal_home()

    @property
    def _file(self) -> Path:
        return self.home_folder / "settings.json"

    def load_changes(self) -> None:
        """Take the user's own changes over the defaults; what can't be read is left out.

        An operator's ``c.Attest.enabled = False`` stands: nobody switches it on again.
        """
        stored = self._stored()
        self.off_by_operator = not self.enabled
        if self.off_by_operator:
            stored.pop("enabled", None)
        for trait, name in USER_NAMES.items():
            if name in stored:
                with contextlib.suppress(Exception):
                    setattr(self, trait, stored[name])

    def _stored(self) -> dict[str, Any]:
        """The user's own changes; empty when there are none or they can't be read."""
        with contextlib.suppress(OSError, ValueError):
            stored = json.loads(self._file.read_text("utf-8")) if self._file.is_file() else {}
            if isinstance(stored, dict):
                return stored
        return {}

    def answer(self) -> dict[str, Any]:
        """The settings as ``GET settings`` answers them."""
        return {name: getattr(self, trait) for trait, name in USER_NAMES.items()}

    def change(self, changes: Any) -> None:
        """Take and store changes of the user.

        Args:
            changes: an object with some of the names of ``GET settings``.

        Raises:
            SettingsError: an unknown name or a value of the wrong kind; nothing is changed.
            OSError: the journal home can't be written.
        """
        if not isinstance(changes, dict):
            raise SettingsError("settings are an object")
        unknown = set(changes) - set(USER_NAMES.values())
        if unknown:
            raise SettingsError(f"there is no setting named {sorted(unknown)[0]}")
        if self.off_by_operator and changes.get("enabled"):
            raise SettingsError("recording is switched off in the server's configuration")
        trial = Attest()
        for trait, name in USER_NAMES.items():
            if name in changes:
                try:
                    setattr(trial, trait, changes[name])
                except Exception as error:
                    raise SettingsError(f"{name} can't be {changes[name]!r}"[:200]) from error
        make_private(self.home_folder)
        text = json.dumps({**self._stored(), **changes}, indent=1)
        write_private(self._file, text.encode("utf-8"))
        for trait, name in USER_NAMES.items():
            if name in changes:
                setattr(self, trait, changes[name])
