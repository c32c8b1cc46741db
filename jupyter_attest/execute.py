"""``python -m jupyter_attest.execute NOTEBOOK``: top to bottom in a fresh kernel, recorded."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .home import make_private
from .journal import name_of, settled_path, write_private
from .places import journal_home
from .provisioner import NAME, AttestProvisioner
from .server.recorder import Label, Recorder
from .tracer import launch as tracing

OK, CELL_ERROR, COULD_NOT_RUN = 0, 1, 2

#: How long the helper may take before the first cell and after the last, in s.
_BASELINE_S = 10.0
_FINISH_S = 600.0

#: Lines of the kernel's standard error that are shown when it dies.
_LAST_WORDS = 3

_PARAMETERS, _INJECTED = "parameters", "injected-parameters"


class ExecuteError(Exception):
    """The notebook could not be run; the text is one clear line."""


@dataclass
class Options:
    """What the command line asked for."""

    notebook: Path
    output: Path | None
    parameters: dict[str, str]
    kernel: str | None
    timeout: float | None
    allow_errors: bool
    json_progress: bool
    trace: bool = False


@dataclass
class Outcome:
    """How a run from the top ended."""

    sid: str | None = None
    status: str = "ok"
    ename: str | None = None
    executed: int = 0
    total: int = 0
    output: Path | None = None
    problems: list[str] = field(default_factory=list)


class Progress:
    """One line per cell: JSON for programs, a counter on a terminal for people."""

    def __init__(self, options: Options) -> None:
        """Report as the options say."""
        self._json = options.json_progress
        self._terminal = not self._json and sys.stderr.isatty()

    def cell(self, done: int, total: int) -> None:
        """So many of the code cells have been run."""
        if self._json:
            self._print({"type": "cell", "done": done, "total": total})
        elif self._terminal:
            print(f"\rRan {done} of {total} cells", end="", file=sys.stderr, flush=True)

    def done(self, outcome: Outcome) -> None:
        """The run has ended."""
        if self._json:
            output = str(outcome.output) if outcome.output else None
            self._print(
                {
                    "type": "done",
                    "sid": outcome.sid,
                    "status": outcome.status,
                    "output": output,
                    "ename": outcome.ename,
                }
            )
            return
        if self._terminal:
            print(file=sys.stderr)
        print(f"Session {outcome.sid}: {outcome.executed} of {outcome.total} cells ran.")

    def _print(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(message), flush=True)


def typed(value: str) -> Any:
    """A parameter's value as papermill reads it: bool, None, int, float, else text."""
    words = {"True": True, "False": False, "None": None}
    if value in words:
        return words[value]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(value)
    return value


def inject(notebook: Any, parameters: dict[str, str]) -> None:
    """Put the parameters into a cell after the one tagged ``parameters``, else at the top.

    A cell that an earlier injection left is replaced.
    """
    if not parameters:
        return
    lines = [f"{name} = {typed(value)!r}" for name, value in parameters.items()]
    cell: Any = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
        "\n".join(["# Parameters", *lines])
    )
    cell.metadata["tags"] = [_INJECTED]
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        cell.pop("id", None)
    cells = notebook.cells
    for index, old in enumerate(cells):
        if _INJECTED in old.metadata.get("tags", []):
            cells[index] = cell
            return
    tagged = [i for i, c in enumerate(cells) if _PARAMETERS in c.metadata.get("tags", [])]
    cells.insert(tagged[0] + 1 if tagged else 0, cell)


