"""What is known of names after each run, in real kernels."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.tests.journals import Event

from .hostile import HOSTILE
from .kernels import Kernel, of, one

Rows = dict[str, dict[str, Any]]


def evidence(kernel: Kernel, code: str) -> list[Event]:
    """Run a cell; return the events of its run once its names are told."""
    msg_id = kernel.run(code).msg_id
    until = time.monotonic() + 20
    while True:
        events = [e for e in kernel.events() if e.get("run") == f"{msg_id}/0"]
        if of(events, "names.changed") or time.monotonic() > until:
            return events
        time.sleep(0.02)


def rows(kernel: Kernel, code: str) -> Rows:
    """The rows of ``names.changed`` by name."""
    return {row["name"]: row for row in one(evidence(kernel, code), "names.changed")["names"]}


def verdict(row: dict[str, Any] | None) -> str:
    """One word for what a row says."""
    if row is None:
        return "same"
    before, after = row["before"], row["after"]
    if after == "absent":
        return "deleted"
    if "unknown" in after:
        return "unknown"
    if before == "absent":
        return "bound"
    if row["same"] is False:
        return "rebound"
    return "unknown before" if "unknown" in before else "mutated"


#: What the last cell does to names: setup, cell, verdict by name.
CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "a new name": ("", "n1 = [1]", {"n1": "bound"}),
    "a look": ("l = [1, 'a', {2: 3.5}]", "l; len(l)", {"l": "same"}),
    "bound again to an equal value": ("e = [1000]", "e = [1000]", {"e": "rebound"}),
    "mutation through an alias": ("a = [1]; b = a; c = [1]", "b.append(2)",
        {"a": "mutated", "b": "mutated", "c": "same"}),
    "mutation of an inner object": ("d = {'k': [1]}; inner = d['k']", "inner.append(2)",
        {"d": "mutated", "inner": "mutated"}),
    "deleted": ("gone = 1", "del gone", {"gone": "deleted"}),
    "failed with an effect": ("f = []", "f.append(1); 1/0", {"f": "mutated"}),
    "exec": ("x1 = [1]", "exec('x1.append(2); x2 = 1')", {"x1": "mutated", "x2": "bound"}),
    "globals()": ("", "globals()['by_text'] = 1", {"by_text": "bound"}),
    "a magic": ("m1 = []", "%time m1.append(1)", {"m1": "mutated"}),
    "a cell magic": ("", "%%time\nm2 = 1", {"m2": "bound"}),
    "global in a function": ("g = 1\ndef setg():\n    global g\n    g = 2", "setg()",
        {"g": "rebound"}),
    "a function reads and changes a list": ("log = []\ndef add(): log.append(1)", "add()",
        {"log": "mutated"}),
    "a closure that counts": (
        "def make():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n"
        "    return step\nstep = make()", "step()", {"step": "mutated"}),
    "a mutable default": ("def grow(x, to=[]): to.append(x)", "grow(1)", {"grow": "mutated"}),
    "a function's attribute": ("def fa(): fa.n = 1", "fa()", {"fa": "mutated"}),
    "a class's attribute": ("class C: n = 0\nobj = C()", "C.n = 1",
        {"C": "mutated", "obj": "mutated"}),
    "an instance's attribute": ("class P: pass\np = P(); q = p", "p.x = 1",
        {"p": "mutated", "q": "mutated"}),
    "slots": ("class S: __slots__ = ('x',)\nsl = S(); sl.x = 1", "sl.x = 2", {"sl": "mutated"}),
    "state that __getstate__ hides": (
        "class H:\n    def __getstate__(self): return {}\nh = H(); h.x = 1", "h.x = 2",
        {"h": "mutated"}),
    "an lru_cache": ("from functools import lru_cache\n@lru_cache\ndef lc(n): return n", "lc(1)",
        {"lc": "unknown"}),
    "a consumed iterator": ("it = iter([1, 2])", "next(it)", {"it": "unknown"}),
    "a set, a deque, an OrderedDict": (
        "import collections as co\nse, de, od = {1}, co.deque([1]), co.OrderedDict(a=1, b=2)",
        "se.add(2); de.append(2); od.move_to_end('a')",
        {"se": "mutated", "de": "mutated", "od": "mutated"}),
    "bytes in place": ("ba = bytearray(b'abc')", "ba[0] = 1", {"ba": "mutated"}),
    "a cycle": ("cy = []; cy.append(cy)", "cy.append(1)", {"cy": "mutated"}),
    "a deep nest": ("deep = []\nfor _ in range(2000): deep = [deep]", "deep.append(1)",
        {"deep": "mutated"}),
    "records within records": (
        "rec = [{'k': [n, (n, {'v': str(n)})], 'x': None} for n in range(30)]\n"
        "row = rec[7]['k'][1]",
        "row[1]['v'] = 'other'", {"rec": "mutated", "row": "mutated"}),
    "records that are looked at": ("", "rec[3]['k']; sum(r['k'][0] for r in rec)",
        {"rec": "same", "row": "same"}),
    "another type of equal value": ("eq = [[n, [n]] for n in range(9)]", "eq[4][1][0] = 4.0",
        {"eq": "mutated"}),
    "one list twice in a list": ("tw = []; twice = [[n] for n in range(9)] + [tw, tw]",
        "twice[-1] = []", {"twice": "mutated", "tw": "same"}),
    "a long text in records": ("lt = [[n] for n in range(9)] + [['x' * 9000]]",
        "lt[-1][0] = 'x' * 8999 + 'y'", {"lt": "mutated"}),
    "the namespace in a list": ("nsl = [[n] for n in range(9)] + [globals()]", "nsl[0].append(1)",
        {"nsl": "mutated"}),
    "a dictionary of 20,000": ("big = {i: i for i in range(20_000)}", "big[5] = 6",
        {"big": "mutated"}),
    "a long list of numbers": ("ten = list(range(10_000))", "ten[5] = 6", {"ten": "mutated"}),
    "a list over the budget": ("long = list(range(3_000_000))", "long[5] = 6",
        {"long": "unknown"}),
    "subclasses of builtins": (
        "class D(dict): pass\nclass L(list): pass\nsd, sl2 = D(), L()",
        "sd['a'] = 1; sl2.append(1)",
        {"sd": "unknown", "sl2": "unknown"}),
    "a mock": ("from unittest.mock import Mock\nmo = Mock()", "mo.x", {"mo": "unknown"}),
    "an array": ("import numpy as np\nar = np.arange(9.0); view = ar[2:]; ot = np.ones(3)",
        "ar[5] = 7", {"ar": "mutated", "view": "mutated", "ot": "same"}),
    "arrays of other layouts": (
        "f_ = np.asfortranarray(np.ones((3, 4))); st = np.ones((4, 4))[::2, ::2]\n"
        "dt = np.zeros(3, 'M8[D]'); ze = np.zeros((0, 3))",
        "f_[1, 1] = 2; st[0, 1] = 5; dt[0] = '2020-01-01'; ze",
        {"f_": "mutated", "st": "mutated", "dt": "mutated", "ze": "same"}),
    "an array of objects": ("ob = np.array([[], {}], object)", "ob[1]['k'] = 1",
        {"ob": "mutated"}),
    "a mapped array": ("mm = np.memmap('mm.bin', 'u1', 'w+', shape=(10,))", "mm[0] = 1",
        {"mm": "unknown"}),
    "an array over the budget": ("huge = np.zeros(500_000_000, 'u1')", "huge[0] = 1",
        {"huge": "unknown"}),
    "a generator of numpy": ("rng = np.random.default_rng(1)", "rng.random()",
        {"rng": "mutated"}),
    "a frame changed in place": (
        "import pandas as pd\n"
        "df = pd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': pd.Categorical(['q', 'r']),"
        " 'd': pd.to_datetime(['2020-01-01', None])}); al = df", "df['e'] = 1",
        {"df": "mutated", "al": "mutated"}),
    "a frame dropped in place": ("", "df.drop(columns='a', inplace=True)",
        {"df": "mutated", "al": "mutated"}),
    "a value of a frame": ("", "df.loc[0, 'b'] = 'z'", {"df": "mutated"}),
    "a frame that is looked at": ("",
        "df.head(); df.describe(); df.dtypes; df.shape; df.columns; df.groupby('c').size()",
        {"df": "same", "al": "same"}),
    "a series and an index": ("ser = pd.Series([1, 2], name='n'); ix = pd.Index(['a', 'b'])",
        "ser.iloc[0] = 5; ix.get_loc('a')", {"ser": "mutated", "ix": "same"}),
    "a table of pyarrow": ("import pyarrow as pa\nta = pa.table({'a': [1], 'b': ['x']})",
        "ta.num_rows; ta.to_pydict()", {"ta": "same"}),
    "a sparse matrix": (
        "import scipy.sparse as sp\nsm = sp.csr_matrix(np.eye(3))", "sm.data[0] = 5",
        {"sm": "mutated"}),
    "an estimator fitted in place": (
        "from sklearn.linear_model import LinearRegression\nlr = LinearRegression()",
        "lr.fit([[0], [1]], [0, 1])", {"lr": "mutated"}),
    "an estimator that predicts": ("", "lr.predict([[2]])", {"lr": "same"}),
    "a forest": (
        "from sklearn.ensemble import RandomForestClassifier\n"
        "rf = RandomForestClassifier(2, random_state=0)", "rf.fit([[0], [1]], [0, 1])",
        {"rf": "unknown"}),
    "underscore names": ("_hidden = []", "_hidden.append(1)", {"_hidden": "mutated"}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_what_a_cell_does_to_names(kernel: Kernel, name: str) -> None:
    setup, cell, expected = CASES[name]
    if setup:
        evidence(kernel, setup)
    found = rows(kernel, cell)
    assert {key: verdict(found.get(key)) for key in expected} == expected


def test_a_large_array_is_unknown_for_a_reason(kernel: Kernel) -> None:
    evidence(kernel, "wide = np.zeros(500_000_000, 'u1')")
    row = rows(kernel, "wide[0] = 1")["wide"]
    assert row["after"] == {"unknown": "over budget"}
    evidence(kernel, "del wide, huge")


def test_names_that_share_an_object_form_a_group(kernel: Kernel) -> None:
    found = rows(kernel, "sh = []; sh1 = [sh]; sh2 = {'k': sh}; alone = []")
    assert found["sh"]["group"] == found["sh1"]["group"] == found["sh2"]["group"] is not None
    assert found["alone"]["group"] is None


def test_an_object_deep_within_two_names_joins_them(kernel: Kernel) -> None:
    found = rows(kernel, "leaf = {}; g1 = [[n, [n]] for n in range(20)] + [[leaf]]; g2 = {1: leaf}")
    assert found["leaf"]["group"] == found["g1"]["group"] == found["g2"]["group"] is not None


def test_results_are_names_too(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:  # a name that others bound would be left alone
        found = rows(kernel, "[1, 2]")
    numbered = [name for name in found if name[1:].isdigit()]
    assert verdict(found["_"]) == "rebound" and len(numbered) == 1


def test_every_run_has_its_evidence_once(kernel: Kernel) -> None:
    ids = [kernel.send(f"step_{n} = {n}") for n in range(20)]
    for msg_id in ids:
        kernel.wait(msg_id)
    evidence(kernel, "1")
    told = [e["run"] for e in of(kernel.events(), "names.changed") if e["phase"] == "run"]
    assert [f"{msg_id}/0" for msg_id in ids] == [r for r in told if r.split("/")[0] in ids]


def test_a_nested_run_has_its_own_names(kernel: Kernel) -> None:
    events = evidence(kernel, "outer = 1; get_ipython().run_cell('nested = 2'); later = 3")
    run = events[0]["run"].replace("/0", "/1")
    nested = one([e for e in kernel.events() if e.get("run") == run], "names.changed")
    assert "nested" in {row["name"] for row in nested["names"]}
    assert "later" not in {row["name"] for row in nested["names"]}
    assert "later" in {row["name"] for row in one(events, "names.changed")["names"]}


def test_a_large_dictionary_is_never_called_the_same(kernel: Kernel) -> None:
    """A hundred thousand entries fit into the budget, unless the machine is slow."""
    evidence(kernel, "large = {i: i for i in range(100_000)}")
    row = rows(kernel, "large[5] = 6")["large"]
    assert verdict(row) in ("mutated", "unknown", "unknown before")
    why = [state["unknown"] for state in (row["before"], row["after"]) if "unknown" in state]
    assert set(why) <= {"over budget"}


def test_so_many_names_that_looking_costs_too_much_are_not_looked_at(tmp_path: Path) -> None:
    many = "globals().update({f'n{i}': [i, shared] for i in range(%d)})"
    names_of = "[globals().pop(name) for name in list(globals()) if name[:1] == 'n']; None"
    with Kernel(tmp_path) as kernel:

        def told(code: str) -> tuple[dict[str, str], bool]:
            event = one(evidence(kernel, code), "names.changed")
            told = {row["name"]: verdict(row) for row in event["names"]}
            return told, event.get("complete") is not False

        assert told("shared = []; kept = [0]") == ({"shared": "bound", "kept": "bound"}, True)
        # More than are told at once: what they stand for is noted, not what it is like.
        assert told(many % 5_000) == ({}, False)
        assert told("x = 1") == ({"x": "bound"}, True)
        assert told("n7[0] = 1") == ({"n7": "unknown before"}, False)
        assert told("n7[0] = 2")[0]["n7"] == "mutated"
        assert told("n7 = 3") == ({"n7": "rebound"}, True)
        # More than are compared: nothing is known until some runs after there are fewer.
        assert told(many % 100_000) == ({}, False)
        assert told("kept.append(1)") == ({}, False)
        assert told(names_of) == ({}, False)
        assert told("x = 2") == ({"x": "rebound"}, True)
        assert told("kept.append(1)") == ({"kept": "mutated"}, True)
        gaps = [e for e in of(kernel.events(), "gap") if e["code"] != "late-start"]
        assert [gap["covers"] for gap in gaps if gap["code"] == "probe-failed"] == []


def test_many_names_that_share_objects_are_grouped(kernel: Kernel) -> None:
    code = (
        "one, two = [], []\n"
        "globals().update({f'g{i}': [i, one if i % 2 else two] for i in range(40)})\n"
        "alone = [[]]"
    )
    told = rows(kernel, code)
    groups = {told[f"g{i}"]["group"] for i in range(1, 40, 2)}
    assert groups == {told["one"]["group"]} == {"g1"}
    assert {told[f"g{i}"]["group"] for i in range(0, 40, 2)} == {"g0"}
    assert told["alone"]["group"] is None
    kernel.run("[globals().pop(f'g{i}') for i in range(40)]; del one, two, alone")


def test_names_bound_between_runs_are_told(kernel: Kernel) -> None:
    evidence(
        kernel,
        "import threading, time\ndef late():\n    time.sleep(0.3)\n    global by_thread\n"
        "    by_thread = 1\nthreading.Thread(target=late).start()",
    )
    time.sleep(0.6)
    evidence(kernel, "2")
    between = [e for e in of(kernel.events(), "names.changed") if e["phase"] == "between"]
    assert "by_thread" in {row["name"] for e in between for row in e["names"]}


def test_no_code_of_any_object_runs(kernel: Kernel) -> None:
    evidence(kernel, HOSTILE)
    evidence(kernel, "objects = made(); h0, h1, h2, h3, h4 = objects; heard.clear()")
    evidence(kernel, "object.__setattr__(h3, 'a', objects); box = {1: h0, 2: (h1, h2)}")
    evidence(kernel, "globals()['more'] = (h4, {'x': h3})")
    assert kernel.run("print(heard)").stdout == "[]\n"


def test_a_replaced_builtin_is_not_called(kernel: Kernel) -> None:
    code = "import builtins\ncalled, old = [], builtins.sorted\n"
    code += "def bad(*a, **k): called.append(1); raise RuntimeError\n"
    evidence(kernel, code + "builtins.sorted = bad")
    events = evidence(kernel, "touched_later = [1]")
    assert kernel.run("print(called); builtins.sorted = old").stdout == "[]\n"
    assert "touched_later" in {row["name"] for row in one(events, "names.changed")["names"]}


def test_objects_are_not_kept(kernel: Kernel) -> None:
    evidence(kernel, "import weakref\nclass W: pass\nw = W(); w.me = w; r = weakref.ref(w)")
    outcome = kernel.run("del w; import gc; _g = gc.collect(); print(r() is None)")
    assert outcome.stdout == "True\n"


def test_an_object_that_is_not_wholly_known_may_reach_any_name(kernel: Kernel) -> None:
    """What it holds may be another name's: each is looked at when code names it."""
    evidence(kernel, "inner = [1]; idle = [2]; gen = (v.append(9) for v in [inner])")
    told = rows(kernel, "next(gen)")
    assert verdict(told["inner"]) == "mutated"
    assert "idle" not in told


def test_a_shown_result_takes_no_look_away_from_names(kernel: Kernel) -> None:
    evidence(kernel, "import matplotlib.pyplot as plt; data = [1, 2, 3]")
    event = one(evidence(kernel, "plt.subplots(4, 4)[1][0][0].plot(data)"), "names.changed")
    told = {row["name"]: row for row in event["names"]}
    assert "data" not in told
    assert event.get("complete") is not False
    assert any("unknown" in row["after"] for name, row in told.items() if name[:1] == "_")
