/** What a file's first bytes say that it is, and what that makes it. */
import type { FileKind } from '../api';

/** So many bytes at the start are enough for every format here. */
export const FORMAT_BYTES = 256;

interface IFormat {
  name: string;
  /** Null for formats that hold anything, as HDF5. */
  kind: FileKind | null;
  /** At the start, as Latin-1 text. */
  starts: string;
  /** Somewhere in the first bytes. */
  holds?: string;
}

/** The first that fits counts. Sources: the formats' own specifications. */
const FORMATS: readonly IFormat[] = [
  { name: 'parquet', kind: 'dataset', starts: 'PAR1' },
  { name: 'arrow', kind: 'dataset', starts: 'ARROW1\0\0' },
  { name: 'feather-v1', kind: 'dataset', starts: 'FEA1' },
  { name: 'orc', kind: 'dataset', starts: 'ORC' },
  { name: 'avro', kind: 'dataset', starts: 'Obj\x01' },
  { name: 'npy', kind: 'dataset', starts: '\x93NUMPY' },
  { name: 'netcdf-3', kind: 'dataset', starts: 'CDF' },
  { name: 'hdf5', kind: null, starts: '\x89HDF\r\n\x1a\n' },
  { name: 'sqlite', kind: 'dataset', starts: 'SQLite format 3\0' },
  { name: 'gguf', kind: 'model', starts: 'GGUF' },
  { name: 'torch', kind: 'model', starts: 'PK\x03\x04', holds: 'data.pkl' },
  { name: 'npz', kind: 'dataset', starts: 'PK\x03\x04', holds: '.npy' },
  { name: 'xlsx', kind: 'dataset', starts: 'PK\x03\x04', holds: '[Content_' },
  {
    name: 'keras',
    kind: 'model',
    starts: 'PK\x03\x04',
    holds: 'metadata.json'
  },
  { name: 'git-lfs-pointer', kind: null, starts: 'version https://git-lfs' }
];

/** Eight bytes of length (little-endian), then a JSON object. Source: safetensors' README. */
function isSafetensors(head: Uint8Array): boolean {
  return head[8] === 0x7b && head[6] === 0 && head[7] === 0 && head[0] !== 0x50;
}

/** DuckDB's magic stands after a checksum of eight bytes. */
const isDuckDb = (text: string): boolean => text.slice(8, 12) === 'DUCK';

/** The name of the format of a file with these first bytes; null when none is known. */
export function formatOf(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, FORMAT_BYTES));
  const found = FORMATS.find(
    ({ starts, holds }) =>
      text.startsWith(starts) && (holds === undefined || text.includes(holds))
  );
  if (found !== undefined) {
    return found.name;
  }
  if (isDuckDb(text)) {
    return 'duckdb';
  }
  return isSafetensors(head) ? 'safetensors' : null;
}

/** What a format makes a file; null where it may be anything. */
export function kindOfFormat(format: string): FileKind | null {
  if (format === 'safetensors') {
    return 'model';
  }
  return format === 'duckdb'
    ? 'dataset'
    : (FORMATS.find(({ name }) => name === format)?.kind ?? null);
}
