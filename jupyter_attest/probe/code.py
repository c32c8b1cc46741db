"""Facts of the code that ran, from the trees that IPython compiled."""

from __future__ import annotations

import ast
import sys
import types
from typing import TYPE_CHECKING, Any, ClassVar

from .references import _id, _type_dict, _type_name
from .values import _class_attribute, module_of

if TYPE_CHECKING:
    #: A node, the names hidden by enclosing functions, whether it stands in a class body, and
    #: whether it may run later than the statement it stands in.
    Visit = tuple[Any, frozenset[str], bool, bool]


class Facts:
    """Names and constructs of the statements that IPython compiled for one run."""

    #: Builtins, and methods of any receiver, that make code or reach names by text.
    DYNAMIC = frozenset({
        "exec", "eval", "compile", "globals", "locals", "vars", "setattr", "delattr", "getattr",
        "__import__",
    })  # fmt: skip
    DYNAMIC_METHODS = frozenset({
        "import_module", "run_cell", "run_code", "run_cell_async", "ex", "reload",
    })  # fmt: skip
    #: Attributes through which code reaches names by text: ``sys.modules``, those of frames.
    DYNAMIC_ATTRIBUTES = frozenset({
        "modules", "user_ns", "user_global_ns", "__globals__", "__builtins__", "f_globals",
        "f_locals", "f_back", "gi_frame", "cr_frame", "ag_frame", "tb_frame",
    })  # fmt: skip
    #: What a text names that leads to the notebook's names.
    DYNAMIC_TEXTS = ("__main__", "__globals__")
    #: Magics that only run a text, which is compiled as the cell's own is, or is a nested run.
    RUNNING = frozenset({"time", "timeit", "capture"})
    #: Magics that show what an expression leads to (``df.head?``).
    SHOWING = frozenset({"pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile"})
    CONSTRUCTS: ClassVar[dict[str, str]] = {
        "With": "with", "AsyncWith": "with", "Try": "try", "TryStar": "try", "Await": "await",
        "AsyncFor": "await", "Global": "global", "Nonlocal": "nonlocal", "Yield": "yield",
        "YieldFrom": "yield", "ClassDef": "class", "FunctionDef": "def", "AsyncFunctionDef": "def",
        "Lambda": "lambda", "For": "for", "While": "while", "If": "if", "IfExp": "if",
        "Match": "match", "Assert": "assert", "Raise": "raise", "Delete": "del",
        "NamedExpr": "walrus", "ListComp": "comprehension", "SetComp": "comprehension",
        "DictComp": "comprehension", "GeneratorExp": "comprehension", "AugAssign": "augmented",
    }  # fmt: skip

    def __init__(self) -> None:
        self.loads: set[str] = set()
        #: Those loaded by bodies of functions, lambdas and generators: whenever these run.
        self.deferred: set[str] = set()
        self.stores: dict[str, set[int]] = {}
        #: Those loaded where no statement before was sure to bind them.
        self.carried: set[str] = set()
        #: Names that a statement was sure to bind.
        self.settled: set[str] = set()
        self.deletes: set[str] = set()
        self.imports: set[str] = set()
        self.magics: set[str] = set()
        #: Those whose text these facts tell, or those of a nested run.
        self.told: set[str] = set()
        self.dynamic: set[str] = set()
        #: Attributes set, with the statements that do; -1 is one in a function or of a hidden name.
        self.attribute_stores: dict[str, set[int]] = {}
        self.subscript_stores: set[str] = set()
        #: (name, receiver or None, statement) of each call
        self.calls: dict[tuple[str, str | None, int], None] = {}
        self.constructs: set[str] = set()
        #: (method, literal text that it was given first)
        self.texts: set[tuple[str, str]] = set()

    def add(self, tree: Any, statement: int) -> None:
        """Add the facts of one compiled tree (a top-level statement of the cell)."""
        body = tree.body if type(tree.body) is list else [tree.body]
        for node in body:
            self._carry(node)
        visit = [(node, frozenset(), False, False) for node in body]  # type: list[Visit]
        while visit:
            node, hidden, in_class, later = visit.pop()
            kind = type(node).__name__
            construct = self.CONSTRUCTS.get(kind)
            if construct is not None:
                self.constructs.add(construct)
            if kind == "Load" or kind == "Store":
                continue
            if kind == "Constant":
                self._text(node.value)
                continue
            if kind == "Name":
                self._name(node.id, type(node.ctx).__name__, hidden, in_class, statement)
                if later and node.id not in hidden:
                    self.deferred.add(node.id)
                continue
            if kind == "Attribute":
                if type(node.ctx).__name__ != "Load":
                    away = later or root_name(node) in hidden
                    which = self.attribute_stores.setdefault(dotted(node), set())
                    which.add(-1 if away else statement)
                elif node.attr in self.DYNAMIC_ATTRIBUTES:
                    self.dynamic.add(node.attr)
            elif kind == "Subscript":
                if type(node.ctx).__name__ != "Load":
                    self.subscript_stores.add(dotted(node.value))
            elif kind == "Call":
                self._call(node, hidden, statement)
                parts = [*node.args, *(k.value for k in node.keywords)]
                if is_magic(node):
                    parts += self._magic(node)
                    visit.extend((part, hidden, in_class, later) for part in parts)
                    continue
                if type(node.func) is ast.Attribute and node.func.attr == "modules":
                    # A method, as torch's modules have it; nobody calls ``sys.modules``.
                    parts.append(node.func.value)
                    visit.extend((part, hidden, in_class, later) for part in parts)
                    continue
            elif kind == "Import":
                for alias in node.names:
                    self.imports.add(alias.name)
                    self._name(
                        alias.asname or alias.name.partition(".")[0],
                        "Store",
                        hidden,
                        in_class,
                        statement,
                    )
            elif kind == "ImportFrom":
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    self.imports.add(module + ":" + alias.name)
                    if alias.name == "*":
                        self.dynamic.add("import *")
                    else:
                        self._name(alias.asname or alias.name, "Store", hidden, in_class, statement)
            elif kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef", "Lambda"):
                self._scope(node, kind, hidden, in_class, later, statement, visit)
                continue
            elif kind in ("ListComp", "SetComp", "DictComp", "GeneratorExp"):
                # The first iterable is evaluated outside, where the names aren't hidden yet.
                visit.append((node.generators[0].iter, hidden, in_class, later))
                inside = hidden.union(*(targets(part.target) for part in node.generators))
                later = later or kind == "GeneratorExp"
                visit.extend((part, inside, in_class, later) for part in inner_parts(node))
                continue
            elif kind == "Compare" and type(node.left) is ast.Name and node.left.id == "__name__":
                self._name("__name__", "Load", hidden, in_class, statement)
                continue
            elif kind == "AugAssign" and type(node.target) is ast.Name:
                # ``x += 1`` reads what it binds; its tree says only that it binds.
                if node.target.id not in hidden:
                    self.loads.add(node.target.id)
                    if later:
                        self.deferred.add(node.target.id)
            elif kind == "AnnAssign":
                if node.simple and node.target.id not in hidden:
                    # ``x: int = 1`` also changes the module's ``__annotations__``.
                    self._name("__annotations__", "Store", hidden, in_class, statement)
                visit.extend((n, hidden, in_class, True) for n in annotated(node.annotation))
            elif (kind == "ExceptHandler" and node.name) or (
                kind in ("MatchAs", "MatchStar") and node.name
            ):
                self._name(node.name, "Store", hidden, in_class, statement)
            elif kind == "MatchMapping" and node.rest:
                self._name(node.rest, "Store", hidden, in_class, statement)
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    visit.extend(
                        (i, hidden, in_class, later) for i in value if isinstance(i, ast.AST)
                    )
                elif isinstance(value, ast.AST):
                    visit.append((value, hidden, in_class, later))

    def _name(
        self, name: str, ctx: str, hidden: frozenset[str], in_class: bool, statement: int
    ) -> None:
        if name in hidden:
            return
        if ctx == "Load":
            self.loads.add(name)
        elif in_class:
            return
        elif ctx == "Store":
            self.stores.setdefault(name, set()).add(statement)
        else:
            self.deletes.add(name)

    def _carry(self, node: Any) -> None:
        """Note names that a statement may load as they were before the run, and those it binds."""
        kind = type(node)
        if kind is ast.For:
            self.carried |= loaded([node.iter, *node.orelse]) - self.settled
            self.carried |= loaded(node.body) - self.settled - targets(node.target)
            return
        self.carried |= loaded([node]) - self.settled
        if kind is ast.Assign:
            self.settled.update(*map(targets, node.targets))
        elif kind in (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef):
            self.settled |= bound_names([node])

    def _magic(self, call: Any) -> list[Any]:
        """Note a magic; return the expression that it shows, if it is one that shows something."""
        texts = [a.value for a in call.args if type(a) is ast.Constant and type(a.value) is str]
        magic = texts[0] if call.func.attr.startswith("run") and texts else call.func.attr
        self.magics.add(magic)
        if magic in self.RUNNING:
            self.told.add(magic)
        elif magic in self.SHOWING:
            try:
                shown = ast.parse(" ".join(texts[1:]).strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return []
            self.told.add(magic)
            return [shown]
        return []

    def _text(self, value: Any) -> None:
        """A text that names the module of the notebook."""
        if type(value) is str and any(text in value for text in self.DYNAMIC_TEXTS):
            self.dynamic.add("__main__")

    def _scope(
        self,
        node: Any,
        kind: str,
        hidden: frozenset[str],
        in_class: bool,
        later: bool,
        statement: int,
        visit: list[Visit],
    ) -> None:
        """Enter a function or class: its local names are no names of the notebook."""
        if kind != "Lambda":
            self._name(node.name, "Store", hidden, in_class, statement)
            for decorator in node.decorator_list:
                self.constructs.add("decorator")
                visit.append((decorator, hidden, in_class, later))
        if kind == "ClassDef":
            outside = node.bases + [keyword.value for keyword in node.keywords]
            visit.extend((item, hidden, in_class, later) for item in outside)
            # What a class body binds is the class's; what it reads may be the notebook's.
            visit.extend((item, hidden, True, later) for item in node.body)
            return
        arguments = node.args
        every = getattr(arguments, "posonlyargs", []) + arguments.args + arguments.kwonlyargs
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        outside = [item for item in arguments.defaults + arguments.kw_defaults if item is not None]
        annotations = [a.annotation for a in every if a.annotation is not None]
        if kind != "Lambda" and node.returns is not None:
            annotations.append(node.returns)
        visit.extend((item, hidden, in_class, later) for item in outside + annotations)
        for annotation in annotations:
            visit.extend((item, hidden, in_class, True) for item in annotated(annotation))
        body = node.body if type(node.body) is list else [node.body]
        declared: set[str] = set()
        local = {a.arg for a in every} | bound_names(body, declared)
        inner = (hidden | local) - declared
        visit.extend((item, inner, False, True) for item in body)

    def _call(self, node: Any, hidden: frozenset[str], statement: int) -> None:
        function = node.func
        name = dotted(function)
        receiver = None
        if root_name(function) in hidden:
            name = "?" + name[name.find(".") :] if "." in name else "?"
        value = function.value if type(function) is ast.Attribute else None
        if type(value) is ast.Name and value.id not in hidden:
            receiver = value.id
        last = name.rpartition(".")[2]
        if last in self.DYNAMIC_METHODS or (
            last in self.DYNAMIC and name in (last, "builtins." + last)
        ):
            self.dynamic.add(last)
        if last == "type" and (len(node.args) != 1 or node.keywords):
            self.constructs.add("type")
        self.calls[(name, receiver, statement)] = None
        given = node.args[0] if node.args and type(function) is ast.Attribute else None
        if type(given) is ast.Constant and type(given.value) is str and len(given.value) < 4096:
            self.texts.add((last, given.value))


#: What IPython's transformer makes of ``%magic``, ``%%magic`` and ``!command``.
MAGICS = frozenset({"run_line_magic", "run_cell_magic", "system", "getoutput"})


def is_magic(call: Any) -> bool:
    """Tell ``get_ipython().run_line_magic('time', …)`` and the like, with a literal name."""
    function = call.func
    if type(function) is not ast.Attribute or function.attr not in MAGICS:
        return False
    first = call.args[0] if call.args else None
    literal = type(first) is ast.Constant and type(first.value) is str
    return dotted(function.value) == "get_ipython()" and (
        literal or not function.attr.startswith("run")
    )


def dotted(node: Any) -> str:
    """Return ``a.b.c`` of an attribute chain; ``?`` and ``()`` stand for what isn't a name."""
    parts: list[str] = []
    while True:
        kind = type(node)
        if kind is ast.Attribute:
            parts.append(node.attr)
            node = node.value
        elif kind is ast.Call:
            inner = dotted(node.func)
            parts.append(inner + "()")
            break
        elif kind is ast.Name:
            parts.append(node.id)
            break
        elif kind is ast.Subscript:
            parts.append(dotted(node.value) + "[]")
            break
        else:
            parts.append("?")
            break
    return ".".join(reversed(parts))


def root_name(node: Any) -> str | None:
    """Return the name that a chain of attributes, calls and subscripts begins with."""
    while type(node) in (ast.Attribute, ast.Subscript, ast.Call):
        node = node.func if type(node) is ast.Call else node.value
    return node.id if type(node) is ast.Name else None


def targets(node: Any) -> set[str]:
    """Return the names that an assignment target binds."""
    return {
        item.id for item in ast.walk(node) if type(item) is ast.Name and type(item.ctx) is ast.Store
    }


def loaded(nodes: list[Any]) -> set[str]:
    """Return every name that these nodes load, hidden ones too."""
    items = [item for node in nodes for item in ast.walk(node)]
    augmented = {item.target for item in items if type(item) is ast.AugAssign}
    return {
        item.id
        for item in items
        if type(item) is ast.Name and (type(item.ctx) is ast.Load or item in augmented)
    }


def inner_parts(node: Any) -> list[Any]:
    """Return what a comprehension evaluates inside: all but its first iterable."""
    parts = [node.key, node.value] if type(node) is ast.DictComp else [node.elt]
    for place, generator in enumerate(node.generators):
        parts += [generator.target, *generator.ifs]
        if place:
            parts.append(generator.iter)
    return parts


def annotated(annotation: Any) -> list[Any]:
    """Return the trees of the texts in an annotation: whoever asks for the hints evaluates them."""
    found = []
    for node in ast.walk(annotation):
        if type(node) is ast.Constant and type(node.value) is str:
            try:
                found.append(ast.parse(node.value.strip(), mode="eval").body)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return found


def bound_names(body: list[Any], declared: set[str] | None = None) -> set[str]:
    """Return the names that a function's body binds; global ones go to ``declared``."""
    bound: set[str] = set()
    stack = list(body)
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:
                bound.add(node.id)
            continue
        if kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            bound.add(node.name)
            stack.extend(node.decorator_list)
            continue
        if kind in (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp):
            continue
        if kind is ast.Global or kind is ast.Nonlocal:
            if declared is not None:
                declared.update(node.names if kind is ast.Global else ())
            continue
        if kind in (ast.Import, ast.ImportFrom):
            bound.update((a.asname or a.name.partition(".")[0]) for a in node.names)
            continue
        if kind is ast.ExceptHandler and node.name:
            bound.add(node.name)
        stack.extend(ast.iter_child_nodes(node))
    return bound


def reached_functions(names: set[str], namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the names loaded by the user's functions and classes that these names lead to.

    Follows exact functions defined in the notebook, the functions of its classes, and the classes
    of its instances; at most 200 of them.
    """
    found: dict[str, set[str]] = {}
    waiting = sorted(names)
    while waiting and len(found) < 200:
        name = waiting.pop()
        if name in found or name not in namespace:
            continue
        value = namespace[name]
        codes = _user_codes(value, namespace)
        if not codes:
            continue
        loads: set[str] = set()
        for code in codes:
            loads |= global_loads(code)
        found[name] = loads
        waiting.extend(loads)
    return [{"name": name, "loads": sorted(found[name])} for name in sorted(found)]


def _user_codes(value: Any, namespace: dict[str, Any]) -> list[types.CodeType]:
    kind = type(value)
    if kind is types.FunctionType:
        return [value.__code__] if value.__globals__ is namespace else []
    if kind is not type and _class_attribute(kind, "__module__") != "__main__":
        return []
    owner = value if kind is type else kind
    if _class_attribute(owner, "__module__") != "__main__":
        return []
    codes = []
    for member in list(_type_dict(owner).values()):
        if type(member) in (staticmethod, classmethod):
            member = member.__func__
        if type(member) is types.FunctionType and member.__globals__ is namespace:
            codes.append(member.__code__)
    return codes


#: What was found in code objects that were looked at already (they are kept alive here): the names
#: that they load, and whether they reach nothing but those.
_codes = {}  # type: dict[int, tuple[types.CodeType, frozenset[str], bool]]


def global_loads(code: types.CodeType) -> frozenset[str]:
    """Return the global names that a code object and those nested in it load."""
    return _looked_at(code)[1]


def is_plain_code(code: types.CodeType) -> bool:
    """Tell code that imports nothing and reaches nothing by text or by Python's own attributes."""
    return _looked_at(code)[2]


def _looked_at(code: types.CodeType) -> tuple[types.CodeType, frozenset[str], bool]:
    known = _codes.get(_id(code))
    if known is not None:
        return known
    if len(_codes) > 2000:
        _codes.clear()
    loads = set()
    plain = not any(name.startswith("__") or name in REACHING for name in code.co_names)
    raw, extended = code.co_code, 0
    for index in range(0, len(raw), 2):
        op, arg = raw[index], raw[index + 1] | extended
        if op == EXTENDED_ARG:
            extended = arg << 8
            continue
        extended = 0
        if op in LOAD_OPS:
            loads.add(code.co_names[arg >> LOAD_OPS[op]])
        plain = plain and op != IMPORT_NAME
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            _, inner, inner_plain = _looked_at(constant)
            loads |= inner
            plain = plain and inner_plain
    result = _codes[_id(code)] = code, frozenset(loads), plain
    return result


def _load_ops() -> tuple[dict[int, int], int, int]:
    """Return the opcodes that load global names, each with the shift of its argument."""
    import opcode  # loaded already: IPython needs it

    ops = {}
    for name in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
        if name in opcode.opmap:
            ops[opcode.opmap[name]] = int(name == "LOAD_GLOBAL" and sys.version_info >= (3, 11))
    return ops, opcode.opmap["EXTENDED_ARG"], opcode.opmap["IMPORT_NAME"]


LOAD_OPS, EXTENDED_ARG, IMPORT_NAME = _load_ops()
#: Names through which code reaches more than the names that it loads.
REACHING = Facts.DYNAMIC | Facts.DYNAMIC_METHODS | Facts.DYNAMIC_ATTRIBUTES


def _target_of(value: Any, kind: type) -> str | None:
    """Return ``module.name`` of a function or class, from the interpreter's own slots."""
    if value is type:  # what it says of modules is about others
        return "builtins.type"
    if kind is type:
        module, name = module_of(value), _type_name(value)
    else:
        module, name = value.__module__, value.__qualname__
    if type(module) is not str:
        return None
    return "%s.%s" % (module, name)
