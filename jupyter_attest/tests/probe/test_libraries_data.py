"""Libraries of tables, databases and the network: each call's files, as its wrapper tells them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.tests.journals import Event

from .kernels import VERSION, Kernel, of, one, untested
from .test_files import told

IMPORTS = (
    "import pandas as pd, pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset as ds\n"
    "import pyarrow.csv, pyarrow.feather, pyarrow.ipc, pyarrow.json, pyarrow.orc\n"
    "import pyarrow.fs as pafs\n"
    "import polars as pl, duckdb, lxml.etree as ET, sqlalchemy as sa\n"
    "df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}); table = pa.table({'a': [1, 2]})\n"
    "frame = pl.DataFrame({'a': [1, 2]})"
)
#: Made before the tests: one file of each format, by other calls than those tested.
FILES = (
    "frame.write_parquet('in.parquet'); frame.write_csv('in.csv'); frame.write_ndjson('in.json')\n"
    "pa.orc.write_table(table, 'in.orc'); pa.feather.write_feather(table, 'in.feather')\n"
    "with pa.ipc.new_stream('in.arrows', table.schema) as w: w.write_table(table)\n"
    "ET.ElementTree(ET.XML('<t><tr><td>1</td></tr></t>')).write('in.xml')\n"
    "open('in.html', 'w').write(df.to_html())\n"
    "pq.write_to_dataset(pa.table({'a': [1], 'b': ['x']}), 'in.parts', partition_cols=['b'])\n"
    "with duckdb.connect('in.duckdb') as c: c.execute('create table t as select 1 a')\n"
    "import sqlite3; c = sqlite3.connect('in.db'); c.execute('create table t(a)'); c.close()"
)

WRITE = "write+truncate+create "
CASES = [
    ("pd.read_html('in.html')", ["read in.html"]),
    ("pd.read_orc('in.orc')", ["read in.orc"]),
    ("pd.read_csv('in.csv', engine='pyarrow')", ["read in.csv"]),
    ("pd.read_parquet(path='in.parquet')", ["read in.parquet"]),
    ("pd.read_parquet('in.parts')", ["read in.parts"]),
    ("pq.read_metadata('in.parquet')", ["read in.parquet"]),
    ("ds.dataset('in.parts').to_table()", ["read in.parts"]),
    ("ds.write_dataset(table, 'o.parts', format='parquet')", [WRITE + "o.parts"]),
    ("pa.feather.read_table('in.feather')", ["read in.feather"]),
    ("pa.csv.read_csv('in.csv')", ["read in.csv"]),
    ("pa.csv.write_csv(table, 'o.csv')", [WRITE + "o.csv"]),
    ("pa.json.read_json('in.json')", ["read in.json"]),
    ("pa.ipc.open_stream('in.arrows').read_all()", ["read in.arrows"]),
    ("pa.memory_map('in.csv').read()", ["read in.csv"]),
    ("pa.OSFile('o.bin', mode='wb').close()", [WRITE + "o.bin"]),
    ("frame.write_parquet('o.parquet')", [WRITE + "o.parquet"]),
    ("pl.read_csv('in.csv')", ["read in.csv"]),
    ("lazy = pl.scan_parquet('in.parq*')", ["read in.parq* (unknown)"]),
    ("lazy.collect()", ["read in.parq* (unknown)"]),
    ("pl.scan_csv('in.csv').sink_ipc('o.ipc')",
     ["read in.csv (unknown)", WRITE + "o.ipc", "read in.parq* (unknown)"]),
    ("duckdb.sql(\"select * from 'in.csv' as l join 'in.parquet' as r using (a)\").fetchall()",
     ["read in.csv", "read in.parquet"]),
    ("duckdb.execute('select * from read_csv(?)', ['in.csv']).fetchall()", ["read in.csv"]),
    ("duckdb.sql(\"select 'in.parquet' as b, a from df where b <> 'in.csv'\").fetchall()", []),
    ("duckdb.execute(\"copy (select 1) to 'o2.csv' (delimiter ',')\")", [WRITE + "o2.csv"]),
    ("duckdb.read_parquet(['in.parquet']).to_csv('o3.csv')",
     ["read in.parquet", WRITE + "o3.csv"]),
    ("duckdb.connect('in.duckdb', read_only=True).close()", ["read in.duckdb"]),
    ("duckdb.connect().execute(\"attach 'in.duckdb' as d (read_only)\")", ["read in.duckdb"]),
    ("ET.parse('in.xml')", ["read in.xml"]),
    ("ET.parse(open('in.xml', 'rb'))", ["read in.xml"]),
    ("sa.create_engine('sqlite://').connect().execute(sa.text(\"attach 'in.db' as o\"))",
     ["read+write in.db"]),
    ("sqlite3.connect('file:in%2Edb?mode=ro', uri=True).close()", ["read in.db"]),
    ("held = sqlite3.connect('in.db', check_same_thread=False)", ["read+write in.db"]),
    ("held.execute('select * from t').fetchall()", ["read in.db"]),
    ("_ = held.cursor().executemany('insert into t values (?)', [(1,), (2,)])",
     ["read+write in.db"]),
    ("held.commit()", ["read+write in.db"]),
    ("held.commit()", []),
    ("_ = held.execute(\"vacuum into 'o.db'\"); held.close()",
     [WRITE + "o.db", "read+write in.db"]),
    ("held = sqlite3.connect(':memory:'); _ = held.execute('attach ? as other', ('in.db',))",
     ["read+write in.db"]),
    ("held.execute('select 1').fetchall(); held.execute('select * from OTHER.t').fetchall()",
     ["read in.db"]),
    ("_ = held.executescript(\"detach other; attach 'in.db' as o\"); held.close()",
     ["read+write in.db"]),
    ("pafs.LocalFileSystem().open_input_stream('in.csv').read()", ["read in.csv"]),
    ("pafs.LocalFileSystem().open_output_stream('o.raw').close()", [WRITE + "o.raw"]),
    ("ET.ElementTree(file='in.xml')", ["read in.xml"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with the libraries loaded and one file of each format."""
    with Kernel(tmp_path_factory.mktemp("data")) as kernel:
        for code in (IMPORTS, FILES):
            outcome = kernel.run(code)
            assert outcome.ename is None, outcome.traceback
        yield kernel


