import fs from 'node:fs';
import path from 'node:path';
import { assess } from '../../assurance/assess';
import { Statement } from '../types';

const FOLDER = path.join(__dirname, '../../../docs/buildtypes');

describe('the examples of the build types', () => {
  it.each(['notebook-session-v1', 'notebook-execution-v1'])(
    '%s is a statement as the schema has it, of that build type',
    name => {
      const file = path.join(FOLDER, `${name}.example.json`);
      const statement = Statement.parse(
        JSON.parse(fs.readFileSync(file, 'utf8'))
      );
      const { buildType } = statement.predicate.buildDefinition;
      expect(buildType.endsWith(name.replace('-v1', '/v1'))).toBe(true);
      expect(assess(statement).level).toBe('L1');
    }
  );
});