def read_notebook(path: Path) -> tuple[Any, bytes]:
    """The notebook in its own minor version, and its bytes.

    Raises:
        ExecuteError: it can't be read or isn't a notebook.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ExecuteError(f"{path}: {error.strerror}") from error
    try:
        notebook = nbformat.reads(raw.decode("utf-8"), 4)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise ExecuteError(f"{path} isn't a notebook that can be read") from error
    return notebook, raw


class Execution:
    """One notebook, one fresh kernel, one recorder."""

    def __init__(self, options: Options, progress: Progress) -> None:
        """Prepare; nothing is started yet.

        Raises:
            ExecuteError: the notebook or the journal home can't be used.
        """
        self._options = options
        self._progress = progress
        self._path = Path(settled_path(options.notebook))
        self._notebook, self._raw = read_notebook(self._path)
        inject(self._notebook, options.parameters)
        self._home = journal_home()
        try:
            make_private(self._home / "sessions")
        except OSError as error:
            raise ExecuteError(f"The journal home {self._home}: {error.strerror}") from error
        self._code = [c for c in self._notebook.cells if runs(c)]
        self._outcome = Outcome(total=len(self._code))
        self._interrupted = False
        # Where the kernel itself complains: of no interest unless it dies.
        self._kernel_stderr = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the kernel
        self._recorder = Recorder(self._home, labeller=self._label)

    def _label(self, kernel_id: str, client: str, msg_id: str) -> Label:
        if client == self._manager.session.session:
            return Label("headless", "jupyter attest execute")
        return Label("unknown client", "another client of the kernel of jupyter attest execute")

    async def run(self) -> Outcome:
        """Run every code cell in order, then write what is known.

        Raises:
            ExecuteError: no kernel could be started.
        """
        use_our_provisioner(self._recorder)
        self._recorder.start()
        self._client = self._make_client()
        with self._interruptible():
            try:
                await self._start_kernel()
                await self._run_cells()
            finally:
                await self._finish()
        return self._outcome

    def _make_client(self) -> NotebookClient:
        name = self._options.kernel or self._notebook.metadata.get("kernelspec", {}).get("name")
        self._manager = AsyncKernelManager(kernel_name=name) if name else AsyncKernelManager()
        return NotebookClient(
            self._notebook,
            km=self._manager,
            timeout=self._options.timeout,
            allow_errors=self._options.allow_errors,
            on_cell_execute=self._name_cell,
            on_cell_complete=self._unname_cell,
        )

    async def _start_kernel(self) -> None:
        client, manager = self._client, self._manager
        client.reset_execution_trackers()
        self._check_tracer()
        try:
            await client.async_start_new_kernel(
                cwd=str(self._path.parent), stderr=self._kernel_stderr
            )
            self._kernel_id = str(manager.kernel_id)
            self._recorder.launched(self._kernel_id, manager)
            await client.async_start_new_kernel_client()
        except NoSuchKernel as error:
            raise ExecuteError(f"There is no kernel named {error.name}.") from error
        except Exception as error:
            words = self._kernels_last_words() or [str(error)]
            raise ExecuteError(f"The kernel did not start: {words[-1]}") from error
        self._recorder.bind(self._kernel_id, str(self._path))
        await self._flush(_BASELINE_S)
        recording = self._recorder.recording_of(self._kernel_id)
        if recording is None:
            reason = self._recorder.problem_of(self._kernel_id) or "no session was made"
            raise ExecuteError(f"Recording isn't possible: {reason}.")
        self._outcome.sid = recording.sid
        self._document = self._recorder.documents.id_of(str(self._path))
        output = self._options.output
        self._recorder.add(
            self._kernel_id,
            "execution.started",
            docId=self._document,
            path=name_of(self._path),
            sha256=hashlib.sha256(self._raw).hexdigest(),
            parameters=self._options.parameters,
            output=name_of(settled_path(output)) if output else None,
        )

    def _check_tracer(self) -> None:
        """Whoever asks for a tracer here gets one, or no run."""
        AttestProvisioner.policy.trace = self._options.trace
        wanted = self._options.trace
        with contextlib.suppress(NoSuchKernel):
            wanted = wanted or tracing.is_wanted(self._manager.kernel_spec)
        reason = tracing.why_not() if wanted else None
        if reason is not None:
            raise ExecuteError(f"The kernel can't be traced: {reason}.")

    def _name_cell(self, cell: Any, cell_index: int) -> None:
        """Let the next request carry the cell's id, as JupyterLab's do."""
        ident = cell.get("id")
        self._metadata({"cellId": ident} if ident else {})

    def _unname_cell(self, cell: Any, cell_index: int) -> None:
        self._metadata({})

    def _metadata(self, metadata: dict[str, str]) -> None:
        """What the client's next requests carry; nbclient has no parameter for it."""
        if self._client.kc is not None:
            self._client.kc.session.metadata = metadata

    async def _run_cells(self) -> None:
        before = asyncio.all_tasks()
        try:
            await self._run_each()
        finally:
            # nbclient leaves its watch over the kernel behind when a run ends early.
            left = asyncio.all_tasks() - before
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _run_each(self) -> None:
        client, outcome = self._client, self._outcome
        self._progress.cell(0, outcome.total)
        try:
            for index, cell in enumerate(self._notebook.cells):
                await client.async_execute_cell(cell, index)
                if runs(cell):
                    outcome.executed += 1
                    self._progress.cell(outcome.executed, outcome.total)
            client.set_widgets_metadata()
        except CellTimeoutError:
            outcome.status, outcome.ename = "error", "CellTimeoutError"
        except CellExecutionError as error:
            outcome.executed += 1
            outcome.status, outcome.ename = "error", error.ename
        except DeadKernelError:
            outcome.status, outcome.ename = "died", "DeadKernelError"
            outcome.problems += self._kernels_last_words()
        except Exception:
            if not self._interrupted:
                raise
        if self._interrupted:
            outcome.status, outcome.ename = "interrupted", "KeyboardInterrupt"

    def _kernels_last_words(self) -> list[str]:
        """The last lines that the kernel's process wrote on its standard error."""
        with contextlib.suppress(OSError):
            end = self._kernel_stderr.seek(0, os.SEEK_END)
            self._kernel_stderr.seek(max(0, end - 4000))
            text = self._kernel_stderr.read().decode("utf-8", "replace")
            lines = [line for line in text.splitlines() if line and "WARNING" not in line]
            return lines[-_LAST_WORDS:]
        return []

    async def _finish(self) -> None:
        """End the kernel, let the helper finish, close the journal; whatever happened before."""
        if self._outcome.sid is not None:
            if self._outcome.status == "died":
                self._recorder.died(self._kernel_id, "its process ended")
            self._write_output()
            await self._flush(_FINISH_S)
            self._state_end()
        with contextlib.suppress(Exception):
            await self._client._async_cleanup_kernel()
        if self._outcome.sid is not None:
            await self._flush(_FINISH_S)
            self._recorder.ended(self._kernel_id, "the notebook was run to its end")
        await asyncio.to_thread(self._recorder.stop, 30.0)

    def _state_end(self) -> None:
        output, digest = self._outcome.output, None
        if output is not None:
            with contextlib.suppress(OSError):
                digest = hashlib.sha256(output.read_bytes()).hexdigest()
        self._recorder.add(
            self._kernel_id,
            "execution.ended",
            docId=self._document,
            cells=self._outcome.total,
            executed=self._outcome.executed,
            status=self._outcome.status,
            output=name_of(output) if output else None,
            outputSha256=digest,
        )

    def _write_output(self) -> None:
        """The executed notebook, where ``-o`` asks for one; never onto a half-written file."""
        if self._options.output is None:
            return
        target = Path(settled_path(self._options.output))
        text: str = nbformat.writes(self._notebook)  # type: ignore[no-untyped-call]
        try:
            write_private(target, text.encode("utf-8"))
            target.chmod(0o666 & ~current_umask())
            self._outcome.output = target
        except OSError as error:
            self._outcome.problems.append(f"{target}: {error.strerror}")

    async def _flush(self, timeout_s: float) -> None:
        recording = self._recorder.recording_of(self._kernel_id)
        done = self._recorder.flush(recording.sid if recording else None, timeout_s)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(done), timeout_s + 5)

    @contextlib.contextmanager
    def _interruptible(self) -> Any:
        """Ctrl-C and SIGTERM end the run in order: the kernel is ended, the journal closed."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def stop() -> None:
            self._interrupted = True
            waiting = self._client.task_poll_for_reply
            if waiting is not None and not waiting.done():
                waiting.cancel()
            elif task is not None and self._outcome.sid is None:
                task.cancel()

        signals = (signal.SIGINT, signal.SIGTERM)
        # Windows' loop has no signal handlers: there Ctrl-C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            for number in signals:
                loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                for number in signals:
                    loop.remove_signal_handler(number)


def runs(cell: Any) -> bool:
    """Whether a cell is code that nbclient sends to the kernel."""
    return bool(cell.cell_type == "code" and cell.source.strip())


def current_umask() -> int:
    """The process's umask; there is no way to ask but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def use_our_provisioner(recorder: Recorder) -> None:
    """In this process, every kernel whose specification names no provisioner is ours."""
    AttestProvisioner.policy.observer = recorder
    AttestProvisioner.policy.home = lambda: recorder.home
    factory = KernelProvisionerFactory.instance()
    if factory.is_provisioner_available(_NoSpec()):
        factory.default_provisioner_name = NAME


