"""Libraries too large for every run of the tests, in kernels of `npm run test:heavy`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .kernels import Kernel, of
from .library_cases import HEAVY, Case, check, run


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
