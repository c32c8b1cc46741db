/** What a replay gave, in plain words. What is only close is never called the same. */
import type { ITranslator } from '../record/words';
import type { Relation } from './types';

/** How a replay can end; the first four compare what it wrote. */
type Outcome = Relation | 'failed' | 'refused' | 'not-possible';

/** What the runs gave, or why there is nothing to compare; the reason stands elsewhere. */
export function outcomeWords(trans: ITranslator, outcome: Outcome): string {
  switch (outcome) {
    case 'same-digest':
      return trans.__('gave the same bytes');
    case 'same-content':
      return trans.__('gave the same content in other bytes');
    case 'close':
      return trans.__('gave numbers that are close, not the same');
    case 'different':
      return trans.__('gave something else');
    case 'failed':
      return trans.__('did not run through');
    case 'refused':
      return trans.__('gave no answer that anything follows from');
    case 'not-possible':
      return trans.__('could not be run again');
  }
}
