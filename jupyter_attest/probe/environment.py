"""What the kernel's environment is, read once at the start."""

from __future__ import annotations

import os
import sys
from typing import Any

from .references import SEP, _getcwd, _join, _loads, _module_table, _mono, _realpath, _sha256
from .values import name_of, read_small, try_stat


class Environment:
    """What the kernel's environment is, read once at the start."""

    #: At most this long (seconds) for reading package metadata; after it, folder names are used.
    METADATA_BUDGET = 0.25
    SWITCHES = (
        "PYTHONHASHSEED", "CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS",
        "TF_CUDNN_DETERMINISTIC", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_CBWR", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS",
    )  # fmt: skip

    def __init__(self, shell: Any, worker: bool = False) -> None:
        self.python = sys.version.split()[0]
        uname = os.uname() if hasattr(os, "uname") else None
        self.platform = (
            "%s-%s-%s" % (uname.sysname, uname.release, uname.machine) if uname else sys.platform
        )
        self.host = uname.nodename if uname else os.environ.get("COMPUTERNAME", "")
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
        # A child says what it is, not again where it is.
        self.packages = [] if worker else self._packages()
        self.hardware = {} if worker else self._hardware(uname)

    @staticmethod
    def _digest() -> str | None:
        try:
            with open(__file__, "rb") as file:
                digest: str = _sha256(file.read()).hexdigest()
                return digest
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
        package = globals().get("package")  # of a late start
        if type(package) is str:
            folders += [package, _realpath(package)]
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

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution by its normalized name; a child lists them now."""
        if not self.packages:
            self.packages = self._packages()
        return {p["name"].lower().replace("_", "-"): p["version"] for p in self.packages}

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
            told = _loads(read_small(direct))
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
            "release": uname.release if uname else None,
            "machine": uname.machine if uname else os.environ.get("PROCESSOR_ARCHITECTURE"),
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
