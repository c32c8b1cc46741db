/**
 * What the viewer knows of one record: the record itself at once, then, from
 * the server, whether its signature holds, whether its files are here, and the
 * list of runs beside it. Without a server the record is still shown, with
 * what couldn't be checked said.
 */
import { PathExt } from '@jupyterlab/coreutils';
import type { IRecordSummary, IReplayNote, IVerifyReply } from '../../api';
import { arrivedDigest, fromElsewhere, summarize } from '../../record/story';
import type {
  DatabaseAnswer,
  Dependency,
  FileDependency,
  Statement
} from '../../record/types';
import type { IAttestClient } from '../../tokens';
import { openRecord, type IOpenedRecord, type Opened } from './record';
import { Observable } from '../observable';
import { readCoverage, type ICoverage } from './coverage';
import {
  readRuns,
  writerOf,
  type IFileOfRun,
  type IShownRun,
  type RunList
} from './runs';

export const TABS = ['summary', 'files', 'runs', 'gaps', 'technical'] as const;
export type Tab = (typeof TABS)[number];

/** How a file of the record compares with the one on this computer. */
export type Here = 'same' | 'different' | 'not-here' | 'not-checked';

/** Files that are compared with the disk when a record is opened. */
const MAX_COMPARED = 20;

/** A written or read file as the table shows it. */
export interface IShownFile {
  key: string;
  written: boolean;
  name: string;
  kind: string | null;
  /** Bytes; null when unknown. */
  sizeBytes: number | null;
  sha256: string | null;
  run: number | null;
  /** Library and function that read it; null where none is known. */
  via: string | null;
  /** Kinds of the observers that saw it; none where the library is known. */
  seenBy: readonly string[];
  taken: string | null;
  absent: string | null;
  here: Here;
  /** What a database answered; nothing for anything else. */
  answers: readonly DatabaseAnswer[];
}

export interface IRecordModelOptions {
  /** Contents path of the record. */
  path: string;
  client: IAttestClient;
}

export class RecordModel extends Observable {
  constructor(private _options: IRecordModelOptions) {
    super();
  }

  get path(): string {
    return this._options.path;
  }

  /** Null until the file was read. */
  get opened(): Opened | null {
    return this._opened;
  }

  /** The record, or null where there is none to show. */
  get record(): IOpenedRecord | null {
    return this._opened?.type === 'record' ? this._opened : null;
  }

  get summary(): IRecordSummary | null {
    return this._summary;
  }

  get runs(): RunList {
    return this._runs;
  }

  /** The check of the record; null while it is under way or when the server can't. */
  get verified(): IVerifyReply | null {
    return this._verified;
  }

