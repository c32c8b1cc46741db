"""What a value is at one moment: a digest of its content, and the objects that it can reach.

Looks at exact built-in types, at plain instances (whose whole state is their ``__dict__`` and
slots) and at listed library types, through the interpreter's and the libraries' own C slots. No
method, ``repr``, ``==``, ``hash``, ``len`` or attribute of an object of the user's is ever used:
types are told apart by identity, dictionaries are walked and never searched by a user's key. What
it doesn't know makes the digest ``unknown``; what that object holds is still followed, through the
garbage collector's own traversal, so that shared objects are found.
"""

from __future__ import annotations

import collections
import datetime
import functools
import gc
import marshal
import os
import types
import weakref
from itertools import chain
from typing import Any, Callable

from .code import is_plain_code
from .references import _id, _module_table, _sha256, _type_dict, _type_mro, _type_name, _work
from .values import PATH_TYPES, is_static, module_of, type_name

_members = {
    name: type.__dict__[name].__get__
    for name in (
        "__basicsize__",
        "__itemsize__",
        "__dictoffset__",
        "__weakrefoffset__",
        "__flags__",
    )
}
_referents = gc.get_referents
_marshal = marshal.dumps

#: Immutable values without parts that marshal writes byte for byte (format 2: no references).
ATOMS = frozenset(
    _id(kind) for kind in (int, float, complex, str, bytes, bool, type(None), type(Ellipsis))
)
#: Those of them that may be long, and the length (characters) up to which they aren't.
TEXTS, LONG = (str, bytes), 4096
#: A name for these is only their identity.
CONSTANTS = frozenset(
    _id(kind)
    for kind in (
        types.BuiltinFunctionType, types.CodeType, types.GetSetDescriptorType,
        types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType,
        types.ClassMethodDescriptorType, type(NotImplemented), object,
    )
)  # fmt: skip
#: Values of these lead to no code but that of Python's own types, by themselves.
PLAIN = frozenset(
    _id(kind)
    for kind in (
        list, tuple, dict, set, frozenset, bytearray, range, slice, types.CellType,
        types.FunctionType,
    )
)  # fmt: skip
#: Pointer size: of an object's head, a slot, a dictionary's pointer.
WORD = tuple.__itemsize__
HEAD = object.__basicsize__
#: What pandas keeps in instances to be quicker, and not as their value.
CACHES = frozenset({"_cache", "_item_cache", "_id", "_references", "_mgr_locs_cache"})
#: Keys of a class that are the interpreter's.
CLASS_KEYS = frozenset({
    "__dict__", "__weakref__", "__doc__", "__module__", "_abc_impl", "__annotations__",
    "__annotate__", "__annotate_func__", "__annotations_cache__", "__static_attributes__",
    "__firstlineno__",
})  # fmt: skip
#: Keys of a module that are the import system's.
MODULE_KEYS = frozenset({"__builtins__", "__spec__", "__loader__", "__cached__", "__file__"})
#: Estimated cost (ns) of one byte hashed, one element of a flat container, at most.
BYTE_NS, ELEMENT_NS = 0.8, 110.0
#: Containers within each other are written at once up to this depth; marshal bears 1000 at least.
DEPTH = 200
OVER = "over budget"


class Budget:
    """What looking may cost from now on, in time that this thread computes."""

    def __init__(self, seconds: float, objects: int) -> None:
        self.until = _work() + int(seconds * 1e9)
        self.objects = objects

    def affords(self, ns: float) -> bool:
        """Tell whether something that takes so long fits in."""
        return _work() + ns < self.until


class Seen:
    """The result of looking at one value."""

    __slots__ = ("code", "cost", "digest", "ids", "plain", "whole", "why")

    def __init__(self) -> None:
        self.digest: str | None = None
        #: Why there is no digest.
        self.why: str | None = None
        #: Ids of the objects within that can be changed.
        self.ids: frozenset[int] = frozenset()
        #: Whether everything it holds was found.
        self.whole = True
        #: Nanoseconds.
        self.cost = 0
        #: Whether it is or holds a function written in Python.
        self.code = False
        #: Whether it leads to no code but that of builtin types, or is a function of the notebook
        #: that reaches only what it names.
        self.plain = True


