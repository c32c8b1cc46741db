"""Libraries that open files on their own, by the table ``wrappers.json``."""

from __future__ import annotations

import os
import stat as statmod
import types
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Callable

from .references import _join, _loads, _module_table, _object_dict
from .reports import Report
from .standins import HeirType, heir, put_method, stand_in
from .values import is_static, name_of, read_small

if TYPE_CHECKING:
    from .observer import Observer
    from .recording import Run


class WatchedSpec(ModuleSpec):
    """A module's spec while the module is being loaded.

    The import system sets ``_initializing`` to False when a module is complete, also when the
    import and the first call stand in one statement. That moment is caught here, and the spec
    becomes a plain one again: a finder in ``sys.meta_path`` would stay visible for ever.
    """

    done: Callable[[], None]

    @property
    def _initializing(self) -> bool:
        return bool(self.__dict__.get("_initializing", False))

    @_initializing.setter
    def _initializing(self, value: bool) -> None:
        self.__dict__["_initializing"] = value
        if not value:
            self.__class__ = ModuleSpec  # type: ignore[assignment]
            done = self.__dict__.pop("done", None)
            if done is not None:
                done()


class Wrappers:
    """The entry points that open files natively, by the table ``wrappers.json``."""

    def __init__(self, probe: Observer) -> None:
        self.probe = probe
        self.state: dict[str, tuple[str | None, str]] = {}
        #: Rows with the entries that become wrappable when a module is complete, by that module.
        self.waiting: dict[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]] = {}
        self.armed: set[str] = set()
        self.lazy: dict[str, list[Any]] = {}
        #: Classes that stand for those they inherit from, by library and name.
        self.heirs: dict[str, dict[str, Any]] = {}
        #: Libraries that aren't watched and why, until that is told.
        self.off: list[dict[str, Any]] = []
        self.introduced = False
        #: Names of methods that no wrapper can reach, by library.
        self.unreached: dict[str, frozenset[str]] = {}
        beside = _join(os.path.dirname(os.path.abspath(__file__)), "wrappers.json")
        table = read_small(beside, 1 << 20)
        for row in _loads(table)["libraries"] if table else []:
            self.state[row["library"]] = (None, "not loaded")
            self.unreached[row["library"]] = frozenset(row.get("unreached", ()))
            parts: dict[str, list[dict[str, Any]]] = {}
            for entry in row["entries"]:
                parts.setdefault(entry.get("ready") or row["ready"], []).append(entry)
            for ready, entries in parts.items():
                self.waiting.setdefault(ready, []).append((row, entries))

    def states(self) -> list[dict[str, Any]]:
        """Return the state of each library for ``probe.hello``."""
        return [
            {"library": library, "version": version, "state": state}
            for library, (version, state) in self.state.items()
        ]

    def is_on(self, library: str) -> bool:
        """Whether all calls of a library's row tell."""
        return self.state.get(library, (None, ""))[1] == "on"

    def look(self) -> None:
        """Wrap what is loaded, and arm what is being loaded."""
        for ready in list(self.waiting):
            module = _module_table.get(ready)
            if module is None or not issubclass(type(module), types.ModuleType):
                continue
            if ready in self.armed:
                continue
            spec = _object_dict(module, "__dict__").get("__spec__")
            if type(spec) is not ModuleSpec:
                continue
            if not spec.__dict__.get("_initializing", False):
                self.wrap(ready)
                continue
            self.armed.add(ready)
            spec.__dict__["done"] = _Done(self, ready)
            spec.__class__ = WatchedSpec

    def wrap(self, ready: str) -> None:
        """Wrap what a complete module makes wrappable, if its version is one that was tested."""
        self.armed.discard(ready)
        if ready not in _module_table:  # its import failed; it may be tried again
            return
        for row, entries in self.waiting.pop(ready, ()):
            self._wrap_part(row, entries)

    def _wrap_part(self, row: dict[str, Any], entries: list[dict[str, Any]]) -> None:
        library = row["library"]
        version = self._version(row)
        if version is None or not row["from"] <= _numbers(version) < row["below"]:
            if self.state[library][1] != "off":
                self._off(library, "version " + (version or "unknown"))
            self.state[library] = (version, "off")
            return
        missing = [
            entry["name"]
            for entry in entries
            if not self._wrap_entry(library, entry) and not entry.get("optional")
        ]
        if self.state[library][1] != "partly":
            self.state[library] = (version, "partly" if missing else "on")
        for name in missing:
            self._off(library, name + " wasn't found")

    def _off(self, library: str, reason: str) -> None:
        self.off.append({"library": library, "reason": reason})
        if self.introduced:
            self.tell_off()

    def tell_off(self) -> None:
        """Write the gaps of libraries that aren't watched: none comes before the first events."""
        self.introduced = True
        off, self.off = self.off, []
        for covers in off:
            self.probe.journal.put("gap", None, "none", {"code": "wrapper-off", "covers": covers})

    def _version(self, row: dict[str, Any]) -> str | None:
        if row.get("version") == "python":
            return self.probe.environment.python
        package = _module_table.get(row["ready"].partition(".")[0])
        if type(package) is types.ModuleType and row.get("version") != "distribution":
            version = package.__dict__.get("__version__")
            if type(version) is str:
                return version
        versions = self.probe.environment.versions
        return versions.get(row["library"].lower().replace("_", "-"))

    def _wrap_entry(self, library: str, entry: dict[str, Any]) -> bool:
        holder = _namespace(entry["module"])
        if holder is None:
            return False
        heirs = self.heirs.setdefault(library, {})
        lazy = self.lazy.setdefault(library, [])
        report = Report(self.probe, library, entry, lazy, heirs)
        owner_name, _, method = entry["name"].partition(".")
        original = holder.get(owner_name)
        if original is None:
            return False
        if not method:
            self._put(entry, owner_name, original, stand_in(original, report, holder))
            return True
        if not issubclass(type(original), type):
            return False
        if needs_heir(entry, original):
            heirs[owner_name] = heir(original)
            self._put(entry, owner_name, original, heirs[owner_name])
            original = heirs[owner_name]
        return put_method(original, method, report, holder)

    @staticmethod
    def _put(entry: dict[str, Any], name: str, original: Any, made: Any) -> None:
        """Put what was made in the place of the original, in each module of the package.

        Compiled modules need a class as it was compiled: there an heir isn't put.
        """
        package = entry["module"].partition(".")[0]
        for place, module in list(_module_table.items()):
            if place.partition(".")[0] == package or place in entry.get("aliases", ()):
                there = _namespace(place)
                if there is None or there.get(name) is not original:
                    continue
                file = there.get("__file__")
                if type(made) is not HeirType or (type(file) is str and file.endswith(".py")):
                    setattr(module, name, made)

    def look_at_texts(self, run: Run, texts: set[tuple[str, str]]) -> None:
        """Tell of files that a cell names to a method that no wrapper can reach.

        ``texts`` are pairs of a method's name and the literal text that it was given first.
        """
        for library, methods in self.unreached.items():
            if self.state[library][1] != "on":
                continue
            for method, text in sorted(texts):
                absolute = self.probe.absolute(text) if method in methods else None
                real, st = self.probe.real(absolute, run) if absolute else ("", None)
                named = (real, "versions") in run.seen or real in run.written
                if st is not None and statmod.S_ISREG(st.st_mode) and not named:
                    covers = {"library": library, "path": name_of(real), "run": run.id}
                    self.probe.journal.put(
                        "gap", run.id, "context", {"code": "native-io", "covers": covers}
                    )


def needs_heir(entry: dict[str, Any], owner: type) -> bool:
    """Tell whether an heir is to take a class's place; for ``static`` only where it must."""
    if entry.get("heir") == "static" and not is_static(owner):
        return False
    return bool(entry.get("heir")) and type(owner) is not HeirType


def _namespace(name: str) -> dict[str, Any] | None:
    """Return a loaded module's own dictionary; nothing of a lazy module is loaded by that."""
    module = _module_table.get(name)
    if module is None or not issubclass(type(module), types.ModuleType):
        return None
    return _object_dict(module, "__dict__")  # type: ignore[no-any-return]


class _Done:
    """What to do when a module is complete."""

    __slots__ = ("ready", "wrappers")

    def __init__(self, wrappers: Wrappers, ready: str) -> None:
        self.wrappers, self.ready = wrappers, ready

    def __call__(self) -> None:
        self.wrappers.probe.attempt("wrapping of " + self.ready, self.wrappers.wrap, self.ready)


def _numbers(version: str) -> list[int]:
    """Return the leading numbers of a version, e.g. [2, 2, 3]."""
    numbers = []
    for part in version.split("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return numbers
