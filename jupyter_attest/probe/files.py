"""Files and folders, as the audit events of Python name them."""

from __future__ import annotations

import os
import stat as statmod
from typing import Any

from .descriptors import OpenInFolder
from .journal import judge_outcome
from .recording import PERIOD, Recording, Run
from .references import (
    SEP,
    _access,
    _frame,
    _fstat,
    _getcwd,
    _ident,
    _join,
    _lstat,
    _mono,
    _pread,
    _readlink,
    _realpath,
    _stat,
)
from .sql import database_file
from .values import name_of, plain_text, stat_fields, try_stat

DATA_SUFFIXES = (
    ".csv", ".tsv", ".csv.gz", ".parquet", ".feather", ".arrow", ".npz", ".npy", ".h5", ".hdf5",
    ".pkl", ".pkl.gz", ".joblib", ".xls", ".xlsx", ".mat", ".nc", ".rda", ".dat", ".data", ".jsonl",
    ".safetensors", ".onnx", ".pt", ".pth",
)  # fmt: skip
#: Never data of a notebook's: the kernel's own views.
SYSTEM_PREFIXES = ("/proc/", "/sys/", "/dev/") if os.name == "posix" else ()
WRITING = frozenset({"write", "append", "create", "truncate"})

#: So often the open descriptors are looked at before it is given up.
LOOKS = 4
#: ``importlib.metadata`` is no frozen module.
_IMPORTLIB = _join(os.path.dirname(os.__file__), "importlib")