class Looker:
    """Looks at values. ``stop`` has the ids of objects that are never entered."""

    def __init__(self, is_own: Callable[[str], bool], namespace: Any, stop: set[int]) -> None:
        self.is_own, self.namespace, self.stop = is_own, namespace, stop
        #: What was asked of libraries' classes, which are held: no id comes twice.
        self.classes: dict[tuple[int, Any], tuple[type, Any]] = {}
        #: How exact types are taken apart, by the type's id (static types: ids don't come again).
        self.exact: dict[int, Callable[[Look, Any], None]] = {
            _id(list): Look.sequence, _id(tuple): Look.sequence, _id(dict): Look.dictionary,
            _id(set): Look.elements, _id(frozenset): Look.elements,
            _id(collections.OrderedDict): Look.ordered, _id(collections.defaultdict): Look.defaults,
            _id(collections.deque): Look.deque, _id(bytearray): Look.buffer,
            _id(range): parts_of("start", "stop", "step"),
            _id(slice): parts_of("start", "stop", "step"),
            _id(types.FunctionType): Look.function, _id(types.CellType): Look.cell,
            _id(types.MethodType): parts_of("__self__", "__func__"),
            _id(staticmethod): parts_of("__func__"), _id(classmethod): parts_of("__func__"),
            _id(property): parts_of("fget", "fset", "fdel"),
            _id(functools.partial): parts_of("func", "args", "keywords"),
            _id(types.MappingProxyType): Look.opaque, _id(types.ModuleType): Look.module,
            _id(weakref.ReferenceType): Look.reference,
            _id(datetime.date): parts_of("year", "month", "day"),
            _id(datetime.timedelta): parts_of("days", "seconds", "microseconds"),
            _id(datetime.datetime): parts_of(
                "year", "month", "day", "hour", "minute", "second", "microsecond", "fold", "tzinfo"
            ),
        }  # fmt: skip

    def look(self, value: Any, budget: Budget) -> Seen:
        """Look at a value and at what it holds."""
        begun = _work()
        kind = type(value)
        if _id(kind) in ATOMS and (kind not in TEXTS or len(value) <= LONG):
            seen = Seen()
            budget.objects -= 1
            seen.digest = _sha256(_marshal(value, 2)).hexdigest()[:32]
            return seen
        look = Look(self, budget)
        look.run(value)
        seen = Seen()
        seen.why, seen.whole, seen.code = look.why, look.whole, look.code
        seen.plain = look.plain and look.why is None
        if look.why is None:
            seen.digest = _sha256(b"".join(look.parts_seen)).hexdigest()[:32]
        seen.ids = frozenset(look.ids)
        seen.cost = _work() - begun
        return seen

    def of_class(self, kind: type, ask: Callable[[type], Any]) -> Any:
        """Return what is asked of a class; once, if it is a library's: its layout stays."""
        known = self.classes.get((_id(kind), ask))
        if known is not None:
            return known[1]
        answer = ask(kind)
        if self._is_library(module_of(kind)):
            self.classes[_id(kind), ask] = kind, answer
        return answer

    def holds_users(self, kind: type) -> bool:
        """Tell a class with a function of the notebook: its module may be whoever made it."""
        return any(
            type(part) is types.FunctionType and part.__globals__ is self.namespace
            for part in list(_type_dict(kind).values())
        )

    def is_librarys(self, value: Any) -> bool:
        """Tell a library's own function, class or module, or a short value without parts."""
        kind = type(value)
        if kind is types.FunctionType:
            return self._is_library(value.__globals__.get("__name__"), value.__globals__)
        if kind is types.ModuleType:
            return self._is_library(value.__dict__.get("__name__"), value.__dict__)
        if kind is type:
            return is_static(value) or self._is_library(module_of(value))
        if kind is types.BuiltinFunctionType:
            return type(value.__self__) is types.ModuleType
        if _id(kind) in ATOMS:
            return kind not in TEXTS or len(value) <= LONG
        if _id(kind) in CONSTANTS:
            return True
        # Functions of numpy: no other library has so many that aren't of a type of Python's.
        return is_static(kind) and callable(value) and module_of(kind).startswith("numpy")

    def _is_library(self, name: Any, names: Any = None) -> bool:
        """Tell a loaded module that isn't the user's, with this dictionary if one is given."""
        module = _module_table.get(name) if type(name) is str else None
        if type(module) is not types.ModuleType or (
            names is not None and module.__dict__ is not names
        ):
            return False
        return name != "__main__" and not self.is_own(name)

    def is_closed(self, part: Any) -> bool:
        """Tell what isn't entered from an unknown object: modules and their namespaces."""
        if type(part) is types.ModuleType or _id(part) in self.stop:
            return True
        if type(part) is not dict or not part:
            return False
        first, name = next(iter(part.items()))  # a module's namespace begins with its name
        if type(first) is not str or first != "__name__" or type(name) is not str:
            return False
        module = _module_table.get(name)
        return type(module) is types.ModuleType and module.__dict__ is part


