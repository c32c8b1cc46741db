"""Reference notebooks whose state is outside the namespace: in files, libraries, processes."""

from __future__ import annotations

from .case import READ, RESTART, SAVE, TABLE, WRITE, Case, case

_VETO = """import os, sys
if os.environ.get("JUPYTER_ATTEST_SESSION"):
    def veto(event, args):
        if event == "sys.addaudithook":
            raise RuntimeError("no")
    sys.addaudithook(veto)
"""

_WHEEL = """import zipfile
with zipfile.ZipFile('helper_of_ours-1-py3-none-any.whl', 'w') as z:
    z.writestr('helper_of_ours.py', 'value = 5')
    z.writestr('helper_of_ours-1.dist-info/METADATA',
               'Metadata-Version: 2.1\\nName: helper-of-ours\\nVersion: 1\\n')
    z.writestr('helper_of_ours-1.dist-info/WHEEL',
               'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('helper_of_ours-1.dist-info/RECORD', '')"""

#: Reads a file in two parts, and lets somebody else rewrite it in between.
_SLOW_READ = """import os, time
f = open('n', 'rb', buffering=0); head = f.read(1)
os.mkdir('halfway')
while os.path.exists('halfway'): time.sleep(0.01)
x = head + f.read(); f.close()"""

_WRITES_MEANWHILE = """import os, time
while not os.path.exists('halfway'): time.sleep(0.01)
with open('n', 'w') as g: g.write('56')
os.rmdir('halfway')"""

