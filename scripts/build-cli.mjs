/** Bundle the command line into one file that needs nothing beside it but Node. */
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib.mjs';

const { version } = JSON.parse(
  fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')
);
await build({
  entryPoints: [path.join(ROOT, 'src/node/main.ts')],
  outfile: path.join(ROOT, 'dist/cli.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(version) },
  banner: {
    // Dependencies written as CommonJS call require() for Node's own modules.
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);'
    ].join('\n')
  }
});
fs.chmodSync(path.join(ROOT, 'dist/cli.mjs'), 0o755);
