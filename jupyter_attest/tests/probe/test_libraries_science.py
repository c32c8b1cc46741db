"""Science and machine learning libraries: what they open natively is in the journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .kernels import Kernel, of, untested
from .library_cases import LIGHT, Case, check


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("science")) as started:
        yield started


@pytest.mark.parametrize("case", LIGHT, ids=lambda case: case.name)
def test_a_call_names_its_files(kernel: Kernel, case: Case) -> None:
    if kernel.run(f"import {case.needs}").status != "ok":
        pytest.skip(f"{case.needs} isn't installed")
    check(kernel, case)


def test_no_row_is_off_or_partly_on(kernel: Kernel) -> None:
    gaps = [e["covers"] for e in of(kernel.events(), "gap") if e["code"] == "wrapper-off"]
    assert [gap for gap in gaps if gap["library"] not in untested(kernel)] == []
