/**
 * What the dialog knows and does, without a picture: which files can be
 * chosen, which are, and what the server says the record would hold. Every
 * choice is followed by a dry run, and signing sends the dry run's request
 * back, so that the bytes that are signed are the bytes that were shown.
 */
import { Debouncer } from '@lumino/polling';
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  ICreateRequest,
  IErrorReply,
  IRunNote,
  ISessionSummary,
  IWrittenFile
} from '../../api';
import type { RecordOptions } from '../../journal/events';
import type { CreateOutcome, IAttestClient } from '../../tokens';
import { Observable } from '../observable';
import { requestCode, type RequestErrorCode } from '../errors';

/** A burst of ticks asks once, after it, in milliseconds. */
const SETTLE_MS = 200;

/** Only package versions are on: nothing that names a person or shows code. */
const DEFAULT_OPTIONS = {
  code: false,
  packages: true,
  userName: false,
  fullPaths: false
};
export type OptionName = keyof typeof DEFAULT_OPTIONS;

/** The files that one recorded session wrote, newest first. */
export interface IFileGroup {
  session: ISessionSummary;
  files: IWrittenFile[];
}

type RefusedFile = ICreateRefused['files'][number];
type Progress = Extract<CreateProgress, { type: 'progress' }>;

/** What the server says of the present choice. */
export type Answer =
  | { type: 'none' }
  | { type: 'asking'; progress: Progress | null }
  | { type: 'unanswered'; code: RequestErrorCode }
  | ICreateDone
  | ICreateRefused
  | IErrorReply;

/** How the sessions of this notebook were read. */
export type Listing =
  | { type: 'reading' }
  | { type: 'read' }
  | { type: 'unanswered'; code: RequestErrorCode };

/** Models first, then data, then the rest; the newest first. */
const RANK: Partial<Record<IWrittenFile['kind'], number>> = {
  model: 0,
  dataset: 1
};
const byKindAndTime = (a: IWrittenFile, b: IWrittenFile): number =>
  (RANK[a.kind] ?? 2) - (RANK[b.kind] ?? 2) || b.at.localeCompare(a.at);

const choosable = (file: IWrittenFile): boolean =>
  file.state === 'unchanged' || file.state === 'not-checked';

/**
 * Group files by session, the newest session first. A file that a
 * newer session wrote again stands only there: the older bytes are gone.
 */
export function groupFiles(sessions: ISessionSummary[]): IFileGroup[] {
  const seen = new Set<string>();
  const groups: IFileGroup[] = [];
  for (const session of sessions) {
    const files = session.written.filter(({ path }) => !seen.has(path));
    files.forEach(({ path }) => seen.add(path));
    if (files.length > 0) {
      groups.push({ session, files: files.sort(byKindAndTime) });
    }
  }
  return groups;
}

/** What is ticked at first, or which changed file stands in the way. */
export function preselect(groups: IFileGroup[]): {
  chosen: IWrittenFile | null;
  changed: IWrittenFile | null;
} {
  const all = groups.flatMap(({ files }) => files);
  const models = all.filter(({ kind }) => kind === 'model');
  const wanted = models[0];
  if (wanted?.state === 'changed') {
    return { chosen: null, changed: wanted };
  }
  const newest = [...all].sort((a, b) => b.at.localeCompare(a.at));
  const chosen = models.find(choosable) ?? newest.find(choosable) ?? null;
  const [last] = newest;
  const changed = chosen === null && last?.state === 'changed' ? last : null;
  return { chosen, changed };
}

/** The refusal that the server would give for a file whose change is known already. */
function refusalOf(file: IWrittenFile): ICreateRefused {
  return {
    type: 'refused',
    reason: 'changed',
    message: '',
    files: [
      {
        path: file.path,
        run: file.run,
        recordedSha256: file.sha256,
        recordedAt: file.at,
        nowSha256: file.nowSha256 ?? null,
        nowAt: file.nowAt ?? null
      }
    ]
  };
}

/** A run as a request names it. */
export const runId = ({ sid, id }: IRunNote): string => `${sid}#${id}`;

export interface IAttestModelOptions {
  client: IAttestClient;
  /** Contents path of the notebook. */
  path: string;
  /** Contents paths of the files beside the notebook, for "Another file…". */
  nearby: () => Promise<string[]>;
}

export class AttestModel extends Observable {
  constructor(private _options: IAttestModelOptions) {
    super();
    this._soon = new Debouncer(() => this._ask(), SETTLE_MS);
  }

  get notebook(): string {
    return this._options.path;
  }

  get listing(): Listing {
    return this._listing;
  }

  get groups(): readonly IFileGroup[] {
    return this._groups;
  }

  /** Files whose write wasn't seen, in the order in which they were added. */
  get others(): readonly string[] {
    return this._others;
  }

  /** Names that can be offered for "Another file…". */
  get nearby(): readonly string[] {
    return this._nearby;
  }

