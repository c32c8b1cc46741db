"""What a row of the table ``wrappers.json`` tells when its function is called."""

from __future__ import annotations

import os
import sys
from _weakref import ref
from typing import TYPE_CHECKING, Any

from .delivered import fingerprint_of
from .redaction import cut_text, cut_url
from .references import _frame, _id, _ident, _join, _object_dict, _type_dict, _type_mro, _type_name
from .sql import LONGEST, database_file, files_in_sql
from .values import (
    Pattern,
    _class_attribute,
    module_of,
    name_of,
    plain_text,
    try_stat,
    type_name,
    unquoted,
)

if TYPE_CHECKING:
    from .observer import Observer
    from .results import Result

#: What an entry's direction means as operations and as flags of open(2).
DIRECTIONS = {
    "read": (["read"], os.O_RDONLY),
    "write": (["write", "truncate"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    "update": (["read", "write"], os.O_RDWR | os.O_CREAT),
    "append": (["append"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    "create": (["write"], os.O_WRONLY | os.O_CREAT | os.O_EXCL),
}
#: Of a list of files at most this many are named, the rest is counted.
MOST_FILES = 5000
#: Lazy reads that are remembered until something is collected.
MOST_LAZY = 64
_MAGIC = frozenset("*?[")
#: A statement with one of these may change a database.
CHANGES = Pattern(r"\b(?:insert|update|delete|create|drop|alter|replace|vacuum|reindex)\b")
ATTACHED_AS = Pattern(r"(?i)\bas\s+[\"'\[`]?(\w+)")
#: What names a database.
DATABASE = ("dialect", "host", "database")
#: Statements that are remembered with what is told of them.
MOST_QUESTIONS = 256
#: An object of one of these, or of a class derived from one, is a model.
MODEL_CLASSES = frozenset({
    "catboost.core._CatBoostBase", "keras.src.models.model.Model", "lightgbm.basic.Booster",
    "lightgbm.basic._InnerPredictor", "onnx.onnx_ml_pb2.ModelProto",
    "onnxruntime.capi.onnxruntime_inference_collection.InferenceSession",
    "sklearn.base.BaseEstimator", "tensorflow.python.module.module.Module",
    "tensorflow.python.trackable.autotrackable.AutoTrackable",
    "torch.export.exported_program.ExportedProgram", "torch.jit.ScriptFunction",
    "torch.nn.modules.module.Module", "xgboost.core.Booster",
})  # fmt: skip


#: Forms of entries that see answers of servers.
ANSWERS = ("http", "body", "read")
#: An answer with a part of what was asked for, and answers that name another address.
PART, REDIRECTS = "206", ("301", "302", "303", "307", "308")
#: What names the version of the bytes in an answer: S3, GCS, the Hugging Face hub.
VERSION_HEADERS = ("x-amz-version-id", "x-goog-generation", "x-repo-commit")


class Report:
    """One row of the table at work: it looks at arguments and results, and never at a file."""

    def __init__(
        self,
        probe: Observer,
        library: str,
        entry: dict[str, Any],
        lazy: list[Any],
        heirs: dict[str, Any],
    ) -> None:
        self.probe, self.library, self.entry = probe, library, entry
        self.function = entry["name"]
        self.form = entry.get("form", "path")
        self.part = "wrapper of " + library
        #: Reads of this library that happen only when something is collected.
        self.lazy = lazy
        #: Where the cursor stands among the arguments.
        self.cursor: int = entry["arguments"]["cursor"]["index"] if self.form == "rows" else 0
        #: The answer that was told last.
        self.told: ref[Any] | None = None
        #: The library's classes that stand for those they inherit from.
        self.heirs = heirs
        #: The class of the cursors that a connection's ``execute`` is to make. Before Python 3.11
        #: it calls its own ``cursor()``, which makes them anyway.
        self.makes = None
        if self.form == "statement" and "gives" in entry and sys.version_info >= (3, 11):
            self.makes = heirs.get(entry["gives"])

    # ------------------------------------------------------------------------------- before, after

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Say which files are about to be opened natively."""
        probe = self.probe
        if "outer" in self.entry:
            probe.sending[_ident()] = probe.sending.get(_ident(), 0) + 1
        if self.form == "rows" or probe.paused or self.entry.get("opens") == "python":
            return
        if self.form == "factory":
            probe.attempt(self.part, self._factory, args, kwargs)
        probe.attempt(self.part, self._before, args, kwargs)

    def _before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        run, _ = self.probe.current()
        if run is not None and run.paused:
            return
        if self.form == "path":
            self._paths(self._value(self.entry["argument"], args, kwargs), args, kwargs)
            if self.entry.get("collects"):
                self._collect()
        elif self.form == "sql":
            self._statement(args, kwargs)
        elif self.form == "collect":
            self._collect()
        elif self.form == "http":
            self._request(args, kwargs)
        elif self.form == "query":
            self._query(args, kwargs)
        elif self.form == "read":
            self.probe.reading(args[0])
        elif self.form == "drop":
            self.probe.drop(args[0])
        elif self.form in ("statement", "commit"):
            self._sqlite(args, kwargs)

    def finish(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Say what kind of object went to or came from the file, or what a server answered."""
        probe = self.probe
        if self.form == "rows":
            self._gave(args, kwargs, result)
            return
        self._sent()
        if self.form in ("query", "statement"):
            probe.attempt(self.part, self._executed, args, kwargs, False)
        if self.entry.get("connects"):
            probe.attempt(self.part, self._connected, args, kwargs, result)
        later = self.form in ANSWERS or self.entry.get("object") or self.entry.get("maps")
        if later and not probe.paused:
            probe.attempt(self.part, self._after, args, kwargs, result)

    def raised(self, args: tuple[Any, ...], kwargs: dict[str, Any], error: BaseException) -> None:
        """Notice that the call failed, or that an iterator is at its end."""
        self._sent()
        if self.form in ("query", "statement"):
            self.probe.attempt(self.part, self._executed, args, kwargs, True)
        elif self.form == "rows" and type(error) in (StopIteration, StopAsyncIteration):
            self._gave(args, kwargs, None)

    def _sent(self) -> None:
        """Notice that a call which others make part of is done."""
        if "outer" in self.entry:
            depth = self.probe.sending.pop(_ident(), 0) - 1
            if depth > 0:
                self.probe.sending[_ident()] = depth

    def _after(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        run, _ = self.probe.current()
        if run is not None and run.paused:
            return
        if self.form == "http":
            self._response(args, kwargs, result)
        elif self.form == "body":
            self._body(args, kwargs, result)
        elif self.form == "read":
            self._read(args, kwargs, result)
        elif self.entry.get("maps"):
            self._map(args, kwargs)
        else:
            self._object(args, kwargs, result)

    # --------------------------------------------------------------------------------------- files

    def _value(self, place: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what stands at a place: an argument, an item of it, or a property of it.

        Only an exact dict has items, and only an object of the entry's own package is asked for a
        property.
        """
        value = _argument(place, args, kwargs)
        if "key" in place:
            value = value.get(place["key"]) if type(value) is dict else None
            return place.get("default") if value is None else value
        if "property" in place:
            package = _class_attribute(type(value), "__module__").partition(".")[0]
            ours = package == self.entry["module"].partition(".")[0]
            return getattr(value, place["property"], None) if ours else None
        return value

    def _direction(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """Return the direction of this call; None if its mode opens no file."""
        direction = self.entry["direction"]
        if type(direction) is str:
            return direction
        mode = self._value(direction["argument"], args, kwargs)
        mode = direction["default"] if mode is None else mode
        modes: dict[str, str | None] = direction["modes"]
        key = str(mode) if type(mode) in (bool, int) else plain_text(mode)
        return modes.get(key or "", modes.get("*", "update"))

    def _paths(self, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        direction = self._direction(args, kwargs)
        if direction is None:
            return
        within = self.entry.get("within")
        base = plain_text(self._value(within, args, kwargs)) if within else None
        # Called by the library itself: what is read is collected at once.
        caller = _frame(5).f_globals.get("__name__")
        package = self.entry["module"].partition(".")[0]
        own = type(caller) is str and caller.partition(".")[0] == package
        lazy = bool(self.entry.get("lazy")) and not own
        items = list(value) if type(value) in (list, tuple, set, frozenset) else [value]
        for item in items[:MOST_FILES]:
            if type(item) is bytes and self.entry.get("bytes") == "content":
                continue
            text = plain_text(item) if item is not None else None
            if text:
                text = _join(base, text) if base else text
                self._path(text, direction, sure=not lazy)
                if lazy and (text, direction) not in self.lazy:
                    self.lazy.append((text, direction))
                    del self.lazy[:-MOST_LAZY]
        if len(items) > MOST_FILES:
            covers = {
                "library": self.library, "count": len(items) - MOST_FILES,
                "reason": "a list of files was too long to be named in full",
            }  # fmt: skip
            run, how = self.probe.current()
            self.probe.tell("gap", run, how, {"code": "event-gap", "covers": covers})

    def _collect(self) -> None:
        """Tell the lazy reads so far: any of them may happen now."""
        for text, direction in list(self.lazy):
            self._path(text, direction, sure=False)

    def _path(self, text: str, direction: str, sure: bool = True) -> None:
        """Tell one file, folder, glob or URL."""
        text = _without_parameters(text) if self.entry.get("uri") else text
        for scheme in self.entry.get("schemes", ()):
            text = text[len(scheme) :] if text.startswith(scheme) else text
        if text.startswith("file://"):
            text = unquoted(text[7:])
        if "://" in text:
            self._remote(text, direction)
            return
        ops, flags = DIRECTIONS[direction]
        more: dict[str, Any] = {} if sure else {"outcome": "unknown"}
        candidates = [text + suffix for suffix in self.entry.get("suffixes", ("",))]
        if len(candidates) > 1:
            candidates = [path for path in candidates if try_stat(path)] or candidates[:1]
        candidates = [path + part for path in candidates for part in self.entry.get("parts", ("",))]
        for path in candidates:
            if direction == "read" and not _MAGIC.isdisjoint(path) and try_stat(path) is None:
                more = {"outcome": "opened", **more, "holds": "glob"}
            self.probe.opened(path, ops, flags, "wrapper", self.library, self.function, more)

    def _remote(self, url: str, direction: str) -> None:
        run, how = self.probe.current()
        if direction == "read":
            self.probe.tell("remote.read", run, how, {"url": cut_url(url)})

    def _statement(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tell the files that a SQL text names."""
        statement = _argument(self.entry["argument"], args, kwargs)
        if type(statement) is not str:
            return
        bound = _argument(self.entry.get("parameters", {}), args, kwargs)
        bound = bound if type(bound) in (list, tuple) else []
        texts = [item if type(item) is str else "" for item in bound[:64]]
        for path, direction in files_in_sql(statement, texts):
            if path not in ("", ":memory:"):
                self._path(path, direction)

    def _object(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        probe = self.probe
        writes = self._direction(args, kwargs) != "read"
        text = plain_text(_argument(self.entry["argument"], args, kwargs))
        absolute = probe.absolute(text) if text else None
        if text is None or absolute is None:
            return
        run, how = probe.current()
        place = self.entry["object"]
        value = result if place == "result" else _argument(place, args, kwargs)
        probe.tell("object.written" if writes else "object.read", run, how, {
            "path": name_of(text), "realPath": name_of(probe.real(absolute, run)[0]),
            "objectType": type_name(value), "library": self.library,
            "function": self.function, "modelEvidence": model_evidence(value),
        })  # fmt: skip

    def _map(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tell that a file is mapped for writing from now on."""
        text = plain_text(_argument(self.entry["argument"], args, kwargs))
        absolute = self.probe.absolute(text) if text else None
        if absolute is not None and self._direction(args, kwargs) not in (None, "read"):
            run, how = self.probe.current()
            real, _ = self.probe.real(absolute, run)
            if not self.probe.is_noise(real, True):
                self.probe.mapped(run, how, real, True)

    # -------------------------------------------------------------------------------------- SQLite

    def _factory(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Let an heir be made where the caller names no class of its own."""
        place, made = self.entry["argument"], self.heirs.get(self.entry["gives"])
        if made is not None and len(args) <= place["index"] and place["name"] not in kwargs:
            kwargs[place["name"]] = made

    def _connected(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Remember which file a connection is to; an id is used again after its object's end."""
        text = plain_text(_argument(self.entry["connects"], args, kwargs))
        named = database_file(text) if text else None
        path = self.probe.absolute(named[0]) if named else None
        known = self.probe.databases
        if len(known) > MOST_FILES:
            known.clear()
        known[_id(result)] = {} if path is None else {"main": path}

    def _sqlite(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tell the files that a statement, or the end of a transaction, reads and writes."""
        owner = args[0]
        statement: Any = "insert"  # what a commit writes
        if self.form == "statement":
            statement = _argument(self.entry["argument"], args, kwargs)
            if self.function.startswith("Cursor."):
                cursor = _type_dict(self.heirs["Cursor"])["__wrapped__"]
                owner = _type_dict(cursor)["connection"].__get__(owner)
        elif not owner.in_transaction:
            return
        if type(statement) is not str:
            return
        known = self.probe.databases.setdefault(_id(owner), {})
        if owner is not args[0]:
            path = known.get("main")
            self.probe.asks(args[0], lambda: self._about_file(statement, path), self.library)
        words = statement[:LONGEST].lower()
        if "attach" in words or "vacuum" in words:
            self._attached(statement, args, kwargs, known)
        run, _ = self.probe.current()
        seen = run.seen if run is not None else self.probe.loose
        written = run.written if run is not None else {}
        direction = "update" if CHANGES().search(words) else "read"
        for alias, path in list(known.items()):
            key = (path, _id(owner), direction)
            fresh = key not in seen and path not in written
            if fresh and (alias == "main" or alias + "." in words):
                seen[key] = 1
                self._path(path, direction)

    def _attached(
        self, statement: str, args: Any, kwargs: dict[str, Any], known: dict[str, str]
    ) -> None:
        """Tell the databases that a statement attaches or writes anew; remember their names."""
        bound = _argument(self.entry.get("parameters", {}), args, kwargs)
        texts = [plain_text(item) or "" for item in bound] if type(bound) in (list, tuple) else []
        aliases = ATTACHED_AS().findall(statement[:LONGEST])
        for text, direction in files_in_sql(statement, texts):
            named = database_file(text) if text != ":memory:" else None
            path = self.probe.absolute(named[0]) if named else None
            if path is not None:
                self._path(path, direction)
                if direction != "write" and aliases:
                    known[aliases.pop(0).lower()] = path

    # --------------------------------------------------------------------------- servers, databases

    def _look(self, steps: list[str], args: Any, kwargs: Any, result: Any) -> Any:
        """Follow a row's steps: an argument or ``result``, then attributes of the library's types.

        None as soon as a value isn't of a type of the packages that the row trusts.
        """
        value = result if steps[0] == "result" else None
        if steps[0] != "result":
            value = _argument(self.entry["arguments"][steps[0]], args, kwargs)
        for step in steps[1:]:
            if not self._trusted(value):
                return None
            value = getattr(value, step, None)
        return value

    def _trusted(self, value: Any) -> bool:
        package = module_of(type(value)).partition(".")[0]
        return package in self.entry.get("trusts", (self.library,))

    def _text(self, steps: list[str], args: Any, kwargs: Any, result: Any = None) -> str | None:
        value = self._look(steps, args, kwargs, result)
        if type(value) is str:
            return value
        if type(value) is int:
            return str(value)
        if type(value) is bytes:
            return value.decode("utf-8", "replace")
        return str(value) if self._trusted(value) else None

    def _url(self, step: str, args: Any, kwargs: Any, result: Any = None) -> str | None:
        """Return an address; one that is only a path, as a request has it, with its origin."""
        url = self._text(self.entry[step], args, kwargs, result)
        if url is None or "://" in url or "origin" not in self.entry:
            return url
        scheme, host, port = (self._text(part, args, kwargs) for part in self.entry["origin"])
        if scheme is None or host is None:
            return None
        usual = port is None or (scheme, port) in (("http", "80"), ("https", "443"))
        return scheme + "://" + host + ("" if usual else ":%s" % port) + url

    def _is_within(self) -> bool:
        """Tell a call by another library whose own row tells it."""
        return "inner" in self.entry and _ident() in self.probe.sending

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        url = self._url("url", args, kwargs)
        method = self._text(self.entry["method"], args, kwargs)
        if url and method and "://" in url and not self._is_within():
            self.probe.requested(url, method.upper(), "told")

    def _response(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Tell what was answered to a GET: status, and what names the version of the bytes."""
        method = self._text(self.entry["method"], args, kwargs, result)
        asked = self._url("url", args, kwargs)
        url = self._url("answered", args, kwargs, result) or asked
        status = self._text(self.entry["status"], args, kwargs, result)
        if url is None or method is None or method.upper() != "GET" or self._is_within():
            return
        if status in REDIRECTS or self._was_told(result):
            return
        headers = self._look(self.entry["headers"], args, kwargs, result)
        said = (lambda name: headers.get(name)) if self._trusted(headers) else (lambda _: None)
        announced = said("Content-Length")
        length = int(announced) if type(announced) is str and announced.isdigit() else None
        body = self._look(self.entry.get("body", ["result"]), args, kwargs, result)
        run, how = self.probe.current()
        # A part is no version of the whole.
        digest = fingerprint_of(body) if status != PART else {}
        self.probe.tell("remote.read", run, how, {
            "url": cut_url(url), "status": int(status) if status else None,
            "etag": _short(said("ETag")), "lastModified": _short(said("Last-Modified")),
            "versionId": next((v for v in map(_short, map(said, VERSION_HEADERS)) if v), None),
            "bytes": length, "library": self.library, **digest,
        })  # fmt: skip
        # An encoded body isn't what the caller will make of it.
        whole = status != PART and said("Content-Encoding") in (None, "identity")
        if status != PART and not digest:
            self.probe.awaits(result)
        if "streams" in self.entry and whole and not digest:
            stream = self._look(self.entry["streams"], args, kwargs, result)
            if self._trusted(stream) and (length is not None or stream.chunked):
                self.probe.follow(stream, cut_url(url), self.library, length)

    def _was_told(self, result: Any) -> bool:
        """Tell an answer that a call within this one has told: after a redirect."""
        if self.told is not None and self.told() is result:
            return True
        try:
            self.told = ref(result)
        except TypeError:
            self.told = None
        return False

    def _body(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Tell the fingerprint of a body that came later than what was said of it."""
        url = self._text(self.entry["url"], args, kwargs)
        body = fingerprint_of(result)
        if (
            url
            and body
            and self.probe.came(args[0])
            and self._text(self.entry["method"], args, kwargs) == "GET"
        ):
            run, how = self.probe.current()
            fields = {"url": cut_url(url), "library": self.library, **body}
            self.probe.tell("remote.read", run, how, fields)

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Tell that a part of a body was read: what was returned, or put into a buffer."""
        if type(result) is int:
            result = memoryview(_argument(self.entry["argument"], args, kwargs)).cast("B")[:result]
        self.probe.was_read(args[0], result)

    def _query(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tell a statement that a database is asked, once per run."""
        probe = self.probe
        statement = _argument(self.entry["argument"], args, kwargs)
        if type(statement) is not str:
            return
        fields = self._asked(statement, args, kwargs)
        if probe.asks(self._cursor(args, kwargs), lambda: fields, self.library):
            run, how = probe.current()
            seen = run.seen if run is not None else probe.loose
            key = (fields["statement"]["sha256"], *map(fields.get, DATABASE), "db")
            if key not in seen:
                seen[key] = 1
                probe.tell("db.queried", run, how, dict(fields))
        for path, direction in files_in_sql(statement, []):
            if direction == "update" and path not in ("", ":memory:"):
                self._path(path, direction)

    def _cursor(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        places = self.entry.get("arguments")
        return args[0] if places is None else _argument(places["cursor"], args, kwargs)

    def _about_file(self, statement: str, path: str | None) -> dict[str, Any]:
        """Return what is told of a statement that a SQLite database was asked, once rows came."""
        return {
            "library": self.library, "dialect": "sqlite", "host": None, "database": path,
            "statement": self.probe.journal.text(*cut_text(statement)),
        }  # fmt: skip

    def _asked(
        self, statement: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what is told of a statement; the same each time for the same one."""
        named = self.entry["dialect"]
        dialect = named if type(named) is str else self._text(named, args, kwargs)
        host = self._text(self.entry["host"], args, kwargs)
        database = self._text(self.entry["database"], args, kwargs)
        known, key = self.probe.questions, (statement, self.library, dialect, host, database)
        fields = known.get(key)
        if fields is None:
            fields = {
                "library": self.library, "dialect": dialect,
                # Some drivers give a whole connection string.
                "host": None if host is None else cut_text(host)[0],
                "database": None if database is None else cut_text(database)[0],
                "statement": self.probe.journal.text(*cut_text(statement)),
            }  # fmt: skip
            if len(known) >= MOST_QUESTIONS:
                known.clear()
            if len(statement) <= LONGEST:
                known[key] = fields
        return fields

    def _executed(self, args: tuple[Any, ...], kwargs: dict[str, Any], failed: bool) -> None:
        self.probe.was_asked(self._cursor(args, kwargs), failed)

    def _gave(self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any) -> None:
        """Tell what a fetch gave: called for each row, so that it has to be quick."""
        result = self.probe.results.get(_id(args[self.cursor])) if len(args) > self.cursor else None
        if result is not None and result.owner() is args[self.cursor]:
            self.probe.attempt(self.part, self._fetched, result, args, kwargs, given)

    def _fetched(
        self, result: Result, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any
    ) -> None:
        probe, entry = self.probe, self.entry
        if result.library != self.library or probe.paused:
            return
        gives = entry["gives"]
        if gives == "row" and given is not None and result.fetched is not None:
            probe.fetched_one(result, given)
            return
        size = _argument(entry.get("argument", {}), args, kwargs)
        if (type(size) is int and size == 0) or (size is None and "through" in entry):
            return  # none were asked for, or they were told a moment ago
        doubted = "unless" in entry and self._look(entry["unless"], args, kwargs, None) is not None
        if gives == "row" and given is None and doubted and "reported" not in entry:
            return  # None may be a row, and needn't be the end
        if result.fetched is None and "reported" in entry and not doubted:
            reported = self._look(entry["reported"], args, kwargs, None)
            counted = type(reported) is int and 0 <= reported < 1 << 53
            result.reported = reported if counted else None
        probe.fetched(result, given, gives)


def _argument(place: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the argument at a place, or an instance's plain attribute of it; None if absent."""
    if not place:
        return None
    index = place["index"]
    value = args[index] if len(args) > index else kwargs.get(place["name"])
    if "attribute" in place and value is not None:
        try:
            return _object_dict(value, "__dict__").get(place["attribute"])
        except AttributeError:
            return None
    return value


def _short(value: Any) -> str | None:
    return value[:200] if type(value) is str else None


def _without_parameters(text: str) -> str:
    """Return the path of ``path?format=…#cache``, as XGBoost takes it."""
    return text.partition("#")[0].partition("?")[0]


def model_evidence(value: Any) -> list[str]:
    """Return why an object looks like a model, from its classes alone; empty if it doesn't."""
    kind = type(value)
    if kind in (dict, list, tuple):
        members = list(value.values() if kind is dict else value)[:32]
        inner = [model_evidence(member) for member in members if type(member) not in (dict, list)]
        return ["holds an object that " + reason for found in inner for reason in found][:4]
    names: set[str] = set()
    evidence = []
    for base in _type_mro(kind):
        names.update(name for name in _type_dict(base) if type(name) is str)
        full = _class_attribute(base, "__module__") + "." + _type_name(base)
        if full in MODEL_CLASSES:
            evidence.append("is a " + full)
    for methods in (("fit", "predict"), ("fit", "transform"), ("state_dict", "forward")):
        if names.issuperset(methods):
            evidence.append("has %s and %s" % methods)
    return evidence
