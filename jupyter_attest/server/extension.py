"""The server extension: wires recorder, provisioner, save hook and routes to a server.

Whatever fails of ours leaves the server and its kernels as they were before;
the log and the status say so.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import time
from pathlib import Path
from typing import Any

import jupyter_server
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from ..home import prune
from ..node import NodeNotFoundError, cli_command
from ..provisioner import (
    EXPECTED,
    AttestProvisioner,
    Policy,
    install_probe,
    make_default,
    undo_default,
)
from .clients import ClientLabels
from .documents import DocumentWatcher
from .recorder import LISTENING, Recorder, RecorderSettings, Recording
from .routes import handlers
from .save import SaveHook
from .settings import Attest
from .tap import NEEDED_SERVER, Tap

log = logging.getLogger("jupyter_attest")

_KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
_CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"

#: A kernel whose probe hasn't said hello by then, in s, is recorded without it.
_HELLO_S = 10.0
#: First and later looks at the journal's size, in s.
_PRUNE_FIRST_S, _PRUNE_EVERY_S = 60.0, 86_400.0
#: Node is looked for again this often while it is missing, in s.
_NODE_EVERY_S = 60.0


class Extension:
    """All of ours in one server."""

    def __init__(self, serverapp: Any) -> None:
        """Make the parts; nothing is attached to the server yet."""
        self._serverapp = serverapp
        self.settings = Attest(parent=serverapp)
        self.settings.load_changes()
        #: Why recording doesn't work at all; ``None`` while it does.
        self.problem: str | None = None
        #: Why kernels start without us; ``None`` while they do with.
        self.provisioner_problem: str | None = None
        self.recorder: Recorder | None = None
        self.documents: DocumentWatcher | None = None
        self.tap: Tap | None = None
        self._listening: list[tuple[str, Any]] = []
        self._node_problem: str | None = None
        self._node_asked = 0.0
        self._prune_handle: Any = None

    @property
    def home(self) -> Path:
        """The journal home."""
        return self.settings.home_folder

    @property
    def root(self) -> str:
        """Folder that contents paths start from, absolute."""
        manager = self._serverapp.contents_manager
        return str(getattr(manager, "root_dir", "") or self._serverapp.root_dir)

    # ---------------------------------------------------------------- start

    def start(self) -> None:
        """Attach everything to the server."""
        recorder = Recorder(
            self.home,
            self._recorder_settings(),
            labeller=ClientLabels(self._serverapp),
            on_activity=self._on_activity,
        )
        self.recorder = recorder
        recorder.tap = _no_tap()
        self.documents = DocumentWatcher(self._serverapp, recorder)
        recorder.start()
        atexit.register(self.stop)
        self._listen()
        hook = SaveHook(self.settings, recorder)
        self._serverapp.contents_manager.register_post_save_hook(hook)
        self._take_over_kernels(recorder)
        self._prune_later(_PRUNE_FIRST_S)

    def _take_over_kernels(self, recorder: Recorder) -> None:
        try:
            install_probe(self.home)
        except Exception as error:
            log.warning("jupyter-attest: the probe can't be installed: %s", error)
        AttestProvisioner.policy = Policy(
            home=lambda: self.home, enabled=lambda: self.settings.enabled, observer=recorder
        )
        factory = KernelProvisionerFactory.instance(parent=self._serverapp)
        self.provisioner_problem = make_default(factory)
        if self.provisioner_problem is not None:
            log.warning("jupyter-attest: %s", self.provisioner_problem)

    def listen_to_requests(self) -> None:
        """Put the tap in front of the websockets; called when every extension has started."""
        recorder = self.recorder
        if recorder is None or not recorder.started or self.tap is not None:
            return
        self.tap = Tap(self._serverapp.web_app.settings, recorder.requested)
        recorder.tap = self.tap.install() or LISTENING

    def _listen(self) -> None:
        logger = self._serverapp.event_logger
        for schema, listener in (
            (_KERNEL_ACTIONS, self._on_kernel_action),
            (_CONTENTS, self._on_contents),
        ):
            try:
                logger.add_listener(schema_id=schema, listener=listener)
                self._listening.append((schema, listener))
            except Exception as error:
                log.warning("jupyter-attest: no events of %s: %r", schema, error)

    def stop(self) -> None:
        """Close every journal; the server goes on, or ends."""
        atexit.unregister(self.stop)
        if self.tap is not None:
            self.tap.remove()
        for schema, listener in self._listening:
            with contextlib.suppress(Exception):
                self._serverapp.event_logger.remove_listener(schema_id=schema, listener=listener)
        self._listening = []
        if self._prune_handle is not None:
            self._prune_handle.cancel()
        if self.recorder is not None:
            if AttestProvisioner.policy.observer is self.recorder:
                AttestProvisioner.policy = Policy(enabled=lambda: False)
                if KernelProvisionerFactory.initialized():
                    undo_default(KernelProvisionerFactory.instance())
            self.recorder.stop()

    # --------------------------------------------------------------- events

    async def _on_kernel_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        try:
            await self._kernel_action(data)
        except Exception as error:
            log.warning("jupyter-attest: an event of a kernel wasn't recorded: %r", error)

    async def _kernel_action(self, data: dict[str, Any]) -> None:
        kernel_id, action = data.get("kernel_id"), data.get("action")
        recorder, documents = self.recorder, self.documents
        if kernel_id is None or recorder is None or documents is None:
            return
        if data.get("status") == "error":
            if action == "start":
                recorder.ended(kernel_id, "it could not be started")
            return
        if action == "start" and self.settings.enabled:
            manager = await self._manager(kernel_id)
            if manager is not None:
                recorder.launched(kernel_id, manager)
            self._notice_loop()
            documents.soon()
            documents.soon(1.0)
        elif action == "restart":
            manager = await self._manager(kernel_id)
            if manager is not None and recorder.recording_of(kernel_id) is not None:
                recorder.restarted(kernel_id, manager)
        elif action == "interrupt":
            recorder.interrupted(kernel_id)
        elif action == "shutdown":
            recorder.ended(kernel_id, "it was shut down")

    async def _manager(self, kernel_id: str) -> Any:
        """The kernel's manager; the event can come before the server lists it."""
        for _ in range(40):
            with contextlib.suppress(Exception):
                return self._serverapp.kernel_manager.get_kernel(kernel_id)
            await asyncio.sleep(0.05)
        return None

    async def _on_contents(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        documents = self.documents
        if documents is None:
            return
        with contextlib.suppress(Exception):
            self._notice_loop()
            if data.get("action") == "rename":
                documents.renamed(data["source_path"], data["path"])
            if data.get("action") in ("rename", "save", "delete", "upload"):
                documents.soon(0.2)

    def _notice_loop(self) -> None:
        if self.documents is not None:
            self.documents.start(asyncio.get_running_loop())

    def _on_activity(self, kernel_id: str) -> None:
        """On the recorder's thread: a client ran code for the first time."""
        if self.documents is not None:
            self.documents.soon()

    # --------------------------------------------------------------- status

    async def status(self, path: str) -> dict[str, Any]:
        """State of recording of a notebook (contents path), from memory, as ``IStatusReply``."""
        reply: dict[str, Any] = {
            "state": "off",
            "reason": None,
            "since": None,
            "sid": None,
            "runs": 0,
            "runsMissed": 0,
            "gaps": 0,
            "hasWrites": False,
            "cannotAttest": await self._cannot_attest(),
        }
        recorder, documents = self.recorder, self.documents
        if self.problem is not None or recorder is None or documents is None:
            return {**reply, "state": "stopped", "reason": self.problem or "it didn't start"}
        if not recorder.started:
            return {**reply, "state": "stopped", "reason": "the recorder ended"}
        self._notice_loop()
        await documents.fresh()
        os_path = documents.os_path(path)
        reply["hasWrites"] = recorder.documents.has_writes(os_path)
        kernel_id = documents.kernel_of(os_path)
        recording = recorder.recording_of(kernel_id) if kernel_id else None
        if recording is None:
            return {**reply, **self._without_recording(kernel_id)}
        state, reason = self._state(recording)
        return {
            **reply,
            "state": state,
            "reason": reason,
            "since": recording.started_at,
            "sid": recording.sid,
            "runs": recording.runs,
            "runsMissed": recording.runs_missed,
            "gaps": recording.gaps,
            "hasWrites": reply["hasWrites"] or recording.wrote,
        }

    def _without_recording(self, kernel_id: str | None) -> dict[str, Any]:
        if not self.settings.enabled:
            return {"state": "off", "reason": "Recording is switched off."}
        if kernel_id is None:
            return {"state": "off", "reason": "No kernel is running."}
        assert self.recorder is not None
        problem = self.recorder.problem_of(kernel_id)
        if problem is not None:
            return {"state": "stopped", "reason": problem}
        return {"state": "off", "reason": "This kernel was started without recording."}

    def _state(self, recording: Recording) -> tuple[str, str | None]:
        if not self.settings.enabled:
            return "off", "Recording is switched off."
        if recording.journal.problem is not None:
            return "stopped", f"the journal can't be written: {recording.journal.problem}"
        if recording.ended is not None:
            return "stopped", "the kernel died" if recording.ended == "died" else "it ended"
        if recording.paused:
            return "paused", None
        if recording.probe_install == "late":
            return "late", None
        if recording.probe_install is not None:
            return "recording", None
        if recording.probe != EXPECTED:
            return "cells-only", recording.probe
        if recording.runs and recording.age_s > _HELLO_S:
            return "cells-only", "the kernel's own report is missing"
        return "recording", None

    async def _cannot_attest(self) -> str | None:
        now = time.monotonic()
        if self._node_asked and (
            self._node_problem is None or now - self._node_asked < _NODE_EVERY_S
        ):
            return self._node_problem
        self._node_asked = now

        def look() -> str | None:
            try:
                cli_command()
            except NodeNotFoundError as error:
                return str(error)
            return None

        self._node_problem = await asyncio.to_thread(look)
        return self._node_problem

    # -------------------------------------------------------------- control

    async def flush(self, path: str | None, timeout_s: float) -> bool:
        """Get what the kernels of a notebook (contents path; all when absent) did onto the disk."""
        recorder, documents = self.recorder, self.documents
        if recorder is None or documents is None or not recorder.started:
            return False
        sid = None
        if path is not None:
            kernel_id = documents.kernel_of(documents.os_path(path))
            recording = recorder.recording_of(kernel_id) if kernel_id else None
            if recording is None:
                return True
            sid = recording.sid
        try:
            done = asyncio.wrap_future(recorder.flush(sid, timeout_s))
            return await asyncio.wait_for(done, timeout_s + 2)
        except asyncio.TimeoutError:
            return False

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Take and store the user's changes.

        Raises:
            SettingsError: a value that a setting can't take.
            OSError: the journal home can't be written.
        """
        before = self.settings.enabled
        self.settings.change(changes)
        if self.recorder is None:
            return
        self.recorder.configure(self._recorder_settings())
        if before != self.settings.enabled:
            for sid in self.recorder.open_sids():
                change = self.recorder.resume if self.settings.enabled else self.recorder.pause
                change(sid, "settings")

    def _recorder_settings(self) -> RecorderSettings:
        return RecorderSettings(
            max_hash_bytes=self.settings.max_hash_bytes,
            roots=[os.path.realpath(os.path.expanduser(r)) for r in self.settings.roots],  # noqa: PTH111
            ignored=list(self.settings.ignored),
        )

    def _prune_later(self, delay_s: float) -> None:
        with contextlib.suppress(Exception):
            loop = self._serverapp.io_loop
            self._prune_handle = loop.asyncio_loop.call_later(delay_s, self._prune)

    def _prune(self) -> None:
        settings, recorder = self.settings, self.recorder
        sids = recorder.open_sids() if recorder is not None else set()
        arguments = (self.home, settings.retention_days, settings.quota_bytes, sids)
        with contextlib.suppress(RuntimeError):
            asyncio.get_event_loop().run_in_executor(None, prune, *arguments)
        self._prune_later(_PRUNE_EVERY_S)


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Called by jupyter_server for the module named in the extension points."""
    try:
        extension = Extension(serverapp)
        serverapp.web_app.settings["jupyter_attest"] = extension
        serverapp.web_app.add_handlers(".*$", handlers(serverapp.base_url))
    except Exception:
        serverapp.log.exception("jupyter-attest could not be loaded; nothing is recorded")
        return
    try:
        extension.start()
        serverapp.log.info("jupyter-attest records notebook sessions in %s", extension.home)
    except Exception as error:
        extension.problem = f"{type(error).__name__}: {error}"
        serverapp.log.exception("jupyter-attest could not be started; nothing is recorded")


async def _start_jupyter_server_extension(serverapp: Any) -> None:
    """Called by jupyter_server once the loop runs; extensions are started side by side."""
    extension = serverapp.web_app.settings.get("jupyter_attest")
    if isinstance(extension, Extension):

        def listen() -> None:
            try:
                extension.listen_to_requests()
            except Exception as error:
                serverapp.log.warning("jupyter-attest: requests aren't listened to: %r", error)

        # After the others' start hooks had their first turn.
        serverapp.io_loop.add_callback(listen)


def _no_tap() -> str:
    """Why nobody listens to the websockets, until somebody does."""
    version = jupyter_server.version_info[:2]
    if version < NEEDED_SERVER:
        needed = ".".join(map(str, NEEDED_SERVER))
        return f"jupyter_server {jupyter_server.__version__} is older than {needed}"
    return "the server's start hook wasn't called"


# The name of older servers.
load_jupyter_server_extension = _load_jupyter_server_extension
