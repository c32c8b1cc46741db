/**
 * How names, sizes, times and fingerprints are written. Nothing here knows
 * what they mean, and nothing here trusts a name.
 */

/** Longest name that is shown, in characters. */
const MAX_NAME = 1024;

/**
 * Characters that show nothing, move the text or change its direction
 * (Unicode categories Cc, Cf, Cs, Co, Zl, Zp): a name could lie with them.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

function escapeHidden(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

/** A name from a file as it may be shown: hidden characters as `\u202e`, at most 1,024 long. */
export function visible(name: string): string {
  const shown = name.slice(0, MAX_NAME * 2).replace(HIDDEN, escapeHidden);
  return shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME)}…` : shown;
}

/** A contents path as seen from the notebook's folder, where it lies in it. */
export function fromNotebook(path: string, notebook: string): string {
  const folder = notebook.slice(0, notebook.lastIndexOf('/') + 1);
  return folder !== '' && path.startsWith(folder)
    ? path.slice(folder.length)
    : path;
}

/** As `visible`, but line breaks and tabs stay: for code and JSON. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, c =>
    c === '\n' || c === '\t' ? c : escapeHidden(c)
  );
}

/**
 * Cut a name in two for a middle ellipsis: the head may shrink, the tail stays.
 * @param tail characters that stay, 10–22
 */
export function splitMiddle(name: string, tail: number): [string, string] {
  const at = name.length > tail + 4 ? name.length - tail : name.length;
  return [name.slice(0, at), name.slice(at)];
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal units, e.g. `48 kB`, `18.4 MB`. */
export function fileSize(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${Number(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** First 8 characters: enough to compare by eye, Copy gives all 64. */
export function shortDigest(sha256: string): string {
  return sha256.slice(0, 8);
}

/** In groups of 8, for reading aloud. */
export function groupedDigest(sha256: string): string {
  return sha256.match(/.{1,8}/g)?.join(' ') ?? '';
}

/** Language of the interface; numbers and times follow it, not the browser's. */
export function localeOf(trans: object): string {
  const { getLocale } = trans as { getLocale?: () => string };
  return getLocale?.call(trans) ?? 'en';
}

/** Day before month in English too, as the rest of the interface has it. */
function tagOf(locale: string): string {
  return locale === '' || locale.startsWith('en')
    ? 'en-GB'
    : locale.replace('_', '-');
}

function format(
  time: string,
  locale: string,
  options: Intl.DateTimeFormatOptions
): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    return visible(time);
  }
  return new Intl.DateTimeFormat(tagOf(locale), {
    hourCycle: 'h23',
    ...options
  }).format(date);
}

const HOUR_MINUTE = { hour: '2-digit', minute: '2-digit' } as const;
const DAY = { day: 'numeric', month: 'short' } as const;

/** `11:02`, local time. */
export function clock(time: string, locale: string): string {
  return format(time, locale, HOUR_MINUTE);
}

/** `11:02:31`, local time. */
export function clockSeconds(time: string, locale: string): string {
  return format(time, locale, { ...HOUR_MINUTE, second: '2-digit' });
}

/** `23 Nov, 18:40`, local time. */
export function dayAndClock(time: string, locale: string): string {
  return format(time, locale, { ...DAY, ...HOUR_MINUTE });
}

const UTC = { timeZone: 'UTC' } as const;

const DATE = { ...DAY, year: 'numeric' } as const;

/** `24 Nov 2026, 11:02 UTC` */
export function utc(time: string, locale: string): string {
  return `${format(time, locale, { ...DATE, ...HOUR_MINUTE, ...UTC })} UTC`;
}

/** `24 Nov 2026, 09:12 – 11:31 UTC`; both days where they differ. */
export function utcSpan(from: string, to: string, locale: string): string {
  const day = (time: string): string =>
    format(time, locale, { ...DATE, ...UTC });
  const begin = format(from, locale, { ...DATE, ...HOUR_MINUTE, ...UTC });
  const end = format(to, locale, {
    ...(day(from) === day(to) ? {} : DATE),
    ...HOUR_MINUTE,
    ...UTC
  });
  return `${begin} – ${end} UTC`;
}

/** `11:02:31`, UTC. */
export function utcClock(time: string, locale: string): string {
  return format(time, locale, { ...HOUR_MINUTE, second: '2-digit', ...UTC });
}

/** Thousands separated. */
export function count(value: number, locale: string): string {
  return new Intl.NumberFormat(tagOf(locale)).format(value);
}