class Files(Recording):
    """Opens, renames, removals, listings and maps."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        self.in_folder = OpenInFolder(self)
        #: Files mapped for writing that may still be: real path and inode.
        self.writable: dict[str, int] = {}
        #: Files that an ended run read and left open: real path and state, by device and inode.
        self.left_open: dict[tuple[int, int], tuple[str, os.stat_result]] = {}

    def absolute(self, path: Any, dir_fd: Any = None) -> str | None:
        """Return the absolute text of a path argument at this moment; None if it has none."""
        if type(path) is int:
            return fd_path(path)
        text = plain_text(path)
        if not text or "\0" in text or (text[0] == "<" and text[-1] == ">"):
            return None
        if text[0] == "/" == SEP or os.path.isabs(text):
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
        folder = None
        if mode is None:  # os.open
            if self.in_folder.caller() == "_get_default_tempdir":
                return  # tempfile tries where it may write
            if self.in_folder.folders:
                folder = self.in_folder.folders.get(_ident())
        if folder is not None:
            path = self.absolute(path, folder)
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
        more: dict[str, Any] | None = None,
    ) -> None:
        """Write ``file.opened`` unless it is noise, a folder, a device, or known of this run.

        A wrapper may add ``more`` fields: what the path holds, and an outcome that it knows better.
        """
        absolute = self.absolute(path)
        if absolute is None:
            return
        writing = not WRITING.isdisjoint(ops)
        if self.is_noise(absolute, writing):
            if via == "audit" and not writing:
                self.count_filtered(absolute)
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
        named = False
        if real is not absolute:
            named = os.path.basename(absolute) not in (os.path.basename(real), "", ".", "..")
            if self.is_noise(real, writing):
                return
        if st is not None:
            if statmod.S_ISDIR(st.st_mode) and via == "audit":
                return
            if statmod.S_ISCHR(st.st_mode) or statmod.S_ISBLK(st.st_mode):
                return
        if st is None and writing and flags & os.O_CREAT and "create" not in ops:
            ops = [*ops, "create"]
        seen = run.seen if run is not None else self.loose
        identity = None if writing or st is None else state_of(st)
        key = (real, tuple(ops), identity)
        if st is not None and (via == "audit" or (via != "maps" and key not in seen)):
            self.count(run, real, st, ops, type(path) is int)
        moved = writing and run is not None and real in run.moved and real not in run.written
        if key in seen and not moved:  # what was written and moved away is written anew
            return
        versions = seen.get((real, "versions"), 0)
        if versions > 16:
            # A loop that rewrites and rereads one file: the settled stat says how it ended.
            return
        seen[(real, "versions")] = versions + (identity is not None)
        seen[key] = 1
        outcome, created = outcome_of(real, st, writing, flags)
        if st is not None and not writing and outcome != "failed":
            self.reads(run, real, st)
        if outcome == "failed" and via == "wrapper" and "create" in ops:
            outcome, created = "unknown", True  # a library's call may make the folder first
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
        if st is not None and statmod.S_ISDIR(st.st_mode):
            fields["holds"] = "folder"
        if named and absolute == self.absolute(path):
            fields["link"] = name_of(absolute)
        if more:
            fields.update(more)
        if created:
            fields["_created"] = real
            if run is not None:
                run.created.append(fields)
        if library is None and not created and "read" in ops and run is not None:
            run.updates |= "write" in ops
        if writing and outcome != "failed":
            grows = st is not None and "append" in ops and "truncate" not in ops
            self.wrote(run, how, real, st.st_size if grows and st is not None else None)
        self.tell("file.opened", run, how, fields)

    def reads(self, run: Run | None, real: str, st: os.stat_result) -> None:
        """Remember how a file looked, so that a change until the run's end shows."""
        if self.child:
            self.read_pipe.tell(self.parent_run, real, text_of_state(st))
        elif run is not None:
            run.inputs.setdefault(real, st)

    def wrote(self, run: Run | None, how: str, real: str, before: int | None = None) -> None:
        """Remember what has to be settled at the run's end; a child leaves that to the kernel.

        ``before`` is the number of bytes that stay, if the file only grows.
        """
        if self.child:
            self.written_pipe.tell(self.parent_run, real)
        elif run is not None and run.id in self.open_runs:
            run.written.setdefault(real, before)
        else:
            self.late[real] = (None if run is None else run.id, how, ())

    def count(
        self, run: Run | None, real: str, st: os.stat_result, ops: list[str], by_descriptor: bool
    ) -> None:
        """Count the bytes that an open explains: those it can read, those it throws away."""
        if "read" in ops and not by_descriptor:
            self.opened_bytes += st.st_size
        if "truncate" in ops and run is not None and real in run.written:
            run.rewritten += st.st_size

    def count_filtered(self, path: str) -> None:
        """Count what a filtered open can read: a library's code, a setting."""
        if not path.startswith(SYSTEM_PREFIXES):
            st = try_stat(path)
            if st is not None and statmod.S_ISREG(st.st_mode):
                self.filtered_bytes += st.st_size

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
        target, over = self.named(args, 1, args[3] if len(args) > 3 else None)
        if source is None or target is None or st is None:
            return
        if self.is_noise(target, True):
            return
        if source in self.writable:
            self.writable[target] = self.writable.pop(source)
        run, how = self.current()
        before: int | None = None
        if run is not None:
            if run.paused:
                return
            run.folders.clear()
            before = run.written.pop(source, None)
            run.moved.add(source)
            run.written.pop(target, None)
        self.late.pop(source, None)
        self.wrote(run, how, target, before)
        folder = statmod.S_ISDIR(st.st_mode)
        if folder and run is not None:
            run.written.pop(target, None)
            for path in [p for p in run.written if p.startswith(source + SEP)]:
                before = run.written.pop(path)
                run.moved.add(path)
                run.written[target + path[len(source) :]] = before
        self.tell("folder.renamed" if folder else "file.renamed", run, how, {
            "from": name_of(source), "to": name_of(target), "stat": stat_fields(st, self.mounts),
            **({} if folder or over is None else {"over": stat_fields(over, self.mounts)}),
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
        if source.startswith(SYSTEM_PREFIXES):
            # A file without a name (O_TMPFILE) gets one: linkat(2) of its descriptor.
            self.opened(target, ["write", "create"], os.O_WRONLY | os.O_CREAT, "audit", None, None)
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
            if path in run.written and statmod.S_ISREG(st.st_mode):
                run.rewritten += st.st_size
        fields = {"path": name_of(path), "stat": stat_fields(st, self.mounts)}
        self.tell("file.removed", run, how, fields)

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
        # Imports and the search for installed packages list every folder on the path.
        caller = _frame(2).f_code.co_filename
        if caller.startswith(("<frozen importlib", _IMPORTLIB)):
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
        self.mapped(run, how, path, writable)

    def mapped(self, run: Run | None, how: str, path: str, writable: bool) -> None:
        """Write ``file.mapped``; one for writing is looked after until it is gone."""
        st = try_stat(path)
        if writable:
            self.wrote(run, how, path)
            if st is not None:
                self.writable[path] = st.st_ino
        self.tell("file.mapped", run, how, {
            "path": name_of(path), "writable": writable,
            "stat": None if st is None else stat_fields(st, self.mounts),
        })  # fmt: skip

    def maps(self) -> list[tuple[str, int, str]]:
        """Return what is mapped here: mode, inode and path; nothing where that isn't known."""
        if self.maps_fd < 0:
            return []
        rows = (line.split(None, 5) for line in read_all(self.maps_fd).splitlines())
        return [(row[1], int(row[4]), row[5]) for row in rows if len(row) > 5]

    def inodes_mapped(self) -> set[int] | None:
        """Return the inodes that are mapped here for writing; None where that isn't known."""
        if self.maps_fd < 0:
            return None
        return {inode for mode, inode, _ in self.maps() if is_shared(mode)}

    def on_sqlite(self, args: tuple[Any, ...]) -> None:
        """sqlite3.connect names the database; SQLite opens it natively."""
        text = plain_text(args[0])
        named = database_file(text) if text else None
        if named is None:
            return
        path, read_only = named
        ops = ["read"] if read_only else ["read", "write"]
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
        self.opened(path, ops, flags, "audit", "sqlite3", "connect")

    def hear(self, run: Run | None) -> None:
        """Take over what children say they did; ``run`` is one that is about to end."""

        def owner_of(id: str) -> Run | None:  # none: the child outlived it
            return run if run is not None and id == run.id else self.open_runs.get(id)

        for id, real, state in self.read_pipe.heard():
            owner = owner_of(id) or run  # a worker that stays reads for a later run
            if owner is not None:
                owner.read_by_children.append((real, state))
        for id, real, _ in self.written_pipe.heard():
            owner = owner_of(id)
            if owner is None:
                self.late[real] = (id or None, "process", ())
            else:
                owner.written[real] = None
                owner.by_children.add(real)

    def settle(self, run: Run) -> None:
        """Write ``file.settled`` for each file the run wrote."""
        for fields in run.created:
            if "_created" in fields and fields["_created"] in run.moved:
                fields["outcome"] = "opened"
            judge_outcome(fields)
        self.check_read_by_children(run)
        if not (run.written or run.inputs or self.writable or self.left_open):
            return
        ours = self.own_descriptors()
        held = held_files(ours) or held_files(ours)  # again: another thread may have opened one
        self.check_inputs(run, held)
        writable = dict(self.writable)  # our own thread may find another one
        live = self.inodes_mapped() if writable else set()
        for real in [*run.written, *(path for path in writable if path not in run.written)]:
            child = real in run.by_children
            mapped: bool | None = None
            if real in writable and live is not None and not child:
                mapped = writable[real] in live
            self.tell_settled(run.id, "context", real, None if child else held, mapped)
            if mapped is False:
                self.writable.pop(real, None)

    def settle_late(self, last: bool = False) -> None:
        """Write ``file.settled`` for what was written outside any open run, as it comes to rest.

        At rest is what nobody holds open and what looks as it did ``PERIOD`` before; ``last`` takes
        everything as it is now.
        """
        now = _mono()
        if not last and now - self.late_at < PERIOD * 5e8:
            return
        self.late_at = now
        if self.written_pipe.fd >= 0 and not self.open_runs:
            self.hear(None)
        held: dict[tuple[int, int], os.stat_result] | None = None
        if self.late:
            held = held_files(self.own_descriptors())
        for real, (run, how, before) in list(self.late.items()):
            st = try_stat(real)
            after = (None,) if st is None else (st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns)
            if last or (after == before and after[:2] not in (held or ())):
                if self.late.pop(real, None) is not None:
                    self.tell_settled(run, how, real, None if how == "process" else held)
            else:
                self.late[real] = (run, how, after)

    def tell_settled(
        self,
        run: str | None,
        how: str,
        real: str,
        held: dict[tuple[int, int], os.stat_result] | None,
        mapped: bool | None = None,
    ) -> None:
        """Write ``file.settled``, given what this process holds open where that is known."""
        st = try_stat(real)
        still: bool | None = None
        if held is not None:
            still = st is not None and (st.st_dev, st.st_ino) in held
        self.journal.put("file.settled", run, how, {
            "realPath": name_of(real),
            "stat": None if st is None else stat_fields(st, self.mounts),
            "stillOpen": still,
            **({} if mapped is None else {"mapped": mapped}),
            **({"holds": "folder"} if st is not None and statmod.S_ISDIR(st.st_mode) else {}),
        })  # fmt: skip

    def check_inputs(self, run: Run, held: dict[tuple[int, int], os.stat_result] | None) -> None:
        """Tell the files that somebody else changed while this run read them.

        Files that an earlier run left open are read again, perhaps, if their bytes are others.
        """
        for key, (real, before) in list(self.left_open.items()):
            now = None if held is None else held.get(key)
            if now is None:
                del self.left_open[key]  # perhaps only at the end of this run
                now = try_lstat(real)
                if now is None or (now.st_dev, now.st_ino) != key:
                    continue
            else:
                self.left_open[key] = real, now
            if state_of(now) != state_of(before) and real not in run.written:
                self.tell("file.opened", run, "context", {
                    "path": name_of(real), "realPath": name_of(real), "ops": ["read"],
                    "via": "held", "library": None, "function": None,
                    "stat": stat_fields(now, self.mounts), "outcome": "unknown",
                })  # fmt: skip
        for real, before in run.inputs.items():
            if real in run.written or real in run.moved:
                continue
            st = try_lstat(real)
            if st is None or state_of(st) != state_of(before):
                self.tell_changed(run, "context", real, st)
            key = before.st_dev, before.st_ino
            if held is not None and key in held:
                self.left_open[key] = real, held[key]

    def check_read_by_children(self, run: Run) -> None:
        """Tell the files that somebody else changed while children of this run read them."""
        for real, before in run.read_by_children:
            if real in run.written or real in run.moved:
                continue
            st = try_lstat(real)
            if st is None or text_of_state(st) != before:
                self.tell_changed(run, "process", real, st)

    def tell_changed(self, run: Run, how: str, real: str, st: os.stat_result | None) -> None:
        """Write ``file.settled`` for a file that was only read and isn't what it was."""
        self.journal.put("file.settled", run.id, how, {
            "realPath": name_of(real),
            "stat": None if st is None else stat_fields(st, self.mounts),
            "stillOpen": None, "onlyRead": True,
        })  # fmt: skip


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


def is_shared(mode: str) -> bool:
    """Tell whether what is written to a map goes to its file."""
    return mode[1:2] + mode[3:4] == "ws"


def held_files(ours: set[int]) -> dict[tuple[int, int], os.stat_result] | None:
    """Return the files that others than us hold open here by (dev, ino); None if nobody knows."""
    held = held_descriptors(ours)
    return None if held is None else {(st.st_dev, st.st_ino): st for _, st in held}


def state_of(st: os.stat_result) -> tuple[int, int, int, int]:
    """Return what differs once a file was rewritten or another one lies in its place."""
    return st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns


def text_of_state(st: os.stat_result) -> str:
    """Return the same as a text, which can be handed over."""
    return "%d:%d:%d:%d" % state_of(st)


def try_lstat(path: str) -> os.stat_result | None:
    """Stat without following a link; None if nothing is there."""
    try:
        return _lstat(path)
    except (OSError, ValueError):
        return None


def read_all(fd: int) -> str:
    """Return the text of a view of the kernel's, from its begin."""
    parts = []
    at = 0
    try:
        while at < 1 << 24:
            part = _pread(fd, 1 << 16, at)  # type: ignore[misc]
            if not part:
                break
            parts.append(part)
            at += len(part)
    except OSError:
        pass
    return b"".join(parts).decode("utf-8", "surrogateescape")


def held_descriptors(ours: set[int]) -> list[tuple[int, os.stat_result]] | None:
    """Return the descriptors that others than us hold here, each with its stat; None if unknown.

    Linux 6.2 and later tell the number of open descriptors as the size of ``/proc/self/fd``, so
    that they can be found by fstat, without opening or listing anything. Other threads open and
    close files meanwhile (IPython's history, our own texts): then it is done again.
    """
    for _ in range(LOOKS):
        try:
            count = _stat("/proc/self/fd").st_size
            if not 0 < count < 4096:
                return None
            held = _held(ours, count)
            if held is not None and _stat("/proc/self/fd").st_size == count:
                return held
        except OSError:
            return None
    return None


def _held(ours: set[int], count: int) -> list[tuple[int, os.stat_result]] | None:
    """Return the descriptors that others hold, if there are ``count`` with ours."""
    count -= sum(1 for fd in ours if fd >= 0)
    held, fd = [], 0
    while count and fd < 8192:
        try:
            st = _fstat(fd)
            if fd not in ours:
                held.append((fd, st))
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
