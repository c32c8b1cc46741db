"""Reference notebooks, each run and recorded in kernels of its own, then condensed."""

from __future__ import annotations

import pytest

from jupyter_attest.tests.condense.case import Case
from jupyter_attest.tests.condense.cases import CORE, HELD_OUT
from jupyter_attest.tests.condense.hidden import HIDDEN
from jupyter_attest.tests.condense.messy import MESSY
from jupyter_attest.tests.condense.outside import OUTSIDE
from jupyter_attest.tests.condense.served import LATE, SERVED, record_late, serve
from jupyter_attest.tests.condense.sessions import Recorded, record_all, replay
from jupyter_attest.tests.condense.typical import TYPICAL
from jupyter_attest.tests.server.running import running

#: Every kernel that the cases start is started in the first of these tests.
pytestmark = pytest.mark.timeout(1800)

EVERY: dict[str, Case] = {**CORE, **HELD_OUT, **MESSY, **OUTSIDE, **HIDDEN, **TYPICAL}
MADE = [name for name, one in EVERY.items() if not one.refused]

#: Of every kind of state one is run again here; ``npm run bench:condense`` runs all of them again.
RUN_AGAIN = (
    "edited cell run again",
    "drop in place",
    "failed with an effect",
    "folder on the path",
    "another kernel between writer and reader",
    "file that changes while it is read",
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    return record_all(tmp_path_factory.mktemp("condense"), EVERY)


def test_no_two_cases_have_one_name() -> None:
    assert len(EVERY) == sum(map(len, (CORE, HELD_OUT, MESSY, OUTSIDE, HIDDEN, TYPICAL)))
    assert (len(CORE), len(HELD_OUT)) == (42, 20)


@pytest.mark.parametrize("name", MADE)
def test_no_run_that_the_file_needs_is_left_out(recorded: dict[str, Recorded], name: str) -> None:
    one, found = EVERY[name], recorded[name]
    assert len(found.runs) == one.runs, found.said
    assert one.needed <= found.kept, found.told()


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.dropped])
def test_dead_exploration_is_left_out_with_its_proof(
    recorded: dict[str, Recorded], name: str
) -> None:
    assert EVERY[name].dropped <= recorded[name].proved, recorded[name].told()


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.gaps])
def test_what_was_not_seen_is_said(recorded: dict[str, Recorded], name: str) -> None:
    assert EVERY[name].gaps <= recorded[name].gaps


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.refused])
def test_of_a_file_that_the_session_did_not_write_there_is_no_record(
    recorded: dict[str, Recorded], name: str
) -> None:
    assert recorded[name].runs == []
    assert "isn't the file" in recorded[name].said


@pytest.mark.parametrize(
    ("suite", "most"),
    [(CORE, 12), (HELD_OUT, 4), (MESSY, 13)],
    ids=["core", "held out", "messy"],
)
def test_few_runs_are_kept_beyond_those(
    recorded: dict[str, Recorded], suite: dict[str, Case], most: int
) -> None:
    extra = {name: sorted(recorded[name].kept - one.needed) for name, one in suite.items()}
    extra = {name: places for name, places in extra.items() if places}
    print(f"kept beyond what is needed: {extra}")
    assert sum(map(len, extra.values())) <= most, extra


@pytest.mark.parametrize("name", RUN_AGAIN)
def test_run_again_the_kept_runs_give_what_they_should(
    recorded: dict[str, Recorded], name: str
) -> None:
    reply = replay(recorded[name], EVERY[name])
    assert reply["outcome"] == EVERY[name].replay, reply


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """The sessions at a server, and the one that recording came late to."""
    with running(tmp_path_factory.mktemp("served")) as server:
        found = {name: serve(server, name, one) for name, one in SERVED.items()}
    return {**found, "late": record_late(tmp_path_factory.mktemp("late"))}


LIVED = {**{name: one.case for name, one in SERVED.items()}, "late": LATE}


@pytest.mark.parametrize("name", LIVED)
def test_what_a_person_does_at_a_server_comes_out_as_it_should(
    lived: dict[str, Recorded], name: str
) -> None:
    one, found = LIVED[name], lived[name]
    assert len(found.runs) == one.runs, found.said
    assert one.needed <= found.kept, found.told()
    assert one.dropped <= found.proved, found.told()
    assert one.gaps == found.gaps
    reply = replay(found, one)
    assert reply["outcome"] == one.replay, reply
