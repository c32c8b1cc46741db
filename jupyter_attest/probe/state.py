"""State outside the namespace: random states, environment, modules, settings, what is original."""

from __future__ import annotations

import builtins
import collections
import contextvars
import gc
import marshal
import os
import sys
import types
from importlib.machinery import ModuleSpec
from itertools import chain, compress
from typing import Any, Callable  # noqa: F401 (in a type comment)

from .code import Facts
from .fingerprint import ATOMS, Budget, Looker, _tensor_array, library_type
from .references import (
    _getcwd,
    _id,
    _is,
    _is_not,
    _module_table,
    _object_dict,
    _sha256,
    _type_dict,
    _type_mro,
)
from .values import is_static, module_of, name_of

#: What a look at settings may cost (seconds, objects).
STATE_SECONDS, STATE_OBJECTS = 0.03, 20_000
NATIVE_SUFFIXES = (".so", ".pyd", ".dylib", ".dll")
#: Modules and classes on which proofs rely, as soon as they are loaded.
RELIED_MODULES = (
    "random", "json", "math", "os", "os.path", "warnings", "numpy", "numpy.random", "pandas",
    "matplotlib.pyplot",
)  # fmt: skip
RELIED_CLASSES = (
    ("pandas", "DataFrame"), ("pandas", "Series"), ("pandas", "Index"),
)  # fmt: skip
#: Magics that are taken for IPython's own.
TOLD = Facts.RUNNING | Facts.SHOWING
#: Builtins that the kernel itself replaces while a cell runs.
KERNELS = frozenset({"get_ipython", "display", "input"})
#: Methods that a user may put on the shell itself.
SHELL_METHODS = (
    "run_cell", "run_cell_async", "run_code", "run_ast_nodes", "transform_cell", "showtraceback",
    "system", "getoutput", "run_line_magic", "run_cell_magic",
)  # fmt: skip


