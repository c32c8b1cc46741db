"""Reference notebooks: those that any slicer must get right, and those held out from tuning."""

from __future__ import annotations

from .case import READ, SAVE, TABLE, WRITE, Case, case

#: The 42.
CORE: dict[str, Case] = {
    "linear with a dead cell": case("1 3", "x = 1", "y = 2", WRITE, dropped="2"),
    "edited cell run again": case("2 3", "x = 1", "x = 2", WRITE, dropped="1"),
    "out of order": case("1 2 3 4", "x = 1", "y = x + 1", "x = y * 2", WRITE),
    "alias changed in place": case("1 2 3 4", "x = []", "y = x", "y.append(1)", WRITE),
    "drop in place": case(
        "1 2 4",
        READ,
        "df.drop(columns='b', inplace=True)",
        "df.head()",
        SAVE,
        inputs=TABLE,
    ),
    "column assigned after a display": case(
        "1 3 4", READ, "df.describe()", "df['c'] = df['a'] * 2", SAVE, inputs=TABLE, dropped="2"
    ),
    "function reads a changed global": case(
        "1 2 3 4 5", "k = 1", "def f(): return k", "k = 5", "x = f()", WRITE
    ),
    "nested helpers": case(
        "1 2 3 4 5", "k = 3", "def g(): return k", "def f(): return g()", "x = f()", WRITE
    ),
    "method reads a global": case(
        "1 2 3 4", "k = 3", "class C:\n    def m(self): return k", "x = C().m()", WRITE
    ),
    "global stored in a function": case("1 2 3", "def f():\n    global x\n    x = 7", "f()", WRITE),
    "del, then made again": case("3 4", "x = 1", "del x", "x = 2", WRITE),
    "failed with an effect": case("1 2 3", "x = [1]", "x.append(2); 1/0", WRITE),
    "failed without effect": case("1 3", "x = [1]", "1/0", WRITE),
    "try and except": case(
        "1 2 3", "x = []", "try:\n    x.append(1)\n    1/0\nexcept ZeroDivisionError: pass", WRITE
    ),
    "exec": case("1 2 3", "y = 4", "exec('x = y')", WRITE, gaps="dynamic-code"),
    "getattr on the main module": case(
        "1 2 3", "val = 4", "import __main__\nx = getattr(__main__, 'v' + 'al')", WRITE
    ),
    "a timed cell": case("1 2", "%%time\nx = 3", WRITE),
    "a script run": case("1 2", "%run s.py", WRITE, inputs={"s.py": "x = 9\n"}),
    "a shell command writes": case(
        "1 2 3", "!echo 5 > n", "x = open('n').read()", WRITE, gaps="child-process write-by-scan"
    ),
    "through a file": case(
        "1 2 3", "with open('n', 'w') as f: f.write('5')", "x = open('n').read()", WRITE
    ),
    "temporary file renamed": case(
        "1 2 3 4",
        "with open('n', 'w') as f: f.write('5')",
        "import os\nos.replace('n', 'm')",
        "x = open('m').read()",
        WRITE,
    ),
    "seed with a draw between": case(
        "1 2 3 4",
        "import numpy as np; np.random.seed(1)",
        "np.random.rand()",
        "x = np.random.rand()",
        WRITE,
    ),
    "changed folder": case(
        "1 2 3",
        "import os\nos.mkdir('d'); os.chdir('d')",
        "x = os.path.basename(os.getcwd())",
        "with open('../out', 'w') as f: f.write(x)",
    ),
    "environment": case("1 2 3", "import os; os.environ['K'] = '1'", "x = os.environ['K']", WRITE),
    "option of pandas": case(
        "1 2 3 4",
        READ,
        "pd.set_option('display.max_rows', 2)",
        "x = repr(df)",
        WRITE,
        inputs=TABLE,
    ),
    "display only": case(
        "1 5",
        READ,
        "df.head()",
        "df.describe()",
        "print(len(df))",
        SAVE,
        inputs=TABLE,
        dropped="2 3 4",
    ),
    "augmented": case("1 2 3 4", "x = 1", "x += 1", "x *= 3", WRITE),
    "iterator consumed": case("1 2 3 4", "i = iter([1, 2])", "next(i)", "x = next(i)", WRITE),
    "nested dict by an inner alias": case(
        "1 2 3 4", "x = {'a': {}}", "y = x['a']", "y['k'] = 1", WRITE
    ),
    "underscore names": case("1 2 3", "_a = 5", "x = _a", WRITE),
    "results by number": case("1 2 3", "41 + 1", "x = _", WRITE),
    "default argument": case("1 2 4 5", "k = 1", "def f(a=k): return a", "k = 2", "x = f()", WRITE),
    "walrus": case("1 2", "if (x := 4) > 3: pass", WRITE),
    "await": case("1 2 3", "import asyncio", "await asyncio.sleep(0); x = 5", WRITE),
    "append mode": case(
        "1 2",
        "with open('out', 'a') as f: f.write('a')",
        "with open('out', 'a') as f: f.write('b')",
    ),
    "model fitted in place": case(
        "1 2 3 4",
        "import numpy as np\nfrom sklearn.linear_model import LinearRegression",
        "model = LinearRegression()",
        "model.fit(np.arange(4).reshape(-1, 1), [1, 2, 3, 4])",
        "with open('out', 'w') as f: f.write(str(model.coef_[0]))",
    ),
    "file overwritten after it was read": case(
        "1 2 4",
        "with open('n', 'w') as f: f.write('5')",
        "x = open('n').read()",
        "with open('n', 'w') as f: f.write('6')",
        WRITE,
    ),
    "draw that no seed follows from": case(
        "1 3 4",
        "import random",
        "random.random()",
        "random.seed(1); x = random.random()",
        WRITE,
        gaps="unseeded-random",
    ),
    "import with a side effect": case(
        "1 2 3",
        "import helper",
        "import os; x = os.environ['SET_BY_HELPER']",
        WRITE,
        inputs={"helper.py": "import os\nos.environ['SET_BY_HELPER'] = '5'\n"},
    ),
    "two files": case(
        "1 2 4",
        "x = 1",
        "y = x + 1",
        "with open('other', 'w') as f: f.write(str(x))",
        "with open('out', 'w') as f: f.write(str(y))",
    ),
    "thread in the background": case(
        "1 2 3 4",
        "import threading; x = []",
        "t = threading.Thread(target=lambda: x.append(1)); t.start()",
        "t.join()",
        WRITE,
    ),
    "same value bound again": case("3 4", "x = 5", "x = 7", "x = 5", WRITE, dropped="1 2"),
}

