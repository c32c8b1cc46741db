"""Libraries too large for every run of the tests, in kernels of `npm run test:heavy`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .kernels import Kernel, of
from .library_cases import HEAVY, Case, check, run
from .test_names import evidence, rows, verdict


@pytest.fixture(scope="module")
def kernel(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    """A kernel for the calls of one library."""
    with Kernel(tmp_path_factory.mktemp(request.param)) as started:
        imported = run(started, f"import {request.param}")
        assert imported.status == "ok", imported.traceback
        yield started
        gaps = [e["covers"] for e in of(started.events(), "gap") if e["code"] == "wrapper-off"]
        assert gaps == []


CALLS = [pytest.param(case.needs, case, id=case.name) for case in HEAVY]


@pytest.mark.parametrize(("kernel", "case"), CALLS, indirect=["kernel"], scope="module")
def test_a_call_names_its_files(kernel: Kernel, case: Case) -> None:
    check(kernel, case)


#: What a cell does to values of torch: setup, cell, verdict by name.
TORCH: dict[str, tuple[str, str, dict[str, str]]] = {
    "a tensor in place, by its view": (
        "t = torch.arange(6.0); v = t[::2]; o = torch.ones(3)", "v[0] = 5",
        {"t": "mutated", "v": "mutated", "o": "same"}),
    "types that numpy hasn't": (
        "b = torch.ones(3, dtype=torch.bfloat16); z = torch.tensor(1.0, dtype=torch.bfloat16)",
        "b[1] = 2; z.add_(1)", {"b": "mutated", "z": "mutated"}),
    "conjugates and negatives": (
        "c = torch.ones(2, dtype=torch.complex64); j = c.conj(); n = j.imag",
        "c[0] = 2j", {"c": "mutated", "j": "mutated", "n": "mutated"}),
    "a module and its optimizer": (
        "m = torch.nn.Linear(3, 2); o = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)\n"
        "m(torch.ones(1, 3)).sum().backward()",
        "o.step()", {"m": "mutated", "o": "mutated"}),
    "a gradient": (
        "w = torch.ones(2, requires_grad=True)", "(w * 2).sum().backward()", {"w": "mutated"}),
    "what a module only looks at": (
        "m2 = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()); x = torch.ones(1, 2)",
        "y2 = m2(x)", {"m2": "same", "x": "same", "y2": "bound"}),
    "the state of a module": (
        "m3 = torch.nn.Linear(2, 1); s = m3.state_dict()",
        "with torch.no_grad(): m3.weight.zero_()", {"m3": "mutated", "s": "mutated"}),
    "a generator": (
        "g = torch.Generator(); _s = g.manual_seed(1)", "torch.rand(1, generator=g); 0",
        {"g": "mutated"}),
    "other layouts": (
        "sp = torch.eye(3).to_sparse(); cs = torch.eye(3).to_sparse_csr()\n"
        "me = torch.ones(2, device='meta')",
        "sp, cs, me; 0", {"sp": "unknown", "cs": "unknown", "me": "unknown"}),
}  # fmt: skip


@pytest.mark.parametrize("kernel", ["torch"], indirect=True)
@pytest.mark.parametrize("what", TORCH)
def test_what_a_cell_does_to_values_of_torch(kernel: Kernel, what: str) -> None:
    setup, code, verdicts = TORCH[what]
    evidence(kernel, setup)
    found = rows(kernel, code)
    assert {name: verdict(found.get(name)) for name in verdicts} == verdicts


@pytest.mark.parametrize("kernel", ["torch"], indirect=True)
def test_looking_at_tensors_warns_and_draws_nothing(kernel: Kernel) -> None:
    evidence(kernel, "torch.manual_seed(3); seen = torch.initial_seed()")
    outcome = kernel.run("h = torch.ones(2, requires_grad=True) * 2")
    assert outcome.stderr == ""
    assert "Warning" not in kernel.run("h; first = torch.rand(1).item()").stderr
    told = kernel.run("torch.manual_seed(3); print(torch.rand(1).item() == first)")
    assert told.stdout == "True\n"
    assert [e for e in of(kernel.events(), "gap") if e["code"] == "probe-failed"] == []
