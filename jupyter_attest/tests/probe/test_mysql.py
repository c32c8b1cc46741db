"""Questions to a real MariaDB by PyMySQL, where both are installed."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .answers import answers, fingerprint
from .kernels import PYTHON, Kernel, of

SERVER = shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
INSTALL = shutil.which("mariadb-install-db")
if SERVER is None or INSTALL is None:
    pytest.skip("no MariaDB is installed here", allow_module_level=True)
if subprocess.run([PYTHON, "-c", "import pymysql"], capture_output=True).returncode:
    pytest.skip("the kernels' Python has no PyMySQL", allow_module_level=True)


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A MariaDB of our own, by its socket."""
    folder = tmp_path_factory.mktemp("maria")
    usual = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
    install = [str(INSTALL), *usual, "--auth-root-authentication-method=normal"]
    subprocess.run(install, check=True, capture_output=True)
    path = folder / "socket"
    command = [str(SERVER), *usual, f"--socket={path}", "--skip-networking"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            for _ in range(300):
                if path.exists():
                    break
                time.sleep(0.1)
            yield path
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def asking(socket: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("asking")) as started:
        outcome = started.run(
            "import pymysql, pymysql.cursors, sqlalchemy as sa, pandas as pd, warnings\n"
            "warnings.simplefilter('ignore')\n"
            f"to = {{'unix_socket': {str(socket)!r}, 'user': 'root', 'database': 'mysql'}}\n"
            "my = pymysql.connect(**to)\n"
            "engine = sa.create_engine('mysql+pymysql://', creator=lambda: pymysql.connect(**to))\n"
            "def asked(kind=pymysql.cursors.Cursor):\n"
            "    with my.cursor(kind) as c: c.execute(Q); return list(c)"
        )
        assert outcome.ename is None, outcome.traceback
        yield started
        started.run("my.close()")


THREE = "select 1 as n, 1.50 as d union select 2, 2.50 union select 3, 3.50"
ROWS: list[list[Any]] = [[n, {"decimal": f"{n}.50"}] for n in (1, 2, 3)]
WHOLE = {"whole": True, "sha256": fingerprint(ROWS), "absent": None, "fetched": 3}
COUNTED = {**WHOLE, "reported": 3}
PART = {"whole": False, "sha256": None, "absent": "partial", "fetched": 2, "reported": 3}


@pytest.mark.parametrize(
    ("code", "library", "said"),
    [
        ("asked()", "PyMySQL", COUNTED),
        ("asked(pymysql.cursors.DictCursor)", "PyMySQL", COUNTED),
        ("asked(pymysql.cursors.SSCursor)", "PyMySQL", {**WHOLE, "reported": None}),
        ("with my.cursor(pymysql.cursors.SSCursor) as c: c.execute(Q); c.fetchall()", "PyMySQL",
         {**WHOLE, "reported": None}),
        ("c = my.cursor(); c.execute(Q); c.fetchall()", "PyMySQL", COUNTED),
        ("c = my.cursor(); c.execute(Q); c.fetchmany(2)", "PyMySQL", PART),
        ("pd.read_sql(Q, my)", "PyMySQL", COUNTED),
        ("pd.read_sql(Q, engine)", "SQLAlchemy", COUNTED),
    ],
)  # fmt: skip
def test_a_question_and_its_rows_are_told(
    asking: Kernel, code: str, library: str, said: dict[str, Any]
) -> None:
    asking.run(f"Q = {THREE!r}")
    outcome = asking.run(code)
    assert outcome.ename is None, outcome.traceback
    events = asking.settle(outcome.msg_id)
    asked = [e for e in of(events, "db.queried") if asking.text(e["statement"]) == THREE]
    assert [e["library"] for e in asked if "result" not in e] == [library]
    assert asked[0]["dialect"] == "mysql"
    if library == "PyMySQL":
        assert (asked[0]["host"], asked[0]["database"]) == ("localhost", "mysql")
    [told] = answers(events, asking, THREE)
    assert {key: value for key, value in told.items() if key != "id"} == said
    assert [e["covers"] for e in of(events, "gap") if e["code"] == "wrapper-off"] == []
