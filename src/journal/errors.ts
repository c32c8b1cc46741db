/** `unknown-version`: a major that this program doesn't know. `prefix-mismatch`: a file isn't the one that a request stood on. `prefix-missing`: it is gone. */
export type JournalErrorCode =
  'unknown-version' | 'prefix-mismatch' | 'prefix-missing';

/** A journal that can't be used as asked. Everything else is a gap. */
export class JournalError extends Error {
  constructor(
    readonly code: JournalErrorCode,
    message: string,
    /** `<sid>/<file>`. */
    readonly file: string
  ) {
    super(message);
    this.name = 'JournalError';
  }
}
