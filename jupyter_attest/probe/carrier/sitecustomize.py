# mypy: ignore-errors
"""How the probe comes into a Python that a recorded kernel started.

The starter put this folder first in the child's ``PYTHONPATH``, so ``site`` imports this file. It
takes back what was added (two names of the environment, one entry of ``sys.path``, the modules that
the probe needs), begins recording, and lets ``site`` find the ``sitecustomize`` that it would have
found without us, if there is one. Python 3.8 syntax, standard library only, nothing but built-in
modules before the probe.
"""


def _begin() -> None:
    import os
    import sys

    folder = os.path.dirname(os.path.abspath(__file__))
    told = os.environ.pop("JUPYTER_ATTEST_CHILD", "")
    entries = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    theirs = os.pathsep.join(entry for entry in entries if entry != folder)
    had, _, rest = told.partition("|")
    run, _, session = rest.partition("|")
    if theirs or had == "1":
        os.environ["PYTHONPATH"] = theirs
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    if not session:
        return
    before = [(table, set(table)) for table in (sys.modules, sys.path_importer_cache)]
    try:
        _load(os.path.join(os.path.dirname(folder), "child.py"))["start_worker"](session, run)
    finally:
        for table, known in before:
            for name in set(table) - known:
                del table[name]


def _load(path):
    """Run the probe, compiled once a Python version, in a namespace that no module table shows."""
    import __future__

    import sys
    from _frozen_importlib_external import SourceFileLoader

    flags = __future__.annotations.compiler_flag

    class Loader(SourceFileLoader):
        def source_to_code(self, data, path, *, _optimize=-1):
            return compile(data, path, "exec", flags, dont_inherit=True, optimize=_optimize)

    namespace = {"__name__": "jupyter_attest_probe", "__file__": path}
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, False  # the copy's folder is ours
    try:
        code = Loader("jupyter_attest_probe", path).get_code("jupyter_attest_probe")
    finally:
        sys.dont_write_bytecode = kept
    exec(code, namespace)
    return namespace


try:
    _begin()
except KeyboardInterrupt:
    raise
except BaseException:  # the child comes first
    pass
__import__("sys").modules.pop(__name__, None)
import sitecustomize  # noqa: E402, F401
