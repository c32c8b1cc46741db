"""Bytes that a run moved, against the files that were seen; what is still held or mapped."""

from __future__ import annotations

import os
import stat as statmod
from typing import Any

from .files import Files, fd_path, held_descriptors, is_shared, ops_of
from .journal import Journal
from .recording import PERIOD, Run
from .references import CLOEXEC, _fstat, _module_table, _mono, _open, _pread
from .values import try_stat

#: Bytes that system calls of a run may move beyond the files that were seen before the probe looks
#: further: IPython's own history, terminals and pipes of a kernel stay below (docs/bench.md).
ALLOWANCE = 1 << 20
#: Growth of the resident file pages (bytes) that is reason enough to look at the maps.
MAPPED = 1 << 18
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
#: SQLite's index of a write-ahead log: mapped, and nothing that anybody reads as a file.
SHARED_INDEX = "-shm"
#: Begins of the names of libraries and devices that only programs on an accelerator map.
DRIVERS = (
    "libcuda.so", "libamdhip64.so", "libhsa-runtime64.so", "libze_loader.so", "libtpu.so",
    "/dev/nvidia", "/dev/kfd", "/dev/accel",
)  # fmt: skip
#: Modules whose libraries open files on their own.
NATIVE = (
    "pandas", "pyarrow", "polars", "duckdb", "h5py", "tables", "netCDF4", "lxml", "safetensors",
    "xgboost", "lightgbm", "catboost", "torch", "tensorflow", "onnx", "onnxruntime", "cv2",
    "soundfile", "datasets", "sqlite3",
)  # fmt: skip