def library_type(kind: type, module: str, name: str) -> bool:
    """Tell whether a type is the one that a loaded library has under this name."""
    loaded = _module_table.get(module)
    return type(loaded) is types.ModuleType and loaded.__dict__.get(name) is kind


def slot(owner: type, name: str) -> Any:
    """Return the getter of a C slot of a class, None if the class has no such slot."""
    found = _type_dict(owner).get(name)
    if type(found) in (types.GetSetDescriptorType, types.MemberDescriptorType):
        return found.__get__
    return None


class Look:
    """One walk. ``parts_seen`` is what is hashed in the end."""

    def __init__(self, looker: Looker, budget: Budget) -> None:
        self.looker, self.budget = looker, budget
        self.waiting: list[Any] = []
        self.parts_seen: list[bytes] = []
        #: Place in the walk by id: a second meeting is written as a reference.
        self.places: dict[int, int] = {}
        self.ids: set[int] = set()
        #: Objects made during the walk live until its end, so that no id comes twice.
        self.made: list[Any] = []
        self.why: str | None = None
        self.whole = True
        self.code = False
        self.plain = True

    def run(self, value: Any) -> None:
        """Walk until nothing waits or the budget is spent."""
        self.waiting.append(value)
        count = 0
        while self.waiting:
            count += 1
            self.budget.objects -= 1
            if self.budget.objects < 0 or (count & 63 == 0 and not self.budget.affords(0)):
                self.unknown(OVER)
                self.whole = False
                return
            self.visit(self.waiting.pop())

    def visit(self, value: Any) -> None:
        """Write one object and queue what it holds."""
        kind = type(value)
        if _id(kind) in ATOMS:
            self.atom(value, kind)
            return
        number = _id(value)
        place = self.places.get(number)
        if place is not None:
            self.parts_seen.append(b"@%d" % place)
            return
        self.places[number] = len(self.places)
        if _id(kind) in CONSTANTS or number in self.looker.stop:
            self.plain = False
            self.constant(value, kind)
            return
        handler = self.looker.exact.get(_id(kind))
        self.plain = self.plain and _id(kind) in PLAIN
        if handler is not None:
            self.parts_seen.append(b"(%d:" % _id(kind))
            if kind is not tuple and kind is not frozenset and kind is not types.ModuleType:
                self.ids.add(number)
            handler(self, value)
        elif issubclass(kind, type):
            self.a_class(value)
        elif not library_value(self, value, kind):
            self.ids.add(number)
            self.instance(value, kind)

    def atom(self, value: Any, kind: type) -> None:
        """Write a number or text."""
        if kind in TEXTS and len(value) > LONG:
            if not self.budget.affords(len(value) * 3 * BYTE_NS):
                self.unknown(OVER)
                return
            self.parts_seen.append(_sha256(_marshal(value, 2)).digest())
            return
        self.parts_seen.append(_marshal(value, 2))

    def constant(self, value: Any, kind: type) -> None:
        """Write something that can't change as its identity; a bound one leads to its object."""
        self.parts_seen.append(b"=%d" % _id(value))
        if kind is types.BuiltinFunctionType and _id(value) not in self.looker.stop:
            owner = value.__self__
            if type(owner) is not types.ModuleType and not issubclass(type(owner), type):
                self.waiting.append(owner)

    def unknown(self, why: str) -> None:
        """Give up the digest; the first reason is told."""
        if self.why is None:
            self.why = why

    # ------------------------------------------------------------------------------- containers

    def sequence(self, value: Any) -> None:
        """A list or tuple: at once if it has only atoms."""
        self.flat(value, value)

    def elements(self, value: Any) -> None:
        """A set: in its own order, which only a change of the set can change."""
        if not self.budget.affords(len(value) * ELEMENT_NS):
            self.too_large(value)
            return
        copy = list(value)
        self.made.append(copy)
        self.flat(copy, value)

    def flat(self, items: Any, owner: Any) -> None:
        """Write a sequence's length, and its atoms at once or its elements one by one."""
        size = len(items)
        self.parts_seen.append(b"%d " % size)
        if size < 8:
            self.waiting.extend(items)
        elif not self.budget.affords(size * ELEMENT_NS):
            self.too_large(owner)
        elif ATOMS.issuperset(map(_id, map(type, items))):
            self.parts_seen.append(_sha256(_marshal(items, 2)).digest())
        elif not self.nested(items):
            self.waiting.extend(items)

    def nested(self, items: Any) -> bool:
        """Write lists, tuples and dicts within each other, down to atoms, at once.

        False, and nothing is written, if anything else is among them or one is met twice.
        """
        numbers: list[int] = []
        mutable: list[int] = []
        parts = items
        for _ in range(DEPTH):
            if not self.budget.affords(len(parts) * ELEMENT_NS):
                return False
            rest = [
                part
                for part in parts
                if (kind := type(part)) is not int and kind is not float and kind is not str
            ]
            rest += [part for part in parts if type(part) is str and len(part) > LONG]
            level = [part for part in rest if not is_short(part)]
            if not level:
                break
            dicts = [part for part in level if type(part) is dict]
            lists = [part for part in level if type(part) is list]
            tuples = [part for part in level if type(part) is tuple]
            if len(dicts) + len(lists) + len(tuples) < len(level):
                return False
            mutable += map(_id, chain(dicts, lists))
            numbers += map(_id, level)
            if len(numbers) > self.budget.objects or not self.looker.stop.isdisjoint(numbers):
                return False
            parts = [*chain.from_iterable(level), *chain.from_iterable(map(dict.values, dicts))]
        else:
            return False
        fresh = set(numbers)
        if len(fresh) < len(numbers) or not fresh.isdisjoint(self.places):
            return False
        try:
            self.parts_seen.append(_sha256(_marshal(items, 2)).digest())
        except ValueError:  # another thread put something else in
            return False
        self.budget.objects -= len(numbers)
        first = len(self.places)
        self.places.update(zip(numbers, range(first, first + len(numbers))))  # noqa: B905
        self.ids.update(mutable)
        return True

    def too_large(self, value: Any) -> None:
        """Pass over a container that can't be walked within the budget."""
        self.unknown(OVER)
        self.whole = False

    def dictionary(self, value: Any) -> None:
        """A dict: keys and values in order; never searched."""
        size = dict.__len__(value)
        if not self.budget.affords(size * 2 * ELEMENT_NS):
            self.parts_seen.append(b"%d " % size)
            self.too_large(value)
            return
        keys, values = list(dict.keys(value)), list(dict.values(value))
        self.made.append((keys, values))
        self.flat(keys, value)
        self.flat(values, value)

    def ordered(self, value: Any) -> None:
        """An OrderedDict: its own order besides the dict's."""
        if self.budget.affords(len(value) * ELEMENT_NS):
            order = list(collections.OrderedDict.__iter__(value))
            self.made.append(order)
            self.flat(order, value)
        self.dictionary(value)
        self.attributes(value, collections.OrderedDict)

    def defaults(self, value: Any) -> None:
        """A defaultdict: its factory too."""
        self.waiting.append(value.default_factory)
        self.dictionary(value)

    def deque(self, value: Any) -> None:
        """A deque: its bound too."""
        self.waiting.append(value.maxlen)
        self.elements(value)

    def buffer(self, value: Any) -> None:
        """Bytes behind a buffer, e.g. of a bytearray."""
        with memoryview(value) as view:
            self.raw(view, view.nbytes)

    def raw(self, data: Any, size: int) -> None:
        """Write the digest of so many bytes."""
        if not self.budget.affords(size * BYTE_NS):
            self.unknown(OVER)
            return
        self.parts_seen.append(b"%d " % size)
        if size:
            self.parts_seen.append(_sha256(data).digest())

    # -------------------------------------------------------------------- functions and classes

    def function(self, value: Any) -> None:
        """A function: its code, and the state that defaults, cells and attributes are."""
        self.code = True
        self.plain = (
            self.plain
            and len(self.places) == 1  # what it loads is looked up by its name
            and value.__globals__ is self.looker.namespace
            and is_plain_code(value.__code__)
        )
        self.parts_seen.append(_sha256(_marshal(value.__code__, 2)).digest())
        self.waiting.extend((value.__defaults__, value.__kwdefaults__, value.__closure__))
        attributes = value.__dict__
        if attributes:
            self.waiting.append(attributes)
        names = value.__globals__
        if names is not self.looker.namespace:
            module = value.__module__
            if type(module) is str and self.looker.is_own(module):
                found = _module_table.get(module)
                if type(found) is types.ModuleType and found.__dict__ is names:
                    self.waiting.append(found)

    def cell(self, value: Any) -> None:
        """A cell of a closure; an empty one has nothing."""
        try:
            self.waiting.append(value.cell_contents)
        except ValueError:
            pass

    def reference(self, value: Any) -> None:
        """A weak reference leads to its object."""
        self.waiting.append(value())

    def module(self, value: Any) -> None:
        """A module: the user's own is entered, a library's is a constant."""
        name = value.__dict__.get("__name__")
        if value.__dict__ is self.looker.namespace or type(name) is not str:
            self.parts_seen.append(b"namespace")
            self.whole = False
            self.unknown("namespace")
        elif self.looker.is_own(name) and _module_table.get(name) is value:
            self.ids.add(_id(value))
            for key, part in list(value.__dict__.items()):
                if type(key) is str and key not in MODULE_KEYS:
                    self.waiting.extend((part, key))
        else:
            self.parts_seen.append(b"=%d" % _id(value))

    def a_class(self, value: Any) -> None:
        """A class: a library's is a constant; of the user's, what its dictionary holds."""
        module = module_of(value)
        own = module == "__main__" or self.looker.is_own(module)
        if is_static(value) or not (own or self.looker.of_class(value, self.looker.holds_users)):
            self.parts_seen.append(b"=%d" % _id(value))
            return
        self.ids.add(_id(value))
        self.parts_seen.append(b"class" + _marshal(_type_name(value), 2))
        self.waiting.extend(_type_mro(value)[1:])
        if type(value) is not type:
            self.waiting.append(type(value))
        for key, part in list(_type_dict(value).items()):
            if key not in CLASS_KEYS:
                self.waiting.extend((part, key))

    # ------------------------------------------------------------------------------- instances

    def instance(self, value: Any, kind: type) -> None:
        """An instance whose whole state its dictionary and its slots are; else it is unknown."""
        slots = self.looker.of_class(kind, plain_slots)
        if slots is None:
            self.opaque(value)
            return
        self.parts_seen.append(b"<")
        self.waiting.append(kind)
        for getter in slots:
            try:
                self.waiting.append(getter(value, kind))
            except AttributeError:
                self.parts_seen.append(b"-")
        self.attributes(value, kind)

    def attributes(self, value: Any, kind: type) -> None:
        """The instance's dictionary, read from its slot; without the caches of pandas."""
        getter = dictionary_slot(kind)
        if getter is None:
            return
        found = getter(value, kind)
        if type(found) is not dict:
            self.unknown("its __dict__ isn't a dict")
            self.waiting.append(found)
            return
        self.ids.add(_id(found))
        pandas = module_of(kind).startswith("pandas")
        if not (pandas and not self.looker.is_own(module_of(kind))):
            self.made.append(found)
            self.waiting.append(found)
            return
        for key, part in list(found.items()):
            if not (type(key) is str and key in CACHES):
                self.waiting.extend((part, key))

    def opaque(self, value: Any) -> None:
        """Something unknown: no digest; what it holds is found as the garbage collector does."""
        self.unknown("type " + type_name(value))
        held = _referents(value)
        if len(held) > self.budget.objects:
            self.whole = False
            return
        for part in held:
            kind = type(part)
            if self.looker.is_closed(part):
                continue
            if kind is types.FrameType:
                self.whole = False
                continue
            self.waiting.append(part)
        self.made.append(held)


