/** Copy what Python carries from its one source: the CLI, the registries, the event schema. */
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib.mjs';

const FILES = [
  'dist/cli.mjs',
  'src/journal/gaps.json',
  'src/journal/wrappers.json',
  'src/journal/secrets.json',
  'docs/schemas/events.schema.json'
];

const target = path.join(ROOT, 'jupyter_attest', 'static');
fs.mkdirSync(target, { recursive: true });
for (const file of FILES) {
  fs.copyFileSync(
    path.join(ROOT, file),
    path.join(target, path.basename(file))
  );
}