def opened(events: list[Event], work: Path) -> list[str]:
    """What was opened, without what libraries look up on their own."""
    # Files that an earlier call still holds are looked at too; here only this call's count.
    events = [event for event in events if event.get("via") not in ("held", "maps")]
    lines = [line for line in told(events, work) if line.startswith(("read", "write", "append"))]
    return [line for line in lines if " .." not in line]


@pytest.mark.parametrize(("code", "expected"), CASES, ids=[code for code, _ in CASES])
def test_a_call_names_its_files(data: Kernel, code: str, expected: list[str]) -> None:
    for library, reason in untested(data).items():
        if library in code:
            pytest.skip(f"{library}: {reason} isn't in the table")
    outcome = data.run(code)
    assert outcome.ename is None, outcome.traceback
    assert opened(data.settle(outcome.msg_id), data.work) == expected


def test_all_entries_of_the_table_were_found(data: Kernel) -> None:
    gaps = [e["covers"] for e in of(data.events(), "gap") if e["code"] == "wrapper-off"]
    assert [gap for gap in gaps if gap["library"] not in untested(data)] == []


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("isinstance(pa.OSFile('in.csv'), pa.OSFile), pa.OSFile.__name__", "(True, 'OSFile')"),
        (
            "type(pa.OSFile('in.csv')).__name__, pa.OSFile",
            "('OSFile', <class 'pyarrow.lib.OSFile'>)",
        ),
        ("import pickle; pickle.loads(pickle.dumps(pa.csv.read_csv)) is pa.csv.read_csv", "True"),
        ("pickle.loads(pickle.dumps(pd.read_parquet)) is pd.read_parquet", "True"),
        ("type('C', (), {'f': ET.parse})().f('in.xml').getroot().tag", "'t'"),
        ("(lambda local: duckdb.sql('select a from local').fetchall())(df)", "[(1,), (2,)]"),
        ("duckdb.execute('select a from df').fetchall()", "[(1,), (2,)]"),
        ("import inspect; inspect.iscoroutinefunction(pl.LazyFrame.collect_async)", "False"),
        (
            "[isinstance(pafs.FileSystem.from_uri('file:///')[0], pafs.LocalFileSystem),"
            " issubclass(pafs.SubTreeFileSystem, pafs.LocalFileSystem), pafs.LocalFileSystem]",
            "[True, False, pyarrow._fs.LocalFileSystem]",
        ),
        (
            "import sqlite3; c = sqlite3.connect(':memory:'); type(c) is sqlite3.Connection,"
            " type('M', (sqlite3.Connection,), {})(':memory:').execute('select 1').fetchone()",
            "(True, (1,))",
        ),
        (
            "hasattr(c, '__dict__'), type(c.cursor()), len(repr(c).split())",
            "(False, sqlite3.Cursor, 4)",
        ),
        ("type(c.execute('select 1')) is sqlite3.Cursor", "True"),
        (
            "c.row_factory = sqlite3.Row; r = c.execute('select 1 as a').fetchone()['a'];"
            " c.row_factory = None; r",
            "1",
        ),
        ("list(inspect.signature(ET.parse).parameters)", "['source', 'parser', 'base_url']"),
    ],
)
def test_a_program_sees_no_difference(data: Kernel, code: str, seen: str) -> None:
    outcome = data.run(code)
    assert outcome.ename is None, outcome.traceback
    assert outcome.results == [seen]


