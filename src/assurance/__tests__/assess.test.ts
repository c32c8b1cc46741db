import { requestFor, usualSession } from '../../__tests__/journals';
import gapSentences from '../../journal/gaps.json';
import { createRecord } from '../../record/record';
import type { Statement } from '../../record/types';
import { assess } from '../assess';
import { GATE_CODES } from '../types';

const MODEL = '/home/ann/work/model.joblib';

function statement(): Statement {
  const session = usualSession();
  return createRecord(requestFor({ sessions: [session], subjects: [MODEL] }))
    .statement;
}

type Recording =
  Statement['predicate']['buildDefinition']['internalParameters']['recording'];
type Change = (statement: Statement, recording: Recording) => void;

/** Each takes one piece of evidence away. */
const WEAKER: Record<string, Change> = {
  'no recorder saw the start': (_s, r) => {
    r.kernelStart = 'not-seen';
  },
  'the probe came late': (_s, r) => {
    r.install = 'late';
  },
  'no probe at all': (_s, r) => {
    r.install = 'none';
  },
  'runs came before': (_s, r) => {
    r.runsBeforeStart = 3;
  },
  'no server among the observers': (_s, r) => {
    r.observers = r.observers.filter(o => o.kind !== 'server');
  },
  'no observers': (_s, r) => {
    r.observers = [];
  },
  'a subject’s write was not seen': (_s, r) => {
    r.subjects.seen = 0;
  },
  'more subjects than were looked at': (s, _r) => {
    s.subject.push({ name: 'x', digest: { sha256: 'a'.repeat(64) } });
  },
  'no notebook digest': s => {
    s.predicate.buildDefinition.externalParameters.documents.forEach(d => {
      delete d.sha256;
    });
  },
  'no notebook': s => {
    s.predicate.buildDefinition.externalParameters.documents = [];
  },
  'order unknown': s => {
    s.predicate.buildDefinition.externalParameters.order = 'unknown';
  },
  'no runs': s => {
    s.predicate.buildDefinition.externalParameters.runs.kept = 0;
  },
  'a builder of somebody else’s': s => {
    (s.predicate.runDetails.builder as { id: string }).id =
      'https://example.org/builders/user-controlled-kernel-at-most-l1/v1';
  }
};

const holding = (value: unknown) =>
  assess(value)
    .reasons.filter(r => r.holds)
    .map(r => r.code);

describe('the ceiling', () => {
  it('is L1 for a session that meets the gate', () => {
    expect(assess(statement())).toEqual({
      level: 'L1',
      reasons: [...GATE_CODES, 'user-controls-kernel'].map(code => ({
        code,
        holds: true
      }))
    });
  });

  it.each(Object.keys(WEAKER))('is below L1 when %s', name => {
    const weaker = statement();
    WEAKER[name]!(
      weaker,
      weaker.predicate.buildDefinition.internalParameters.recording
    );
    expect(assess(weaker).level).toBe('below-L1');
  });

  it.each([null, 3, 'text', [], {}, { predicate: {} }])(
    'of %j meets no condition',
    value => {
      expect(assess(value).level).toBe('below-L1');
      expect(holding(value)).toEqual(['user-controls-kernel']);
    }
  );

  it('never rises when evidence is taken away or a gap is added', () => {
    const changes: Change[] = [
      ...Object.values(WEAKER),
      ...['late-start', 'paused', 'event-gap', 'write-not-seen', 'network'].map(
        (code): Change =>
          (_s, r) => {
            r.gaps = [...r.gaps, { code, count: 1 }];
          }
      )
    ];
    const base = JSON.stringify(statement());
    const levelOf = new Map<number, Set<string>>();
    const subsets = 2 ** changes.length;
    const made = (set: number) => {
      const copy = JSON.parse(base) as Statement;
      const { recording } = copy.predicate.buildDefinition.internalParameters;
      changes.forEach((change, i) => {
        if (set & (1 << i)) {
          change(copy, recording);
        }
      });
      return new Set(holding(copy));
    };
    // All of them with up to four changes, and each with one more.
    for (let set = 0; set < subsets; set++) {
      if (bits(set) <= 3) {
        levelOf.set(set, made(set));
      }
    }
    const risen: string[] = [];
    for (const [set, before] of levelOf) {
      for (let i = 0; i < changes.length; i++) {
        const after = levelOf.get(set | (1 << i));
        for (const code of after ?? []) {
          if (!before.has(code as never)) {
            risen.push(`${set} + ${i}: ${code}`);
          }
        }
      }
    }
    expect(risen).toEqual([]);
    expect(levelOf.size).toBeGreaterThan(900);
  });

  it.each(Object.keys(gapSentences))(
    'never rises by the gap %s, nor goes above L1',
    code => {
      const more = statement();
      more.predicate.buildDefinition.internalParameters.recording.gaps.push({
        code,
        count: 1
      });
      const before = new Set(holding(statement()));
      expect(holding(more).every(c => before.has(c))).toBe(true);
      expect(['L1', 'below-L1']).toContain(assess(more).level);
    }
  );
});

function bits(n: number): number {
  return n.toString(2).replace(/0/g, '').length;
}
