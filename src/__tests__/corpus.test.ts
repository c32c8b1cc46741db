/**
 * Journals of real kernels (`npm run corpus` records them again): what they fold, condense
 * and come to in a statement, compared with what the command line said of them then.
 */
import fs from 'node:fs';
import path from 'node:path';
import { assess } from '../assurance/assess';
import type { AttestRequested, EventOf } from '../journal/events';
import { readJournalFile, type IJournalSource } from '../journal/read';
import { createRecord, type IRecordInput } from '../record/record';
import type { IRecord } from '../record/types';
import { SessionFold } from '../session/fold';

const CORPUS = path.join(__dirname, 'corpus');
const CASES = fs.readdirSync(CORPUS).sort();

/** What stands beside the journals; runs by their places, nested ones not counted. */
interface IExpected {
  /** Runs without which the file can't be made. */
  needed: number[];
  /** Runs that must be left out with their proof. */
  dropped: number[];
  kept: number[];
  proved: number[];
  gaps: Record<string, number>;
  level: string;
}

function read<T>(name: string, file: string): T {
  const text = fs.readFileSync(path.join(CORPUS, name, file), 'utf8');
  return JSON.parse(text) as T;
}

function sourcesOf(name: string): IJournalSource[] {
  const folder = path.join(CORPUS, name);
  const sids = fs.readdirSync(folder).filter(each => !each.includes('.'));
  return sids.flatMap(sid =>
    fs.readdirSync(path.join(folder, sid)).map(file => ({
      sid,
      file,
      bytes: fs.readFileSync(path.join(folder, sid, file))
    }))
  );
}

function inputOf(name: string): IRecordInput {
  const texts = read<Record<string, string>>(name, 'texts.json');
  const bytes = fs.readFileSync(path.join(CORPUS, name, 'attests.jsonl'));
  const attests = { sid: '', file: 'attests.jsonl', bytes };
  const { events, problems } = readJournalFile(attests);
  expect(problems).toEqual([]);
  return {
    request: events.find(
      (event): event is AttestRequested => event.type === 'attest.requested'
    )!,
    hashed: events.filter(
      (event): event is EventOf<'file.hashed'> => event.type === 'file.hashed'
    ),
    sources: sourcesOf(name),
    text: (_, sha256) => texts[sha256] ?? null
  };
}

function found({
  statement,
  runs
}: IRecord): Omit<IExpected, 'needed' | 'dropped'> {
  const outer = runs.filter(run => run['parent'] === null);
  const places = (...verdicts: string[]) =>
    outer.flatMap(({ verdict }, at) =>
      verdicts.includes(verdict) ? [at + 1] : []
    );
  const { gaps } =
    statement.predicate.buildDefinition.internalParameters.recording;
  return {
    kept: places('needed', 'kept-undecided'),
    proved: places('dropped-proved'),
    gaps: Object.fromEntries(gaps.map(({ code, count }) => [code, count])),
    level: assess(statement).level
  };
}

describe.each(CASES)('the recorded session %s', name => {
  const expected = read<IExpected>(name, 'expected.json');
  const record = createRecord(inputOf(name));

  it('is read without a problem', () => {
    for (const source of sourcesOf(name)) {
      expect(readJournalFile(source).problems).toEqual([]);
    }
  });

  it('gives the runs, gaps and level that it gave when it was recorded', () => {
    const { kept, proved, gaps, level } = expected;
    expect(found(record)).toEqual({ kept, proved, gaps, level });
  });

  it('keeps what the file needs, and leaves out what is proved not to matter', () => {
    const { kept, proved } = found(record);
    expect(kept).toEqual(expect.arrayContaining(expected.needed));
    expect(proved).toEqual(expect.arrayContaining(expected.dropped));
  });

  it('folds to the same however its files come', () => {
    const bySid = new Map<string, IJournalSource[]>();
    for (const source of sourcesOf(name)) {
      bySid.set(source.sid, [...(bySid.get(source.sid) ?? []), source]);
    }
    for (const [sid, sources] of bySid) {
      const [whole, split] = [new SessionFold(sid), new SessionFold(sid)];
      for (const source of sources) {
        whole.add(source.file, readJournalFile(source).events);
      }
      for (const source of [...sources].reverse()) {
        for (const event of readJournalFile(source).events) {
          split.add(source.file, [event]);
        }
      }
      expect(split.session()).toEqual(whole.session());
    }
  });

  it('without its kernel’s own words proves nothing, and claims less', () => {
    const input = inputOf(name);
    const isProbes = ({ file }: { file: string }) => file.startsWith('probe-');
    const prefixes = input.request.prefixes.filter(each => !isProbes(each));
    const request = { ...input.request, prefixes };
    const { proved, gaps, level } = found(createRecord({ ...input, request }));
    expect(proved).toEqual([]);
    expect(gaps).toHaveProperty('no-probe');
    expect(level).toBe('below-L1');
  });
});
