from __future__ import annotations

from collections.abc import Iterator

import pytest

from .running import RunningServer, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests that leave it as it was."""
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started
