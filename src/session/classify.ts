/**
 * What a file probably is: evidence with a confidence, shown and correctable. A read
 * that nothing speaks about stays `unknown` and stays in the list.
 */
import type { FileKind } from '../api';
import { kindOfFormat } from './formats';
import type { IClassification } from './types';

/** What was seen of a file's use. */
export interface IUse {
  read: boolean;
  written: boolean;
  /** Library and function, e.g. `pandas.read_csv`. */
  functions: ReadonlySet<string>;
  /** What the probe said of an object written: why it is thought to be a model. */
  modelEvidence: ReadonlySet<string>;
}

const words = (text: string) => new Set(text.split(' '));

const MODEL_SUFFIXES = words(
  'safetensors pt pth ckpt onnx keras joblib skops ubj cbm gguf tflite pmml mlmodel'
);
const DATA_SUFFIXES = words(
  'csv tsv parquet pq arrow feather orc npy npz jsonl ndjson xlsx xls ods sav dta sas7bdat xpt avro tfrecord tfrecords nc netcdf geojson shp gpkg mat rds rda arff libsvm svmlight'
);
const MEDIA_SUFFIXES = words(
  'png jpg jpeg gif bmp tif tiff webp wav mp3 flac ogg mp4 avi mov dcm nii'
);
/** Could be nearly anything; in an installation they are kept as well. */
const AMBIGUOUS_SUFFIXES = words(
  'pkl pickle h5 hdf5 hdf bin db sqlite sqlite3'
);
const CODE_SUFFIXES = words('py pyi pyx pyd so dll dylib ipynb r jl');
const CONFIG_SUFFIXES = words('yaml yml toml ini cfg conf');
const PACKING_SUFFIXES = words('gz bz2 xz zst zip lz4');

const DATA_FUNCTION =
  /(^|\.)(read_(csv|parquet|table|excel|json|feather|orc|sas|stata|spss|hdf|fwf|xml|html|ipc|ndjson|avro|delta)|scan_\w+|to_(csv|parquet|feather|excel|json|hdf|stata|orc)|write_(parquet|table|csv|feather|dataset|ipc|ndjson|avro)|loadtxt|genfromtxt|savetxt|imread|load_dataset)$/;
const MODEL_FUNCTION =
  /(^|\.)(save_model|load_model|save_pretrained|from_pretrained|save_weights|load_weights|load_state_dict|torch\.(save|load)|safetensors\.\w+\.(save|load)_file)$/;

/** Paths that no author chose: the system's, the interpreter's, Jupyter's own. */
const SYSTEM =
  /^(\/(proc|sys|dev|run(?!\/media)|etc|boot|lib|lib64|System|Library|snap)(\/|$)|\/usr\/(share|lib|lib64|libexec|bin|sbin|include)\/|\/var\/(run|cache|lib\/(dpkg|apt))\/|[a-z]:\/(windows|program files)( \(x86\))?\/)/i;
const IN_PREFIX =
  /^(lib|lib64|libexec|bin|scripts|include|share|etc|ssl|conda-meta|dlls|libs|library|tcl|man|pyvenv\.cfg)(\/|$)/i;
const OWN_CONFIG =
  /(^|\/)(\.jupyter|\.ipython|\.matplotlib|\.config\/(jupyter|ipython|matplotlib|fontconfig|pip|git)|\.local\/share\/jupyter|library\/jupyter|appdata\/roaming\/jupyter|\.git|\.ssh|\.aws)(\/|$)|(^|\/)(matplotlibrc|\.netrc|\.gitconfig|\.condarc|\.python_history|pyvenv\.cfg)$/i;
/** Code of the user's that IPython runs before the first cell. */
const STARTUP = /\/profile_[^/]+\/startup\/[^/]+\.i?py$/;
const OWN_CACHE =
  /(^|\/)(__pycache__|\.ipynb_checkpoints|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.attest|\.cache\/(matplotlib|fontconfig|pip|jedi|parso|ipython|jupyter|mesa_shader_cache|numba|node-gyp)|library\/caches)(\/|$)|(^|\/)fontlist-[^/]*\.json$|\.(ttf|otf|ttc|pfb|afm|mplstyle)$/i;
const LOG =
  /(^|\/)(mlruns|wandb|lightning_logs|tensorboard)(\/|$)|(^|\/)events\.out\.tfevents\.|\.log$/i;

/** Lower-case suffix without the dot, looking through one packing (`.csv.gz`). */
export function suffixOf(path: string): string {
  const parts = path
    .slice(path.lastIndexOf('/') + 1)
    .toLowerCase()
    .split('.');
  const last = parts.length > 1 ? parts.at(-1)! : '';
  return PACKING_SUFFIXES.has(last) && parts.length > 2 ? parts.at(-2)! : last;
}

/**
 * @param path absolute, with forward slashes.
 * @param prefixes installation prefixes of the kernel's environment, likewise.
 */