@pytest.mark.parametrize(
    "code",
    ["pd.read_parquet('absent.parquet')", "pa.csv.read_csv('absent.csv')", "ET.parse('absent.xml')",
     "duckdb.execute(\"select * from 'absent.csv'\")", "pl.read_csv('absent.csv')"],
)  # fmt: skip
def test_an_error_passes_on_as_it_was(data: Kernel, code: str) -> None:
    outcome = data.run(code)
    assert outcome.ename is not None
    assert "attest" not in outcome.traceback
    assert all("(failed)" in line for line in opened(data.settle(outcome.msg_id), data.work))


def test_a_file_given_to_a_method_out_of_reach_is_a_gap_that_names_it(data: Kernel) -> None:
    events = data.record("_ = ET.ElementTree().parse('in.xml')")
    assert one(events, "gap")["covers"]["path"].endswith("/in.xml")
    assert of(data.record("_ = ET.parse('in.xml'); str().split('in.xml')"), "gap") == []


SERVER = (
    "import http.server, threading, httpx, requests, aiohttp, fsspec, urllib.request, urllib3\n"
    "pool = urllib3.PoolManager()\n"
    "class Handler(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.send_header('ETag', '\"v1\"')\n"
    "        self.send_header('x-amz-version-id', 'v1.2')\n"
    "        self.send_header('Content-Length', '5'); self.end_headers()\n"
    "        self.wfile.write(b'hello')\n"
    "    def log_message(self, *a): pass\n"
    "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)\n"
    "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
    "url = f'http://me:pw@127.0.0.1:{server.server_port}/d.csv?token=hush&q=1'\n"
    "plain = url.replace('me:pw@', '')\n"
    "async def with_httpx():\n"
    "    async with httpx.AsyncClient() as c: return (await c.get(url)).text\n"
    "async def with_aiohttp():\n"
    "    async with aiohttp.ClientSession() as s, s.get(plain) as r: return await r.text()"
)