  /** True until the server answered or failed to. */
  get checking(): boolean {
    return this._checking;
  }

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    this._tab = tab;
    this.stateChanged.emit();
  }

  /** Key of the selected file or run of a tab. */
  selected(tab: Tab): string | null {
    return this._selected.get(tab) ?? null;
  }

  select(tab: Tab, key: string): void {
    this._selected.set(tab, key);
    this.stateChanged.emit();
  }

  /** Show a run of the list. */
  showRun(run: IShownRun): void {
    this._selected.set('runs', run.key);
    this.tab = 'runs';
  }

  /** Single gaps and files, from the copy beside the record; null without it. */
  get coverage(): ICoverage | null {
    return this._coverage;
  }

  /** Replays of this record, oldest first; null while they, or the server, are awaited. */
  get replays(): readonly IReplayNote[] | null {
    return this._replays;
  }

  /** The run that wrote these bytes, where the list says it. */
  writer(file: IFileOfRun): IShownRun | null {
    return this._runs.type === 'list' ? writerOf(this._runs.runs, file) : null;
  }

  /** Subjects and what else was written, what was read, fetched, the notebooks; each once. */
  files(): Record<
    'written' | 'read' | 'elsewhere' | 'notebooks',
    IShownFile[]
  > {
    const statement = this.record?.statement;
    if (!statement) {
      return { written: [], read: [], elsewhere: [], notebooks: [] };
    }
    const subjects = statement.subject.map(({ name, digest }) => ({
      name,
      sha256: digest.sha256
    }));
    const written = new Map(
      [...subjects, ...this._otherWrites()].map(file => [
        `${file.name} ${file.sha256}`,
        file
      ])
    );
    return {
      written: [...written.values()].map(file => this._shownWrite(file)),
      read: filesRead(statement).map(shownRead),
      elsewhere: fromElsewhere(statement).map(shownElsewhere),
      notebooks: notebooksOf(statement).map(shownRead)
    };
  }

  private _otherWrites(): IFileOfRun[] {
    const runs = this._runs.type === 'list' ? this._runs.runs : [];
    return runs
      .filter(run => run.verdict !== 'after-subject')
      .flatMap(run => run.writes)
      .reverse();
  }

  private _shownWrite(file: IFileOfRun): IShownFile {
    const { name, sha256 } = file;
    const known = this._coverage?.file(name, sha256) ?? null;
    const here = this._here.get(name);
    return {
      key: `written ${name} ${sha256}`,
      written: true,
      name,
      sha256,
      kind: known?.kind ?? null,
      sizeBytes: known?.sizeBytes ?? null,
      run: this.writer(file)?.number ?? null,
      via: null,
      seenBy: known?.seenBy ?? [],
      taken: known?.taken ?? (here === undefined ? null : 'at-attest'),
      absent: sha256 === null ? 'not-taken' : null,
      here: here?.sha256 === sha256 ? here.state : 'not-checked',
      answers: []
    };
  }

  /** Take the file's bytes and begin to check. */
  async load(bytes: Uint8Array): Promise<void> {
    this._opened = openRecord(bytes);
    this._summary = this.record ? summarize(this.record.statement) : null;
    this._here.clear();
    this._verified = null;
    this._checking = this.record !== null;
    this.stateChanged.emit();
    if (this.record) {
      await Promise.all([
        this._check(this.record),
        this._readByproducts(this.record),
        this._readReplays(this.record)
      ]);
    }
  }

  /** Where a subject of this record lies, as a contents path. */
  private _placeOf(subject: string): string {
    const beside = this.path.replace(/\.(sigstore|intoto)\.json$/, '');
    return PathExt.basename(beside) === PathExt.basename(subject)
      ? beside
      : PathExt.join(PathExt.dirname(this.path), subject);
  }

  private async _check(record: IOpenedRecord): Promise<void> {
    const [first, ...more] = record.statement.subject;
    this._verified = first ? await this._compare(record, first) : null;
    this._checking = false;
    this.stateChanged.emit();
    for (const subject of more.slice(0, MAX_COMPARED)) {
      const reply = await this._compare(record, subject);
      if (this._verified?.status === 'not-found') {
        this._verified = reply;
      }
    }
    this.stateChanged.emit();
  }

  /** Ask for one subject; null when there is no answer. */
  private async _compare(
    record: IOpenedRecord,
    { name, digest }: Statement['subject'][number]
  ): Promise<IVerifyReply | null> {
    try {
      const reply = await this._options.client.verify({
        file: this._placeOf(name),
        record: this.path
      });
      if (this.record === record) {
        const state = hereOf(reply);
        this._here.set(name, { sha256: digest.sha256, state });
      }
      return reply;
    } catch {
      return null;
    }
  }

  private async _readReplays(record: IOpenedRecord): Promise<void> {
    this._replays = null;
    const reply = await this._options.client
      .replays(invocationOf(record))
      .catch(() => null);
    if (this.record === record) {
      this._replays = reply?.replays ?? null;
      this.stateChanged.emit();
    }
  }

  /** A file of the record folder with the fingerprint that the record has of it. */
  private async _byproduct(
    record: IOpenedRecord,
    name: string
  ): Promise<{ text: string | null; expected: string }> {
    const { byproducts } = record.statement.predicate.runDetails;
    const expected = byproducts.find(each => each.name === name)?.digest.sha256;
    const { client } = this._options;
    const text = expected
      ? await client.member(invocationOf(record), name).catch(() => null)
      : null;
    return { text, expected: expected ?? '' };
  }

  private async _readByproducts(record: IOpenedRecord): Promise<void> {
    this._runs = { type: 'reading' };
    this._coverage = null;
    const [runs, coverage] = await Promise.all([
      this._byproduct(record, 'runs.json'),
      this._byproduct(record, 'coverage.json')
    ]);
    if (this.record === record) {
      this._runs = readRuns(runs.text, runs.expected);
      this._coverage = readCoverage(coverage.text, coverage.expected);
      this.stateChanged.emit();
    }
  }

  private _opened: Opened | null = null;
  private _summary: IRecordSummary | null = null;
  private _runs: RunList = { type: 'reading' };
  private _verified: IVerifyReply | null = null;
  private _checking = false;
  private _here = new Map<string, { sha256: string; state: Here }>();
  private _coverage: ICoverage | null = null;
  private _replays: readonly IReplayNote[] | null = null;
  private _tab: Tab = 'summary';
  private _selected = new Map<Tab, string>();
}

