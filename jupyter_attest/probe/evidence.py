"""When names and state are looked at: between two runs, after the reply where that is possible."""

from __future__ import annotations

import _thread
import re
import types
from typing import TYPE_CHECKING, Any, Iterator

from .fingerprint import Looker
from .names import IPYTHONS, Names
from .references import SEP, _id, _module_table, _type_dict
from .state import NATIVE_SUFFIXES, State, module_origin

if TYPE_CHECKING:
    from .code import Facts
    from .recording import Recording


class Owed:
    """A run that has ended and whose evidence isn't taken yet."""

    __slots__ = ("everything", "imports", "run", "stores", "touched")

    def __init__(self, run: str, facts: Facts | None, reached: list[dict[str, Any]]) -> None:
        self.run = run
        #: Whether the code can reach any name: by text, by a magic, or it isn't known.
        self.everything = facts is None or bool(facts.dynamic or facts.magics - facts.told)
        self.imports = facts is None or bool(facts.imports)
        self.touched: set[str] = set()
        self.stores: set[str] = set()
        if facts is not None:
            self.touched = facts.loads | set(facts.stores) | facts.deletes
            self.stores = set(facts.attribute_stores)
        for function in reached:
            self.touched.add(function["name"])
            self.touched.update(function["loads"])


class Evidence:
    """Takes the evidence of each run once, before anything else runs on the kernel's thread.

    A run's end only notes what is owed. It is taken in the next turn of the kernel's event loop,
    when the reply is out, or before the next run begins, whichever comes first; a nested run's at
    once, because the run around it goes on.
    """

    def __init__(self, probe: Recording) -> None:
        self.probe = probe
        self.owed: list[Owed] = []
        #: Runs went by unrecorded: nothing is known of the names any more.
        self.stale = False
        #: A run left threads, tasks or timers: more than its code may go on during another one.
        self.accompanied = False
        self.taking = _thread.allocate_lock()
        self.is_known: dict[str, bool] = {}
        self.names: Names | None = None
        self.state: State | None = None

    def begin(self) -> tuple[Names, State]:
        """Return what is looked at; at first, before the first run, everything is, once."""
        if self.names is None or self.state is None:
            shell = self.probe.shell
            stop = {_id(shell), _id(self.probe.kernel), _id(shell.user_ns), _id(self.probe)}
            for name in IPYTHONS & shell.user_ns.keys():
                stop.add(_id(shell.user_ns[name]))
            looker = Looker(self.is_own, shell.user_ns, stop)
            self.names = Names(shell.user_ns, looker)
            self.state = State(shell, looker)
            self.stale = False
        elif self.stale:
            self.stale = False
            self.names.forget()
        return self.names, self.state

    def is_own(self, module: str) -> bool:
        """Tell whether a module is the user's: its file isn't one of the installation's."""
        known = self.is_known.get(module)
        if known is None:
            known = self.is_known[module] = self._is_own(module)
        return known

    def _is_own(self, name: str) -> bool:
        module = _module_table.get(name)
        if type(module) is not types.ModuleType:
            return name == "__main__"
        origin = module_origin(module)
        if origin is None:
            made = module.__dict__.get("__spec__") is None and not is_main(module)
            return made and not self._is_natives(module)
        return not self._is_installed(origin)

    def _is_installed(self, path: str) -> bool:
        """Tell whether a file is the installation's; what has no place is built in or frozen."""
        return SEP not in path or path.startswith(self.probe.prefixes)

    def _is_natives(self, module: types.ModuleType) -> bool:
        """Tell whether an installed library's C code made this module, and holds no other code.

        Nothing was executed in it, which would have left its builtins there.
        """
        names = module.__dict__
        title = names.get("__name__")
        if type(title) is not str or "__builtins__" in names:
            return False
        origin = module_origin(_module_table.get(title.rpartition(".")[0])) or ""
        native = origin == "built-in" or origin.endswith(NATIVE_SUFFIXES)
        if not (native and self._is_installed(origin)) and not CYTHONS.match(title):
            return False
        return all(map(self._is_installed, code_files(list(names.values()))))

    def owe(self, run: str, facts: Facts | None, reached: list[dict[str, Any]], now: bool) -> None:
        """Note that a run has ended; ``now`` when another one goes on."""
        self.owed.append(Owed(run, facts, reached))
        if now or not self._later():
            self.take()

    def _later(self) -> bool:
        loop_of = _module_table["asyncio"].__dict__["get_running_loop"]
        try:
            loop_of().call_soon(self.take)
        except RuntimeError:  # the kernel runs this code without a loop
            return False
        return True

    def take(self) -> None:
        """Write ``names.changed`` and ``state.changed`` of the runs that are owed."""
        if not self.owed or self.probe.child or not self.taking.acquire(False):
            return
        try:
            while self.owed:
                self.probe.attempt("names and state", self._take, self.owed.pop(0))
        finally:
            self.taking.release()
        self.probe.tell_failures()
        self.probe.journal.hurry()  # a record may be asked for at once

    def _take(self, owed: Owed) -> None:
        names, state = self.begin()
        plain = not owed.everything and not owed.imports and names.are_plain(owed.touched)
        rows, complete = names.changes(owed.touched, owed.everything)
        plain = plain and names.are_plain(owed.touched) and not self.accompanied
        fields = {"phase": "run", "names": rows}  # type: dict[str, Any]
        if not complete:
            fields["complete"] = False
        changed = state.changes(owed.touched, owed.stores, names.namespace, plain)
        put = self.probe.journal.put
        if changed:
            put("state.changed", owed.run, "context", {"phase": "run", **changed})
        put("names.changed", owed.run, "context", fields)

    def between(self) -> None:
        """Before a run: take what is owed; tell names bound since by nobody's code."""
        self.take()
        if self.probe.child or not self.taking.acquire(False):
            return
        try:
            self.probe.attempt("names and state", self._between)
        finally:
            self.taking.release()

    def _between(self) -> None:
        rows, _ = self.begin()[0].changes(set(), False)
        if rows:
            fields = {"phase": "between", "names": rows}
            self.probe.journal.put("names.changed", None, "none", fields)


#: Modules in which libraries made by Cython share their types.
CYTHONS = re.compile(r"_cython_\d\w*$|cython_runtime$")


def is_main(module: types.ModuleType) -> bool:
    """Tell whether this is the notebook's module, which others know by other names."""
    return module is _module_table.get("__main__")


def code_files(values: list[Any]) -> Iterator[str]:
    """Yield the files of the Python functions among values, and of the methods of classes."""
    for value in values:
        if type(value) is types.FunctionType:
            yield value.__code__.co_filename
        elif issubclass(type(value), type):
            for part in list(_type_dict(value).values()):
                if type(part) is types.FunctionType:
                    yield part.__code__.co_filename
