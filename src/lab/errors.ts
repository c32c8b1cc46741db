/** How a request to the server can fail. */

/** Why a request failed; the words for people are in `wording.ts`. */
export type RequestErrorCode =
  'unreachable' | 'missing' | 'forbidden' | 'failed' | 'cancelled';

/** The server didn't answer as agreed. The message holds nothing that the server sent. */
export class RequestError extends Error {
  constructor(
    readonly code: RequestErrorCode,
    options?: ErrorOptions
  ) {
    super(`Request ${code}`, options);
  }
}

/** Why a request had no answer; `failed` for an error that isn't a request's. */
export function requestCode(error: unknown): RequestErrorCode {
  return error instanceof RequestError ? error.code : 'failed';
}
