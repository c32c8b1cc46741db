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
            {
                "__name__": "jupyter_attest_probe",
                "__file__": __file__,
                "launched": True,
                # A copy: builtins that a program replaces aren't called here.
                "__builtins__": dict(__import__("builtins").__dict__),
            },
        )
    except BaseException:  # the kernel and the user's startup come first
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
``wrappers.json`` (same name, signature and file) and those that start threads and programs, and,
for a user's own audit hook, the ``open`` of a new text.
"""
