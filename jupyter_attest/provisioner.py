"""The kernel provisioner: starts local kernels as always, with the probe loaded first.

Nothing here may cost a user a kernel: whatever fails of ours gives a plain
kernel and a stated reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from .home import SessionFolder, new_session
from .places import journal_home
from .probe.install import ProbeMissingError, ProbeSource
from .tracer import launch as tracing

#: Name of the entry point in the group ``jupyter_client.kernel_provisioners``.
NAME = "jupyter-attest"

#: What ``kernel.started`` says when the probe was loaded.
EXPECTED = "expected"

#: Longest time that making a session's folder may hold up a kernel, in seconds.
PATIENCE_S = 2.0

log = logging.getLogger("jupyter_attest")


#: Read at import: an upgrade under a running server changes nothing.
SOURCE = ProbeSource()


def install_probe(home: Path) -> Path:
    """Copy the probe to the journal home, see ``ProbeSource.install``."""
    return SOURCE.install(home)


@dataclass(frozen=True)
class Launch:
    """What is known about a kernel that is about to start."""

    kernel_id: str
    manager: Any
    #: Where its journal goes; ``None`` when that couldn't be made.
    session: SessionFolder | None
    previous_sid: str | None
    #: ``expected``, or why there will be no probe.
    probe: str
    #: Working directory, when it was given.
    cwd: str | None
    #: Path that the server's session names, as the kernel's environment has it.
    named: str | None
    #: ``expected`` where a tracer is around it, why not where one was asked for, else ``None``.
    tracer: str | None = None
    provisioner: str = NAME


class LaunchObserver(Protocol):
    """Whoever wants to know of launches: the recorder."""

    def launching(self, launch: Launch) -> None:
        """A kernel of ours is about to start; must return at once."""

    def launched(self, kernel_id: str, manager: Any) -> None:
        """Its process was started; must return at once."""

    def ended(self, kernel_id: str, reason: str) -> None:
        """Its process was ended on request; must return at once."""


@dataclass
class Policy:
    """What governs launches in this process; set by the server extension or ``execute``."""

    home: Callable[[], Path] = journal_home
    enabled: Callable[[], bool] = lambda: True
    observer: LaunchObserver | None = None
    #: Every kernel is traced, whatever its specification says.
    trace: bool = False
    #: Sessions that ended with the probe's marker still there, by kernel id.
    deaths: dict[str, int] = field(default_factory=dict)


class AttestProvisioner(LocalProvisioner):
    """A local kernel whose first act is to load the probe."""

    policy: ClassVar[Policy] = Policy()

    _session: SessionFolder | None = None
    _announced = False

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """As the local provisioner does, with three more names in the environment."""
        prepared: dict[str, Any] = await super().pre_launch(**kwargs)
        try:
            return await self._prepare(prepared)
        except Exception as error:
            log.warning("jupyter-attest: this kernel starts without recording: %r", error)
            return prepared

    async def post_launch(self, **kwargs: Any) -> None:
        """Tell the recorder that there is a process to listen to."""
        await super().post_launch(**kwargs)
        observer = self.policy.observer
        if self._announced and observer is not None:
            with contextlib.suppress(Exception):
                observer.launched(self.kernel_id, self.parent)

    async def cleanup(self, restart: bool = False) -> None:
        """Tell the recorder that the kernel was ended."""
        await super().cleanup(restart=restart)
        observer = self.policy.observer
        if self._announced and not restart and observer is not None:
            with contextlib.suppress(Exception):
                observer.ended(self.kernel_id, "it was shut down")

    async def _prepare(self, prepared: dict[str, Any]) -> dict[str, Any]:
        self._announced = False
        if not self.policy.enabled():
            return prepared
        previous = self._session
        reason = self._reason_for_none(previous)
        session = await self._new_session(previous)
        self._session = session
        changed = prepared
        if session is None:
            reason = "the journal home can't be written"
        elif reason is None:
            try:
                changed = self._with_probe(prepared, session)
            except (ProbeMissingError, OSError) as error:
                reason = f"the probe couldn't be installed: {error}"
        if reason is not None:
            log.warning("jupyter-attest: no probe in this kernel: %s", reason)
        tracer = None
        if session is not None and (self.policy.trace or tracing.is_wanted(self.kernel_spec)):
            tracer, changed = await self._with_tracer(changed, session, previous)
        self._announce(prepared, session, previous, reason or EXPECTED, tracer)
        return changed

    async def _with_tracer(
        self, prepared: dict[str, Any], session: SessionFolder, previous: SessionFolder | None
    ) -> tuple[str, dict[str, Any]]:
        """What to say of the tracer, and how the kernel is started: plainly where it can't be."""
        if previous is not None and previous.starting.exists() and previous.trace.exists():
            reason: str | None = "the kernel died in its last start under the tracer"
        else:
            loop = asyncio.get_running_loop()
            reason = await loop.run_in_executor(None, tracing.why_not)
        if reason is None:
            try:
                argv = tracing.command(session.trace, list(prepared["cmd"]))
            except OSError as error:
                reason = f"its log can't be made: {error.strerror}"
            else:
                return tracing.EXPECTED, {**prepared, "cmd": argv}
        log.warning("jupyter-attest: this kernel isn't traced: %s", reason)
        return reason, prepared

    def _reason_for_none(self, previous: SessionFolder | None) -> str | None:
        """Why the probe must stay out of this start, or ``None``."""
        language = str(getattr(self.kernel_spec, "language", "") or "").lower()
        if language != "python":
            return f"the kernel's language is {language or 'unknown'}"
        deaths = self.policy.deaths
        died = previous is not None and previous.starting.exists()
        if died:
            deaths[self.kernel_id] = deaths.get(self.kernel_id, 0) + 1
        if died or deaths.get(self.kernel_id, 0) > 1:
            return "probe died in the last start"
        return None

    async def _new_session(self, previous: SessionFolder | None) -> SessionFolder | None:
        """Make the session's folder, without waiting long for a slow disk."""

        def make() -> SessionFolder:
            made = new_session(self.policy.home())
            if previous is not None and previous.paused.exists():
                made.paused.touch(0o600)
            return made

        work = asyncio.get_running_loop().run_in_executor(None, make)
        try:
            return await asyncio.wait_for(asyncio.shield(work), PATIENCE_S)
        except (OSError, asyncio.TimeoutError):
            return None

    def _with_probe(self, prepared: dict[str, Any], session: SessionFolder) -> dict[str, Any]:
        probe = install_probe(self.policy.home())
        environment = dict(prepared.get("env") or os.environ)
        theirs = environment.get("PYTHONSTARTUP")
        if theirs and theirs != str(probe):
            environment["JUPYTER_ATTEST_STARTUP"] = theirs
        else:
            environment.pop("JUPYTER_ATTEST_STARTUP", None)
        environment["PYTHONSTARTUP"] = str(probe)
        environment["JUPYTER_ATTEST_SESSION"] = str(session.path)
        session.starting.touch(0o600)
        return {**prepared, "env": environment}

    def _announce(
        self,
        prepared: dict[str, Any],
        session: SessionFolder | None,
        previous: SessionFolder | None,
        probe: str,
        tracer: str | None,
    ) -> None:
        observer = self.policy.observer
        if observer is None:
            return
        cwd = prepared.get("cwd")
        environment = prepared.get("env") or {}
        launch = Launch(
            kernel_id=self.kernel_id,
            manager=self.parent,
            session=session,
            previous_sid=previous.sid if previous else None,
            probe=probe,
            cwd=str(cwd) if cwd else None,
            named=environment.get("JPY_SESSION_NAME"),
            tracer=tracer,
        )
        with contextlib.suppress(Exception):
            observer.launching(launch)
            self._announced = True


def make_default(factory: Any) -> str | None:
    """Make ours the provisioner of kernels whose specification names none.

    Only on the factory's instance, never in a configuration file: an
    unregistered name there costs the user every kernel.

    Returns:
        ``None``, or why it wasn't done.
    """
    current = str(factory.default_provisioner_name)
    if current == NAME:
        return None
    if current != "local-provisioner":
        return f"kernels are started by another provisioner ({current})"
    if NAME not in factory.provisioners and not factory._check_availability(NAME):
        return "the provisioner isn't registered in this environment"
    factory.default_provisioner_name = NAME
    return None


def undo_default(factory: Any) -> None:
    """Give the default back, for a server that goes on without us."""
    if str(factory.default_provisioner_name) == NAME:
        factory.default_provisioner_name = "local-provisioner"
