/**
 * The one error class of the command line. Its message is what a person reads,
 * whole: what went wrong and, where there is one, the cure.
 */

/** Closed set of codes, printed with `--json`. */
export type CliErrorCode =
  /** The command line itself is wrong. */
  | 'usage'
  /** Something named on the command line isn't there. */
  | 'missing'
  /** It is there, but can't be read as what it should be. */
  | 'unreadable'
  | 'disk-full'
  | 'not-writable'
  /** A journal of a schema version that this program doesn't know. */
  | 'journal-version'
  | 'journal-broken'
  /** Python or our Python package isn't there. */
  | 'no-python'
  /** The notebook couldn't be run at all, or its run ended with an error. */
  | 'execution'
  | 'bad-key'
  /** A run that can't be left out of a record. */
  | 'cannot-drop'
  | 'cancelled'
  /** A mistake of ours. */
  | 'internal';

/** Exit code of everything that is impossible, unreadable or wrongly asked. */
export const EXIT_IMPOSSIBLE = 2;
/** Exit code of an answer that isn't the one hoped for. */
export const EXIT_NO = 1;

export class CliError extends Error {
  constructor(
    readonly code: CliErrorCode,
    message: string,
    options: { cause?: unknown; exitCode?: number } = {}
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = options.exitCode ?? EXIT_IMPOSSIBLE;
  }

  readonly exitCode: number;
}

/** Code of a failed system call, e.g. `ENOENT`; null for every other error. */
export function systemCode(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null;
}

const SYSTEM_WORDS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not allow it',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the links lead in a circle',
  EIO: 'the disk reports an error'
};

/** Why a system call failed, in plain words. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  return code === null
    ? 'of an unexpected error'
    : (SYSTEM_WORDS[code] ?? `the system reports ${code}`);
}

/** The error of a write that failed, with the cure where we know one. */
export function writeError(file: string, error: unknown): CliError {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CliError(
      'disk-full',
      `Could not write ${file}: ${systemReason(error)}. Nothing that was there before is lost. Free some space and try again.`,
      { cause: error }
    );
  }
  return new CliError(
    'not-writable',
    `Could not write ${file}: ${systemReason(error)}.`,
    { cause: error }
  );
}

/** The error of a read that failed. */
export function readError(file: string, error: unknown): CliError {
  return new CliError(
    systemCode(error) === 'ENOENT' ? 'missing' : 'unreadable',
    `Could not read ${file}: ${systemReason(error)}.`,
    { cause: error }
  );
}