BODIES = (
    "import http.server, threading, gzip, io, shutil, urllib.error, urllib.request, requests\n"
    "import pandas as pd, urllib3, httpx\n"
    "pool = urllib3.PoolManager()\n"
    "class Bodies(http.server.BaseHTTPRequestHandler):\n"
    "    protocol_version = 'HTTP/1.1'\n"
    "    def do_GET(self):\n"
    "        how = self.path.partition('?')[2]\n"
    "        body = b'hello\\nworld'\n"
    "        if how == 'gzip': body = gzip.compress(body)\n"
    "        self.send_response({'moved': 302, 'none': 404, 'part': 206}.get(how, 200))\n"
    "        if how == 'gzip': self.send_header('Content-Encoding', 'gzip')\n"
    "        if how == 'moved': self.send_header('Location', u)\n"
    "        if how == 'chunked':\n"
    "            self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()\n"
    "            self.wfile.write(b'4\\r\\nhell\\r\\n7\\r\\no\\nworld\\r\\n0\\r\\n\\r\\n')\n"
    "        else:\n"
    "            self.send_header('Content-Length', str(len(body))); self.end_headers()\n"
    "            self.wfile.write(body)\n"
    "    do_POST = do_GET\n"
    "    def log_message(self, *a): pass\n"
    "bodies = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Bodies)\n"
    "threading.Thread(target=bodies.serve_forever, daemon=True).start()\n"
    "u = f'http://127.0.0.1:{bodies.server_port}/d.csv'\n"
    "opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))"
)


@pytest.mark.parametrize(
    ("code", "library"),
    [
        ("requests.get(url).text", "requests"),
        ("httpx.get(url).text", "httpx"),
        ("await with_httpx()", "httpx"),
        ("await with_aiohttp()", "aiohttp"),
        ("fsspec.filesystem('http').cat(plain).decode()", "aiohttp"),
        ("pool.request('GET', plain).data.decode()", "urllib3"),
    ],
)
def test_a_request_is_told_with_what_the_server_said(data: Kernel, code: str, library: str) -> None:
    if "server" not in data.run("'server' if 'server' in globals() else ''").results[0]:
        assert data.run(SERVER).ename is None
    outcome = data.run(code)
    assert outcome.results == ["'hello'"], outcome.traceback
    events = data.settle(outcome.msg_id)
    read: dict[str, Any] = of(events, "remote.read")[0]
    assert read["url"].endswith("/d.csv?token=***&q=1")
    assert "pw" not in read["url"]
    assert (read["status"], read["etag"], read["bytes"]) == (200, '"v1"', 5)
    assert read["versionId"] == "v1.2"
    assert read["library"] == library
    assert {e["url"] for e in of(events, "http.requested")} == {read["url"]}
    assert [(e["sha256"], e["received"]) for e in of(events, "remote.read") if "sha256" in e] == [
        (hashlib.sha256(b"hello").hexdigest(), 5)
    ]


WHOLE = hashlib.sha256(b"hello\nworld").hexdigest()