OUTSIDE: dict[str, Case] = {
    "LightGBM appends to what it wrote": case(
        "1 2 3",
        "import lightgbm, pandas as pd\n"
        "df = pd.DataFrame({'a': pd.Categorical(list('xyz') * 20), 'b': range(60)})",
        "model = lightgbm.train({'verbose': -1, 'num_threads': 1, 'deterministic': True},\n"
        "    lightgbm.Dataset(df[['a']], df['b']), 2)",
        "model.save_model('out')",
    ),
    "XGBoost reads a path itself": case(
        "1 2 3",
        "import xgboost; d = xgboost.DMatrix('t.svm?format=libsvm')",
        "model = xgboost.train({'nthread': 1}, d, 2)",
        "with open('out', 'w') as f: f.write(model.get_dump()[0])",
        inputs={"t.svm": "1 0:1 1:2\n0 0:3 1:1\n1 0:2 1:5\n"},
    ),
    "safetensors there and back": case(
        "1 2 3 4",
        "import numpy as np\nfrom safetensors.numpy import load_file, save_file",
        "save_file({'w': np.arange(3.0)}, 'w.safetensors')",
        "w = load_file('w.safetensors')['w'] * 2",
        "save_file({'w': w}, 'out')",
    ),
    "a pool that forks": case(
        "1 2 3 4",
        "import multiprocessing",
        "def square(n): return n * n",
        "with multiprocessing.get_context('fork').Pool(2) as pool: x = pool.map(square, [1, 2])",
        WRITE,
    ),
    # As the workers of a DataLoader read; with torch itself it is in heavy.py.
    "workers that are spawned read files": case(
        "1 2 3 4",
        "%%writefile rows.py\ndef read(at): return open(f'{at}.txt').read()",
        "import multiprocessing\nfrom rows import read",
        "with multiprocessing.get_context('spawn').Pool(2) as pool: x = pool.map(read, [0, 1, 2])",
        WRITE,
        inputs={f"{at}.txt": str(at) for at in range(3)},
    ),
    "workers that fork read files": case(
        "1 2 3",
        "import multiprocessing\ndef read(at): return open(f'{at}.txt').read()",
        "with multiprocessing.get_context('fork').Pool(2) as pool: x = pool.map(read, [0, 1, 2])",
        WRITE,
        inputs={f"{at}.txt": str(at) for at in range(3)},
    ),
    "processes of joblib": case(
        "1 2 3",
        "import joblib, math",
        "x = joblib.Parallel(2)(joblib.delayed(math.sqrt)(n) for n in (1, 4))",
        WRITE,
    ),
    "a child process reads and writes": case(
        "1 2 3 4",
        "import subprocess, sys",
        "subprocess.run([sys.executable, '-c', \"open('n', 'w').write('5')\"], check=True)",
        "x = open('n').read()",
        WRITE,
    ),
    "file that changes while it is read": case(
        "1 2",
        _SLOW_READ,
        WRITE,
        inputs={"n": "12"},
        beside=_WRITES_MEANWHILE,
        gaps="unstable-file",
        replay="not-possible",
    ),
    # What was read first is gone, and nobody kept it.
    "file that the session writes over while it is open": case(
        "1 2 3",
        "f = open('n'); head = f.read(1)",
        "with open('n', 'w') as g: g.write('56')\nx = [head, f.read()]",
        WRITE,
        inputs={"n": "12"},
        gaps="still-open",
        replay="not-possible",
    ),
    "file that the session writes over, with a copy left": case(
        "2 4",
        "import shutil; shutil.copy('n', 'n.before')",
        "x = [open('n').read()]",
        "with open('n', 'w') as g: g.write('56')",
        WRITE,
        inputs={"n": "12"},
    ),
    "a module that the session writes and loads again": case(
        "1 2 3 4 5 6",
        "%load_ext autoreload\n%autoreload 2",
        "%%writefile helper.py\ndef value(): return 5",
        "import helper; y = helper.value()",
        "%%writefile helper.py\ndef value(): return 60",
        "import os; os.utime('helper.py', (2e9, 2e9))",
        "x = helper.value() + y\n" + WRITE,
    ),
    "stores into a map": case(
        "1 2 3 4",
        "import numpy as np\nm = np.memmap('m', dtype='u1', mode='w+', shape=4)",
        "m[0] = 5; m.flush()",
        "m[1] = 6",
        "m.flush()\nwith open('out', 'wb') as f: f.write(open('m', 'rb').read())",
        gaps="mapped-write still-open write-by-scan",
    ),
    "parquet folder with a part that nobody reads": case(
        "1 2 3 4",
        "import os, pyarrow as pa, pyarrow.parquet as pq\nos.mkdir('t')",
        "for n in (1, 2): pq.write_table(pa.table({'a': [n]}), f't/{n}.parquet')",
        "x = pq.read_table('t/1.parquet')['a'].to_pylist()",
        WRITE,
    ),
    "links of a model hub": case(
        "1 2 3",
        "import os\nos.makedirs('hub/snapshots/c0ffee')\n"
        "os.symlink('../../blob', 'hub/snapshots/c0ffee/config.json')",
        "x = open('hub/snapshots/c0ffee/config.json').read()",
        WRITE,
        inputs={"hub/blob": "{}"},
    ),
    "another kernel between writer and reader": case(
        "1 3 4",
        "with open('n', 'w') as f: f.write('5')",
        "y = 1",
        RESTART,
        "x = open('n').read()",
        WRITE,
    ),
    "a callback between runs": case(
        "1 2 3 4",
        "import asyncio, time; x = []",
        "asyncio.get_running_loop().call_later(0.05, lambda: x.append(1))",
        "while not x: await asyncio.sleep(0.01)",
        WRITE,
    ),
    "an audit hook that forbids others": case(
        "1 2 3",
        "x = 5",
        "y = 6",
        WRITE,
        inputs={"veto/sitecustomize.py": _VETO},
        environment={"PYTHONPATH": "veto"},
        gaps="audit-vetoed write-by-scan",
    ),
    "overwritten by a terminal before the record": case(
        "1 2", "x = 5", WRITE, meanwhile="open('out', 'w').write('6')", refused=True
    ),
    "saved text is another one": case(
        "1 2",
        "x = 5",
        WRITE,
        saved=("x = 5", "x = 7"),
        gaps="notebook-differs",
    ),
    "ten thousand files": case(
        "1 2 3",
        "x = 0",
        "for n in range(10_000):\n    with open('n') as f: x += len(f.read())",
        WRITE,
        inputs={"n": "5"},
    ),
    "a module loaded again": case(
        "1 2 3 4 5",
        "%load_ext autoreload\n%autoreload 2",
        "import helper",
        "with open('helper.py', 'w') as f: f.write('def value(): return 60')\n"
        "import os; os.utime('helper.py', (2e9, 2e9))",
        "x = helper.value()",
        WRITE,
        inputs={"helper.py": "def value(): return 5\n"},
        replay="not-possible",
    ),
    "installed in between": case(
        "1 2 3 4",
        _WHEEL,
        "%pip install -q --no-index --no-deps --target lib helper_of_ours-1-py3-none-any.whl",
        "import sys; sys.path.insert(0, 'lib')\nfrom helper_of_ours import value as x",
        WRITE,
        gaps="child-process",
    ),
    "through numpy's own files": case(
        "1 2 3 4",
        "import numpy as np",
        "np.savez('n.npz', a=np.arange(3))",
        "a = np.load('n.npz')['a']",
        "np.save('out.npy', a); import os; os.replace('out.npy', 'out')",
    ),
    "through a pickle": case(
        "1 2 3 4",
        "import pickle",
        "with open('n', 'wb') as f: pickle.dump({'a': 1}, f)",
        "x = pickle.load(open('n', 'rb'))",
        WRITE,
    ),
    "a handle kept open": case(
        "1 2 3",
        "f = open('out', 'w')",
        "print(5, file=f)",
        "f.close()",
        gaps="still-open write-by-scan",
    ),
    "a link to the same file": case(
        "1 2",
        "import os\nopen('n', 'w').close(); os.link('n', 'out')",
        "with open('n', 'w') as f: f.write('5')",
        "y = 1",
    ),
    "written when the kernel ends": case(
        "1 2",
        "import atexit; x = 5",
        "atexit.register(lambda: open('out', 'w').write(str(x)))",
        gaps="write-by-scan",
    ),
    "compressed by the library": case(
        "1 2 3", READ, "df.to_csv('n.csv.gz')", "pd.read_csv('n.csv.gz')" + SAVE[2:], inputs=TABLE
    ),
}
