"""Begin and end of runs."""

from __future__ import annotations

import ast
import builtins
import types
from typing import Any

from .code import Facts, _target_of, global_loads, reached_functions
from .meter import Meter
from .recording import PERIOD, Request, Run
from .references import (
    _frame,
    _module_table,
    _perf,
    _type_dict,
    _type_mro,
    _type_name,
)
from .values import plain_text, type_name

#: Stands among the functions reached for code that was compiled from a text, and for pickles.
BY_TEXT = "<text>"


class Runs(Meter):
    """Cells, nested and silent runs, expressions and callbacks."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        self.code_run_cell = _code_of(type(shell), "run_cell_async")
        self.code_expressions = _code_of(type(shell), "user_expressions")
        # IPython's compiler is one of codeop's; a child has none.
        compiler = getattr(_module_table.get("codeop"), "Compile", None)
        self.code_compile = None if compiler is None else _code_of(compiler, "__call__")

    def attach(self) -> None:
        """Register the callbacks unless they are registered."""
        for event, callback in (
            ("pre_execute", self.pre_execute),
            ("post_execute", self.post_execute),
            ("post_run_cell", self.post_run_cell),
        ):
            self.shell.events.register(event, callback)

    def pre_execute(self) -> None:
        """Begin a run: a cell, nested, silent or a widget's callback."""
        self.attempt("begin of a run", self._begin, _frame(2))

    def _begin(self, frame: Any) -> None:
        if frame.f_code is not self.code_run_cell:
            self.begin(None, None, None)
            return
        scope = frame.f_locals
        count = scope.get("execution_count")
        if count is None:  # IPython 8
            count = getattr(scope.get("result"), "execution_count", None)
        self.begin(scope.get("info"), scope.get("transformed_cell"), count)

    def begin(self, info: Any, transformed: Any, count: Any) -> Run:
        """Write ``run.started`` (with IPython's ExecutionInfo; None for a callback)."""
        self.attempt("pause", self.look_for_pause)
        request = self.request()
        if not self.open_runs and not self.paused:
            self.evidence.between()
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
        run.tasks = self.attempt("tasks", self.threads.tasks)
        self.attempt("meter", self.begin_meter, run)
        run.began = _perf()
        return run

    def post_execute(self) -> None:
        """End a silent run or a callback; all others end in ``post_run_cell``."""
        self.attempt("end of a run", self._post_execute, _frame(2))

    def _post_execute(self, frame: Any) -> None:
        request = self.request()
        run = request.open[-1] if request.open else None
        if run is None:
            return
        if run.kind == "callback":
            self.end(run, None)
            return
        scope = frame.f_locals
        raw = scope.get("raw_cell", scope.get("code"))
        if scope.get("silent") and run.info is not None and run.info.silent and not blank(raw):
            self.end(run, scope.get("result", scope.get("res")))

    def post_run_cell(self, result: Any = None) -> None:
        """End the run that this result belongs to."""
        self.attempt("end of a run", self._post_run_cell, result)

    def _post_run_cell(self, result: Any) -> None:
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

    def end(self, run: Run, result: Any) -> None:
        """Write what the run left behind: settled files, facts of its code, ``run.ended``."""
        duration = _perf() - run.began
        seen = not (run.paused or self.paused)
        if seen:
            self.attempt("children", self.hear, run)
        measured = self.attempt("meter", self.end_meter, run) if seen else None
        request = run.request
        while request.open and request.open[-1] is not run:
            self._abandon(request.open.pop())
        request.open.pop()
        request.last = run
        if self.run_var is not None:
            self.run_var.set(request.open[-1] if request.open else None)
        self.open_runs.pop(run.id, None)
        if not run.paused:
            known: tuple[Facts | None, list[dict[str, Any]]] = (None, [])
            if seen:
                self.attempt("files of a run", self.settle, run)
                known = self.attempt("code of a run", self.tell_code, run, result) or known
            alive = self.attempt("threads", self.threads.left_by, run)
            pending = self.attempt("tasks", self.threads.pending, run)
            if alive is None or alive or pending:
                self.evidence.accompanied = True
            error = _error_of(result)
            fields = {
                "status": _status(error),
                "ename": None if error is None else _type_name(type(error)),
                "durationNs": str(duration),
                "threadsAlive": alive or [],
                "tasksPending": pending,
            }  # type: dict[str, Any]
            if measured is not None:
                fields["meter"] = measured
            self.journal.put("run.ended", run.id, "context", fields)
            if seen:
                self.evidence.owe(run.id, *known, now=bool(self.open_runs))
        self.attempt("wrappers", self.wrappers.look)
        self.tell_failures(run)
        run.forget()
        if not self.evidence.owed:  # else it hurries when that is taken
            self.journal.hurry()

    def _abandon(self, run: Run) -> None:
        """Close a run whose end nobody told us (its callbacks were taken away)."""
        self.open_runs.pop(run.id, None)
        if not run.paused:
            covers = {"run": run.id, "reason": "its end wasn't reported"}
            self.journal.put("gap", run.id, "context", {"code": "probe-silent", "covers": covers})
        run.forget()

    def tell_code(
        self, run: Run, result: Any, partial: bool = False
    ) -> tuple[Facts | None, list[dict[str, Any]]]:
        """Write ``run.code`` from the trees that IPython compiled for this run so far.

        Returns the facts, None where the code isn't known, and the functions reached.
        """
        if run.kind in ("callback", "expression"):
            return None, []
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
        owners = {}  # type: dict[str, str]
        for name, statements in facts.attribute_stores.items():
            base = name.partition(".")[0]
            owner, _ = self._receiver(name, base, min(statements), facts, namespace)
            if owner is not None and min(statements) >= 0:
                owners[name] = owner
        reached = reached_functions(facts.loads | run.by_text, namespace)
        if run.by_text:
            reached.append({"name": BY_TEXT, "loads": sorted(run.by_text)})
        self.journal.put("run.code", run.id, "context", {
            **({"partial": True} if partial else {}),
            "parse": "failed" if failed else "ok",
            "loads": sorted(facts.loads),
            "deferred": sorted(facts.deferred),
            "stores": sorted(facts.stores),
            "carried": sorted(facts.carried & facts.stores.keys()),
            "deletes": sorted(facts.deletes),
            "imports": sorted(facts.imports),
            "magics": sorted(facts.magics),
            **({"told": sorted(facts.told)} if facts.told else {}),
            "dynamic": sorted(facts.dynamic),
            "attributeStores": sorted(facts.attribute_stores),
            **({"attributeOwners": owners} if owners else {}),
            "subscriptStores": sorted(facts.subscript_stores),
            "calls": list(calls.values()),
            "constructs": sorted(facts.constructs),
            "reached": reached,
        })  # fmt: skip
        self.wrappers.look_at_texts(run, facts.texts)
        return facts, reached

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

    def tell_long_runs(self) -> None:
        """Write the code facts of a long run before its end: it may never come."""
        for run in list(self.open_runs.values()):
            told = len(run.trees)
            if told > run.told and not self.paused and _perf() - run.began > PERIOD * 1e9:
                run.told = told
                self.tell_code(run, None, partial=True)

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

    def notice_expressions(self) -> None:
        """Begin a run where a request's user expressions are evaluated: called by ``on_exec``."""
        if self.code_expressions is not None and _frame(3).f_code is self.code_expressions:
            request = self.request()
            if request.open or (request.last is not None and request.last.kind == "expression"):
                return
            run = self.open_run(request, "expression", None, None)
            # Nothing tells when the expressions end: what they do is attributed to the last run
            # of their request, which is this one.
            self.end(run, None)

    def note_text(self, code: Any) -> None:
        """Remember which names of the notebook code reads that was compiled from a text."""
        if type(code) is not types.CodeType or code.co_filename[:1] != "<":
            return
        if code.co_filename.startswith("<frozen"):  # the import system's
            return
        run, _ = self.current()
        if run is not None and run.id in self.open_runs:
            run.by_text |= global_loads(code) & self.shell.user_ns.keys()

    def on_find_class(self, args: tuple[Any, ...]) -> None:
        """Remember which function or class of the notebook a pickle names."""
        module, name = args
        if type(module) is str and module == "__main__" and type(name) is str:
            run, _ = self.current()
            if run is not None and run.id in self.open_runs:
                run.by_text.add(name.partition(".")[0])

    def on_dlopen(self, args: tuple[Any, ...]) -> None:
        """Remember a library that ctypes loads."""
        path = plain_text(args[0])
        if path and self.evidence.state is not None:
            self.evidence.state.loading.append(path)


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