#: The 20, not to be tuned on: what no proof had in mind.
HELD_OUT: dict[str, Case] = {
    "attribute of a module": case(
        "1 2 3 4", "import math", "setattr(math, 'k', 3)", "x = math.k", WRITE
    ),
    "class attribute": case("1 2 3 4", "class C: n = 0", "C.n = 4", "x = C.n", WRITE),
    "closure counter": case(
        "1 2 3 4",
        "def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return f\nf = make()",
        "f()",
        "x = f()",
        WRITE,
    ),
    "mutable default": case(
        "1 2 3 4", "def f(a=[]):\n    a.append(1)\n    return len(a)", "f()", "x = f()", WRITE
    ),
    "function attribute": case("1 2 3 4", "def f(): return f.k", "f.k = 2", "x = f()", WRITE),
    "hidden state": case(
        "1 2 3 4 5",
        "class C:\n    def __init__(s): s.v = 0\n    def __getstate__(s): return {}",
        "c = C()",
        "c.v = 6",
        "x = c.v",
        WRITE,
    ),
    "through sqlite": case(
        "1 2 3 4",
        "import sqlite3; d = sqlite3.connect('d.db')",
        "d.execute('create table t (n)'); d.execute('insert into t values (5)'); d.commit()",
        "x = d.execute('select n from t').fetchone()",
        WRITE,
    ),
    "exists": case(
        "1 2 3", "open('flag', 'w').close()", "import os; x = os.path.exists('flag')", WRITE
    ),
    "listing": case(
        "1 2 3",
        "open('flag', 'w').close()",
        "import os; x = os.listdir()",
        WRITE,
        replay="different",
    ),
    "cached function": case(
        "1 2 3 4 5",
        "n = 1",
        "from functools import lru_cache\n@lru_cache\ndef f(): return n",
        "f()",
        "n = 2; x = f()",
        WRITE,
    ),
    "setting of a plot library": case(
        "1 2 3 4",
        "import matplotlib",
        "matplotlib.rcParams['lines.linewidth'] = 7",
        "x = matplotlib.rcParams['lines.linewidth']",
        WRITE,
    ),
    "through an HDF5 file": case(
        "1 2 3 4",
        "import h5py",
        "with h5py.File('n.h5', 'w') as f: f['v'] = 5",
        "with h5py.File('n.h5') as f: x = f['v'][()]",
        WRITE,
    ),
    "name that isn't there": case(
        "1 2 3 4", "k = 1", "del k", "try:\n    x = k\nexcept NameError:\n    x = 0", WRITE
    ),
    "folder on the path": case(
        "1 2 3 4",
        "import sys; sys.path.insert(0, 'lib')",
        "import helper",
        "x = helper.value",
        WRITE,
        inputs={"lib/helper.py": "value = 5\n"},
    ),
    "generator of random numbers": case(
        "1 2 3 4",
        "import numpy as np; rng = np.random.default_rng(1)",
        "rng.random()",
        "x = rng.random()",
        WRITE,
    ),
    "changed by a method": case(
        "1 2 3 4 5",
        "class C:\n    def __init__(s): s.v = []\n    def add(s): s.v.append(1)",
        "c = C()",
        "c.add()",
        "x = c.v",
        WRITE,
    ),
    "function of a library replaced": case(
        "1 2 3 4",
        "import textwrap",
        "textwrap.dedent = str.upper",
        "x = textwrap.dedent('a')",
        WRITE,
    ),
    "warnings that nobody minds": case(
        "2 3", "import warnings; warnings.filterwarnings('ignore')", "x = 5", WRITE
    ),
    "variable of the context": case(
        "1 2 3 4",
        "import contextvars; v = contextvars.ContextVar('v', default=1)",
        "v.set(5)",
        "x = v.get()",
        WRITE,
    ),
    "seed by another name": case(
        "1 2 3 4",
        "import numpy as np; s = np.random.seed",
        "s(3)",
        "x = np.random.rand()",
        WRITE,
    ),
}
