"""What databases answered with: how many rows were fetched, and a fingerprint of all of them."""

from __future__ import annotations

import types
from _weakref import ref
from itertools import chain
from typing import Any, Callable

from .recording import Recording, Run
from .references import _dumps, _id, _sha256, _type_dict
from .values import is_static, type_name

#: Of an answer that is longer as canonical JSON there is no fingerprint: taking it would be felt.
MOST_JSON = 8 << 20
#: Answers that are followed at a time, and that a run tells each by itself.
MOST_RESULTS, MOST_TOLD = 64, 100
#: Rows that become JSON at once.
ROWS_AT_ONCE = 500

#: Types whose values JSON has, by id: no class of anybody's is asked for its hash.
_JSON_KINDS = frozenset(_id(kind) for kind in (type(None), bool, int, float, str))
_is_json = _JSON_KINDS.__contains__
_TUPLE = frozenset([_id(tuple)])
#: Types of drivers' values: the key under which their text stands, and how it is made.
_AS_TEXT = {
    "decimal.Decimal": ("decimal", str),
    "datetime.date": ("date", lambda value: value.isoformat()),
    "datetime.timedelta": (
        "interval", lambda value: [value.days, value.seconds, value.microseconds]
    ),
    "memoryview": ("bytes", lambda value: value.hex()),
    "bytes": ("bytes", lambda value: value.hex()),
}  # type: dict[str, tuple[str, Any]]  # fmt: skip
_AS_TIME = {"datetime.datetime": "datetime", "datetime.time": "time"}
_OF_ZONES = frozenset({"NoneType", "datetime.timezone", "zoneinfo.ZoneInfo"})
#: How deep lists in a row are followed (arrays).
_NESTED = 8


class UnlistedError(ValueError):
    """A value whose type has no canonical form."""


class Result:
    """What a cursor was asked last, and the rows that were fetched from it so far."""

    __slots__ = (
        "about", "absent", "asking", "ended", "fetched", "hash", "how", "id", "length", "library",
        "owner", "reported", "run", "told", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        cursor: Any,
        about: Callable[[], dict[str, Any]],
        library: str,
        id: int,
    ) -> None:
        #: An id is used again after its object's end.
        self.owner = ref(cursor)
        #: What is told of the statement.
        self.about = about
        #: Who hears the rows: the innermost that heard the statement.
        self.library = library
        self.id = id
        #: The run that asked or fetched last, and how that is known.
        self.run: Run | None = None
        self.how = "none"
        #: The statement is being executed: who executes it in turn tells the same one.
        self.asking = True
        self.ended = False
        #: Rows that the caller was given; None where that isn't known.
        self.fetched: int | None = None
        #: Rows that the driver counts; None before the first fetch or where it doesn't.
        self.reported: int | None = None
        self.hash = _sha256(b"[")
        self.length = 1
        #: Rows of what JSON has that were given one by one: hashed together, as that is quicker.
        self.waiting: list[Any] = []
        #: Why there will be no fingerprint.
        self.absent: str | None = None
        self.told: dict[str, Any] = {}

    def add(self, rows: Any) -> None:
        """Add rows in the order in which they were given."""
        self.fetched = (self.fetched or 0) + len(rows)
        if self.waiting:
            self._hash(_rows_json, self.waiting)
            self.waiting.clear()
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self._hash(canonical, rows[start : start + ROWS_AT_ONCE])

    def add_one(self, row: Any) -> None:
        """Add a row."""
        self.fetched = (self.fetched or 0) + 1
        if self.absent is None:
            if type(row) is not tuple or not all(map(_is_json, map(_id, map(type, row)))):
                try:
                    row = _row_values(row)
                except UnlistedError:
                    self.absent = "unlisted-type"
                    return
            self.waiting.append(row)
            if len(self.waiting) == ROWS_AT_ONCE:
                self.add([])

    def _hash(self, to_json: Callable[[Any], str], rows: Any) -> None:
        if self.absent is not None:
            return
        try:
            text = to_json(rows)
        except UnlistedError:
            self.absent = "unlisted-type"
            return
        self.hash.update(("," + text if self.length > 1 else text).encode("ascii"))
        self.length += len(text)
        if self.length > MOST_JSON:
            self.absent = "too-large"

    def fields_now(self) -> dict[str, Any]:
        """Return what can be said: all rows or a part, and the fingerprint or why there is none."""
        if self.waiting:
            self.add([])
        whole = self.ended if self.reported is None else self.fetched == self.reported
        absent = self.absent if self.absent is not None or whole else "partial"
        digest = None
        if absent is None:
            closed = self.hash.copy()
            closed.update(b"]")
            digest = closed.hexdigest()
        return {
            "id": self.id, "fetched": self.fetched, "reported": self.reported,
            "whole": whole, "sha256": digest, "absent": absent,
        }  # fmt: skip


