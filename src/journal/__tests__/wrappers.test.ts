import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import table from '../wrappers.json';

const Place = z.strictObject({
  index: z.int(),
  name: z.string(),
  attribute: z.optional(z.string()),
  key: z.optional(z.string()),
  default: z.optional(z.string()),
  property: z.optional(z.string())
});
const Direction = z.enum(['read', 'write', 'update', 'append', 'create']);
const Version = z.array(z.int()).check(z.minLength(1));
const Steps = z.array(z.string()).check(z.minLength(1));
const Places = z.record(z.string(), Place);

const shared = {
  module: z.string(),
  name: z.string(),
  ready: z.optional(z.string()),
  aliases: z.optional(z.array(z.string())),
  heir: z.optional(z.union([z.literal(true), z.literal('static')]))
};

/** Each form of an entry, see docs/wrappers.md. */
const Entry = z.discriminatedUnion('form', [
  z.strictObject({
    ...shared,
    form: z.literal('path'),
    argument: Place,
    direction: z.union([
      Direction,
      z.strictObject({
        argument: Place,
        default: z.union([z.string(), z.boolean()]),
        modes: z.record(z.string(), z.nullable(Direction))
      })
    ]),
    kind: z.enum(['dataset', 'model', 'config', 'log', 'cache']),
    lazy: z.optional(z.literal(true)),
    collects: z.optional(z.literal(true)),
    uri: z.optional(z.literal(true)),
    schemes: z.optional(z.array(z.string())),
    bytes: z.optional(z.literal('content')),
    parts: z.optional(z.array(z.string())),
    suffixes: z.optional(z.array(z.string())),
    maps: z.optional(z.literal(true)),
    within: z.optional(Place),
    object: z.optional(z.union([Place, z.literal('result')])),
    opens: z.optional(z.literal('python'))
  }),
  z.strictObject({
    ...shared,
    form: z.literal('sql'),
    argument: Place,
    parameters: z.optional(Place)
  }),
  z.strictObject({ ...shared, form: z.literal('collect') }),
  z.strictObject({ ...shared, form: z.literal('commit') }),
  z.strictObject({
    ...shared,
    form: z.literal('factory'),
    argument: Place,
    gives: z.string(),
    connects: z.optional(Place)
  }),
  z.strictObject({
    ...shared,
    form: z.literal('statement'),
    argument: Place,
    gives: z.optional(z.string()),
    parameters: z.optional(Place)
  }),
  z.strictObject({
    ...shared,
    form: z.literal('http'),
    arguments: Places,
    url: Steps,
    method: Steps,
    answered: Steps,
    status: Steps,
    headers: Steps,
    body: z.optional(Steps),
    streams: z.optional(Steps),
    origin: z.optional(z.array(Steps)),
    outer: z.optional(z.literal(true)),
    inner: z.optional(z.literal(true)),
    trusts: z.optional(z.array(z.string()))
  }),
  z.strictObject({
    ...shared,
    form: z.literal('body'),
    arguments: Places,
    url: Steps,
    method: Steps,
    trusts: z.optional(z.array(z.string()))
  }),
  z.strictObject({
    ...shared,
    form: z.literal('read'),
    argument: z.optional(Place)
  }),
  z.strictObject({ ...shared, form: z.literal('drop') }),
  z.strictObject({
    ...shared,
    form: z.literal('query'),
    argument: Place,
    arguments: Places,
    dialect: z.union([Steps, z.string()]),
    host: Steps,
    database: Steps,
    trusts: z.optional(z.array(z.string()))
  }),
  z.strictObject({
    ...shared,
    form: z.literal('rows'),
    gives: z.enum(['row', 'rows', 'all', 'moves']),
    arguments: Places,
    argument: z.optional(Place),
    through: z.optional(z.literal(true)),
    reported: z.optional(Steps),
    unless: z.optional(Steps),
    optional: z.optional(z.literal(true)),
    trusts: z.optional(z.array(z.string()))
  })
]);

const Table = z.strictObject({
  about: z.string(),
  libraries: z.array(
    z.strictObject({
      library: z.string(),
      ready: z.string(),
      from: Version,
      below: Version,
      version: z.optional(z.enum(['python', 'distribution'])),
      unreached: z.optional(z.array(z.string())),
      entries: z.array(Entry).check(z.minLength(1))
    })
  )
});

interface IEntry {
  module: string;
  name: string;
  form?: string;
  argument?: { name: string };
}
const { libraries } = table;
const entries = libraries.flatMap(row =>
  (row.entries as IEntry[]).map(entry => ({
    form: 'path',
    ...entry,
    library: row.library
  }))
);

describe('the table of wrapped functions', () => {
  it('is well formed', () => {
    const complete = {
      ...table,
      libraries: libraries.map(row => ({
        ...row,
        entries: (row.entries as object[]).map(e => ({ form: 'path', ...e }))
      }))
    };
    expect(z.safeParse(Table, complete).error?.issues ?? []).toEqual([]);
  });

  it('names each library once and each argument of a function once', () => {
    const names = libraries.map(row => row.library);
    expect(new Set(names).size).toBe(names.length);
    const places = entries.map(
      e => `${e.module}:${e.name}:${e.argument?.name}`
    );
    expect(new Set(places).size).toBe(places.length);
  });

  it('names a tested range of versions for each', () => {
    for (const { from, below } of libraries) {
      const first = from.findIndex((part, i) => part !== (below[i] ?? 0));
      expect(from[first] ?? 0).toBeLessThan(below[first] ?? Infinity);
    }
  });

  it('has a function or one method of a class in each row', () => {
    for (const { name } of entries) {
      expect(name).toMatch(/^\w+(\.\w+)?$/);
    }
  });

  it('is the table of docs/what-is-seen.md', () => {
    const page = fs.readFileSync(
      path.join(__dirname, '../../../docs/what-is-seen.md'),
      'utf8'
    );
    const rows = page
      .slice(page.indexOf('| library | versions |'))
      .split('\n\n')[0]!
      .split('\n')
      .slice(2)
      .map(row => row.replaceAll(/ +/g, ' '));
    expect(rows).toEqual(libraries.map(docsRow));
  });
});

/** A library as the page shows it: tested versions and the calls, without their modules. */
function docsRow({ library, from, below }: (typeof libraries)[number]): string {
  const names = entries
    .filter(e => e.library === library)
    .map(e => `\`${e.name.replace('.__init__', '')}\``);
  const versions = `${from.join('.')} to before ${below.join('.')}`;
  return `| ${library} | ${versions} | ${[...new Set(names)].join(', ')} |`;
}
