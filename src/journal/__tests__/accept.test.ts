import * as z from 'zod/mini';
import { acceptOf } from '../accept';
import { JournalEvent } from '../events';

type Json = unknown;

/** A value as the schema says: `variant` picks among alternatives and optional parts. */
function sample(schema: z.core.$ZodType, variant: number): Json {
  const def = schema._zod.def as z.core.$ZodTypes['_zod']['def'];
  switch (def.type) {
    case 'string':
      return text(schema);
    case 'number':
      return variant;
    case 'boolean':
      return variant % 2 === 0;
    case 'literal':
      return def.values[variant % def.values.length];
    case 'enum':
      return Object.values(def.entries)[
        variant % Object.values(def.entries).length
      ];
    case 'nullable':
      return variant % 2 === 0 ? sample(def.innerType, variant) : null;
    case 'optional':
      return variant % 2 === 0 ? sample(def.innerType, variant) : undefined;
    case 'union':
      return sample(def.options[variant % def.options.length]!, variant);
    case 'array':
      return [sample(def.element, variant), sample(def.element, variant + 1)];
    case 'tuple':
      return def.items.map(item => sample(item, variant));
    case 'record':
      return { a: sample(def.valueType, variant) };
    case 'object':
      return Object.fromEntries(
        Object.entries(def.shape).map(([name, part]) => [
          name,
          sample(part, variant)
        ])
      );
    default:
      throw new Error(`No sample of ${def.type}.`);
  }
}

const TEXTS = [
  '7',
  'ab'.repeat(32),
  '2026-01-01T00:00:00.000000Z',
  'm/0',
  '2026-01-01T00:00:00Z'
];
const text = (schema: z.core.$ZodType) =>
  TEXTS.find(each => z.safeParse(schema, each).success);

const options = JournalEvent._zod.def.options.map(
  option => [String([...option.shape.type._zod.values][0]), option] as const
);

/** The same value with one part replaced, for every part and several replacements. */
function* spoiled(value: Json): Generator<Json> {
  yield* [null, 1, -1, 1.5, 1e300, 'x', '', true, [], {}, [null], { a: null }];
  if (Array.isArray(value)) {
    for (const [at, part] of value.entries()) {
      for (const other of spoiled(part)) {
        yield [...value.slice(0, at), other, ...value.slice(at + 1)];
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      const { [name]: _left, ...rest } = value as Record<string, Json>;
      yield rest;
      for (const other of spoiled(part)) {
        yield { ...value, [name]: other };
      }
    }
  }
}

describe.each(options)('the quick yes to %s', (type, schema) => {
  const accept = acceptOf(schema);
  const samples = [0, 1, 2, 3].map(
    variant => JSON.parse(JSON.stringify(sample(schema, variant))) as Json
  );

  it('is said to an event as it should be, with a field more too', () => {
    for (const event of samples) {
      expect(z.safeParse(schema, event).success).toBe(true);
    }
    // The length of its list of subjects is zod's to check.
    const quick = type !== 'attest.requested';
    expect(accept({ ...(samples[1] as object), later: 1 })).toBe(quick);
  });

  it('is never said to what the schema refuses or would change', () => {
    for (const event of samples.flatMap(each => [each, ...spoiled(each)])) {
      if (accept(event)) {
        const parsed = z.safeParse(schema, event);
        expect(parsed.success && parsed.data).toStrictEqual(event);
      }
    }
  });
});

it('is for zod to say where a schema has parts that it doesn’t know', () => {
  const strict = z.strictObject({ a: z.string() });
  const longer = z.string().check(z.minLength(2));
  expect(acceptOf(strict)({ a: 'x' })).toBe(false);
  expect(acceptOf(longer)('xx')).toBe(false);
  expect(acceptOf(z.lazy(() => z.string()))('x')).toBe(false);
});

it('is not said to a key that would be lost', () => {
  const accept = acceptOf(z.looseObject({}));
  expect(accept(JSON.parse('{"a":1}'))).toBe(true);
  expect(accept(JSON.parse('{"__proto__":{}}'))).toBe(false);
});
