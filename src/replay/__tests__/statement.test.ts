import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { readStatement } from '../../verify/statement';
import { isSame, replayStatement, worstRelation } from '../statement';
import { ReplayStatement } from '../types';

const FOLDER = path.join(__dirname, '../../../docs/buildtypes');
const EXAMPLE = path.join(FOLDER, 'notebook-replay-v1.example.json');

const example = () =>
  z.parse(ReplayStatement, JSON.parse(fs.readFileSync(EXAMPLE, 'utf8')));

const named = (each: { name: string; digest: { sha256: string } }) => ({
  name: each.name,
  sha256: each.digest.sha256
});

describe('the statement of a replay', () => {
  it('is as its example says', () => {
    const { buildDefinition, runDetails } = example().predicate;
    const { externalParameters, internalParameters, resolvedDependencies } =
      buildDefinition;
    const { dropped, minimal, ...facts } = internalParameters;
    const { statement } = replayStatement({
      ...facts,
      ...runDetails.metadata,
      record: externalParameters.record,
      notebookSha256: externalParameters.notebook,
      inputs: resolvedDependencies.slice(2).map(named),
      inputsUnchecked: 0,
      minimized: { dropped: dropped ?? [], minimal: minimal ?? false },
      byproducts: runDetails.byproducts.map(named)
    });
    expect(statement).toEqual(example());
  });

  it('is read by verify with exactly its fields', () => {
    const { predicate, ...rest } = example();
    const bytes = (value: object) => Buffer.from(JSON.stringify(value));
    expect(readStatement(bytes(example())).subject).toHaveLength(1);
    expect(() =>
      readStatement(bytes({ ...rest, predicate: { ...predicate, level: 3 } }))
    ).toThrow('its fields are not those of its kind of record');
  });

  it('names no level but in its builder', () => {
    const text = JSON.stringify(example());
    expect(text.match(/l[0-4]\/v1/gi)).toEqual(['l1/v1']);
    expect(text).not.toMatch(/SLSA_|slsa_level/);
  });

  it.each([
    [['same-digest', 'close'], 'close', false],
    [['same-content', 'same-digest'], 'same-content', true],
    [['different', 'close'], 'different', false]
  ] as const)('of %s is %s', (relations, worst, same) => {
    const subjects = relations.map(relation => ({
      name: 'x',
      relation,
      recordedSha256: 'a'.repeat(64),
      sha256: 'b'.repeat(64)
    }));
    expect(worstRelation(subjects)).toBe(worst);
    expect(isSame(worst)).toBe(same);
  });
});
