/** JSON whose bytes depend on the value alone. */

const encoder = new TextEncoder();

/** Compact UTF-8 JSON. Keys stand as they were put; `undefined` is left out. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** JSON of an object of lists, one element a line: large and still readable. */
export function jsonLines(value: Record<string, unknown>): Uint8Array {
  const parts = Object.entries(value).map(([key, part]) =>
    Array.isArray(part) && part.length > 0
      ? `${JSON.stringify(key)}: [\n${part.map(p => JSON.stringify(p)).join(',\n')}\n]`
      : `${JSON.stringify(key)}: ${JSON.stringify(part)}`
  );
  return encoder.encode(`{\n${parts.join(',\n')}\n}\n`);
}

/** An object with its keys in order; null where it would be empty. */
export function sorted<T>(
  entries: Iterable<readonly [string, T]>
): Record<string, T> | undefined {
  const list = [...entries].sort(([a], [b]) => compare(a, b));
  return list.length === 0 ? undefined : Object.fromEntries(list);
}

/** Order by UTF-16 code units, the same on every computer. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
