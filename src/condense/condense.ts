import type { ISession } from '../session/types';
import type { ISlice, ISliceSubject } from './types';

export function condense(
  _sessions: ReadonlyMap<string, ISession>,
  _subjects: readonly ISliceSubject[],
  _drops: readonly string[] = []
): ISlice {
  throw new Error('not implemented');
}
