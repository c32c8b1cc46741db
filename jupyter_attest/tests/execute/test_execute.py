"""`python -m jupyter_attest.execute` on real notebooks, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from jupyter_attest.execute import inject, main, typed
from jupyter_attest.provisioner import AttestProvisioner, Policy

from ..server.running import Home, Journal, wait_for

TAGGED = {"tags": ["parameters"]}


class Executor:
    """Runs the module in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self.home = Home(folder / "journal")
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "JUPYTER_ATTEST_DIR": str(self.home.path),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
        }

    def write(self, name: str, *cells: str | tuple[str, dict[str, Any]]) -> Path:
        """A notebook; a cell is its source, or source and metadata."""
        made = []
        for number, cell in enumerate(cells):
            source, metadata = (cell, {}) if isinstance(cell, str) else cell
            made.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata=metadata))
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=made), path)
        return path

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyter_attest.execute", "--json-progress", *arguments],
            cwd=self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, progress lines, standard error."""
        out, err = process.communicate(timeout=120)
        return process.returncode, [json.loads(line) for line in out.splitlines()], err

    def __call__(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        return self.finish(self.start(*arguments))

    def journal(self) -> Journal:
        [journal] = self.home.sessions()
        for file in journal.folder.glob("*.jsonl"):
            journal.events(file.name)
        return journal


@pytest.fixture
def execute(tmp_path: Path) -> Executor:
    return Executor(tmp_path)


def test_a_notebook_is_run_from_the_top_and_recorded(execute: Executor) -> None:
    notebook = execute.write(
        "sub/n.ipynb",
        ("size = 1\nname = 'x'", TAGGED),
        "open('out.txt', 'w').write(f'{name} {size}')",
        "import subprocess; r = subprocess.run(['sh', '-c', 'echo native > native.txt'])",
        "",
        "print('the end')",
    )
    before = notebook.read_bytes()
    arguments = ["sub/n.ipynb", "-o", "done.ipynb", "-p", "size", "3", "-p", "name", "a 'b'"]
    code, progress, err = execute(*arguments)
    assert code == 0, err
    journal = execute.journal()
    output = execute.work / "done.ipynb"
    assert progress[0] == {"type": "cell", "done": 0, "total": 5}
    assert progress[-2] == {"type": "cell", "done": 5, "total": 5}
    assert progress[-1] == {
        "type": "done",
        "sid": journal.sid,
        "status": "ok",
        "output": str(output),
        "ename": None,
    }
    assert notebook.read_bytes() == before
    assert (execute.work / "sub/out.txt").read_text() == "a 'b' 3"
    executed = nbformat.read(output, 4)
    assert executed.cells[-1].outputs[0].text == "the end\n"
    assert executed.cells[1].metadata.tags == ["injected-parameters"]

    codes = journal.codes()
    assert codes[1] == "# Parameters\nsize = 3\nname = \"a 'b'\"" and len(codes) == 5
    [started] = journal.of("execution.started")
    assert started["parameters"] == {"size": "3", "name": "a 'b'"}
    assert started["path"] == str(notebook)
    [ended] = journal.of("execution.ended")
    assert (ended["status"], ended["cells"], ended["executed"]) == ("ok", 5, 5)
    assert ended["outputSha256"] is not None
    [client] = journal.of("client.seen")
    assert client["label"] == "headless" and client["docId"] == started["docId"]
    assert journal.of("kernel.started")[0]["probe"] == "expected"
    assert journal.of("kernel.ended") and not journal.of("gap")

    runs = [e for e in journal.probe("run.started") if e["kind"] == "cell"]
    assert [e["cellId"] for e in runs][0::2] == ["cell-0", "cell-1", "cell-4"]
    changed = [Path(e["path"]).name for e in journal.of("file.changed", "helper.jsonl")]
    assert "native.txt" in changed
    hashed = {Path(e["realPath"]).name for e in journal.of("file.hashed", "helper.jsonl")}
    assert {"native.txt", "out.txt"} <= hashed
    index = (execute.home.path / "index.jsonl").read_text()
    assert "native.txt" in index and "out.txt" in index
    assert not (journal.folder / "starting").exists()


def test_a_failing_cell_ends_the_run_with_1(execute: Executor) -> None:
    execute.write("n.ipynb", "x = 1", "raise KeyError('no')", "never = 1")
    code, progress, err = execute("n.ipynb", "-o", "out.ipynb")
    assert code == 1 and "KeyError" in err and "Traceback" not in err
    assert progress[-1]["status"] == "error" and progress[-1]["ename"] == "KeyError"
    journal = execute.journal()
    assert journal.codes() == ["x = 1", "raise KeyError('no')"]
    assert journal.of("run.errored")[0]["ename"] == "KeyError"
    [ended] = journal.of("execution.ended")
    assert (ended["status"], ended["executed"], ended["cells"]) == ("error", 2, 3)
    outputs = nbformat.read(execute.work / "out.ipynb", 4).cells[1].outputs
    assert outputs[0].ename == "KeyError"


def test_errors_can_be_allowed(execute: Executor) -> None:
    execute.write("n.ipynb", "1 / 0", "after = 1")
    code, progress, _ = execute("n.ipynb", "--allow-errors")
    assert code == 0 and progress[-1]["status"] == "ok" and progress[-1]["output"] is None
    assert execute.journal().codes() == ["1 / 0", "after = 1"]
    assert list(execute.work.glob("*")) == [execute.work / "n.ipynb"]


def test_a_kernel_that_dies_is_stated(execute: Executor) -> None:
    execute.write("n.ipynb", "x = 1", "import os; os.kill(os.getpid(), 9)")
    code, progress, err = execute("n.ipynb")
    assert code == 1 and progress[-1]["status"] == "died" and "Traceback" not in err
    journal = execute.journal()
    assert journal.of("kernel.died")
    assert journal.of("execution.ended")[0]["status"] == "died"


def test_a_cell_that_takes_too_long_is_ended(execute: Executor) -> None:
    execute.write("n.ipynb", "import time; time.sleep(60)")
    code, progress, _ = execute("n.ipynb", "--timeout", "1")
    assert code == 1 and progress[-1]["ename"] == "CellTimeoutError"
    assert execute.journal().of("kernel.ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_in_order(execute: Executor, number: signal.Signals) -> None:
    execute.write("n.ipynb", "x = 1", "import time; time.sleep(120)")
    process = execute.start("n.ipynb", start_new_session=True)
    wait_for(lambda: execute.home.sessions(), 30)
    journal = execute.home.sessions()[0]
    journal.wait("run.input", 2)
    pid = journal.probe("probe.hello")[0]["pid"]
    # As a terminal does: to the whole foreground group, the CLI's way is the same.
    os.killpg(process.pid, number)
    code, progress, err = execute.finish(process)
    assert code == 1 and progress[-1]["status"] == "interrupted", err
    assert "Traceback" not in err
    journal = execute.journal()
    assert journal.of("execution.ended")[0]["status"] == "interrupted"
    assert journal.of("kernel.ended") and journal.of("observer.left")

    def gone() -> bool:
        return not Path(f"/proc/{pid}").exists()

    wait_for(gone)


BAD: dict[str, tuple[bytes | None, list[str], str]] = {
    "no file": (None, [], "No such file"),
    "no JSON": (b"not JSON", [], "isn't a notebook"),
    "another JSON": (b"[]", [], "isn't a notebook"),
    "no UTF-8": (b"\xff\xfe", [], "isn't a notebook"),
    "no such kernel": (
        b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        ["--kernel", "nope"],
        "no kernel named nope",
    ),
    "a parameter that is no name": (None, ["-p", "a-b", "1"], "isn't a name"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """For what ends before a kernel is started: the same in this process, in a new folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_ATTEST_DIR", str(tmp_path / "journal"))
    monkeypatch.setattr(AttestProvisioner, "policy", Policy())
    yield tmp_path
    # Its default is ours now; whoever comes next in this process gets a new one.
    KernelProvisionerFactory.clear_instance()


