/**
 * Reading a journal file: bytes → events, and what couldn't be read. A line is
 * never re-serialised: chain and prefixes are about its bytes.
 */
import * as z from 'zod/mini';
import { acceptOf, type Accept } from './accept';
import { JournalError } from './errors';
import { JournalEvent, type Prefix } from './events';
import { sha256 as pureSha256, type Sha256Function } from './sha256';

/** A longer line is broken. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Bytes of one journal file. */
export interface IJournalSource {
  /** Name of the session's folder; empty for `attests/…` and `forgotten.jsonl`. */
  sid: string;
  /** Name in the folder, e.g. `server.jsonl`. */
  file: string;
  bytes: Uint8Array;
}

/** A journal file as read: everything that could be, and what couldn't. */
export interface IJournalFile {
  sid: string;
  file: string;
  bytes: Uint8Array;
  /** Known events in their order; unknown types and broken lines are `problems`. */
  events: JournalEvent[];
  problems: IReadProblem[];
  /** Whole lines, readable or not. */
  lines: number;
  /** Offset in `bytes` of the end of each whole line, its newline not counted. */
  ends: number[];
  /** SHA-256 of the last whole line's bytes; null for an empty file. */
  head: string | null;
  /** True when bytes follow the last newline. */
  torn: boolean;
}

export interface IReadProblem {
  /**
   * `torn`: the last line has no end. `broken`: not JSON, not UTF-8, too long, or not
   * as its type's schema says. `chain`: `prev` isn't the digest of the line before.
   * `sequence`: numbers are missing. `unknown-type`: kept, but not understood.
   */
  code: 'torn' | 'broken' | 'chain' | 'sequence' | 'unknown-type';
  /** Index of the first line concerned, from 0. */
  line: number;
  /** Lines in a row with the same problem. */
  count: number;
  detail: string;
}

export interface IReadOptions {
  /** Read only so many lines. */
  lines?: number;
  sha256?: Sha256Function;
}

/** Schema of each type: one look-up instead of trying them all. */
const SCHEMAS = new Map<string, ISchema>(
  JournalEvent._zod.def.options.map(option => {
    const type = [...option.shape.type._zod.values][0] as string;
    const schema = option as unknown as ISchema['schema'];
    return [type, { schema, accept: null }];
  })
);

interface ISchema {
  schema: z.ZodMiniType<JournalEvent>;
  /** Made when the first line of its type comes. */
  accept: Accept | null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lines are decoded some at a time: a call for each would take as long as parsing it. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Read a journal file.
 *
 * @throws JournalError `unknown-version`: a line of another schema major, so
 * that nothing in the file can be relied on to mean what it seems to.
 */
export function readJournalFile(
  source: IJournalSource,
  options: IReadOptions = {}
): IJournalFile {
  const reader = new LineReader(source, options.sha256 ?? pureSha256);
  const { bytes } = source;
  const limit = options.lines ?? Infinity;
  let start = 0;
  while (reader.file.lines < limit) {
    const last = bytes.indexOf(
      0x0a,
      Math.min(start + CHUNK_BYTES, bytes.length - 1)
    );
    const end = last < 0 ? bytes.lastIndexOf(0x0a) : last;
    if (end < start) {
      break;
    }
    readLines(reader, start, end, limit);
    start = end + 1;
  }
  if (reader.file.lines < limit && start < bytes.length) {
    reader.torn();
  }
  return reader.file;
}

/** Read the lines from `start` on; the last one's newline is at `end`. */
function readLines(
  reader: LineReader,
  start: number,
  end: number,
  limit: number
): void {
  const { bytes, lines } = reader.file;
  const text = decode(bytes.subarray(start, end));
  const texts = text?.split('\n') ?? null;
  const ascii = text?.length === end - start;
  let from = start;
  while (from <= end && reader.file.lines < limit) {
    const line = texts === null ? null : texts[reader.file.lines - lines]!;
    const to = ascii ? from + line!.length : bytes.indexOf(0x0a, from);
    reader.line(bytes.subarray(from, to), to, line);
    from = to + 1;
  }
}

/** The bytes as text; null where they aren't UTF-8. */
function decode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Builds up one file line by line. */
class LineReader {
  readonly file: IJournalFile;
  private nextSeq = 0;

  constructor(
    private readonly source: IJournalSource,
    private readonly sha256: Sha256Function
  ) {
    this.file = {
      ...source,
      events: [],
      problems: [],
      lines: 0,
      ends: [],
      head: null,
      torn: false
    };
  }

  /** @param text of the line, where it was decoded with others. */
  line(bytes: Uint8Array, end: number, text: string | null): void {
    const value = parseObject(bytes, text);
    if (typeof value === 'string') {
      this.problem('broken', value);
      this.nextSeq += 1;
    } else {
      this.checkVersion(value);
      this.checkLinks(value);
      this.take(value);
    }
    this.file.head = this.sha256(bytes);
    this.file.ends.push(end);
    this.file.lines += 1;
  }