class State:
    """The state when the last run had ended, and what differs since."""

    def __init__(self, shell: Any, looker: Looker) -> None:
        self.looker = looker
        self.originals = Originals(shell, looker)
        #: What wasn't original when it was last looked at.
        self.replaced: list[str] = []
        #: Libraries that were loaded natively, told by the audit hook.
        self.loading: list[str] = []
        self.vars = {_id(var) for var in contextvars.copy_context()}
        self.random = _random_states()
        self.cwd = self._cwd()
        self.environ = self._environ()
        self.path = self._path()
        #: Ids of modules by name, as they were.
        self.modules: dict[str, int] = {}
        self._note_modules()
        #: Open figures when last told.
        self.figures: int | None = None
        self.settings = self._settings()
        #: Modules that were touched, and the ids of what their names were bound to.
        self.attributes: dict[str, tuple[Bound, dict[str, int]]] = {}

    def changes(
        self, touched: set[str], stores: set[str], namespace: Any, plain: bool = False
    ) -> dict[str, Any]:
        """Return the fields of ``state.changed``: only what differs.

        A ``plain`` run touched nothing but plain values (numbers, texts, containers of them, the
        notebook's own functions) and builtin functions, and nothing else was going on: none of
        this can have changed, as long as all is original.
        """
        fields: dict[str, Any] = {}
        plain = plain and not self.replaced and not self.loading
        if not plain or len(_module_table) != len(self.modules):
            self._tell_places(fields)
            self.replaced = self.originals.replaced()
            self._tell_libraries(fields, touched, stores, namespace)
        if self.replaced:
            fields["replaced"] = self.replaced
        return fields

    def _tell_places(self, fields: dict[str, Any]) -> None:
        cwd = self._cwd()
        if cwd != self.cwd:
            fields["cwd"] = {"from": self.cwd, "to": cwd}
            self.cwd = cwd
        self._tell_environ(fields)
        path = self._path()
        if path != self.path:
            fields["sysPath"] = [name_of(entry) for entry in path]
            self.path = path

    def _tell_libraries(
        self, fields: dict[str, Any], touched: set[str], stores: set[str], namespace: Any
    ) -> None:
        self._tell_random(fields)
        self._tell_modules(fields)
        settings = self._settings()
        if settings != self.settings:
            names = settings.keys() | self.settings.keys()
            loaded = {n for n in names if n in settings and n not in self.settings}
            differ = {n for n in names - loaded if settings.get(n) != self.settings.get(n)}
            if differ:
                fields["library"] = sorted(differ)
            self.settings = settings
        changed = self._module_attributes(touched, stores, namespace)
        if changed:
            fields["moduleAttributes"] = changed
        figures = _open_figures()
        if figures != self.figures:
            fields["figures"] = self.figures = figures

    # ------------------------------------------------------------------------------------- random

    def _tell_random(self, fields: dict[str, Any]) -> None:
        random = _random_states()
        if random != self.random:
            # What has just been loaded may have been seeded in the same run: it differs too.
            differ = {
                library: {"before": _digest(self.random.get(library)), "after": _digest(after)}
                for library, after in random.items()
                if after != self.random.get(library)
            }
            if differ:
                fields["random"] = differ
            self.random = random

    # ---------------------------------------------------------------------------------- environment

    @staticmethod
    def _cwd() -> Any:
        try:
            return name_of(_getcwd())
        except OSError:
            return None

    @staticmethod
    def _environ() -> dict[Any, Any]:
        """Return the environment as the mapping behind ``os.environ`` holds it."""
        data = os.environ.__dict__.get("_data")
        return dict(data) if type(data) is dict else {}

    def _tell_environ(self, fields: dict[str, Any]) -> None:
        now, then = self._environ(), self.environ
        if now == then:
            return
        self.environ = now

        def names(keys: set[Any]) -> list[Any]:
            return [name_of(os.fsdecode(key)) for key in sorted(keys)]

        fields["environment"] = {
            "added": names(now.keys() - then.keys()),
            "removed": names(then.keys() - now.keys()),
            "changed": names({key for key in now.keys() & then.keys() if now[key] != then[key]}),
        }

    @staticmethod
    def _path() -> list[str]:
        path = sys.path
        return [entry for entry in path if type(entry) is str] if type(path) is list else []

    # -------------------------------------------------------------------------------------- modules

    def _note_modules(self) -> None:
        items = list(_module_table.items())
        self.modules = {name: _id(module) for name, module in items if type(name) is str}
        self.module_names = list(self.modules)
        self.modules_bound = Bound(_module_table, self.looker)

    def _are_modules_same(self) -> bool:
        """Tell whether the table holds the very same modules, in the same order."""
        names = list(_module_table)
        same = len(names) == len(self.module_names) and all(map(_is, names, self.module_names))
        return same and self.modules_bound.same(_module_table)

    def _tell_modules(self, fields: dict[str, Any]) -> None:
        loading, self.loading = self.loading, []
        if not loading and self._are_modules_same():
            return
        then = self.modules
        self._note_modules()
        now = self.modules
        added = [name for name in now if name not in then]
        replaced = sorted(name for name, at in then.items() if now.get(name) != at)
        native = dict.fromkeys(loading)
        own = []
        for name in added:
            origin = module_origin(_module_table.get(name))
            if origin is not None and origin.endswith(NATIVE_SUFFIXES):
                native[origin] = None
            if self.looker.is_own(name):
                own.append(name)
        if added or replaced:
            fields["modules"] = {
                "added": sorted({name.partition(".")[0] for name in added}),
                "own": sorted(own),
                "replaced": replaced[:1000],
            }
        if native:
            fields["nativeLibraries"] = [name_of(path) for path in native][:1000]

    def _module_attributes(self, touched: set[str], stores: set[str], namespace: Any) -> list[str]:
        """Return attributes of modules that the code sets, or found set in those it names."""
        changed = set()
        for dotted in stores:
            words = dotted.split(".")
            value = namespace.get(words[0])
            for place, word in enumerate([*words[1:-1], ""], 1):
                if type(value) is not types.ModuleType:
                    break
                if place == len(words) - 1:
                    changed.add("%s.%s" % (value.__dict__.get("__name__"), words[-1]))
                value = value.__dict__.get(word)
        for name in touched:
            module = namespace.get(name)
            if type(module) is types.ModuleType and module.__dict__ is not namespace:
                changed |= self._differing(module)
        return sorted(changed)

    def _differing(self, module: types.ModuleType) -> set[str]:
        title = module.__dict__.get("__name__")
        if type(title) is not str:
            return set()
        bound, then = self.attributes.get(title, (None, {}))
        if bound is not None and bound.same(module.__dict__):
            return set()
        now = {
            key: _id(value)
            for key, value in list(module.__dict__.items())
            if type(key) is str and (title, key) not in BINDS_ITSELF
        }
        if len(self.attributes) > 200:
            self.attributes.clear()
        self.attributes[title] = Bound(module.__dict__, self.looker), now
        return {"%s.%s" % (title, key) for key, at in then.items() if now.get(key) != at}

    # ------------------------------------------------------------------------------------- settings

    def _settings(self) -> dict[str, Any]:
        """Return digests of settings that live in libraries and in the interpreter."""
        found: dict[str, Any] = {}
        for name, read in SETTINGS.items():
            try:
                value = read()
            except Exception:  # half loaded, or another version
                continue
            if value is not None:
                found[name] = self._digest(value)
        found["contextvars"] = self._context()
        return found

    def _digest(self, value: Any) -> Any:
        if type(value) is tuple:
            return value
        seen = self.looker.look(value, Budget(STATE_SECONDS, STATE_OBJECTS))
        return seen.digest or seen.why

    def _context(self) -> tuple[Any, ...]:
        """Return the context variables that were set since the start."""
        found = []
        for var, value in contextvars.copy_context().items():
            if _id(var) not in self.vars:
                decimal = library_type(type(value), "decimal", "Context")
                found.append((_id(var), repr(value) if decimal else _id(value)))
        return tuple(sorted(found, key=_first))


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]