def is_short(value: Any) -> bool:
    """Tell an atom that isn't a long text; the empty tuple, which is everybody's, is one too."""
    kind = type(value)
    if kind is int or kind is float:
        return True
    if kind is str or kind is bytes or kind is tuple:
        return len(value) <= (LONG if kind is not tuple else 0)
    return _id(kind) in ATOMS


def plain_slots(kind: type) -> list[Any] | None:
    """Return the getters of a class's slots; None if its instances hold more than Python shows.

    An instance of plain classes is exactly as large as its head, its slots and the pointers to
    its dictionary and weak references.
    """
    getters = []
    for base in _type_mro(kind):
        if base is object:
            continue
        if is_static(base):
            return None
        for member in list(_type_dict(base).values()):
            if type(member) is types.MemberDescriptorType and member.__objclass__ is base:
                getters.append(member.__get__)
    size = HEAD + WORD * len(getters)
    size += WORD * (_members["__dictoffset__"](kind) > 0)
    size += WORD * (_members["__weakrefoffset__"](kind) > 0)
    if _members["__basicsize__"](kind) != size or _members["__itemsize__"](kind):
        return None
    return getters


def dictionary_slot(kind: type) -> Any:
    """Return the getter of an instance's own dictionary; None if it has none."""
    if not _members["__dictoffset__"](kind):
        return None
    for base in _type_mro(kind):
        found = _type_dict(base).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            return found.__get__
    return None


