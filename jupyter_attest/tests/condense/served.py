"""Reference sessions that take more than cells one after another: a person at a real server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import KernelManager

from jupyter_attest.tests.server.running import Page, RunningServer, wait_for

from .case import WRITE, Case, case
from .sessions import Recorded, environment_of, make_record

SAVED = "x = int(open('n').read())"


class Person:
    """Somebody with a notebook in a folder, at a server."""

    def __init__(self, server: RunningServer, folder: str) -> None:
        self._server = server
        self._folder = folder
        self._pages: list[tuple[str, Page]] = []

    def open(self, name: str = "nb.ipynb") -> Page:
        """A notebook with a kernel of its own."""
        path = f"{self._folder}/{name}"
        self._server.write_notebook(path)
        kernel = self._server.open(path)
        page = Page(self._server, kernel)
        self._pages.append((kernel, page))
        return page

    def put(self, name: str) -> None:
        """An empty file in the notebook's folder."""
        (self._server.root / self._folder / name).touch()

    def sees(self, name: str) -> None:
        """Wait until a run has made this file in the notebook's folder."""
        wait_for((self._server.root / self._folder / name).exists)

    def run(self, page: Page, *codes: str) -> None:
        for code in codes:
            page.wait(page.run(code))

    def restart(self, page: Page) -> Page:
        """The same notebook with a new kernel process."""
        [kernel] = [kernel for kernel, its in self._pages if its is page]
        answer = self._server.call("POST", f"api/kernels/{kernel}/restart")
        assert answer.status_code == 200, answer.text
        again = Page(self._server, kernel)
        self._pages.append((kernel, again))
        return again

    def leave(self) -> None:
        """Close every page and end the kernels."""
        for _, page in self._pages:
            page.close()
        for kernel in {kernel for kernel, _ in self._pages}:
            self._server.shut_down(kernel)


@dataclass(frozen=True)
class Served:
    """What is done at the server, and the case that comes of it."""

    act: Callable[[Person], None]
    case: Case


def _restart(person: Person) -> None:
    page = person.open()
    person.run(page, "with open('n', 'w') as f: f.write('5')", "y = 1")
    page = person.restart(page)
    person.run(page, "z = 2", SAVED, WRITE)


def _restart_between_names(person: Person) -> None:
    page = person.open()
    person.run(page, "x = 1", "print(x)")
    page = person.restart(page)
    person.run(page, "x = 2", WRITE)


def _two_notebooks(person: Person) -> None:
    first, second = person.open("clean.ipynb"), person.open("train.ipynb")
    person.run(first, "rows = [1, 2]", "print(rows)")
    person.run(second, "import json")
    person.run(first, "import json\nwith open('n', 'w') as f: json.dump(sum(rows), f)")
    person.run(second, "x = json.load(open('n'))", WRITE)
    person.run(first, "rows.append(3)")


#: Waits for what the other subshell does; not in a replay, where nobody is there.
_SLOW = """open('begun', 'w').close()
while os.path.exists('live') and not os.path.exists('done'): time.sleep(.02)
x = y * 2"""
_BESIDE = """y = 5
open('done', 'w').close()"""


def _subshells(person: Person) -> None:
    page = person.open()
    person.put("live")
    person.run(page, "import os, time; y = 1")
    subshell = page.subshell()
    slow = page.run(_SLOW)
    person.sees("begun")
    page.wait(slow, page.run(_BESIDE, subshell=subshell))
    person.run(page, WRITE)


def _widget(person: Person) -> None:
    page = person.open()
    person.run(
        page,
        "x = []\ndef opened(comm, message):\n"
        "    comm.on_msg(lambda message: x.append(message['content']['data']['value']))\n"
        "get_ipython().kernel.comm_manager.register_target('slider', opened)",
    )
    ident = "5" * 32
    page.wait(page.send("comm_open", {"comm_id": ident, "target_name": "slider", "data": {}}))
    page.wait(page.send("comm_msg", {"comm_id": ident, "data": {"value": 7}}))
    person.run(page, "y = 6", WRITE)


def _places(count: int) -> list[str]:
    return [""] * count


SERVED: dict[str, Served] = {
    "a restart between writer and reader": Served(
        _restart, case("1 4 5", *_places(5), gaps="kernel-restarted", dropped="3")
    ),
    "a restart that no file crosses": Served(
        _restart_between_names, case("1 2", *_places(2), gaps="kernel-restarted")
    ),
    "two notebooks and a file between them": Served(
        _two_notebooks, case("1 3 6 7", *_places(7), dropped="2")
    ),
    "two subshells at once": Served(
        _subshells, case("1 2 3 4", *_places(4), gaps="overlapping-runs", replay="different")
    ),
    "a widget's callback": Served(
        _widget, case("1 2 4", *_places(4), gaps="user-input", replay="different")
    ),
}


def serve(server: RunningServer, name: str, one: Served) -> Recorded:
    """Do what the case says at the server, then make the record of ``out``."""
    folder = name.replace(" ", "-").replace("'", "")
    (server.root / folder).mkdir()
    person = Person(server, folder)
    try:
        one.act(person)
    finally:
        person.leave()
    return make_record(server.root.parent, server.root / folder, one.case)


#: The kernel of a late start: three runs that nobody saw, then the extension is loaded.
LATE_CELLS = (
    "k = 4",
    "def f(): return k",
    "y = open('n').read()",
    "%load_ext jupyter_attest",
    "k = 5",
    "z = 1",
    "x = f() + int(y)",
    WRITE,
)

LATE = case(
    "1 2 3 4 5",
    *LATE_CELLS[3:],
    inputs={"n": "7"},
    gaps="late-start no-recorder no-scan",
    replay="failed",
)


def record_late(folder: Path) -> Recorded:
    """A kernel that nobody launched with a probe, recorded from its fourth run on."""
    work = folder / "work"
    work.mkdir(parents=True)
    for name, content in LATE.inputs.items():
        (work / name).write_text(content)
    manager = KernelManager()
    manager.start_kernel(cwd=str(work), env=environment_of(folder, LATE))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(60)
        for code in LATE_CELLS:
            reply = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    return make_record(folder, work, LATE)