export function classify(
  path: string,
  use: IUse,
  prefixes: readonly string[]
): IClassification {
  const suffix = suffixOf(path);
  const place = placeOf(path, suffix, prefixes);
  if (place !== null) {
    const noise = place.evidence[0] !== 'bytecode' || !use.read;
    return { ...place, confidence: 'strong', noise };
  }
  return { ...byUse(use, suffix, path), noise: false };
}

/**
 * What a file is, its first bytes considered: they say more than its name, and less than
 * the call that read or wrote it.
 */
export function withFormat(
  known: IClassification,
  format: string
): IClassification {
  const evidence = [...known.evidence, `format:${format}`];
  const kind = kindOfFormat(format);
  return kind === null || known.confidence === 'strong'
    ? { ...known, evidence }
    : { ...known, kind, evidence, confidence: 'strong' };
}

/** Bytecode beside a module that isn't installed: all that a second import of it opens. */
function isLocalBytecode(path: string): boolean {
  return (
    /(^|\/)__pycache__\/[^/]+\.pyc$/.test(path) &&
    !/\/(site-packages|dist-packages|lib\/python[0-9.]+)\//.test(path)
  );
}

type Found = Pick<IClassification, 'kind' | 'evidence'>;

/** Kind of what lies where only programs put things; null elsewhere. */
function placeOf(
  path: string,
  suffix: string,
  prefixes: readonly string[]
): Found | null {
  const as = (kind: FileKind, evidence: string): Found => ({
    kind,
    evidence: [evidence]
  });
  if (isLocalBytecode(path)) {
    return IN_PREFIX.test(inPrefix(path, prefixes) ?? '')
      ? as('cache', 'place:prefix')
      : as('code', 'bytecode');
  }
  if (OWN_CACHE.test(path)) {
    return as('cache', 'place:cache');
  }
  if (OWN_CONFIG.test(path) && !STARTUP.test(path)) {
    return as('config', 'place:config');
  }
  if (isDataLike(suffix)) {
    return null;
  }
  const inside = inPrefix(path, prefixes);
  if (inside !== null && IN_PREFIX.test(inside)) {
    const code = CODE_SUFFIXES.has(suffix) || suffix === 'pyc';
    return as(code ? 'code' : 'config', 'place:prefix');
  }
  return SYSTEM.test(path) ? as('config', 'place:system') : null;
}

function isDataLike(suffix: string): boolean {
  return (
    DATA_SUFFIXES.has(suffix) ||
    MODEL_SUFFIXES.has(suffix) ||
    AMBIGUOUS_SUFFIXES.has(suffix)
  );
}

/** The path below the longest prefix that holds it; null outside all. */
function inPrefix(path: string, prefixes: readonly string[]): string | null {
  let best: string | null = null;
  for (const prefix of prefixes) {
    const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
    if (path.startsWith(folder)) {
      const inside = path.slice(folder.length);
      best = best === null || inside.length < best.length ? inside : best;
    }
  }
  return best;
}

function byUse(
  use: IUse,
  suffix: string,
  path: string
): Omit<IClassification, 'noise'> {
  const evidence = [
    ...[...use.modelEvidence].map(text => `object:${text}`),
    ...[...use.functions].map(text => `function:${text}`)
  ].sort();
  if (use.modelEvidence.size > 0) {
    return { kind: 'model', evidence, confidence: 'strong' };
  }
  const called = [...use.functions];
  if (called.some(name => MODEL_FUNCTION.test(name))) {
    return { kind: 'model', evidence, confidence: 'strong' };
  }
  if (called.some(name => DATA_FUNCTION.test(name))) {
    return { kind: 'dataset', evidence, confidence: 'strong' };
  }
  const kind = bySuffix(suffix, use, path);
  if (kind !== 'unknown') {
    const spoke = LOG.test(path) ? 'place:log' : `suffix:.${suffix}`;
    return { kind, evidence: [...evidence, spoke], confidence: 'weak' };
  }
  return { kind, evidence, confidence: 'unknown' };
}

function bySuffix(suffix: string, use: IUse, path: string): FileKind {
  if (LOG.test(path)) {
    return 'log';
  }
  if (MODEL_SUFFIXES.has(suffix)) {
    return 'model';
  }
  if (DATA_SUFFIXES.has(suffix)) {
    return 'dataset';
  }
  if (MEDIA_SUFFIXES.has(suffix)) {
    return use.written ? 'other' : 'dataset';
  }
  if (CODE_SUFFIXES.has(suffix)) {
    return 'code';
  }
  if (CONFIG_SUFFIXES.has(suffix)) {
    return use.written ? 'other' : 'config';
  }
  return use.written && /^(json|txt|md|html|pdf|svg|tex)$/.test(suffix)
    ? 'other'
    : 'unknown';
}