  get options(): Readonly<Record<OptionName, boolean>> {
    return this._recordOptions;
  }

  get sign(): ICreateRequest['sign'] {
    return this._sign;
  }

  get answer(): Answer {
    return this._answer;
  }

  /** Refusal that is on show: of the dry run, of signing, or known from the list. */
  get refusal(): ICreateRefused | null {
    return this._refusal;
  }

  /** Every run that the record would stand on, as last answered. */
  get runs(): readonly IRunNote[] {
    return this._runs;
  }

  /** Ids of the runs that the author leaves out. */
  get drops(): string[] {
    return [...this._drops];
  }

  isDropped(run: IRunNote): boolean {
    return this._drops.has(runId(run));
  }

  /** Leave a run out, or keep it again. */
  toggleDrop(run: IRunNote): void {
    if (this._signing) {
      return;
    }
    if (!this._drops.delete(runId(run))) {
      this._drops.add(runId(run));
    }
    this._changed();
  }

  keepAll(): void {
    this._drops.clear();
    this._changed();
  }

  get previewOpen(): boolean {
    return this._previewOpen;
  }

  /** True from Sign and save until the server has compared the files again. */
  get signing(): boolean {
    return this._signing;
  }

  /** The record that was asked for: outlives the dialog. Null while none was. */
  get outcome(): Promise<CreateOutcome> | null {
    return this._outcome;
  }

  /** The dry run that stands for the present choice, or null. */
  get dryRun(): ICreateDone | null {
    return this._answer.type === 'done' ? this._answer : null;
  }

  isChosen(path: string): boolean {
    return this._chosen.has(path);
  }

  get chosen(): string[] {
    return [...this._chosen];
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._soon.dispose();
    this._asking?.abort();
    super.dispose();
  }

  /** Read the sessions of this notebook and choose what is ticked at first. */
  async load(): Promise<void> {
    this._listing = { type: 'reading' };
    this.stateChanged.emit();
    try {
      const { sessions } = await this._options.client.sessions(this.notebook);
      this._groups = groupFiles(sessions);
      this._listing = { type: 'read' };
    } catch (error) {
      this._listing = { type: 'unanswered', code: requestCode(error) };
      this.stateChanged.emit();
      return;
    }
    const { chosen, changed } = preselect(this._groups);
    this._chosen = new Set(chosen ? [chosen.path] : []);
    this._refusal = changed ? refusalOf(changed) : null;
    await this._ask();
  }

  /** Read and compare everything once more, keeping what can still be chosen. */
  async compareAgain(): Promise<void> {
    const before = this._chosen;
    const wanted = this._refusal?.files.map(({ path }) => path) ?? [];
    await this.load();
    if (this._listing.type !== 'read') {
      return;
    }
    const free = new Set(this._choosablePaths());
    const again = [...before, ...wanted].filter(path => free.has(path));
    if (again.length > 0) {
      this._chosen = new Set(again);
      this._refusal = null;
      await this._ask();
    }
  }

  toggle(path: string): void {
    if (!this._chosen.delete(path)) {
      this._chosen.add(path);
    }
    this._refusal = null;
    this._changed();
  }

  /** Choose a file whose write wasn't seen. */
  addOther(path: string): void {
    const known = this._groups.some(({ files }) =>
      files.some(file => file.path === path)
    );
    if (!known && !this._others.includes(path)) {
      this._others.push(path);
    }
    if (!known || this._choosablePaths().includes(path)) {
      this._chosen.add(path);
    }
    this._refusal = null;
    this._changed();
  }

  async findNearby(): Promise<void> {
    this._nearby = await this._options.nearby().catch(() => []);
    this.stateChanged.emit();
  }

  setOption(name: OptionName, value: boolean): void {
    this._recordOptions = { ...this._recordOptions, [name]: value };
    this._changed();
  }

  setSign(sign: ICreateRequest['sign']): void {
    this._sign = sign;
    // What is signed doesn't depend on whether it is signed.
    this.stateChanged.emit();
  }

  setPreview(open: boolean): void {
    this._previewOpen = open;
    this.stateChanged.emit();
  }

  /**
   * Make the record from exactly what was shown. The files are compared once
   * more on the way; a refusal comes back to the dialog.
   * @returns true when the record is being written and the dialog has done its work
   */
  async submit(): Promise<boolean> {
    const shown = this.dryRun;
    if (!shown || this._signing) {
      return false;
    }
    this._signing = true;
    this.stateChanged.emit();
    const outcome = new Promise<CreateOutcome>((resolve, reject) => {
      this._options.client
        .create(
          { ...this._request(), dryRun: false, request: shown.request },
          { onProgress: progress => this._report(progress) }
        )
        .then(resolve, reject);
    });
    this._outcome = outcome;
    const refused = await outcome.then(
      reply => (reply.type === 'refused' ? reply : null),
      () => null
    );
    this._signing = false;
    if (!refused) {
      return true;
    }
    this._outcome = null;
    this._refuse(refused);
    this.stateChanged.emit();
    return false;
  }