class _NoSpec:
    """Stands for a kernel specification that names our provisioner."""

    display_name = NAME
    metadata = {"kernel_provisioner": {"provisioner_name": NAME, "config": {}}}  # noqa: RUF012


def parse(arguments: list[str]) -> Options:
    """Read the command line; exits with 2 on a usage error."""
    parser = argparse.ArgumentParser(prog="python -m jupyter_attest.execute", description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="write the executed notebook here")
    parser.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    parser.add_argument("--kernel", metavar="NAME", help="instead of the notebook's own")
    parser.add_argument("--trace", action="store_true", help="with strace around the kernel")
    parser.add_argument("--timeout", type=float, metavar="S", help="per cell, in seconds")
    parser.add_argument("--allow-errors", action="store_true", help="go on after a failed cell")
    parser.add_argument("--json-progress", action="store_true", help="JSON lines on stdout")
    given = parser.parse_args(arguments)
    for name, _ in given.parameter:
        if not name.isidentifier():
            parser.error(f"{name} isn't a name in Python")
    return Options(
        notebook=given.notebook,
        output=given.output,
        parameters=dict(given.parameter),
        kernel=given.kernel,
        timeout=given.timeout,
        allow_errors=given.allow_errors,
        json_progress=given.json_progress,
        trace=given.trace,
    )


def main(arguments: list[str] | None = None) -> int:
    """Run one notebook; 0 when every cell ran, 1 after a cell's error, 2 when it couldn't run."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    logging.getLogger("nbclient").setLevel(logging.CRITICAL)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    progress = Progress(options)
    try:
        outcome = asyncio.run(Execution(options, progress).run())
    except (ExecuteError, asyncio.CancelledError, KeyboardInterrupt) as error:
        print(f"jupyter-attest: {error or 'interrupted'}", file=sys.stderr)
        return COULD_NOT_RUN
    progress.done(outcome)
    for problem in outcome.problems:
        print(f"jupyter-attest: {problem}", file=sys.stderr)
    if outcome.status == "ok":
        return COULD_NOT_RUN if outcome.problems else OK
    print(f"jupyter-attest: a cell ended with {outcome.ename}", file=sys.stderr)
    return CELL_ERROR


if __name__ == "__main__":
    sys.exit(main())
