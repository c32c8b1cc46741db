# ruff: noqa: E501 (a table of code)
"""Calls of science and machine learning libraries, each with the files that it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_attest.tests.journals import Event

from .kernels import Kernel, Outcome, of


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

SESSION = "is a onnxruntime.capi.onnxruntime_inference_collection.InferenceSession"

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
    case("zarr: a folder", "zarr.api", "zarr.save_array('a.zarr', np.arange(3))",
         before="import zarr, numpy as np", writes="a.zarr/zarr.json a.zarr/c/0"),
    case("zarr 2: a folder", "zarr.meta", "zarr.save_array('a.zarr', np.arange(3))",
         before="import zarr, numpy as np", reads="a.zarr/.zarray",
         writes="a.zarr/.zarray a.zarr/0",
         also="a.zarr/.zarray.partial"),
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

TORCH = "import torch\nmodel = torch.nn.Linear(2, 1)\n"
CATBOOST = (
    "import numpy as np, catboost as cb\nX = np.random.rand(30, 2); y = (X[:, 0] > .5) * 1\n"
    "def fitted(**options):\n"
    "    return cb.CatBoostClassifier(iterations=2, verbose=0, **options).fit(X, y)\n"
)
KERAS = (
    "import tensorflow as tf, keras\n"
    "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
)
TF = "import tensorflow as tf\nv = tf.Variable([1.])\n"
HF = "import os; os.environ['HF_HUB_OFFLINE'] = '1'; os.environ['HF_HOME'] = os.path.abspath('../hf')\n"
BERT = HF + (
    "import transformers as t\n"
    "config = t.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1,\n"
    "                      intermediate_size=8, vocab_size=9)\n"
    "model = t.BertModel(config)\n"
)

HEAVY = [
    case("torch: save", "torch", "torch.save(model, 'a.pt')", before=TORCH, writes="a.pt",
         models={"a.pt": MODULE}),
    case("torch: save under a name that isn't ASCII", "torch", "torch.save(model, 'ä.pt')",
         before=TORCH, writes="ä.pt"),
    case("torch: load", "torch", "torch.load('b.pt', weights_only=False)",
         before=TORCH + "torch.save(model, 'b.pt')", reads="b.pt", models={"b.pt": MODULE}),
    case("torch: load by a map", "torch", "torch.load('c.pt', mmap=True)",
         before=TORCH + "torch.save(model.state_dict(), 'c.pt')", reads="c.pt"),
    case("torch: jit.save", "torch", "torch.jit.save(traced, 'd.pt')",
         before=TORCH + "traced = torch.jit.trace(model, torch.ones(2))", writes="d.pt",
         models={"d.pt": MODULE}),
    case("torch: ScriptModule.save and jit.load", "torch", "traced.save('e.pt'); torch.jit.load('e.pt')",
         before=TORCH + "traced = torch.jit.trace(model, torch.ones(2))", reads="e.pt", writes="e.pt",
         models={"e.pt": MODULE}),
    case("torch: a script function", "torch", "traced.save('f.pt')",
         before=TORCH + "traced = torch.jit.trace(lambda x: x + 1, torch.ones(2))", writes="f.pt"),
    case("torch: export", "torch", "torch.export.save(program, 'g.pt2'); torch.export.load('g.pt2')",
         before=TORCH + "program = torch.export.export(model, (torch.ones(2),))", reads="g.pt2",
         writes="g.pt2", models={"g.pt2": "is a torch.export.exported_program.ExportedProgram"}),
    case("torch: from_file", "torch", "torch.from_file('h.bin', shared=True, size=4).fill_(1.)",
         before=TORCH + "open('h.bin', 'wb').write(bytes(16))", reads="h.bin", writes="h.bin"),
    case("torch: a distributed checkpoint", "torch",
         "import torch.distributed.checkpoint as d; d.save({'x': torch.ones(3)}, checkpoint_id='ck')",
         before=TORCH, writes="ck/.metadata ck/__0_0.distcp"),
    case("safetensors: save_file and load_file of torch", "torch",
         "save_file({'x': torch.ones(3)}, 'i.safetensors'); load_file('i.safetensors')",
         before=TORCH + "from safetensors.torch import save_file, load_file",
         reads="i.safetensors", writes="i.safetensors"),
    case("catboost: what fit writes by itself", "catboost", "model = fitted()", before=CATBOOST,
         writes="catboost_info"),
    case("catboost: another train_dir", "catboost", "model = fitted(train_dir='logs')", before=CATBOOST,
         writes="logs"),
    case("catboost: fit that writes nothing", "catboost", "model = fitted(allow_writing_files=False)",
         before=CATBOOST),
    case("catboost: save and load", "catboost",
         "model.save_model('a.cbm'); cb.CatBoostClassifier().load_model('a.cbm')",
         before=CATBOOST + "model = fitted(allow_writing_files=False)", reads="a.cbm", writes="a.cbm",
         models={"a.cbm": CAT}),
    case("catboost: a pool of files", "catboost", "cb.Pool('p.tsv', column_description='cd')",
         before=CATBOOST + "open('p.tsv', 'w').write('1\\t2\\t3\\n'); open('cd', 'w').write('0\\tLabel\\n')",
         reads="p.tsv cd"),
    case("catboost: a quantized pool", "catboost", "pool.save('q.bin'); cb.Pool('quantized://q.bin')",
         before=CATBOOST + "pool = cb.Pool(X, y); pool.quantize()", reads="q.bin", writes="q.bin"),
    case("onnxruntime: a session", "onnxruntime", "onnxruntime.InferenceSession('a.onnx')",
         before=ONNX + "import onnxruntime\nonnx.save(made(2), 'a.onnx')", reads="a.onnx",
         models={"a.onnx": SESSION}),
    case("onnxruntime: a session of bytes", "onnxruntime",
         "onnxruntime.InferenceSession(made(2).SerializeToString())",
         before=ONNX + "import onnxruntime"),
    case("onnxruntime: the optimized model", "onnxruntime", "onnxruntime.InferenceSession('b.onnx', options)",
         before=ONNX + "import onnxruntime\nonnx.save(made(2), 'b.onnx')\n"
         "options = onnxruntime.SessionOptions(); options.optimized_model_filepath = 'best.onnx'",
         reads="b.onnx", writes="best.onnx"),
    case("soundfile: write and read", "soundfile", "soundfile.write('a.wav', [0.] * 9, 8000); soundfile.read('a.wav')",
         before="import soundfile", reads="a.wav", writes="a.wav"),
    case("tokenizers: save and from_file", "tokenizers", "t.save('t.json'); tokenizers.Tokenizer.from_file('t.json')",
         before="import tokenizers\nt = tokenizers.Tokenizer(tokenizers.models.WordLevel({'a': 0}, 'a'))",
         reads="t.json", writes="t.json"),
    case("datasets: a file", "datasets", "datasets.load_dataset('csv', data_files='a.csv')",
         before=HF + "import datasets\nopen('a.csv', 'w').write('x\\n1\\n')", reads="a.csv"),
    case("datasets: save_to_disk", "datasets", "d.save_to_disk('sd')",
         before=HF + "import datasets\nd = datasets.Dataset.from_dict({'x': [1]})",
         writes="sd/data-00000-of-00001.arrow sd/state.json sd/dataset_info.json"),
    case("datasets: load_from_disk", "datasets", "datasets.load_from_disk('sd')",
         before=HF + "import datasets\ndatasets.Dataset.from_dict({'x': [1]}).save_to_disk('sd')",
         reads="sd/data-00000-of-00001.arrow sd/state.json sd/dataset_info.json"),
    case("transformers: save_pretrained", "transformers", "model.save_pretrained('m')", before=BERT,
         reads="m/model.safetensors", writes="m/config.json m/model.safetensors", also="m/model.safetensors"),
    case("transformers: a model of the hub's cache", "transformers",
         "t.BertModel.from_pretrained('o/n', cache_dir='hub')",
         before=BERT + "model.save_pretrained('m')\n"
         "at = 'hub/models--o--n'; snapshot = at + '/snapshots/' + 40 * '0'\n"
         "for folder in (at + '/blobs', at + '/refs', snapshot): os.makedirs(folder)\n"
         "open(at + '/refs/main', 'w').write(40 * '0')\n"
         "for blob, name in (('c', 'config.json'), ('w', 'model.safetensors')):\n"
         "    os.rename('m/' + name, at + '/blobs/' + blob)\n"
         "    os.symlink('../../blobs/' + blob, snapshot + '/' + name)\n",
         reads="hub/models--o--n/blobs/c hub/models--o--n/blobs/w", also="hub/models--o--n/refs/main"),
    case("tensorflow: a saved model", "tensorflow", "tf.saved_model.save(m, 'sm')",
         before=TF + "m = tf.Module(); m.v = v", writes="sm sm/saved_model.pb sm/fingerprint.pb",
         models={"sm": "is a tensorflow.python.module.module.Module"}, also="sm/fingerprint.pb"),
    case("tensorflow: a saved model read", "tensorflow", "tf.saved_model.load('sm')",
         before=TF + "m = tf.Module(); m.v = v\ntf.saved_model.save(m, 'sm')",
         reads="sm sm/saved_model.pb", also="sm/fingerprint.pb sm/variables/variables.index sm/variables/variables.data-00000-of-00001"),
    case("tensorflow: a checkpoint", "tensorflow", "c.save('ck/a')",
         before=TF + "c = tf.train.Checkpoint(v=v)",
         writes="ck/a-1.index ck/a-1.data-00000-of-00001 ck/checkpoint"),
    case("tensorflow: a checkpoint restored", "tensorflow", "c.read('w')",
         before=TF + "c = tf.train.Checkpoint(v=v); c.write('w')",
         reads="w.index w.data-00000-of-00001"),
    case("tensorflow: gfile written", "tensorflow", "with tf.io.gfile.GFile('a.txt', 'w') as f: f.write('x')",
         before=TF, writes="a.txt"),
    case("tensorflow: gfile read, copied and renamed", "tensorflow",
         "tf.io.gfile.GFile('a.txt').read(); tf.io.gfile.copy('a.txt', 'b.txt')\n"
         "tf.io.gfile.rename('b.txt', 'c.txt')",
         before=TF + "open('a.txt', 'w').write('x')", reads="a.txt", writes="c.txt"),
    case("tensorflow: write_file and read_file", "tensorflow",
         "tf.io.write_file('d.txt', 'x'); tf.io.read_file('d.txt')", before=TF, reads="d.txt", writes="d.txt"),
    case("tensorflow: records", "tensorflow",
         "with tf.io.TFRecordWriter('a.rec') as w: w.write(b'x')\nlist(tf.data.TFRecordDataset(['a.rec']))",
         before=TF, reads="a.rec", writes="a.rec"),
    case("tensorflow: lines and tables", "tensorflow",
         "list(tf.data.TextLineDataset('a.csv'))\n"
         "list(tf.data.experimental.CsvDataset('b.csv', [1, 2], header=True))\n"
         "next(iter(tf.data.experimental.make_csv_dataset('c.csv', 1, num_epochs=1)))",
         before=TF + "for n in 'abc': open(n + '.csv', 'w').write('x,y\\n1,2\\n')",
         reads="a.csv b.csv c.csv"),
    case("tensorflow: a dataset saved and loaded", "tensorflow",
         "tf.data.Dataset.range(3).save('ds')\nlist(tf.data.Dataset.load('ds'))", before=TF,
         reads="ds", writes="ds", also="ds/dataset_spec.pb ds/snapshot.metadata"),
    case("keras: a folder of pictures", "tensorflow",
         "list(keras.utils.image_dataset_from_directory('im', verbose=False, image_size=(8, 8)))",
         before=KERAS + "import numpy as np, os\nfor c in 'ab':\n    os.makedirs('im/' + c)\n"
         "    keras.utils.save_img('im/' + c + '/1.png', np.zeros((8, 8, 3)))", reads="im"),
    case("keras: .keras", "tensorflow", "model.save('a.keras'); keras.models.load_model('a.keras')",
         before=KERAS, reads="a.keras", writes="a.keras",
         models={"a.keras": "is a keras.src.models.model.Model"}),
    case("keras: weights", "tensorflow", "model.save_weights('b.weights.h5'); model.load_weights('b.weights.h5')",
         before=KERAS, reads="b.weights.h5", writes="b.weights.h5"),
    case("keras: .h5", "tensorflow", "model.save('c.h5'); keras.models.load_model('c.h5', compile=False)",
         before=KERAS, reads="c.h5", writes="c.h5", models={"c.h5": "is a keras.src.models.model.Model"}),
    case("keras: export", "tensorflow", "model.export('ex', verbose=False)", before=KERAS,
         writes="ex ex/saved_model.pb ex/fingerprint.pb", also="ex/fingerprint.pb"),
]  # fmt: skip


def run(kernel: Kernel, code: str) -> Outcome:
    """Run a cell that may import a large library."""
    return kernel.wait(kernel.send(code), timeout=250)


def check(kernel: Kernel, case: Case) -> None:
    """Run a case in a folder of its own; its run names its files, the right way, and no other."""
    folder = kernel.work / "".join(c if c.isalnum() else "_" for c in case.name)
    folder.mkdir()
    prepared = run(kernel, f"import os; os.chdir({str(folder)!r})\n{case.before}")
    assert prepared.status == "ok", prepared.traceback
    outcome = run(kernel, case.code)
    assert outcome.status == "ok", outcome.traceback
    events = kernel.settle(outcome.msg_id)
    assert _reads(folder, events) - case.also == case.reads - case.also
    assert _writes(folder, events) - case.also == case.writes - case.also
    for path, evidence in case.models.items():
        objects = [e for e in of(events, "object.written", "object.read") if e["path"] == path]
        assert any(evidence in e["modelEvidence"] for e in objects), (path, objects)


def _reads(folder: Path, events: list[Event]) -> frozenset[str]:
    """What the run read in its folder, each as it was there before the call."""
    opened = [e for e in of(events, "file.opened") if e["outcome"] == "opened" and e["stat"]]
    return _within(folder, [e["realPath"] for e in opened if "read" in e["ops"]])


def _writes(folder: Path, events: list[Event]) -> frozenset[str]:
    """What the run left in its folder of what it wrote, each with the identity that it has now."""
    settled = [e for e in of(events, "file.settled") if e["stat"]]
    for event in settled:
        if event.get("holds") != "folder":
            assert event["stat"]["size"] == Path(event["realPath"]).stat().st_size
    return _within(folder, [e["realPath"] for e in settled])


def _within(folder: Path, paths: list[Any]) -> frozenset[str]:
    return frozenset(path[len(f"{folder}/") :] for path in paths if path.startswith(f"{folder}/"))
