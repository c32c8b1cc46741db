"""Which names of the notebook are not known to be as they were, run by run."""

from __future__ import annotations

from itertools import compress
from typing import Any

from .fingerprint import OVER, Budget, Looker, Seen
from .references import _differ, _id, _is
from .values import ids_of, type_name

#: What looking at names may cost per run: seconds, and objects visited.
SECONDS, OBJECTS = 0.05, 40_000
#: What looking at results that IPython keeps may cost besides; hardly any code names them.
SHOWN_SECONDS, SHOWN_OBJECTS = 0.005, 4_000
#: An unknown object whose look took longer than this (ns) isn't looked at again.
COSTLY = 5_000_000
#: Ids of shared objects kept for all names together.
IDS_LIMIT = 100_000
#: In a namespace with more names than this none is compared; nor are more than so many at once.
MOST_NAMES, MOST_ROWS = 20_000, 4_000
#: Names that IPython keeps for its own: sources of runs, and what ``_1``, ``_2`` … are.
IPYTHONS = frozenset({
    "In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "get_ipython", "exit", "quit", "open",
    "__builtin__", "__builtins__", "__warningregistry__",
})  # fmt: skip
NOT_LOOKED = "not looked at"


class Entry:
    """A name as it was when it was last looked at: ids and digests, never the object."""

    __slots__ = ("code", "cost", "digest", "id", "ids", "plain", "type", "whole", "why")

    def __init__(self, value: Any, seen: Seen | None, why: str = NOT_LOOKED) -> None:
        self.id, self.type = _id(value), type_name(value)
        self.digest = seen.digest if seen is not None else None
        self.why = seen.why if seen is not None else why
        self.ids: frozenset[int] = seen.ids if seen is not None else frozenset()
        self.whole = seen.whole if seen is not None else False
        self.cost = seen.cost if seen is not None else 0
        self.code = seen is None or seen.code
        self.plain = seen is not None and seen.plain

    def state(self) -> dict[str, Any]:
        """Return it as the journal's ``ValueState``."""
        return {"unknown": self.why or OVER} if self.digest is None else {"digest": self.digest}


def is_ipythons(name: str) -> bool:
    """Tell a name that IPython sets with every run and that only holds sources, or its tools."""
    return name in IPYTHONS or (name[:2] == "_i" and name[2:].isdigit())


def is_shown(name: str) -> bool:
    """Tell a name under which IPython keeps a result that it showed: ``_``, ``__``, ``_7``."""
    return name in ("_", "__", "___") or (name[:1] == "_" and name[1:].isdigit())


