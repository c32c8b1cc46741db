/**
 * The ceiling of a statement, computed from the statement alone. Only positive facts
 * raise it, so taking evidence away or adding a gap never does. It is never above
 * "at most SLSA Build L1": its user controls the kernel (SLSA Build track, L2
 * "hosted" and "authentic"). Signing doesn't come into it.
 */
import * as z from 'zod/mini';
import type { ICeiling } from '../api';
import { BUILDERS, BUILD_TYPES } from './builders';
import { GATE_CODES, type GateCode } from './types';

/** What the rules look at; anything else in a statement can't matter. */
const Evidence = z.looseObject({
  subject: z.array(z.unknown()),
  predicate: z.looseObject({
    buildDefinition: z.looseObject({
      buildType: z.string(),
      externalParameters: z.looseObject({
        documents: z.array(z.looseObject({ sha256: z.optional(z.string()) })),
        runs: z.looseObject({
          total: z.number(),
          kept: z.number(),
          sha256: z.string()
        }),
        order: z.string()
      }),
      internalParameters: z.looseObject({
        recording: z.looseObject({
          kernelStart: z.string(),
          install: z.string(),
          runsBeforeStart: z.number(),
          observers: z.array(z.looseObject({ kind: z.string() })),
          gaps: z.array(z.looseObject({ code: z.string(), count: z.number() })),
          subjects: z.looseObject({ total: z.number(), seen: z.number() })
        })
      })
    }),
    runDetails: z.looseObject({
      builder: z.looseObject({ id: z.string() })
    })
  })
});
type Evidence = z.infer<typeof Evidence>;

/** The mode of a statement whose ceiling these rules know. */
function isKnown(builder: string, buildType: string): boolean {
  return (['session', 'execution'] as const).some(
    mode => BUILDERS[mode] === builder && BUILD_TYPES[mode] === buildType
  );
}

/** Gaps after which something may have run that the record doesn't hold. */
const MISSED = new Set([
  'late-start',
  'no-recorder',
  'probe-silent',
  'paused',
  'event-gap',
  'unknown-event',
  'unknown-request',
  'dropped-by-user'
]);

/** Gaps after which a subject's write isn't certain. */
const UNSEEN = new Set(['write-not-seen']);

const RULES: Record<GateCode, (evidence: Evidence) => boolean> = {
  'known-builder': ({ predicate }) =>
    isKnown(
      predicate.runDetails.builder.id,
      predicate.buildDefinition.buildType
    ),
  'start-seen': evidence => {
    const { kernelStart, install, runsBeforeStart } = recordingOf(evidence);
    return (
      kernelStart === 'seen' && install === 'launch' && runsBeforeStart === 0
    );
  },
  'nothing-missed': evidence =>
    recordingOf(evidence).observers.some(({ kind }) => kind === 'server') &&
    !hasGap(evidence, MISSED),
  'subjects-seen': evidence => {
    const { total, seen } = recordingOf(evidence).subjects;
    return (
      total > 0 &&
      seen >= total &&
      total >= evidence.subject.length &&
      !hasGap(evidence, UNSEEN)
    );
  },
  'source-recorded': ({ predicate }) =>
    predicate.buildDefinition.externalParameters.documents.some(
      document => document.sha256 !== undefined
    ),
  'order-recorded': ({ predicate }) => {
    const { runs, order } = predicate.buildDefinition.externalParameters;
    return runs.kept > 0 && runs.sha256 !== '' && order !== 'unknown';
  }
};

function recordingOf({ predicate }: Evidence) {
  return predicate.buildDefinition.internalParameters.recording;
}

function hasGap(evidence: Evidence, codes: ReadonlySet<string>): boolean {
  return recordingOf(evidence).gaps.some(gap => codes.has(gap.code));
}

/** The ceiling of any statement; one without our facts meets no condition. */
export function assess(statement: unknown): ICeiling {
  const parsed = z.safeParse(Evidence, statement);
  const gate = GATE_CODES.map(code => ({
    code,
    holds: parsed.success && RULES[code](parsed.data)
  }));
  return {
    level: gate.every(({ holds }) => holds) ? 'L1' : 'below-L1',
    reasons: [...gate, { code: 'user-controls-kernel', holds: true }]
  };
}