def parts_of(*names: str) -> Callable[[Look, Any], None]:
    """Return how to take apart a static type whose named slots are all of its state."""

    def take(look: Look, value: Any) -> None:
        look.waiting.extend([getattr(value, name) for name in names])

    return take


# --------------------------------------------------------------------------------- library types


def library_value(look: Look, value: Any, kind: type) -> bool:
    """Take apart a value of a listed library type; False for any other."""
    module = module_of(kind)
    package = module.partition(".")[0]
    taker = LIBRARIES.get(package)
    if taker is None or package not in _module_table:
        return False
    before = len(look.parts_seen)
    look.parts_seen.append(b"{%d:" % _id(kind))
    if taker(look, value, kind, module):
        return True
    del look.parts_seen[before:]
    return False


def _numpy(look: Look, value: Any, kind: type, module: str) -> bool:
    numpy = _module_table["numpy"].__dict__
    if kind is numpy.get("ndarray"):
        array(look, value, numpy)
        return True
    if not is_static(kind) and not issubclass(kind, numpy["dtype"]):
        return False
    if issubclass(kind, numpy["dtype"]):
        look.parts_seen.append(_marshal([value.str, value.itemsize], 2))
        if value.names is not None:
            look.waiting.append(value.descr)
        return True
    if issubclass(kind, numpy["generic"]) and kind is not numpy["void"]:
        look.raw(value.tobytes(), value.itemsize)
        return True
    random = _module_table.get("numpy.random.mtrand")
    if random is None:
        return False
    if library_type(kind, "numpy.random.mtrand", "RandomState"):
        look.ids.update((_id(value), _id(value._bit_generator)))
        _made(look, value.get_state(legacy=False))
        return True
    if library_type(kind, "numpy.random._generator", "Generator"):
        look.ids.update((_id(value), _id(value.bit_generator)))
        _made(look, value.bit_generator.state)
        return True
    if issubclass(kind, _module_table["numpy.random.bit_generator"].__dict__["BitGenerator"]):
        look.ids.add(_id(value))
        _made(look, value.state)
        return True
    return False


