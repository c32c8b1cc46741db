import type { DatabaseAnswer } from '../types';
import { answerWords, databaseWords, type ITranslator } from '../words';

const fill = (text: string, args: unknown[]): string =>
  text.replace(/%(\d)/g, (_, n) => String(args[Number(n) - 1]));
const trans: ITranslator = {
  __: (text, ...args) => fill(text, args),
  _n: (one, many, n, ...args) => fill(n === 1 ? one : many, [n, ...args])
};
const show = { text: (text: string) => text, count: String };
const sha256 = 'a'.repeat(64);

describe('the words for an answer of a database', () => {
  it.each<[DatabaseAnswer, string]>([
    [{ fetched: 1, sha256 }, '1 row fetched'],
    [{ fetched: 5, reported: 5, sha256 }, '5 rows fetched'],
    [
      { fetched: 2, reported: 5, absent: 'partial' },
      '2 rows fetched, the driver counts 5; no fingerprint: not known to be all'
    ],
    [
      { fetched: 2, absent: 'partial' },
      '2 rows fetched; no fingerprint: not known to be all'
    ],
    [
      { fetched: 9, absent: 'too-large' },
      '9 rows fetched; no fingerprint: too large'
    ],
    [
      { fetched: 9, absent: 'unlisted-type' },
      '9 rows fetched; no fingerprint: rows of other types'
    ],
    [
      { absent: 'unlisted-type' },
      'rows not counted; no fingerprint: rows of other types'
    ],
    [{ absent: 'too-many' }, 'one of too many answers to be told each'],
    [{ fetched: 1, absent: 'later' }, '1 row fetched; no fingerprint: later']
  ])('%j', (answer, words) => {
    expect(answerWords(trans, answer, show)).toBe(words);
  });

  it.each<[DatabaseAnswer[], string | undefined, string]>([
    [[], 'not-taken', 'a database; answers have no fingerprint'],
    [[{ fetched: 5, sha256 }], undefined, 'a database; answer of 5 rows'],
    [
      [
        { fetched: 5, sha256 },
        { fetched: 1, sha256 }
      ],
      undefined,
      'a database; 2 answers, 6 rows'
    ],
    [[{ fetched: 1, absent: 'partial' }], 'partial', 'a database; one row seen']
  ])('%j in short', (answers, absent, words) => {
    const annotations = {
      nb_kind: 'database' as const,
      nb_statements: [],
      nb_answers: answers,
      ...(absent === undefined ? {} : { nb_absent: absent })
    };
    expect(databaseWords(trans, annotations, String)).toBe(words);
  });
});
