"""The kernels of a replay: one for each kernel of the record, started when its first run comes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager

from . import stop
from .plan import Kernel, Plan, Step
from .sandbox import ENTER, GUARD, NotPossibleError, Sandbox, environment_for

#: How long a kernel may take to answer its first request, and to end when asked to, in s.
_START_S, _END_S = 120.0, 15.0
_POLL_S = 0.2

#: Sets the counter, and keeps `In` in step with it.
_COUNT = (
    "(lambda ip, n: (setattr(ip, 'execution_count', n), [h.extend([''] * (n - len(h)))"
    " for h in (ip.history_manager.input_hist_parsed, ip.history_manager.input_hist_raw)]))"
    "(get_ipython(), {count})"
)


class StepError(Exception):
    """A run didn't end as it had; the text says how."""

    def __init__(self, step: Step, got: str) -> None:
        super().__init__(got)
        self.step = step


class ReplayKernel:
    """One kernel process, asked for one run after another."""

    def __init__(self, sandbox: Sandbox, plan: Plan, kernel: Kernel, isolated: bool) -> None:
        """Start it and wait until it answers.

        Raises:
            NotPossibleError: it can't be started.
        """
        self._recorded = kernel
        self._plan = plan
        #: What the kernel will number its next run; None when it doesn't say.
        self._next: int | None = 1
        try:
            self._manager = KernelManager(kernel_name=plan.kernel_name)
            spec: Any = self._manager.kernel_spec
        except NoSuchKernel as error:
            raise NotPossibleError(f"there is no kernel named {error.name}") from error
        self.language = str(spec.language or "").lower()
        # As jupyter_client reads it: a bare `python` is the one that Jupyter runs in.
        bare = {"python", "python3", f"python3.{sys.version_info[1]}"}
        self.python = sys.executable if spec.argv[0] in bare else str(spec.argv[0])
        environment = environment_for(sandbox, plan, kernel.hash_seed)
        cwd = self._folder(sandbox, kernel)
        if isolated:
            command = spec.argv
            spec.argv = [sys.executable, str(ENTER), ways(sandbox, plan, cwd)]
            spec.argv += [self.python, *command[1:]]
            self._talk_by_sockets(sandbox, kernel)
        else:
            environment["PYTHONSTARTUP"] = str(GUARD)
            environment["JUPYTER_ATTEST_REPLAY_FOLDERS"] = str(sandbox.top)
        self._stderr = (sandbox.run / f"stderr-{kernel.session}").open("w+b")
        # In a session of its own: Ctrl-C at the terminal is for us alone, who then end it.
        self._manager.start_kernel(
            cwd=str(cwd), env=environment, stdout=self._stderr, stderr=self._stderr
        )
        self._client: BlockingKernelClient = self._manager.blocking_client()
        self._client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=True)
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _folder(self, sandbox: Sandbox, kernel: Kernel) -> Path:
        cwd = sandbox.path_of(kernel.cwd) if kernel.cwd else None
        folder = cwd or sandbox.notebook
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _talk_by_sockets(self, sandbox: Sandbox, kernel: Kernel) -> None:
        """Sockets that are files also work from inside a network of its own."""
        self._manager.transport = "ipc"
        self._manager.ip = str(sandbox.run / f"k-{kernel.session}")
        self._manager.connection_file = str(sandbox.run / f"{kernel.session}.json")

    def _wait_until_ready(self) -> None:
        try:
            self._reply(self._client.kernel_info(), _START_S)
        except (TimeoutError, ChildProcessError) as error:
            why = self.last_words() or error
            raise NotPossibleError(f"the kernel didn't start: {why}") from error

    def run(self, step: Step) -> None:
        """Run a step and hold its end against the recorded one.

        Raises:
            StepError: it ended otherwise.
        """
        self._count(step)
        try:
            status, ename = self._run(step)
        except ChildProcessError:
            status, ename = "killed", None
        if step.status == "killed" and status != "killed":
            self.kill()
            return
        expected = "ok" if step.status in ("unknown", "running") else step.status
        same = expected in ("interrupted", "exited") or (
            status == expected and (status != "error" or ename == step.ename)
        )
        if not same:
            raise StepError(step, f"it ended with {ename or status}")

    def _count(self, step: Step) -> None:
        """Let the kernel's counter stand where it stood, if runs were left out before."""
        wanted = step.execution_count
        if wanted is None or step.silent or self.language != "python":
            return
        # Our request is seen by the user's own hooks: none is made without need.
        if wanted != self._next:
            self._ask(_COUNT.format(count=wanted), silent=True, timeout=_START_S)

    def _run(self, step: Step) -> tuple[str, str | None]:
        if step.status == "interrupted":
            message = self._client.execute(step.code, allow_stdin=False, stop_on_error=False)
            with contextlib.suppress(TimeoutError):
                return self._end_of(self._reply(message, (step.duration_ms or 0) / 1000))
            self._manager.interrupt_kernel()
            return self._end_of(self._reply(message, self._plan.timeout_s))
        try:
            return self._ask(step.code, silent=step.silent, timeout=self._plan.timeout_s)
        except TimeoutError as error:
            raise StepError(step, f"it took over {self._plan.timeout_s:.0f} s") from error

    def _ask(self, code: str, silent: bool, timeout: float) -> tuple[str, str | None]:
        message = self._client.execute(
            code, silent=silent, store_history=not silent, allow_stdin=False, stop_on_error=False
        )
        return self._end_of(self._reply(message, timeout))

    def _end_of(self, reply: dict[str, Any]) -> tuple[str, str | None]:
        content = reply["content"]
        count = content.get("execution_count")
        self._next = count + 1 if isinstance(count, int) else None
        return str(content.get("status")), content.get("ename")

    def _reply(self, message: str, timeout: float) -> dict[str, Any]:
        """The reply to a request.

        Raises:
            TimeoutError: none came.
            ChildProcessError: the kernel is gone.
            KeyboardInterrupt: whoever asked for this replay is gone.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                reply: dict[str, Any] = self._client.get_shell_msg(timeout=_POLL_S)
                if reply["parent_header"].get("msg_id") == message:
                    return reply
                continue
            if not self._manager.is_alive():
                raise ChildProcessError("the kernel ended")
            stop.check()
        raise TimeoutError("no answer in time")

    def end(self) -> None:
        """End it as the recorded one ended: asked to, so that `atexit` runs, or killed."""
        if self._recorded.killed:
            self.kill()
            return
        with contextlib.suppress(Exception):
            self._manager.shutdown_kernel(now=False)
        self.kill()

    def kill(self) -> None:
        """End its process at once; nothing of it is left."""
        with contextlib.suppress(Exception):
            self._client.stop_channels()
        with contextlib.suppress(Exception):
            self._manager.shutdown_kernel(now=True)
        self._stderr.close()

    def last_words(self) -> str:
        """The last line that the kernel's process wrote on its own."""
        with contextlib.suppress(OSError, ValueError):
            self._stderr.seek(0)
            lines = self._stderr.read()[-4000:].decode("utf-8", "replace").splitlines()
            return next((line for line in reversed(lines) if line.strip()), "")
        return ""


def ways(sandbox: Sandbox, plan: Plan, cwd: Path) -> str:
    """What `enter.py` is to prepare."""
    over = []
    if plan.base is not None and Path(plan.base).is_dir():
        base = Path(os.path.realpath(plan.base))
        prefix = Path(os.path.realpath(sys.prefix))
        reaches = base == prefix or base in prefix.parents or sandbox.top in base.parents
        if not reaches and base != Path("/") and base not in sandbox.top.parents:
            over = [[str(sandbox.notebook), str(base)]]
    return json.dumps({"writable": [str(sandbox.top)], "over": over, "cwd": str(cwd)})
