# ruff: noqa: E501 (a table of code)
"""The calls that the coverage bench makes: one cell that prepares, one that is compared with strace.

Calls of science and machine learning libraries are those of the probe's tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_attest.tests.probe.library_cases import HEAVY, LIGHT


@dataclass(frozen=True)
class Call:
    """One row of the table; each runs in a folder of its own."""

    library: str
    code: str
    before: str
    #: Module that has to be there.
    needs: str
    #: Kernels are shared by the calls of one session.
    session: str


PANDAS = "import pandas as pd; df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"
ARROW = (
    "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset as ds, pyarrow.csv, pyarrow.json\n"
    "import pyarrow.feather, pyarrow.ipc, pyarrow.orc, pyarrow.fs as pafs\n"
    "table = pa.table({'a': [1, 2], 'b': ['x', 'y']})"
)
POLARS = "import polars as pl; frame = pl.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"
DUCK = "import duckdb; open('in.csv', 'w').write('a,b\\n1,x\\n2,y\\n')"
LXML = "import lxml.etree as ET, lxml.html; open('in.xml', 'w').write('<t><a>1</a></t>')"
SQLITE = "import sqlite3\nwith sqlite3.connect('in.db') as c: c.execute('create table t(a)'); c.execute('insert into t values (1)')\nc.close()"
SA = SQLITE + "\nimport sqlalchemy as sa"
NUMPY = "import numpy as np; x = np.arange(4.)"
STDLIB = "import os, io, gzip, bz2, lzma, zipfile, tarfile, pickle, shutil, pathlib, mmap, csv, json, urllib.request; open('in', 'w').write('1,2\\n')"
FSSPEC = "import fsspec; open('in', 'w').write('abc')"
SKLEARN = (
    "import joblib, numpy as np, sklearn.datasets as sd; from sklearn.linear_model import LinearRegression\n"
    "m = LinearRegression().fit([[0], [1]], [0, 1]); open('in.svm', 'w').write('1 1:2\\n0 1:3\\n')"
)
PIL = "from PIL import Image; Image.new('RGB', (4, 4)).save('in.png')"
PLOT = "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig('in.png')"

#: Library, what prepares it, and per call: code, or (code, more preparation).
TABLE: list[tuple[str, str, str, list[str | tuple[str, str]]]] = [
    ("pandas", "pandas", PANDAS, [
        "df.to_csv('o.csv')", ("pd.read_csv('i.csv')", "df.to_csv('i.csv')"),
        ("pd.read_csv('i.csv', engine='python')", "df.to_csv('i.csv')"),
        ("pd.read_csv('i.csv', engine='pyarrow')", "df.to_csv('i.csv')"),
        ("pd.read_csv('i.csv', memory_map=True)", "df.to_csv('i.csv')"),
        "df.to_csv('o.csv.gz')", ("pd.read_csv('i.csv.gz')", "df.to_csv('i.csv.gz')"),
        ("pd.read_table('i.csv')", "df.to_csv('i.csv')"), ("pd.read_fwf('i.csv')", "df.to_csv('i.csv')"),
        "df.to_json('o.json')", ("pd.read_json('i.json')", "df.to_json('i.json')"),
        "df.to_pickle('o.pkl')", ("pd.read_pickle('i.pkl')", "df.to_pickle('i.pkl')"),
        "df.to_parquet('o.parquet')", ("pd.read_parquet('i.parquet')", "df.to_parquet('i.parquet')"),
        "df.to_parquet('o.parts', partition_cols=['b'])",
        ("pd.read_parquet('i.parts')", "df.to_parquet('i.parts', partition_cols=['b'])"),
        "df.to_feather('o.feather')", ("pd.read_feather('i.feather')", "df.to_feather('i.feather')"),
        "df.to_orc('o.orc')", ("pd.read_orc('i.orc')", "df.to_orc('i.orc')"),
        "df.to_stata('o.dta')", ("pd.read_stata('i.dta')", "df.to_stata('i.dta')"),
        "df.to_html('o.html')", ("pd.read_html('i.html')", "df.to_html('i.html')"),
        "df.to_xml('o.xml')", ("pd.read_xml('i.xml')", "df.to_xml('i.xml')"),
        ("pd.read_sql('select * from t', c)", SQLITE + "; c = sqlite3.connect('in.db')"),
        ("df.to_sql('u', c)", SQLITE + "; c = sqlite3.connect('in.db')"),
    ]),
    ("pyarrow", "pyarrow", ARROW, [
        "pq.write_table(table, 'o.parquet')", ("pq.read_table('i.parquet')", "pq.write_table(table, 'i.parquet')"),
        ("pq.ParquetFile('i.parquet').read()", "pq.write_table(table, 'i.parquet')"),
        ("pq.read_schema('i.parquet'); pq.read_metadata('i.parquet')", "pq.write_table(table, 'i.parquet')"),
        ("pq.ParquetDataset('i.parts').read()", "pq.write_to_dataset(table, 'i.parts', partition_cols=['b'])"),
        "pq.write_to_dataset(table, 'o.parts', partition_cols=['b'])",
        "with pq.ParquetWriter('o.parquet', table.schema) as w: w.write_table(table)",
        ("pq.write_metadata(table.schema, '_metadata')", ""),
        ("ds.dataset('i.parts', partitioning='hive').to_table()", "pq.write_to_dataset(table, 'i.parts', partition_cols=['b'])"),
        ("ds.dataset(['i.parquet']).count_rows()", "pq.write_table(table, 'i.parquet')"),
        "ds.write_dataset(table, 'o.d', format='parquet')",
        "pa.feather.write_feather(table, 'o.feather')", ("pa.feather.read_table('i.feather')", "pa.feather.write_feather(table, 'i.feather')"),
        ("pa.feather.read_feather('i.feather', memory_map=True)", "pa.feather.write_feather(table, 'i.feather')"),
        "pa.csv.write_csv(table, 'o.csv')", ("pa.csv.read_csv('i.csv')", "pa.csv.write_csv(table, 'i.csv')"),
        ("pa.csv.open_csv('i.csv').read_all()", "pa.csv.write_csv(table, 'i.csv')"),
        "with pa.csv.CSVWriter('o.csv', table.schema) as w: w.write_table(table)",
        ("pa.json.read_json('i.json')", "open('i.json', 'w').write('{\"a\": 1}\\n')"),
        ("pa.json.open_json('i.json').read_all()", "open('i.json', 'w').write('{\"a\": 1}\\n')"),
        "pa.orc.write_table(table, 'o.orc')", ("pa.orc.read_table('i.orc')", "pa.orc.write_table(table, 'i.orc')"),
        ("pa.orc.ORCFile('i.orc').read()", "pa.orc.write_table(table, 'i.orc')"),
        "with pa.orc.ORCWriter('o.orc') as w: w.write(table)",
        "with pa.ipc.new_file('o.arrow', table.schema) as w: w.write_table(table)",
        "with pa.ipc.new_stream('o.arrows', table.schema) as w: w.write_table(table)",
        ("pa.ipc.open_file('i.arrow').read_all()", "with pa.ipc.new_file('i.arrow', table.schema) as w: w.write_table(table)"),
        ("pa.ipc.open_stream('i.arrows').read_all()", "with pa.ipc.new_stream('i.arrows', table.schema) as w: w.write_table(table)"),
        ("pa.memory_map('i').read()", "open('i', 'w').write('abc')"),
        ("with pa.memory_map('i', 'r+') as f: f.write(b'x')", "open('i', 'w').write('abc')"),
        "with pa.create_memory_map('o', 10) as f: f.write(b'x')",
        ("pa.OSFile('i').read()", "open('i', 'w').write('abc')"), "with pa.OSFile('o', 'wb') as f: f.write(b'x')",
        ("with pa.OSFile('i', 'ab') as f: f.write(b'x')", "open('i', 'w').write('abc')"),
        ("pa.input_stream('i').read()", "open('i', 'w').write('abc')"), "with pa.output_stream('o') as f: f.write(b'x')",
        ("pafs.LocalFileSystem().open_input_file('i').read()", "open('i', 'w').write('abc')"),
        ("pafs.LocalFileSystem().open_input_stream('i').read()", "open('i', 'w').write('abc')"),
        "with pafs.LocalFileSystem().open_output_stream('o') as f: f.write(b'x')",
        ("with pafs.LocalFileSystem().open_append_stream('i') as f: f.write(b'x')", "open('i', 'w').write('abc')"),
        ("with pafs.LocalFileSystem(use_mmap=True).open_input_file('i') as f: f.read()", "open('i', 'w').write('abc')"),
        ("pafs.LocalFileSystem().copy_file('i', 'o')", "open('i', 'w').write('abc')"),
        ("pafs.LocalFileSystem().move('i', 'o')", "open('i', 'w').write('abc')"),
        ("pafs.copy_files('i', 'o')", "open('i', 'w').write('abc')"),
        ("pq.read_table('i.parquet', filesystem=pafs.LocalFileSystem())", "pq.write_table(table, 'i.parquet')"),
        ("import os; pafs.SubTreeFileSystem(os.getcwd(), pafs.LocalFileSystem()).open_input_file('i').read()", "open('i', 'w').write('abc')"),
    ]),
    ("polars", "polars", POLARS, [
        "frame.write_csv('o.csv')", ("pl.read_csv('i.csv')", "frame.write_csv('i.csv')"),
        ("pl.read_csv('i.csv', encoding='latin1')", "frame.write_csv('i.csv')"),
        ("pl.scan_csv('i.csv').collect()", "frame.write_csv('i.csv')"),
        ("pl.scan_csv('i*.csv').collect()", "frame.write_csv('i1.csv'); frame.write_csv('i2.csv')"),
        ("list(pl.scan_csv('i.csv').collect_batches())", "frame.write_csv('i.csv')"),
        "frame.write_parquet('o.parquet')", ("pl.read_parquet('i.parquet')", "frame.write_parquet('i.parquet')"),
        ("pl.read_parquet('i.parquet', use_pyarrow=True)", "frame.write_parquet('i.parquet')"),
        ("pl.read_parquet_schema('i.parquet'); pl.read_parquet_metadata('i.parquet')", "frame.write_parquet('i.parquet')"),
        ("pl.scan_parquet('i.parquet').filter(pl.col('a') > 1).collect()", "frame.write_parquet('i.parquet')"),
        ("pl.scan_parquet('i.d').collect()", "import os; os.mkdir('i.d'); frame.write_parquet('i.d/1.parquet'); frame.write_parquet('i.d/2.parquet')"),
        ("pl.collect_all([pl.scan_parquet('i.parquet')])", "frame.write_parquet('i.parquet')"),
        "frame.write_ipc('o.ipc')", ("pl.read_ipc('i.ipc', use_pyarrow=True)", "frame.write_ipc('i.ipc')"),
        ("pl.read_ipc('i.ipc')", "frame.write_ipc('i.ipc')"), ("pl.read_ipc_schema('i.ipc')", "frame.write_ipc('i.ipc')"),
        ("pl.scan_ipc('i.ipc').collect()", "frame.write_ipc('i.ipc')"),
        "frame.write_ipc_stream('o.ipcs')", ("pl.read_ipc_stream('i.ipcs')", "frame.write_ipc_stream('i.ipcs')"),
        "frame.write_ndjson('o.ndjson')", ("pl.read_ndjson('i.ndjson')", "frame.write_ndjson('i.ndjson')"),
        ("pl.scan_ndjson('i.ndjson').collect()", "frame.write_ndjson('i.ndjson')"),
        "frame.write_json('o.json')", ("pl.read_json('i.json')", "frame.write_json('i.json')"),
        "frame.write_avro('o.avro')", ("pl.read_avro('i.avro')", "frame.write_avro('i.avro')"),
        ("pl.read_lines('i.csv')", "frame.write_csv('i.csv')"), ("pl.scan_lines('i.csv').collect()", "frame.write_csv('i.csv')"),
        "frame.lazy().sink_parquet('o.parquet')", "frame.lazy().sink_csv('o.csv')", "frame.lazy().sink_ipc('o.ipc')",
        "frame.lazy().sink_ndjson('o.ndjson')",
        ("pl.scan_csv('i.csv').sink_parquet('o.parquet')", "frame.write_csv('i.csv')"),
        ("pl.scan_csv('i.csv').describe()", "frame.write_csv('i.csv')"),
        ("pl.scan_pyarrow_dataset(ds.dataset('i.parquet')).collect()", ARROW + "; frame.write_parquet('i.parquet')"),
        ("pl.read_database('select * from t', c)", SQLITE + "; c = sqlite3.connect('in.db')"),
        ("pl.SQLContext(t=pl.scan_csv('i.csv')).execute('select * from t').collect()", "frame.write_csv('i.csv')"),
        ("pl.sql(\"select * from read_csv('i.csv')\").collect()", "frame.write_csv('i.csv')"),
    ]),
    ("duckdb", "duckdb", DUCK, [
        "duckdb.sql(\"select * from 'in.csv'\").fetchall()", "duckdb.execute('select * from read_csv(?)', ['in.csv']).fetchall()",
        "duckdb.read_csv('in.csv').fetchall()", "duckdb.sql(\"copy (select 1 a) to 'o.parquet' (format parquet)\")",
        "duckdb.sql(\"copy (select 1 a) to 'o.csv'\")", "duckdb.sql('select 1 a').to_csv('o.csv')",
        "duckdb.sql('select 1 a').to_parquet('o.parquet')", "duckdb.sql('select 1 a').write_parquet('o.parquet')",
        ("duckdb.read_parquet('i.parquet').fetchall()", "duckdb.sql('select 1 a').to_parquet('i.parquet')"),
        ("duckdb.sql(\"select * from read_parquet(['i.parquet', 'j.parquet'])\").fetchall()",
         "duckdb.sql('select 1 a').to_parquet('i.parquet'); duckdb.sql('select 1 a').to_parquet('j.parquet')"),
        ("duckdb.sql(\"select * from parquet_metadata('i.parquet')\").fetchall()", "duckdb.sql('select 1 a').to_parquet('i.parquet')"),
        ("duckdb.read_json('i.json').fetchall()", "open('i.json', 'w').write('{\"a\": 1}\\n')"),
        ("duckdb.sql(\"select * from 'i*.csv'\").fetchall()", "open('i1.csv', 'w').write('a\\n1\\n')"),
        "with duckdb.connect('o.duckdb') as c: c.execute('create table t as select 1 a')",
        ("with duckdb.connect('i.duckdb') as c: c.execute('select * from t').fetchall()",
         "with duckdb.connect('i.duckdb') as c: c.execute('create table t as select 1 a')"),
        ("with duckdb.connect('i.duckdb', read_only=True) as c: c.execute('select * from t').fetchall()",
         "with duckdb.connect('i.duckdb') as c: c.execute('create table t as select 1 a')"),
        ("with duckdb.connect() as c: c.execute(\"attach 'i.duckdb' as d (read_only)\").execute('select * from d.t').fetchall()",
         "with duckdb.connect('i.duckdb') as c: c.execute('create table t as select 1 a')"),
        "with duckdb.connect() as c: c.execute(\"attach 'o.duckdb' as d\").execute('create table d.t as select 1 a'); c.execute('detach d')",
        "with duckdb.connect() as c: c.execute(\"create table t as from 'in.csv'\").execute(\"export database 'o.d'\")",
        ("with duckdb.connect() as c: c.execute(\"import database 'i.d'\")",
         "with duckdb.connect() as c: c.execute(\"create table t as from 'in.csv'\").execute(\"export database 'i.d'\")"),
        "with duckdb.connect() as c: c.execute('create table t(a int, b varchar)').execute(\"copy t from 'in.csv'\")",
        "with duckdb.connect() as c: c.execute('create table t(a int, b varchar)').execute(\"insert into t from 'in.csv'\")",
    ]),
    ("lxml", "lxml", LXML, [
        "ET.parse('in.xml')", "list(ET.iterparse('in.xml'))", "ET.ElementTree(ET.XML('<t/>')).write('o.xml')",
        "with ET.xmlfile('o.xml') as f: f.write(ET.XML('<t/>'))", "lxml.html.parse('in.xml')",
        "ET.ElementTree(ET.XML('<t/>')).write_c14n('o.xml')", "ET.ElementTree().parse('in.xml')",
        "ET.parse(open('in.xml', 'rb'))",
        ("ET.XMLSchema(file='i.xsd')", "open('i.xsd', 'w').write('<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"/>')"),
        ("ET.RelaxNG(file='i.rng')", "open('i.rng', 'w').write('<element name=\"t\" xmlns=\"http://relaxng.org/ns/structure/1.0\"><text/></element>')"),
        ("ET.DTD('i.dtd')", "open('i.dtd', 'w').write('<!ELEMENT t (#PCDATA)>')"),
    ]),
    ("sqlite3", "sqlite3", SQLITE, [
        "with sqlite3.connect('in.db') as d: d.execute('select * from t').fetchall()\nd.close()",
        "with sqlite3.connect('in.db') as d: d.execute('insert into t values (2)')\nd.close()",
        "with sqlite3.connect('o.db') as d: d.execute('create table t(a)')\nd.close()",
        "d = sqlite3.connect('file:in.db?mode=ro', uri=True); d.execute('select * from t').fetchall(); d.close()",
        "d = sqlite3.connect(':memory:'); d.execute(\"attach 'in.db' as o\"); d.execute('select * from o.t').fetchall(); d.close()",
        "d = sqlite3.connect(':memory:'); d.execute('attach ? as o', ('in.db',)); d.execute('insert into o.t values (3)'); d.commit(); d.close()",
        "d = sqlite3.connect(':memory:'); k = d.cursor(); k.execute(\"attach database 'in.db' as o\"); k.execute('select * from o.t').fetchall(); k.close(); d.close()",
        "d = sqlite3.connect(':memory:'); d.executescript(\"attach 'in.db' as o; create table o.u(a)\"); d.close()",
        "d = sqlite3.connect('in.db'); d.execute(\"vacuum into 'o.db'\"); d.close()",
        "d = sqlite3.connect('in.db'); e = sqlite3.connect('o.db'); d.backup(e); d.close(); e.close()",
    ]),
    ("sqlalchemy", "sqlalchemy", SA, [
        "with sa.create_engine('sqlite:///in.db').connect() as c: c.execute(sa.text('select * from t')).all()",
        "with sa.create_engine('sqlite:///o.db').begin() as c: c.execute(sa.text('create table t(a)'))",
        "with sa.create_engine('sqlite://').connect() as c: c.execute(sa.text(\"attach 'in.db' as o\")); c.execute(sa.text('select * from o.t')).all()",
    ]),
    ("numpy", "numpy", NUMPY, [
        "np.save('o.npy', x)", ("np.load('i.npy')", "np.save('i.npy', x)"), "np.savez('o.npz', x=x)", ("np.load('i.npz')['x']", "np.savez('i.npz', x=x)"),
        "np.savetxt('o.txt', x)", ("np.loadtxt('i.txt')", "np.savetxt('i.txt', x)"), ("np.genfromtxt('i.txt')", "np.savetxt('i.txt', x)"),
        "x.tofile('o.bin')", ("np.fromfile('i.bin')", "x.tofile('i.bin')"), ("np.load('i.npy', mmap_mode='r').sum()", "np.save('i.npy', x)"),
        "m = np.memmap('o.bin', float, 'w+', shape=4); m[:] = 1; m.flush(); del m",
        ("m = np.memmap('i.bin', float, 'r+'); m[0] = 5; m.flush(); del m", "x.tofile('i.bin')"),
    ]),
    ("Python", "os", STDLIB, [
        "open('in').read()", "open('o', 'w').write('x')", "open('in', 'a').write('x')", "with open('in', 'r+') as f: f.read(); f.write('x')",
        "pathlib.Path('in').read_text(); pathlib.Path('o').write_bytes(b'x')",
        "fd = os.open('o', os.O_WRONLY | os.O_CREAT); os.write(fd, b'x'); os.close(fd)",
        "d = os.open('.', os.O_RDONLY); fd = os.open('in', os.O_RDONLY, dir_fd=d); os.read(fd, 9); os.close(fd); os.close(d)",
        "with gzip.open('o.gz', 'wb') as f: f.write(b'x')", ("gzip.open('i.gz').read()", "with gzip.open('i.gz', 'wb') as f: f.write(b'x')"),
        "with bz2.open('o.bz2', 'wb') as f: f.write(b'x')", "with lzma.open('o.xz', 'wb') as f: f.write(b'x')",
        "with zipfile.ZipFile('o.zip', 'w') as z: z.write('in')", "with tarfile.open('o.tar', 'w') as t: t.add('in')",
        ("zipfile.ZipFile('i.zip').extractall('u')", "with zipfile.ZipFile('i.zip', 'w') as z: z.write('in')"),
        "shutil.copy('in', 'o')", "shutil.copytree('.', '../t%d' % os.getpid() + os.path.basename(os.getcwd()))", "shutil.move('in', 'o')",
        "os.replace('in', 'o')", "os.link('in', 'o'); open('o').read()", "os.symlink('in', 'o'); open('o').read()",
        "with open('in', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m: m[0:1] = b'7'", "os.truncate('in', 1)",
        "urllib.request.urlopen('file://' + os.path.abspath('in')).read()", "pickle.dump(1, open('o', 'wb'))",
        "import subprocess; subprocess.run(['cp', 'in', 'o'], check=True)", "import subprocess; subprocess.run(['sort', 'in', '-o', 'in'], check=True)",
        "!cat in > o", "import subprocess, sys; subprocess.run([sys.executable, '-c', \"open('o','w').write(open('in').read())\"], check=True)",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(1) as p: p.map(os.path.exists, ['in']); p.apply(shutil.copy, ('in', 'o'))",
        "import multiprocessing as mp\nwith mp.get_context('spawn').Pool(1) as p: p.apply(shutil.copy, ('in', 'o'))",
        "import concurrent.futures as cf\nwith cf.ProcessPoolExecutor(1, __import__('multiprocessing').get_context('forkserver')) as p: p.submit(shutil.copy, 'in', 'o').result()",
        "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(1) as p: p.submit(shutil.copy, 'in', 'o').result()",
        "%%writefile o.py\nx = 1", ("%run in.py", "open('in.py', 'w').write('y = 1\\n')"), ("%load_ext helper", "open('helper.py', 'w').write('def load_ipython_extension(ip): pass\\n'); import sys; sys.path.insert(0, os.getcwd())"),
        ("import mine", "open('mine.py', 'w').write('z = 1\\n'); import sys; sys.path.insert(0, os.getcwd())"),
        "import dbm.dumb\nwith dbm.dumb.open('o', 'c') as d: d['a'] = 'b'", "import dbm\nwith dbm.open('o', 'c') as d: d['a'] = 'b'",
        ("import dbm\nwith dbm.open('i', 'r') as d: d['a']", "import dbm\nwith dbm.open('i', 'c') as d: d['a'] = 'b'"),
        "import shelve\nwith shelve.open('o') as s: s['a'] = 1", ("import shelve\nwith shelve.open('i') as s: s['a']", "import shelve\nwith shelve.open('i') as s: s['a'] = 1"),
        "import sqlite3, logging; h = logging.FileHandler('o.log'); h.emit(logging.makeLogRecord({'msg': 'x'})); h.close()",
        "import xml.etree.ElementTree as E; E.ElementTree(E.XML('<t/>')).write('o.xml'); E.parse('o.xml')",
        "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x')", "import ctypes; L = ctypes.CDLL(None); L.fopen.restype = ctypes.c_void_p; f = L.fopen(b'o', b'w'); L.fputs(b'x', ctypes.c_void_p(f)); L.fclose(ctypes.c_void_p(f))",
    ]),
    ("fsspec", "fsspec", FSSPEC, [
        "fsspec.filesystem('file').cat('in')", "with fsspec.open('in', 'rb') as f: f.read()", "with fsspec.open('o', 'wb') as f: f.write(b'x')",
        "fsspec.filesystem('file').copy('in', 'o')", "fsspec.filesystem('file').put('in', 'o')", "with fsspec.open('simplecache::file://in') as f: f.read()",
        "fsspec.filesystem('file').mv('in', 'o')",
        ("fsspec.filesystem('zip', fo='i.zip').cat('in')", "import zipfile\nwith zipfile.ZipFile('i.zip', 'w') as z: z.write('in')"),
    ]),
    ("scikit-learn", "sklearn", SKLEARN, [
        "joblib.dump(m, 'o.joblib')", ("joblib.load('i.joblib')", "joblib.dump(m, 'i.joblib')"), "sd.load_svmlight_file('in.svm')",
        "sd.dump_svmlight_file(np.ones((2, 2)), [0, 1], 'o.svm')", ("joblib.load('i.npy', mmap_mode='r')", "joblib.dump(np.ones(9), 'i.npy')"),
        "joblib.Parallel(2, backend='loky')(joblib.delayed(__import__('shutil').copy)('in.svm', n) for n in 'ab')",
        "mem = joblib.Memory('cache', verbose=0); mem.cache(sum)([1, 2])",
    ]),
    ("pillow", "PIL", PIL, [
        "Image.open('in.png').load()", "Image.new('RGB', (4, 4)).save('o.jpg')",
        ("Image.open('i.tif').load()", "Image.new('RGB', (4, 4)).save('i.tif', compression='tiff_lzw')"),
        "Image.new('RGB', (4, 4)).save('o.tif', compression='tiff_lzw')",
    ]),
    ("matplotlib", "matplotlib", PLOT, ["plt.savefig('o.png')", "plt.savefig('o.pdf')", "plt.savefig('o.svg')", "plt.imread('in.png')"]),
]  # fmt: skip

#: Distributions as the wrapper table calls them, by module.
DISTRIBUTIONS = {"cv2": "opencv-python"}


def light() -> list[Call]:
    """Calls of the set that the shared environment has."""
    rows = [
        Call(library, code, before + "\n" + more, needs, "data")
        for library, needs, before, calls in TABLE
        for code, more in ((c, "") if isinstance(c, str) else c for c in calls)
    ]
    science = [
        Call(DISTRIBUTIONS.get(c.needs, c.needs), c.code, c.before, c.needs, "science")
        for c in LIGHT
    ]
    return rows + science


def heavy() -> list[Call]:
    """Calls of libraries that need an environment of their own: a kernel for each."""
    return [
        Call(c.name.partition(":")[0], c.code, c.before, c.needs, f"heavy-{c.needs}") for c in HEAVY
    ]
