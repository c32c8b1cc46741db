# ruff: noqa: D100
# What this is stands below, in __doc__: a docstring would be stored in the user's namespace, and
# so would a __future__ import; annotations stay unevaluated by a flag of the compiler instead.
if __name__ == "__main__":
    # IPython executes a startup file in the user's own namespace. Run again in a namespace of our
    # own instead, and stop: IPython takes a SystemExit without a code for a normal end.
    try:
        exec(
            compile(
                __import__("pathlib").Path(__file__).read_bytes(),
                __file__,
                "exec",
                __import__("__future__").annotations.compiler_flag,
                dont_inherit=True,
            ),
            {"__name__": "jupyter_attest_probe", "__file__": __file__, "launched": True},
        )
    except Exception:  # the kernel and the user's startup come first
        pass
    raise SystemExit

__doc__ = """The probe: what a recorded kernel writes down about its own runs.

One file, standard library only, Python 3.8 syntax. IPython runs it as its startup file in any
kernel environment; ``%load_ext jupyter_attest`` loads the same file in a kernel that is already
running. It appends the events of ``docs/journal.md`` to a journal file of its own
(``sessions/<sid>/probe-<uuid>.jsonl``) and does nothing else.

Rules, and how they are kept:

*It only watches.* The audit hook and the callbacks look at exact built-in types and at the
interpreter's own slots; they never call a method, ``repr``, ``==``, ``len`` or ``getattr`` of an
object of the user's. Facts about code come from the trees that IPython itself compiles (seen in
the ``compile`` audit event), so nothing is parsed twice and no warning is printed twice.

*Nobody waits.* The hook appends to a deque and takes no lock. Serialising, hashing of the chain
and writing happen on a thread of the probe's own, which ``threading`` doesn't know.

*It opens nothing later.* The journal file is opened at start. The one exception are new texts
(one file per text). A run's source is written in the callback before the run's code begins, and
not by the probe's thread, because a file that another thread has open for a moment takes the
lowest free descriptor, which a program may count on (``os.close(1); os.open(…)``); on a slow disk,
and for texts that come up during a run (the arguments of a child), it is the thread after all.
Texts are created relative to a folder descriptor opened at start, so that neither the working
directory nor a renamed folder leads them astray, and the hook skips exactly that call. A forked
child opens its own journal file at its first event, because it can't share the parent's chain.

*It leaves nothing behind.* Its names live in a namespace of its own, which is in no module table.
Documented exceptions, visible to a program that looks for them: descriptors in ``/proc/self/fd``,
``sys._current_frames()``, ``get_ipython().events.callbacks``, the wrapped functions of
``wrappers.json`` (same name, signature and file), and, for a user's own audit hook, the ``open``
of a new text.
"""

import _thread
import ast
import atexit
import base64
import builtins
import contextvars
import hashlib
import hmac
import json
import os
import platform
import re
import stat as statmod
import sys
import threading
import time
import types
from collections import deque
from importlib.machinery import ModuleSpec
from typing import Any, Callable, ClassVar, FrozenSet, Tuple

#: Version of the package that this file belongs to.
VERSION = "0.1.0"
NAME = "jupyter_attest_probe"

