/** The pure folders import zod and each other downwards, nothing else. */
import fs from 'node:fs';
import path from 'node:path';

const SRC = path.join(process.cwd(), 'src');

/** What each folder may import, beside itself and zod. */
const ALLOWED: Record<string, string[]> = {
  journal: [],
  session: ['journal', 'api'],
  condense: ['journal', 'session'],
  assurance: ['api'],
  envelope: [],
  record: ['journal', 'session', 'condense', 'assurance', 'api'],
  replay: ['journal', 'assurance', 'record'],
  verify: ['journal', 'assurance', 'record', 'replay', 'envelope', 'api'],
  core: [
    'journal',
    'session',
    'condense',
    'assurance',
    'record',
    'envelope',
    'replay',
    'verify',
    'api'
  ],
  api: ['journal', 'replay']
};

const IMPORT =
  /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;

/** Imports that break the rule, as `file: import`. */
function wrongImports(folder: string, file: string, text: string): string[] {
  const found = [...text.matchAll(IMPORT)].map(match => match[1] ?? match[2]!);
  return found
    .filter(name => !isAllowed(folder, file, name))
    .map(name => `${path.relative(SRC, file)}: ${name}`);
}

function isAllowed(folder: string, file: string, name: string): boolean {
  if (!name.startsWith('.')) {
    return name === 'zod/mini';
  }
  const target = path.relative(SRC, path.resolve(path.dirname(file), name));
  const top = target.split(path.sep)[0]!;
  return top === folder || ALLOWED[folder]!.includes(top);
}

function filesOf(folder: string): string[] {
  const whole = path.join(SRC, folder);
  if (!fs.existsSync(whole)) {
    return [`${whole}.ts`];
  }
  return fs
    .readdirSync(whole)
    .filter(name => name.endsWith('.ts'))
    .map(name => path.join(whole, name));
}

describe('imports', () => {
  it.each(Object.keys(ALLOWED))('of %s go downwards only', folder => {
    const wrong = filesOf(folder).flatMap(file =>
      wrongImports(folder, file, fs.readFileSync(file, 'utf8'))
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['session', "import fs from 'node:fs';", 'node:fs'],
    ['session', "import { x } from '../record/types';", '../record/types'],
    [
      'journal',
      "import type { A } from '../session/types';",
      '../session/types'
    ],
    ['envelope', "export * from '../journal/names';", '../journal/names'],
    [
      'verify',
      "const x = await import('@jupyterlab/apputils');",
      '@jupyterlab/apputils'
    ],
    ['record', "import 'react';", 'react']
  ])('of %s are refused when they are %s', (folder, text, name) => {
    const file = path.join(SRC, folder, 'some.ts');
    expect(wrongImports(folder, file, text)).toEqual([
      `${folder}/some.ts: ${name}`
    ]);
  });
});
