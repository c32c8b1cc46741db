/**
 * Code that leaves the computer is cut where it looks like a secret. The list is
 * of shapes that are common, not of all there are: the preview is the last word.
 */

/** What stands in the place of a secret. */
export const CUT = '[cut]';

/** Names whose value is a secret, in keyword arguments, assignments and mappings. */
const SECRET_NAME =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|authorization)';

/** Each pattern keeps its first group and, where it has one, its last. */
const SHAPES: readonly RegExp[] = [
  // password="…", 'api_key': '…', os.environ["HF_TOKEN"] = "…"
  new RegExp(
    `(\\b\\w*${SECRET_NAME}\\w*["']?\\s{0,9}\\]?\\s{0,9}[=:]\\s{0,9}[rRbBfFuU]{0,2}(["']))[^"'\\n]+(\\2)`,
    'gi'
  ),
  // scheme://user:password@host
  /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+(@)/gi,
  // ?token=…, &X-Amz-Signature=…
  new RegExp(
    `([?&][\\w.-]*(?:${SECRET_NAME}|sig(?:nature)?|key)[\\w.-]*=)[^&\\s"'#]+`,
    'gi'
  ),
  // --password …, -H "Authorization: Bearer …"
  new RegExp(`(--\\w*[\\w-]*${SECRET_NAME}[=\\s]+)[^\\s"']+`, 'gi'),
  /(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{8,}/g,
  // Tokens that say what they are.
  /()\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abprs]-|npm_|pypi-|AKIA|ASIA|AIza)[\w-]{12,}/g,
  /()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]+?(-----END)/g
];

/** The text without what looks like a secret. */
export function cutSecrets(text: string): string {
  return SHAPES.reduce(
    (cut, shape) =>
      cut.replace(shape, (...found: unknown[]) => {
        const groups = found.slice(1, found.findIndex(isOffset));
        const [before] = groups;
        const after = groups.length > 1 ? groups[groups.length - 1] : '';
        return `${String(before)}${CUT}${String(after ?? '')}`;
      }),
    text
  );
}

/** In a replacer's arguments the groups end where the offset stands. */
const isOffset = (value: unknown): boolean => typeof value === 'number';
