import gaps from '../../journal/gaps.json';
import type { IStatusReply, RecordingState, VerifyStatus } from '../../api';
import type { Statement } from '../../record/types';
import * as words from '../wording';
import { trans } from './fake';

const status = (more: Partial<IStatusReply>): IStatusReply => ({
  state: 'recording',
  reason: null,
  since: null,
  sid: null,
  runs: 0,
  runsMissed: 0,
  gaps: 0,
  hasWrites: false,
  cannotAttest: null,
  ...more
});

describe('the status item', () => {
  it.each<[RecordingState, number, string]>([
    ['recording', 0, 'Provenance: recording'],
    ['recording', 1, 'Provenance: recording, 1 gap'],
    ['recording', 3, 'Provenance: recording, 3 gaps'],
    ['late', 0, 'Provenance: started late'],
    ['late', 5, 'Provenance: started late, 5 gaps'],
    ['cells-only', 0, 'Provenance: cells only'],
    ['paused', 0, 'Provenance: off'],
    ['off', 0, 'Provenance: off'],
    ['stopped', 0, 'Provenance: stopped']
  ])('%s with %d gaps is "%s"', (state, n, text) => {
    const shown = words.statusWords(trans, status({ state, gaps: n }), false);
    expect(shown.text).toBe(text);
  });

  it('never claims to record while the server is away', () => {
    const shown = words.statusWords(trans, status({}), true);
    expect(shown.text).toBe('Provenance: stopped');
  });
});

describe('the button', () => {
  const why = (more: Partial<IStatusReply>) =>
    words.whyNoRecord(trans, 'n.ipynb', status(more), false);

  it('is there for files of earlier sessions, kernel alive or not', () => {
    expect(why({ state: 'off', hasWrites: true })).toBeNull();
  });
  it('says why it does nothing', () => {
    expect(why({})).toBe('Nothing has been recorded for this notebook');
    expect(why({ hasWrites: true, cannotAttest: 'no Node' })).toBe(
      "Records can't be made here: no Node"
    );
  });
});

describe('gaps', () => {
  it.each(Object.entries(gaps))(
    '%s is said as in the registry',
    (code, text) => {
      const { what, meaning } = words.gapWords(trans, code);
      expect(what).toBe(text);
      expect(meaning).toMatch(/\.$/);
    }
  );

  it('of an unknown code are shown, not dropped', () => {
    expect(words.gapSentence(trans, { code: 'new\u202e', count: 2 })).toBe(
      "Something else wasn't recorded: new\\u202e (2 times)"
    );
  });

  it('are never said to be none without "noticed"', () => {
    expect(words.gapCount(trans, 0)).toMatch(/noticed/);
  });
});

describe('the answer about the signature', () => {
  const statement = {
    predicate: {
      runDetails: { metadata: { finishedOn: '2026-11-24T11:00:00Z' } }
    }
  } as Statement;
  const answer = (code: VerifyStatus): words.ISignatureWords =>
    words.signatureWords(trans, {
      reply: {
        status: code,
        file: 'm',
        record: 'r',
        sha256: null,
        keyName: 'work laptop',
        keyHint: 'fC6R1KCzX2jh2cRyOrBvgV3C6XS48Qpj1Sx+mAtPGm4=',
        message: '',
        checks: []
      },
      checking: false,
      signature: { hint: 'x' },
      statement
    });

  it.each<[VerifyStatus, string, string]>([
    ['ok', 'equal', 'Unchanged since it was signed'],
    ['no-expectation', 'equal', 'Unchanged since it was signed'],
    ['wrong-subject', 'equal', 'Unchanged since it was signed'],
    ['unknown-key', 'question', 'Unknown signer'],
    ['unexpected-signer', 'question', 'Unknown signer'],
    ['unsigned', 'minus', 'Not signed'],
    ['bad-signature', 'unequal', 'Changed or damaged'],
    ['malformed', 'unequal', 'Changed or damaged'],
    ['not-found', 'question', 'Not checked'],
    ['not-checked', 'question', 'Not checked']
  ])('%s is %s, "%s"', (code, icon, text) => {
    expect(answer(code)).toMatchObject({ icon, answer: text });
  });

  it('names the key as its owner named it', () => {
    expect(answer('ok').sentence).toBe(
      'Signed on 24 Nov 2026, 11:00 UTC with key 7c2e91d4, which you named “work laptop”.'
    );
  });

  it('is never a pass without an answer', () => {
    const silent = words.signatureWords(trans, {
      reply: null,
      checking: false,
      signature: { hint: null },
      statement
    });
    expect(silent.answer).toBe('Not checked');
  });
});

it('no level is above "at most SLSA Build L1"', () => {
  for (const level of ['L1', 'below-L1'] as const) {
    expect(words.ceilingWords(trans, { level, reasons: [] })).toMatch(
      /^At most SLSA Build L1/
    );
  }
});

it.each([
  'needed',
  'kept-undecided',
  'dropped-proved',
  'dropped-by-user',
  'after-subject'
])('the verdict %s is said in words', verdict => {
  expect(words.verdictText(trans, verdict)).not.toContain('-');
});
