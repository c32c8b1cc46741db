"""Files compared by content: what may differ, what may not, and that no pickle runs anything."""

from __future__ import annotations

import io
import json
import pickle
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_attest.replay.inside.compare import compare

Write = Callable[[Path, Any, bool], None]

np = pytest.importorskip("numpy")
NUMBERS = np.arange(12, dtype="<f8").reshape(3, 4) / 7


def write_npz(path: Path, numbers: Any, other_way: bool) -> None:
    save = np.savez_compressed if other_way else np.savez
    save(path.open("wb"), x=numbers, names=np.array(["a", "b"]))


def write_npy(path: Path, numbers: Any, other_way: bool) -> None:
    np.save(path.open("wb"), np.asfortranarray(numbers) if other_way else numbers)


def write_pickle(path: Path, numbers: Any, other_way: bool) -> None:
    members = ["x", "y", "z"]
    value = {"set": set(reversed(members) if other_way else members), "x": numbers, "n": 3}
    path.write_bytes(pickle.dumps(value, protocol=3 if other_way else 5))


def write_joblib(path: Path, numbers: Any, other_way: bool) -> None:
    joblib = pytest.importorskip("joblib")
    joblib.dump(
        {"w": numbers, "f": np.asfortranarray(numbers)}, path, protocol=3 if other_way else 5
    )


def write_packed(path: Path, numbers: Any, other_way: bool) -> None:
    pytest.importorskip("joblib").dump([numbers], path, compress=9 if other_way else 1)


def write_parquet(path: Path, numbers: Any, other_way: bool) -> None:
    pandas = pytest.importorskip("pandas")
    packing = "gzip" if other_way else "snappy"
    pandas.DataFrame(numbers, columns=list("abcd")).to_parquet(path, compression=packing)


def write_hdf5(path: Path, numbers: Any, other_way: bool) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", track_order=other_way) as file:
        for name in ("b", "a") if other_way else ("a", "b"):
            file[f"layer/{name}"] = numbers
        file.attrs["made_of"] = "numbers"


def write_safetensors(path: Path, numbers: Any, other_way: bool) -> None:
    names = ("b", "a") if other_way else ("a", "b")
    size, entries, body = numbers.nbytes, {}, b""
    for index, name in enumerate(names):
        place = [index * size, (index + 1) * size]
        entries[name] = {"dtype": "F64", "shape": [3, 4], "data_offsets": place}
        body += numbers.tobytes()
    header = json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)


def write_keras(path: Path, numbers: Any, other_way: bool) -> None:
    weights = path.with_suffix(".h5")
    write_hdf5(weights, numbers, other_way)
    with zipfile.ZipFile(path, "w") as archive:
        date = "2026-01-02" if other_way else "2026-01-01"
        archive.writestr("metadata.json", json.dumps({"keras_version": "3", "date_saved": date}))
        policy, other = (140296540164176, 7) if other_way else (140168824325904, 9)
        layers = [{"shared_object_id": each} for each in (policy, other, policy)]
        archive.writestr("config.json", json.dumps({"units": 4, "layers": layers}))
        archive.writestr("model.weights.h5", weights.read_bytes())


def write_torch(path: Path, numbers: Any, other_way: bool) -> None:
    """As torch.save lays it out, without torch."""
    module = types.ModuleType("torch")
    module.DoubleStorage = type("DoubleStorage", (), {"__module__": "torch"})  # type: ignore[attr-defined]
    sys.modules["torch"] = module
    key = "7" if other_way else "0"

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            is_it = isinstance(value, io.BytesIO)
            return ("storage", module.DoubleStorage, key, "cpu", 12) if is_it else None

    out = io.BytesIO()
    try:
        Pickler(out, protocol=2).dump({"weight": io.BytesIO()})
    finally:
        del sys.modules["torch"]
    with zipfile.ZipFile(path, "w") as archive:
        folder = "other" if other_way else "model"
        archive.writestr(f"{folder}/data.pkl", out.getvalue())
        archive.writestr(f"{folder}/data/{key}", numbers.tobytes())


FORMS: dict[str, Write] = {
    "npz": write_npz,
    "npy": write_npy,
    "pickle": write_pickle,
    "joblib": write_joblib,
    "z": write_packed,
    "parquet": write_parquet,
    "h5": write_hdf5,
    "safetensors": write_safetensors,
    "keras": write_keras,
    "pt": write_torch,
}


@pytest.mark.parametrize("form", FORMS)
def test_other_bytes_of_the_same_content_are_the_same_and_other_numbers_are_not(
    form: str, tmp_path: Path
) -> None:
    write = FORMS[form]
    first, again, near, far = (tmp_path / f"{name}.{form}" for name in "abcd")
    write(first, NUMBERS, False)
    write(again, NUMBERS, True)
    write(near, NUMBERS * (1 + 1e-9), False)
    write(far, NUMBERS * 2, False)
    assert first.read_bytes() != again.read_bytes()
    assert compare(str(first), str(again))["relation"] == "same-content"
    close = compare(str(first), str(near))
    assert close["relation"] == "close"
    assert 0 < close["maxAbs"] < 1e-8 and 0 < close["maxRel"] < 1e-8
    assert compare(str(first), str(far))["relation"] == "different"


def test_a_fitted_model_is_compared_by_what_it_holds(tmp_path: Path) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    joblib = pytest.importorskip("joblib")
    model = linear.LinearRegression().fit(NUMBERS, [1.0, 2.0, 4.0])
    joblib.dump(model, tmp_path / "a", protocol=5)
    joblib.dump(model, tmp_path / "b", protocol=3)
    assert compare(str(tmp_path / "a"), str(tmp_path / "b"))["relation"] == "same-content"
    model.fit_intercept = False
    joblib.dump(model, tmp_path / "c", protocol=5)
    assert compare(str(tmp_path / "a"), str(tmp_path / "c"))["relation"] == "different"


def test_reading_a_pickle_runs_nothing_of_it(tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (marker,)

    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(Evil()))
    assert compare(str(path), str(path))["relation"] == "same-content"
    assert not marker.exists()
    pickle.loads(path.read_bytes())
    assert marker.exists()


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x04", b"PK\x03\x04", b"PAR1PAR1", b"\x93NUMPY"]
)
def test_what_cannot_be_read_is_different_and_says_why(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.bin"
    path.write_bytes(data)
    result = compare(str(path), str(path))
    assert result["relation"] == "different" and result["why"]
