"""The helper's work: what it is told, what it watches, what it writes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..home import SessionFolder, open_session, remember_write
from ..journal import JournalFile, Texts, boot_id, name_of, now_text, observer, path_of
from ..tracer.follow import Follower
from . import scan
from .files import (
    Identity,
    identity_in,
    identity_of,
    is_racy,
    looks_like_data,
    stat_from,
)
from .hashing import Digest, Hasher, Job
from .members import PER_EVENT, manifest_events, members
from .priority import be_idle, be_normal
from .tail import Tails

#: After this long without a run a scan follows, in s.
QUIET_S = 0.25
#: While something runs, a scan at least this often, in s.
BUSY_S = 5.0
#: While nothing runs, a scan this often, in s: what people change themselves isn't a run's.
IDLE_S = 60.0
#: A change is written this long after it was found, so that late news of runs counts, in s.
SETTLE_S = 0.3
#: The tails are read this often, in s.
TICK_S = 0.1

#: Longest work on a flush that nobody asked for through the pipe, in s.
WISH_S = 10.0
#: Longest wait for digests under way when the recorder is gone, in s.
STOP_S = 5.0

#: Most roots at once.
MAX_ROOTS = 32
#: A file of a root is hashed ahead up to this size, and this much in all per session, in bytes.
AHEAD_MAX = 1024**3
AHEAD_TOTAL = 4 * 1024**3
#: Notebooks beyond this size are saved without their list of cells, in bytes.
MAX_NOTEBOOK = 256 * 1024**2

_WRITES = frozenset({"write", "append", "create", "truncate"})


@dataclass
class Run:
    """An interval on the monotonic clock, in ns; ``ended`` is 0 while it lasts."""

    ident: str
    started: int
    ended: int = 0


@dataclass
class Pending:
    """Changes that were found and wait to be written."""

    due: float
    found: list[scan.Change]
    begin: int
    end: int


@dataclass
class Root:
    """A folder that a session watches."""

    path: str
    last: scan.Snapshot | None = None
    #: As last written in ``scan.done``.
    stated: bool | None = None


@dataclass
class Flush:
    """Somebody waits until everything so far is scanned, hashed and written."""

    ident: Any
    sid: str
    deadline: float
    closing: bool = False


@dataclass
class Watched:
    """One open session."""

    folder: SessionFolder
    journal: JournalFile
    tails: Tails
    texts: Texts
    roots: dict[str, Root] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=scan.prefixes)
    runs: dict[str, Run] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    quiet_since: float = 0.0
    scanned_at: float = 0.0
    dirty: bool = True
    pending: list[Pending] = field(default_factory=list)
    #: Why each digest was asked for.
    asked: dict[tuple[str, Identity], Ticket] = field(default_factory=dict)
    #: Files that the kernel has mapped for writing: path by device and inode.
    mapped: dict[tuple[int, int], str] = field(default_factory=dict)
    waiting: int = 0
    ahead_bytes: int = 0
    #: Observers on other computers, whose paths mean nothing here.
    elsewhere: set[str] = field(default_factory=set)
    wrote: bool = False
    #: Wall clock when its kernel was gone, in ns; 0 while it is there.
    ended_ns: int = 0
    #: Where the kernel was started under a tracer.
    tracer: Follower | None = None


class Service:
    """All of the helper, but for its pipes."""

    def __init__(self, home: Path, reply: Callable[[dict[str, Any]], None]) -> None:
        """Work for the journal home ``home``; ``reply`` sends one message to the recorder."""
        self._home = home
        self._reply = reply
        self._sessions: dict[str, Watched] = {}
        self._flushes: list[Flush] = []
        self._results: queue.SimpleQueue[tuple[Job, Digest, bool]] = queue.SimpleQueue()
        self._hasher = Hasher(lambda *result: self._results.put(result), 2 * 1024**3)
        self._ignored: list[str] = []
        self._extra_roots: list[str] = []
        self._hashing = True

    # ------------------------------------------------------------- commands

    def command(self, message: dict[str, Any]) -> None:
        """Do what the recorder says; an unknown or malformed command is ignored."""
        handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "settings": self._on_settings,
            "open": self._on_open,
            "roots": self._on_roots,
            "run": self._on_run,
            "flush": self._on_flush,
            "ended": self._on_ended,
            "close": self._on_close,
            "cells": self._on_cells,
        }
        handler = handlers.get(str(message.get("cmd")))
        if handler is not None:
            handler(message)

    def _on_settings(self, message: dict[str, Any]) -> None:
        self._hasher.max_bytes = int(message.get("maxHashBytes", self._hasher.max_bytes))
        self._ignored = [str(name) for name in message.get("ignored", [])]
        self._extra_roots = [str(root) for root in message.get("roots", [])]
        self._hashing = bool(message.get("hashing", True))

    def _on_open(self, message: dict[str, Any]) -> None:
        folder = open_session(Path(message["folder"]))
        observers = [observer("scan", "scan"), observer("hasher", "hasher")]
        journal = JournalFile(folder.path / "helper.jsonl", folder.sid, observers)
        tails = Tails(folder.path, "probe-*.jsonl")
        watched = Watched(folder, journal, tails, Texts(folder.path, folder.key))
        self._sessions[folder.sid] = watched
        self._add_roots(watched, [*message.get("roots", []), *self._extra_roots])
        if folder.trace.exists():
            self._follow(watched)
        journal.flush()

    def _follow(self, watched: Watched) -> None:
        """Follow the log of the tracer around the kernel."""

        def existed(path: str, at: int) -> dict[str, Any] | None:
            for root in watched.roots.values():
                identity = root.last.files.get(path) if root.last is not None else None
                if identity is not None and identity.ctime_ns < at:
                    return stat_from(identity)
            return None

        def tell(event: dict[str, Any]) -> None:
            self._on_event(watched, "tracer.jsonl", event)

        with contextlib.suppress(OSError):
            watched.tracer = Follower(watched.folder, watched.texts, self._home, existed, tell)

    def _on_roots(self, message: dict[str, Any]) -> None:
        watched = self._sessions.get(str(message.get("sid")))
        if watched is not None:
            self._add_roots(watched, message.get("roots", []))

    def _on_run(self, message: dict[str, Any]) -> None:
        watched = self._sessions.get(str(message.get("sid")))
        if watched is None:
            return
        mono = int(message["mono"])
        if watched.tracer is not None:
            watched.tracer.on_run(str(message["run"]), message["phase"], mono)
        if message["phase"] == "start":
            self._run_started(watched, str(message["run"]), mono)
        else:
            self._run_ended(watched, str(message["run"]), mono)

    def _on_flush(self, message: dict[str, Any]) -> None:
        self._start_flush(message, closing=False)

    def _on_close(self, message: dict[str, Any]) -> None:
        self._start_flush(message, closing=True)

    def _start_flush(self, message: dict[str, Any], *, closing: bool) -> None:
        sid = str(message.get("sid"))
        watched = self._sessions.get(sid)
        if watched is None:
            self._answer(message.get("id"), complete=False)
            return
        be_normal()
        self._read_tails(watched)
        if watched.tracer is not None:
            watched.tracer.advance(final=True)
        if closing:
            self._unmap_all(watched)
        if not watched.ended_ns:
            self._scan(watched, final=True)
        deadline = time.monotonic() + float(message.get("timeout", 30))
        self._flushes.append(Flush(message.get("id"), sid, deadline, closing))

    def _on_ended(self, message: dict[str, Any]) -> None:
        """The kernel is gone: a last look now, before others change what it left."""
        watched = self._sessions.get(str(message.get("sid")))
        if watched is not None and not watched.ended_ns:
            self._read_tails(watched)
            watched.ended_ns = int(message["at"])
            self._scan(watched, final=True)

    def _on_cells(self, message: dict[str, Any]) -> None:
        """Digest and cells of a notebook on disk: parsing a large one would hold the server."""
        watched = self._sessions.get(str(message.get("sid")))
        answer: dict[str, Any] = {"sha256": None, "bytes": None, "cells": None}
        try:
            raw = Path(message["path"]).read_bytes()
            answer["sha256"] = hashlib.sha256(raw).hexdigest()
            answer["bytes"] = len(raw)
            if watched is not None and len(raw) <= MAX_NOTEBOOK:
                answer["cells"] = code_cells(raw, watched.texts)
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            pass
        self._reply({"reply": message.get("id"), **answer})

    # ----------------------------------------------------------------- time

    def tick(self) -> float:
        """Do what is due; returns how long nothing will be, in seconds."""
        for watched in self._sessions.values():
            self._read_tails(watched)
            if watched.tracer is not None:
                watched.tracer.advance()
        self._take_results()
        for watched in list(self._sessions.values()):
            if self._scan_is_due(watched):
                self._scan(watched)
                break  # one at a time
        for watched in self._sessions.values():
            self._write_pending(watched, time.monotonic())
            watched.journal.flush()
        self._look_for_wishes()
        self._finish_flushes()
        return TICK_S if self._busy() else 2 * TICK_S

    def stop(self) -> None:
        """The recorder is gone: write what is known and close every file."""
        for watched in self._sessions.values():
            self._read_tails(watched)
            if watched.tracer is not None:
                watched.tracer.close()
            if not watched.ended_ns:
                self._scan(watched, final=True)
            self._write_pending(watched, float("inf"))
        deadline = time.monotonic() + STOP_S
        while any(w.waiting for w in self._sessions.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
            self._take_results()
        for watched in self._sessions.values():
            self._leave(watched, "the recorder ended")

    def _leave(self, watched: Watched, reason: str) -> None:
        """Close a session's file: nothing more comes."""
        watched.journal.add("observer.left", observer="scan", reason=reason)
        watched.journal.close()
        watched.folder.wanted.unlink(missing_ok=True)

    def _busy(self) -> bool:
        return bool(self._flushes) or any(w.active or w.dirty for w in self._sessions.values())

    def _scan_is_due(self, watched: Watched) -> bool:
        now = time.monotonic()
        if watched.ended_ns:
            return False
        if any(root.last is None for root in watched.roots.values()):
            return True
        if watched.active:
            return now - watched.scanned_at >= BUSY_S
        if watched.dirty:
            return now - watched.quiet_since >= QUIET_S
        return now - watched.scanned_at >= IDLE_S

    # ---------------------------------------------------------------- scan

    def _add_roots(self, watched: Watched, folders: list[Any]) -> None:
        added = []
        for folder in folders:
            real = os.path.realpath(str(folder))
            if real in watched.roots or real in watched.refused or _is_watched(watched, real):
                continue
            reason = scan.why_not_a_root(real, str(self._home), watched.prefixes)
            if reason is None and len(watched.roots) >= MAX_ROOTS:
                reason = "there are too many folders"
            if reason is not None:
                watched.refused.add(real)
                watched.journal.gap("no-scan", path=name_of(real), reason=reason)
                continue
            watched.roots[real] = Root(real)
            added.append(real)
        if added:
            watched.journal.add(
                "scan.started",
                roots=[name_of(root) for root in watched.roots],
                excluded=sorted(scan.SKIPPED | set(self._ignored)),
                budget={"entries": scan.MAX_ENTRIES, "ms": scan.MAX_MS},
            )

    def _scan(self, watched: Watched, *, final: bool = False) -> None:
        for root in watched.roots.values():
            self._scan_root(watched, root, final=final)
        watched.scanned_at = time.monotonic()
        watched.dirty = bool(watched.active)
        self._reply({"event": "scanned", "sid": watched.folder.sid, "t": now_text()})

    def _scan_root(self, watched: Watched, root: Root, *, final: bool) -> None:
        inner = [path for path in watched.roots if path != root.path]
        inner += [str(self._home), *watched.prefixes]
        now = scan.snapshot(root.path, inner, self._ignored)
        before, root.last = root.last, now
        if before is None:
            self._state_late_start(watched, root, now)
            self._hash_ahead(watched, now.files)
        else:
            found = scan.changes(before, now)
            if watched.ended_ns:
                found = [c for c in found if not c.after or c.after.ctime_ns <= watched.ended_ns]
            if found:
                due = time.monotonic() + (0 if final else SETTLE_S)
                watched.pending.append(Pending(due, found, before.begun, now.ended))
            self._hash_ahead(watched, {c.path: c.after for c in found if c.after})
        if root.stated != now.complete or final:
            self._state_scan(watched, root, now)

    def _state_scan(self, watched: Watched, root: Root, now: scan.Snapshot) -> None:
        path = name_of(root.path)
        watched.journal.add("scan.done", root=path, complete=now.complete, entries=now.entries)
        if not now.complete and root.stated is not False:
            watched.journal.gap("scan-incomplete", path=path, count=now.entries)
        root.stated = now.complete

    def _state_late_start(self, watched: Watched, root: Root, now: scan.Snapshot) -> None:
        """Runs that began before the first look could have written unseen."""
        early = [run for run in watched.runs.values() if run.started < now.begun]
        if early:
            watched.journal.gap(
                "no-scan",
                path=name_of(root.path),
                run=early[0].ident,
                reason="a run began before the first look at this folder",
            )

    def _hash_ahead(self, watched: Watched, files: dict[str, Identity]) -> None:
        if not self._hashing:
            return
        for path, identity in files.items():
            if identity.size > AHEAD_MAX or not looks_like_data(path, identity.size):
                continue
            if watched.ahead_bytes + identity.size > AHEAD_TOTAL:
                return
            if self._hasher.ahead(path, identity):
                watched.ahead_bytes += identity.size

    def _write_pending(self, watched: Watched, now: float) -> None:
        for pending in [p for p in watched.pending if p.due <= now]:
            watched.pending.remove(pending)
            runs = self._runs_in(watched, pending.begin, pending.end)
            for change in pending.found:
                self._write_change(watched, change, runs)

    def _write_change(self, watched: Watched, change: scan.Change, runs: list[str] | None) -> None:
        watched.journal.add(
            "file.changed",
            path=name_of(change.path),
            before=stat_from(change.before) if change.before else None,
            after=stat_from(change.after) if change.after else None,
            runs=runs,
            **_source_of(change),
        )
        if change.after is not None:
            if runs is not None:
                self._note_write(watched)
            self._ask(watched, change.path, change.after, now_text(), written=runs is not None)

    def _runs_in(self, watched: Watched, begin: int, end: int) -> list[str] | None:
        """First and last run, by begin, whose time overlaps an interval."""
        overlapping = sorted(
            (run.started, run.ident)
            for run in watched.runs.values()
            if run.started <= end and (run.ended == 0 or run.ended >= begin)
        )
        return [overlapping[0][1], overlapping[-1][1]] if overlapping else None

    # ----------------------------------------------------------------- runs

    def _run_started(self, watched: Watched, ident: str, mono: int) -> None:
        run = watched.runs.get(ident)
        if run is None:
            watched.runs[ident] = Run(ident, mono)
            watched.active.add(ident)
            self._forget_old_runs(watched)
        else:
            run.started = min(run.started, mono)
        watched.dirty = True

    def _run_ended(self, watched: Watched, ident: str, mono: int) -> None:
        run = watched.runs.setdefault(ident, Run(ident, mono))
        run.ended = max(run.ended, mono)
        watched.active.discard(ident)
        watched.dirty = True
        if not watched.active:
            watched.quiet_since = time.monotonic()

    def _forget_old_runs(self, watched: Watched) -> None:
        looks = [root.last.begun if root.last else 0 for root in watched.roots.values()]
        oldest = min([*looks, *(p.begin for p in watched.pending)], default=0)
        for ident in [i for i, r in watched.runs.items() if r.ended and r.ended < oldest]:
            del watched.runs[ident]

    # ---------------------------------------------------------------- tails

    def _read_tails(self, watched: Watched) -> None:
        for file, event in watched.tails.read():
            try:
                self._on_event(watched, file, event)
            except (KeyError, ValueError, TypeError, AttributeError):
                continue

    def _on_event(self, watched: Watched, file: str, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if watched.tracer is not None and file != "tracer.jsonl":
            watched.tracer.on_probe(file, event)
            watched.tracer.noise.prefixes = watched.prefixes
        if kind == "run.started" and event.get("run"):
            self._run_started(watched, event["run"], int(event["mono"]))
        elif kind == "run.ended" and event.get("run"):
            self._run_ended(watched, event["run"], int(event["mono"]))
        elif kind == "file.opened":
            self._on_opened(watched, file, event)
        elif kind == "file.settled":
            self._on_settled(watched, file, event)
        elif kind == "file.mapped" and event.get("writable"):
            self._on_mapped(watched, event)
        elif kind == "observer.joined":
            self._on_joined(watched, file, event["observer"])
        elif kind == "probe.hello":
            self._on_hello(watched, event)
        elif kind == "gap":
            self._reply({"event": "gap", "sid": watched.folder.sid})

    def _on_joined(self, watched: Watched, file: str, joined: dict[str, Any]) -> None:
        here = boot_id()
        if joined.get("bootId") not in (None, here) and here is not None:
            watched.elsewhere.add(file)

    def _on_hello(self, watched: Watched, event: dict[str, Any]) -> None:
        for prefix in event.get("prefixes", []):
            path = path_of(prefix)
            if path is not None:
                watched.prefixes.add(os.path.realpath(path))
        if event.get("install") != "child":
            cwd = path_of(event.get("cwd"))
            if cwd is not None:
                self._add_roots(watched, [cwd])
            self._reply(
                {
                    "event": "probe",
                    "sid": watched.folder.sid,
                    "install": event.get("install"),
                    "runsMissed": event.get("runsMissed", 0),
                }
            )

    def _on_opened(self, watched: Watched, file: str, event: dict[str, Any]) -> None:
        writes = _WRITES & set(event.get("ops", ()))
        path = path_of(event.get("realPath")) or path_of(event.get("path"))
        if path is None or not Path(path).is_absolute():
            return
        if writes:
            if event.get("outcome") != "failed" and not scan.is_skipped(path):
                self._add_roots(watched, [str(Path(path).parent)])
                self._note_write(watched)
            if "read" not in event["ops"] or "truncate" in event["ops"] or event.get("holds"):
                return
        if event.get("outcome") == "failed":
            return
        if event.get("holds"):
            self._list_members(watched, file, event, path)
            return
        identity = identity_in(event.get("stat"))
        if identity is not None:
            self._ask(watched, path, identity, event["t"], written=False, source=file)

    def _list_members(self, watched: Watched, file: str, event: dict[str, Any], path: str) -> None:
        """Say which files a folder or glob held that was read as one dataset."""
        if file in watched.elsewhere:
            return
        known: dict[str, Identity] = {}
        for root in watched.roots.values():
            if root.last is not None:
                known.update(root.last.files)
        found, complete = members(path, event["holds"], wall_ns(event["t"]), known)
        of = {"file": file, "seq": event["seq"]}
        for fields in manifest_events(path, found, complete, of):
            watched.journal.add("folder.manifest", **fields)
        for member, identity in found:
            self._ask(watched, member, identity, event["t"], written=False)

    def _on_settled(self, watched: Watched, file: str, event: dict[str, Any]) -> None:
        path = path_of(event.get("realPath"))
        identity = identity_in(event.get("stat"))
        if event.get("onlyRead"):
            return
        if identity is not None and event.get("mapped") is False:
            self._unmap(watched, (identity.dev, identity.ino))
        if event.get("holds"):
            self._note_write(watched)
        elif path is not None and identity is not None:
            self._note_write(watched)
            self._ask(watched, path, identity, event["t"], written=True, source=file)

    def _on_mapped(self, watched: Watched, event: dict[str, Any]) -> None:
        path, identity = path_of(event.get("path")), identity_in(event.get("stat"))
        if path is not None and identity is not None:
            inode = (identity.dev, identity.ino)
            watched.mapped[inode] = path
            self._hasher.mutable(inode, mapped=True)

    def _unmap(self, watched: Watched, inode: tuple[int, int]) -> None:
        """A map is gone: from now on the file's digest holds, and has to be taken anew."""
        if watched.mapped.pop(inode, None) is not None:
            self._hasher.mutable(inode, mapped=False)
            for asked in [a for a in watched.asked if (a[1].dev, a[1].ino) == inode]:
                del watched.asked[asked]

    def _unmap_all(self, watched: Watched) -> None:
        """The kernel is gone, and its maps with it."""
        for inode, path in list(watched.mapped.items()):
            self._unmap(watched, inode)
            with contextlib.suppress(OSError):
                identity = identity_of(os.lstat(path))
                self._ask(watched, path, identity, now_text(), written=True)

    def _note_write(self, watched: Watched) -> None:
        if not watched.wrote:
            watched.wrote = True
            self._reply({"event": "wrote", "sid": watched.folder.sid})

    # -------------------------------------------------------------- digests

    def _ask(
        self,
        watched: Watched,
        path: str,
        identity: Identity,
        seen_at: str,
        *,
        written: bool,
        source: str = "",
    ) -> None:
        """Get the digest of exactly these bytes into the journal, once."""
        ticket = watched.asked.get((path, identity))
        if ticket is not None:
            self._also_written(ticket, path, written)
            return
        ticket = Ticket(watched.folder.sid, is_racy(identity, wall_ns(seen_at)), written)
        watched.asked[(path, identity)] = ticket
        job = Job(path, identity, ticket)
        if source in watched.elsewhere:
            self._write_digest(watched, job, Digest(None, "elsewhere"), from_cache=False)
        elif not self._hashing:
            self._write_digest(watched, job, Digest(None, "disabled"), from_cache=False)
        elif self._hasher.is_mutable(identity):
            self._write_digest(watched, job, Digest(None, "mutable"), from_cache=False)
        elif identity.size > self._hasher.max_bytes:
            self._write_digest(watched, job, Digest(None, "too-large"), from_cache=False)
        elif known := self._hasher.known(identity):
            self._write_digest(watched, job, known, from_cache=True)
        elif self._hasher.want(job):
            watched.waiting += 1
        else:
            self._write_digest(watched, job, Digest(None, "deferred"), from_cache=False)

    def _take_results(self) -> None:
        while not self._results.empty():
            job, digest, from_cache = self._results.get()
            assert isinstance(job.ticket, Ticket)
            watched = self._sessions.get(job.ticket.sid)
            if watched is not None:
                watched.waiting -= 1
                self._write_digest(watched, job, digest, from_cache=from_cache)

    def _write_digest(
        self, watched: Watched, job: Job, digest: Digest, *, from_cache: bool
    ) -> None:
        ticket = job.ticket
        assert isinstance(ticket, Ticket)
        watched.journal.add(
            "file.hashed",
            by="hasher",
            realPath=name_of(job.path),
            stat=stat_from(job.identity),
            sha256=digest.sha256,
            absent=digest.absent,
            when="ahead" if from_cache and digest.ahead else "after",
            fromCache=from_cache,
            racy=ticket.racy,
            **({"begun": str(digest.begun_ns)} if digest.begun_ns else {}),
        )
        if watched.journal.waiting >= PER_EVENT:  # a large dataset has more than the buffer takes
            watched.journal.flush()
        ticket.answer = digest
        if ticket.written:
            self._remember(ticket, job.path)

    def _also_written(self, ticket: Ticket, path: str, written: bool) -> None:
        """What was taken for read at first, e.g. by the words of a command, was written."""
        if written and not ticket.written:
            ticket.written = True
            if ticket.answer is not None:
                self._remember(ticket, path)

    def _remember(self, ticket: Ticket, path: str) -> None:
        assert ticket.answer is not None
        remember_write(self._home, name_of(path), ticket.answer.sha256, ticket.sid, now_text())

    # ---------------------------------------------------------------- flush

    def _look_for_wishes(self) -> None:
        """Flush the sessions that a program of its own (the command line) waits for."""
        asked = {flush.sid for flush in self._flushes if flush.ident is None}
        for sid, watched in self._sessions.items():
            if sid not in asked and watched.folder.wanted.exists():
                self._start_flush({"sid": sid, "timeout": WISH_S}, closing=False)

    def _finish_flushes(self) -> None:
        for flush in list(self._flushes):
            watched = self._sessions.get(flush.sid)
            done = watched is None or (not watched.waiting and not watched.pending)
            if not done and time.monotonic() < flush.deadline:
                continue
            self._flushes.remove(flush)
            if watched is not None:
                watched.journal.sync()
                if watched.tracer is not None:
                    watched.tracer.sync()
                if flush.closing:
                    if watched.tracer is not None:
                        watched.tracer.close()
                    self._leave(watched, "the session ended")
                    self._sessions.pop(flush.sid, None)
                elif flush.ident is None:
                    watched.folder.wanted.unlink(missing_ok=True)
            if flush.ident is not None:
                self._answer(flush.ident, complete=done)
        if not self._flushes:
            be_idle()

    def _answer(self, ident: Any, *, complete: bool) -> None:
        self._reply({"reply": ident, "complete": complete})


@dataclass(eq=False)
class Ticket:
    """Why a digest is wanted, and what it was found to be."""

    sid: str
    racy: bool
    written: bool
    answer: Digest | None = None


def _source_of(change: scan.Change) -> dict[str, Any]:
    """Where a changed file lay before, for ``file.changed``."""
    if change.source is None:
        return {}
    return {"from": name_of(change.source), **({"linked": True} if change.linked else {})}


def _is_watched(watched: Watched, folder: str) -> bool:
    """Whether it lies in a root that was looked at in full: a first look would forget the rest."""
    parts = Path(folder).parents
    if scan.is_skipped(folder):
        return False
    return any(
        root.last is not None and root.last.complete and Path(root.path) in parts
        for root in watched.roots.values()
    )


def wall_ns(t: str) -> int:
    """A journal time as nanoseconds since 1970."""
    whole = datetime.strptime(t, "%Y-%m-%dT%H:%M:%S.%f%z")
    return int(whole.timestamp()) * 1_000_000_000 + whole.microsecond * 1000


def code_cells(raw: bytes, texts: Texts) -> list[dict[str, Any]] | None:
    """Id and text of every code cell of an .ipynb, in order; ``None`` where there are none."""
    cells = json.loads(raw).get("cells")
    if not isinstance(cells, list):
        return None
    found = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            text = "".join(source) if isinstance(source, list) else str(source)
            ident = cell.get("id")
            found.append(
                {"cellId": ident if isinstance(ident, str) else None, "code": texts.put(text)}
            )
    return found
