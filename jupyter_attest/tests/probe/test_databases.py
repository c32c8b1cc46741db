"""Questions to a real PostgreSQL, by drivers and through what is built on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .kernels import Kernel, of

pgserver: Any = pytest.importorskip("pgserver", reason="no PostgreSQL for this Python on PyPI")

SETUP = """import psycopg, psycopg2, psycopg2.extras, pandas as pd, sqlalchemy as sa, warnings
warnings.simplefilter('ignore')
two, three = psycopg2.connect(uri), psycopg.connect(uri)
engine = sa.create_engine(uri.replace('postgresql:', 'postgresql+psycopg2:'))
async def asked():
    async with await psycopg.AsyncConnection.connect(uri) as c:
        return await (await c.execute(Q)).fetchall()
def with_two(**options):
    with two.cursor(**options) as c:
        c.execute(Q)
        return [dict(r) if options else r for r in c.fetchall()]
"""


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that is connected to a PostgreSQL of its own."""
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    with Kernel(tmp_path_factory.mktemp("asking")) as started:
        outcome = started.run(f"uri = {server.get_uri()!r}\n{SETUP}")
        assert outcome.ename is None, outcome.traceback
        yield started
        started.run("two.close(); three.close()")
    server.cleanup()


@pytest.mark.parametrize(
    ("code", "library"),
    [
        ("three.execute(Q).fetchall()", "psycopg"),
        ("list(three.cursor().stream(Q))", "psycopg"),
        ("await asked()", "psycopg"),
        ("with_two()", "psycopg2"),
        ("with_two(cursor_factory=psycopg2.extras.RealDictCursor)", "psycopg2"),
        ("pd.read_sql(Q, two).values.tolist()", "psycopg2"),
        ("pd.read_sql(Q, engine).values.tolist()", "SQLAlchemy"),
    ],
)
def test_a_question_is_told_once_by_whoever_hears_it_first(
    asking: Kernel, code: str, library: str
) -> None:
    asking.run("Q = \"select 1 as n -- password='geheim'\"")
    outcome = asking.run(code)
    assert outcome.ename is None, outcome.traceback
    assert "1" in outcome.results[0]
    asked = of(asking.settle(outcome.msg_id), "db.queried")
    mine = [e for e in asked if asking.text(e["statement"]) == "select 1 as n -- password='***'"]
    assert [e["library"] for e in mine] == [library]
    assert (mine[0]["dialect"], mine[0]["database"]) == ("postgresql", "postgres")


def test_a_driver_shows_what_it_would_without_a_probe(asking: Kernel) -> None:
    outcome = asking.run(
        "c = two.cursor(); (type(c) is psycopg2.extensions.cursor, type(c).__module__, "
        "type(c).__name__, isinstance(psycopg2.extras.DictCursor(two), psycopg2.extensions.cursor))"
    )
    assert outcome.results == ["(True, 'psycopg2.extensions', 'cursor', True)"], outcome.traceback
    failed = asking.run("with two.cursor() as c: c.execute('select nothing from nowhere')")
    assert failed.ename == "UndefinedTable"
    assert "attest" not in failed.traceback
