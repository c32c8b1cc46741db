"""What the tap on the websockets sees, and that nobody notices it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from jupyter_attest.server.tap import (
    NoRequestError,
    Tap,
    TapMixin,
    frames_of,
    passes_by,
    request_of,
)

from .running import Page, RunningServer, running, wait_for

V1 = "v1.kernel.websocket.jupyter.org"


def message(kind: str = "execute_request", **content: Any) -> dict[str, Any]:
    return {
        "header": {"msg_type": kind, "msg_id": "m1", "session": "page"},
        "parent_header": {},
        "metadata": {"cellId": "cell-1"},
        "content": {"code": "x = 1", "silent": False, **content},
    }


def as_v1(whole: dict[str, Any], channel: str = "shell") -> bytes:
    names = ("header", "parent_header", "metadata", "content")
    parts = [json.dumps(whole[name]).encode() for name in names]
    return bytes(serialize_msg_to_ws_v1([*parts, b"buffer"], channel))


def as_json(whole: dict[str, Any], channel: str = "shell") -> str:
    return json.dumps({**whole, "channel": channel})


def as_old_binary(whole: dict[str, Any], channel: str = "shell") -> bytes:
    text = as_json(whole, channel).encode()
    return struct.pack("!3I", 2, 12, 12 + len(text)) + text + b"buffer"


FRAMINGS = [(as_v1, V1), (as_json, None), (as_json, ""), (as_old_binary, None)]


@pytest.mark.parametrize(("framing", "subprotocol"), FRAMINGS)
def test_a_request_is_read_in_each_framing(framing: Any, subprotocol: str | None) -> None:
    frames = frames_of(framing(message()), subprotocol)
    assert frames is not None
    request = request_of(frames)
    assert (request.msg_id, request.client, request.code) == ("m1", "page", "x = 1")
    assert (request.cell_id, request.silent, request.store_history) == ("cell-1", False, True)


@pytest.mark.parametrize(("framing", "subprotocol"), FRAMINGS)
def test_nothing_else_is_looked_at(framing: Any, subprotocol: str | None) -> None:
    for kind in ("input_reply", "complete_request", "comm_msg", "kernel_info_request"):
        assert frames_of(framing(message(kind)), subprotocol) is None
    typed = message("input_reply", value='the words "execute_request" typed by a user')
    assert frames_of(framing(typed, "stdin"), subprotocol) is None
    assert frames_of(framing(message(), "stdin"), subprotocol) is None
    assert (
        frames_of(framing(message("complete_request", code='"execute_request"')), subprotocol)
        is None
    )


def test_what_isnt_a_request_is_said_not_to_be_one() -> None:
    frames = frames_of(as_json({**message(), "content": []}), None)
    assert frames is not None
    assert request_of(frames).code == ""
    broken = frames_of(as_v1(message()).replace(b'"msg_id"', b'"msg_ie"'), V1)
    assert broken is not None
    with pytest.raises(NoRequestError):
        request_of(broken)


class Connection:
    """A websocket connection that keeps what it is given."""

    kernel_id = "k1"
    subprotocol = V1

    def __init__(self) -> None:
        self.passed: list[Any] = []

    def handle_incoming_message(self, incoming: Any) -> None:
        if incoming == b"broken":
            raise RuntimeError("of the server itself")
        self.passed.append(incoming)


def test_messages_go_on_untouched_whatever_the_listener_does() -> None:
    def fails(kernel_id: str, frames: Any) -> None:
        raise MemoryError

    settings: dict[str, Any] = {"kernel_websocket_connection_class": Connection}
    tap = Tap(settings, fails)
    assert tap.install() is None
    connection = settings["kernel_websocket_connection_class"]()
    assert isinstance(connection, TapMixin)
    for raw in (as_v1(message()), b"", b"\xff" * 40, "text", None, 3):
        connection.handle_incoming_message(raw)
        assert connection.passed[-1] is raw
    with pytest.raises(RuntimeError, match="of the server itself"):
        connection.handle_incoming_message(b"broken")
    assert not passes_by(connection)
    assert passes_by(Connection())
    tap.remove()
    assert settings["kernel_websocket_connection_class"] is Connection
    connection.handle_incoming_message(as_v1(message()))


def test_it_stacks_on_a_class_of_somebody_else_and_leaves_a_later_one_alone() -> None:
    class Theirs(Connection):
        pass

    class Later(Connection):
        pass

    heard: list[str] = []
    settings: dict[str, Any] = {"kernel_websocket_connection_class": Theirs}
    tap = Tap(settings, lambda kernel_id, frames: heard.append(kernel_id))
    tap.install()
    made = settings["kernel_websocket_connection_class"]()
    assert isinstance(made, Theirs)
    made.handle_incoming_message(as_v1(message()))
    assert heard == ["k1"]
    settings["kernel_websocket_connection_class"] = Later
    tap.remove()
    assert settings["kernel_websocket_connection_class"] is Later
    assert Tap({}, lambda kernel_id, frames: None).install() is not None


def test_pages_are_heard_with_silent_and_aborted_requests(server: RunningServer) -> None:
    server.write_notebook("tapped.ipynb", "a = 1")
    kernel = server.open("tapped.ipynb")
    page = Page(server, kernel)
    page.wait(page.run("a = 1", "cell-a"))
    page.wait(page.run("hidden = 2", silent=True, store_history=False))
    page.run("import time; time.sleep(1); 1 / 0", "cell-b")
    refused = page.run("never = 3", "cell-c")
    page.wait(refused)
    client = server.client(kernel)
    client.run("direct = 4")
    journal = server.journal(kernel)
    journal.wait("run.idle", 5)
    assert journal.of("kernel.started")[0]["tap"] == "listening"
    requested = journal.of("run.requested")
    assert all(event["by"] == "tap" for event in requested)
    assert [(e["cellId"], e["silent"], journal.text(e["code"])) for e in requested] == [
        ("cell-a", False, "a = 1"),
        (None, True, "hidden = 2"),
        ("cell-b", False, "import time; time.sleep(1); 1 / 0"),
        ("cell-c", False, "never = 3"),
    ]
    assert refused not in {e["msgId"] for e in journal.of("run.input")}
    assert {e["client"] for e in requested} == {page.session}
    direct = [e for e in journal.of("run.input") if e["client"] == client.session]
    assert len(direct) == 1
    page.close()
    client.stop()
    server.shut_down(kernel)


FROM_WITHIN = """
import jupyter_client, ipykernel.connect
file = ipykernel.connect.get_connection_file()
inside = jupyter_client.BlockingKernelClient(connection_file=file)
inside.load_connection_file(); inside.start_channels()
sent = inside.execute("planted = 'from within'")
"""


def test_code_that_the_kernel_sends_itself_is_named(server: RunningServer) -> None:
    server.write_notebook("within.ipynb", "a = 1")
    kernel = server.open("within.ipynb")
    page = Page(server, kernel)
    page.wait(page.run(FROM_WITHIN, "cell-a"))
    journal = server.journal(kernel)
    journal.wait("run.input", 2)
    [planted] = [e for e in journal.of("run.input") if "planted" in journal.text(e["code"])[:10]]
    assert planted["msgId"] not in {e["msgId"] for e in journal.of("run.requested")}
    seen = {e["client"]: e for e in journal.of("client.seen")}
    assert seen[planted["client"]]["label"] == "kernel"
    page.close()
    server.shut_down(kernel)


def test_a_request_made_in_a_pause_is_kept_back_until_it_runs(server: RunningServer) -> None:
    server.write_notebook("pause.ipynb", "a = 1")
    kernel = server.open("pause.ipynb")
    page = Page(server, kernel)
    page.wait(page.run("first = 1", "cell-a"))
    journal = server.journal(kernel)
    sid = journal.sid
    slow = page.run("import time; time.sleep(3)", "cell-b")
    journal.wait("run.input", 2)
    assert server.attest("POST", f"sessions/{sid}/pause").ok
    queued = page.run("queued = 1", "cell-c")
    wait_for(lambda: journal.of("recording.paused"))
    assert queued not in {e["msgId"] for e in journal.of("run.requested")}
    assert server.attest("POST", f"sessions/{sid}/resume").ok
    page.wait(slow)
    page.wait(queued)
    journal.wait("run.idle", 3)
    assert queued in {e["msgId"] for e in journal.of("run.requested")}
    page.close()
    server.shut_down(kernel)


OLD_SERVER = """
import jupyter_server
jupyter_server.version_info = (2, 15, 0, '', '')
jupyter_server.__version__ = '2.15.0'
from jupyter_server.extension.manager import ExtensionManager
async def nothing(self): pass
ExtensionManager.start_all_extensions = nothing
"""
REPLACED = """
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
import jupyter_attest.server.extension as ours
class Other(ZMQChannelsWebsocketConnection):
    pass
plain = ours.Extension.listen_to_requests
def replaced(self):
    plain(self)
    self._serverapp.web_app.settings['kernel_websocket_connection_class'] = Other
ours.Extension.listen_to_requests = replaced
"""


@pytest.mark.parametrize("prelude", [OLD_SERVER, REPLACED])
def test_where_it_cannot_listen_it_says_so(tmp_path: Path, prelude: str) -> None:
    with running(tmp_path, prelude=prelude) as server:
        server.write_notebook("plain.ipynb", "a = 1")
        kernel = server.open("plain.ipynb")
        page = Page(server, kernel)
        page.wait(page.run("a = 1", "cell-a"))
        journal = server.journal(kernel)
        journal.wait("run.idle")
        assert not journal.of("run.requested")
        joined = [e["observer"]["kind"] for e in journal.of("observer.joined")]
        state = journal.of("kernel.started")[0]["tap"]
        if prelude is OLD_SERVER:
            assert "tap" not in joined
            assert state == "jupyter_server 2.15.0 is older than 2.16"
        else:
            assert [e["observer"] for e in journal.of("observer.left")] == ["tap"]
        page.close()
        server.shut_down(kernel)