def _made(look: Look, part: Any) -> None:
    look.made.append(part)
    look.waiting.append(part)


def array(look: Look, value: Any, numpy: dict[str, Any]) -> None:
    """An exact ndarray: its bytes, and whose bytes they are."""
    ndarray, dtype = numpy["ndarray"], value.dtype
    look.ids.add(_id(value))
    base = value.base
    while base is not None:
        look.ids.add(_id(base))
        if type(base) is ndarray:
            base = base.base
            continue
        if module_of(type(base)) in ("mmap", "numpy", "numpy.memmap"):
            look.unknown("a mapped file")
            return
        if type(base) is not bytes:
            look.made.append(base)
        break
    look.parts_seen.append(_marshal([dtype.str, list(value.shape)], 2))
    if dtype.names is not None:
        look.waiting.append(dtype)
    if dtype.hasobject:
        if dtype.char != "O":
            look.unknown("a structured array of objects")
            look.whole = False
        elif look.budget.affords(value.size * ELEMENT_NS):
            _made(look, value.tolist())
        else:
            look.too_large(value)
        return
    size = value.nbytes
    contiguous = value.flags.c_contiguous or value.flags.f_contiguous
    if not size:
        return
    if not look.budget.affords(size * BYTE_NS * (1 if contiguous else 4)):
        look.unknown(OVER)
    elif not contiguous:
        look.raw(value.tobytes(), size)
    else:
        order = value if value.flags.c_contiguous else value.transpose()
        look.parts_seen.append(b"C" if order is value else b"F")
        look.raw(order.reshape(-1).view("u1").data, size)


