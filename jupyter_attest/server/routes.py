"""The REST routes under ``/jupyter-attest/api/``.

All of them need a logged-in user who is authorized for the resource ``attest``,
and keep the server's XSRF protection. Paths are contents paths inside the root.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from ..journal import path_of
from . import records
from .paths import PathError, Root
from .program import Program, ProgramError
from .settings import SettingsError

if TYPE_CHECKING:
    from .extension import Extension

#: Largest body of a request, in bytes.
MAX_BODY = 8 * 1024 * 1024
#: How long the helper may take before a record is made, in s.
FLUSH_S = 30.0
#: Processes of the command line at once.
_AT_ONCE = asyncio.Semaphore(4)

_CREATE_KEYS = frozenset(
    {"for", "session", "notebook", "sign", "options", "drops", "dryRun", "request"}
)


class AttestHandler(APIHandler):
    """What all routes share."""

    auth_resource = "attest"

    @property
    def extension(self) -> Extension:
        """The state of the server extension."""
        found: Extension = self.settings["jupyter_attest"]
        return found

    @property
    def root(self) -> Root:
        """The folder that contents paths start from."""
        hidden = bool(getattr(self.contents_manager, "allow_hidden", False))
        return Root(self.extension.root, allow_hidden=hidden)

    def answer(self, value: Any, status: int = 200) -> None:
        """End the request with JSON."""
        self.set_status(status)
        self.finish(json.dumps(value))

    def refuse(self, status: int, code: str, message: str) -> None:
        """End the request with an ``IErrorReply``."""
        self.answer({"type": "error", "code": code, "message": message}, status)

    def body(self) -> dict[str, Any]:
        """The request's body, an object of limited size.

        Raises:
            tornado.web.HTTPError: 413 or 400.
        """
        if len(self.request.body) > MAX_BODY:
            raise web.HTTPError(413, "The request is too large.")
        value = self.get_json_body()
        if not isinstance(value, dict):
            raise web.HTTPError(400, "The request isn't a JSON object.")
        return value

    def path_argument(self) -> str:
        """The query's ``path``, checked; a contents path.

        Raises:
            tornado.web.HTTPError: 403 for a path outside of the root.
        """
        path = self.get_query_argument("path", "")
        self.checked(path)
        return path

    def checked(self, path: Any) -> str:
        """A contents path as an argument of the command line.

        Raises:
            tornado.web.HTTPError: 403 for a path outside of the root.
        """
        try:
            return self.root.relative(path)
        except PathError as error:
            raise web.HTTPError(403, f"Not allowed: {error}.") from error

    async def run(self, arguments: list[str]) -> None:
        """Answer with what the command line prints."""
        program = Program(self.extension.home)
        self._program = program
        try:
            async with _AT_ONCE:
                value = await program.json([*arguments, "--json", "--root", self.root.folder])
        except ProgramError as error:
            self.answer(error.reply(), 503 if error.code == "no-node" else 500)
            return
        failed = isinstance(value, dict) and value.get("type") == "error"
        self.answer(value, 500 if failed else 200)

    _program: Program | None = None

    def on_connection_close(self) -> None:
        """The client went away: so does the process that works for it."""
        if self._program is not None:
            self._program.kill()
        super().on_connection_close()


class StatusHandler(AttestHandler):
    """``GET status?path=``: whether this notebook is recorded; a poll."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer from memory."""
        path = self.path_argument()
        self.answer(await self.extension.status(path))


class SessionsHandler(AttestHandler):
    """``GET sessions?path=``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Recorded sessions of a notebook, newest first."""
        path = self.path_argument()
        await self.extension.flush(path, 5.0)
        await self.run(["sessions", *([self.checked(path)] if path else [])])


class EventsHandler(AttestHandler):
    """``GET sessions/{sid}/events?after=``: a poll."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self, sid: str) -> None:
        """What was appended to the session's files since the cursor."""
        folder = self.extension.home / "sessions" / sid
        cursor = self.get_query_argument("after", "")
        if not folder.is_dir():
            raise web.HTTPError(404, "There is no such session.")
        try:
            self.answer(await asyncio.to_thread(records.tail, folder, cursor))
        except records.CursorError as error:
            raise web.HTTPError(400, f"Not understood: {error}.") from error


class PauseHandler(AttestHandler):
    """``POST sessions/{sid}/pause`` and ``resume``."""

    @web.authenticated
    @authorized
    async def post(self, sid: str, verb: str) -> None:
        """Stop or go on recording of a session."""
        recorder = self.extension.recorder
        if recorder is None:
            raise web.HTTPError(404, "Nothing is recorded here.")
        change = recorder.pause if verb == "pause" else recorder.resume
        if not await asyncio.wrap_future(change(sid, "user")):
            raise web.HTTPError(404, "There is no such running session.")
        self.answer({"paused": verb == "pause"})