@pytest.mark.parametrize(
    ("code", "digests"),
    [
        ("opener.open(u).read()", [WHOLE]),
        ("r = opener.open(u)\nwhile r.read(3): pass", [WHOLE]),
        ("[line for line in opener.open(u)]", [WHOLE]),
        ("io.TextIOWrapper(opener.open(u)).read()", [WHOLE]),
        ("io.BufferedReader(opener.open(u)).read()", [WHOLE]),
        ("shutil.copyfileobj(opener.open(u), io.BytesIO())", [WHOLE]),
        ("opener.open(u + '?chunked').read()", [WHOLE]),
        ("[line for line in opener.open(u + '?chunked')]", [WHOLE]),
        ("opener.open(u + '?moved').read()", [WHOLE]),
        ("pd.read_csv(u)", [WHOLE]),
        ("requests.get(u + '?gzip').content", [WHOLE]),
        ("[requests.get(u + '?gzip').content, requests.get(u).content]", [WHOLE, WHOLE]),
        ("requests.get(u, stream=True).content", [WHOLE]),
        ("list(requests.get(u, stream=True).iter_content(4))", [WHOLE]),
        ("list(requests.get(u, stream=True).iter_lines())", [WHOLE]),
        ("list(requests.get(u + '?chunked', stream=True).iter_content(3))", [WHOLE]),
        ("requests.get(u + '?chunked', stream=True).raw.read()", [WHOLE]),
        ("list(requests.get(u + '?moved', stream=True).iter_content(4))", [WHOLE]),
        ("shutil.copyfileobj(requests.get(u, stream=True).raw, io.BytesIO())", [WHOLE]),
        ("next(requests.get(u, stream=True).iter_content(4))", []),
        ("next(requests.get(u + '?chunked', stream=True).iter_content(4))", []),
        ("r = requests.get(u, stream=True).raw; r.read(4); r.drain_conn()", []),
        ("list(requests.get(u + '?gzip', stream=True).iter_content(4))", []),
        ("requests.get(u + '?part').content", []),
        ("list(requests.get(u + '?part', stream=True).iter_content(4))", []),
        ("pool.request('GET', u).data", [WHOLE]),
        ("pool.request('GET', u + '?gzip').data", [WHOLE]),
        ("pool.request('GET', u + '?moved').data", [WHOLE]),
        ("pool.request('GET', u, preload_content=False).read()", [WHOLE]),
        ("r = pool.request('GET', u, preload_content=False)\nwhile r.read(4): pass", [WHOLE]),
        ("list(pool.request('GET', u + '?chunked', preload_content=False).stream(3))", [WHOLE]),
        ("list(pool.request('GET', u + '?chunked', preload_content=False))", [WHOLE]),
        ("pool.request('GET', u, preload_content=False).read(4)", []),
        ("pool.request('POST', u).data", []),
        ("with httpx.stream('GET', u) as r: r.read()", [WHOLE]),
        ("async with httpx.AsyncClient() as c, c.stream('GET', u) as r: await r.aread()", [WHOLE]),
        ("with httpx.stream('GET', u) as r: list(r.iter_bytes())", []),
        ("opener.open(u).read(4)", []),
        ("opener.open(u + '?gzip').read()", []),
        ("r = opener.open(u); r.fp.read(4); r.read(20)", []),
        ("opener.open(urllib.request.Request(u, data=b'', method='POST')).read()", []),
    ],
)
def test_bytes_delivered_in_full_have_a_fingerprint(
    data: Kernel, code: str, digests: list[str]
) -> None:
    if data.run("'bodies' in globals()").results[0] != "True":
        assert data.run(BODIES).ename is None
    outcome = data.run(code)
    assert outcome.ename is None, outcome.traceback
    reads = of(data.settle(outcome.msg_id), "remote.read")
    assert [e["sha256"] for e in reads if "sha256" in e] == digests
    if digests:  # of what finally answered
        assert all("moved" not in e["url"] for e in reads if "sha256" in e)
    assert all(e["received"] == 11 for e in reads if "sha256" in e)


def test_an_answer_raised_as_an_error_is_no_read(data: Kernel) -> None:
    if data.run("'bodies' in globals()").results[0] != "True":
        assert data.run(BODIES).ename is None
    events = data.record("try: opener.open(u + '?none')\nexcept urllib.error.HTTPError: pass")
    assert one(events, "http.requested")["url"].endswith("?none")
    assert of(events, "remote.read") == []