def _pandas(look: Look, value: Any, kind: type, module: str) -> bool:
    """The parts of a frame that Cython holds; its Python parts are plain instances."""
    getters = look.looker.of_class(kind, _pandas_slots)
    if getters is None:
        return False
    look.ids.add(_id(value))
    for getter in getters:
        _made(look, getter(value, kind))
    look.attributes(value, kind)
    return True


def _pandas_slots(kind: type) -> list[Any] | None:
    """Return the getters of the fields that a class of pandas' Cython has, None for another one."""
    for base in _type_mro(kind):
        for (home, name), fields in PANDAS.items():
            if library_type(base, home, name):
                getters = [slot(base, field) for field in fields]
                return None if None in getters else getters
    return None


#: Cython classes of pandas and the fields that are their state.
PANDAS = {  # type: dict[tuple[str, str], tuple[str, ...]]
    ("pandas._libs.internals", "BlockManager"): ("blocks", "axes"),
    ("pandas._libs.internals", "Block"): ("values", "ndim", "_mgr_locs"),
    ("pandas._libs.internals", "BlockPlacement"): ("indexer",),
    ("pandas._libs.arrays", "NDArrayBacked"): ("_ndarray", "_dtype"),
}


def _pyarrow(look: Look, value: Any, kind: type, module: str) -> bool:
    if module != "pyarrow.lib" or not is_static(kind):
        return False
    arrow = _module_table["pyarrow.lib"].__dict__
    if issubclass(kind, (arrow["Table"], arrow["RecordBatch"])):
        look.parts_seen.append(_marshal(str(value.schema), 2))
        _made(look, list(value.columns))
    elif kind is arrow["ChunkedArray"]:
        look.parts_seen.append(_marshal(str(value.type), 2))
        _made(look, list(value.chunks))
    elif issubclass(kind, arrow["Array"]) and not issubclass(kind, arrow["ExtensionArray"]):
        look.parts_seen.append(_marshal([str(value.type), len(value), value.offset], 2))
        if issubclass(kind, arrow["DictionaryArray"]):
            _made(look, value.dictionary)
        for held in value.buffers():
            if held is None:
                look.parts_seen.append(b"-")
            else:
                look.ids.add(held.address)
                look.raw(held, held.size)
    elif issubclass(kind, (arrow["DataType"], arrow["Schema"], arrow["Field"])):
        look.parts_seen.append(_marshal(str(value), 2))
    elif issubclass(kind, arrow["Scalar"]):
        look.parts_seen.append(_marshal([str(value.type), str(value)], 2))
    else:
        return False
    return True