class RecordsHandler(AttestHandler):
    """``GET records?path=`` and ``POST records``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Records of a notebook, newest first."""
        path = self.root.inside(self.path_argument())
        show = self._show
        found = await asyncio.to_thread(records.records_of, self.extension.home, path, show)
        self.answer({"records": found})

    def _show(self, path: str) -> str:
        folder = self.root.folder
        return path[len(folder) :].lstrip("/\\") if self.root.holds(path) else path

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Make a record; progress as JSON lines, and closing the request cancels."""
        request = self._request()
        self.set_header("Content-Type", "application/jsonl")
        self._program = Program(self.extension.home)
        try:
            await self._stream(request)
        except ProgramError as error:
            await self._line(json.dumps(error.reply()))
        await self.finish()

    def _request(self) -> dict[str, Any]:
        """The request with its paths checked.

        Raises:
            tornado.web.HTTPError: 400 or 403.
        """
        body = self.body()
        if set(body) - _CREATE_KEYS or not isinstance(body.get("for"), list) or not body["for"]:
            raise web.HTTPError(400, "The request isn't one for a record.")
        drops = body.get("drops", [])
        if not isinstance(drops, list) or not all(isinstance(run, str) for run in drops):
            raise web.HTTPError(400, "The runs to leave out aren't names of runs.")
        request = {**body, "for": [self.checked(path) for path in body["for"]]}
        if body.get("notebook") is not None:
            request["notebook"] = self.checked(body["notebook"])
        if body.get("session") is not None and not records.is_uuid(str(body["session"])):
            raise web.HTTPError(400, "There is no such session.")
        self._check_earlier(body.get("request"))
        return request

    def _check_earlier(self, earlier: Any) -> None:
        """The request of a dry run names absolute paths: inside the root, or refused."""
        if earlier is None:
            return
        try:
            names = [subject["path"] for subject in earlier["subjects"]]
            # What is written goes beside the notebook.
            names += [earlier["base"]]
            names += [] if earlier["document"] is None else [earlier["document"]]
        except (TypeError, KeyError) as error:
            raise web.HTTPError(400, "The earlier request isn't one.") from error
        for name in names:
            path = path_of(name)
            if path is None or not Path(path).is_absolute() or not self.root.holds(path):
                raise web.HTTPError(403, "Not allowed: the path leads outside.")

    async def _stream(self, request: dict[str, Any]) -> None:
        assert self._program is not None
        progress = {"type": "progress", "step": "reading", "done": 0, "total": 1}
        await self._line(json.dumps(progress))
        await self.extension.flush(None, FLUSH_S)
        arguments = ["create", "--stdin", "--json", "--root", self.root.folder]
        last = None
        async with _AT_ONCE:
            async for line in self._program.lines(arguments, json.dumps(request)):
                last = line
                await self._line(line)
        if last is None or json.loads(last).get("type") == "progress":
            raise ProgramError("no-answer", self._program.last_words())

    async def _line(self, line: str) -> None:
        self.write(line + "\n")
        await self.flush()


class MemberHandler(AttestHandler):
    """``GET records/{invocation}/{member}``."""

    @web.authenticated
    @authorized
    async def get(self, invocation: str, name: str) -> None:
        """One file of a record folder, its bytes unchanged."""
        raw = await asyncio.to_thread(records.member, self.extension.home, invocation, name)
        if raw is None:
            raise web.HTTPError(404, "There is no such file.")
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(raw)


class ReplaysHandler(AttestHandler):
    """``GET records/{invocation}/replays``."""

    @web.authenticated
    @authorized
    async def get(self, invocation: str) -> None:
        """Replays that lie in a record's folder, oldest first."""
        file = records.record_file(self.extension.home, invocation)
        if file is None:
            raise web.HTTPError(404, "There is no such record.")
        await self.run(["replay", str(file), "--list"])


class VerifyHandler(AttestHandler):
    """``POST verify``: ``{file, record?}``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Compare a file with its record, expecting a signer of the user's keyring."""
        body = self.body()
        arguments = ["verify", self.checked(body.get("file"))]
        if body.get("record") is not None:
            arguments += ["--record", self.checked(body["record"])]
        await self.run(arguments)


class ForgetHandler(AttestHandler):
    """``POST forget``: exactly one of ``{session}``, ``{run}``, ``{before}``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Delete texts or sessions; tombstones stay."""
        body = self.body()
        given = [(key, str(body[key])) for key in ("session", "run", "before") if body.get(key)]
        if not given or len(given) > 2 or any(v.startswith("-") for _, v in given):
            raise web.HTTPError(400, "Say what to forget: a session, a run or a date.")
        await self.run(["forget", *(part for key, value in given for part in (f"--{key}", value))])


class SettingsHandler(AttestHandler):
    """``GET|PUT settings``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What governs recording."""
        self.answer(self.extension.settings.answer())

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Change some of it."""
        try:
            self.extension.change_settings(self.body())
        except SettingsError as error:
            self.refuse(400, "usage", f"{error}.")
            return
        except OSError as error:
            self.refuse(500, "not-writable", f"The journal home: {error.strerror}.")
            return
        self.answer(self.extension.settings.answer())


def handlers(base_url: str) -> list[tuple[str, type[AttestHandler]]]:
    """Every route with its handler."""
    sid = r"([0-9a-f-]{36})"
    routes: list[tuple[str, type[AttestHandler]]] = [
        ("status", StatusHandler),
        ("sessions", SessionsHandler),
        (f"sessions/{sid}/events", EventsHandler),
        (f"sessions/{sid}/(pause|resume)", PauseHandler),
        ("records", RecordsHandler),
        (f"records/{sid}/replays", ReplaysHandler),
        (rf"records/{sid}/([A-Za-z0-9._-]{{1,64}})", MemberHandler),
        ("verify", VerifyHandler),
        ("forget", ForgetHandler),
        ("settings", SettingsHandler),
    ]
    return [
        (url_path_join(base_url, "jupyter-attest", "api", route), handler)
        for route, handler in routes
    ]