def _random_states() -> dict[str, Any]:
    """Return the libraries' own random states, read without drawing: tuples of plain values."""
    found: dict[str, Any] = {}
    for library, read in RANDOM.items():
        if library in _module_table:
            try:
                found[library] = read()
            except Exception:  # a library that is half loaded or another version
                found[library] = None
    return found


def _digest(state: Any) -> str | None:
    return None if state is None else _sha256(marshal.dumps(state, 2)).hexdigest()[:32]


def _python_random() -> Any:
    module = _module_table["random"]
    instance = module.__dict__.get("_inst")
    if not library_type(type(instance), "random", "Random"):
        return None
    base = _module_table["_random"].__dict__["Random"]
    gauss = _object_dict(instance, "__dict__").get("gauss_next")
    return base.getstate(instance), gauss


def _numpy_random() -> Any:
    module = _module_table.get("numpy.random.mtrand")
    if type(module) is not types.ModuleType:
        return None
    generator: Any = module.__dict__.get("_rand")
    if not library_type(type(generator), "numpy.random.mtrand", "RandomState"):
        return None
    held = generator.get_state(legacy=False)
    # The user may have given it another bit generator, with a state of another shape.
    rest = [(key, value) for key, value in held.items() if key != "state"]
    parts = [
        (key, part if _id(type(part)) in ATOMS else (part.dtype.str, part.tobytes()))
        for key, part in held["state"].items()
    ]
    return tuple(rest), tuple(parts)


def _torch_random() -> Any:
    c = _module_table["torch._C"].__dict__
    if c["_len_torch_function_stack"]() or c["_len_torch_dispatch_stack"]():
        return None
    generator = c["default_generator"]
    return _tensor_array(c, generator.get_state()).tobytes()


#: How a library's own random state is read.
RANDOM = {  # type: dict[str, Callable[[], Any]]
    "random": _python_random,
    "numpy": _numpy_random,
    "torch": _torch_random,
}


def module_origin(module: Any) -> str | None:
    """Return the file that a module came from, from its spec alone."""
    if type(module) is not types.ModuleType:
        return None
    spec = module.__dict__.get("__spec__")
    origin = spec.__dict__.get("origin") if isinstance(spec, ModuleSpec) else None
    return origin if type(origin) is str else None


def _in_module(module: str, name: str) -> Any:
    found = _module_table.get(module)
    return found.__dict__.get(name) if type(found) is types.ModuleType else None


def _warning_filters() -> Any:
    filters = _in_module("warnings", "filters")
    if type(filters) is not list:
        return None
    rows = []
    for row in filters:
        for part in row if type(row) is tuple else ():
            kind = type(part)
            if kind in (str, int, type(None)):
                rows.append(part)
            else:
                rows.append(part.pattern if library_type(kind, "re", "Pattern") else _id(part))
    return tuple(rows)


def _pandas_options() -> Any:
    options = _in_module("pandas._config.config", "_global_config")
    # At once where they are plain: they nearly always are.
    return (marshal.dumps(options, 2),) if _is_plain(options) else options


def _is_plain(value: Any) -> bool:
    """Tell a dictionary of atoms and of such dictionaries."""
    level = [value]
    while level and len(level) < 1000:
        if {_id(dict)}.issuperset(map(_id, map(type, level))):
            if not ATOMS.issuperset(map(_id, map(type, chain.from_iterable(level)))):
                return False
            parts = list(chain.from_iterable(map(dict.values, level)))
            level = [part for part in parts if _id(type(part)) not in ATOMS]
        else:
            return False
    return not level


