"""What the helper knows about files: identities, file systems, which ones look like data."""

from __future__ import annotations

import os
import re
import stat as modes
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..journal import stat_of

#: Times of Linux from this release on tell two writes apart wherever somebody looked between.
_FINE_RELEASE = (6, 13)
_FINE_SYSTEMS = {"ext4", "xfs", "btrfs", "tmpfs"}

_NETWORK = re.compile(
    r"nfs|cifs|smb|afs|ceph|lustre|gpfs|beegfs|glusterfs|9p|davfs|"
    r"fuse\.(?!fuse-overlayfs|ntfs|exfat)",
)

#: An identity younger than this on a coarse clock may hide a second write, in ns.
RACY_NS = 20_000_000

_DATA_WORDS = """
    csv tsv txt json jsonl ndjson xml yaml yml parquet feather arrow orc avro xlsx xls ods
    h5 hdf5 nc zarr npy npz mat sav dta sas7bdat rds rdata pkl pickle joblib pt pth ckpt
    safetensors onnx keras gguf bin model pb db sqlite sqlite3 duckdb zip gz bz2 xz zst tar tgz
    dat data geojson gpkg shp tif tiff png jpg jpeg wav flac py toml ini cfg
"""
_DATA_ENDINGS = frozenset(f".{word}" for word in _DATA_WORDS.split())
#: Smaller files are worth hashing ahead whatever their name, in bytes.
_SMALL = 1024 * 1024


@dataclass(frozen=True)
class Identity:
    """Which bytes a path held at one moment, as far as stat(2) tells."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int


def identity_of(status: os.stat_result) -> Identity:
    """The identity in a stat result."""
    return Identity(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def identity_in(stat: Any) -> Identity | None:
    """The identity in an event's ``stat``; ``None`` when there is none or it is malformed."""
    if not isinstance(stat, dict):
        return None
    try:
        return Identity(
            int(stat["dev"]),
            int(stat["ino"]),
            int(stat["size"]),
            int(stat["mtimeNs"]),
            int(stat["ctimeNs"]),
        )
    except (KeyError, ValueError, TypeError):
        return None


def stat_from(identity: Identity) -> dict[str, Any]:
    """An identity as the journal writes it."""
    size = identity.size
    return {
        "dev": str(identity.dev),
        "ino": str(identity.ino),
        "size": size if size <= 2**53 else str(size),
        "mtimeNs": str(identity.mtime_ns),
        "ctimeNs": str(identity.ctime_ns),
        "fs": file_system(identity.dev),
    }


def stat_event(status: os.stat_result) -> dict[str, Any]:
    """A stat result as the journal writes it, with its file system."""
    return stat_of(status, file_system(status.st_dev))


@lru_cache(maxsize=1024)
def file_system(dev: int) -> str | None:
    """Type of the file system with this device number, e.g. ``ext4``; ``None`` if unknown."""
    wanted = f"{os.major(dev)}:{os.minor(dev)}" if hasattr(os, "major") else ""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                fields = line.split()
                if len(fields) > 2 and fields[2] == wanted and "-" in fields:
                    return fields[fields.index("-") + 1]
    except OSError:
        pass
    return None


def is_network(fs: str | None) -> bool:
    """Whether files of this type lie on another computer (or behind a user's program)."""
    return fs is not None and _NETWORK.match(fs) is not None


@lru_cache(maxsize=64)
def is_coarse(fs: str | None) -> bool:
    """Whether two writes in one clock tick can have equal times on this file system."""
    if sys.platform != "linux":
        return fs is None
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return not (release >= _FINE_RELEASE and fs in _FINE_SYSTEMS)


def is_racy(identity: Identity, looked_at_ns: int) -> bool:
    """Whether a write right after ``looked_at_ns`` (wall clock, ns) could have left no trace."""
    fs = file_system(identity.dev)
    if is_network(fs):
        return True
    age = looked_at_ns - max(identity.mtime_ns, identity.ctime_ns)
    return is_coarse(fs) and age < RACY_NS


def looks_like_data(name: str, size: int) -> bool:
    """Whether a file is worth a digest before anybody read it."""
    return size <= _SMALL or Path(name).suffix.lower() in _DATA_ENDINGS


def is_regular(status: os.stat_result) -> bool:
    """Whether it is a plain file: no folder, link, pipe, socket or device."""
    return modes.S_ISREG(status.st_mode)