class Results(Recording):
    """Answers of databases."""

    def asks(self, cursor: Any, about: Callable[[], dict[str, Any]], library: str) -> bool:
        """Follow what a cursor is asked; False if that is done in the name of who has told it."""
        known = self.result_of(cursor)
        if known is not None:
            if known.asking:
                known.library = library
                return False
            self.tell_result(known)
        while len(self.results) >= MOST_RESULTS:
            oldest = self.results.pop(next(iter(list(self.results))))
            self.tell_result(oldest)
        try:
            self.asked += 1
            result = self.results[_id(cursor)] = Result(cursor, about, library, self.asked)
            result.run, result.how = self.current()
        except TypeError:  # no weak reference to it is possible
            self.results.pop(_id(cursor), None)
        return True

    def result_of(self, cursor: Any) -> Result | None:
        """Return what is followed of a cursor."""
        result = self.results.get(_id(cursor))
        return result if result is not None and result.owner() is cursor else None

    def was_asked(self, cursor: Any, failed: bool) -> None:
        """Notice that a statement was executed, or failed."""
        result = self.result_of(cursor)
        if result is not None:
            result.asking = False
            if failed:
                del self.results[_id(cursor)]

    def fetched(self, result: Result, given: Any, gives: str) -> None:
        """Add what a fetch gave: a ``row`` or None, some ``rows``, ``all`` that were left.

        A cursor that ``moves`` gives rows again or leaves some out.
        """
        result.run, result.how = self.current()
        if gives == "moves":
            result.absent = "moved"
        elif gives == "row":
            if given is None:
                result.ended = True
                result.add([])
            else:
                result.add_one(given)
        else:
            rows = list(given) if type_name(given) == "collections.deque" else given
            if type(rows) is list or type(rows) is tuple:
                result.add(rows)
                result.ended = gives == "all" or not rows
            else:
                result.absent, result.fetched = "unlisted-type", None
        if result.ended or result.fetched == result.reported:
            self.tell_result(result)

    def fetched_one(self, result: Result, row: Any) -> None:
        """Add a row that isn't the first: quickly."""
        if result.run is None or result.run.id not in self.open_runs:
            result.run, result.how = self.current()
        result.add_one(row)
        if result.fetched == result.reported:
            self.tell_result(result)

    def tell_results(self, run: Run) -> None:
        """Tell at a run's end what was fetched in part, unless another open run does it."""
        for result in list(self.results.values()):
            if result.run is run or result.run is None or result.run.id not in self.open_runs:
                self.tell_result(result)
        for key, result in list(self.results.items()):
            if result.owner() is None:
                self.results.pop(key, None)

    def tell_result(self, result: Result) -> None:
        """Tell a result unless nothing was fetched, or nothing since it was told."""
        said = result.fields_now()
        if (result.fetched is None and result.absent is None) or result.told == said:
            return
        result.told = said
        fields = result.about()
        run, how = result.run, result.how
        seen = run.seen if run is not None else self.loose
        count = seen.get(("results",), 0)
        seen[("results",)] = count + 1
        if count >= MOST_TOLD:
            key = (fields["statement"]["sha256"], "results")
            if key in seen:
                return
            seen[key] = 1
            said = {"id": result.id, "absent": "too-many", "whole": False}
        self.tell("db.queried", run, how, {**fields, "result": said})


def canonical(rows: Any) -> str:
    """Return rows as JSON without spaces and without the brackets around them.

    Raises UnlistedError if a value is of a type that has no canonical form.
    """
    if _TUPLE.issuperset(map(_id, map(type, rows))):
        values = chain.from_iterable(rows)
        if _JSON_KINDS.issuperset(map(_id, map(type, values))):
            return _rows_json(rows)
    return _rows_json([_row_values(row) for row in rows])


def _rows_json(rows: Any) -> str:
    try:
        return _dumps(rows)[1:-1]  # type: ignore[no-any-return]
    except (ValueError, TypeError) as error:  # an integer with too many digits
        raise UnlistedError from error


def _row_values(row: Any) -> list[Any]:
    if type(row) is dict:
        row = list(row.values())
    elif type_name(row) == "sqlite3.Row" and is_static(type(row)):
        row = tuple(row)
    if type(row) is not tuple and type(row) is not list:
        raise UnlistedError
    return [_row_value(value) for value in row]


def _row_value(value: Any, depth: int = 0) -> Any:
    kind = type(value)
    if _id(kind) in _JSON_KINDS:
        return value
    if kind is list and depth < _NESTED:
        return [_row_value(item, depth + 1) for item in value]
    name = type_name(value)
    if is_static(kind):
        if name in _AS_TEXT:
            key, text = _AS_TEXT[name]
            return {key: text(value)}
        if (
            name in _AS_TIME
            and type_name(value.tzinfo) in _OF_ZONES
            and is_static(type(value.tzinfo))
        ):
            return {_AS_TIME[name]: value.isoformat()}
    number = _type_dict(kind).get("int") if name == "uuid.UUID" else None
    if type(number) is types.MemberDescriptorType:
        return {"uuid": "%032x" % number.__get__(value)}
    raise UnlistedError
