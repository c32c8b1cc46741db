/**
 * REST client of the server extension. No other file knows an address.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type {
  CreateProgress,
  ICreateRequest,
  IRecordsReply,
  IReplaysReply,
  ISessionsReply,
  ISettings,
  IStatusReply,
  IVerifyReply
} from '../api';
import type {
  CreateOutcome,
  IAttestClient,
  ICreateOptions,
  IForgetRequest,
  IVerifyRequest
} from '../tokens';
import { RequestError, type RequestErrorCode } from './errors';
import { jsonLines } from './jsonlines';

const API = 'jupyter-attest/api';

function codeOf(status: number): RequestErrorCode {
  switch (status) {
    case 401:
    case 403:
      return 'forbidden';
    case 404:
      return 'missing';
    default:
      return 'failed';
  }
}

async function* chunksOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (!reader) {
    yield await response.text();
    return;
  }
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    yield decoder.decode(value, { stream: true });
  }
}

export class AttestClient implements IAttestClient {
  constructor(private _settings = ServerConnection.makeSettings()) {}

  status(path: string): Promise<IStatusReply> {
    // A poll must not keep an idle server alive.
    return this._json('status', { path, no_track_activity: '1' });
  }

  sessions(path: string): Promise<ISessionsReply> {
    return this._json('sessions', { path });
  }

  records(path: string): Promise<IRecordsReply> {
    return this._json('records', { path });
  }

  settings(): Promise<ISettings> {
    return this._json('settings', {});
  }

  verify(request: IVerifyRequest): Promise<IVerifyReply> {
    return this._json('verify', {}, request);
  }

  async pause(sid: string): Promise<void> {
    await this._request(URLExt.join('sessions', sid, 'pause'), {}, {});
  }

  async resume(sid: string): Promise<void> {
    await this._request(URLExt.join('sessions', sid, 'resume'), {}, {});
  }

  async forget(request: IForgetRequest): Promise<void> {
    await this._request('forget', {}, request);
  }

  async replays(invocation: string): Promise<IReplaysReply> {
    const none = { replays: [] };
    const place = `records/${encodeURIComponent(invocation)}/replays`;
    return (await this._unlessMissing(() => this._json(place, {}))) ?? none;
  }

  async member(invocation: string, name: string): Promise<string | null> {
    const place = [invocation, name].map(encodeURIComponent).join('/');
    return this._unlessMissing(async () =>
      (await this._request(`records/${place}`, {})).text()
    );
  }

  /** What was asked for; null where the server has no such thing. */
  private async _unlessMissing<T>(ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof RequestError && error.code === 'missing') {
        return null;
      }
      throw error;
    }
  }

  async create(
    request: ICreateRequest,
    { onProgress, signal }: ICreateOptions = {}
  ): Promise<CreateOutcome> {
    const response = await this._request('records', {}, request, signal);
    try {
      for await (const line of jsonLines(chunksOf(response))) {
        const message = line as CreateProgress;
        if (message.type !== 'progress') {
          return message;
        }
        onProgress?.(message);
      }
    } catch (cause) {
      throw new RequestError(signal?.aborted ? 'cancelled' : 'failed', {
        cause
      });
    }
    throw new RequestError('failed');
  }

  private async _json<T>(
    place: string,
    query: Record<string, string>,
    body?: object
  ): Promise<T> {
    const response = await this._request(place, query, body);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw new RequestError('failed', { cause });
    }
  }

  /** GET, or POST where there is a body. */
  private async _request(
    place: string,
    query: Record<string, string>,
    body?: object,
    signal?: AbortSignal
  ): Promise<Response> {
    const address =
      URLExt.join(this._settings.baseUrl, API, place) +
      (Object.keys(query).length ? URLExt.objectToQueryString(query) : '');
    const init: RequestInit = body
      ? { method: 'POST', body: JSON.stringify(body), signal }
      : { method: 'GET', signal };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        address,
        init,
        this._settings
      );
    } catch (cause) {
      throw new RequestError(signal?.aborted ? 'cancelled' : 'unreachable', {
        cause
      });
    }
    if (!response.ok) {
      throw new RequestError(codeOf(response.status));
    }
    return response;
  }
}
