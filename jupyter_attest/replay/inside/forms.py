"""The canonical form of each file format, see docs/replay.md."""

# This runs on Python 3.8.
# ruff: noqa: UP006, UP035
from __future__ import annotations

import ast
import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Tuple

from . import pickles
from .items import Items, NotComparableError, Tensor, add, flatten, of_bytes

#: What a program writes of itself and of the day; it says nothing of the content.
_OF_THE_DAY = ("date_saved", "keras_version", "pandas_version", "creator")

Form = Tuple[str, Items]


def read_form(data: bytes, name: str) -> Form:
    """The format of a file's bytes, and what it holds.

    Raises:
        NotComparableError: the format isn't known, or a library for it is missing.
    """
    for is_it, form, read in _FORMS:
        if is_it(data, name):
            return form, read(data)
    raise NotComparableError("no canonical form for this format")


def _zip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {each: archive.read(each) for each in sorted(archive.namelist())}


def _names(data: bytes) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple(archive.namelist())
    except zipfile.BadZipFile:
        return ()


def _npy(data: bytes) -> Tensor:
    """numpy.lib.format: magic, version, length, a dict as text, the numbers."""
    major = data[6]
    width, code = (2, "<H") if major == 1 else (4, "<I")
    (length,) = struct.unpack(code, data[8 : 8 + width])
    start = 8 + width
    header = ast.literal_eval(data[start : start + length].decode("latin1"))
    if "O" in str(header["descr"]):
        raise NotComparableError("an array of objects")
    body = data[start + length :]
    tensor = Tensor(str(header["descr"]), tuple(header["shape"]), body)
    return pickles.in_c_order(tensor, header["fortran_order"])


def _npz(data: bytes) -> Items:
    return {name: _npy(body) for name, body in _zip(data).items()}


_SAFETENSORS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<bf2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


def _safetensors(data: bytes) -> Items:
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    items: Items = {}
    flatten(items, "__metadata__", header.pop("__metadata__", None))
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        dtype = _SAFETENSORS.get(entry["dtype"], entry["dtype"])
        items[name] = Tensor(dtype, tuple(entry["shape"]), data[start:end])
    return items


_TORCH = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "<bf2",
    "Long": "<i8", "Int": "<i4", "Short": "<i2", "Char": "|i1", "Byte": "|u1", "Bool": "|b1",
}  # fmt: skip


def _torch(data: bytes) -> Items:
    """torch.save: a pickle whose storages are members of the archive."""
    members = _zip(data)
    [main] = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
    folder = main[: -len("data.pkl")]

    def storage(pid: Any) -> Any:
        _, kind, key, _, count = pid
        name = getattr(kind, "made_by", "").rpartition(".")[2].replace("Storage", "")
        key = key.decode() if isinstance(key, bytes) else key
        body = members[f"{folder}data/{key}"]
        dtype = _TORCH.get(name)
        return Tensor(dtype, (count,), body) if dtype else (name, of_bytes(body))

    return pickles.items_of(members[main], storage)


def _keras(data: bytes) -> Items:
    items: Items = {}
    for name, body in _zip(data).items():
        if name.endswith(".json"):
            shared: dict[Any, int] = {}
            flatten(items, name, _numbered(_without_the_day(json.loads(body)), shared))
        elif name.endswith(".h5"):
            for inner, value in _hdf5(body).items():
                add(items, f"{name}/{inner}", value)
        else:
            add(items, name, of_bytes(body))
    return items


def _without_the_day(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_the_day(v) for k, v in value.items() if k not in _OF_THE_DAY}
    return [_without_the_day(each) for each in value] if isinstance(value, list) else value


def _numbered(value: Any, shared: dict[Any, int]) -> Any:
    """What Keras names by its address in memory, by its place among them."""
    if isinstance(value, dict):
        return {
            k: shared.setdefault(v, len(shared))
            if k == "shared_object_id"
            else _numbered(v, shared)
            for k, v in sorted(value.items())
        }
    return [_numbered(each, shared) for each in value] if isinstance(value, list) else value


