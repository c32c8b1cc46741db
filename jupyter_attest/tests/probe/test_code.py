"""Facts about code: what the kernel's own trees say, nothing concluded."""

from __future__ import annotations

from typing import Any

import pytest

from .kernels import Kernel, of, one

LISTS = ("loads", "stores", "deletes", "imports", "magics", "dynamic", "attributeStores",
         "subscriptStores", "constructs")  # fmt: skip


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("q1 = q0 = 1", {"stores": ["q0", "q1"]}),
        ("q2 = q1 + q0", {"loads": ["q0", "q1"], "stores": ["q2"]}),
        ("q7: int = 1", {"stores": ["__annotations__", "q7"], "loads": ["int"]}),
        ("q7: int", {"stores": ["__annotations__", "q7"], "loads": ["int"]}),
        ("q1 += 1", {"loads": ["q1"], "stores": ["q1"], "constructs": ["augmented"]}),
        ("[q1 for q1 in q1]", {"loads": ["q1"], "constructs": ["comprehension"]}),
        ("[0 for q0[q1] in [1]]", {"loads": ["q0", "q1"], "subscriptStores": ["q0"],
            "constructs": ["comprehension"]}),
        ("def f(a: 'q1') -> 'list[q2]': pass", {"loads": ["list", "q1", "q2"],
            "stores": ["f"], "constructs": ["def"]}),
        ("import sys; sys.modules['a']", {"loads": ["sys"], "stores": ["sys"], "imports": ["sys"],
            "dynamic": ["modules"]}),
        ("q0.modules()", {"loads": ["q0"]}),
        ("if __name__ == '__main__': q0", {"loads": ["__name__", "q0"], "constructs": ["if"]}),
        ("'from __main__ import q0'", {"dynamic": ["__main__"]}),
        ("del q2", {"deletes": ["q2"], "constructs": ["del"]}),
        ("import os.path as p, sys\nfrom math import pi as PI",
         {"imports": ["math:pi", "os.path", "sys"], "stores": ["PI", "p", "sys"]}),
        ("from math import *", {"imports": ["math:*"], "dynamic": ["import *"]}),
        ("%matplotlib --list", {"magics": ["matplotlib"]}),
        ("!true", {"magics": ["system"]}),
        ("%%time\nq3 = q1", {"magics": ["time"], "stores": ["q3"], "loads": ["q1"]}),
        ("exec('q4 = 1'); globals()['q5'] = 2",
         {"dynamic": ["exec", "globals"], "subscriptStores": ["globals()"],
          "loads": ["exec", "globals"]}),
        ("import re; re.compile('x')", {"imports": ["re"], "stores": ["re"], "loads": ["re"]}),
        ("d = {}\nd['a'] = 1",
         {"stores": ["d"], "subscriptStores": ["d"], "loads": ["d"]}),
        ("class K:\n    a = q1\n    def m(self, v): self.v = v; return q0\nk = K(); k.n = 1",
         {"stores": ["K", "k"], "loads": ["K", "k", "q0", "q1"],
          "attributeStores": ["k.n", "self.v"], "constructs": ["class", "def"]}),
        ("def f(a, b=q1):\n    c = a + q0\n    global g\n    g = c\n    return c",
         {"stores": ["f", "g"], "loads": ["q0", "q1"], "constructs": ["def", "global"]}),
        ("[z for z in range(q1)]", {"loads": ["q1", "range"], "constructs": ["comprehension"]}),
        ("try:\n    q6 = 1\nexcept ValueError as err: pass",
         {"stores": ["err", "q6"], "loads": ["ValueError"], "constructs": ["try"]}),
        ("with open('w', 'w') as h: pass",
         {"stores": ["h"], "loads": ["open"], "constructs": ["with"]}),
        ("lam = lambda x: x + q1", {"stores": ["lam"], "loads": ["q1"], "constructs": ["lambda"]}),
    ],
)  # fmt: skip
def test_facts_of_a_cell(kernel: Kernel, code: str, facts: dict[str, Any]) -> None:
    event = one(kernel.record("q0 = q1 = q2 = 0") and kernel.record(code), "run.code")
    assert event["parse"] == "ok"
    assert {key: event[key] for key in LISTS} == {key: facts.get(key, []) for key in LISTS}


