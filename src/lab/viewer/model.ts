/**
 * What the viewer knows of one record: the record itself at once, then, from
 * the server, whether its signature holds, whether its files are here, and the
 * list of runs beside it. Without a server the record is still shown, with
 * what couldn't be checked said.
 */
import { PathExt } from '@jupyterlab/coreutils';
import { VDomModel } from '@jupyterlab/ui-components';
import type { IRecordSummary, IVerifyReply } from '../../api';
import { summarize } from '../../record/story';
import type { Dependency, FileDependency, Statement } from '../../record/types';
import type { IAttestClient } from '../../tokens';
import { openRecord, type IOpenedRecord, type Opened } from './record';
import { readRuns, writerOf, type IShownRun, type RunList } from './runs';

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
  /** Library or observers that saw it. */
  seenBy: string | null;
  taken: string | null;
  absent: string | null;
  here: Here;
}

export interface IRecordModelOptions {
  /** Contents path of the record. */
  path: string;
  client: IAttestClient;
}

export class RecordModel extends VDomModel {
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
    this._selected.set('runs', run.id);
    this.tab = 'runs';
  }

  /** The run that wrote a subject, where the list says it. */
  writer(subject: string): IShownRun | null {
    return this._runs.type === 'list'
      ? writerOf(this._runs.runs, subject)
      : null;
  }

  /** Written files, then those read, each in the record's order. */
  files(): { written: IShownFile[]; read: IShownFile[] } {
    const statement = this.record?.statement;
    if (!statement) {
      return { written: [], read: [] };
    }
    return {
      written: statement.subject.map(subject => ({
        key: `written ${subject.name}`,
        written: true,
        name: subject.name,
        kind: null,
        sizeBytes: null,
        sha256: subject.digest.sha256,
        run: this.writer(subject.name)?.number ?? null,
        seenBy: null,
        taken: 'at-attest',
        absent: null,
        here: this._here.get(subject.name) ?? 'not-checked'
      })),
      read: filesRead(statement).map(shownRead)
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
        this._readRuns(this.record)
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
    this._verified = first ? await this._compare(record, first.name) : null;
    this._checking = false;
    this.stateChanged.emit();
    for (const { name } of more.slice(0, MAX_COMPARED)) {
      const reply = await this._compare(record, name);
      if (this._verified?.status === 'not-found') {
        this._verified = reply;
      }
    }
    this.stateChanged.emit();
  }

  /** Ask for one subject; null when there is no answer. */
  private async _compare(
    record: IOpenedRecord,
    subject: string
  ): Promise<IVerifyReply | null> {
    try {
      const reply = await this._options.client.verify({
        file: this._placeOf(subject),
        record: this.path
      });
      if (this.record === record) {
        this._here.set(subject, hereOf(reply));
      }
      return reply;
    } catch {
      return null;
    }
  }

  private async _readRuns(record: IOpenedRecord): Promise<void> {
    const { metadata, byproducts } = record.statement.predicate.runDetails;
    const expected = byproducts.find(({ name }) => name === 'runs.json');
    this._runs = { type: 'reading' };
    const invocation = metadata.invocationId.replace(/^urn:uuid:/, '');
    const text = expected
      ? await this._options.client
          .member(invocation, 'runs.json')
          .catch(() => null)
      : null;
    if (this.record === record) {
      this._runs = readRuns(text, expected?.digest.sha256 ?? '');
      this.stateChanged.emit();
    }
  }

  private _opened: Opened | null = null;
  private _summary: IRecordSummary | null = null;
  private _runs: RunList = { type: 'reading' };
  private _verified: IVerifyReply | null = null;
  private _checking = false;
  private _here = new Map<string, Here>();
  private _tab: Tab = 'summary';
  private _selected = new Map<Tab, string>();
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

/** Dependencies that are files or addresses. */
export function filesRead(statement: Statement): FileDependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    isFile
  );
}

/** Dependencies that are packages. */
export function packagesOf(statement: Statement): Dependency[] {
  return statement.predicate.buildDefinition.resolvedDependencies.filter(
    dependency => dependency.annotations?.nb_kind === 'package'
  );
}

function shownRead(file: FileDependency, index: number): IShownFile {
  const a = file.annotations;
  return {
    key: `read ${index}`,
    written: false,
    name: file.uri ?? file.name,
    kind: a.nb_kind,
    sizeBytes: a.nb_bytes === undefined ? null : Number(a.nb_bytes),
    sha256: file.digest?.sha256 ?? null,
    run: a.nb_run ?? null,
    seenBy: a.nb_via ?? a.nb_seenBy?.join(', ') ?? null,
    taken: a.nb_digestTaken ?? null,
    absent: a.nb_absent ?? null,
    here: 'not-checked'
  };
}