/** The record's id, as the server's folders are named. */
function invocationOf({ statement }: IOpenedRecord): string {
  const { invocationId } = statement.predicate.runDetails.metadata;
  return invocationId.replace(/^urn:uuid:/, '');
}

function hereOf(reply: IVerifyReply): Here {
  switch (reply.status) {
    case 'ok':
    case 'no-expectation':
    case 'unsigned':
    case 'unknown-key':
    case 'unexpected-signer':
      return 'same';
    case 'wrong-subject':
      return 'different';
    case 'not-found':
      return 'not-here';
    case 'bad-signature':
    case 'malformed':
    case 'not-checked':
      return 'not-checked';
  }
}

function isFile(dependency: Dependency): dependency is FileDependency {
  return 'name' in dependency && 'nb_root' in dependency.annotations;
}

/** Dependencies that are files, the notebooks aside. */
export function filesRead(statement: Statement): FileDependency[] {
  return allFiles(statement).filter(file => !isNotebook(file));
}

/** Dependencies that are the notebooks whose cells ran. */
function notebooksOf(statement: Statement): FileDependency[] {
  return allFiles(statement).filter(isNotebook);
}

const isNotebook = (file: FileDependency): boolean =>
  file.annotations.nb_kind === 'notebook';

const allFiles = (statement: Statement): FileDependency[] =>
  statement.predicate.buildDefinition.resolvedDependencies.filter(isFile);

/** Dependencies that are packages. */
export function packagesOf(statement: Statement): Dependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    dependency =>
      'uri' in dependency && (dependency.uri?.startsWith('pkg:') ?? false)
  );
}

function shownRead(file: FileDependency, index: number): IShownFile {
  const a = file.annotations;
  return {
    key: `read ${index} ${file.name}`,
    written: false,
    name: file.uri ?? file.name,
    kind: a.nb_kind,
    sizeBytes: a.nb_bytes === undefined ? null : Number(a.nb_bytes),
    sha256: file.digest?.sha256 ?? null,
    run: a.nb_run ?? null,
    via: a.nb_via ?? null,
    seenBy: a.nb_via === undefined ? (a.nb_seenBy ?? []) : [],
    taken: a.nb_digestTaken ?? null,
    absent: a.nb_absent ?? null,
    here: 'not-checked',
    answers: []
  };
}

function shownElsewhere(
  dependency: ReturnType<typeof fromElsewhere>[number],
  index: number
): IShownFile {
  const a = dependency.annotations;
  const sha256 = arrivedDigest(dependency);
  return {
    key: `elsewhere ${index}`,
    written: false,
    name: dependency.uri,
    kind: a.nb_kind,
    sizeBytes: 'nb_bytes' in a ? Number(a.nb_bytes) : null,
    sha256,
    run: a.nb_run ?? null,
    via: null,
    seenBy: [],
    taken: sha256 === null ? null : 'delivered',
    absent: a.nb_absent ?? null,
    here: 'not-checked',
    answers: 'nb_answers' in a ? (a.nb_answers ?? []) : []
  };
}
