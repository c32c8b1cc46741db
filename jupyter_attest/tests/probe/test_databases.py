"""Questions to a real PostgreSQL, by drivers and through what is built on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from .answers import answers, fingerprint
from .kernels import Kernel, of

pgserver: Any = pytest.importorskip("pgserver", reason="no PostgreSQL for this Python on PyPI")

SETUP = """import psycopg, psycopg2, psycopg2.extras, pandas as pd, sqlalchemy as sa, warnings
warnings.simplefilter('ignore')
two, three = psycopg2.connect(uri), psycopg.connect(uri)
engine = sa.create_engine(uri.replace('postgresql:', 'postgresql+psycopg2:'))
async def asked(statement):
    async with await psycopg.AsyncConnection.connect(uri) as c:
        return await (await c.execute(statement)).fetchall()
def with_two(statement, **options):
    with two.cursor(**options) as c:
        c.execute(statement)
        return [dict(r) if hasattr(r, 'items') else r for r in c.fetchall()]
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
        ("await asked(Q)", "psycopg"),
        ("with_two(Q)", "psycopg2"),
        ("with_two(Q, cursor_factory=psycopg2.extras.RealDictCursor)", "psycopg2"),
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
    asked = [e for e in asked if "result" not in e]
    mine = [e for e in asked if asking.text(e["statement"]) == "select 1 as n -- password='***'"]
    assert [e["library"] for e in mine] == [library]
    assert (mine[0]["dialect"], mine[0]["database"]) == ("postgresql", "postgres")


def test_a_driver_shows_what_it_would_without_a_probe(asking: Kernel) -> None:
    outcome = asking.run(
        "c = two.cursor(); (type(c) is psycopg2.extensions.cursor, type(c).__module__, "
        "type(c).__name__, isinstance(psycopg2.extras.DictCursor(two), psycopg2.extensions.cursor))"
    )
    assert outcome.results == ["(True, 'psycopg2.extensions', 'cursor', True)"], outcome.traceback
    failed = asking.run("with two, two.cursor() as c: c.execute('select nothing from nowhere')")
    assert failed.ename == "UndefinedTable"
    assert "attest" not in failed.traceback


#: Five rows, each of a number and a text.
FIVE = "select n, chr((96 + n)::int) as c from generate_series(1, 5) as g(n) order by n"
ROWS = [[n, "abcde"[n - 1]] for n in range(1, 6)]
WHOLE = {"fetched": 5, "reported": 5, "whole": True, "sha256": fingerprint(ROWS), "absent": None}
#: SQLAlchemy's own drivers tell; of others it doesn't know what they count.
PART = {"fetched": 2, "reported": 5, "whole": False, "sha256": None, "absent": "partial"}
UNCOUNTED = {"reported": None}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("three.execute(FIVE).fetchall()", WHOLE),
        ("[row for row in three.execute(FIVE)]", WHOLE),
        ("c = three.execute(FIVE)\nwhile c.fetchmany(2): pass", WHOLE),
        ("c = three.execute(FIVE); [c.fetchone() for _ in range(5)]", WHOLE),
        ("c = three.execute(FIVE); c.fetchmany(2)", PART),
        ("c = three.execute(FIVE); c.fetchone(); c.fetchone(); c.execute('select 1')", PART),
        ("c = three.execute(FIVE); c.fetchmany(2); c.scroll(0, 'absolute'); c.fetchall()",
         {**PART, "fetched": 7, "absent": "moved"}),
        ("three.cursor(row_factory=psycopg.rows.dict_row).execute(FIVE).fetchall()", WHOLE),
        ("three.cursor(row_factory=psycopg.rows.namedtuple_row).execute(FIVE).fetchall()",
         {**WHOLE, "sha256": None, "absent": "unlisted-type"}),
        ("with three.cursor('named') as c: c.execute(FIVE).fetchall()", {**WHOLE, **UNCOUNTED}),
        ("with three.cursor('named') as c: print(list(c.execute(FIVE)))", {**WHOLE, **UNCOUNTED}),
        ("await asked(FIVE)", WHOLE),
        ("with_two(FIVE)", WHOLE),
        ("with_two(FIVE, cursor_factory=psycopg2.extras.RealDictCursor)",
         {**WHOLE, "sha256": None, "absent": "unlisted-type"}),
        ("with_two(FIVE, name='named')", {**WHOLE, **UNCOUNTED}),
        ("with two.cursor() as c: c.execute(FIVE); print(list(c))", WHOLE),
        ("with two.cursor() as c: c.execute(FIVE); c.fetchmany(2)", PART),
        ("pd.read_sql(FIVE, two)", WHOLE),
        ("pd.read_sql(FIVE, engine)", WHOLE),
        ("list(pd.read_sql(FIVE, engine, chunksize=2))", WHOLE),
        ("with engine.connect() as c: c.execute(sa.text(FIVE)).fetchmany(2)", PART),
        ("with engine.connect() as c: c.execute(sa.text(FIVE)).scalars().all()", WHOLE),
        ("with engine.connect() as c: list(c.execution_options(stream_results=True)"
         ".execute(sa.text(FIVE)))", {**WHOLE, **UNCOUNTED}),
    ],
)  # fmt: skip
def test_rows_are_counted_and_only_all_of_them_have_a_fingerprint(
    asking: Kernel, code: str, said: dict[str, Any]
) -> None:
    asking.run(f"FIVE = {FIVE!r}")
    outcome = asking.run(code)
    assert outcome.ename is None, outcome.traceback
    events = asking.settle(outcome.msg_id)
    [told] = answers(events, asking, FIVE)
    assert {key: value for key, value in told.items() if key != "id"} == said
    assert [e["covers"] for e in of(events, "gap") if e["code"] == "probe-failed"] == []


