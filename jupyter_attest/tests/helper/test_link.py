"""The recorder's end of the helper, with a helper that stands still."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.helper import link


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes can't be stopped here")
def test_a_helper_that_takes_nothing_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "MAX_WAITING", 10)
    gone = threading.Event()
    messages: list[Any] = []
    helper = link.HelperLink(tmp_path, messages.append, gone.set)
    assert helper.pid is not None
    os.kill(helper.pid, signal.SIGSTOP)
    command = {"cmd": "nothing", "text": "x" * 20_000}
    sent = [helper.send(command) for _ in range(40)]
    assert sent[0] and not all(sent)
    assert gone.wait(20)
    helper.stop(1)
