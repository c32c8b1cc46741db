"""``python -m jupyter_attest.replay PLAN``: one replay; its last line is how it ended."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import stop
from .kernels import ReplayKernel, StepError
from .plan import Plan, Subject, read_plan
from .sandbox import NotPossibleError, Sandbox, copy_hashed, namespaces_allowed

_COMPARE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from inside.compare import main; sys.exit(main())"
)
_COMPARE_S = 600.0


@dataclass
class Outcome:
    """How a replay ended."""

    status: str = "done"
    reason: str | None = None
    run: int | None = None
    subjects: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


class Replay:
    """One replay of one plan."""

    def __init__(self, plan: Plan) -> None:
        """Prepare; nothing is started yet."""
        self._plan = plan
        self._recorded = {kernel.session: kernel for kernel in plan.kernels}
        self._running: dict[str, ReplayKernel] = {}
        self._isolated = namespaces_allowed()
        self._python = sys.executable

    def surroundings(self) -> dict[str, str]:
        """What the runs could reach, for the statement."""
        return {
            "network": "off" if self._isolated else "on",
            "files": "own-folder" if self._isolated else "python-only",
        }

    def run(self) -> Outcome:
        """Run everything again and compare what was written. Nothing is left of it."""
        outcome = Outcome()
        start = time.monotonic()
        sandbox = Sandbox(self._plan)
        try:
            self._run(sandbox)
            outcome.subjects = [
                self._compared(sandbox, index, each)
                for index, each in enumerate(self._plan.subjects)
            ]
            stop.check()
        except NotPossibleError as error:
            outcome.status, outcome.reason = "not-possible", str(error)
        except StepError as error:
            outcome.status, outcome.reason = "failed", str(error)
            outcome.run = error.step.run
        except KeyboardInterrupt:
            outcome.status = "cancelled"
        finally:
            for kernel in self._running.values():
                kernel.kill()
            sandbox.remove()
        outcome.seconds = round(time.monotonic() - start, 3)
        return outcome

    def _run(self, sandbox: Sandbox) -> None:
        for each in self._plan.inputs:
            stop.check()
            sandbox.bring(each)
        last = {step.session: index for index, step in enumerate(self._plan.steps)}
        total = len(self._plan.steps)
        for index, step in enumerate(self._plan.steps):
            tell({"type": "run", "done": index, "total": total, "run": step.run})
            self._kernel(sandbox, step.session).run(step)
            if last[step.session] == index and index + 1 < total:
                self._running.pop(step.session).end()
        self._end_those_that_wrote_late(sandbox)

    def _kernel(self, sandbox: Sandbox, session: str) -> ReplayKernel:
        if session not in self._running:
            recorded = self._recorded[session]
            if recorded.follows in self._running:
                self._running.pop(recorded.follows).end()
            kernel = ReplayKernel(sandbox, self._plan, recorded, self._isolated)
            self._running[session] = kernel
            self._python = kernel.python
        return self._running[session]

    def _end_those_that_wrote_late(self, sandbox: Sandbox) -> None:
        """A file that isn't there yet may be written at the kernel's end."""
        paths = [sandbox.path_of(each.place) for each in self._plan.subjects]
        if any(path is None or not path.is_file() for path in paths):
            while self._running:
                self._running.popitem()[1].end()

    def _compared(self, sandbox: Sandbox, index: int, subject: Subject) -> dict[str, Any]:
        path = sandbox.path_of(subject.place)
        if path is None:
            raise NotPossibleError(f"{subject.name} lies where no relative path leads to")
        if not path.is_file():
            return {"name": subject.name, "sha256": None, "kept": None, "comparisons": []}
        kept = Path(self._plan.keep) / str(index) if self._plan.keep else None
        digest = copy_hashed(path, kept)
        return {
            "name": subject.name,
            "sha256": digest,
            "kept": str(kept) if kept else None,
            "comparisons": self._compare(path, digest, subject.against),
        }

    def _compare(self, path: Path, digest: str, against: list[str]) -> list[dict[str, Any]]:
        """By the kernel's own Python: it has the libraries that the formats need."""
        found: dict[str, dict[str, Any]] = {}
        for other in against:
            with contextlib.suppress(OSError):
                if copy_hashed(Path(other), None) == digest:
                    found[other] = {"relation": "same-digest"}
        pairs = [(str(path), other) for other in against if other not in found]
        # The name says the format where the bytes don't.
        command = [self._python, "-c", _COMPARE, str(Path(__file__).parent)]
        results: list[dict[str, Any]] = []
        if pairs:
            try:
                done = subprocess.run(
                    command,
                    input=json.dumps(pairs),
                    capture_output=True,
                    text=True,
                    timeout=_COMPARE_S,
                )
                results = json.loads(done.stdout)
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:
                why = f"they couldn't be compared: {type(error).__name__}"
                results = [{"relation": "different", "why": why} for _ in pairs]
        for (_, other), result in zip(pairs, results, strict=True):
            found[other] = result
        return [found[other] for other in against]


def tell(message: dict[str, Any]) -> None:
    """One line of JSON for the program that asked."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(message), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the plan of the file that is named; 0 whenever there is an answer."""
    [name] = sys.argv[1:] if arguments is None else arguments
    stop.listen()
    plan = read_plan(Path(name))
    replay = Replay(plan)
    outcome = replay.run()
    tell(
        {
            "type": "done",
            "status": outcome.status,
            "reason": outcome.reason,
            "run": outcome.run,
            "subjects": outcome.subjects,
            "surroundings": replay.surroundings(),
            "python": sys.version.split()[0],
            "seconds": outcome.seconds,
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
