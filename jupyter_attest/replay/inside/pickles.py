"""Pickles read without running anything that they name.

Every class and function is replaced by a stand-in that only keeps what it was given: so
neither an import nor a call of the pickle's own ever happens. Memo numbers, framing and the
order of sets don't count. joblib's streams hold arrays between the opcodes; they are read here too.
"""

# This runs on Python 3.8.
from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, BinaryIO, ClassVar

from .items import Items, NotComparableError, Tensor, flatten


def prod(sizes: Sequence[int]) -> int:
    """The product; 1 for none."""
    return reduce(lambda a, b: a * b, sizes, 1)


_SETS = ("set", "frozenset")


class StandIn:
    """In the place of an object: the name of its class or maker, and all that it was given."""

    made_by = "?"

    def __new__(cls, *args: Any, **kwargs: Any) -> StandIn:
        """Made by a call or by ``NEWOBJ``: the arguments are kept."""
        self = object.__new__(cls)
        self.__dict__["given"] = [args, kwargs]
        self.__dict__["added"] = []
        self.__dict__["state"] = None
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Everything was done in ``__new__``."""

    def __call__(self, *args: Any, **kwargs: Any) -> StandIn:
        """A call of what a call gave."""
        return type(self)(self, *args, **kwargs)

    def __setstate__(self, state: Any) -> None:
        """``BUILD``."""
        self.__dict__["state"] = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """``SETITEM``: a subclass of dict."""
        self.__dict__["added"].append((key, value))

    def append(self, value: Any) -> None:
        """``APPEND``: a subclass of list."""
        self.__dict__["added"].append(value)

    add = append

    def extend(self, values: Any) -> None:
        """``APPENDS``."""
        self.__dict__["added"].extend(values)


#: The unpickler in Python, whose opcodes can be followed; its type stubs lack the inside.
_Unpickler: Any = pickle._Unpickler


class _Reader(_Unpickler):  # type: ignore[misc]
    """Reads one pickle."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(_Unpickler.dispatch)

    def __init__(self, file: BinaryIO, storages: Callable[[Any], Any] | None = None) -> None:
        super().__init__(file, encoding="bytes")
        self._file = file
        self._storages = storages
        self._classes: dict[tuple[str, str], Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        """A stand-in, whatever is asked for; one for each name."""
        key = (str(module), str(name))
        if key not in self._classes:
            self._classes[key] = type("StandIn", (StandIn,), {"made_by": ".".join(key)})
        return self._classes[key]

    def persistent_load(self, pid: Any) -> Any:
        """Something outside the pickle: a storage of torch."""
        return self._storages(pid) if self._storages else ("persistent", pid)

    def load_build(self) -> None:
        """As ever; and the array that joblib puts right behind."""
        _Unpickler.load_build(self)
        built = self.stack[-1]
        if isinstance(built, StandIn) and built.made_by.endswith(".NumpyArrayWrapper"):
            self.stack[-1] = self._joblib_array(built.__dict__["state"])

    dispatch[pickle.BUILD[0]] = load_build

    def _joblib_array(self, state: Any) -> Any:
        """joblib.numpy_pickle.NumpyArrayWrapper.read_array, without its calls."""
        found = {_text(key): value for key, value in dict(state).items()}
        dtype, shape = dtype_text(found["dtype"]), tuple(found["shape"])
        if "O" in dtype:
            return read_objects(self._file)
        if found.get("numpy_array_alignment_bytes") is not None:
            self._file.read(self._file.read(1)[0])
        data = self._file.read(prod(shape) * item_size(dtype))
        return in_c_order(Tensor(dtype, shape, data), _text(found["order"]) == "F")


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def read_objects(file: BinaryIO, storages: Callable[[Any], Any] | None = None) -> Any:
    """One pickle from a file, as stand-ins and plain data.

    Raises:
        NotComparableError: it isn't a pickle that can be read.
    """
    try:
        return _Reader(file, storages).load()
    except NotComparableError:
        raise
    except Exception as error:
        raise NotComparableError(f"a pickle that can't be read ({error})") from error


def items_of(data: bytes, storages: Callable[[Any], Any] | None = None) -> Items:
    """All that a pickle holds."""
    file = io.BytesIO(data)
    items: Items = {}
    part = 0
    while file.tell() < len(data):
        flatten(items, f"object{part or ''}", plain(read_objects(file, storages)))
        part += 1
    return items


def plain(value: Any, open_ones: list[int] | None = None) -> Any:
    """Stand-ins as plain data, arrays of numpy as tensors."""
    held = open_ones or []
    if id(value) in held:
        return "a cycle"
    inner = [*held, id(value)]
    if isinstance(value, type) and issubclass(value, StandIn):
        return f"<{value.made_by}>"
    if isinstance(value, StandIn):
        return _plain_object(value, inner)
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (set, frozenset)):
        return _set(value, inner)
    if isinstance(value, dict):
        return {_key(key): plain(each, inner) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(each, inner) for each in value)
    return value


