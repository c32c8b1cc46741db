"""Empty stand-ins for the CUDA libraries that torch's wheel is linked to, for tests on a CPU.

    python torch_cpu_stubs.py SITE_PACKAGES      (needs gcc and readelf)

PyPI's torch then imports without gigabytes of CUDA wheels, trains and saves on the CPU, and
``torch.cuda.is_available()`` is False. For tests only, never for users.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

#: A symbol without a version belongs to the library with its longest prefix.
PREFIXES = {
    "cublas": "libcublas.so", "cublasLt": "libcublasLt.so", "cudnn": "libcudnn",
    "cufft": "libcufft.so", "cuFile": "libcufile", "cupti": "libcupti",
    "cusolver": "libcusolver.so", "cusparse": "libcusparse.so", "cusparseLt": "libcusparseLt",
    "nccl": "libnccl", "nvrtc": "libnvrtc", "nvshmem": "libnvshmem", "cuda": "libcudart",
    "__cuda": "libcudart",
}  # fmt: skip
#: cudaErrorNoDevice: every call that a stand-in answers fails with it.
NO_DEVICE = 100

#: The symbols of each library, each with its version or an empty text.
Symbols = dict[str, set[tuple[str, str]]]


def readelf(option: str, library: Path) -> list[str]:
    """The lines that readelf prints. Raises OSError and CalledProcessError."""
    done = subprocess.run(
        ["readelf", *option.split(), "-W", str(library)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def missing_libraries(folder: Path) -> set[str]:
    """The CUDA libraries that those in the folder need and that aren't beside them."""
    found = set()
    for library in folder.glob("*.so"):
        for line in readelf("-d", library):
            match = re.search(r"NEEDED.*\[(lib(?:cu|nv|nccl).*)\]", line)
            if match and not (folder / match[1]).exists():
                found.add(match[1])
    return found


def owners_of_versions(library: Path) -> dict[str, str]:
    """Which needed library defines a symbol version."""
    owners, current = {}, ""
    for line in readelf("-V", library):
        file, version = re.search(r"File: (\S+)", line), re.search(r"Name: (\S+)\s+Flags", line)
        current = file[1] if file else current
        if version and current:
            owners[version[1]] = current
    return owners


def owner_of(name: str, libraries: set[str]) -> str | None:
    """The library that a symbol without a version is taken from."""
    prefix = max((p for p in PREFIXES if name.startswith(p)), key=len, default=None)
    starts = [PREFIXES[prefix]] if prefix else []
    for start in [*starts, "libcuda.so"]:
        for library in sorted(libraries):
            if library.startswith(start):
                return library
    return None


def undefined_symbols(folder: Path, libraries: set[str]) -> Symbols:
    """What is asked of each missing library."""
    symbols: Symbols = defaultdict(set)
    for library in folder.glob("*.so"):
        owners = owners_of_versions(library)
        for line in readelf("--dyn-syms", library):
            words = line.split()
            if len(words) < 8 or words[6] != "UND":
                continue
            name, _, version = words[7].partition("@")
            version = version.lstrip("@")
            if owners.get(version) in libraries:
                symbols[owners[version]].add((name, version))
            elif not version and re.match(r"(_*cu[A-Z_a-z]|nv|nccl|_*cuda)", name):
                owner = owner_of(name, libraries)
                if owner:
                    symbols[owner].add((name, ""))
    return symbols


def c_function(name: str) -> str:
    """A function that answers: there is no device."""
    if name in ("cudaGetErrorString", "cudaGetErrorName"):
        return f'const char *{name}(int error) {{ return "stand-in"; }}'
    if name == "cudaGetDeviceCount":
        return f"int {name}(int *count) {{ if (count) *count = 0; return {NO_DEVICE}; }}"
    quiet = name.startswith(("__", "cupti"))
    return f"long {name}() {{ return {0 if quiet else NO_DEVICE}; }}"


def build(library: str, symbols: set[tuple[str, str]], folder: Path) -> None:
    """Compile one stand-in into the folder. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as work:
        source, versions = Path(work, "stub.c"), Path(work, "versions.map")
        source.write_text("\n".join(c_function(name) for name in sorted({n for n, _ in symbols})))
        command = ["gcc", "-w", "-shared", "-fPIC", "-fno-builtin", "-O0"]
        command += [f"-Wl,-soname,{library}", "-o", str(folder / library), str(source)]
        named = sorted({version for _, version in symbols if version})
        if named:
            nodes = []
            for version in named:
                members = "".join(f"{name};" for name, v in sorted(symbols) if v == version)
                nodes.append(f"{version} {{ global: {members} }};\n")
            versions.write_text("".join(nodes))
            command.append(f"-Wl,--version-script={versions}")
        subprocess.run(command, check=True)


def main() -> None:
    """Build the stand-ins that the torch of an environment needs."""
    folder = Path(sys.argv[1], "torch", "lib")
    libraries = missing_libraries(folder)
    symbols = undefined_symbols(folder, libraries)
    for library in sorted(libraries):
        build(library, symbols[library], folder)
    print(f"{len(libraries)} stand-ins for CUDA libraries in {folder}")


if __name__ == "__main__":
    main()
