import type { IJournalFile } from '../journal/read';
import type { ISession } from './types';

export function foldSessions(
  _files: readonly IJournalFile[]
): Map<string, ISession> {
  throw new Error('not implemented');
}