class Names:
    """The namespace between two runs, and what differs since."""

    def __init__(self, namespace: Any, looker: Looker) -> None:
        self.namespace, self.looker = namespace, looker
        self.entries: dict[str, Entry] = {}
        self.stored = 0
        #: Keys and ids of values at the last scan, in the dictionary's order.
        self.keys: list[str] = []
        self.values: list[int] = []
        #: There are, or were at the last look, too many names: nothing is known of them.
        self.too_many = False
        self.forget()

    def forget(self) -> None:
        """Begin anew with what there is now."""
        self.drop()
        self.too_many = type(self.namespace) is dict and len(self.namespace) > MOST_NAMES
        if not self.too_many:
            self.changes(set(), False)

    def drop(self) -> None:
        """Know nothing of any name."""
        self.entries, self.stored = {}, 0
        self.keys, self.values = [], []

    def are_plain(self, touched: set[str]) -> bool:
        """Tell whether these names stood for nothing, or for plain values, when last looked at.

        Those of IPython's are never looked at.
        """
        for name in touched:
            entry = self.entries.get(name)
            if entry is None and is_ipythons(name) and name in self.namespace:
                return False
            if entry is not None and not entry.plain:
                return False
        return type(self.namespace) is dict and not self.too_many

    def scan(self) -> tuple[set[str], set[str]]:
        """Return the names bound (again) and the names gone since the last scan."""
        keys, values = list(self.namespace), ids_of(self.namespace)
        known = len(self.keys)
        if len(keys) != len(values) or len(keys) < known or not all(map(_is, keys, self.keys)):
            return self._scan_anew()
        bound: set[str] = set()
        for name in compress(keys, map(_differ, values, self.values)):
            self._bound(name, bound)
        for name in keys[known:]:
            self._bound(name, bound)
            if type(name) is not str:
                return self._scan_anew()
        self.keys, self.values = keys, values
        return bound, set()

    def _scan_anew(self) -> tuple[set[str], set[str]]:
        """Compare each name, where names are gone or in another order."""
        bound: set[str] = set()
        keys, values = [], []
        items = list(self.namespace.items())
        for name, value in items:
            if type(name) is str:
                keys.append(name)
                values.append(_id(value))
                entry = self.entries.get(name)
                if entry is None or entry.id != _id(value):
                    self._bound(name, bound)
        gone = self.entries.keys() - set(keys)
        if len(keys) < len(items):
            keys, values = [], []  # no key of the user's is kept: the next scan is anew too
        self.keys, self.values = keys, values
        return bound, gone

    @staticmethod
    def _bound(name: Any, bound: set[str]) -> None:
        if type(name) is str and not is_ipythons(name):
            bound.add(name)

    # ------------------------------------------------------------------------------------ changes

    def changes(self, touched: set[str], everything: bool) -> tuple[list[dict[str, Any]], bool]:
        """Return the rows of ``names.changed`` and whether every name is accounted for.

        ``touched`` are the names in the run's code and in what it reaches. One that holds more
        than was found may reach what any other name does: then each is looked at, or told to be
        unknown.
        """
        namespace = self.namespace
        if type(namespace) is not dict:
            return [], False
        if self.too_many:
            self.forget()
            return [], False
        if len(namespace) > MOST_NAMES:
            self.drop()
            self.too_many = True
            return [], False
        bound, gone = self.scan()
        more = everything or any(map(self._holds_more, touched))
        complete = True
        if more and len(self.entries.keys() | bound) <= MOST_ROWS:
            touched = self.entries.keys() | bound
        elif more:
            complete = False
        wanted = {name for name in touched if name in namespace and not is_ipythons(name)} | bound
        if len(wanted) + len(gone) > MOST_ROWS:
            self._pass_over(wanted, gone)
            return [], False
        return (self._compare(wanted, gone, touched) if wanted or gone else []), complete

    def _holds_more(self, name: str) -> bool:
        entry = self.entries.get(name)
        return entry is not None and not entry.whole

    def _pass_over(self, names: set[str], gone: set[str]) -> None:
        """Note what so many names stand for now, and no more."""
        for name in gone:
            self._store(name, None)
        for name in names:
            self._store(name, Entry(self.namespace[name], None))

    def _compare(self, wanted: set[str], gone: set[str], touched: set[str]) -> list[dict[str, Any]]:
        before: dict[str, Entry | None] = {name: self.entries[name] for name in gone}
        after: dict[str, Entry | None] = dict.fromkeys(gone)
        shown = {name for name in wanted - touched if is_shown(name)}
        budget = Budget(SECONDS, OBJECTS)
        self._look_at(wanted - shown, before, after, budget)
        sharers = self._sharers(before, after, touched)
        shown |= {name for name in sharers if is_shown(name)}
        self._look_at(sharers - shown, before, after, budget)
        if shown:
            self._look_at(shown, before, after, Budget(SHOWN_SECONDS, SHOWN_OBJECTS))
        rows = []
        for name in sorted(after):
            self._store(name, after[name])
            row = _row(name, before[name], after[name])
            if row is not None:
                rows.append(row)
        self._group(rows, before, after)
        return rows

    def _look_at(
        self,
        names: set[str],
        before: dict[str, Entry | None],
        after: dict[str, Entry | None],
        budget: Budget,
    ) -> None:
        """Look at names: what is known and cheap, what is new or unknown, what is costly."""
        for name in sorted(names, key=self._cost):
            before[name] = self.entries.get(name)
            after[name] = self._look(name, before[name], budget)

    def _cost(self, name: str) -> tuple[int, int, str]:
        entry = self.entries.get(name)
        if entry is None or entry.id != _id(self.namespace.get(name)):
            return 1, 0, name
        if entry.digest is None:
            return 1, entry.cost, name
        return (2 if entry.cost > COSTLY else 0), entry.cost, name

    def _look(self, name: str, before: Entry | None, budget: Budget) -> Entry | None:
        if name not in self.namespace:
            return None
        value = self.namespace[name]
        known = before is not None and before.id == _id(value)
        if known and before.digest is None and before.cost > COSTLY:  # type: ignore[union-attr]
            return before
        if budget.objects < 0 or not budget.affords(0):
            return Entry(value, None, OVER)
        return Entry(value, self.looker.look(value, budget))

    def _sharers(
        self,
        before: dict[str, Entry | None],
        after: dict[str, Entry | None],
        touched: set[str],
    ) -> set[str]:
        """Return the other names that can reach an object which the touched could or can reach.

        Of a known one whose objects couldn't be kept, nobody knows.
        """
        reached: set[int] = set()
        for name in touched & after.keys():
            for entry in (before[name], after[name]):
                reached |= entry.ids if entry is not None else frozenset()
        if not reached:
            return set()
        return {
            name
            for name, entry in self.entries.items()
            if name not in after
            and (not entry.ids.isdisjoint(reached) or (entry.digest and not entry.whole))
        }

    def _store(self, name: str, new: Entry | None) -> None:
        old = self.entries.pop(name, None)
        if old is not None:
            self.stored -= len(old.ids)
        if new is None:
            return
        if self.stored + len(new.ids) > IDS_LIMIT:
            new.ids, new.whole = frozenset(), False
        self.stored += len(new.ids)
        self.entries[name] = new

    @staticmethod
    def _group(
        rows: list[dict[str, Any]],
        before: dict[str, Entry | None],
        after: dict[str, Entry | None],
    ) -> None:
        """Label the rows whose names share an object."""
        shown = [(row, after[row["name"]] or before[row["name"]]) for row in rows]
        holders = [(row, entry.ids) for row, entry in shown if entry is not None and entry.ids]
        if len(holders) < 2:
            return
        #: The last row that holds an object, and for each row another one of its group, or itself.
        owners: dict[int, int] = {}
        groups: list[int] = []

        def group_of(place: int) -> int:
            while groups[place] != place:
                groups[place] = groups[groups[place]]
                place = groups[place]
            return place

        for place, (_, ids) in enumerate(holders):
            groups.append(place)
            for other in set(map(owners.__getitem__, owners.keys() & ids)):
                groups[group_of(other)] = place
            owners.update(dict.fromkeys(ids, place))
        together: dict[int, list[dict[str, Any]]] = {}
        for place, (row, _) in enumerate(holders):
            together.setdefault(group_of(place), []).append(row)
        for members in together.values():
            if len(members) > 1:
                label = min(row["name"] for row in members)
                for row in members:
                    row["group"] = label


def _row(name: str, before: Entry | None, after: Entry | None) -> dict[str, Any] | None:
    """Return a row of ``names.changed``; None if the name is known to be as it was."""
    if before is None and after is None:
        return None
    same = None
    if before is not None and after is not None:
        same = before.id == after.id
        if same and before.digest is not None and before.digest == after.digest:
            return None
    shown = after if after is not None else before
    row = {
        "name": name,
        "type": shown.type if shown is not None else None,
        "group": None,
        "before": "absent" if before is None else before.state(),
        "after": "absent" if after is None else after.state(),
        "same": same,
    }
    if after is not None and after.code:
        row["code"] = True
    return row