#: Settings that matplotlib makes itself when the first figure is made: a choice of backend.
SETS_ITSELF = frozenset({"backend", "backend_fallback", "interactive"})


def _rc_params() -> Any:
    params = _in_module("matplotlib", "rcParams")
    if not library_type(type(params), "matplotlib", "RcParams"):
        return None
    items = [item for item in dict.items(params) if item[0] not in SETS_ITSELF]
    return tuple([value if _id(type(value)) in ATOMS else _shown(value) for _, value in items])


def _shown(value: Any) -> Any:
    """What a setting that is no atom holds: bytes where it is plain, else which object it is."""
    if type(value) in (list, tuple) and ATOMS.issuperset(map(_id, map(type, value))):
        return marshal.dumps(value, 2)
    return _id(value)


def _open_figures() -> int | None:
    """Return how many figures pyplot holds open; None while it isn't loaded."""
    manager = _in_module("matplotlib._pylab_helpers", "Gcf")
    figures = _type_dict(manager).get("figs") if type(manager) is type else None
    return len(figures) if type(figures) is collections.OrderedDict else None


def _logging() -> Any:
    root = _in_module("logging", "root")
    if not library_type(type(root), "logging", "RootLogger"):
        return None
    state = _object_dict(root, "__dict__")
    return (state["level"], state["disabled"], *map(_id, state["handlers"]), _id(state["manager"]))


def _interpreter() -> Any:
    digits = getattr(sys, "get_int_max_str_digits", None)
    return (
        sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled(), gc.get_threshold(),
        sys.dont_write_bytecode, digits() if digits is not None else None,
    )  # fmt: skip


def _locale() -> Any:
    locale = _module_table.get("_locale")
    return (locale.setlocale(locale.LC_ALL),) if type(locale) is types.ModuleType else None


def _signals() -> Any:
    get = _in_module("_signal", "getsignal")
    numbers = [_in_module("_signal", name) for name in ("SIGALRM", "SIGTERM", "SIGUSR1")]
    return tuple(_id(get(n)) for n in numbers if n is not None) if get is not None else None


#: Settings by the name that the journal gives them.
SETTINGS = {  # type: dict[str, Callable[[], Any]]
    "warnings.filters": _warning_filters,
    "pandas.options": _pandas_options,
    "matplotlib.rcParams": _rc_params,
    "logging": _logging,
    "interpreter": _interpreter,
    "locale": _locale,
    "signals": _signals,
}


#: What matplotlib binds anew itself when the first figure is made: a choice of backend.
BINDS_ITSELF = {
    ("matplotlib.pyplot", "_backend_mod"),
    ("matplotlib.pyplot", "_REPL_DISPLAYHOOK"),
    ("matplotlib.pyplot", "draw_if_interactive"),
}


class Bound:
    """What a large dictionary's keys are bound to, to be compared quickly.

    Libraries' own functions, classes and modules are held, which takes a third of the time that
    their ids take; of everything else, which may be the user's, only the ids are.
    """

    __slots__ = ("held", "others")

    def __init__(self, names: Any, looker: Looker) -> None:
        values = list(names.values())
        self.held = [value if looker.is_librarys(value) else ABSENT for value in values]
        self.others = self._others(values)

    def _others(self, values: list[Any]) -> tuple[int, ...]:
        return tuple(map(_id, compress(values, map(_is_not, values, self.held))))

    def same(self, names: Any) -> bool:
        """Tell whether the same objects are bound, in the same order."""
        values = list(names.values())
        return len(values) == len(self.held) and self._others(values) == self.others


#: Stands where nothing is held; never bound to any name.
ABSENT = object()


class _Holder:
    """The callables of a module or class at the first look, and what differed at the last."""

    __slots__ = ("bound", "differing", "first")

    def __init__(self, first: dict[str, int]) -> None:
        self.first = first
        self.bound: Any = None
        self.differing: list[str] = []


