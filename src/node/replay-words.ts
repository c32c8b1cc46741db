/** The outcome of a replay in plain words. “Reproduced” is never said of what is only close. */
import type { IReplayReply, ReplayOutcome } from '../api';
import { plural, printable, wrap } from './text';

const HEADLINES: Record<ReplayOutcome, string> = {
  'same-digest': 'Same. Run again, it gave exactly the same bytes.',
  'same-content':
    'Same content. Run again, it gave other bytes that hold the same.',
  close:
    'Close, not the same. Run again, it gave numbers that differ a little.',
  different: 'Different. Run again, it gave something else.',
  failed: 'Failed. The runs didn’t run through again.',
  refused: 'Refused. Nothing can be concluded from running it again.',
  'not-possible': 'Not possible. It can’t be run again here.'
};

export function formatReplay(reply: IReplayReply): string {
  const { reason, run } = reply;
  const where = run === null ? '' : ` (run ${run})`;
  return [
    HEADLINES[reply.outcome],
    ...(reason === null
      ? []
      : [wrap(`Why: ${printable(reason, 300)}${where}.`, '  ')]),
    ...reply.subjects.map(subject => wrap(subjectLine(subject), '  ', '    ')),
    ...runLines(reply),
    ...surroundingLines(reply),
    ...(reply.record === null
      ? []
      : [
          `  ${reply.signed ? 'Signed statement' : 'Unsigned statement'}: ${reply.record}`
        ]),
    ...(reply.notebook === null ? [] : [`  Its notebook: ${reply.notebook}`])
  ].join('\n');
}

type Subject = IReplayReply['subjects'][number];

function subjectLine(subject: Subject): string {
  const { name, relation, maxAbs, maxRel, format, why } = subject;
  const numbers =
    maxAbs === undefined
      ? ''
      : `, largest difference ${short(maxAbs)} (${short(maxRel ?? 0)} of the largest number)`;
  const form = format === undefined ? '' : ` (${printable(format, 20)})`;
  const because = why === undefined ? '' : `: ${printable(why, 120)}`;
  return `${printable(name, 60)}: ${relation}${form}${numbers}${because}`;
}

const short = (value: number) =>
  value.toPrecision(3).replace(/\.?0+(e|$)/, '$1');

function runLines({ runs, dropped, minimal, replays, outcome }: IReplayReply) {
  if (outcome === 'not-possible') {
    return [];
  }
  const times = plural(replays, 'replay');
  return dropped.length === 0 && minimal === null
    ? [`  ${plural(runs.replayed, 'run')}, ${times}.`]
    : [
        wrap(
          `${runs.replayed} of ${plural(runs.kept, 'run')} give the same; ${dropped.length} were left out, in ${times}. ${
            minimal === true
              ? 'No other run can go alone.'
              : 'The time was used up; the same command goes on from here.'
          }`,
          '  '
        )
      ];
}

function surroundingLines({ surroundings }: IReplayReply): string[] {
  if (surroundings === null) {
    return [];
  }
  const network =
    surroundings.network === 'off'
      ? 'the network was off'
      : 'the network was on: this system doesn’t let us take it away';
  const files =
    surroundings.files === 'own-folder'
      ? 'nothing but its own folder could be written'
      : 'Python code could write nothing but its own folder; other programs could';
  return [wrap(`Meanwhile ${network}, and ${files}.`, '  ')];
}