  /** Where signing stands: null before the first word about it. */
  get signingProgress(): Progress | null {
    return this._signingProgress;
  }

  private _report(progress: Progress): void {
    this._signingProgress = progress;
    this.stateChanged.emit();
  }

  private _choosablePaths(): string[] {
    const files = this._groups.flatMap(group => group.files);
    return files.filter(choosable).map(({ path }) => path);
  }

  private _request(): ICreateRequest {
    const session = this._session();
    const options: RecordOptions = { ...this._recordOptions };
    return {
      for: this.chosen,
      notebook: this.notebook,
      sign: this._sign,
      options,
      ...(this._drops.size > 0 ? { drops: this.drops } : {}),
      ...(session ? { session } : {})
    };
  }

  /** The one session that all chosen files are from; a file without one joins the newest. */
  private _session(): string | undefined {
    const of = (path: string): string | undefined =>
      this._groups.find(({ files }) => files.some(file => file.path === path))
        ?.session.sid;
    const sids = new Set(
      this.chosen.map(of).filter((sid): sid is string => sid !== undefined)
    );
    if (sids.size > 1) {
      return undefined;
    }
    return [...sids][0] ?? this._groups[0]?.session.sid;
  }

  private _changed(): void {
    this._asking?.abort();
    this._answer =
      this._chosen.size > 0
        ? { type: 'asking', progress: null }
        : { type: 'none' };
    this.stateChanged.emit();
    this._soon.invoke().catch(() => undefined);
  }

  /** Ask what the record would say. */
  private async _ask(): Promise<void> {
    this._asking?.abort();
    if (this._chosen.size === 0) {
      this._answer = { type: 'none' };
      this.stateChanged.emit();
      return;
    }
    const asking = (this._asking = new AbortController());
    this._set({ type: 'asking', progress: null });
    const answer = await this._dryRun(asking.signal);
    if (!asking.signal.aborted && !this.isDisposed) {
      this._set(answer);
    }
  }

  private async _dryRun(signal: AbortSignal): Promise<Answer> {
    try {
      return await this._options.client.create(
        { ...this._request(), dryRun: true },
        {
          signal,
          onProgress: progress => {
            if (!signal.aborted) {
              this._set({ type: 'asking', progress });
            }
          }
        }
      );
    } catch (error) {
      return { type: 'unanswered', code: requestCode(error) };
    }
  }

  private _set(answer: Answer): void {
    this._answer = answer;
    if (answer.type === 'done') {
      this._runs = answer.runs ?? [];
    }
    if (answer.type === 'refused') {
      this._refuse(answer);
    }
    this.stateChanged.emit();
  }

  /** Show a refusal; what was changed can't stay chosen. */
  private _refuse(refused: ICreateRefused): void {
    this._refusal = {
      ...refused,
      files: refused.files.map(file => this._withRun(file))
    };
    this._answer = { type: 'none' };
    for (const now of refused.files) {
      this._chosen.delete(now.path);
      this._mark(now, refused.reason);
    }
    if (this._chosen.size > 0) {
      this._answer = { type: 'asking', progress: null };
      this._soon.invoke().catch(() => undefined);
    }
  }

  /** The run is known from the list where the comparison with a preview doesn't name it. */
  private _withRun(file: RefusedFile): RefusedFile {
    const listed = this._groups
      .flatMap(({ files }) => files)
      .find(({ path }) => path === file.path);
    return listed === undefined || file.run !== null
      ? file
      : { ...file, run: listed.run, recordedAt: listed.at };
  }

  private _mark(now: RefusedFile, reason: ICreateRefused['reason']): void {
    this._groups = this._groups.map(group => ({
      ...group,
      files: group.files.map(file =>
        file.path === now.path
          ? { ...file, state: reason === 'missing' ? 'gone' : 'changed' }
          : file
      )
    }));
  }

  private _listing: Listing = { type: 'reading' };
  private _groups: IFileGroup[] = [];
  private _others: string[] = [];
  private _runs: readonly IRunNote[] = [];
  private _drops = new Set<string>();
  private _nearby: string[] = [];
  private _chosen = new Set<string>();
  private _recordOptions: Record<OptionName, boolean> = { ...DEFAULT_OPTIONS };
  private _sign: ICreateRequest['sign'] = 'local';
  private _answer: Answer = { type: 'none' };
  private _refusal: ICreateRefused | null = null;
  private _previewOpen = false;
  private _signing = false;
  private _signingProgress: Progress | null = null;
  private _outcome: Promise<CreateOutcome> | null = null;
  private _asking: AbortController | null = null;
  private _soon: Debouncer;
}
