/** Bundle the command line into one file that needs nothing beside it but Node. */
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib.mjs';

const { version } = JSON.parse(
  fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')
);

/**
 * Node's own modules are loaded where they are first used: as imports of the bundle
 * all of them would be loaded first, with every part of theirs that Node loads late.
 * Commander starts programs only for verbs that are programs of their own: never here.
 */
const nodeModulesLate = {
  name: 'node-modules-late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path: name, importer }) =>
      /[\\/]commander[\\/]/.test(importer)
        ? { path: name, namespace: 'never' }
        : undefined
    );
    onResolve({ filter: /^node:/ }, ({ path: name }) => ({
      path: name,
      namespace: 'late'
    }));
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path: name }) => ({
      contents: `module.exports = late(${JSON.stringify(name)});`
    }));
    onLoad({ filter: /.*/, namespace: 'never' }, () => ({
      contents: 'module.exports = {};'
    }));
  }
};

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
  plugins: [nodeModulesLate],
  banner: {
    // Dependencies written as CommonJS call require() for Node's own modules.
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url), late = require;'
    ].join('\n')
  }
});
fs.chmodSync(path.join(ROOT, 'dist/cli.mjs'), 0o755);
