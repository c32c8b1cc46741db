"""Functions that start other programs: a Python among those gets the probe by its environment.

The audit hook can't change what it hears of, and ``multiprocessing``'s spawn and loky start their
children with no audit event at all. So the few functions of the interpreter that start a program
are wrapped. Each wrapper adds two names to the environment of the *child* (``JUPYTER_ATTEST_CHILD``
and a first entry of ``PYTHONPATH``), tells the start with the child's process id, and calls the
original; the kernel's own environment and path stay as they are. ``carrier/sitecustomize.py`` takes
both back before the child's program begins. A Python started with ``-S``, ``-E`` or ``-I`` reads
neither; it counts as any other program does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable

from .references import SEP, _access, _ident, _join, _module_table
from .values import plain_text

if TYPE_CHECKING:
    from .observer import Observer

    Call = Callable[..., Any]

CHILD = b"JUPYTER_ATTEST_CHILD"
PATH = b"PYTHONPATH"
#: Words that tell what a start of the standard library's or of loky's is for.
PURPOSES = (
    ("resource_tracker", "resource-tracker"), ("forkserver", "forkserver"), ("loky", "loky"),
    ("--multiprocessing-fork", "spawn"), ("multiprocessing.spawn", "spawn"),
)  # fmt: skip


class Starters:
    """The wrapped starters of one process."""

    def __init__(self, probe: Observer) -> None:
        self.probe = probe
        here = os.path.dirname(os.path.abspath(__file__))
        carrier = _join(here, "carrier")
        there = _access(_join(carrier, "sitecustomize.py"), os.F_OK) and os.pathsep not in carrier
        self.carrier = os.fsencode(carrier) if there and os.name == "posix" else b""
        # The interpreter's own table of names, which os.environ keeps in step with the process's.
        data = getattr(os.environ, "_data", None)
        self.names: dict[Any, Any] = data if type(data) is dict else {}
        #: Popen's own words of the start that this thread is about to make.
        self.meant: dict[int, tuple[Any, Any, str | None]] = {}
        #: Threads inside a wrapped function that tells its start by itself.
        self.inside: set[int] = set()
        #: What ``os.system`` was given, by the text that the shell gets.
        self.commands: dict[str, str] = {}
        self.waiting = {"_posixsubprocess", "subprocess"} if self.carrier else set()

    def install(self) -> None:
        """Wrap what this process has; ``look`` does the rest when it is loaded."""
        if not self.carrier:
            return
        for name, make in (
            ("execv", self._execv), ("execve", self._execve), ("system", self._system),
            ("posix_spawn", self._spawn), ("posix_spawnp", self._spawn), ("_exit", self._exit),
        ):  # fmt: skip
            original = getattr(os, name, None)
            if original is not None:
                wrapped = dressed(make(original), original)
                setattr(os, name, wrapped)
                if original in os.supports_fd:
                    os.supports_fd.add(wrapped)
        self.look()

    def look(self) -> None:
        """Wrap ``fork_exec`` where it is loaded by now."""
        for module, name in (("_posixsubprocess", "fork_exec"), ("subprocess", "_fork_exec")):
            names = getattr(_module_table.get(module), "__dict__", {})
            original = names.get(name)
            if module not in self.waiting or original is None:
                continue
            self.waiting.discard(module)
            if not hasattr(original, "__wrapped__"):
                names[name] = dressed(self._fork_exec(original), original)

    # ------------------------------------------------------------------------------- environment

    def inherited(self) -> dict[bytes, bytes]:
        """Return the environment that a child inherits."""
        try:
            return c_environment()
        except Exception:
            return dict(self.names)

    def carried(self, names: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Return a child's environment with what brings the probe into a Python."""
        probe = self.probe
        run, _ = probe.current()
        id = probe.parent_run if probe.child else None if run is None else run.id
        text = id if id is not None and "|" not in id else ""
        path = names.get(PATH)
        had = b"0" if path is None else b"1"
        return {
            **names,
            PATH: self.carrier + (os.pathsep.encode() + path if path else b""),
            CHILD: b"|".join((had, os.fsencode(text), os.fsencode(probe.folder))),
        }

    def of_mapping(self, env: Any) -> Any:
        """Return a mapping with ours added; the given one if its items can't be read safely.

        None stands for the process's own environment: Python 3.13 takes it in ``posix_spawn``.
        """
        env = self.inherited() if env is None else env
        data = getattr(env, "_data", None) if type(env) is type(os.environ) else env
        if type(data) is not dict or self.probe.paused:
            return env
        names = {}
        for name, value in data.items():
            if type(name) not in (str, bytes) or type(value) not in (str, bytes):
                return env
            names[os.fsencode(name)] = os.fsencode(value)
        return self.carried(names)

    def of_list(self, env: Any) -> Any:
        """Return ``fork_exec``'s list of ``NAME=value`` with ours added."""
        if self.probe.paused:
            return env
        if env is None:
            names = self.inherited()
        elif type(env) is list and all(type(item) is bytes for item in env):
            pairs = (item.partition(b"=") for item in env)
            names = {name: value for name, _, value in pairs}
        else:
            return env
        return [name + b"=" + value for name, value in self.carried(names).items()]

    def safely(self, change: Call, value: Any) -> Any:
        """Change a value, or leave it as it is when anything goes wrong."""
        changed = self.probe.attempt("start of a program", lambda: (change(value),))
        return value if changed is None else changed[0]

    # -------------------------------------------------------------------------------- the starters

    def _fork_exec(self, original: Call) -> Call:
        def fork_exec(*args: Any) -> Any:
            if len(args) > 5:
                args = (*args[:5], self.safely(self.of_list, args[5]), *args[6:])
            pid = original(*args)
            self.safely(self.began, (args, pid))
            return pid

        return fork_exec

    def began(self, started: tuple[tuple[Any, ...], Any]) -> None:
        """Tell a start by ``fork_exec``."""
        args, pid = started
        if self.probe.paused:
            return
        pid = pid if type(pid) is int else None
        if self.by_popen(args[0], pid):
            return
        how = "fork_exec"
        if type(args[0]) in (list, tuple):
            text = " ".join([plain_text(word) or "" for word in args[0]])
            how = next((purpose for mark, purpose in PURPOSES if mark in text), how)
        self.probe.started(how, args[0], None, False, None, pid)

    def by_popen(self, argv: Any, pid: int | None) -> bool:
        """Tell a start in the words of the Popen that this thread makes, if it is that one."""
        words, program, shell = self.meant.pop(_ident(), (None, None, None))
        said = shell if type(words) not in (list, tuple) or not words else plain_text(words[-1])
        if said is None or plain_text(argv[-1]) != said:  # of a start that never was
            return False
        self.probe.started("subprocess", words, program, False, shell, pid)
        return True

    def _spawn(self, original: Call) -> Call:
        def posix_spawn(path: Any, argv: Any, env: Any, **options: Any) -> Any:
            env = self.safely(self.of_mapping, env)
            self.inside.add(_ident())
            try:
                pid = original(path, argv, env, **options)
            finally:
                self.inside.discard(_ident())
            self.safely(self.spawned, (path, argv, pid))
            return pid

        return posix_spawn

    def spawned(self, started: tuple[Any, Any, int]) -> None:
        """Tell a start by ``posix_spawn``, which Popen uses where it can."""
        path, argv, pid = started
        if not self.probe.paused and not self.by_popen(argv, pid):
            self.probe.started("spawn", argv, path, False, None, pid)

    def _execv(self, original: Call) -> Call:
        execve = os.execve  # our wrapper comes later: this is the interpreter's own

        def execv(path: Any, argv: Any) -> Any:
            env = self.safely(self.of_mapping, self.inherited())
            return execve(path, argv, env) if env is not None else original(path, argv)

        return execv

    def _execve(self, original: Call) -> Call:
        def execve(path: Any, argv: Any, env: Any) -> Any:
            return original(path, argv, self.safely(self.of_mapping, env))

        return execve

    def _system(self, original: Call) -> Call:
        def system(command: Any) -> Any:
            text = self.safely(self.exported, command)
            try:
                return original(text)
            finally:
                self.commands.pop(text, None)

        return system

    def exported(self, command: Any) -> Any:
        """Return a command for the shell that exports our names first."""
        text = plain_text(command)
        if text is None or self.probe.paused:
            return command
        names = self.carried(self.inherited())
        words = ["%s='%s'" % (os.fsdecode(name), os.fsdecode(names[name]).replace("'", "'\"'\"'"))
                 for name in (CHILD, PATH)]  # fmt: skip
        whole = "export %s; %s" % (" ".join(words), text)
        self.commands[whole] = text
        return whole

    def _exit(self, original: Call) -> Call:
        def _exit(status: Any) -> Any:
            self.safely(self.probe.left, status)
            return original(status)

        return _exit


