"""A digest belongs to an identity, or there is none and the reason."""

from __future__ import annotations

import hashlib
import os
import queue
import socket
import time
from pathlib import Path

import pytest

from jupyter_attest.helper import files, hashing
from jupyter_attest.helper.files import Identity, identity_of
from jupyter_attest.helper.hashing import Digest, Hasher, Job, digest_of

BIG = 10**9


def identity(path: Path) -> Identity:
    return identity_of(path.lstat())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(b"first" * 100_000)
    return path


def test_the_digest_of_what_is_there(file: Path) -> None:
    digest = digest_of(str(file), identity(file), BIG)
    assert digest.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest.absent is None


def test_other_bytes_than_were_seen_have_none(file: Path) -> None:
    seen = identity(file)
    file.write_bytes(b"other" * 100_000)
    assert digest_of(str(file), seen, BIG).absent == "changed"


def test_a_file_in_its_place_has_none_though_its_bytes_are_equal(file: Path) -> None:
    seen = identity(file)
    twin = file.with_name("twin")
    twin.write_bytes(file.read_bytes())
    os.utime(twin, ns=(seen.mtime_ns, seen.mtime_ns))
    twin.replace(file)
    assert digest_of(str(file), seen, BIG).absent == "changed"


def test_a_change_during_hashing_is_noticed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, real = identity(file), os.read

    def slow(descriptor: int, count: int) -> bytes:
        with file.open("ab") as more:
            more.write(b"!")
        return real(descriptor, count)

    monkeypatch.setattr(hashing.os, "read", slow)
    monkeypatch.setattr(hashing, "_CHUNK", 400_000)
    digest = digest_of(str(file), seen, BIG)
    assert digest.absent == "changed" and digest.sha256 is None


def test_reasons_for_none(file: Path, tmp_path: Path) -> None:
    seen = identity(file)
    assert digest_of(str(file), seen, seen.size - 1).absent == "too-large"
    link = tmp_path / "link"
    link.symlink_to(file)
    assert digest_of(str(link), seen, BIG).absent == "unreadable"
    assert digest_of(str(tmp_path), identity(tmp_path), BIG).absent == "special"
    os.mkfifo(tmp_path / "pipe")
    assert digest_of(str(tmp_path / "pipe"), identity(tmp_path / "pipe"), BIG).absent == "special"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        assert digest_of(str(tmp_path / "s"), identity(tmp_path / "s"), BIG).absent == "unreadable"
    file.unlink()
    assert digest_of(str(file), seen, BIG).absent == "gone"


def test_a_network_file_is_deferred(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "file_system", lambda dev: "nfs4")
    assert digest_of(str(file), identity(file), BIG).absent == "deferred"


def test_what_was_hashed_ahead_outlives_its_file(file: Path) -> None:
    results: queue.Queue[tuple[Job, Digest, bool]] = queue.Queue()
    hasher = Hasher(lambda *result: results.put(result), BIG)
    seen, expected = identity(file), hashlib.sha256(file.read_bytes()).hexdigest()
    assert hasher.ahead(str(file), seen)
    deadline = time.monotonic() + 20
    while hasher.known(seen) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    file.write_bytes(b"overwritten by the next cell")
    known = hasher.known(seen)
    assert known is not None and known.sha256 == expected and known.ahead
    assert not hasher.ahead(str(file), seen)
    assert hasher.want(Job(str(file), seen, "asked"))
    job, digest, from_cache = results.get(timeout=20)
    assert job.ticket == "asked" and digest.sha256 == expected and from_cache


def test_too_many_wishes_are_refused_not_queued(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "MAX_WAITING", 0)
    hasher = Hasher(lambda *_: None, BIG)
    assert not hasher.want(Job(str(file), identity(file), "asked"))
    assert not hasher.ahead(str(file), identity(file))


def test_a_file_mapped_for_writing_is_hashed_when_it_no_longer_is(file: Path) -> None:
    results: queue.Queue[tuple[Job, Digest, bool]] = queue.Queue()
    hasher = Hasher(lambda *result: results.put(result), BIG)
    seen = identity(file)
    inode = (seen.dev, seen.ino)

    def digest() -> Digest:
        assert hasher.want(Job(str(file), seen, "asked"))
        return results.get(timeout=20)[1]

    before = digest()
    hasher.mutable(inode, mapped=True)
    assert hasher.known(seen) is None and not hasher.ahead(str(file), seen)
    assert digest().absent == "mutable"
    hasher.mutable(inode, mapped=False)
    after = digest()
    assert after.sha256 == before.sha256 and after.begun_ns > before.begun_ns


def test_a_young_identity_on_a_coarse_clock_is_racy(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = identity(file)
    changed = max(seen.mtime_ns, seen.ctime_ns)
    monkeypatch.setattr(files, "file_system", lambda dev: "some old one")
    assert files.is_racy(seen, changed + files.RACY_NS - 1)
    assert not files.is_racy(seen, changed + files.RACY_NS)
    monkeypatch.setattr(files, "file_system", lambda dev: "nfs")
    assert files.is_racy(seen, changed + 10**12)