class Originals:
    """Whether what a proof of harmlessness relies on is what it was at the start."""

    def __init__(self, shell: Any, looker: Looker) -> None:
        self.shell, self.looker = shell, looker
        self.held = _object_dict(shell, "__dict__")
        self.traits = self.held.get("_trait_values", {})
        #: What modules and classes held when they were first looked at.
        self.known: dict[tuple[str, int], _Holder] = {}
        #: Handlers of logs that were there at the start.
        self.handlers = {_id(each) for logger in _loggers().values() for each in _handlers(logger)}
        self.start = self._shell()
        self.streams = self._streams()
        self.replaced()

    def replaced(self) -> list[str]:
        """Return the names of what isn't original now."""
        found = self._differing("builtins", builtins.__dict__) + self._in_libraries()
        found += self._logged()
        now = self._shell()
        found += [key for key, value in now.items() if self.start.get(key) != value]
        if self._streams() != self.streams:
            found.append("sys.stdout")
        if sys.gettrace() is not None:
            found.append("sys.settrace")
        if sys.getprofile() is not None:
            found.append("sys.setprofile")
        return sorted(set(found))

    def _streams(self) -> list[Any]:
        """Return which streams a cell prints to, and the user's own ``write`` on them."""
        found: list[Any] = []
        for stream in (sys.stdout, sys.stderr):
            write = _instance_dict(stream).get("write")
            users = write is not None and self._is_users_callable(write)
            found.append((_id(stream), _id(write) if users else 0))
        return found

    def _in_libraries(self) -> list[str]:
        found: list[str] = []
        for name in RELIED_MODULES:
            module = _module_table.get(name)
            if type(module) is types.ModuleType and _complete(module):
                found += self._differing(name, module.__dict__)
        looked: set[int] = set()
        for name, attribute in RELIED_CLASSES:
            module = _module_table.get(name)
            if type(module) is types.ModuleType and _complete(module):
                cls = module.__dict__.get(attribute)
                found += self._of_class(name + "." + attribute, cls, looked)
        return found

    def _of_class(self, title: str, cls: Any, looked: set[int]) -> list[str]:
        """Return what differs in a class and its bases that weren't looked at already."""
        found: list[str] = []
        for place, base in enumerate(_type_mro(cls) if isinstance(cls, type) else ()):
            if _id(base) not in looked and not is_static(base):
                looked.add(_id(base))
                found += self._differing(title, _type_dict(base), place)
        return found

    def _differing(self, title: str, names: Any, place: int = 0) -> list[str]:
        """Return the callables that were bound anew since the first look, or are the user's."""
        key = title, place
        known = self.known.get(key)
        if known is not None and known.bound.same(names):
            return known.differing
        items = {
            name: value
            for name, value in list(names.items())
            if type(name) is str and name not in KERNELS
        }
        if known is None:
            # ``callable`` looks at the type's slot and runs nothing.
            first = {name: _id(value) for name, value in items.items() if callable(value)}
            known = self.known[key] = _Holder(first)
        known.bound = Bound(names, self.looker)
        known.differing = [
            "%s.%s" % (title, name)
            for name in items.keys() | known.first.keys()
            if self._differs(items.get(name), known.first.get(name), (title, name))
        ]
        return known.differing

    def _differs(self, value: Any, first: int | None, name: tuple[str, str]) -> bool:
        if type(value) is types.FunctionType:
            if value.__globals__ is globals():  # a wrapper of ours
                return False
            if self._is_users(value):
                return True
            if name in BINDS_ITSELF:
                return False
        return first is not None and first != _id(value)

    def _is_users(self, function: Any) -> bool:
        names = function.__globals__
        if names is self.looker.namespace:
            return True
        module = function.__module__
        return type(module) is str and module in _module_table and self.looker.is_own(module)

    def _logged(self) -> list[str]:
        """Return the loggers of which the user may read what libraries say, but not in a file."""
        found = []
        for name, logger in _loggers().items():
            new = [each for each in _handlers(logger) if _id(each) not in self.handlers]
            if not all(map(_is_seen, new)):
                found.append("logging." + name)
        return found

    # ---------------------------------------------------------------------------------------- shell

    def _shell(self) -> dict[str, Any]:
        """Return ids of what IPython runs around a cell; of callbacks, only the user's."""
        found: dict[str, Any] = {
            "displayhook": _id(self._part("displayhook")),
            "ast_transformers": self._ids(self._part("ast_transformers")),
            "input_transformers": self._ids(self._part("input_transformers_post")),
            "custom_exceptions": self._ids(self._part("custom_exceptions")),
        }
        manager = self._part("input_transformer_manager")
        for name in ("cleanup_transforms", "line_transforms", "token_transformers"):
            found["input_transformers." + name] = self._ids(_instance_dict(manager).get(name))
        events = _instance_dict(self._part("events")).get("callbacks")
        for name, callbacks in list(events.items()) if type(events) is dict else ():
            users = [_id(c) for c in list(callbacks) if self._is_users_callable(c)]
            if users:
                found["events." + name] = users
        for name, magic in self._magics():
            if not self._is_ipythons(magic):
                found["magic." + name] = _id(magic)
        formatters = self._formatters()
        if formatters:
            found["formatters"] = formatters
        for name in SHELL_METHODS:
            if name in self.held:
                found["shell." + name] = _id(self.held[name])
        return found

    def _part(self, name: str) -> Any:
        found = self.held.get(name)
        return self.traits.get(name) if found is None else found

    @staticmethod
    def _ids(value: Any) -> Any:
        return [_id(item) for item in value] if type(value) in (list, tuple) else []

    def _magics(self) -> list[tuple[str, Any]]:
        """Return the magics by the names that are taken for IPython's own."""
        traits = _instance_dict(self._part("magics_manager")).get("_trait_values", {})
        tables = traits.get("magics")
        every = list(tables.values()) if type(tables) is dict else []
        tables = [table for table in every if type(table) is dict]
        return [(name, table[name]) for table in tables for name in sorted(TOLD & table.keys())]

    def _is_ipythons(self, magic: Any) -> bool:
        """Tell a method of IPython's, or what stands for one until it is loaded."""
        if type(magic) is not types.MethodType:
            return module_of(type(magic)).startswith("IPython.") and not library_type(
                type(magic), "IPython.core.magic", "MagicAlias"
            )
        function = magic.__func__
        if type(function) is not types.FunctionType or self._is_users(function):
            return False
        return type(function.__module__) is str and function.__module__.startswith("IPython.")

    def _formatters(self) -> list[int]:
        """Return the ids of printers that the user registered."""
        found = []
        display = self._part("display_formatter")
        formatters = _instance_dict(display).get("_trait_values", {}).get("formatters")
        every = list(formatters.values()) if type(formatters) is dict else []
        traits = _instance_dict(display).get("_trait_values", {})
        every += [
            traits.get(name) for name in ("ipython_display_formatter", "mimebundle_formatter")
        ]
        for formatter in every:
            traits = _instance_dict(formatter).get("_trait_values", {})
            for table in ("type_printers", "deferred_printers", "singleton_printers"):
                printers = traits.get(table)
                for printer in list(printers.values()) if type(printers) is dict else ():
                    if self._is_users_callable(printer):
                        found.append(_id(printer))
        return found

    def _is_users_callable(self, value: Any) -> bool:
        kind = type(value)
        if kind is types.MethodType:
            value = value.__func__
            kind = type(value)
        if kind is types.FunctionType:
            if value.__globals__ is globals():
                return False
            return self._is_users(value)
        if kind is types.BuiltinFunctionType:
            # A method of an object that it may change: ``log.append``.
            owner = type(value.__self__)
            return owner is not types.ModuleType and not issubclass(owner, type)
        # What else C made is nobody's; of any other object nothing is known.
        return not is_static(kind)


