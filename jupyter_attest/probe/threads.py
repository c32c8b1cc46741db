"""Which run a thread works for: the one that started it, however long it lives."""

from __future__ import annotations

import _thread
import sys
import types
from typing import TYPE_CHECKING, Any, Callable

from .references import SEP, _id, _ident, _module_table, _object_dict, _threading, _threads
from .starters import dressed
from .values import module_of

if TYPE_CHECKING:
    from .core import Probe
    from .recording import Run

#: Where the classes and the functions of threads stand that do nothing by themselves: the kernel's
#: own, those that feed processes of a pool, a progress bar's.
MACHINERY = (
    "IPython.", "ipykernel.", "zmq.", "multiprocessing.queues", "concurrent.futures.process",
    "joblib.externals.loky.", "loky.", "tqdm.",
)  # fmt: skip
#: Functions of ``multiprocessing.pool`` that run on threads and only look after processes.
HANDLERS = frozenset({"_handle_workers", "_handle_tasks", "_handle_results"})
#: Packages whose tasks a kernel has without anybody asking.
SERVERS = tuple(SEP + name + SEP for name in ("ipykernel", "tornado", "zmq", "IPython"))
#: More tasks than this aren't looked at.
MANY = 10_000


class Threads:
    """The threads of one process and the runs that started them.

    A thread inherits no context from the one that starts it. So the two functions of the
    interpreter that start one are wrapped: they note the run of the calling context and call the
    original.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        #: By the id of a ``Thread`` object, which is written anew when it is used again.
        self.starts: dict[int, Run | None] = {}
        #: Threads without such an object, by their ident.
        self.raw: dict[int, Run | None] = {}

    def install(self) -> None:
        """Wrap what starts threads."""
        own = getattr(_threading, "__dict__", {})
        for names, name in (
            (own, "_start_new_thread"), (own, "_start_joinable_thread"),
            (_thread.__dict__, "start_new_thread"),
        ):  # fmt: skip
            original = names.get(name)
            if original is not None and not hasattr(original, "__wrapped__"):
                names[name] = dressed(self._starting(original), original)

    def _starting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def start_new_thread(*args: Any, **named: Any) -> Any:
            self.starting = None
            thread = self.probe.attempt("start of a thread", self.note, args)
            ident = original(*args, **named)
            if thread is None and type(ident) is int:
                self.raw[ident] = self.starting
            return ident

        return start_new_thread

    starting: Run | None = None

    def note(self, args: tuple[Any, ...]) -> Any:
        """Remember the run that starts a thread; return its ``Thread`` object, None without one."""
        self.starting, _ = self.probe.current()
        function = args[0] if args else None
        thread = function.__self__ if type(function) is types.MethodType else None
        if thread is None or not issubclass(type(thread), _threading.Thread):  # type: ignore[union-attr]
            return None
        self.starts[_id(thread)] = self.starting
        return thread

    def current(self) -> tuple[bool, Run | None]:
        """Tell whether it is known who started the calling thread, and the run that did."""
        ident = _ident()
        thread = _threads.get(ident)
        if thread is not None and type(thread) is not getattr(_threading, "_DummyThread", None):
            return True, self.starts.get(_id(thread))
        return ident in self.raw, self.raw.get(ident)

    def left_by(self, run: Run) -> list[str]:
        """Return the names of the threads that a run leaves and that may still do something."""
        names: list[str] = []
        if not self.starts and not self.raw:
            return names
        for ident, thread in list(_threads.items()):
            if self.starts.get(_id(thread)) is run and not is_idle(ident, thread):
                names.append(thread_name(thread))
        self._forget_ended()
        if self.raw:
            there = sys._current_frames()
            mine = [ident for ident, owner in list(self.raw.items()) if owner is run]
            names.extend("thread" for ident in mine if ident in there)
        return names

    def _forget_ended(self) -> None:
        limbo = getattr(_threading, "_limbo", {})
        alive = {_id(thread) for table in (_threads, limbo) for thread in list(table.values())}
        for number in list(self.starts):
            if number not in alive:
                del self.starts[number]
        if len(self.raw) > MANY:
            self.raw.clear()

    # ------------------------------------------------------------------------------------- tasks

    def tasks(self) -> set[int] | None:
        """Return the ids of the tasks that are not done on the calling thread's loop."""
        found = self._tasks()
        return None if found is None else {_id(task) for task in found}

    def _tasks(self) -> list[Any] | None:
        names = getattr(_module_table.get("asyncio"), "__dict__", {})
        try:
            loop = names["get_running_loop"]()
            found = names["all_tasks"](loop)
            return list(found) if len(found) < MANY else None
        except (KeyError, RuntimeError):
            return None

    def pending(self, run: Run) -> int | None:
        """Count the tasks and timers that a run leaves on its loop; None if that isn't known."""
        found = self._tasks()
        if found is None or run.tasks is None:
            return None
        names = _module_table["asyncio"].__dict__
        here = names["current_task"]()
        left = [
            task
            for task in found
            if task is not here and _id(task) not in run.tasks and not is_server(task)
        ]
        return len(left) + self._timers(run, names["get_running_loop"]())

    def _timers(self, run: Run, loop: Any) -> int:
        """Count calls of ``loop.call_later`` and ``call_at`` in this run's context."""
        waiting = getattr(loop, "__dict__", {}).get("_scheduled")
        if type(waiting) is not list or len(waiting) > MANY:
            return 0
        count = 0
        for handle in waiting:
            context = getattr(handle, "_context", None)
            callback = getattr(handle, "_callback", None)
            if context is None or callback is None or handle._cancelled:
                continue
            function = callback.__func__ if type(callback) is types.MethodType else callback
            if type(function) is not types.FunctionType and type(function) is not type(len):
                function = None  # a partial or an object: somebody's, whatever it is
            module = getattr(function, "__module__", None) or ""
            count += not module.startswith(("asyncio.", "tornado.")) and self._is_of(run, context)
        return count

    def _is_of(self, run: Run, context: Any) -> bool:
        probe = self.probe
        if probe.run_var is not None:
            return context.get(probe.run_var) is run
        message = context.get(probe.parent_var) if probe.parent_var is not None else None
        header = message.get("header") if type(message) is dict else None
        return type(header) is dict and header.get("msg_id") == run.request.id


