/**
 * What leaves the computer is cut where it looks like a secret. The table is of shapes
 * that are common, not of all there are: the preview is the last word.
 */
import table from '../journal/secrets.json';

/** What stands in the place of a secret. */
export const CUT = table.cut;

interface IShape {
  pattern: string;
  flags?: string;
}

const NAME = `(?:${table.name})[\\w.-]{0,40}`;

const compile = (pattern: string, flags: string): RegExp =>
  new RegExp(
    pattern
      .replaceAll('{name}', NAME)
      .replaceAll('{parameter}', table.parameter),
    flags
  );

const compileAll = (shapes: readonly IShape[]): RegExp[] =>
  shapes.map(({ pattern, flags = '' }) => compile(pattern, `g${flags}`));

const TOKENS = compileAll(table.tokens);
const ALL = [...TOKENS, ...compileAll(table.phrases)];
const ENCODED = new RegExp(table.encoded, 'g');
const SECRET_NAME = compile('{name}|^{parameter}$', 'i');

/** A text, as code, a command or an address, without what looks like a secret. */
export function cutSecrets(text: string): string {
  return cutAt(text, placesOf(text, ALL));
}

/** A file's name, which only says itself that it holds a secret. */
export function cutTokens(name: string): string {
  return cutAt(name, placesOf(name, TOKENS));
}

/** True for the name of a parameter whose value is a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

type Place = readonly [start: number, end: number];

/** Each shape keeps its first group and what its second one has at the end. */
function placesOf(text: string, shapes: readonly RegExp[]): Place[] {
  const places = shapes.flatMap(shape =>
    matches(text, shape).map(found => {
      const [whole, before = '', after = ''] = found;
      return [
        found.index + before.length,
        found.index + whole.length - after.length
      ] as const;
    })
  );
  return [...places, ...encodedPlaces(text)]
    .filter(([start, end]) => start < end)
    .sort(([a], [b]) => a - b);
}

/** All matches; nearly always none, which `matchAll` would make a new pattern to say. */
const matches = (text: string, shape: RegExp): RegExpExecArray[] =>
  text.search(shape) < 0 ? [] : [...text.matchAll(shape)];

/** Parts of addresses that hold a token once they are decoded. */
function encodedPlaces(text: string): Place[] {
  const decoded = (part: string) =>
    part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16))
    );
  return matches(text, ENCODED)
    .filter(([part]) => TOKENS.some(each => decoded(part).search(each) >= 0))
    .map(({ 0: part, index }) => [index, index + part.length] as const);
}

/** Places that touch are one. */
function cutAt(text: string, places: readonly Place[]): string {
  let shown = '';
  let end = -1;
  for (const [start, stop] of places) {
    if (start > end) {
      shown += text.slice(Math.max(end, 0), start) + CUT;
    }
    end = Math.max(end, stop);
  }
  return shown + text.slice(Math.max(end, 0));
}