class Meter(Files):
    """What a run's bytes leave unexplained, and the files that may explain it."""

    def __init__(self, shell: Any, folder: str, install: str, runs_missed: int) -> None:
        super().__init__(shell, folder, install, runs_missed)
        #: Files that were open before the probe: streams and logs of whoever started the kernel.
        self.inherited: set[tuple[int, int]] = set()
        #: Drivers of accelerators that were told.
        self.drivers: set[str] = set()
        #: When the maps were looked at, and when a run ended last.
        self.maps_at = self.ended_at = 0

    def open_meters(self) -> None:
        """Open the views that are only read from now on; without them there is no meter."""
        self._open_meter()
        if self.meter_fd < 0:
            return
        self.maps_fd = _open_high("/proc/self/maps")
        self.memory_fd = _open_high("/proc/self/statm")
        first = range(3 if self.install == "late" else 256)
        for fd in first:
            try:
                st = _fstat(fd)
            except OSError:
                continue
            if statmod.S_ISREG(st.st_mode):
                self.inherited.add((st.st_dev, st.st_ino))

    def mapped_bytes(self) -> int:
        """Return the resident bytes of mapped files, 0 where that isn't known."""
        if self.memory_fd < 0:
            return 0
        try:
            return int(_pread(self.memory_fd, 128, 0).split()[2]) * PAGE  # type: ignore[misc]
        except (OSError, ValueError, IndexError):
            return 0

    def begin_meter(self, run: Run) -> None:
        """Note where a run begins."""
        run.meter = self.read_meter()
        run.opened = self.opened_bytes, self.filtered_bytes
        run.mapped = self.mapped_bytes()

    def end_meter(self, run: Run) -> dict[str, Any] | None:
        """Return the ``meter`` of a run that ends now."""
        self.meter_at = 0
        self.ended_at = _mono()
        return self.measure(run, self.read_meter())

    def measure(self, run: Run, meter: tuple[int, int] | None) -> dict[str, Any] | None:
        """Return the run's ``meter``, after looking for what its bytes leave unexplained."""
        if meter is None or run.meter is None:
            return None
        read = meter[0] - run.meter[0]
        written = meter[1] - run.meter[1]
        kept = self.kept_bytes(run)
        opened = self.opened_bytes - run.opened[0] + self.filtered_bytes - run.opened[1]
        unseen = read - opened > ALLOWANCE or written - kept > ALLOWANCE
        nameless = self.look_at_held(run) if unseen else 0
        if unseen or run.updates or self.mapped_bytes() - run.mapped > MAPPED:
            self.look_at_maps(run)
        fields = {
            "read": str(read), "written": str(written),
            "openedRead": str(self.opened_bytes - run.opened[0]),
            "filteredRead": str(self.filtered_bytes - run.opened[1]),
            "keptWritten": str(self.kept_bytes(run)),
        }  # type: dict[str, Any]  # fmt: skip
        if nameless:
            fields["nameless"] = str(nameless)
        if unseen:
            fields["native"] = self.native_libraries()
        return fields

    def kept_bytes(self, run: Run) -> int:
        """Return the bytes that explain a run's writes: what it left, rewrote and removed."""
        total = run.rewritten
        for real, before in list(run.written.items()):
            st = try_stat(real)
            if st is not None:
                total += max(0, st.st_size - (before or 0))
        return total

    def look_at_held(self, run: Run) -> int:
        """Name the files that are open now and weren't seen; return the bytes of nameless ones."""
        nameless = 0
        for fd, st in held_descriptors(self.own_descriptors()) or ():
            if (st.st_dev, st.st_ino) in self.inherited:
                continue
            if st.st_nlink == 0:
                nameless += st.st_size
                continue
            path = fd_path(fd)
            if path is not None:
                self.found(run, path, ops_of(None, _access_mode(fd), True), "held")
        return nameless

    def look_at_maps(self, run: Run) -> None:
        """Name the data files that are mapped now and weren't seen."""
        self.maps_at = _mono()
        mapped: dict[str, bool] = {}
        code: set[str] = set()
        for mode, _, path in self.maps():
            if not path.startswith("/") or path.endswith(" (deleted)"):
                continue
            if "x" in mode:
                code.add(path)
            self.look_at_driver(run, path)
            mapped[path] = mapped.get(path, False) or is_shared(mode)
        for path, writable in mapped.items():
            if path not in code and not path.endswith(".so") and ".so." not in path:
                self.found(run, path, ["read", "write"] if writable else ["read"], "maps")
            if writable:
                self.found_map(run, "context", path)

    def look_at_shared(self) -> None:
        """Name, between runs, what native code has mapped for writing: it may change any time."""
        if self.open_runs or self.maps_fd < 0 or self.maps_at > self.ended_at:
            return
        now = _mono()
        if now - self.maps_at < PERIOD * 1e9:
            return
        self.maps_at = now
        for mode, _, path in self.maps():
            if is_shared(mode) and path.startswith("/") and not path.endswith(" (deleted)"):
                self.found_map(None, "none", path)

    def found_map(self, run: Run | None, how: str, path: str) -> None:
        """Write ``file.mapped`` for a map that no call told."""
        if self.is_noise(path, True) or path.endswith(SHARED_INDEX):
            return
        st = try_stat(path)
        if st is not None and statmod.S_ISREG(st.st_mode) and self.writable.get(path) != st.st_ino:
            self.mapped(run, how, path, True)

    def look_at_driver(self, run: Run, path: str) -> None:
        """Tell, once each, that an accelerator's driver or device is mapped."""
        driver = path if path.startswith("/dev/") else os.path.basename(path)
        if driver.startswith(DRIVERS) and driver not in self.drivers:
            self.drivers.add(driver)
            covers = {"library": driver, "run": run.id}
            self.journal.put("gap", run.id, "context", {"code": "accelerator", "covers": covers})

    def found(self, run: Run, path: str, ops: list[str], via: str) -> None:
        """Write ``file.opened`` for a file that no open of this run named."""
        st = try_stat(path)
        if st is None or not statmod.S_ISREG(st.st_mode):
            return
        known = path in run.written if "write" in ops or "append" in ops else False
        if not known and (path, "versions") not in run.seen:
            self.opened(path, ops, os.O_RDONLY, via, None, None, {"outcome": "unknown"})

    def native_libraries(self) -> list[dict[str, Any]]:
        """Return the loaded libraries that open files on their own, and whether each is watched."""
        states = {row["library"]: row["state"] for row in self.wrappers.states()}
        return [
            {"library": name, "state": states.get(name, "none")}
            for name in NATIVE
            if name in _module_table
        ]


def _open_high(path: str) -> int:
    try:
        return Journal._high(_open(path, os.O_RDONLY | CLOEXEC))
    except OSError:
        return -1


def _access_mode(fd: int) -> int:
    """Return the access mode with which a descriptor was opened."""
    try:
        import fcntl  # loaded at the start: the journal uses it

        return fcntl.fcntl(fd, fcntl.F_GETFL) & (3 | os.O_APPEND)
    except Exception:
        return os.O_RDONLY
