"""What takes the place of a library's function: the same to its callers, but it tells first."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from .references import _type_dict, _type_mro

if TYPE_CHECKING:
    from .reports import Report

_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing it


def stand_in(original: Any, report: Report, namespace: dict[str, Any]) -> Any:
    """Return what says by ``report`` which file is meant and then calls the original, unchanged.

    A Python function becomes one with the same name, signature, documentation and file. What is
    native (a builtin, a compiled function, a class that can't be changed) becomes a
    :class:`Native`, because a Python function in its place would bind as a method where the
    original doesn't. ``namespace`` is the library's module.
    """
    if type(original) is types.FunctionType:
        return method_in(original, report, namespace)
    call = {"__call__": staticmethod(_teller(original, report, namespace)), "__slots__": ()}
    return type("Native", (Native,), call)(original)


def method_in(original: Any, report: Report, namespace: dict[str, Any], called: Any = None) -> Any:
    """Return a function that tells first; ``original`` is one or stands in a class's dictionary.

    ``called`` does the original's work in another way.
    """
    if type(original) in (staticmethod, classmethod):
        return type(original)(method_in(original.__func__, report, namespace))
    made = _teller(original if called is None else called, report, namespace)
    if type(original) is types.FunctionType:
        code = original.__code__
        made.__code__ = made.__code__.replace(co_filename=code.co_filename, co_name=code.co_name)
        made.__annotations__ = original.__annotations__
        made.__dict__.update(original.__dict__)
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        try:
            setattr(made, name, getattr(original, name))
        except (AttributeError, TypeError):
            continue
    made.__wrapped__ = original
    return made


class HeirType(type):
    """Type of a class that stands for the one it inherits from: what is of the one is of both."""

    def __instancecheck__(cls, value: Any) -> bool:
        """``isinstance(x, C)``, also of an instance that native code made."""
        return isinstance(value, cls.__dict__.get("__wrapped__", ())) or super().__instancecheck__(
            value
        )

    def __subclasscheck__(cls, other: Any) -> bool:
        """``issubclass(D, C)``."""
        return issubclass(other, cls.__dict__.get("__wrapped__", ())) or super().__subclasscheck__(
            other
        )


def heir(original: Any) -> Any:
    """Return a class that inherits from one whose methods can't be changed, and shows as it."""
    body = {name: getattr(original, name) for name in ("__module__", "__qualname__", "__doc__")}
    return HeirType(
        original.__name__, (original,), {**body, "__slots__": (), "__wrapped__": original}
    )


def put_method(owner: Any, name: str, report: Report, namespace: dict[str, Any]) -> bool:
    """Let a class's method tell; False if it has none or can't be changed.

    What an heir doesn't have is its ancestor's.
    """
    bases = _type_mro(owner) if type(owner) is HeirType else (owner,)
    own = next((_type_dict(b) for b in bases if name in _type_dict(b)), None)
    if own is None:
        return False
    called = None
    if report.makes is not None:
        called = shortcut(own[name], own["cursor"], report.makes, namespace)
    try:
        setattr(owner, name, method_in(own[name], report, namespace, called))
    except (TypeError, AttributeError):  # a static type
        return False
    return True


def shortcut(execute: Any, cursor: Any, heir: Any, namespace: dict[str, Any]) -> Any:
    """Return a connection's ``execute`` whose cursor is an heir, as its ``cursor()`` gives one.

    ``execute`` and ``cursor`` are the connection's own methods; the heir's ``execute`` tells.
    """

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs:  # none are taken: the error is to name this method
            return execute(self, *args, **kwargs)
        try:
            return cursor(self, heir).execute(*args)
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = trace.tb_next if trace is not None else None
            raise

    return types.FunctionType(call.__code__, namespace, call.__name__, None, call.__closure__)


def _teller(original: Any, report: Report, namespace: dict[str, Any]) -> Any:
    """Return a function that tells, calls, and tells what came of it; awaited if the original is.

    An error passes on; from Python 3.11 on the frame doesn't show in its traceback. Its globals
    are the library's, so that a library which looks for the frame of its caller (DuckDB, for the
    data frames that a query names) passes over this one as over its own.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        report.begin(args, kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            report.raised(args, kwargs, error)
            trace = error.__traceback__
            error.__traceback__ = trace.tb_next if trace is not None else None
            raise
        report.finish(args, kwargs, result)
        return result

    async def wait(*args: Any, **kwargs: Any) -> Any:
        report.begin(args, kwargs)
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            report.raised(args, kwargs, error)
            trace = error.__traceback__
            error.__traceback__ = trace.tb_next if trace is not None else None
            raise
        report.finish(args, kwargs, result)
        return result

    is_python = type(original) is types.FunctionType
    made = wait if is_python and original.__code__.co_flags & _COROUTINE else call
    place = original.__globals__ if is_python else namespace
    return types.FunctionType(made.__code__, place, made.__name__, None, made.__closure__)


class Native:
    """Takes the place of a native function or class in a module.

    It calls, shows, compares, pickles (by name) and answers ``isinstance`` as the original does
    and doesn't bind; only ``type(f)`` and ``f is original`` tell them apart.
    """

    __slots__ = ("__dict__", "__weakref__")

    def __init__(self, original: Any) -> None:
        self.__dict__["__wrapped__"] = original
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            try:
                self.__dict__[name] = getattr(original, name)
            except AttributeError:
                continue

    def __getattr__(self, name: str) -> Any:
        """Everything else is the original's."""
        return getattr(self.__dict__["__wrapped__"], name)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What ``isinstance(f, …)`` sees."""
        return type(self.__wrapped__)

    def __repr__(self) -> str:
        """Show the original."""
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        """Equal to the original and to itself."""
        return self is other or self.__wrapped__ is other

    def __hash__(self) -> int:
        """Hash as the original."""
        return hash(self.__wrapped__)

    def __reduce__(self) -> str:
        """Pickle by name, as functions and classes do."""
        return self.__qualname__  # type: ignore[no-any-return]

    def __instancecheck__(self, value: Any) -> bool:
        """``isinstance(x, C)`` where C is a class that can't be changed."""
        return isinstance(value, self.__wrapped__)

    def __subclasscheck__(self, value: Any) -> bool:
        """``issubclass(D, C)``."""
        return issubclass(value, self.__wrapped__)

    def __mro_entries__(self, bases: Any) -> tuple[Any, ...]:
        """``class D(C)`` derives from the original."""
        return (self.__wrapped__,)

    def __or__(self, other: Any) -> Any:
        """``C | None``."""
        return self.__wrapped__ | other

    def __ror__(self, other: Any) -> Any:
        """``None | C``."""
        return other | self.__wrapped__
