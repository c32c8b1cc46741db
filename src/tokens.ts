/**
 * Every token of the extension with its interface: the contract between the
 * plugins in `lab/plugins`, and what another extension can build on.
 */
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type {
  CreateProgress,
  ICreateDone,
  ICreateRefused,
  ICreateRequest,
  IErrorReply,
  IRecordsReply,
  IReplaysReply,
  ISessionsReply,
  ISettings,
  IStatusReply,
  IVerifyReply
} from './api';

/** How a request for a record ended: never an exception for what the server said. */
export type CreateOutcome = ICreateDone | ICreateRefused | IErrorReply;

/** What a caller of `create` may ask for beside the record. */
export interface ICreateOptions {
  /** Called for each step while fingerprints are compared and the record is made. */
  onProgress?: (
    progress: Extract<CreateProgress, { type: 'progress' }>
  ) => void;
  /** Aborting it ends the request; the server then makes nothing. */
  signal?: AbortSignal;
}

/** Which recorded things to delete; exactly one field. */
export interface IForgetRequest {
  /** A whole session with its texts. */
  session?: string;
  /** Everything from before this RFC 3339 time. */
  before?: string;
}

/** Which file to compare with which record, and what is expected of its signer. */
export interface IVerifyRequest {
  /** Contents path of the file that the record is about. */
  file: string;
  /** Contents path of the record; found beside the file when absent. */
  record?: string;
}

/** One saved record, as it is downloaded. */
export interface IRecordFile {
  name: string;
  text: string;
}

/**
 * The server's routes under `/jupyter-attest/api/`. Paths are contents paths.
 * Methods reject with `RequestError` when the server doesn't answer as agreed.
 */
export interface IAttestClient {
  status(path: string): Promise<IStatusReply>;
  sessions(path: string): Promise<ISessionsReply>;
  create(
    request: ICreateRequest,
    options?: ICreateOptions
  ): Promise<CreateOutcome>;
  records(path: string): Promise<IRecordsReply>;
  /** Text of one file of a record folder; null when there is no such file here. */
  member(invocation: string, name: string): Promise<string | null>;
  /** Replays of a record, oldest first; none where the record isn't on the server. */
  replays(invocation: string): Promise<IReplaysReply>;
  verify(request: IVerifyRequest): Promise<IVerifyReply>;
  pause(sid: string): Promise<void>;
  resume(sid: string): Promise<void>;
  forget(request: IForgetRequest): Promise<void>;
  settings(): Promise<ISettings>;
}

export const IAttestClient = new Token<IAttestClient>(
  'jupyter-attest:IAttestClient',
  'The routes of the Jupyter server that record, create, verify and forget.'
);

/** What is known about recording for the notebook that is current. */
export interface IRecording extends IDisposable {
  /** Contents path of the notebook in front; null when none is. */
  readonly path: string | null;
  /** Null until the server has answered for this notebook, and without one. */
  readonly status: IStatusReply | null;
  /** True when the last question to the server had no answer. */
  readonly unreachable: boolean;
  /** Emitted when path or status changed. */
  readonly changed: ISignal<IRecording, void>;
  /** Ask the server again now. */
  refresh(): Promise<void>;
}

export const IRecording = new Token<IRecording>(
  'jupyter-attest:IRecording',
  'Whether the current notebook is being recorded, and what is missing.'
);