def is_idle(ident: int, thread: Any) -> bool:
    """Tell whether a thread is the machinery's own, a timer that is over, a pool's that waits."""
    if type(thread) is getattr(_threading, "Timer", None):
        return bool(thread.finished.is_set())
    if module_of(type(thread)).startswith(MACHINERY):
        return True
    try:
        target = _object_dict(thread, "__dict__").get("_target")
    except AttributeError:
        return False
    function = target.__func__ if type(target) is types.MethodType else target
    if type(function) is not types.FunctionType:
        return False
    module = function.__module__
    if type(module) is str and module.startswith(MACHINERY):
        return True
    if module == "multiprocessing.pool" and function.__name__ in HANDLERS:
        return True
    return module == "concurrent.futures.thread" and _waits_for_work(ident, function)


def _waits_for_work(ident: int, function: Any) -> bool:
    """Tell whether a pool's thread has nothing to do: its own function waits for the queue."""
    frame = sys._current_frames().get(ident)
    return frame is not None and frame.f_code is function.__code__


def is_server(task: Any) -> bool:
    """Tell whether a task is one of the kernel's own."""
    code = getattr(task.get_coro(), "cr_code", None) if hasattr(task, "get_coro") else None
    return code is not None and any(part in code.co_filename for part in SERVERS)


def thread_name(thread: Any) -> str:
    """Return a thread's name without asking it."""
    try:
        name = _object_dict(thread, "__dict__").get("_name")
    except AttributeError:
        name = None
    return name if type(name) is str else "thread"
