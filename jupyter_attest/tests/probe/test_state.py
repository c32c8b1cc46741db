"""State outside the namespace, and what is original, in real kernels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .kernels import Kernel, of
from .test_names import evidence


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("state")) as started:
        evidence(
            started,
            "import numpy as np, pandas as pd, matplotlib, random, os, sys, warnings, builtins",
        )
        yield started


def state(kernel: Kernel, code: str) -> dict[str, Any]:
    """The fields of the run's ``state.changed``, empty if nothing differs."""
    events = of(evidence(kernel, code), "state.changed")
    return dict(events[0]) if events else {}


#: What a cell changes: cell, field, value (None: any that isn't empty).
CHANGES: dict[str, tuple[str, str, Any]] = {
    "a draw": ("random.random()", "random", ["random"]),
    "a seed of numpy": ("np.random.seed(1)", "random", ["numpy"]),
    "a draw of numpy": ("np.random.rand()", "random", ["numpy"]),
    "a variable": ("os.environ['ATTEST_NEW'] = 'secret value'", "environment",
        {"added": ["ATTEST_NEW"], "removed": [], "changed": []}),
    "a changed variable": ("os.environ['ATTEST_NEW'] = 'b'", "environment",
        {"added": [], "removed": [], "changed": ["ATTEST_NEW"]}),
    "a removed variable": ("del os.environ['ATTEST_NEW']", "environment",
        {"added": [], "removed": ["ATTEST_NEW"], "changed": []}),
    "the search path": ("sys.path.append('/nowhere')", "sysPath", None),
    "a folder": ("os.mkdir('sub'); os.chdir('sub')", "cwd", None),
    "an option of pandas": ("pd.options.display.max_rows = 7", "library", ["pandas.options"]),
    "a parameter of matplotlib": ("matplotlib.rcParams['lines.linewidth'] = 7", "library",
        ["matplotlib.rcParams"]),
    "a filter of warnings": ("warnings.simplefilter('ignore')", "library", ["warnings.filters"]),
    "a context variable": ("import contextvars\nv = contextvars.ContextVar('v'); _t = v.set(1)",
        "library", ["contextvars"]),
    "precision of decimals": ("import decimal; decimal.getcontext().prec = 5", "library",
        ["contextvars"]),
    "a limit of the interpreter": ("sys.setrecursionlimit(4321)", "library", ["interpreter"]),
    "a locale": ("import locale; _l = locale.setlocale(locale.LC_ALL, 'C')", "library",
        ["locale"]),
    "a module of the user's": (
        "open('mine.py', 'w').write('n = 1\\n')\nsys.path.insert(0, '')\nimport mine", "modules",
        None),
    "a library": ("import json.tool, xml.dom.minidom", "modules", None),
    "an attribute of a module": ("np.my_setting = 3", "moduleAttributes", ["numpy.my_setting"]),
    "a library of ctypes": ("import ctypes; _c = ctypes.CDLL('libm.so.6')", "nativeLibraries",
        None),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHANGES))
def test_what_a_cell_changes(kernel: Kernel, name: str) -> None:
    code, field, expected = CHANGES[name]
    found = state(kernel, code)
    assert found.get(field), found
    if expected is not None:
        value = found[field]
        assert (list(value) if field == "random" else value) == expected
    assert "secret value" not in str(found)


@pytest.mark.parametrize("code", ["y = 1", "[1, 2][0]", "np.arange(3).sum()", "pd.DataFrame()"])
def test_a_plain_cell_changes_nothing(kernel: Kernel, code: str) -> None:
    evidence(kernel, code)  # the first display loads modules
    assert state(kernel, code) == {}