def _hdf5(data: bytes) -> Items:
    """Groups, datasets and attributes by name, whenever they were made."""
    h5py, numpy = _library("h5py"), _library("numpy")
    items: Items = {}

    def visit(name: str, node: Any) -> None:
        for key in sorted(node.attrs):
            if key not in _OF_THE_DAY:
                _array(items, f"{name}@{key}", numpy.asarray(node.attrs[key]))
        if isinstance(node, h5py.Dataset):
            _array(items, name, numpy.asarray(node[()]))
        else:
            add(items, f"{name}/", "a group")

    with h5py.File(io.BytesIO(data), "r") as file:
        visit("/", file)
        file.visititems(visit)
    return items


def _array(items: Items, name: str, array: Any) -> None:
    if array.dtype.kind in "biufc":
        add(items, name, Tensor(array.dtype.str, array.shape, array.tobytes()))
    else:
        flatten(items, name, array.tolist())


def _parquet(data: bytes) -> Items:
    """Columns with their types and values; not how they were packed or by which version."""
    parquet = _library("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(data))
    items: Items = {}
    pandas = (table.schema.metadata or {}).get(b"pandas")
    if pandas is not None:
        flatten(items, "pandas", _without_the_day(json.loads(pandas)))
    for index, field in enumerate(table.schema):
        column = table.column(index)
        add(items, f"{index} {field.name}", str(field.type))
        flatten(items, field.name, column.to_pylist())
    return items


def _library(name: str) -> Any:
    try:
        return __import__(name, fromlist=["_"])
    except ImportError as error:
        raise NotComparableError(f"{name} isn't in the kernel's environment") from error


def _json(data: bytes) -> Items:
    items: Items = {}
    flatten(items, "", json.loads(data))
    return items


def _archive(data: bytes) -> Items:
    return {name: of_bytes(body) for name, body in _zip(data).items()}


_PACKED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ\x00", lzma.decompress),
    (b"\x5d\x00\x00", lzma.decompress),
    (b"\x78", zlib.decompress),
)


def _unpacked(data: bytes) -> bytes | None:
    for magic, unpack in _PACKED:
        if data.startswith(magic):
            try:
                return unpack(data)
            except Exception:
                return None
    return None


def _packed_pickle(data: bytes) -> Items:
    return pickles.items_of(_unpacked(data) or b"")


def _is_pickle(data: bytes, _: str) -> bool:
    return data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05" and len(data) > 2


def _is_safetensors(data: bytes, name: str) -> bool:
    return data[8:9] == b"{" and name.endswith(".safetensors")


def _is_json(data: bytes, name: str) -> bool:
    return name.endswith(".json")


#: The first that says yes reads the file.
_FORMS: tuple[tuple[Callable[[bytes, str], bool], str, Callable[[bytes], Items]], ...] = (
    (lambda d, n: d.startswith(b"\x93NUMPY"), "npy", lambda d: {"array": _npy(d)}),
    (lambda d, n: d.startswith(b"\x89HDF\r\n\x1a\n"), "hdf5", _hdf5),
    (lambda d, n: d.startswith(b"PAR1") and d.endswith(b"PAR1"), "parquet", _parquet),
    (_is_safetensors, "safetensors", _safetensors),
    (_is_pickle, "pickle", pickles.items_of),
    (lambda d, n: any(x.rpartition("/")[2] == "data.pkl" for x in _names(d)), "torch", _torch),
    (lambda d, n: {"config.json", "metadata.json"} <= set(_names(d)), "keras", _keras),
    (lambda d, n: bool(_names(d)) and all(x.endswith(".npy") for x in _names(d)), "npz", _npz),
    (lambda d, n: bool(_names(d)), "zip", _archive),
    (_is_json, "json", _json),
    (lambda d, n: _is_pickle(_unpacked(d) or b"", n), "packed pickle", _packed_pickle),
)
