# ruff: noqa: E501 (a table of code)
"""Calls of science and machine learning libraries, each with the files that it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_attest.tests.journals import Event

from .kernels import Kernel, of


@dataclass(frozen=True)
class Case:
    """One call and what must be in the journal of its run, relative to the working folder."""

    name: str
    #: The module whose absence leaves the case out.
    needs: str
    code: str
    before: str = ""
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    #: Files that hold a model, by the evidence that the object's class gives.
    models: dict[str, str] = field(default_factory=dict)
    #: Files beside those that the library touches or not, as it likes.
    also: frozenset[str] = frozenset()


def case(
    name: str,
    needs: str,
    code: str,
    *,
    before: str = "",
    reads: str = "",
    writes: str = "",
    models: dict[str, str] | None = None,
    also: str = "",
) -> Case:
    """A case with its files written as words."""
    files = (frozenset(words.split()) for words in (reads, writes, also))
    read, written, beside = files
    return Case(name, needs, code, before, read, written, models or {}, beside)


BOOSTER = "is a xgboost.core.Booster"
LGBM = "is a lightgbm.basic.Booster"
CAT = "is a catboost.core._CatBoostBase"
MODULE = "is a torch.nn.modules.module.Module"
PROTO = "is a onnx.onnx_ml_pb2.ModelProto"

NUMPY = "import numpy as np\n"
XGB = (
    "import numpy as np, xgboost as xgb\nX = np.random.rand(20, 2); y = (X[:, 0] > .5) * 1\n"
    "booster = xgb.train({'max_depth': 2}, xgb.DMatrix(X, y), 2)\n"
)
LGB = (
    "import numpy as np, lightgbm as lgb\nX = np.random.rand(60, 2); y = (X[:, 0] > .5) * 1\n"
    "small = {'verbose': -1, 'min_data_in_leaf': 2}\n"
    "model = lgb.train(small, lgb.Dataset(X, y), 2)\n"
)
ONNX = (
    "import numpy as np, onnx\nfrom onnx import helper as h\n"
    "def made(n):\n"
    "    w = onnx.numpy_helper.from_array(np.ones((n, 4), 'float32'), 'w')\n"
    "    i = h.make_tensor_value_info('i', 1, [1, n]); o = h.make_tensor_value_info('o', 1, [1, 4])\n"
    "    graph = h.make_graph([h.make_node('MatMul', ['i', 'w'], ['o'])], 'g', [i], [o], [w])\n"
    "    opset = [h.make_opsetid('', 17)]\n"
    "    return h.make_model(graph, opset_imports=opset, ir_version=8)\n"
)
CV = "import cv2, numpy as np\nimage = np.zeros((16, 16, 3), 'uint8')\n"

LIGHT = [
    case("h5py: a new file", "h5py", "with h5py.File('a.h5', 'w') as f: f['x'] = [1, 2]",
         before="import h5py", writes="a.h5"),
    case("h5py: read", "h5py", "import pathlib\nwith h5py.File(pathlib.Path('b.h5')) as f: f['x'][:]",
         before="import h5py\nwith h5py.File('b.h5', 'w') as f: f['x'] = [1, 2]", reads="b.h5"),
    case("h5py: append", "h5py", "with h5py.File('c.h5', mode='a') as f: f['y'] = [3]",
         before="import h5py\nwith h5py.File('c.h5', 'w') as f: f['x'] = [1, 2]",
         reads="c.h5", writes="c.h5"),
    case("h5py: an open file", "h5py", "with open('d.h5', 'rb') as g, h5py.File(g) as f: f['x'][:]",
         before="import h5py\nwith h5py.File('d.h5', 'w') as f: f['x'] = [1, 2]", reads="d.h5"),
    case("tables: open_file", "tables", "with tables.open_file('t.h5', 'w') as f: f.create_array('/', 'x', [1])",
         before="import tables", writes="t.h5"),
    case("pandas: to_hdf", "tables", "pd.DataFrame({'a': [1]}).to_hdf('p.h5', key='k')",
         before="import pandas as pd, tables", writes="p.h5"),
    case("pandas: read_hdf", "tables", "pd.read_hdf('q.h5', 'k')",
         before="import pandas as pd, tables\npd.DataFrame({'a': [1]}).to_hdf('q.h5', key='k')",
         reads="q.h5"),
    case("netCDF4: a new file", "netCDF4", "with netCDF4.Dataset('a.nc', 'w') as d: d.createDimension('x', 3)",
         before="import netCDF4", writes="a.nc"),
    case("netCDF4: read", "netCDF4", "with netCDF4.Dataset('b.nc') as d: d.dimensions",
         before="import netCDF4\nwith netCDF4.Dataset('b.nc', 'w') as d: d.createDimension('x', 3)",
         reads="b.nc"),
    case("zarr: a folder", "zarr", "zarr.save_array('a.zarr', np.arange(3))",
         before="import zarr, numpy as np", writes="a.zarr/zarr.json a.zarr/c/0"),
    case("safetensors: save_file of numpy", "safetensors", "save_file({'x': np.ones(3)}, 'a.safetensors')",
         before="import numpy as np\nfrom safetensors.numpy import save_file", writes="a.safetensors"),
    case("safetensors: load_file of numpy", "safetensors", "load_file('b.safetensors')",
         before="import numpy as np\nfrom safetensors.numpy import save_file, load_file\n"
         "save_file({'x': np.ones(3)}, 'b.safetensors')", reads="b.safetensors"),
    case("safetensors: safe_open", "safetensors",
         "with safe_open('c.safetensors', 'np') as f: f.get_tensor('x')",
         before="import numpy as np\nfrom safetensors import safe_open\n"
         "from safetensors.numpy import save_file\nsave_file({'x': np.ones(3)}, 'c.safetensors')",
         reads="c.safetensors"),
    case("xgboost: save_model", "xgboost", "booster.save_model('a.ubj')", before=XGB,
         writes="a.ubj", models={"a.ubj": BOOSTER}),
    case("xgboost: load_model", "xgboost", "xgb.Booster(model_file='b.json')",
         before=XGB + "booster.save_model('b.json')", reads="b.json", models={"b.json": BOOSTER}),
    case("xgboost: the scikit-learn way", "xgboost", "c.save_model('c.json'); c.load_model('c.json')",
         before=XGB + "c = xgb.XGBRegressor(n_estimators=2).fit(X, y)",
         reads="c.json", writes="c.json", models={"c.json": BOOSTER}),
    case("xgboost: a matrix of a text file", "xgboost", "xgb.DMatrix('d.txt?format=libsvm')",
         before=XGB + "open('d.txt', 'w').write('1 1:2\\n0 1:3\\n')", reads="d.txt"),
    case("xgboost: save_binary", "xgboost", "xgb.DMatrix(X, y).save_binary('e.bin')", before=XGB,
         writes="e.bin"),
    case("lightgbm: save_model, not an append", "lightgbm", "model.save_model('a.lgb')", before=LGB,
         writes="a.lgb", models={"a.lgb": LGBM}),
    case("lightgbm: model_file", "lightgbm", "lgb.Booster(model_file='b.lgb')",
         before=LGB + "model.save_model('b.lgb')", reads="b.lgb", models={"b.lgb": LGBM}),
    case("lightgbm: init_model", "lightgbm", "lgb.train(small, lgb.Dataset(X, y), 1, init_model='c.lgb')",
         before=LGB + "model.save_model('c.lgb')", reads="c.lgb",
         models={"c.lgb": "is a lightgbm.basic._InnerPredictor"}),
    case("lightgbm: a dataset of a text file", "lightgbm", "lgb.Dataset('d.csv', params=small).construct()",
         before=LGB + "np.savetxt('d.csv', np.c_[y, X], delimiter=',')", reads="d.csv"),
    case("lightgbm: weights beside the data", "lightgbm", "lgb.Dataset('w.csv', params=small).construct()",
         before=LGB + "np.savetxt('w.csv', np.c_[y, X], delimiter=',')\n"
         "np.savetxt('w.csv.weight', np.ones(60))", reads="w.csv w.csv.weight"),
    case("lightgbm: save_binary", "lightgbm", "lgb.Dataset(X, y, params=small).save_binary('e.bin')",
         before=LGB, writes="e.bin"),
    case("onnx: save and load", "onnx", "onnx.save(made(2), 'a.onnx'); onnx.load('a.onnx')",
         before=ONNX, reads="a.onnx", writes="a.onnx", models={"a.onnx": PROTO}),
    case("onnx: external data read", "onnx", "onnx.load('b.onnx')",
         before=ONNX + "onnx.save(made(600), 'b.onnx', save_as_external_data=True, location='b.data')",
         reads="b.onnx b.data", models={"b.onnx": PROTO}),
    case("onnx: external data written", "onnx",
         "onnx.save(made(600), 'c.onnx', save_as_external_data=True, location='c.data')",
         before=ONNX, reads="c.data", writes="c.onnx c.data", models={"c.onnx": PROTO}),
    case("onnx: check_model by path", "onnx", "onnx.checker.check_model('d.onnx')",
         before=ONNX + "onnx.save(made(2), 'd.onnx')", reads="d.onnx"),
    case("onnx: check_model of bytes", "onnx", "onnx.checker.check_model(made(2).SerializeToString())",
         before=ONNX),
    case("opencv: imwrite", "cv2", "cv2.imwrite('a.png', image)", before=CV, writes="a.png"),
    case("opencv: imread", "cv2", "cv2.imread('b.png')", before=CV + "cv2.imwrite('b.png', image)",
         reads="b.png"),
    case("opencv: a video written", "cv2",
         "v = cv2.VideoWriter('a.avi', cv2.VideoWriter_fourcc(*'MJPG'), 5, (16, 16))\n"
         "v.write(image); v.release()", before=CV, writes="a.avi"),
    case("opencv: a video read", "cv2", "v = cv2.VideoCapture('b.avi'); v.read(); v.release()",
         before=CV + "v = cv2.VideoWriter('b.avi', cv2.VideoWriter_fourcc(*'MJPG'), 5, (16, 16))\n"
         "v.write(image); v.release()", reads="b.avi"),
    case("opencv: a video opened later", "cv2", "v = cv2.VideoCapture()\nv.open('c.avi'); v.release()",
         before=CV + "v = cv2.VideoWriter('c.avi', cv2.VideoWriter_fourcc(*'MJPG'), 5, (16, 16))\n"
         "v.write(image); v.release()", reads="c.avi"),
    case("opencv: storage written", "cv2",
         "s = cv2.FileStorage('a.yml', cv2.FILE_STORAGE_WRITE); s.write('x', 1); s.release()",
         before=CV, writes="a.yml"),
    case("opencv: storage read", "cv2", "s = cv2.FileStorage('b.yml', cv2.FILE_STORAGE_READ); s.release()",
         before=CV + "s = cv2.FileStorage('b.yml', cv2.FILE_STORAGE_WRITE); s.write('x', 1); s.release()",
         reads="b.yml"),
    case("opencv: storage in memory", "cv2",
         "s = cv2.FileStorage('%YAML:1.0\\n---\\nx: 1\\n', cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)",
         before=CV),
]  # fmt: skip


def check(kernel: Kernel, case: Case) -> None:
    """Run a case in a folder of its own; its run names its files, the right way, and no other."""
    folder = kernel.work / "".join(c if c.isalnum() else "_" for c in case.name)
    folder.mkdir()
    prepared = kernel.run(f"import os; os.chdir({str(folder)!r})\n{case.before}")
    assert prepared.status == "ok", prepared.traceback
    outcome = kernel.run(case.code)
    assert outcome.status == "ok", outcome.traceback
    events = kernel.settle(outcome.msg_id)
    assert _reads(folder, events) - case.also == case.reads
    assert _writes(folder, events) - case.also == case.writes
    for path, evidence in case.models.items():
        objects = [e for e in of(events, "object.written", "object.read") if e["path"] == path]
        assert any(evidence in e["modelEvidence"] for e in objects), (path, objects)


def _reads(folder: Path, events: list[Event]) -> frozenset[str]:
    """What the run read, each as it was there before the call."""
    opened = [e for e in of(events, "file.opened") if e["outcome"] == "opened" and e["stat"]]
    return frozenset(_relative(folder, e["realPath"]) for e in opened if "read" in e["ops"])


def _writes(folder: Path, events: list[Event]) -> frozenset[str]:
    """What the run left of what it wrote, each with the identity that it has now."""
    settled = [e for e in of(events, "file.settled") if e["stat"]]
    for event in settled:
        if event.get("holds") != "folder":
            assert event["stat"]["size"] == Path(event["realPath"]).stat().st_size
    return frozenset(_relative(folder, e["realPath"]) for e in settled)


def _relative(folder: Path, path: Any) -> str:
    return str(Path(path).relative_to(folder)) if str(path).startswith(f"{folder}/") else str(path)