#: Cells that touch only plain values, it seems, and what they do to a library all the same.
HIDDEN = {
    "an import in a function": ("def _d():\n    import random\n    return random.random()", "_d()"),
    "a function in a list": ("_fs = [lambda: np.random.rand()]", "_fs[0]()"),
    "a function in a closure": (
        "def _made(f):\n    def inner(): return f()\n    return inner\n"
        "_in = _made(lambda: random.random())", "_in()"),
    "a function that another one calls": (
        "def _a(): return random.random()\ndef _b(): return _a()", "_b()"),
    "a function's globals": ("def _g(f): return f.__globals__['random'].random()", "_g(_g)"),
    "a default": ("def _h(n=[np.random]): return n[0].rand()", "_h()"),
    "a class": ("class _C:\n    def m(self): return random.random()\n_o = _C()", "_o.m()"),
    "a method in a dictionary": ("_m = {'r': [1, [random.random]]}", "_m['r'][1][0]()"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(HIDDEN))
def test_a_draw_is_told_however_the_cell_reaches_it(kernel: Kernel, name: str) -> None:
    setup, cell = HIDDEN[name]
    evidence(kernel, setup)
    state(kernel, "len(dir(np))")
    assert state(kernel, cell).get("random"), cell


def test_what_a_thread_does_shows_at_the_end_of_a_plain_cell(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        evidence(
            kernel,
            "import threading, time, random\n_f = get_ipython().display_formatter.formatters\n"
            "def _late():\n    time.sleep(0.5); random.random()\n"
            "    _f['text/plain'].for_type(complex, lambda o, p, c: p.text('!'))\n"
            "_t = threading.Thread(target=_late); _t.start()",
        )
        time.sleep(1)
        found = state(kernel, "z = 1")
    assert found["replaced"] == ["formatters"] and list(found["random"]) == ["random"]


def test_a_plain_cell_may_call_what_isnt_original(kernel: Kernel) -> None:
    evidence(kernel, "_old = print\ndef _drawing(*a): random.random()\nbuiltins.print = _drawing")
    assert list(state(kernel, "print(1)")["random"]) == ["random"]
    evidence(kernel, "builtins.print = _old")


#: What is replaced, by what, and how it is put back.
REPLACED: dict[str, tuple[str, str, str]] = {
    "a builtin": ("_old = print; builtins.print = lambda *a: 0", "builtins.print",
        "builtins.print = _old"),
    "a method of pandas": ("_old = pd.DataFrame.head; pd.DataFrame.head = lambda s: 1",
        "pandas.DataFrame.head", "pd.DataFrame.head = _old"),
    "a function of numpy": ("_old = np.random.seed; np.random.seed = lambda s: 1",
        "numpy.random.seed", "np.random.seed = _old"),
    "a formatter": (
        "_f = get_ipython().display_formatter.formatters['text/plain']\n"
        "_f.for_type(complex, lambda o, p, c: p.text('!'))", "formatters", "_f.pop(complex); None"),
    "a callback": ("def _cb(*a): pass\nget_ipython().events.register('post_run_cell', _cb)",
        "events.post_run_cell", "get_ipython().events.unregister('post_run_cell', _cb)"),
    "a list's method as a callback": (
        "_cb2 = []\nget_ipython().events.register('post_run_cell', _cb2.append)",
        "events.post_run_cell",
        "get_ipython().events.callbacks['post_run_cell'].pop(); None"),
    "a magic": (
        "_m = get_ipython().magics_manager.magics['line']; _own = _m['time']; _m['time'] = print",
        "magic.time", "_m['time'] = _own"),
    "a log that is kept in memory": (
        "import io, logging; _h = logging.StreamHandler(io.StringIO())\n"
        "logging.root.addHandler(_h)",
        "logging.root", "logging.root.removeHandler(_h)"),
    "where warnings go": (
        "import warnings; _w = warnings.catch_warnings(record=True); _w.__enter__()",
        "warnings._showwarnmsg_impl", "_w.__exit__()"),
    "an input transformer": (
        "def _tr(lines): return lines\nget_ipython().input_transformers_post.append(_tr)",
        "input_transformers", "get_ipython().input_transformers_post.remove(_tr)"),
    "an ast transformer": (
        "import ast\n_nt = ast.NodeTransformer(); get_ipython().ast_transformers.append(_nt)",
        "ast_transformers", "get_ipython().ast_transformers.remove(_nt)"),
    "the output": ("_out = sys.stdout; sys.stdout = open('out.txt', 'w')", "sys.stdout",
        "sys.stdout = _out"),
    "a profiler": ("def _prof(*a): pass\nsys.setprofile(_prof)", "sys.setprofile",
        "sys.setprofile(None)"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REPLACED))
def test_what_is_not_original_is_named_until_it_is_put_back(kernel: Kernel, name: str) -> None:
    code, replaced, back = REPLACED[name]
    assert replaced in state(kernel, code).get("replaced", [])
    assert replaced in state(kernel, "z = 1").get("replaced", [])
    state(kernel, back)
    assert replaced not in state(kernel, "z = 1").get("replaced", [])


def test_modules_that_native_libraries_make_are_not_the_user_s(kernel: Kernel) -> None:
    code = (
        "import types\n"
        "class Mine:\n    def method(self): pass\n"
        "held = {'_cython_9': int, '_cython_8': Mine, '_cython_7': len, '_a': 1}\n"
        "for name in held:\n"
        "    sys.modules[name] = types.ModuleType(name); sys.modules[name].held = held[name]\n"
        "exec('', sys.modules['_cython_7'].__dict__)"
    )
    assert state(kernel, code)["modules"]["own"] == ["_a", "_cython_7", "_cython_8"]


def test_what_common_libraries_load_is_not_the_user_s(tmp_path: Path) -> None:
    with Kernel(tmp_path) as k:
        code = (
            "import importlib.util, xml.parsers.expat, pandas, matplotlib.pyplot as plt\n"
            "for name in ('sklearn.linear_model', 'sklearn.ensemble', 'scipy.optimize',"
            " 'lxml.etree', 'h5py', 'duckdb', 'onnx', 'joblib'):\n"
            "    if importlib.util.find_spec(name.split('.')[0]): __import__(name)"
        )
        assert state(k, code)["modules"]["own"] == []
        code = "plt.plot([1]); plt.show()"
        assert not state(k, code).keys() & {"replaced", "moduleAttributes", "library"}
        found = state(k, "plt.draw_if_interactive = plt.show = lambda: 1\nplt.plot([1])")
        assert "matplotlib.pyplot.draw_if_interactive" in found["replaced"]
        assert "matplotlib.pyplot.draw_if_interactive" in found["moduleAttributes"]


@pytest.mark.parametrize(("backend", "left"), [("inline", 0), ("agg", 1)])
def test_figures_that_stay_open_are_counted(tmp_path: Path, backend: str, left: int) -> None:
    with Kernel(tmp_path) as k:
        assert state(k, f"import matplotlib.pyplot as plt\n%matplotlib {backend}")["figures"] == 0
        assert state(k, "plt.plot([1])").get("figures", 0) == left
        assert "figures" not in state(k, "plt.plot([2])")
        assert state(k, "plt.close()").get("figures", 0) == 0
