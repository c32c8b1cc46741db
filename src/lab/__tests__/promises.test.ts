/** What the interface must never say; DESIGN section 3 has the list with its reasons. */
import fs from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(__dirname, '..');
const NEVER =
  /\b(trusted|verified|secure|safe|authentic|guaranteed|certified|complete|reproducible|tamper-proof)\b/i;

/** Every translated text of the sources, with its file. */
function texts(): [string, string][] {
  return fs
    .readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name) && !name.includes('__tests__'))
    .flatMap(name => {
      const source = fs.readFileSync(path.join(FOLDER, name), 'utf8');
      const calls = source.matchAll(
        /trans\s*\.\s*(?:__|_n)\(\s*((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|,|\s)+)/g
      );
      return [...calls].map(([, text]): [string, string] => [
        name,
        text as string
      ]);
    });
}

it('finds the texts', () => {
  expect(texts().length).toBeGreaterThan(200);
});

it('promises nothing that a record cannot keep', () => {
  expect(texts().filter(([, text]) => NEVER.test(text))).toEqual([]);
});

it('names no level outside of the technical details and its wording', () => {
  const levels = texts().filter(([, text]) => /SLSA|\bL[0-4]\b/.test(text));
  expect(levels.every(([, text]) => /At most SLSA Build L1/.test(text))).toBe(
    true
  );
});
