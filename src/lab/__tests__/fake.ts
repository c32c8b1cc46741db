/** A server in memory, by the interface of the real one. */
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  ICreateRequest,
  IRecordsReply,
  IReplayNote,
  IRunNote,
  ISessionSummary,
  IVerifyReply,
  IWrittenFile
} from '../../api';
import type {
  CreateOutcome,
  IAttestClient,
  ICreateOptions
} from '../../tokens';

export const SHA = 'ab'.repeat(32);

export function written(
  path: string,
  more: Partial<IWrittenFile> = {}
): IWrittenFile {
  return {
    path,
    kind: 'other',
    run: 1,
    at: '2026-11-24T10:00:00.000000Z',
    sizeBytes: 10,
    sha256: SHA,
    state: 'unchanged',
    ...more
  };
}

export function session(
  sid: string,
  files: IWrittenFile[],
  more: Partial<ISessionSummary> = {}
): ISessionSummary {
  return {
    sid,
    kernelId: null,
    kernelName: 'python3',
    startedAt: '2026-11-24T09:00:00.000000Z',
    endedAt: null,
    state: 'running',
    notebooks: ['n.ipynb'],
    runs: 3,
    filesRead: 1,
    gaps: 0,
    runsMissed: 0,
    written: files,
    ...more
  };
}

export function done(request: ICreateRequest): ICreateDone {
  return {
    type: 'done',
    dryRun: request.dryRun ?? false,
    invocationId: 'urn:uuid:1',
    statement: JSON.stringify(request.for),
    statementBytes: 1,
    request: {
      invocationId: request.for.join()
    } as unknown as ICreateDone['request'],
    summary: {
      filesRead: 1,
      filesWritten: request.for.length,
      runsKept: 3,
      runsTotal: 3,
      gaps: [],
      ceiling: { level: 'L1', reasons: [] }
    },
    signed: request.sign === 'local',
    keyHint: null,
    record: null,
    copy: null
  };
}

export function run(number: number, more: Partial<IRunNote> = {}): IRunNote {
  return {
    number,
    id: `m${number}/0`,
    sid: 'sid',
    session: 's1',
    status: 'ok',
    notebook: 'n.ipynb',
    startedAt: null,
    line: `step(${number})`,
    reads: [],
    writes: [],
    verdict: 'kept-undecided',
    reason: 'not-shown-harmless',
    because: [],
    fixed: 'free',
    ...more
  };
}

export function refused(path: string): ICreateRefused {
  return {
    type: 'refused',
    reason: 'changed',
    message: '',
    files: [
      {
        path,
        run: null,
        recordedSha256: SHA,
        recordedAt: null,
        nowSha256: 'cd'.repeat(32),
        nowAt: null
      }
    ]
  };
}

type Answer = (request: ICreateRequest) => CreateOutcome;

export class FakeClient implements IAttestClient {
  constructor(public listed: ISessionSummary[]) {}

  answer: Answer = done;
  readonly asked: ICreateRequest[] = [];
  progress: Extract<CreateProgress, { type: 'progress' }>[] = [];
  members = new Map<string, string>();
  kept: IRecordsReply['records'] = [];
  verdict: IVerifyReply['status'] = 'ok';

  async sessions() {
    return { sessions: this.listed, problems: [] };
  }

  async create(request: ICreateRequest, options: ICreateOptions = {}) {
    this.asked.push(request);
    this.progress.forEach(each => options.onProgress?.(each));
    return this.answer(request);
  }

  async records() {
    return { records: this.kept };
  }

  async member(_invocation: string, name: string) {
    return this.members.get(name) ?? null;
  }

  replayed: IReplayNote[] = [];

  async replays() {
    return { replays: this.replayed };
  }

  async verify({ file }: { file: string }): Promise<IVerifyReply> {
    return {
      status: this.verdict,
      file,
      record: null,
      sha256: null,
      keyName: null,
      keyHint: null,
      message: '',
      checks: []
    };
  }

  status(): never {
    throw new Error('not asked here');
  }
  settings(): never {
    throw new Error('not asked here');
  }
  async pause() {}
  async resume() {}
  async forget() {}
}

/** Untranslated words, as JupyterLab gives them without a language pack. */
export const trans = {
  __: (text: string, ...args: unknown[]) => fill(text, args),
  _n: (one: string, many: string, n: number, ...args: unknown[]) =>
    fill(n === 1 ? one : many, [n, ...args])
} as unknown as import('@jupyterlab/translation').TranslationBundle;

function fill(text: string, args: unknown[]): string {
  return text.replace(/%(\d)/g, (_, n) => String(args[Number(n) - 1]));
}
