"""Libraries that open files on their own, by the table ``wrappers.json``."""

from __future__ import annotations

import json
import os
import types
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Callable

from .redaction import cut_url
from .references import _join, _module_table, _type_dict, _type_mro, _type_name
from .values import _class_attribute, is_foreign, name_of, plain_text, read_small, type_name

if TYPE_CHECKING:
    from .core import Probe


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

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.state: dict[str, tuple[str | None, str]] = {}
        #: Rows by the module whose completion makes them wrappable.
        self.waiting: dict[str, dict[str, Any]] = {}
        self.armed: set[str] = set()
        beside = _join(os.path.dirname(os.path.abspath(__file__)), "wrappers.json")
        table = read_small(globals().get("table") or beside, 1 << 20)
        for row in json.loads(table)["libraries"] if table else []:
            self.waiting[row["ready"]] = row
            self.state[row["library"]] = (None, "not loaded")

    def states(self) -> list[dict[str, Any]]:
        """Return the state of each library for ``probe.hello``."""
        return [
            {"library": library, "version": version, "state": state}
            for library, (version, state) in self.state.items()
        ]

    def look(self) -> None:
        """Wrap what is loaded, and arm what is being loaded."""
        for ready in list(self.waiting):
            module = _module_table.get(ready)
            if type(module) is not types.ModuleType or ready in self.armed:
                continue
            spec = module.__dict__.get("__spec__")
            if type(spec) is not ModuleSpec:
                continue
            if not spec.__dict__.get("_initializing", False):
                self.wrap(ready)
                continue
            self.armed.add(ready)
            spec.__dict__["done"] = _Done(self, ready)
            spec.__class__ = WatchedSpec

    def wrap(self, ready: str) -> None:
        """Wrap a library's entry points if its version is one that was tested."""
        self.armed.discard(ready)
        if ready not in _module_table:  # its import failed; it may be tried again
            return
        row = self.waiting.pop(ready, None)
        if row is None:
            return
        library = row["library"]
        version = self._version(row)
        if version is None or not row["from"] <= _numbers(version) < row["below"]:
            self.state[library] = (version, "off")
            covers = {"library": library, "reason": "version " + (version or "unknown")}
            self.probe.journal.put("gap", None, "none", {"code": "wrapper-off", "covers": covers})
            return
        missing = [e["name"] for e in row["entries"] if not self._wrap_entry(library, e)]
        self.state[library] = (version, "partly" if missing else "on")
        for name in missing:
            covers = {"library": library, "reason": name + " wasn't found"}
            self.probe.journal.put("gap", None, "none", {"code": "wrapper-off", "covers": covers})

    def _version(self, row: dict[str, Any]) -> str | None:
        package = _module_table.get(row["library"])
        if type(package) is types.ModuleType:
            version = package.__dict__.get("__version__")
            if type(version) is str:
                return version
        return self.probe.environment.versions.get(row["library"])

    def _wrap_entry(self, library: str, entry: dict[str, Any]) -> bool:
        module = _module_table.get(entry["module"])
        if type(module) is not types.ModuleType:
            return False
        owner_name, _, method = entry["name"].partition(".")
        if not method:
            original = module.__dict__.get(owner_name)
            if type(original) is not types.FunctionType:
                return False
            wrapped = wrap(self.probe, library, entry, original)
            for name in [entry["module"], *entry.get("aliases", [])]:
                holder = _module_table.get(name)
                if type(holder) is types.ModuleType and holder.__dict__.get(owner_name) is original:
                    setattr(holder, owner_name, wrapped)
            return True
        owner = module.__dict__.get(owner_name)
        original = _type_dict(owner).get(method) if type(owner) is type else None
        if type(original) is not types.FunctionType:
            return False
        setattr(owner, method, wrap(self.probe, library, entry, original))
        return True


class _Done:
    """What to do when a module is complete."""

    __slots__ = ("ready", "wrappers")

    def __init__(self, wrappers: Wrappers, ready: str) -> None:
        self.wrappers, self.ready = wrappers, ready

    def __call__(self) -> None:
        try:
            self.wrappers.wrap(self.ready)
        except Exception:
            pass


def _numbers(version: str) -> list[int]:
    """Return the leading numbers of a version, e.g. [2, 2, 3]."""
    numbers = []
    for part in version.split("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return numbers


def wrap(
    probe: Probe, library: str, entry: dict[str, Any], original: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that says what file is meant and then calls the original, unchanged.

    Name, signature, documentation and file are the original's; from Python 3.11 on the frame
    doesn't show in tracebacks.
    """
    before = Wrapped(probe, library, entry)

    def call(*args: Any, **kwargs: Any) -> Any:
        before.begin(args, kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = trace.tb_next if trace is not None else None
            raise
        before.finish(args, kwargs, result)
        return result

    code = original.__code__
    call.__code__ = call.__code__.replace(co_filename=code.co_filename, co_name=code.co_name)
    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        setattr(call, name, getattr(original, name))
    call.__dict__.update(original.__dict__)
    call.__wrapped__ = original  # type: ignore[attr-defined]
    return call


class Wrapped:
    """One row of the table at work."""

    def __init__(self, probe: Probe, library: str, entry: dict[str, Any]) -> None:
        self.probe, self.library, self.entry = probe, library, entry
        self.function = entry["name"]
        self.index, self.keyword = entry["argument"]["index"], entry["argument"]["name"]
        self.writes = entry["direction"] == "write"
        self.ops = ["write", "create", "truncate"] if self.writes else ["read"]
        self.flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if self.writes else os.O_RDONLY

    def _argument(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args[self.index] if len(args) > self.index else kwargs.get(self.keyword)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Say which file is about to be opened natively."""
        probe = self.probe
        if probe.paused or self.entry.get("opens") == "python":
            return
        try:
            value = self._argument(args, kwargs)
            for item in value if type(value) in (list, tuple) else (value,):
                text = plain_text(item) if item is not None else None
                if text is None:
                    continue
                if "://" in text and not text.startswith("file://"):
                    run, how = probe.current()
                    if not self.writes and not (run is not None and run.paused):
                        probe.tell("remote.read", run, how, {"url": cut_url(text)})
                    continue
                if text.startswith("file://"):
                    text = text[7:]
                ops = [op for op in self.ops if op != "create"]
                probe.opened(text, ops, self.flags, "wrapper", self.library, self.function)
        except BaseException as error:
            if is_foreign(error):
                raise

    def finish(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Say what kind of object went to or came from the file."""
        probe = self.probe
        if probe.paused or not self.entry.get("object"):
            return
        try:
            text = plain_text(self._argument(args, kwargs))
            absolute = probe.absolute(text) if text else None
            run, how = probe.current()
            if text is None or absolute is None or (run is not None and run.paused):
                return
            value = result
            if self.writes:
                place = self.entry["object"]
                index, keyword = place["index"], place["name"]
                value = args[index] if len(args) > index else kwargs.get(keyword)
            probe.tell("object.written" if self.writes else "object.read", run, how, {
                "path": name_of(text), "realPath": name_of(probe.real(absolute, run)[0]),
                "objectType": type_name(value), "library": self.library,
                "function": self.function, "modelEvidence": model_evidence(value),
            })  # fmt: skip
        except BaseException as error:
            if is_foreign(error):
                raise


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
        if full in ("sklearn.base.BaseEstimator", "torch.nn.modules.module.Module"):
            evidence.append("is a " + full)
    for methods in (("fit", "predict"), ("fit", "transform"), ("state_dict", "forward")):
        if names.issuperset(methods):
            evidence.append("has %s and %s" % methods)
    return evidence
