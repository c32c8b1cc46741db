/** Plain text for people: safe, wrapped, in columns of 80 characters. */

export const WIDTH = 80;

/** Names longer than this are cut. */
const NAME_LIMIT = 200;

/**
 * Text from a file or a record, harmless to show: control, bidirectional and
 * other invisible characters become `\u{…}`, and the length is capped.
 */
export function printable(text: string, limit = NAME_LIMIT): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu,
    character => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`
  );
}

/** Middle of a long name left out, its end kept: that is where names differ. */
export function shorten(name: string, width: number): string {
  if (name.length <= width) {
    return name;
  }
  const tail = Math.min(18, Math.floor(width / 2));
  return `${name.slice(0, width - tail - 1)}…${name.slice(-tail)}`;
}

/** A name as a shell takes it, and not as an option; too long a one loses its middle. */
export function quote(name: string, width = 400): string {
  const safe = shorten(
    printable(name.startsWith('-') ? `./${name}` : name, 400),
    width
  );
  return /^[\w./@%+=:,-]+$/.test(safe)
    ? safe
    : `'${safe.replace(/'/g, "'\\''")}'`;
}

/** The first 8 characters of a fingerprint. */
export function shortDigest(sha256: string): string {
  return sha256.slice(0, 8);
}

/** `1 run`, `2 runs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** An integer with thousands separators. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `a, b and c`; beyond `limit` names `a, b and 3 more`. */
export function listNames(names: readonly string[], limit = 3): string {
  const shown = names.slice(0, names.length > limit ? limit - 1 : limit);
  const hidden = names.length - shown.length;
  const all = hidden > 0 ? [...shown, `${formatCount(hidden)} more`] : shown;
  return all.length < 2
    ? (all[0] ?? '')
    : `${all.slice(0, -1).join(', ')} and ${all[all.length - 1]}`;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** RFC 3339 → `24 Nov 2026, 14:05 UTC`; what can't be read is shown as it is. */
export function formatTime(time: string): string {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) {
    return printable(time, 40);
  }
  const [, year, month, day, clock] =
    /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(new Date(ms).toISOString()) ?? [];
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}, ${clock} UTC`;
}

/** Words broken into lines, the first after `first`, the others after `rest`. */
export function wrap(
  text: string,
  first = '',
  rest = ' '.repeat(first.length),
  width = WIDTH
): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/\s+/).filter(part => part !== '')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}

/** Rows as aligned columns, two spaces between; the last column isn't padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map(row =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)
      )
      .join('  ')
      .trimEnd()
  );
}