def c_environment() -> dict[bytes, bytes]:
    """Return the process's environment as C has it: ``os.environ`` lacks what ``os.putenv`` and
    native code (readline) set.

    Raises whatever comes up where ``ctypes`` isn't loaded or can't reach it.
    """
    ctypes = _module_table["ctypes"].__dict__
    lines = ctypes["POINTER"](ctypes["c_char_p"]).in_dll(ctypes["pythonapi"], "environ")
    names: dict[bytes, bytes] = {}
    for line in lines:
        if line is None:
            break
        name, _, value = line.partition(b"=")
        names.setdefault(name, value)
    return names


def dressed(call: Call, original: Call) -> Call:
    """Give a wrapper the name and the documentation of what it stands for."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(call, name, getattr(original, name, None))
    call.__wrapped__ = original  # type: ignore[attr-defined]
    return call


#: Anything in a shell's command that makes it more than the start of one program.
MORE = frozenset(";&|<>()$`\n{}*?[]~#!=\\")
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
#: Of the names of their scripts.
ENDINGS = (".sh", ".bash", ".zsh", ".ksh")


def shell_text(words: Any) -> str | None:
    """Return the command of ``sh -c command``, None for anything else."""
    if type(words) not in (list, tuple) or len(words) < 3:
        return None
    first, flag, command = (plain_text(word) for word in words[:3])
    if first is None or flag != "-c" or first.rpartition(SEP)[2] not in SHELLS:
        return None
    return command


def is_simple(command: str) -> bool:
    """Tell whether a shell only has to start one program to carry out a command."""
    return MORE.isdisjoint(command) and not is_script(command.partition(" ")[0])


def is_script(word: str) -> bool:
    """Tell whether a program is a shell or one of its scripts, by its name."""
    name = word.rpartition(SEP)[2]
    return name in SHELLS or name.endswith(ENDINGS) or name in (".", "source", "eval")