#: Libraries whose calls are listed as harmless, and what warnings become: their logs.
LOGGING = frozenset({"matplotlib", "numpy", "pandas", "sklearn", "py"})


def _loggers() -> dict[str, Any]:
    """Return the root of all logs and those of the listed libraries."""
    logger = _in_module("logging", "Logger")
    manager = _type_dict(logger).get("manager") if type(logger) is type else None
    every = _instance_dict(manager).get("loggerDict")
    found = {"root": _in_module("logging", "root")}
    for name, each in list(every.items()) if type(every) is dict else ():
        if type(name) is str and name.partition(".")[0] in LOGGING:
            found[name] = each
    return found


def _handlers(logger: Any) -> list[Any]:
    found = _instance_dict(logger).get("handlers")
    return list(found) if type(found) is list else []


def _is_seen(handler: Any) -> bool:
    """Tell a handler that shows what is logged, writes it to a file, or does nothing."""
    kind = type(handler)
    if library_type(kind, "logging", "StreamHandler"):
        stream = _instance_dict(handler).get("stream")
        return any(stream is each for each in (sys.stdout, sys.stderr, sys.__stderr__))
    quiet = (("logging", "FileHandler"), ("logging", "NullHandler"), ("logging", "_StderrHandler"))
    return any(library_type(kind, *name) for name in quiet)


def _complete(module: types.ModuleType) -> bool:
    spec = module.__dict__.get("__spec__")
    return not (isinstance(spec, ModuleSpec) and spec.__dict__.get("_initializing", False))


def _instance_dict(value: Any) -> dict[str, Any]:
    try:
        found = _object_dict(value, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}