def run_here(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard error; nothing may be on standard output."""
    try:
        code = main([*arguments, "--json-progress"])
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    return code, err


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_run_is_one_clear_line(
    here: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    content, arguments, message = BAD[what]
    if content is not None:
        (here / "n.ipynb").write_bytes(content)
    code, err = run_here(capsys, "n.ipynb", *arguments)
    assert code == 2 and message in err


def test_a_journal_home_that_cannot_be_written_is_said_before_anything_runs(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = nbformat.v4.new_code_cell("open('ran', 'w')")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), here / "n.ipynb")
    monkeypatch.setenv("JUPYTER_ATTEST_DIR", "/dev/null/journal")
    code, err = run_here(capsys, "n.ipynb")
    assert code == 2 and "journal home" in err
    assert not (here / "ran").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("None", None), ("3", 3), ("1e3", 1000.0), ("x", "x"), ("-2", -2), ("", "")],
)
def test_parameters_are_read_as_papermill_reads_them(text: str, value: object) -> None:
    assert typed(text) == value and type(typed(text)) is type(value)


def test_parameters_replace_those_of_an_earlier_injection() -> None:
    old = nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["injected-parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("b"), old])
    inject(notebook, {"a": "2"})
    assert [c.source for c in notebook.cells] == ["b", "# Parameters\na = 2"]
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("b")])
    inject(plain, {"a": "2"})
    assert [c.source for c in plain.cells] == ["# Parameters\na = 2", "b"]


def test_an_output_that_cannot_be_written_is_said(execute: Executor) -> None:
    execute.write("n.ipynb", "x = 1")
    code, progress, err = execute("n.ipynb", "-o", "no folder/out.ipynb")
    assert code == 2 and "no folder" in err and "Traceback" not in err
    assert progress[-1]["output"] is None
    assert execute.journal().of("execution.ended")[0]["status"] == "ok"


def test_another_tool_can_be_recorded_by_one_variable(execute: Executor) -> None:
    """No recorder then: the probe's own file is the whole session."""
    notebook = execute.write("n.ipynb", "x = 1")
    program = (
        "import nbformat, sys; from nbclient import NotebookClient;"
        "NotebookClient(nbformat.read(sys.argv[1], 4)).execute()"
    )
    environment = {**execute.environment, "JUPYTER_DEFAULT_PROVISIONER_NAME": "jupyter-attest"}
    command = [sys.executable, "-c", program, str(notebook)]
    subprocess.run(command, env=environment, cwd=execute.work, check=True, timeout=100)
    journal = execute.journal()
    assert [journal.text(e["code"]) for e in journal.probe("run.started")] == ["x = 1"]
    assert journal.events() == []