def calls(event: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {c["name"]: (c["receiverType"], c.get("target")) for c in event["calls"]}


def test_calls_name_the_exact_type_of_a_plain_receiver(kernel: Kernel) -> None:
    kernel.record("import collections, math\nbag = collections.Counter()\nclass Own(dict): pass\n"
                  "own = Own()")  # fmt: skip
    found = calls(one(kernel.record(
        "bag.update('a'); own.update(a=1); math.sqrt(4)\n"
        "print('x'); 'a'.upper(); bag.copy().pop('a')"
    ), "run.code"))  # fmt: skip
    assert found["bag.update"] == ("collections.Counter", None)
    assert found["own.update"] == ("__main__.Own", None)
    assert found["math.sqrt"] == ("module", "math")
    assert found["print"] == (None, "builtins.print")
    assert found["?.upper"] == (None, None)
    assert found["bag.copy().pop"] == (None, None)


def test_magics_whose_text_is_told_are_named(kernel: Kernel) -> None:
    kernel.record("import math\nn0 = 1")
    told = {
        "%time n0": (["time"], ["n0"]),
        "%%timeit -n 1 -r 1\nn0 + 1": (["timeit"], ["n0"]),
        "%%capture\nn0": (["capture"], []),
        "math.sqrt?": (["pinfo"], ["math"]),
        "math.*q*?": (None, []),
        "%prun -q n0": (None, []),
        "get_ipython()": (None, ["get_ipython"]),
    }
    for code, (magics, loads) in told.items():
        event = of(kernel.record(code), "run.code")[-1]
        assert (event.get("told"), event["loads"]) == (magics, loads), code


def test_what_an_attribute_is_set_of_is_told_where_it_is_sure(kernel: Kernel) -> None:
    kernel.record("import types; held = types.SimpleNamespace()")
    code = (
        "fresh = types.SimpleNamespace(); fresh.a = 1\nfresh.b = 1; held.a = 1\n"
        "twice = held; twice.a = 1\ntwice = 2\n"
        "def f(held): held.b = 1"
    )
    event = one(kernel.record(code), "run.code")
    assert event["attributeStores"] == ["fresh.a", "fresh.b", "held.a", "held.b", "twice.a"]
    space = "types.SimpleNamespace"
    assert event["attributeOwners"] == {"fresh.a": space, "fresh.b": space, "held.a": space}


def test_a_type_asked_for_is_no_type_made(kernel: Kernel) -> None:
    asked = one(kernel.record("type(1)"), "run.code")
    assert calls(asked)["type"] == (None, "builtins.type")
    assert "type" not in asked["constructs"]
    made = one(kernel.record("Made = type('Made', (), {})"), "run.code")
    assert "type" in made["constructs"]


def test_a_rebound_receiver_is_not_guessed(kernel: Kernel) -> None:
    found = calls(one(kernel.record("r = []\nr.append(1)\nr = {}"), "run.code"))
    assert found["r.append"] == (None, None)
    found = calls(one(kernel.record("s = []\ns.append(1)"), "run.code"))
    assert found["s.append"] == ("list", None)


def test_looking_at_a_receiver_runs_none_of_its_code(kernel: Kernel) -> None:
    kernel.run(
        "log = []\n"
        "class Meta(type):\n"
        "    def __getattribute__(cls, name):\n"
        "        log.append(name); return type.__getattribute__(cls, name)\n"
        "class Touchy(metaclass=Meta):\n"
        "    def __getattribute__(self, name):\n"
        "        log.append(name); return object.__getattribute__(self, name)\n"
        "    def __eq__(self, other): log.append('eq'); return True\n"
        "    def __hash__(self): log.append('hash'); return 1\n"
        "    def __len__(self): log.append('len'); return 1\n"
        "    def go(self): pass\n"
        "touchy = Touchy()"
    )
    assert kernel.run("log.clear(); touchy.go()").ename is None
    found = calls(one(kernel.record("touchy.go()"), "run.code"))
    assert found["touchy.go"] == ("__main__.Touchy", None)
    assert kernel.run("log").results == ["['go', 'go']"]


def test_names_that_a_run_may_read_before_it_binds_them(kernel: Kernel) -> None:
    kernel.record("c0 = c1 = 1; c2 = [1]")
    carried = {
        "c0 = 2\nc0 + 1": [],
        "c0 = c0 + 1": ["c0"],
        "c0, c1 = c1, c0": ["c0", "c1"],
        "c0 += 1": ["c0"],
        "if c1: c0 = 2\nc0 + 1\nc0 = 3": ["c0"],
        "for c0 in c2: c0 + 1": [],
        "for c2 in c2: pass": ["c2"],
        "for c0 in []: pass\nelse: c0 + 1": ["c0"],
        "import math as c0\nc0.pi": [],
        "%%time\nc0 = 1\nc1 = c0": [],
    }
    for code, names in carried.items():
        assert of(kernel.record(code), "run.code")[-1]["carried"] == names, code
        kernel.record("c0 = c1 = 1; c2 = [1]")


def test_user_functions_are_followed(kernel: Kernel) -> None:
    kernel.record("base = 1\ndef low(): return base\ndef high(): return low()\n"
                  "class Thing:\n    def run(self): return high()\nthing = Thing()")  # fmt: skip
    reached = {
        r["name"]: r["loads"] for r in one(kernel.record("thing.run()"), "run.code")["reached"]
    }
    assert reached["high"] == ["low"]
    assert reached["low"] == ["base"]
    assert "high" in reached["thing"]


def test_a_statement_that_never_ran_tells_nothing(kernel: Kernel) -> None:
    event = one(kernel.record("first = 1\n1 / 0\nsecond = 2"), "run.code")
    assert event["stores"] == ["first"]


@pytest.mark.parametrize(
    ("code", "deferred"),
    [
        ("r1 = r0 = 1", []),
        ("def f(a=r0): return a + r1", ["r1"]),
        ("class K:\n    b = r0\n    def m(self): return r1", ["r1"]),
        ("g = lambda a=r0: r1", ["r1"]),
        ("it = (r1 * i for i in [1])", ["r1"]),
        ("[r1 for i in [r0]]", []),
    ],
)
def test_names_that_code_may_read_later_are_told(
    kernel: Kernel, code: str, deferred: list[str]
) -> None:
    assert one(kernel.record(code), "run.code")["deferred"] == deferred