def _torch(look: Look, value: Any, kind: type, module: str) -> bool:
    """A tensor on the CPU, unless the user's code watches torch's functions."""
    torch = _module_table["torch"].__dict__
    c = torch.get("_C")
    if type(c) is not types.ModuleType:
        return False
    c = c.__dict__
    if kind in (torch.get("dtype"), torch.get("device"), torch.get("layout")) and is_static(kind):
        look.parts_seen.append(b"=" + _marshal(str(value), 2))
        return True
    if kind is c.get("Generator"):
        if value.device.type != "cpu":
            return False
        look.ids.add(_id(value))
        _made(look, _tensor_array(c, value.get_state()))
        return True
    parameter = _module_table.get("torch.nn.parameter")
    exact = kind is torch.get("Tensor") or (
        parameter is not None and kind is parameter.__dict__.get("Parameter")
    )
    base = c.get("TensorBase") or c.get("_TensorBase")
    if not exact or c["_len_torch_function_stack"]() or c["_len_torch_dispatch_stack"]():
        return False
    look.ids.add(_id(value))
    read = _type_dict(base)
    if str(read["device"].__get__(value)) != "cpu":
        return False
    if str(read["layout"].__get__(value)) != "torch.strided" or read["is_quantized"].__get__(value):
        return False
    look.ids.add(read["untyped_storage"](value).data_ptr() if "untyped_storage" in read else 0)
    look.parts_seen.append(_marshal([
        str(read["dtype"].__get__(value)), read["requires_grad"].__get__(value),
    ], 2))  # fmt: skip
    # Asked for the gradient of another tensor torch warns.
    if read["is_leaf"].__get__(value) or read["retains_grad"].__get__(value):
        _made(look, read["grad"].__get__(value))
    _made(look, _tensor_array(c, value))
    look.attributes(value, kind)
    return True


def _tensor_array(c: dict[str, Any], tensor: Any) -> Any:
    """The tensor's bytes as an array over the same memory."""
    read = _type_dict(c.get("TensorBase") or c["_TensorBase"])
    plain = read["resolve_neg"](read["resolve_conj"](read["detach"](tensor)))
    try:
        return read["numpy"](plain)
    except (TypeError, RuntimeError):  # a type that numpy hasn't, e.g. bfloat16
        flat = read["reshape"](read["contiguous"](plain), (-1,))
        return read["numpy"](read["view"](flat, _module_table["torch"].uint8))


def _pathlib(look: Look, value: Any, kind: type, module: str) -> bool:
    if _type_name(kind) not in PATH_TYPES or not library_type(kind, "pathlib", _type_name(kind)):
        return False
    look.parts_seen.append(_marshal(os.fspath(value), 2))
    return True


#: How the values of a package are taken apart.
LIBRARIES = {  # type: dict[str, Callable[[Look, Any, type, str], bool]]
    "numpy": _numpy,
    "pandas": _pandas,
    "pyarrow": _pyarrow,
    "torch": _torch,
    "pathlib": _pathlib,
}