  torn(): void {
    this.file.torn = true;
    this.problem('torn', 'the last line is not whole');
  }

  private checkVersion(value: Record<string, unknown>): void {
    if (value['v'] !== 1 && value['v'] !== undefined) {
      throw new JournalError(
        'unknown-version',
        `This journal has version ${JSON.stringify(value['v']).slice(0, 20)}; this program reads version 1. Use a newer jupyter-attest.`,
        `${this.source.sid}/${this.source.file}`
      );
    }
  }

  private checkLinks(value: Record<string, unknown>): void {
    const { seq, prev } = value;
    if (prev !== this.file.head) {
      this.problem('chain', 'the line before it is not the one it followed');
    }
    if (typeof seq === 'number' && seq !== this.nextSeq) {
      this.problem('sequence', 'lines are missing before it');
    }
    this.nextSeq = (typeof seq === 'number' ? seq : this.nextSeq) + 1;
  }

  private take(value: Record<string, unknown>): void {
    const known = SCHEMAS.get(String(value['type']));
    if (known === undefined) {
      const typed = typeof value['type'] === 'string';
      this.problem(typed ? 'unknown-type' : 'broken', 'its type is not known');
      return;
    }
    known.accept ??= acceptOf(known.schema);
    if (known.accept(value)) {
      this.file.events.push(value as JournalEvent);
      return;
    }
    const parsed = z.safeParse(known.schema, value);
    if (parsed.success) {
      this.file.events.push(parsed.data);
    } else {
      const at = parsed.error.issues[0]?.path.join('.') ?? '';
      this.problem('broken', `${value['type']}: ${at} is not as it should be`);
    }
  }

  private problem(code: IReadProblem['code'], detail: string): void {
    const line = this.file.lines;
    const last = this.file.problems.at(-1);
    if (last?.code === code && last.line + last.count === line) {
      last.count += 1;
    } else {
      this.file.problems.push({ code, line, count: 1, detail });
    }
  }
}

/** The line's object, or what is wrong with it. */
function parseObject(
  bytes: Uint8Array,
  text: string | null
): Record<string, unknown> | string {
  if (bytes.length > MAX_LINE_BYTES) {
    return 'longer than 1 MiB';
  }
  let value: unknown;
  try {
    value = JSON.parse(text ?? utf8.decode(bytes));
  } catch {
    return 'not JSON in UTF-8';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : 'not an object';
}

/** What of a file a request stands on: all its whole lines. */
export function prefixOf(file: IJournalFile): Prefix {
  const { sid, file: name, head, lines, torn } = file;
  return { sid, file: name, head, lines, ...(torn ? { torn } : {}) };
}

/**
 * The files that a request stood on, read up to where they stood then.
 *
 * @throws JournalError `prefix-missing`, `prefix-mismatch` (rewritten since).
 */
export function cutToPrefixes(
  sources: readonly (IJournalSource | IJournalFile)[],
  prefixes: readonly Prefix[],
  options: IReadOptions = {}
): IJournalFile[] {
  const byName = new Map(sources.map(s => [`${s.sid}/${s.file}`, s]));
  return prefixes.map(prefix => {
    const name = `${prefix.sid}/${prefix.file}`;
    const source = byName.get(name);
    if (source === undefined) {
      throw new JournalError(
        'prefix-missing',
        `A part of the journal that this record stands on is gone: ${name}.`,
        name
      );
    }
    return cut(source, prefix, options);
  });
}

/** A source may be a file that was read already; it isn't read again if it ends there. */
function isReadTo(
  source: IJournalSource | IJournalFile,
  { lines, head, torn }: Prefix
): source is IJournalFile {
  return (
    'ends' in source &&
    source.lines === lines &&
    source.head === head &&
    source.torn === (torn ?? false)
  );
}

function cut(
  source: IJournalSource | IJournalFile,
  prefix: Prefix,
  options: IReadOptions
): IJournalFile {
  if (isReadTo(source, prefix)) {
    return source;
  }
  const file = readJournalFile(source, { ...options, lines: prefix.lines });
  if (file.lines !== prefix.lines || file.head !== prefix.head) {
    const name = `${prefix.sid}/${prefix.file}`;
    throw new JournalError(
      'prefix-mismatch',
      `A part of the journal that this record stands on was changed since: ${name}.`,
      name
    );
  }
  if (prefix.torn && !file.torn) {
    file.torn = true;
    file.problems.push({
      code: 'torn',
      line: file.lines,
      count: 1,
      detail: 'the last line is not whole'
    });
  }
  return file;
}