def test_a_query_is_told_by_its_digest_without_secrets(data: Kernel) -> None:
    events = data.record(
        "with sa.create_engine('sqlite:///q.db').connect() as c:\n"
        "    for _ in range(3): c.execute(sa.text(\"select 1 -- password='geheim'\"))"
    )
    queried, *answers = of(events, "db.queried")
    assert (queried["dialect"], queried["database"]) == ("sqlite", "q.db")
    # SQLAlchemy itself asks for a setting; of ours no row was fetched.
    assert {data.text(e["statement"])[:6] for e in answers} <= {"PRAGMA"}
    assert data.text(queried["statement"]) == "select 1 -- password='***'"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("pd.read_sql(FOUR, engine)", (4, True, None)),
        ("list(pd.read_sql(FOUR, engine, chunksize=3))", (4, True, None)),
        ("c.execute(sa.text(FOUR)).scalars().all()", (4, True, None)),
        ("[row for row in c.execute(sa.text(FOUR))]", (4, True, None)),
        ("c.execution_options(stream_results=True).execute(sa.text(FOUR)).all()", (4, True, None)),
        ("list(c.execution_options(yield_per=3).execute(sa.text(FOUR)).partitions())",
         (4, True, None)),
        ("c.execute(sa.text(FOUR)).first()", (1, False, "partial")),
        ("c.execute(sa.text(FOUR)).fetchmany(4)", (4, False, "partial")),
    ],
)  # fmt: skip
def test_rows_that_sqlalchemy_fetches_are_counted_whatever_the_driver(
    data: Kernel, code: str, said: tuple[int, bool, str | None]
) -> None:
    four = "select 1 as a union select 2 union select 3 union select 4"
    data.run(f"FOUR = {four!r}\nengine = sa.create_engine('sqlite:///q.db'); c = engine.connect()")
    events = data.record(code)
    asked = [e for e in of(events, "db.queried") if "result" in e]
    told = [e["result"] for e in asked if data.text(e["statement"]) == four]
    assert {(t["fetched"], t["whole"], t["absent"]) for t in told} == {said}
    if said[1]:
        digest = hashlib.sha256(b"[[1],[2],[3],[4]]").hexdigest()
        assert {t["sha256"] for t in told} == {digest}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("held.execute(FOUR).fetchall()", (4, True, None)),
        ("[row for row in held.execute(FOUR)]", (4, True, None)),
        ("held.cursor().execute(FOUR).fetchall()", (4, True, None)),
        ("pd.read_sql(FOUR, held)", (4, True, None)),
        ("c = held.execute(FOUR)\nwhile c.fetchone(): pass", (4, True, None)),
        ("c = held.execute(FOUR)\nwhile c.fetchmany(3): pass", (4, True, None)),
        ("rows = sqlite3.connect('q.db'); rows.row_factory = sqlite3.Row\n"
         "rows.execute(FOUR).fetchall()", (4, True, None)),
        ("c = held.execute(FOUR); c.fetchone(); c.fetchmany(0)", (1, False, "partial")),
        ("rows.row_factory = lambda cursor, row: None\n"
         "c = rows.execute(FOUR); c.fetchone(); c.fetchone()", None),
    ],
)  # fmt: skip
def test_rows_of_a_sqlite_file_are_counted(
    data: Kernel, code: str, said: tuple[int, bool, str | None] | None
) -> None:
    four = "select 1 as a union select 2 union select 3 union select 4"
    data.run(f"import sqlite3; FOUR = {four!r}; held = sqlite3.connect('q.db')")
    events = data.record(code)
    told = [e for e in of(events, "db.queried") if data.text(e["statement"]) == four]
    results = [e["result"] for e in told]
    assert [(t["fetched"], t["whole"], t["absent"]) for t in results] == ([said] if said else [])
    assert all((e["host"], e["database"][-5:]) == (None, "/q.db") for e in told)
    if said and said[1]:
        digest = hashlib.sha256(b"[[1],[2],[3],[4]]").hexdigest()
        assert [t["sha256"] for t in results] == [digest]


def test_errors_of_a_connections_shortcut_are_as_they_were(data: Kernel) -> None:
    said = "import sqlite3; c = sqlite3.connect(':memory:')\ntry: c.execute({})\n"
    said += "except Exception as e: print(type(e).__name__, e)"
    shown = [data.run(said.format(args)).stdout for args in ("'selec 1'", "", "sql='select 1'")]
    assert "near" in shown[0]
    assert "execute expected at least 1 argument, got 0" in shown[1]
    assert "Connection.execute() takes no keyword arguments" in shown[2]
    for code in ("c.execute('selec 1')", "c.close(); c.execute('select 1')"):
        outcome = data.run(code)
        assert outcome.ename in ("OperationalError", "ProgrammingError")
        if VERSION >= (3, 11):
            assert "probe.py" not in outcome.traceback
