/**
 * JSON as the strictest readers take it (RFC 8259): an object that names a key
 * twice is refused, because two readers could see two different values.
 */
import { EnvelopeError } from './types';

/** Deeper nesting is refused: no record needs it. */
export const MAX_DEPTH = 64;

/** A plain JSON value. */
export type Json =
  null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Parse UTF-8 JSON.
 *
 * @throws EnvelopeError `not-utf8`, `not-json`, `duplicate-key`.
 */
export function parseStrictJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytes
    );
  } catch (cause) {
    throw new EnvelopeError('not-utf8', 'it is not text in UTF-8', { cause });
  }
  return new Parser(text).document();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at !== this.text.length) {
      throw this.wrong();
    }
    return value;
  }

  private value(depth: number): Json {
    if (depth > MAX_DEPTH) {
      throw new EnvelopeError('not-json', 'it is nested too deeply');
    }
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return Number(this.match(NUMBER));
    }
  }

  private object(depth: number): Json {
    const entries = new Map<string, Json>();
    this.at += 1;
    this.space();
    if (this.skip('}')) {
      return {};
    }
    do {
      this.space();
      const key = this.string();
      if (entries.has(key)) {
        throw new EnvelopeError('duplicate-key', 'it names a field twice');
      }
      this.space();
      this.expect(':');
      entries.set(key, this.value(depth + 1));
      this.space();
    } while (this.skip(','));
    this.expect('}');
    return Object.fromEntries(entries);
  }

  private array(depth: number): Json {
    const list: Json[] = [];
    this.at += 1;
    this.space();
    if (this.skip(']')) {
      return list;
    }
    do {
      list.push(this.value(depth + 1));
      this.space();
    } while (this.skip(','));
    this.expect(']');
    return list;
  }

  /** Only the end is looked for here; what is between is left to JSON.parse. */
  private string(): string {
    const start = this.at;
    this.expect('"');
    let end = this.text.indexOf('"', this.at);
    while (end >= 0 && this.isEscaped(end)) {
      end = this.text.indexOf('"', end + 1);
    }
    if (end < 0) {
      throw this.wrong();
    }
    this.at = end + 1;
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      throw this.wrong();
    }
  }

  /** An odd number of backslashes stands before it. */
  private isEscaped(place: number): boolean {
    let first = place;
    while (this.text[first - 1] === '\\') {
      first -= 1;
    }
    return (place - first) % 2 === 1;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) {
      throw this.wrong();
    }
    this.at += word.length;
    return value;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) {
      throw this.wrong();
    }
    this.at += found.length;
    return found;
  }

  private space(): void {
    this.match(SPACE);
  }

  private skip(char: string): boolean {
    const found = this.text[this.at] === char;
    this.at += found ? 1 : 0;
    return found;
  }

  private expect(char: string): void {
    if (!this.skip(char)) {
      throw this.wrong();
    }
  }

  private wrong(): EnvelopeError {
    return new EnvelopeError('not-json', 'it is not JSON');
  }
}