def test_an_answer_through_an_asynchronous_engine_is_told_once(asking: Kernel) -> None:
    setup = (
        "import greenlet, sqlalchemy.ext.asyncio as sea\n"
        "later = sea.create_async_engine(uri.replace('postgresql:', 'postgresql+psycopg:'))\n"
        "async def whole(q):\n"
        "    async with later.connect() as c: return (await c.execute(sa.text(q))).all()"
    )
    if asking.run(f"FIVE = {FIVE!r}\n{setup}").ename is not None:
        pytest.skip("SQLAlchemy's asynchronous engines need greenlet")
    outcome = asking.run("await whole(FIVE)")
    assert outcome.ename is None, outcome.traceback
    events = asking.settle(outcome.msg_id)
    [told] = answers(events, asking, FIVE)
    assert told["sha256"] == fingerprint(ROWS)


EACH_TYPE = (
    "select null, true, 1, 1e22::float8, 0.1::float8, 'é', '\\x00ff'::bytea, 1.50::numeric, "
    "date '2024-02-29', time '12:30', timestamp '2024-02-29 12:30', "
    "timestamptz '2024-02-29 12:30+00', interval '1 day 2 seconds', array[1, null], "
    "'00000000-0000-0000-0000-0000000000ff'::uuid"
)
CANONICAL = [
    None, True, 1, 1e22, 0.1, "é", {"bytes": "00ff"}, {"decimal": "1.50"},
    {"date": "2024-02-29"}, {"time": "12:30:00"}, {"datetime": "2024-02-29T12:30:00"},
    {"datetime": "2024-02-29T12:30:00+00:00"}, {"interval": [1, 2, 0]}, [1, None],
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "uuid"),
    [
        ("three.execute(EACH).fetchall()", {"uuid": "ff".zfill(32)}),
        ("with_two(EACH)", str(UUID(int=255))),
        ("with engine.connect() as c: c.exec_driver_sql(EACH).all()", {"uuid": "ff".zfill(32)}),
    ],
)
def test_values_of_each_listed_type_have_a_form_of_their_own(
    asking: Kernel, code: str, uuid: Any
) -> None:
    utc = "three.execute(Z); two.cursor().execute(Z)"
    asking.run(f"Z = \"set timezone to 'UTC'\"; {utc}; EACH = {EACH_TYPE!r}")
    row = [*CANONICAL, uuid]
    outcome = asking.run(code)
    assert outcome.ename is None, outcome.traceback
    [told] = answers(asking.settle(outcome.msg_id), asking, EACH_TYPE)
    assert told["absent"] is None
    assert told["sha256"] == fingerprint([row])


HOSTILE = """
class Loud(str):
    def __eq__(self, other): raise SystemExit('asked')
    __hash__ = __repr__ = __str__ = __eq__
own = psycopg.connect(uri)
own.adapters.register_loader('text', type('L', (psycopg.adapt.Loader,), {
    'load': lambda self, data: Loud('x')}))
"""


def test_a_value_of_the_users_own_class_is_never_asked(asking: Kernel) -> None:
    asking.run(HOSTILE)
    asked = "own.execute(\"select 'x'::text\").fetchall()"
    outcome = asking.run(f"isinstance({asked}[0][0], Loud)")
    assert outcome.results == ["True"], outcome.traceback
    [told] = answers(asking.settle(outcome.msg_id), asking, "select 'x'::text")
    assert (told["fetched"], told["absent"]) == (1, "unlisted-type")


def test_what_is_fetched_in_a_later_cell_is_told_there(asking: Kernel) -> None:
    asking.run(f"FIVE = {FIVE!r}; c = psycopg.connect(uri).execute(FIVE); c.fetchmany(2)")
    events = asking.record("c.fetchmany(2); c.fetchmany(2)")
    [told] = answers(events, asking, FIVE)
    assert (told["fetched"], told["sha256"]) == (5, fingerprint(ROWS))


def test_what_a_thread_fetches_late_is_its_own_runs(asking: Kernel) -> None:
    begun = asking.run(
        f"FIVE = {FIVE!r}; import threading; go, gone = threading.Event(), threading.Event()\n"
        "late = psycopg.connect(uri).execute(FIVE)\n"
        "def fetch(): go.wait(); late.fetchone(); late.fetchone(); gone.set()\n"
        "threading.Thread(target=fetch).start()"
    )
    outcome = asking.run("go.set(); gone.wait()")
    asking.settle(outcome.msg_id)
    told = [e for e in of(asking.events(), "db.queried") if e.get("during")]
    assert [e["run"] for e in told] == [begun.msg_id + "/0"]
    assert told[0]["result"]["fetched"] == 2


def test_an_answer_too_long_for_a_fingerprint_is_counted(asking: Kernel) -> None:
    long = "select repeat('x', 1000000) from generate_series(1, 20)"
    asking.run(f"LONG = {long!r}")
    [told] = answers(asking.record("_ = three.execute(LONG).fetchall()"), asking, long)
    assert (told["fetched"], told["whole"], told["absent"]) == (20, True, "too-large")


def test_of_many_answers_in_a_run_the_first_are_told_each(asking: Kernel) -> None:
    events = asking.record("for n in range(120): three.execute('select %s::int', (n,)).fetchall()")
    told = answers(events, asking, "select %s::int")
    assert [a["absent"] for a in told] == [None] * 100 + ["too-many"]