# References taken at start: later patches of these modules (frozen clocks, mocks) don't reach us.
_wall, _mono, _perf = time.time, time.monotonic_ns, time.perf_counter_ns
_gmtime, _sleep = time.gmtime, time.sleep
_stat, _lstat, _fstat, _access = os.stat, os.lstat, os.fstat, os.access
_getcwd, _readlink, _realpath, _join = os.getcwd, os.readlink, os.path.realpath, os.path.join
_open, _write, _close = os.open, os.write, os.close
_pread = getattr(os, "pread", None)
_getpid, _ident, _frame = os.getpid, _thread.get_ident, sys._getframe
_sha256, _hmac = hashlib.sha256, hmac.new
_dumps = json.dumps
_module_table = sys.modules
_threads = threading._active  # type: ignore[attr-defined]
_type_name = type.__dict__["__qualname__"].__get__
_type_dict = type.__dict__["__dict__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_object_dict = object.__getattribute__

SEP = os.sep
CLOEXEC = getattr(os, "O_CLOEXEC", 0)
PATH_TYPES = frozenset({"PosixPath", "WindowsPath"})

#: A batch leaves at least this often (seconds) and at this many waiting events.
PERIOD, BATCH = 2.5, 500
#: A reading of the byte meter is good for this long (ns): a run that begins right after another.
METER_AGE = 2_000_000
#: After a run's end the thread lets the kernel send its reply first (seconds).
YIELD = 0.002
#: A text that took longer to write than this (ns) is the last one that a run waits for.
QUICK = 5_000_000
#: Waiting events beyond this are dropped and counted.
LIMIT = 100_000
#: Our descriptors are moved up to here, so that the user's opens get the numbers they always got.
HIGH_FD = 512
#: A line of the journal is at most 1 MiB.
LINE_LIMIT = 1 << 20


# ---------------------------------------------------------------------------------- small values


def utc(seconds: float) -> str:
    """Format a time as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``."""
    micros = int(seconds * 1_000_000)
    whole, rest = divmod(micros, 1_000_000)
    parts = _gmtime(whole)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (*parts[:6], rest)


def name_of(text: str) -> Any:
    """Return a path as the journal holds it: text, or base64 of its bytes if it isn't UTF-8."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return {"b64": base64.b64encode(os.fsencode(text)).decode("ascii")}


def plain_text(value: Any) -> str | None:
    """Return the text of a path-like argument without running anybody's code, else None."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bytes:
        return os.fsdecode(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if kind.__name__ in PATH_TYPES and _class_attribute(kind, "__module__").startswith("pathlib"):
        return os.fspath(value)  # type: ignore[no-any-return]
    return None


def _class_attribute(cls: type, name: str) -> str:
    """Return a textual attribute of the class's own dictionary, or an empty string."""
    value = _type_dict(cls).get(name)
    return value if type(value) is str else ""


def type_name(value: Any) -> str:
    """Return module and qualified name of the exact type, without asking the object."""
    cls = type(value)
    module = _class_attribute(cls, "__module__") or "builtins"
    name: str = _type_name(cls)
    return name if module == "builtins" else module + "." + name


def stat_fields(st: os.stat_result, mounts: dict[int, str]) -> dict[str, Any]:
    """Return a stat result as the journal's ``Stat``."""
    size = st.st_size
    return {
        "dev": str(st.st_dev),
        "ino": str(st.st_ino),
        "size": size if size < 1 << 53 else str(size),
        "mtimeNs": str(st.st_mtime_ns),
        "ctimeNs": str(st.st_ctime_ns),
        "nlink": st.st_nlink,
        "fs": mounts.get(st.st_dev),
    }


def try_stat(path: str) -> os.stat_result | None:
    """Stat a path, following links; None if there is nothing."""
    try:
        return _stat(path)
    except (OSError, ValueError):
        return None


def read_small(path: str, limit: int = 65536) -> str:
    """Read the beginning of a small text file; empty if it can't be read. At start only."""
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def new_id() -> str:
    """Return a random UUID (version 4) without touching any random state."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# --------------------------------------------------------------------------------------- secrets

SECRET_WORDS = (
    "password", "passwd", "pwd", "secret", "token", "apikey", "api-key", "api_key", "access-key",
    "access_key", "accesskey", "auth", "credential", "signature", "private-key", "private_key",
    "sig", "x-amz-", "x-goog-",
)  # fmt: skip
CUT = "***"


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter's name announces a secret."""
    lowered = name.lower()
    return lowered in ("key", "code") or any(word in lowered for word in SECRET_WORDS)


def cut_url(url: str) -> str:
    """Return a URL without user information, fragment and the values of secret parameters."""
    head, mark, rest = url.partition("://")
    if not mark:
        head, rest = "", url
    rest = rest.partition("#")[0]
    place, question, query = rest.partition("?")
    authority, slash, path = place.partition("/")
    if mark and "@" in authority:
        authority = authority.rpartition("@")[2]
    if question:
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            pairs.append(name + equals + (CUT if value and is_secret_name(name) else value))
        query = "&".join(pairs)
    return head + mark + authority + slash + path + question + query


#: In a shell command: a header, an option with a value, an assignment, a URL.
_SECRET_NAME = (
    r"[\w.-]*(?:passw(?:or)?d|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|auth|credential|signature)[\w.-]*"
)
_IN_COMMAND = re.compile(
    r"(?P<header>\b" + _SECRET_NAME + r"\s*:\s*)(?P<value1>[^'\"]+)"
    r"|(?P<option>(?<![\w-])-{1,2}" + _SECRET_NAME + r"\s+)(?P<value2>'[^']*'|\"[^\"]*\"|\S+)"
    r"|(?P<assigned>" + _SECRET_NAME + r"=)(?P<value3>'[^']*'|\"[^\"]*\"|[^\s'\"]+)"
    r"|(?P<url>\b[\w+.-]+://[^\s'\"]+)",
    re.IGNORECASE,
)


def cut_command(command: str) -> tuple[str, list[dict[str, Any]]]:
    """Cut secrets out of a shell command given as one text; return it with their spans."""
    text, end = "", 0
    spans: list[dict[str, Any]] = []
    for match in _IN_COMMAND.finditer(command):
        if match["url"]:
            kept, shown = "", cut_url(match["url"])
            if shown == match["url"]:
                continue
        else:
            kept, shown = match["header"] or match["option"] or match["assigned"], CUT
        text += command[end : match.start()] + kept
        end = match.end()
        spans.append({"start": len(text), "end": len(text) + len(shown), "kind": "secret"})
        text += shown
    return text + command[end:], spans


def cut_argv(words: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Join an argument vector into one text, secrets replaced; return it with their spans."""
    text = ""
    spans: list[dict[str, Any]] = []
    hide_next = False
    for word in words:
        text += " " if text else ""
        name, equals, value = word.partition("=")
        shown = word
        if hide_next:
            shown = CUT
        elif "://" in name:
            shown = cut_url(word)
        elif len(word.split()) > 1:  # a header, or a command within a command: sh -c "…"
            shown = cut_command(word)[0]
        elif equals and value and is_secret_name(name.lstrip("-")):
            text += name + "="
            shown = CUT
        secret = shown != word
        option = word.startswith("-") and not equals
        hide_next = not hide_next and option and is_secret_name(word.lstrip("-"))
        start = len(text)
        text += shown if shown == CUT else _quoted(shown)
        if secret:
            spans.append({"start": start, "end": len(text), "kind": "secret"})
    return text, spans


def _quoted(word: str) -> str:
    if word and all(c.isalnum() or c in "@%+=:,./_-*" for c in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


# --------------------------------------------------------------------------------------- journal


class Journal:
    """One append-only, hash-chained file: a deque in front, a thread or the caller behind.

    ``put`` may be called from the audit hook: it only appends. ``drain`` serialises and writes; it
    runs under a lock that is only ever *tried*, so it can't deadlock, not even from a ``__del__``
    that runs while it allocates.
    """

    def __init__(self, folder: str, sid: str, key: bytes, by: str) -> None:
        self.folder, self.sid, self.key, self.by = folder, sid, key, by
        self.queue: deque[tuple[Any, ...]] = deque()
        self.lost = 0
        self.seq, self.prev = 0, None  # type: int, str | None
        self.rest = b""
        self.busy = _thread.allocate_lock()
        self.wake = _thread.allocate_lock()
        self.wake.acquire()
        #: What a thread of ours is opening at this moment, by thread: the hook skips exactly that.
        self.opening: dict[int, str] = {}
        #: Whether the last text was written quickly.
        self.quick = True
        self.texts_known: set[str] = set()
        self.closed = False
        self.texts_fd = -1
        self.fd = self._high(self._create(_join(folder, by + ".jsonl")))
        self.identity = self._identity(self.fd)
        self.texts_identity: tuple[int, int] | None = None

    def _create(self, path: str) -> int:
        self.opening[_ident()] = path
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | CLOEXEC
            return _open(path, flags, 0o600)
        finally:
            self.opening.clear()

    @staticmethod
    def _high(fd: int) -> int:
        """Move a descriptor out of the range that programs number themselves."""
        try:
            import fcntl

            high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
        except Exception:  # no fcntl, or a low limit: the low number works too
            return fd
        _close(fd)
        return high

    @staticmethod
    def _identity(fd: int) -> tuple[int, int]:
        st = _fstat(fd)
        return st.st_dev, st.st_ino

    def open_texts(self) -> None:
        """Open the folder of texts, so that it is found whatever happens to its path."""
        path = _join(self.folder, "texts")
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        if os.open in os.supports_dir_fd:
            self.texts_fd = self._high(_open(path, os.O_RDONLY | CLOEXEC))
            self.texts_identity = self._identity(self.texts_fd)

    # ---------------------------------------------------------------------------------- in the hook

    def put(self, kind: str, run: str | None, how: str, fields: dict[str, Any]) -> None:
        """Append an event; never blocks."""
        if len(self.queue) >= LIMIT:
            self.lost += 1
            return
        self.queue.append((kind, run, how, _wall(), _mono(), fields))
        if len(self.queue) % BATCH == 0:
            self.hurry()

    def text(
        self, text: str, spans: list[dict[str, Any]] | None = None, now: bool = False
    ) -> dict[str, Any]:
        """Return the journal's reference to a text, whose file is written with the next batch.

        With ``now`` it is written at once, as long as that is quick (the disk isn't slow).
        """
        raw = text.encode("utf-8", "surrogatepass")
        salt = _hmac(self.key, raw, "sha256").digest()[:16]
        digest = _sha256(salt + raw).hexdigest()
        if digest not in self.texts_known:
            self.texts_known.add(digest)
            if not (now and self.quick and self._write_quickly(digest, raw)):
                self.queue.append((None, digest, raw))
        value = {
            "sha256": digest,
            "salt": base64.b64encode(salt).decode("ascii"),
            "bytes": len(raw),
        }  # type: dict[str, Any]
        if spans:
            value["redact"] = spans
        return value

    def _write_quickly(self, digest: str, raw: bytes) -> bool:
        begun = _perf()
        written = self._write_text(digest, raw)
        self.quick = _perf() - begun < QUICK
        return written

    def hurry(self) -> None:
        """Wake the thread."""
        try:
            self.wake.release()
        except RuntimeError:  # it is awake already
            pass

    # -------------------------------------------------------------------------------- in the thread

    def drain(self, wait: float = 0.0) -> None:
        """Write what waits. Does nothing while somebody else does it (after ``wait`` seconds)."""
        going = True
        while going:
            # Again after the release: another thread of a forked child may have been turned away.
            got = self.busy.acquire(True, wait) if wait else self.busy.acquire(False)
            if not got:
                return
            try:
                while not self.closed and self._push() and self._fill():
                    pass
                going = bool(self.queue) and not self.rest and not self.closed
            finally:
                self.busy.release()

    def _fill(self) -> bool:
        """Serialise the next batch; False when there is none."""
        lines = []
        size = 0
        if self.lost:
            lost, self.lost = self.lost, 0
            lines.append(self._line("gap", None, "none", _wall(), _mono(), _event_gap(lost)))
        while self.queue and size < 1 << 18:
            item = self.queue.popleft()
            if item[0] is None:
                if not self._write_text(item[1], item[2]):
                    self.texts_known.discard(item[1])
                continue
            line = self._line(*item)
            size += len(line)
            lines.append(line)
        self.rest = b"".join(lines)
        return bool(self.rest)

    def _line(
        self, kind: str, run: str | None, how: str, wall: float, mono: int, fields: dict[str, Any]
    ) -> bytes:
        judge_outcome(fields)
        event = {
            "v": 1, "sid": self.sid, "seq": self.seq, "t": utc(wall), "mono": str(mono),
            "by": self.by, "type": kind, "prev": self.prev, "run": run, "attribution": how,
        }  # type: dict[str, Any]  # fmt: skip
        event.update(fields)
        raw = _dumps(event, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        if len(raw) >= LINE_LIMIT:
            return self._line("gap", run, how, wall, mono, _event_gap(1, run, "line too long"))
        self.seq += 1
        self.prev = _sha256(raw).hexdigest()
        return raw + b"\n"

    def _push(self) -> bool:
        """Write the serialised batch; False if some of it must wait (full disk)."""
        if not self.rest:
            return True
        try:
            if self._identity(self.fd) != self.identity:
                raise OSError("the descriptor isn't ours any more")
        except OSError:
            # Somebody closed every descriptor. Writing on could land in a file of the user's.
            self.closed = True
            return False
        try:
            while self.rest:
                self.rest = self.rest[_write(self.fd, self.rest) :]
        except OSError:
            return False
        return True

    def _write_text(self, digest: str, raw: bytes) -> bool:
        by_descriptor = self.texts_fd >= 0
        try:
            if by_descriptor and self._identity(self.texts_fd) != self.texts_identity:
                return False
            name = digest if by_descriptor else _join(self.folder, "texts", digest)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOEXEC
            self.opening[_ident()] = name
            try:
                fd = _open(name, flags, 0o600, dir_fd=self.texts_fd if by_descriptor else None)
            except FileExistsError:
                return True
            finally:
                del self.opening[_ident()]
            try:
                while raw:
                    raw = raw[_write(fd, raw) :]
            finally:
                _close(fd)
            return True
        except Exception:  # also what a user's audit hook raises
            return False


def _event_gap(count: int, run: str | None = None, reason: str = "buffer full") -> dict[str, Any]:
    return {"code": "event-gap", "covers": {"count": count, "run": run, "reason": reason}}


def judge_outcome(fields: dict[str, Any]) -> None:
    """Settle the outcome of an open that would have created its file: is the file there now?"""
    waiting = fields.pop("_created", None)
    if waiting is None or fields["outcome"] != "unknown":
        return
    if try_stat(waiting) is not None:
        fields["outcome"] = "opened"


# ---------------------------------------------------------------------------------- facts of code


#: A node, the names hidden by enclosing functions, and whether it stands in a class body.
Visit = Tuple[Any, FrozenSet[str], bool]


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
    #: What IPython's transformer makes of ``%magic``, ``%%magic`` and ``!command``.
    MAGICS = frozenset({"run_line_magic", "run_cell_magic", "system", "getoutput"})
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
        self.stores: dict[str, set[int]] = {}
        self.deletes: set[str] = set()
        self.imports: set[str] = set()
        self.magics: set[str] = set()
        self.dynamic: set[str] = set()
        self.attribute_stores: set[str] = set()
        self.subscript_stores: set[str] = set()
        #: (name, receiver or None, statement) of each call
        self.calls: dict[tuple[str, str | None, int], None] = {}
        self.constructs: set[str] = set()

    def add(self, tree: Any, statement: int) -> None:
        """Add the facts of one compiled tree (a top-level statement of the cell)."""
        body = tree.body if type(tree.body) is list else [tree.body]
        visit = [(node, frozenset(), False) for node in body]  # type: list[Visit]
        while visit:
            node, hidden, in_class = visit.pop()
            kind = type(node).__name__
            construct = self.CONSTRUCTS.get(kind)
            if construct is not None:
                self.constructs.add(construct)
            if kind == "Constant" or kind == "Load" or kind == "Store":
                continue
            if kind == "Name":
                self._name(node.id, type(node.ctx).__name__, hidden, in_class, statement)
                continue
            if kind == "Attribute":
                if type(node.ctx).__name__ != "Load":
                    self.attribute_stores.add(dotted(node))
            elif kind == "Subscript":
                if type(node.ctx).__name__ != "Load":
                    self.subscript_stores.add(dotted(node.value))
            elif kind == "Call":
                self._call(node, hidden, statement)
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
                self._scope(node, kind, hidden, in_class, statement, visit)
                continue
            elif kind in ("ListComp", "SetComp", "DictComp", "GeneratorExp"):
                bound = set()
                for generator in node.generators:
                    bound |= targets(generator.target)
                hidden = hidden | bound
            elif (kind == "ExceptHandler" and node.name) or (
                kind in ("MatchAs", "MatchStar") and node.name
            ):
                self._name(node.name, "Store", hidden, in_class, statement)
            elif kind == "MatchMapping" and node.rest:
                self._name(node.rest, "Store", hidden, in_class, statement)
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    visit.extend((i, hidden, in_class) for i in value if isinstance(i, ast.AST))
                elif isinstance(value, ast.AST):
                    visit.append((value, hidden, in_class))

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

    def _scope(
        self,
        node: Any,
        kind: str,
        hidden: frozenset[str],
        in_class: bool,
        statement: int,
        visit: list[Visit],
    ) -> None:
        """Enter a function or class: its local names are no names of the notebook."""
        if kind != "Lambda":
            self._name(node.name, "Store", hidden, in_class, statement)
            for decorator in node.decorator_list:
                self.constructs.add("decorator")
                visit.append((decorator, hidden, in_class))
        if kind == "ClassDef":
            outside = node.bases + [keyword.value for keyword in node.keywords]
            visit.extend((item, hidden, in_class) for item in outside)
            # What a class body binds is the class's; what it reads may be the notebook's.
            visit.extend((item, hidden, True) for item in node.body)
            return
        arguments = node.args
        every = getattr(arguments, "posonlyargs", []) + arguments.args + arguments.kwonlyargs
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        outside = [item for item in arguments.defaults + arguments.kw_defaults if item is not None]
        outside += [a.annotation for a in every if a.annotation is not None]
        if kind != "Lambda" and node.returns is not None:
            outside.append(node.returns)
        visit.extend((item, hidden, in_class) for item in outside)
        body = node.body if type(node.body) is list else [node.body]
        declared: set[str] = set()
        local = {a.arg for a in every} | bound_names(body, declared)
        inner = (hidden | local) - declared
        visit.extend((item, inner, False) for item in body)

    def _call(self, node: Any, hidden: frozenset[str], statement: int) -> None:
        function = node.func
        name = dotted(function)
        receiver = None
        value = function.value if type(function) is ast.Attribute else None
        if type(value) is ast.Name and value.id not in hidden:
            receiver = value.id
        last = name.rpartition(".")[2]
        if last in self.DYNAMIC_METHODS or (
            last in self.DYNAMIC and name in (last, "builtins." + last)
        ):
            self.dynamic.add(last)
        if name.startswith("get_ipython().") and last in self.MAGICS:
            first = node.args[0] if node.args else None
            literal = first.value if type(first) is ast.Constant else None
            magic = literal if last.startswith("run") else last
            if type(magic) is str:
                self.magics.add(magic)
        self.calls[(name, receiver, statement)] = None


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


def targets(node: Any) -> set[str]:
    """Return the names that an assignment target binds."""
    return {item.id for item in ast.walk(node) if type(item) is ast.Name}


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


#: Names loaded by code objects that were looked at already (the objects are kept alive here).
_code_loads = {}  # type: dict[int, tuple[types.CodeType, frozenset[str]]]


def global_loads(code: types.CodeType) -> frozenset[str]:
    """Return the global names that a code object and those nested in it load."""
    known = _code_loads.get(id(code))
    if known is not None:
        return known[1]
    if len(_code_loads) > 2000:
        _code_loads.clear()
    loads = set()
    raw, extended = code.co_code, 0
    for index in range(0, len(raw), 2):
        op, arg = raw[index], raw[index + 1] | extended
        if op == EXTENDED_ARG:
            extended = arg << 8
            continue
        extended = 0
        if op in LOAD_OPS:
            loads.add(code.co_names[arg >> LOAD_OPS[op]])
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            loads |= global_loads(constant)
    result = frozenset(loads)
    _code_loads[id(code)] = (code, result)
    return result


def _load_ops() -> tuple[dict[int, int], int]:
    """Return the opcodes that load global names, each with the shift of its argument."""
    import opcode  # loaded already: IPython needs it

    ops = {}
    for name in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
        if name in opcode.opmap:
            ops[opcode.opmap[name]] = int(name == "LOAD_GLOBAL" and sys.version_info >= (3, 11))
    return ops, opcode.opmap["EXTENDED_ARG"]


LOAD_OPS, EXTENDED_ARG = _load_ops()


# ------------------------------------------------------------------------------------------- runs


class Request:
    """One message to the kernel that runs something: the stack of its open runs."""

    __slots__ = ("cell_id", "client", "code", "id", "keys", "last", "next", "open")

    def __init__(self, id: str, parent: dict[str, Any]) -> None:
        header = parent.get("header") or {}
        metadata = parent.get("metadata")
        metadata = metadata if type(metadata) is dict else {}
        content = parent.get("content")
        cell_id = metadata.get("cellId")
        client = header.get("session")
        code = content.get("code") if type(content) is dict else None
        self.id = id
        self.client = client if type(client) is str else None
        self.cell_id = cell_id if type(cell_id) is str else None
        self.keys = sorted(key for key in metadata if type(key) is str)
        self.code = code if type(code) is str else None
        self.next = 0
        self.open: list[Run] = []
        self.last: Run | None = None


class Run:
    """One execution while it lasts, and what attribution needs afterwards."""

    __slots__ = (
        "began", "created", "folders", "id", "info", "kind", "meter", "moved", "paused", "request",
        "seen", "threads", "told", "trees", "written",
    )  # fmt: skip

    def __init__(self, request: Request, kind: str, info: Any) -> None:
        self.request, self.kind, self.info = request, kind, info
        self.id = "%s/%d" % (request.id, request.next)
        request.next += 1
        self.began = _perf()
        self.paused = False
        #: What the run opened: direction and identity, so that nothing is written twice.
        self.seen: dict[tuple[Any, ...], int] = {}
        self.written: dict[str, None] = {}
        self.moved: set[str] = set()
        self.created: list[dict[str, Any]] = []
        #: Real paths of folders, valid while the run lasts and no link changes.
        self.folders: dict[str, str] = {}
        self.trees: list[Any] = []
        self.told = 0
        self.threads = set(_threads)
        self.meter: tuple[int, int] | None = None

    def forget(self) -> None:
        """Drop what only an open run needs."""
        self.info = self.meter = None
        self.seen, self.written, self.folders = {}, {}, {}
        self.trees, self.created, self.moved, self.threads = [], [], set(), set()


#: Audit events that the probe looks at; all others are left at once.
HOOKED = frozenset({
    "open", "os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.mkdir",
    "os.truncate", "os.chdir", "os.listdir", "os.scandir", "mmap.__new__", "sqlite3.connect",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.forkpty", "pty.spawn", "socket.connect", "socket.getaddrinfo", "urllib.Request",
    "http.client.connect", "http.client.send", "compile", "exec", "import", "jupyter_attest.who",
})  # fmt: skip

DATA_SUFFIXES = (
    ".csv", ".tsv", ".csv.gz", ".parquet", ".feather", ".arrow", ".npz", ".npy", ".h5", ".hdf5",
    ".pkl", ".pkl.gz", ".joblib", ".xls", ".xlsx", ".mat", ".nc", ".rda", ".dat", ".data", ".jsonl",
    ".safetensors", ".onnx", ".pt", ".pth",
)  # fmt: skip
#: Never data of a notebook's: the kernel's own views.
SYSTEM_PREFIXES = ("/proc/", "/sys/", "/dev/") if os.name == "posix" else ()
WRITING = frozenset({"write", "append", "create", "truncate"})


class Probe:
    """Everything that one process writes down."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        self.shell, self.kernel = shell, shell.kernel
        self.folder = folder
        self.sid = os.path.basename(folder)
        self.install, self.runs_missed = install, runs_missed
        self.home = os.path.dirname(os.path.dirname(folder))
        self.id = "probe-" + new_id()
        self.environment = Environment(shell)
        self.mounts = self.environment.mounts
        self.paused_file = _join(folder, "paused")
        self.paused = False
        self.paused_runs = 0
        self.paused_from = 0.0
        self.requests: dict[str, Request] = {}
        self.open_runs: dict[str, Run] = {}
        #: Thread ident → the run that started it, known from that run's end on.
        self.thread_runs: dict[int, Run] = {}
        self.facts_known: dict[tuple[Any, ...], Facts] = {}
        self.loose: dict[tuple[Any, ...], int] = {}
        self.hosts: dict[int, tuple[str, Any]] = {}
        self.child = False
        self.parent_run: str | None = None
        self.heard = False
        self.main = _ident()
        context = getattr(self.kernel, "_shell_parent", None)
        self.parent_var = context if isinstance(context, contextvars.ContextVar) else None
        # ipykernel 6 knows one message at a time: tasks that outlive their run need a mark of ours.
        mark: contextvars.ContextVar[Run | None] = contextvars.ContextVar("attest_run")
        self.run_var = None if self.parent_var else mark
        parents = getattr(self.kernel, "_parents", None)
        self.parents = parents if type(parents) is dict else {}
        self.prefixes = self.environment.quiet()
        self.private = self.environment.private(self.home)
        #: ipykernel's names for the source of cells, which tracebacks look for on disk.
        self.cells = "%sipykernel_%d%s" % (SEP, _getpid(), SEP)
        self.meter_fd = -1
        self.meter: tuple[int, int] | None = None
        self.meter_at = 0
        key = bytes.fromhex(read_small(_join(folder, "key")).strip())
        self.journal = Journal(folder, self.sid, key, self.id)
        self.wrappers = Wrappers(self)

    # ---------------------------------------------------------------------------------------- start

    def start(self) -> None:
        """Install hook and callbacks, write what is known at the start, start the thread."""
        self.journal.open_texts()
        self._open_meter()
        shell = self.shell
        self.code_run_cell = _code_of(type(shell), "run_cell_async")
        self.code_expressions = _code_of(type(shell), "user_expressions")
        import codeop  # loaded already: IPython's compiler is one

        self.code_compile = codeop.Compile.__call__.__code__
        sys.addaudithook(make_hook(self))
        sys.audit("jupyter_attest.who", [self])
        self.paused = try_stat(self.paused_file) is not None
        self.paused_from = _wall()
        self.attach()
        self.wrappers.look()
        self.introduce()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)
        atexit.register(self.leave)
        self.journal.hurry()
        _thread.start_new_thread(self.work, ())

    def attach(self) -> None:
        """Register the callbacks unless they are registered."""
        for event, callback in (
            ("pre_execute", self.pre_execute),
            ("post_execute", self.post_execute),
            ("post_run_cell", self.post_run_cell),
        ):
            self.shell.events.register(event, callback)

    def introduce(self) -> None:
        """Write the first events of the file."""
        env = self.environment
        put = self.journal.put
        put("journal.started", None, "none", {
            "program": {"name": "jupyter-attest-probe", "version": VERSION},
            "python": env.python, "platform": env.platform,
        })  # fmt: skip
        observer = {
            "id": self.id, "kind": "probe", "domain": "tenant", "version": VERSION,
            "host": env.host, "bootId": env.boot_id, "pid": _getpid(), "parentPid": os.getppid(),
        }  # type: dict[str, Any]  # fmt: skip
        if env.digest:
            observer["digest"] = env.digest
        joined = {"observer": observer}  # type: dict[str, Any]
        if self.child:
            joined["parentRun"] = self.parent_run
        how = "process" if self.child else "none"
        put("observer.joined", self.parent_run, how, joined)
        put("probe.hello", self.parent_run, how, {
            "version": VERSION, "digest": env.digest, "pid": _getpid(), "python": env.python,
            "implementation": sys.implementation.name, "ipykernel": env.ipykernel,
            "ipython": env.ipython, "install": "child" if self.child else self.install,
            "runsMissed": self.runs_missed,
            "channels": {
                "audit": "ok" if self.heard else "vetoed",
                "wrappers": self.wrappers.states(),
                "meter": "ok" if self.meter_fd >= 0 else "unavailable",
                "maps": "off",
            },
            "cwd": env.cwd(), "prefixes": [name_of(p) for p in env.prefixes],
            "flags": env.flags, "hashSeed": env.hash_seed,
        })  # fmt: skip
        if self.child:
            return
        if not self.heard:
            put("gap", None, "none", {"code": "audit-vetoed", "covers": {}})
        put("env.packages", None, "none", {"packages": env.packages, "listedBy": env.listed_by})
        put("env.hardware", None, "none", env.hardware)
        put("env.determinism", None, "none", {"flags": env.determinism, "seeds": {}})

    def _open_meter(self) -> None:
        if _pread is None:
            return
        try:
            fd = _open("/proc/self/io", os.O_RDONLY | CLOEXEC)
            self.meter_fd = Journal._high(fd)
        except OSError:
            self.meter_fd = -1

    def read_meter(self) -> tuple[int, int] | None:
        """Return the bytes that this process has read and written so far, by system call."""
        if self.meter_fd < 0:
            return None
        now = _mono()
        if now - self.meter_at < METER_AGE:
            return self.meter
        try:
            words = _pread(self.meter_fd, 256, 0).split()  # type: ignore[misc]
            self.meter = int(words[1]), int(words[3])
        except (OSError, ValueError, IndexError):
            self.meter = None
        self.meter_at = _mono()
        return self.meter

    # ----------------------------------------------------------------------------------- own thread

    def work(self) -> None:
        """Write batches until the process ends. Runs on a thread that nobody lists."""
        journal = self.journal
        while not journal.closed:
            try:
                journal.wake.acquire(True, PERIOD)
                _sleep(YIELD)
                self.look_for_pause()
                self.tell_long_runs()
                journal.drain()
            except BaseException:  # nothing may come out of here
                pass

    def tell_long_runs(self) -> None:
        """Write the code facts of a long run before its end: it may never come."""
        for run in list(self.open_runs.values()):
            told = len(run.trees)
            if told > run.told and not self.paused and _perf() - run.began > PERIOD * 1e9:
                run.told = told
                self.tell_code(run, None, partial=True)

    def leave(self) -> None:
        """Write the last events at a normal exit of the interpreter."""
        try:
            if self.child:
                return
            left = {"observer": self.id, "reason": "exit"}
            self.journal.put("observer.left", None, "none", left)
            self.journal.drain(2.0)
        except BaseException:
            pass

    # ---------------------------------------------------------------------------------------- pause

    def look_for_pause(self) -> None:
        """Notice that recording was paused or resumed: the file ``paused`` is there or not."""
        paused = _access(self.paused_file, os.F_OK)
        if paused == self.paused:
            return
        if paused:
            self.paused_from, self.paused_runs = _wall(), 0
        else:
            self._tell_pause()
        self.paused = paused

    def _tell_pause(self) -> None:
        covers = {
            "count": self.paused_runs, "from": utc(self.paused_from), "to": utc(_wall()),
        }  # fmt: skip
        self.journal.put("gap", None, "none", {"code": "paused", "covers": covers})

    # ----------------------------------------------------------------------------------------- runs

    def parent_message(self) -> dict[str, Any]:
        """Return the message that the calling context answers, empty if there is none."""
        if self.parent_var is not None:
            value = self.parent_var.get(None)
        elif _ident() == self.main:
            value = self.parents.get("shell")
        else:
            value = None
        return value if type(value) is dict else {}

    def request(self) -> Request:
        """Return the request that the calling context answers, making it known."""
        parent = self.parent_message()
        header = parent.get("header")
        id = header.get("msg_id") if type(header) is dict else None
        if type(id) is not str:
            run, _ = self.current()
            if run is not None:
                return run.request
            id = "local-" + new_id()
        request = self.requests.get(id)
        if request is None:
            if len(self.requests) > 4096:
                for old in list(self.requests)[:2048]:
                    if not self.requests[old].open:
                        del self.requests[old]
            request = self.requests[id] = Request(id, parent)
        return request

    def current(self) -> tuple[Run | None, str]:
        """Return the run that the calling context works for, and how that is known."""
        if self.run_var is not None:
            run = self.run_var.get(None)
            if run is not None:
                return run, "context"
        header = self.parent_message().get("header")
        if type(header) is dict:
            request = self.requests.get(header.get("msg_id"))  # type: ignore[arg-type]
            if request is None:
                return None, "none"
            run = request.open[-1] if request.open else request.last
            return (run, "context") if run is not None else (None, "none")
        run = self.thread_runs.get(_ident())
        if run is not None:
            return run, "thread"
        if _ident() != self.main:
            # A thread that no ended run left behind was started by one that is open.
            owners = {r.request.id for r in list(self.open_runs.values())}
            if len(owners) == 1:
                runs = list(self.open_runs.values())
                return (runs[-1], "thread") if runs else (None, "none")
        return None, "none"

    def pre_execute(self) -> None:
        """Begin a run: a cell, nested, silent or a widget's callback."""
        try:
            frame = _frame(2)
            if frame.f_code is self.code_run_cell:
                scope = frame.f_locals
                count = scope.get("execution_count")
                if count is None:  # IPython 8
                    count = getattr(scope.get("result"), "execution_count", None)
                self.begin(scope.get("info"), scope.get("transformed_cell"), count)
            else:
                self.begin(None, None, None)
        except Exception as error:
            if is_foreign(error):
                raise

    def begin(self, info: Any, transformed: Any, count: Any) -> Run:
        """Write ``run.started`` (with IPython's ExecutionInfo; None for a callback)."""
        self.look_for_pause()
        request = self.request()
        if info is None:
            kind = "callback"
        elif request.open:
            kind = "nested"
        else:
            kind = "silent" if info.silent else "cell"
        raw = info.raw_cell if info is not None else None
        return self.open_run(request, kind, info, raw, transformed, count)

    def open_run(
        self,
        request: Request,
        kind: str,
        info: Any,
        raw: Any,
        transformed: Any = None,
        count: Any = None,
    ) -> Run:
        """Push a run on its request's stack and write ``run.started``."""
        parent = request.open[-1].id if request.open else None
        run = Run(request, kind, info)
        run.paused = self.paused
        request.open.append(run)
        self.open_runs[run.id] = run
        self.loose.clear()
        if self.run_var is not None:
            self.run_var.set(run)
        if self.paused:
            self.paused_runs += 1
            return run
        store = getattr(info, "store_history", None) if info is not None else None
        text = str.__str__(raw) if isinstance(raw, str) else None
        transformed_text = transformed if type(transformed) is str else None
        self.journal.put("run.started", run.id, "context", {
            "parentRun": parent,
            "cellId": request.cell_id,
            "requestMetadataKeys": request.keys,
            "client": request.client,
            "code": None if text is None else self.journal.text(text, now=True),
            "transformedSha256": self.salted(transformed_text),
            "kind": kind,
            "storeHistory": store if type(store) is bool else None,
            "executionCount": count if type(count) is int else None,
        })  # fmt: skip
        run.meter = self.read_meter()
        run.began = _perf()
        return run

    def salted(self, text: str | None) -> str | None:
        """Return the salted digest of a text that isn't kept."""
        if text is None:
            return None
        raw = text.encode("utf-8", "surrogatepass")
        salt = _hmac(self.journal.key, raw, "sha256").digest()[:16]
        return _sha256(salt + raw).hexdigest()

    def post_execute(self) -> None:
        """End a silent run or a callback; all others end in ``post_run_cell``."""
        try:
            request = self.request()
            run = request.open[-1] if request.open else None
            if run is None:
                return
            if run.kind == "callback":
                self.end(run, None)
                return
            scope = _frame(2).f_locals
            raw = scope.get("raw_cell", scope.get("code"))
            if scope.get("silent") and run.info is not None and run.info.silent and not blank(raw):
                self.end(run, scope.get("result", scope.get("res")))
        except Exception as error:
            if is_foreign(error):
                raise

    def post_run_cell(self, result: Any = None) -> None:
        """End the run that this result belongs to."""
        try:
            request = self.request()
            info = getattr(result, "info", None)
            run = request.open[-1] if request.open else None
            if run is not None and run.info is not None:
                # IPython makes a new info when a BaseException came out of the run.
                same = info is run.info or info is None or info.raw_cell is run.info.raw_cell
                if same and not run.info.silent:
                    self.end(run, result)
                    return
            if info is not None and blank(info.raw_cell):
                # IPython runs no callback before an empty cell.
                kind = "nested" if request.open else "cell"
                self.end(self.open_run(request, kind, info, info.raw_cell), result)
        except Exception as error:
            if is_foreign(error):
                raise

    def end(self, run: Run, result: Any) -> None:
        """Write what the run left behind: settled files, facts of its code, ``run.ended``."""
        duration = _perf() - run.began
        self.meter_at = 0
        meter = self.read_meter()
        request = run.request
        while request.open and request.open[-1] is not run:
            self._abandon(request.open.pop())
        request.open.pop()
        request.last = run
        if self.run_var is not None:
            self.run_var.set(request.open[-1] if request.open else None)
        self.open_runs.pop(run.id, None)
        alive = [
            ident
            for ident in list(_threads)
            if ident not in run.threads and not _is_machinery(ident)
        ]
        for ident in alive:
            self.thread_runs.setdefault(ident, run)
        for ident in list(self.thread_runs):
            if ident not in _threads:
                del self.thread_runs[ident]
        if not run.paused:
            if not self.paused:
                self.settle(run)
                self.tell_code(run, result)
            error = _error_of(result)
            fields = {
                "status": _status(error),
                "ename": None if error is None else _type_name(type(error)),
                "durationNs": str(duration),
                "threadsAlive": [_thread_name(ident) for ident in alive],
                "tasksPending": None,
            }  # type: dict[str, Any]
            if meter is not None and run.meter is not None:
                fields["meter"] = {
                    "read": str(meter[0] - run.meter[0]),
                    "written": str(meter[1] - run.meter[1]),
                }
            self.journal.put("run.ended", run.id, "context", fields)
        run.forget()
        self.wrappers.look()
        self.journal.hurry()

    def _abandon(self, run: Run) -> None:
        """Close a run whose end nobody told us (its callbacks were taken away)."""
        self.open_runs.pop(run.id, None)
        if not run.paused:
            covers = {"run": run.id, "reason": "its end wasn't reported"}
            self.journal.put("gap", run.id, "context", {"code": "probe-silent", "covers": covers})
        run.forget()

    def settle(self, run: Run) -> None:
        """Write ``file.settled`` for each file the run wrote."""
        for fields in run.created:
            if "_created" in fields and fields["_created"] in run.moved:
                fields["outcome"] = "opened"
            judge_outcome(fields)
        if not run.written:
            return
        ours = {self.journal.fd, self.journal.texts_fd, self.meter_fd}
        held = held_files(ours) or held_files(ours)  # again: another thread may have opened one
        for real in list(run.written):
            st = try_stat(real)
            still: bool | None = None
            if held is not None:
                still = st is not None and (st.st_dev, st.st_ino) in held
            self.journal.put("file.settled", run.id, "context", {
                "realPath": name_of(real),
                "stat": None if st is None else stat_fields(st, self.mounts),
                "stillOpen": still,
            })  # fmt: skip

    def tell_code(self, run: Run, result: Any, partial: bool = False) -> None:
        """Write ``run.code`` from the trees that IPython compiled for this run so far."""
        if run.kind in ("callback", "expression"):
            return
        failed = getattr(result, "error_before_exec", None) is not None
        raw = run.info.raw_cell if run.info is not None else run.request.code
        trees = list(run.trees)
        key = (raw, len(trees)) if type(raw) is str else ()
        facts = self.facts_known.get(key)
        if facts is None:
            facts = Facts()
            for index, tree in enumerate(trees):
                facts.add(tree, index)
            if len(self.facts_known) > 256:
                self.facts_known.clear()
            self.facts_known[key] = facts
        namespace = self.shell.user_ns
        calls = {}  # type: dict[tuple[str, str | None], dict[str, Any]]
        for name, receiver, statement in facts.calls:
            kind, target = self._receiver(name, receiver, statement, facts, namespace)
            call = calls.setdefault((name, kind), {"name": name, "receiverType": kind})
            if target:
                call["target"] = target
        self.journal.put("run.code", run.id, "context", {
            **({"partial": True} if partial else {}),
            "parse": "failed" if failed else "ok",
            "loads": sorted(facts.loads),
            "stores": sorted(facts.stores),
            "deletes": sorted(facts.deletes),
            "imports": sorted(facts.imports),
            "magics": sorted(facts.magics),
            "dynamic": sorted(facts.dynamic),
            "attributeStores": sorted(facts.attribute_stores),
            "subscriptStores": sorted(facts.subscript_stores),
            "calls": list(calls.values())[:2000],
            "constructs": sorted(facts.constructs),
            "reached": reached_functions(facts.loads, namespace),
        })  # fmt: skip

    @staticmethod
    def _receiver(
        name: str, receiver: str | None, statement: int, facts: Facts, namespace: dict[str, Any]
    ) -> tuple[str | None, str | None]:
        """Return the exact type of a call's receiver and, for modules and functions, which one.

        Looked up when the run has ended. A name that the run itself binds counts only if exactly
        one earlier statement binds it: else the value at the call may have been another one.
        """
        base = receiver if receiver is not None else name
        if base not in namespace:
            value = builtins.__dict__.get(base) if receiver is None else None
            if value is None or base in facts.stores:
                return None, None
        else:
            value = namespace[base]
        bound = facts.stores.get(base)
        if bound is not None and (len(bound) > 1 or min(bound) >= statement):
            return None, None
        kind = type(value)
        if receiver is None:
            if kind is types.FunctionType or kind is types.BuiltinFunctionType or kind is type:
                return None, _target_of(value, kind)
            return None, None
        target = None
        if kind is types.ModuleType:
            named = value.__dict__.get("__name__")
            target = named if type(named) is str else None
        return type_name(value), target

    # ---------------------------------------------------------------------------------- audit: code

    def on_compile(self, args: tuple[Any, ...]) -> None:
        """Keep the tree of a statement that IPython compiles for the current run."""
        tree = args[0]
        kind = type(tree)
        if kind is not ast.Module and kind is not ast.Interactive and kind is not ast.Expression:
            return
        if _frame(2).f_code is not self.code_compile:
            return
        run, _ = self.current()
        if run is not None and not run.paused and run.id in self.open_runs:
            run.trees.append(tree)

    def on_exec(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded; notice the evaluation of a request's user expressions."""
        if self.wrappers.waiting:
            self.wrappers.look()
        if self.code_expressions is not None and _frame(2).f_code is self.code_expressions:
            request = self.request()
            if request.open or (request.last is not None and request.last.kind == "expression"):
                return
            run = self.open_run(request, "expression", None, None)
            # Nothing tells when the expressions end: what they do is attributed to the last run
            # of their request, which is this one.
            self.end(run, None)

    def on_import(self, args: tuple[Any, ...]) -> None:
        """Watch libraries being loaded."""
        if self.wrappers.waiting:
            self.wrappers.look()

    def on_who(self, args: tuple[Any, ...]) -> None:
        """Answer who records here: the self-test, and a second start."""
        if type(args[0]) is list:
            if args[0] and args[0][0] is self:
                self.heard = True
            args[0].append(self)

    # --------------------------------------------------------------------------------- audit: files

    def absolute(self, path: Any, dir_fd: Any = None) -> str | None:
        """Return the absolute text of a path argument at this moment; None if it has none."""
        if type(path) is int:
            return fd_path(path)
        text = plain_text(path)
        if not text or "\0" in text or (text[0] == "<" and text[-1] == ">"):
            return None
        if os.path.isabs(text):
            return text
        if type(dir_fd) is int and dir_fd >= 0:
            base = fd_path(dir_fd)
            return None if base is None else _join(base, text)
        try:
            return _join(_getcwd(), text)
        except OSError:
            return None

    def real(self, absolute: str, run: Run | None) -> tuple[str, os.stat_result | None]:
        """Resolve links of an absolute path and stat what is there, None if nothing is.

        Folders are resolved once per run.
        """
        folder, base = os.path.split(absolute)
        if base in ("", ".", ".."):
            real = _realpath(absolute)
            return real, try_stat(real)
        known = run.folders if run is not None else {}
        resolved = known.get(folder)
        if resolved is None:
            resolved = known[folder] = _realpath(folder)
        real = absolute if resolved == folder else _join(resolved, base)
        try:
            st = _lstat(real)
        except (OSError, ValueError):
            return real, None
        if statmod.S_ISLNK(st.st_mode):
            real = _realpath(real)
            return real, try_stat(real)
        return real, st

    def is_noise(self, path: str, writing: bool) -> bool:
        """Tell whether a path belongs to the installation or the system, not to the work."""
        if path.startswith(SYSTEM_PREFIXES) or path.startswith(self.private):
            return True
        if self.cells in path:
            return True
        if writing and "__pycache__" in path and ".pyc" in path:
            return True  # the interpreter's own copy of a source that is named when it is read
        if writing or not path.startswith(self.prefixes):
            return False
        return not path.lower().endswith(DATA_SUFFIXES)

    def on_open(self, args: tuple[Any, ...]) -> None:
        """Judge one open from its arguments; the event comes before the act."""
        path, mode, flags = args
        if path is self.journal.opening.get(_ident(), self):
            return
        if _frame(2).f_code.co_name == "_get_default_tempdir":  # tempfile tries where it may write
            return
        ops = ops_of(mode, flags, type(path) is int)
        self.opened(path, ops, flags if type(flags) is int else 0, "audit", None, None)

    def opened(
        self,
        path: Any,
        ops: list[str],
        flags: int,
        via: str,
        library: str | None,
        function: str | None,
    ) -> None:
        """Write ``file.opened`` unless it is noise, a folder, a device, or known of this run."""
        absolute = self.absolute(path)
        if absolute is None:
            return
        writing = not WRITING.isdisjoint(ops)
        if self.is_noise(absolute, writing):
            return
        if absolute.endswith(".pyc"):
            source = source_of(absolute)
            if writing or source is None:
                return
            absolute = source
        run, how = self.current()
        if run is not None and run.paused:
            return
        real, st = self.real(absolute, run)
        if real is not absolute and self.is_noise(real, writing):
            return
        if st is not None:
            if statmod.S_ISDIR(st.st_mode) and via == "audit":
                return
            if statmod.S_ISCHR(st.st_mode) or statmod.S_ISBLK(st.st_mode):
                return
        if st is None and writing and flags & os.O_CREAT and "create" not in ops:
            ops = [*ops, "create"]
        seen = run.seen if run is not None else self.loose
        identity = None if writing or st is None else (st.st_ino, st.st_size, st.st_mtime_ns)
        key = (real, tuple(ops), identity)
        if key in seen:
            return
        versions = seen.get((real, "versions"), 0)
        if versions > 16:
            # A loop that rewrites and rereads one file: the settled stat says how it ended.
            return
        seen[(real, "versions")] = versions + (identity is not None)
        seen[key] = 1
        outcome, created = outcome_of(real, st, writing, flags)
        fields = {
            "path": name_of(absolute) if type(path) is int else name_of(plain_text(path) or ""),
            "realPath": name_of(real),
            "ops": ops,
            "via": via,
            "library": library,
            "function": function,
            "stat": None if st is None else stat_fields(st, self.mounts),
            "outcome": outcome,
        }  # type: dict[str, Any]
        if created:
            fields["_created"] = real
            if run is not None:
                run.created.append(fields)
        if run is not None and writing and outcome != "failed":
            run.written[real] = None
        self.tell("file.opened", run, how, fields)

    def tell(self, kind: str, run: Run | None, how: str, fields: dict[str, Any]) -> None:
        """Put an event; a forked child writes it at once."""
        if run is not None and run.id not in self.open_runs and len(self.open_runs) == 1:
            # The thread or task outlived its run: say what else ran meanwhile.
            fields["during"] = next(iter(list(self.open_runs)), None)
        if self.child:
            if self.journal.closed:
                return
            self.journal.put(kind, self.parent_run, "process", fields)
            self.journal.drain()
            return
        self.journal.put(kind, None if run is None else run.id, how, fields)

    def named(self, args: Any, index: int, dir_fd: Any = None) -> tuple[str | None, Any]:
        """Return the real path of an argument (the last component unresolved) and its lstat."""
        absolute = self.absolute(args[index], dir_fd)
        if absolute is None:
            return None, None
        folder, base = os.path.split(absolute.rstrip(SEP) or absolute)
        path = _join(_realpath(folder), base)
        try:
            return path, _lstat(path)
        except (OSError, ValueError):
            return path, None

    def on_rename(self, args: tuple[Any, ...]) -> None:
        """os.rename and os.replace: identity goes with the file."""
        source, st = self.named(args, 0, args[2] if len(args) > 2 else None)
        target, _ = self.named(args, 1, args[3] if len(args) > 3 else None)
        if source is None or target is None or st is None:
            return
        if self.is_noise(target, True):
            return
        run, how = self.current()
        if run is not None:
            if run.paused:
                return
            run.folders.clear()
            run.written.pop(source, None)
            run.moved.add(source)
            run.written[target] = None
        folder = statmod.S_ISDIR(st.st_mode)
        if folder and run is not None:
            run.written.pop(target, None)
            for path in [p for p in run.written if p.startswith(source + SEP)]:
                del run.written[path]
                run.moved.add(path)
                run.written[target + path[len(source) :]] = None
        self.tell("folder.renamed" if folder else "file.renamed", run, how, {
            "from": name_of(source), "to": name_of(target), "stat": stat_fields(st, self.mounts),
        })  # fmt: skip

    def on_link(self, args: tuple[Any, ...]) -> None:
        """os.link: a second name for the same bytes."""
        source, st = self.named(args, 0, args[2] if len(args) > 2 else None)
        target, _ = self.named(args, 1, args[3] if len(args) > 3 else None)
        if source is None or target is None or st is None or self.is_noise(target, True):
            return
        run, how = self.current()
        if run is not None and run.paused:
            return
        self.tell("file.linked", run, how, {
            "from": name_of(source), "to": name_of(target), "stat": stat_fields(st, self.mounts),
        })  # fmt: skip

    def on_symlink(self, args: tuple[Any, ...]) -> None:
        """os.symlink: another way to a file; its target is relative to the link."""
        target, _ = self.named(args, 1, args[2] if len(args) > 2 else None)
        text = plain_text(args[0])
        if target is None or not text or self.is_noise(target, True):
            return
        source = _join(os.path.dirname(target), text)
        run, how = self.current()
        if run is not None:
            if run.paused:
                return
            run.folders.clear()
        st = try_stat(source)
        self.tell("file.linked", run, how, {
            "from": name_of(source), "to": name_of(target), "symbolic": True,
            "stat": None if st is None else stat_fields(st, self.mounts),
        })  # fmt: skip

    def on_remove(self, args: tuple[Any, ...]) -> None:
        """os.remove and os.rmdir."""
        path, st = self.named(args, 0, args[1] if len(args) > 1 else None)
        if path is None or st is None or self.is_noise(path, True):
            return
        if _frame(2).f_code.co_name == "_get_default_tempdir":
            return
        run, how = self.current()
        if run is not None:
            if run.paused:
                return
            run.folders.clear()
            run.moved.add(path)
        self.tell("file.removed", run, how, {"path": name_of(path)})

    def on_mkdir(self, args: tuple[Any, ...]) -> None:
        """os.mkdir of a folder that isn't there yet."""
        path, st = self.named(args, 0, args[2] if len(args) > 2 else None)
        if path is None or st is not None or "__pycache__" in path or self.is_noise(path, True):
            return
        run, how = self.current()
        if run is not None and run.paused:
            return
        self.tell("folder.made", run, how, {"path": name_of(path)})

    def on_listdir(self, args: tuple[Any, ...]) -> None:
        """os.listdir and os.scandir: what is in a folder may decide what is read."""
        if _frame(2).f_code.co_filename.startswith("<frozen importlib"):
            return
        path = self.absolute("." if args[0] is None else args[0])
        if path is None:
            return
        path = _realpath(path)
        if self.is_noise(path + SEP, False):
            return
        run, how = self.current()
        if run is not None and run.paused:
            return
        seen = run.seen if run is not None else self.loose
        if (path, "listed") not in seen:
            seen[(path, "listed")] = 1
            self.tell("folder.listed", run, how, {"path": name_of(path)})

    def on_truncate(self, args: tuple[Any, ...]) -> None:
        """os.truncate and os.ftruncate write without an open."""
        self.opened(args[0], ["write", "truncate"], os.O_WRONLY, "audit", None, None)

    def on_chdir(self, args: tuple[Any, ...]) -> None:
        """os.chdir and os.fchdir, if the folder is there."""
        path = self.absolute(args[0])
        if path is None:
            return
        path = _realpath(path)
        st = try_stat(path)
        if st is None or not statmod.S_ISDIR(st.st_mode):
            return
        run, how = self.current()
        if run is not None and run.paused:
            return
        fields = {"from": self.environment.cwd(), "to": name_of(path)}
        self.tell("cwd.changed", run, how, fields)

    def on_mmap(self, args: tuple[Any, ...]) -> None:
        """mmap of a file: a writable map may change it with no further event."""
        fd, access = args[0], args[2]
        path = fd_path(fd) if type(fd) is int and fd >= 0 else None
        if path is None or self.is_noise(path, False):
            return
        run, how = self.current()
        if run is not None and run.paused:
            return
        writable = access in (0, 2)
        if writable and run is not None:
            run.written[path] = None
        self.tell("file.mapped", run, how, {"path": name_of(path), "writable": writable})

    def on_sqlite(self, args: tuple[Any, ...]) -> None:
        """sqlite3.connect names the database; SQLite opens it natively."""
        text = plain_text(args[0])
        if not text or text == ":memory:":
            return
        read_only = False
        if text.startswith("file:"):
            text, _, query = text[5:].partition("?")
            read_only = "mode=ro" in query or "immutable=1" in query
            if "mode=memory" in query:
                return
            if text.startswith("//"):
                text = "/" + text[2:].partition("/")[2]
        ops = ["read"] if read_only else ["read", "write"]
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
        self.opened(text, ops, flags, "audit", "sqlite3", "connect")

    # ------------------------------------------------------------- audit: processes and the network

    def started(
        self, how_started: str, words: Any, program: Any, probed: bool, shell: str | None = None
    ) -> None:
        """Write ``process.started``, secrets cut out of its arguments."""
        run, how = self.current()
        if run is not None and run.paused:
            return
        argv = None
        if shell is not None:
            argv = self.journal.text(*cut_command(shell))
        elif type(words) in (list, tuple):
            argv = self.journal.text(*cut_argv([plain_text(word) or "?" for word in words]))
        named = plain_text(program) if program is not None else None
        self.tell("process.started", run, how, {
            "argv": argv, "how": how_started, "program": name_of(named) if named else None,
            "pid": None, "probed": probed,
        })  # fmt: skip

    def on_popen(self, args: tuple[Any, ...]) -> None:
        """subprocess.Popen(executable, args, cwd, env)."""
        words = args[1]
        shell = plain_text(words) if type(words) not in (list, tuple) else None
        self.started("subprocess", words, args[0], False, shell)

    def on_system(self, args: tuple[Any, ...]) -> None:
        """os.system(command)."""
        self.started("os.system", None, None, False, plain_text(args[0]) or "?")

    def on_exec_process(self, args: tuple[Any, ...]) -> None:
        """os.exec*(path, args, env)."""
        self.started("exec", args[1], args[0], False)

    def on_spawn(self, args: tuple[Any, ...]) -> None:
        """os.posix_spawn(path, argv, env)."""
        self.started("spawn", args[1], args[0], False)

    def on_spawn_mode(self, args: tuple[Any, ...]) -> None:
        """os.spawn*(mode, path, args, env), where it is native."""
        self.started("spawn", args[2], args[1], False)

    def on_fork(self, args: tuple[Any, ...]) -> None:
        """os.fork: the child is probed and tells its own story."""
        self.started("fork", None, None, True)

    def on_forkpty(self, args: tuple[Any, ...]) -> None:
        """os.forkpty: IPython's ``!command`` on a terminal; the child tells what it executes."""
        self.started("forkpty", None, None, True)

    def on_pty(self, args: tuple[Any, ...]) -> None:
        """pty.spawn(argv)."""
        self.started("pty", args[0], None, False)

    def on_getaddrinfo(self, args: tuple[Any, ...]) -> None:
        """Remember the name that this thread's next connection goes to."""
        host = args[0] if type(args[0]) is str else plain_text(args[0])
        if host:
            if len(self.hosts) > 256:
                self.hosts.clear()
            self.hosts[_ident()] = (host, args[1])

    def on_connect(self, args: tuple[Any, ...]) -> None:
        """socket.connect(socket, address)."""
        address = args[1]
        port = None
        if type(address) is tuple and len(address) >= 2 and type(address[0]) is str:
            host = address[0]
            port = address[1] if type(address[1]) is int else None
            named = self.hosts.get(_ident())
            if named is not None and named[1] == port:
                host = named[0]
        else:
            path = plain_text(address)
            if not path:
                return
            host = "unix:" + path
        run, how = self.current()
        if run is not None and run.paused:
            return
        seen = run.seen if run is not None else self.loose
        if (host, port, "net") not in seen:
            seen[(host, port, "net")] = 1
            self.tell("net.connected", run, how, {"host": host, "port": port})

    def on_url(self, args: tuple[Any, ...]) -> None:
        """urllib.Request(fullurl, data, headers, method)."""
        url, data, method = plain_text(args[0]), args[1], args[3]
        if not url or url.startswith(("file:", "data:")):
            return
        verb = method if type(method) is str and method else ("GET" if data is None else "POST")
        self.requested(url, verb)

    def on_http_connect(self, args: tuple[Any, ...]) -> None:
        """http.client.connect(connection, host, port)."""
        self.on_getaddrinfo((args[1], args[2]))

    def on_http_send(self, args: tuple[Any, ...]) -> None:
        """http.client.send(connection, data): the first bytes of a request name it."""
        data = args[1]
        if type(data) is not bytes or b" HTTP/1." not in data[:65536]:
            return
        head = data[:65536].split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
        method, _, rest = head[0].partition(" ")
        target = rest.rpartition(" ")[0]
        host, port = self.hosts.get(_ident(), ("", None))
        for header in head[1:]:
            if header[:5].lower() == "host:":
                host = header[5:].strip()
        if not method.isalpha() or not target or not host:
            return
        if "://" not in target:
            target = ("http" if port == 80 or ":" in host else "https") + "://" + host + target
        self.requested(target, method)

    def requested(self, url: str, method: str) -> None:
        """Write ``http.requested`` and, for a read, ``remote.read``; once per run."""
        url = cut_url(url)
        run, how = self.current()
        if run is not None and run.paused:
            return
        seen = run.seen if run is not None else self.loose
        bare = url.partition("://")[2]
        if (bare, method, "http") in seen:
            return
        seen[(bare, method, "http")] = 1
        self.tell("http.requested", run, how, {"url": url, "method": method})
        if method == "GET":
            self.tell("remote.read", run, how, {"url": url})

    # ------------------------------------------------------------------------------------- children

    def forked(self) -> None:
        """Begin anew in a forked child: nothing inherited is written, no lock is inherited."""
        try:
            run, _ = self.current()
            self.child = True
            if self.parent_run is None and run is not None:
                self.parent_run = run.id
            self.meter_fd = -1
            self.main = -1
            self.thread_runs, self.loose, self.hosts = {}, {}, {}
            self.id = "probe-" + new_id()
            self.journal = LazyJournal(self)
        except BaseException:
            self.paused = True


class LazyJournal(Journal):
    """A forked child's journal: its file is opened at the first event, by path.

    Opening there is safe: the handler runs in a copy of the parent's forking thread, takes no
    lock, and Python itself allows ``open`` after ``fork``. A path is used, not the inherited
    folder descriptor, because programs close all descriptors between fork and exec. A child that
    does nothing worth telling leaves no file.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.folder, self.sid, self.key = probe.folder, probe.sid, probe.journal.key
        self.by = probe.id
        self.queue = deque()
        self.lost = self.seq = 0
        self.prev = None
        self.rest = b""
        self.busy, self.wake = _thread.allocate_lock(), _thread.allocate_lock()
        self.opening = {}
        self.quick = False
        self.texts_known = set()
        self.texts_fd = self.fd = -1
        self.texts_identity = None
        self.closed = False
        self.begun = False

    def drain(self, wait: float = 0.0) -> None:
        """Open the file before the first batch; then write what waits."""
        if not self.begun:
            self.begun = True
            try:
                self.fd = self._create(_join(self.folder, self.by + ".jsonl"))
                self.identity = self._identity(self.fd)
            except Exception:
                self.closed = True
                return
            waiting = list(self.queue)
            self.queue.clear()
            self.probe.introduce()
            self.queue.extend(waiting)
        Journal.drain(self, wait)


# ------------------------------------------------------------------------------------------- hook


def make_hook(probe: Probe) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the audit hook. The event's name is tested first: most events end there."""
    hooked = HOOKED
    handlers = {
        "open": probe.on_open, "os.rename": probe.on_rename, "os.link": probe.on_link,
        "os.symlink": probe.on_symlink, "os.remove": probe.on_remove, "os.rmdir": probe.on_remove,
        "os.mkdir": probe.on_mkdir, "os.truncate": probe.on_truncate, "os.chdir": probe.on_chdir,
        "os.listdir": probe.on_listdir, "os.scandir": probe.on_listdir,
        "mmap.__new__": probe.on_mmap, "sqlite3.connect": probe.on_sqlite,
        "subprocess.Popen": probe.on_popen, "os.system": probe.on_system,
        "os.exec": probe.on_exec_process, "os.posix_spawn": probe.on_spawn,
        "os.spawn": probe.on_spawn_mode, "os.fork": probe.on_fork, "os.forkpty": probe.on_forkpty,
        "pty.spawn": probe.on_pty, "socket.connect": probe.on_connect,
        "socket.getaddrinfo": probe.on_getaddrinfo, "urllib.Request": probe.on_url,
        "http.client.connect": probe.on_http_connect, "http.client.send": probe.on_http_send,
        "compile": probe.on_compile, "exec": probe.on_exec, "import": probe.on_import,
        "jupyter_attest.who": probe.on_who,
    }  # type: dict[str, Callable[[tuple[Any, ...]], None]]  # fmt: skip

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in hooked:
            return
        if probe.paused and event != "jupyter_attest.who":
            return
        try:
            handlers[event](args)
        except BaseException as error:
            if is_foreign(error):
                raise

    return hook


def is_foreign(error: BaseException) -> bool:
    """Tell an error that a signal handler raised meanwhile from one of the probe's own.

    A signal handler of the user's (an interrupt, an alarm) runs wherever the interpreter happens
    to be, and that may be here: its exception is the user's and must arrive.
    """
    foreign = isinstance(error, (KeyboardInterrupt, SystemExit))
    trace = error.__traceback__
    while trace is not None and not foreign:
        frame = trace.tb_frame
        foreign = frame.f_code.co_name != "<lambda>" and frame.f_globals.get("__name__") not in (
            NAME, "posixpath", "ntpath", "genericpath", "os", "json.encoder", "base64", "hmac",
            "pathlib", "pathlib._local", "ast", "fnmatch",
        )  # fmt: skip
        trace = trace.tb_next
    if foreign:
        error.__traceback__ = None  # and a bare raise: our frames don't show (Python 3.11 on)
    return foreign


def ops_of(mode: Any, flags: Any, by_descriptor: bool) -> list[str]:
    """Return the directions of an open from its flags (``os.open``) or mode (C helpers)."""
    flags = flags if type(flags) is int else 0
    if not flags and type(mode) is str and not mode.startswith("r"):
        return ["write", "truncate", "create"] if mode.startswith("w") else ["append"]
    access = flags & 3
    ops = ["read"] if access != os.O_WRONLY else []
    if access != os.O_RDONLY:
        ops.append("append" if flags & os.O_APPEND else "write")
    if flags & os.O_TRUNC and not by_descriptor:
        ops.append("truncate")
        if "write" not in ops and "append" not in ops:
            ops.append("write")
    return ops


def outcome_of(real: str, st: os.stat_result | None, writing: bool, flags: int) -> tuple[str, bool]:
    """Judge whether an open succeeds, and whether that shows only afterwards (a new file)."""
    if st is not None:
        if flags & os.O_EXCL and flags & os.O_CREAT:
            return "failed", False
        needed = (os.W_OK if writing else 0) | (0 if flags & 3 == os.O_WRONLY else os.R_OK)
        return ("opened" if _access(real, needed) else "failed"), False
    if not writing:
        return "failed", False
    if flags and not flags & os.O_CREAT:
        return "failed", False
    if not _access(os.path.dirname(real) or SEP, os.W_OK | os.X_OK):
        return "failed", False
    return "unknown", True


def fd_path(fd: int) -> str | None:
    """Return the path behind a descriptor, None if it is a pipe, a socket or deleted."""
    try:
        path = _readlink("/proc/self/fd/%d" % fd)
    except OSError:
        return None
    return path if path[:1] == "/" and not path.endswith(" (deleted)") else None


def held_files(ours: set[int]) -> set[tuple[int, int]] | None:
    """Return (dev, ino) of the files that others than us hold open here; None if nobody knows.

    Linux 6.2 and later tell the number of open descriptors as the size of ``/proc/self/fd``, so
    that they can be found by fstat, without opening or listing anything.
    """
    try:
        count = _stat("/proc/self/fd").st_size
    except OSError:
        return None
    if not 0 < count < 4096:
        return None
    count -= sum(1 for fd in ours if fd >= 0)
    held, fd = set(), 0
    while count and fd < 8192:
        try:
            st = _fstat(fd)
            if fd not in ours:
                held.add((st.st_dev, st.st_ino))
                count -= 1
        except OSError:
            pass
        fd += 1
    return held if not count else None


def source_of(cached: str) -> str | None:
    """Return the source file of a ``__pycache__`` file: reading one is reading the other."""
    folder, base = os.path.split(cached)
    parent, cache = os.path.split(folder)
    if cache != "__pycache__":
        return None
    return _join(parent, base.partition(".")[0] + ".py")


def blank(raw: Any) -> bool:
    """Tell whether IPython will take this source for empty."""
    return isinstance(raw, str) and (not raw or str.isspace(raw))


def _code_of(cls: type, name: str) -> Any:
    for base in _type_mro(cls):
        function = _type_dict(base).get(name)
        if function is not None:
            return getattr(function, "__code__", None)
    return None


def _error_of(result: Any) -> BaseException | None:
    error = getattr(result, "error_before_exec", None)
    return error if error is not None else getattr(result, "error_in_exec", None)


def _status(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    if type(error) is KeyboardInterrupt:
        return "interrupted"
    return "exited" if type(error) is SystemExit else "error"


#: Where the classes of the kernel's own threads stand.
_KERNEL_MODULES = ("IPython.", "ipykernel.", "zmq.")


def _is_machinery(ident: int) -> bool:
    """Whether a thread is the kernel's own, or a timer that was cancelled or has fired."""
    thread = _threads.get(ident)
    if type(thread) is threading.Timer:
        return thread.finished.is_set()
    return _class_attribute(type(thread), "__module__").startswith(_KERNEL_MODULES)


def _thread_name(ident: int) -> str:
    thread = _threads.get(ident)
    try:
        name = _object_dict(thread, "__dict__").get("_name")
    except AttributeError:
        name = None
    return name if type(name) is str else "thread"


def _target_of(value: Any, kind: type) -> str | None:
    """Return ``module.name`` of a function or class, from the interpreter's own slots."""
    if kind is type:
        module, name = _class_attribute(value, "__module__"), _type_name(value)
    else:
        module, name = value.__module__, value.__qualname__
    if type(module) is not str:
        return None
    return "%s.%s" % (module, name)


# --------------------------------------------------------------------------------------- wrappers


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


# ------------------------------------------------------------------------------------ environment


class Environment:
    """What the kernel's environment is, read once at the start."""

    #: At most this long (seconds) for reading package metadata; after it, folder names are used.
    METADATA_BUDGET = 0.25
    SWITCHES = (
        "PYTHONHASHSEED", "CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS",
        "TF_CUDNN_DETERMINISTIC", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_CBWR", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS",
    )  # fmt: skip

    def __init__(self, shell: Any) -> None:
        self.python = platform.python_version()
        uname = os.uname() if hasattr(os, "uname") else None
        self.platform = (
            "%s-%s-%s" % (uname.sysname, uname.release, uname.machine) if uname else sys.platform
        )
        self.host = uname.nodename if uname else platform.node()
        self.boot_id = read_small("/proc/sys/kernel/random/boot_id").strip() or None
        self.digest = self._digest()
        self.ipykernel = self._version_of("ipykernel")
        self.ipython = self._version_of("IPython")
        self.mounts = self._mounts()
        self.prefixes = self._prefixes()
        self.profile = str(getattr(shell, "ipython_dir", "") or "")
        self.flags = self._flags()
        self.hash_seed = os.environ.get("PYTHONHASHSEED") or "random"
        self.determinism = {name: os.environ.get(name) for name in self.SWITCHES}
        self.listed_by = "dist-info"
        self.packages = self._packages()
        self.versions = {p["name"].lower().replace("_", "-"): p["version"] for p in self.packages}
        self.hardware = self._hardware(uname)

    @staticmethod
    def _digest() -> str | None:
        try:
            with open(__file__, "rb") as file:
                return _sha256(file.read()).hexdigest()
        except OSError:
            return None

    @staticmethod
    def _version_of(module: str) -> str | None:
        value = getattr(_module_table.get(module), "__version__", None)
        return value if isinstance(value, str) else None

    @staticmethod
    def cwd() -> Any:
        """Return the working directory as a name, None if it is gone."""
        try:
            return name_of(_getcwd())
        except OSError:
            return None

    @staticmethod
    def _mounts() -> dict[int, str]:
        """Return file system types by device, from the mount table (no mount point is touched)."""
        mounts = {}
        for line in read_small("/proc/self/mountinfo", 1 << 20).splitlines():
            words = line.split()
            try:
                major, minor = words[2].split(":")
                mounts[os.makedev(int(major), int(minor))] = words[words.index("-") + 1]
            except (ValueError, IndexError, OverflowError):
                continue
        return mounts

    @staticmethod
    def _prefixes() -> list[str]:
        found = {}  # type: dict[str, None]
        for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
            found[prefix] = None
            found[_realpath(prefix)] = None
        return list(found)

    def private(self, home: str) -> tuple[str, ...]:
        """Return where the recorder's and IPython's own files are, read or written."""
        ours = os.path.dirname(os.path.dirname(_realpath(__file__)))
        folders = [home, _realpath(home), ours]
        if self.profile:
            folders += [self.profile, _realpath(self.profile)]
        for base in ("/etc", "/usr/local/etc", _join(sys.prefix, "etc")):
            folders.append(_join(base, "ipython"))
        return tuple(sorted({folder + SEP for folder in folders}))

    def quiet(self) -> tuple[str, ...]:
        """Return the folders whose files are the installation's, unless they are data."""
        parts = ("lib", "lib64", "bin", "share", "etc", "include", "Lib", "DLLs", "Scripts")
        folders = [_join(prefix, part) for prefix in self.prefixes for part in parts]
        folders += ["/usr/lib", "/usr/share/zoneinfo", "/lib", "/etc/ssl"]
        for entry in sys.path:
            if entry.endswith(("site-packages", "dist-packages", ".zip")):
                folders += [entry, _realpath(entry)]
        return tuple(sorted({folder + SEP for folder in folders}))

    @staticmethod
    def _flags() -> dict[str, Any]:
        flags = {}
        for name in dir(sys.flags):
            value = getattr(sys.flags, name)
            if not name.startswith(("_", "n_")) and type(value) in (int, bool):
                flags[name] = value
        return flags

    def _packages(self) -> list[dict[str, Any]]:
        """List the distributions on ``sys.path`` by their metadata folders.

        Not by ``importlib.metadata``: it would load modules that the kernel hasn't loaded.
        """
        found = {}  # type: dict[str, dict[str, Any]]
        until = _mono() + int(self.METADATA_BUDGET * 1e9)
        for entry in list(sys.path):
            try:
                names = os.listdir(entry or ".")
            except OSError:
                continue
            for folder in sorted(names):
                if not folder.endswith((".dist-info", ".egg-info")):
                    continue
                stem, _, version = folder[:-10].partition("-")
                path = _join(entry or ".", folder)
                origin = None
                if _mono() < until:
                    stem, version = self._metadata(path, stem, version)
                    origin = self._origin(path)
                key = stem.lower().replace("_", "-").replace(".", "-")
                if key not in found:
                    found[key] = {"name": stem, "version": version, "origin": origin}
        return [found[key] for key in sorted(found)]

    @staticmethod
    def _metadata(path: str, name: str, version: str) -> tuple[str, str]:
        text = read_small(_join(path, "METADATA"), 2048)
        for line in text.splitlines():
            if not line:
                break
            if line.startswith("Name: "):
                name = line[6:].strip()
            elif line.startswith("Version: "):
                version = line[9:].strip()
        return name, version

    @staticmethod
    def _origin(path: str) -> str | None:
        """Say how a distribution was installed (PEP 610, direct_url.json)."""
        direct = _join(path, "direct_url.json")
        if try_stat(direct) is None:
            return "conda" if read_small(_join(path, "INSTALLER"), 64).strip() == "conda" else None
        try:
            told = json.loads(read_small(direct))
            if "vcs_info" in told:
                return "vcs"
            return "editable" if told.get("dir_info", {}).get("editable") else "direct"
        except ValueError:
            return "direct"

    @staticmethod
    def _hardware(uname: Any) -> dict[str, Any]:
        cpu = None
        for line in read_small("/proc/cpuinfo").splitlines():
            if line.startswith(("model name", "Model")):
                cpu = line.partition(":")[2].strip()
                break
        try:
            memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            memory = None
        hints = [path for path in ("/.dockerenv", "/run/.containerenv") if try_stat(path)]
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            hints.append("kubernetes")
        return {
            "system": uname.sysname if uname else sys.platform,
            "release": uname.release if uname else platform.release(),
            "machine": uname.machine if uname else platform.machine(),
            "cpu": cpu, "cpuCount": os.cpu_count(), "memoryBytes": memory,
            "accelerators": accelerators(), "containerHints": hints,
        }  # fmt: skip


def accelerators() -> list[dict[str, Any]]:
    """Return the accelerators that the kernel's driver tells of, without loading a library."""
    found = []
    driver = None
    for word in read_small("/proc/driver/nvidia/version").split():
        if word.count(".") >= 1 and word.replace(".", "").isdigit():
            driver = word
            break
    try:
        cards = sorted(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        cards = []
    for card in cards:
        model = None
        told = read_small(_join("/proc/driver/nvidia/gpus", card, "information"))
        for line in told.splitlines():
            if line.startswith("Model:"):
                model = line.partition(":")[2].strip()
        found.append({"kind": "nvidia", "name": model, "driver": driver})
    amd = read_small("/sys/module/amdgpu/version").strip()
    if amd:
        found.append({"kind": "amd", "name": None, "driver": amd})
    return found


# ------------------------------------------------------------------------------------------ start


def active_probe() -> Probe | None:
    """Return the probe that already records this process, asking through the audit hooks."""
    answer: list[Any] = []
    try:
        sys.audit("jupyter_attest.who", answer)
    except Exception:
        return None
    return answer[0] if answer else None


def start_late(shell: Any, folder: str, runs_missed: int) -> str:
    """Start in a kernel that is running already; the current run is recorded from here on.

    Returns the id of the session. Raises OSError if the session's folder can't be written.
    """
    probe = Probe(shell, folder, "late", runs_missed)
    probe.start()
    request = probe.request()
    if request.code is not None and not request.open:
        info = types.SimpleNamespace(raw_cell=request.code, store_history=None, silent=False)
        probe.open_run(request, "cell", info, request.code)
    return probe.sid


def launch() -> None:
    """Start in a kernel that our provisioner launched; then run the user's own startup file."""
    environ = os.environ
    folder = environ.pop("JUPYTER_ATTEST_SESSION", None)
    users = environ.pop("JUPYTER_ATTEST_STARTUP", None)
    if users:
        environ["PYTHONSTARTUP"] = users
    else:
        environ.pop("PYTHONSTARTUP", None)
    shell = _module_table["IPython"].get_ipython()
    try:
        if folder and hasattr(shell, "kernel"):
            Probe(shell, folder, "launch", 0).start()
            try:
                os.unlink(_join(folder, "starting"))
            except OSError:
                pass
    except BaseException:  # the marker stays: the next start of this kernel is a plain one
        pass
    if users:
        run_startup(shell, users)


def run_startup(shell: Any, path: str) -> None:
    """Run the user's startup file as IPython would have, errors included."""
    app: Any = shell.kernel.parent
    ours = os.path.dirname(os.path.realpath(__file__))
    there = bool(sys.path) and sys.path[0] == ours
    if there:
        del sys.path[0]
    try:
        app._exec_file(path)
    except Exception:
        app.log.warning("Unknown error in handling PYTHONSTARTUP file %s:", path)
        shell.showtraceback()
    finally:
        if there:
            sys.path.insert(0, ours)


if globals().get("launched"):
    launch()
