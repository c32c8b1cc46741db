/**
 * Write the JSON Schemas of docs/schemas/ from the zod schemas in src/.
 * With `--check`: write nothing, fail when a committed one is out of date.
 */
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { ROOT } from './lib.mjs';

/** JSON Schema file → the zod schema that it is made from. */
const SCHEMAS = {
  'events.schema.json': ['src/journal/events.ts', 'JournalEvent'],
  'statement.schema.json': ['src/record/types.ts', 'Statement'],
  'replay.schema.json': ['src/replay/types.ts', 'ReplayStatement'],
  'verify-result.schema.json': ['src/verify/types.ts', 'VerifyReply']
};

async function load(file) {
  const result = await build({
    entryPoints: [path.join(ROOT, file)],
    bundle: true,
    format: 'esm',
    write: false,
    packages: 'external',
    platform: 'node'
  });
  const bundle = path.join(ROOT, 'node_modules', '.cache-schema.mjs');
  fs.writeFileSync(bundle, result.outputFiles[0].text);
  return import(`${bundle}?${Math.random()}`);
}

const check = process.argv.includes('--check');
const stale = [];
for (const [name, [source, exported]] of Object.entries(SCHEMAS)) {
  if (!fs.existsSync(path.join(ROOT, source))) {
    continue;
  }
  const schema = (await load(source))[exported];
  const json = {
    title: name.replace('.schema.json', ''),
    ...z.toJSONSchema(schema, { unrepresentable: 'any' })
  };
  const text = JSON.stringify(json, null, 2) + '\n';
  const target = path.join(ROOT, 'docs', 'schemas', name);
  if (check) {
    if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text) {
      stale.push(name);
    }
  } else {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  }
}
if (stale.length > 0) {
  console.error(
    `Out of date: ${stale.join(', ')}. Run npm run build:schemas and commit.`
  );
  process.exit(1);
}
