"""Reference notebooks in which a run reads a name, or runs the user's code, without saying so.

They are what somebody wrote who wanted needed runs to be left out.
"""

from __future__ import annotations

from .case import READ, SAVE, TABLE, WRITE, Case, case

#: Those that once got through, and their like.
HIDDEN: dict[str, Case] = {
    "function in a list": case(
        "2 3 4 5 6", "k = 1", "def f(): return k", "fs = [f]", "k = 5", "x = fs[0]()", WRITE
    ),
    "decorated function": case(
        "1 3 4 5 6",
        "def twice(f):\n    def g(): return f() * 2\n    return g",
        "k = 1",
        "@twice\ndef f(): return k",
        "k = 5",
        "x = f()",
        WRITE,
    ),
    "function in part": case(
        "2 3 4 5 6",
        "k = 1",
        "def f(a): return a * k",
        "from functools import partial\np = partial(f, 3)",
        "k = 5",
        "x = p()",
        WRITE,
    ),
    "generator made before": case(
        "2 3 4 5", "k = 1", "it = (k * i for i in range(3))", "k = 5", "x = list(it)", WRITE
    ),
    "an experiment that nobody reads": case(
        "1 5",
        READ,
        "e = df['a'].mean()",
        "g = e * 2",
        "print(g)",
        SAVE,
        inputs=TABLE,
        dropped="2 3 4",
    ),
    "repr of the user's": case(
        "1 2 3 4",
        "class C:\n    k = 0\n    def __repr__(s): C.k += 1; return 'c'",
        "c = C()\nl = [c]",
        "print(l)",
        "with open('out', 'w') as f: f.write(str(C.k))",
    ),
    "len of the user's": case(
        "1 2 3 4",
        "k = []\nclass C:\n    def __len__(s): k.append(1); return 1",
        "c = C()",
        "len(c)",
        "with open('out', 'w') as f: f.write(str(k))",
    ),
    "print replaced": case(
        "1 2 3",
        "seen = []\ndef print(*a): seen.append(a)",
        "print(1)",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "query by text": case(
        "1 2 3 4", READ, "low = 2", "df = df.query('a > @low')", SAVE, inputs=TABLE
    ),
    "a callback of each run": case(
        "1 2 3",
        "n = [0]\ndef tick(*_): n[0] += 1\nget_ipython().events.register('post_run_cell', tick)",
        "1",
        "with open('out', 'w') as f: f.write(str(n))",
    ),
    # Names that are reached by their text.
    "pickle that names a function": case(
        "1 2 3",
        "def f(): return 5",
        "import pickle; x = pickle.load(open('p', 'rb'))()",
        WRITE,
        inputs={"p": "c__main__\nf\n."},
    ),
    "function redefined after its pickle": case(
        "1 2 3 4 5",
        "def f(): return 1",
        "import pickle; p = pickle.dumps(f)",
        "def f(): return 2",
        "x = pickle.loads(p)()",
        WRITE,
    ),
    "the module's dictionary by sys": case(
        "1 2 3",
        "k = 5",
        "import sys; x = sys.modules['__main__'].k",
        WRITE,
    ),
    "names of a function": case(
        "1 2 3 4",
        "k = 5",
        "def f(): pass",
        "x = f.__globals__['k']",
        WRITE,
    ),
    "a profile of a text": case(
        "1 2 3 4",
        "k = 5",
        "x = []",
        "import cProfile; cProfile.run('x.append(k)')",
        WRITE,
        gaps="dynamic-code",
    ),
    "timing of a text": case(
        "1 2 3 4",
        "k = 5",
        "x = []",
        "import timeit; t = timeit.timeit('x.append(k)', 'from __main__ import x, k', number=1)",
        WRITE,
        gaps="dynamic-code",
    ),
    "annotation as text": case(
        "1 2 3 4",
        "T = int",
        "def f(a: 'T'): pass",
        "import typing; x = typing.get_type_hints(f)",
        WRITE,
    ),
    "examples in a docstring": case(
        "1 2 3 4",
        "k = 5",
        "def f():\n    '''\n    >>> k\n    5\n    '''",
        "import doctest; x = doctest.testmod()",
        WRITE,
        gaps="dynamic-code",
    ),
    "frame of a generator": case(
        "1 2 3 4",
        "k = 5",
        "g = (i for i in ())",
        "x = g.gi_frame.f_globals['k']",
        WRITE,
    ),
    "formula of a library": case(
        "1 2 3 4",
        READ,
        "low = 2",
        "x = df.eval('a + @low').sum()",
        WRITE,
        inputs=TABLE,
    ),
    "name in a shell command": case(
        "1 2 3 4",
        "k = 5",
        "!echo $k > n",
        "x = open('n').read()",
        WRITE,
        gaps="child-process write-by-scan",
    ),
    # Scopes.
    "comprehension over its own name": case("1 2 3", "v = [1, 2]", "x = [v for v in v]", WRITE),
    "comprehension that binds by subscript": case(
        "1 2 3", "d = {'k': 1}", "x = [d['k'] for d['k'] in [1, 2]] + [d['k']]", WRITE
    ),
    "variable of a loop that is called": case(
        "1 2 3 4",
        "seen = []",
        "fs = [seen.append]",
        "y = [abs(1) for abs in fs]",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    # The user's code in places where only data is expected.
    "function in a list as a key": case(
        "1 2 3 4",
        "seen = []",
        "fs = [lambda v: seen.append(v) or v]",
        "y = max([1, 2], key=fs[0])",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "function got from a dict": case(
        "1 2 3 4",
        "seen = []",
        "d = {'f': lambda v: seen.append(v)}",
        "y = d.get('f')(1)",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "function of a user as a format": case(
        "1 2 3 4 5",
        READ + "\ndf['a'] = df['a'] / 3",
        "seen = []",
        "pd.set_option('display.float_format', lambda v: seen.append(1) or '%.1f' % v)",
        "df.head()",
        "with open('out', 'w') as f: f.write(str(len(seen) > 0))",
        inputs=TABLE,
    ),
    "option set as an attribute": case(
        "1 2 3 4 5",
        READ + "\ndf['a'] = df['a'] / 3",
        "seen = []",
        "pd.options.display.float_format = lambda v: seen.append(1) or '%.1f' % v",
        "print(df)",
        "with open('out', 'w') as f: f.write(str(len(seen) > 0))",
        inputs=TABLE,
    ),
    "how numpy prints": case(
        "1 2 3 4 5",
        "import numpy as np; a = np.arange(3.0)",
        "seen = []",
        "np.set_printoptions(formatter={'float': lambda v: seen.append(1) or 'v'})",
        "print(a)",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "printer for a type": case(
        "1 2 3 4 5",
        READ,
        "seen = []",
        "get_ipython().display_formatter.ipython_display_formatter.for_type(\n"
        "    pd.DataFrame, lambda t: seen.append(1))",
        "df.head()",
        "with open('out', 'w') as f: f.write(str(seen))",
        inputs=TABLE,
    ),
    "a hook of what is displayed": case(
        "1 2 3 4",
        "seen = []",
        "get_ipython().display_pub.register_hook(lambda m: seen.append(1) or m)",
        "display(5)",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "a hook of what is printed": case(
        "1 2 3 4",
        "seen = []",
        "import sys; sys.stdout.register_hook(lambda m: seen.append(1) or m)",
        "print(5)",
        "sys.stdout.flush()\nwith open('out', 'w') as f: f.write(str(len(seen) > 0))",
    ),
    "a method of a group replaced": case(
        "1 2 3 4 5",
        READ,
        "seen = []\nfrom pandas.core.groupby import DataFrameGroupBy",
        "DataFrameGroupBy.mean = lambda self: seen.append(1)",
        "df.groupby('a').mean()",
        "with open('out', 'w') as f: f.write(str(seen))",
        inputs=TABLE,
    ),
    "the same by setattr": case(
        "1 2 3 4 5",
        READ,
        "seen = []\nfrom pandas.core.groupby import DataFrameGroupBy",
        "setattr(DataFrameGroupBy, 'mean', lambda self: seen.append(1))",
        "df.groupby('a').mean()",
        "with open('out', 'w') as f: f.write(str(seen))",
        inputs=TABLE,
    ),
    "a module's own patch": case(
        "1 2 3 4",
        READ,
        "import helper",
        "df.groupby('a').mean()",
        "with open('out', 'w') as f: f.write(str(helper.seen))",
        inputs={
            **TABLE,
            "helper.py": "from pandas.core.groupby import DataFrameGroupBy\nseen = []\n"
            "DataFrameGroupBy.mean = lambda self: seen.append(1)\n",
        },
    ),
    "an audit hook of the user's": case(
        "1 2 3 4",
        "seen = []",
        "import sys; sys.addaudithook(lambda e, a: e == 'compile' and 'ipykernel' in str(a[1])"
        " and seen.append(1))",
        "y = 5",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    # Objects whose end or count is noticed.
    "end of an array": case(
        "1 2 3 5",
        "import numpy as np; a = np.zeros(3)",
        "import weakref; seen = []; e = weakref.finalize(a, seen.append, 1)",
        "a = 1",
        "y = 2",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "values held weakly": case(
        "1 2 3 4",
        "import numpy as np; a = np.zeros(3)",
        "import weakref; d = weakref.WeakValueDictionary(); d['k'] = a",
        "a = 1",
        "with open('out', 'w') as f: f.write(str('k' in d))",
    ),
    "values held weakly, and strongly in a list": case(
        "1 2 3 4",
        "import numpy as np, weakref; a = np.zeros(3); w = weakref.ref(a)",
        "l = [a]",
        "a = 1",
        "with open('out', 'w') as f: f.write(str(w() is None))",
    ),
    "a reference that forbids": case(
        "1 2 3 4",
        "import numpy as np; a = np.zeros(3)",
        "b = a",
        "try:\n    a.resize(5)\nexcept ValueError: pass",
        "with open('out', 'w') as f: f.write(str(a.size))",
    ),
    "references counted": case(
        "1 2 3 4", "a = [1]", "b = a", "import sys; x = sys.getrefcount(a)", WRITE
    ),
    "the same inside a container": case(
        "1 2 3 4",
        "import numpy as np; a = np.arange(4.0)",
        "d = {'k': np.zeros(())}",
        "y = np.mean(a, out=d['k'])",
        "with open('out', 'w') as f: f.write(str(d['k']))",
    ),
    "signal handler": case(
        "1 2 3 4 5",
        "x = []",
        "import signal; h = signal.signal(signal.SIGUSR1, lambda *a: x.append(k))",
        "k = 5",
        "import os; os.kill(os.getpid(), signal.SIGUSR1)",
        WRITE,
    ),
    "finished by a timer": case(
        "1 2 3 4 5",
        "x = []",
        "def f(): x.append(k)",
        "k = 5",
        "import threading, time; threading.Timer(0.05, f).start()",
        "while not x: time.sleep(0.01)\n" + WRITE,
        gaps="background-thread",
    ),
    "called by numpy at an error": case(
        "1 2 3 4",
        "def make():\n    n = 0\n    def f(*a):\n        nonlocal n; n += 1\n"
        "    return f, lambda: n\nf, n = make()",
        "import numpy as np; _o = np.seterrcall(f); _p = np.seterr(all='call')",
        "y = np.log(np.zeros(2))",
        "with open('out', 'w') as f: f.write(str(n()))",
    ),
    "annotations of the notebook": case(
        "1 2 3 4", "p: int = 1", "q: str = 'a'", "x = sorted(__annotations__)", WRITE
    ),
    "text run through C": case(
        "1 2 3 4",
        "k = 5",
        "x = []",
        "import ctypes; _r = ctypes.pythonapi.PyRun_SimpleString(b'x.append(k)')",
        WRITE,
    ),
    "a figure that pyplot draws on": case(
        "1 2 3",
        "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt\n"
        "fig = plt.figure()",
        "plt.plot([1, 2])",
        "with open('out', 'wb') as f: fig.canvas.print_png(f)",
    ),
    "figures in a list": case(
        "1 2 3",
        "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt\n"
        "figs = [plt.figure()]",
        "plt.plot([1, 2])",
        "figs[0].canvas.draw()\n"
        "with open('out', 'w') as f: f.write(str(bytes(figs[0].canvas.buffer_rgba()).count(255)))",
    ),
    "plots counted": case(
        "1 2 3 4",
        "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt",
        "plt.plot([1, 2])",
        "x = len(plt.get_fignums())",
        WRITE,
    ),
    "a plot saved later": case(
        "1 2 3",
        "import matplotlib; matplotlib.use('svg'); import matplotlib.pyplot as plt\n"
        "matplotlib.rcParams['svg.hashsalt'] = 'a'",
        "plt.plot([1, 2])",
        "with open('out', 'wb') as f: plt.savefig(f, format='svg', metadata={'Date': None})",
    ),
}

#: Those that never did: only the bench runs them.
HIDDEN_IN_VAIN: dict[str, Case] = {
    "alias through a container": case(
        "1 2 3 4 5",
        "a = []",
        "d = {'k': a}",
        "l = [d]",
        "l[0]['k'].append(1)",
        "with open('out', 'w') as f: f.write(str(a))",
    ),
    "view of an array": case(
        "1 2 3 4",
        "import numpy as np; a = np.zeros(3)",
        "v = a[1:]",
        "v[0] = 5",
        "with open('out', 'w') as f: f.write(str(a.tolist()))",
    ),
    "result written into another array": case(
        "1 2 3 4",
        "import numpy as np; a = np.arange(4.0)",
        "b = np.zeros(())",
        "y = np.mean(a, out=b)",
        "with open('out', 'w') as f: f.write(str(b))",
    ),
    "column changed in a table's part": case(
        "1 2 3 4",
        READ,
        "part = df.loc[df['a'] > 1]",
        "part.insert(0, 'c', 1)",
        "part" + SAVE[2:],
        inputs=TABLE,
    ),
    "a table updated in place": case(
        "1 2 3 4",
        READ,
        "other = pd.DataFrame({'b': [9, 9, 9]})",
        "df.update(other)",
        SAVE,
        inputs=TABLE,
    ),
    "descriptor that counts": case(
        "1 2 3 4 5",
        "class D:\n    n = 0\n    def __get__(s, o, t): D.n += 1; return 1",
        "class C: v = D()",
        "c = C()",
        "c.v",
        "with open('out', 'w') as f: f.write(str(D.n))",
    ),
    "context manager of the user's": case(
        "1 2 3 4",
        "seen = []",
        "from contextlib import contextmanager\n@contextmanager\n"
        "def c():\n    seen.append(1)\n    yield\n    seen.append(2)",
        "with c(): pass",
        "with open('out', 'w') as f: f.write(str(seen))",
    ),
    "coroutine made before": case(
        "1 2 3 4 5", "k = 1", "async def f(): return k", "c = f()", "k = 5\nx = await c", WRITE
    ),
    "closure over a list": case(
        "1 2 3 4",
        "def make():\n    l = []\n    return l.append, lambda: l",
        "put, get = make()",
        "put(1)",
        "with open('out', 'w') as f: f.write(str(get()))",
    ),
    "function changed by its code": case(
        "1 2 3 4 5",
        "def f(): return 1",
        "def g(): return 2",
        "f.__code__ = g.__code__",
        "x = f()",
        WRITE,
    ),
    "base class changed": case(
        "1 2 3 4 5",
        "class A: v = 1",
        "class B(A): pass",
        "A.v = 5",
        "x = B().v",
        WRITE,
    ),
    "buffer of a bytearray": case(
        "1 2 3 4",
        "b = bytearray(2)",
        "v = memoryview(b)",
        "v[0] = 5",
        "with open('out', 'w') as f: f.write(str(bytes(b)))",
    ),
    "conditional binding": case(
        "1 2 3 4", "x = 5", "ok = False", "if ok: x = 6", WRITE, dropped=""
    ),
    "output captured": case("1 2 3 4", "k = 5", "%%capture c\nprint(k)", "x = c.stdout", WRITE),
    "a run made again": case("1 2 3", "x = 5", "%rerun 1", WRITE, replay="same-digest"),
    "sources of runs": case("1 2 3", "k = 5", "x = In[1]", WRITE),
    "f-string by hand": case("1 2 3", "k = 5", "x = '{k}'.format_map(globals())", WRITE),
    "script with the notebook's names": case(
        "1 2 3", "k = 5", "%run -i s.py", WRITE, inputs={"s.py": "x = k + 1\n"}
    ),
    "all names of a module": case(
        "1 2 3",
        "from helper import *",
        "x = value",
        WRITE,
        inputs={"helper.py": "value = 5\n"},
    ),
    "a module made by hand": case(
        "1 2 3 4",
        "import sys, types; m = types.ModuleType('m'); sys.modules['m'] = m",
        "m.v = 5",
        "import m as n; x = n.v",
        WRITE,
    ),
    "value kept by a display": case("1 2 3 4", "[1]", "y = _", "y.append(2); x = Out[1]", WRITE),
}
