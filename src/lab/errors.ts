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
