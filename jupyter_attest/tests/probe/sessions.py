"""Small sessions that must compute the same bytes with and without the probe.

Each is a list of cells. They run one after the other in one kernel, each in a folder of its own,
and show what they see in outputs and files. Nothing here depends on times, addresses or ids.
"""

from __future__ import annotations

from .hostile import HOSTILE

SESSIONS: dict[str, list[str]] = {
    "seeded draws": [
        "import random\nrandom.seed(1)",
        "open('a', 'w').write(str(random.random()))",
        "[random.random() for _ in range(3)], random.getrandbits(64)",
    ],
    "seeded draws of numpy, global and own": [
        "import numpy as np\nnp.random.seed(2); g = np.random.default_rng(3)",
        "np.random.rand(3).tofile('a.bin'); g.normal(size=3).tofile('b.bin')",
        "np.random.rand(), g.integers(1000)",
    ],
    "hashes and set order": ["hash('a'), list({'x', 'yy', 'zzz', 'w'})", "hash(('b', 1))"],
    "names of the namespace": [
        "x = 1\nsorted(globals())",
        "dir()",
        "list(vars())",
        "len(globals())",
    ],
    "values of the namespace's own names": ["__name__, __doc__, __spec__, __package__"],
    "hidden names of IPython": ["sorted(get_ipython().user_ns_hidden)"],
    "who": ["seen = 1", "%who", "%whos int"],
    "loaded modules": ["import sys\nsorted(sys.modules)"],
    "threads": [
        "import threading\nsorted(t.name for t in threading.enumerate())",
        "threading.active_count(), threading._dangling is None",
    ],
    "import machinery": [
        "import sys\n[getattr(f, '__name__', type(f).__name__) for f in sys.meta_path]",
        "len(sys.path_hooks), sys.path, [type(f).__name__ for f in sys.path_hooks]",
    ],
    "interpreter hooks": [
        "import sys\nsys.gettrace(), sys.getprofile(), sys.excepthook.__name__",
        "sys.unraisablehook.__name__, sys.breakpointhook.__name__",
    ],
    "transformers of IPython": [
        "ip = get_ipython()\nlen(ip.ast_transformers), len(ip.input_transformers_post)",
        "[f.__name__ for f in ip.input_transformer_manager.line_transforms]",
    ],
    "environment": [
        "import os\nfor k, v in os.environ.items(): print(k, v)",
        "import subprocess, sys\n"
        "code = 'import os; print(sorted(os.environ.items()))'\n"
        "done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)\n"
        "print(done.stdout)",
    ],
    "working folder": [
        "import os\nos.getcwd(), os.listdir()",
        "open('a', 'w').close()",
        "os.listdir()",
    ],
    # Some of the times: a thread of the kernel's own may take it in between.
    "the lowest free descriptor": [
        "import os\ndef taken():\n"
        "    r, w = os.pipe(); os.close(r); fd = os.open('/dev/null', os.O_RDONLY)\n"
        "    os.close(fd); os.close(w); return fd == r\n"
        "any(taken() for _ in range(50))"
    ],
    "own event callbacks": [
        "ip = get_ipython()\n"
        "def before(info): print('before', info.raw_cell)\n"
        "def after(result): print('after', result.success)\n"
        "ip.events.register('pre_run_cell', before); ip.events.register('post_run_cell', after)",
        "1",
        "1/0",
        "ip.events.unregister('pre_run_cell', before)\n"
        "ip.events.unregister('post_run_cell', after)",
    ],
    "a callback that fails": [
        "def bad(): raise ValueError('mine')\nip = get_ipython()",
        "ip.events.register('pre_execute', bad)",
        "1",
        "ip.events.unregister('pre_execute', bad)",
    ],
    "an input transformer that counts": [
        "count = [0]\ndef t(lines): count[0] += 1; return lines\n"
        "get_ipython().input_transformers_post.append(t)",
        "count",
        "get_ipython().input_transformers_post.remove(t); count",
    ],
    "a syntax transformer that counts": [
        "import ast\nseen = []\n"
        "class T(ast.NodeTransformer):\n"
        "    def visit_Constant(self, node):\n"
        "        seen.append(node.value)\n"
        "        return ast.copy_location(ast.Constant(42), node) if node.value == 41 else node\n"
        "t = T(); get_ipython().ast_transformers.append(t)",
        "41",
        "get_ipython().ast_transformers.remove(t); seen",
    ],
    "objects die when they died": [
        "class D:\n    def __init__(s, n): s.n = n\n    def __del__(s): print('del', s.n)\n"
        "a = D(1); b = D(2)",
        "a = None\nprint('between')",
        "del b",
        "D(3); None",
    ],
    "a dying object opens files": [
        "class F:\n    def __del__(s): open('late', 'a').write('x')\n"
        "def cycle():\n    f = F(); f.me = f\n"
        "for _ in range(100): cycle()\nimport gc; _n = gc.collect()",
        "open('late').read()",
    ],
    "weak references": [
        "import weakref\nclass W: pass\nw = W(); gone = []",
        "r = weakref.ref(w, lambda _: gone.append(1))",
        "r() is w, gone",
        "del w\ngone, r()",
    ],
    "reference counts": [
        "import sys\no = object(); l = [o]",
        "sys.getrefcount(o)",
        "sys.getrefcount(l)",
    ],
    "an audit hook of the user's": [
        "import sys\nheard = []\n"
        "def hook(event, args):\n"
        "    if event in ('open', 'os.rename', 'os.remove') and 'mine' in str(args[0]):\n"
        "        heard.append((event, str(args[0])))\n"
        "sys.addaudithook(hook)",
        "import os\nopen('mine', 'w').close(); os.rename('mine', 'mine2'); os.remove('mine2')",
        "heard",
    ],
    "an audit hook that forbids": [
        "import sys\ndef strict(event, args):\n"
        "    if event == 'open' and 'forbidden' in str(args[0]): raise PermissionError('no')\n"
        "sys.addaudithook(strict)",
        "open('forbidden', 'w')",
        "import os; os.path.exists('forbidden')",
    ],
    "redirected output": [
        "import contextlib, io, sys\nb = io.StringIO()\n"
        "with contextlib.redirect_stdout(b): print('inside')\nprint(repr(b.getvalue()))",
        "old = sys.stdout; sys.stdout = open('out', 'w')",
        "print('to the file')",
        "sys.stdout.close(); sys.stdout = old\nprint(open('out').read())",
    ],
    "a display hook of the user's": [
        "import sys\nold = sys.displayhook\n"
        "f = get_ipython().display_formatter.formatters['text/plain']\n"
        "f.for_type(complex, lambda o, p, c: p.text('complex!'))",
        "1j",
        "_ = f.pop(complex)",
    ],
    "tracing of one's own code": [
        "import sys\ntrace = []\n"
        "def tracer(frame, event, arg):\n"
        "    if frame.f_code.co_name == 'work': trace.append((event, frame.f_lineno))\n"
        "    return tracer\n"
        "def work():\n    open('t', 'w').close()\n    return 1",
        "sys.settrace(tracer); work(); sys.settrace(None)\ntrace",
    ],
    "profiling of one's own code": [
        "import sys\ncalls = []\n"
        "def prof(frame, event, arg):\n"
        "    if event.startswith('c_'): calls.append((event, arg.__name__))\n"
        "def work(): open('p', 'w').close(); len('x')\n"
        "sys.setprofile(prof); work(); sys.setprofile(None)\ncalls",
    ],
    "errors of files": [
        "open('absent')",
        "open('no/where', 'w')",
        "import os; os.remove('absent')",
    ],
    "errors of imports": [
        "import does_not_exist",
        "open('broken.py', 'w').write('def (')",
        "import broken",
    ],
    "errors deep in a library": ["import json\njson.loads('{')", "int('x')"],
    "warnings": [
        "x = 1 is 1",
        "import warnings\nwarnings.warn('mine')",
        "warnings.warn('mine', DeprecationWarning)",
        "'\\d'",
        "len(warnings.filters)",
    ],
    "history": ["'first'", "'second'", "_, __, In[-2:]"],
    "sources": ["def shown(a):\n    return a", "import inspect\nprint(inspect.getsource(shown))"],
    "awaiting": [
        "import asyncio\nlog = []\n"
        "async def step(n):\n"
        "    await asyncio.sleep(0); log.append(n); open(f's{n}', 'w').close()\n"
        "await asyncio.gather(*(step(n) for n in range(5)))\nlog",
        "len(asyncio.all_tasks()) < 20",
    ],
    "context variables": [
        "import contextvars\nv = contextvars.ContextVar('v', default=0); v.set(1); None",
        "v.get(), contextvars.copy_context()[v]",
    ],
    "an alarm in a loop of opens": [
        "import signal\nclass Enough(Exception): pass\n"
        "def ring(*_): raise Enough\n"
        "old = signal.signal(signal.SIGALRM, ring); got = 0\n"
        "for _ in range(20):\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, .005)\n"
        "        while True: open('spin', 'w').close()\n"
        "    except Enough: got += 1\n"
        "_ = signal.signal(signal.SIGALRM, old)\ngot",
    ],
    "pool of processes": [
        "import multiprocessing as mp\n"
        "def sq(n):\n    open(f'p{n}', 'w').write(str(n)); return n * n\n"
        "with mp.get_context('fork').Pool(2) as pool: print(pool.map(sq, range(4)))",
    ],
    "files of many kinds": [
        "import json, pickle, csv, gzip, zipfile\njson.dump({'a': 1}, open('a.json', 'w'))\n"
        "pickle.dump([1, 2], open('b.pkl', 'wb')); csv.writer(open('c.csv', 'w')).writerow([1])\n"
        "with gzip.GzipFile('d.gz', 'wb', mtime=0) as f: _ = f.write(b'x')\n"
        "with zipfile.ZipFile('e.zip', 'w') as z: z.writestr(zipfile.ZipInfo('m'), 'x')",
        "json.load(open('a.json')), pickle.load(open('b.pkl', 'rb'))",
    ],
    "tables": [
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', None]})\n"
        "df.to_parquet('t.parquet'); df.to_csv('t.csv')",
        "pd.read_parquet('t.parquet').equals(df), pd.read_csv('t.csv')",
        "pd.read_parquet('absent.parquet')",
        "pd.read_parquet.__name__, pd.read_parquet.__qualname__, pd.read_parquet.__doc__[:20]",
        "import pyarrow.parquet as pq\npq.read_table('absent.parquet')",
    ],
    "magics": [
        "%%capture c\nprint('caught')",
        "c.stdout",
        "%%writefile w.py\nprint('from w')\n",
        "%run w.py",
        "%%bash\necho shell; exit 3",
        "%alias_magic tt time",
        "!echo terminal",
        "x = !echo a b\nx",
    ],
    "nested runs": [
        "get_ipython().run_cell('n = 5\\nprint(n)'); n",
        "get_ipython().run_cell('1/0'); None",
    ],
    "reset": ["%reset -f\nx = 1", "dir()"],
    "interpreter settings": [
        "import sys\nsys.getswitchinterval(), sys.getrecursionlimit(), sys.flags",
        "sys.argv[0][-10:]",
        "import locale, decimal\nlocale.setlocale(locale.LC_ALL), decimal.getcontext()",
        "import gc\ngc.isenabled(), gc.get_threshold(), gc.callbacks",
    ],
    "logging": [
        "import logging\nlogging.getLogger().handlers, sorted(logging.root.manager.loggerDict)[:5]",
        "logging.warning('shown')",
    ],
}

SESSIONS["objects that say when their code runs"] = [
    HOSTILE,
    "objects = made(); h0, h1, h2, h3, h4 = objects; print(heard); heard.clear()",
    "box = {1: h0, 2: (h1, h2)}; object.__setattr__(h3, 'a', objects)",
    "exec('again = [h4, box]'); print(heard)",
    "import sys; sys.getrefcount(objects), sys.getrefcount(box)",
    "import gc; gc.isenabled(), gc.get_threshold(), gc.callbacks, print(heard)",
]