def _set(members: Any, held: list[int]) -> Any:
    return ["a set", sorted(repr(plain(each, held)) for each in members)]


def _key(key: Any) -> Any:
    made = plain(key)
    try:
        hash(made)
    except TypeError:
        return repr(made)
    return made


def _plain_object(value: StandIn, held: list[int]) -> Any:
    made_by, inside = value.made_by, value.__dict__
    args, kwargs = inside["given"]
    tensor = _numpy_array(made_by, args, inside["state"])
    if tensor is not None:
        return tensor
    module, _, name = made_by.rpartition(".")
    if name in _SETS and module in ("builtins", "__builtin__") and len(args) == 1:
        return _set(args[0], held)
    return {
        "made by": made_by,
        "given": [plain(list(args), held), plain(kwargs, held)],
        "state": plain(inside["state"], held),
        "added": plain(inside["added"], held),
    }


def _numpy_array(made_by: str, args: Any, state: Any) -> Tensor | None:
    """An array as numpy pickles it: ``_reconstruct`` with a state, a scalar, or ``_frombuffer``."""
    try:
        if made_by.endswith("multiarray._reconstruct") and state is not None:
            _, shape, dtype, fortran, data = state
            if isinstance(data, list):
                return None
            found = Tensor(dtype_text(dtype), tuple(shape), _bytes(data))
            return in_c_order(found, bool(fortran))
        if made_by.endswith("multiarray.scalar") and len(args) == 2:
            return Tensor(dtype_text(args[0]), (), _bytes(args[1]))
        if made_by.endswith("numeric._frombuffer"):
            data, dtype, shape, order = args
            return in_c_order(
                Tensor(dtype_text(dtype), tuple(shape), bytes(data)), _text(order) == "F"
            )
    except (ValueError, TypeError, KeyError):
        return None
    return None


def _bytes(data: Any) -> bytes:
    if isinstance(data, StandIn) and data.made_by == "_codecs.encode":
        return str(_text(data.__dict__["given"][0][0])).encode("latin1")
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    raise TypeError("not bytes")


def dtype_text(dtype: Any) -> str:
    """``<f8`` of a pickled ``numpy.dtype('f8', False, True)`` with its state."""
    inside = dtype.__dict__
    name = _text(inside["given"][0][0])
    state = inside["state"]
    order = _text(state[1]) if state else "|"
    return f"{'<' if order == '=' else order}{name}"


def item_size(dtype: str) -> int:
    """Bytes of one element.

    Raises:
        NotComparableError: the type's text has no size.
    """
    digits = "".join(each for each in dtype[:8] if each.isdigit())
    if not digits:
        raise NotComparableError(f"an array of type {dtype}")
    return int(digits) * (4 if "U" in dtype else 1)


def in_c_order(tensor: Tensor, fortran: bool) -> Tensor:
    """The same numbers, the last index running fastest."""
    if not fortran or len(tensor.shape) < 2:
        return tensor
    size, shape = item_size(tensor.dtype), tensor.shape
    count = prod(shape)
    strides = [prod(shape[:axis]) for axis in range(len(shape))]
    parts = []
    for place in range(count):
        at, rest = 0, place
        for axis in range(len(shape) - 1, -1, -1):
            rest, index = divmod(rest, shape[axis])
            at += index * strides[axis]
        parts.append(tensor.data[at * size : (at + 1) * size])
    return Tensor(tensor.dtype, shape, b"".join(parts))
