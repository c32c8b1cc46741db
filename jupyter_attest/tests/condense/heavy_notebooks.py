"""Reference notebooks of large libraries, in kernels of `npm run test:heavy`."""

from __future__ import annotations

import json
import os

import pytest

from .heavy import HEAVY
from .sessions import Recorded, record_all, replay

PYTHON = os.environ["JUPYTER_ATTEST_TEST_PYTHON"]

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """Every case, in kernels of that Python under the usual name."""
    folder = tmp_path_factory.mktemp("heavy")
    spec = folder / "share" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "heavy", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(told))
    os.environ["JUPYTER_PATH"] = str(folder / "share")
    return record_all(folder, HEAVY)


@pytest.mark.parametrize("name", HEAVY)
def test_it_comes_out_as_it_should(recorded: dict[str, Recorded], name: str) -> None:
    one, found = HEAVY[name], recorded[name]
    assert len(found.runs) == one.runs, found.said
    assert one.needed <= found.kept, found.told()
    assert one.dropped <= found.proved, found.told()
    assert one.gaps <= found.gaps
    reply = replay(found, one)
    assert reply["outcome"] == one.replay, reply
