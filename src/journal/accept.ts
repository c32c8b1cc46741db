/**
 * A quick yes. A journal has very many lines and nearly all of them are as they should
 * be: a test is made from a zod schema, once, that says so many times faster than zod,
 * and never says yes to what the schema refuses. On a no, zod is asked: it decides, and
 * says what is wrong. So the schemas stay the only definition, and one with parts that
 * aren't known here is only slower.
 */
import type * as z from 'zod/mini';
import { SHA256 } from './digest';

/** Whether a value parsed from JSON is surely as its schema says, and would be parsed to itself. */
export type Accept = (value: unknown) => boolean;

type Schema = z.core.$ZodType;
type Def = z.core.$ZodTypes['_zod']['def'];

const refuse: Accept = () => false;

/** A test of values parsed from JSON. */
export function acceptOf(schema: Schema): Accept {
  const known = made.get(schema);
  if (known !== undefined) {
    return known;
  }
  const accept = withChecks(schema, ofType(schema));
  made.set(schema, accept);
  return accept;
}

/** Parts of schemas are used in many others. */
const made = new WeakMap<Schema, Accept>();

function ofType(schema: Schema): Accept {
  const def = schema._zod.def as Def;
  switch (def.type) {
    case 'string':
      return isString;
    case 'boolean':
      return value => typeof value === 'boolean';
    case 'number':
      return 'format' in def
        ? def.format === 'safeint'
          ? Number.isSafeInteger
          : refuse
        : value => typeof value === 'number';
    case 'literal':
      return oneOf(def.values);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'nullable': {
      const inner = acceptOf(def.innerType);
      return value => value === null || inner(value);
    }
    case 'optional': {
      const inner = acceptOf(def.innerType);
      return value => value === undefined || inner(value);
    }
    case 'union':
      return ofUnion(def.options.map(acceptOf));
    case 'array':
      return ofArray(acceptOf(def.element));
    case 'tuple':
      return def.rest === null ? ofTuple(def.items.map(acceptOf)) : refuse;
    case 'record':
      return ofRecord(acceptOf(def.keyType), acceptOf(def.valueType));
    case 'object':
      return ofObject(def);
    default: // zod is asked
      return refuse;
  }
}

const isString: Accept = value => typeof value === 'string';

function oneOf(values: readonly unknown[]): Accept {
  const [only] = values;
  const all = new Set(values);
  return values.length === 1 ? value => value === only : v => all.has(v);
}

function ofUnion(options: readonly Accept[]): Accept {
  return value => {
    for (let i = 0; i < options.length; i++) {
      if (options[i]!(value)) {
        return true;
      }
    }
    return false;
  };
}

function ofArray(element: Accept): Accept {
  return value => {
    if (!Array.isArray(value)) {
      return false;
    }
    for (let i = 0; i < value.length; i++) {
      if (!element(value[i])) {
        return false;
      }
    }
    return true;
  };
}

function ofTuple(items: readonly Accept[]): Accept {
  return value =>
    Array.isArray(value) &&
    value.length === items.length &&
    items.every((item, i) => item(value[i]));
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !Object.hasOwn(value, '__proto__');

function ofRecord(key: Accept, element: Accept): Accept {
  return value => {
    if (!isPlain(value)) {
      return false;
    }
    for (const name in value) {
      if (!key(name) || !element(value[name])) {
        return false;
      }
    }
    return true;
  };
}

/** Only loose objects: what they don't name may be anything. */
function ofObject(def: z.core.$ZodObjectDef): Accept {
  if (def.catchall?._zod.def.type !== 'unknown') {
    return refuse;
  }
  const names = Object.keys(def.shape);
  const parts = names.map(name => acceptOf(def.shape[name]!));
  return value => {
    if (!isPlain(value)) {
      return false;
    }
    for (let i = 0; i < names.length; i++) {
      if (!parts[i]!(value[names[i]!])) {
        return false;
      }
    }
    return true;
  };
}

/** Lower bounds and patterns; any other check is zod's. */
function withChecks(schema: Schema, accept: Accept): Accept {
  return (schema._zod.def.checks ?? []).reduce<Accept>((before, check) => {
    const also = ofCheck(check._zod.def as z.core.$ZodChecks['_zod']['def']);
    return value => before(value) && also(value);
  }, accept);
}

function ofCheck(def: z.core.$ZodChecks['_zod']['def']): Accept {
  if (def.check === 'greater_than' && def.inclusive) {
    return value => (value as number) >= (def.value as number);
  }
  if (def.check === 'string_format' && def.format === 'regex') {
    const pattern = (def as z.core.$ZodCheckRegexDef).pattern;
    if (pattern.source === SHA256.source) {
      return value => isDigest(value as string);
    }
    return pattern.global || pattern.sticky
      ? refuse
      : value => pattern.test(value as string);
  }
  return refuse;
}

/** As `SHA256`, in a fraction of the time: every line has one. */
function isDigest(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) {
      return false;
    }
  }
  return value.length === 64;
}
