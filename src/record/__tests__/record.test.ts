import * as z from 'zod/mini';
import {
  Clock,
  Disk,
  FakeSession,
  NOTEBOOK,
  requestFor,
  usualSession,
  type ISessionOptions,
  type IRunSpec
} from '../../__tests__/journals';
import type { AttestRequested, Name } from '../../journal/events';
import { JournalError } from '../../journal/errors';

import { sha256 } from '../../journal/sha256';
import { PathReducer } from '../paths';
import { createRecord } from '../record';
import { inputsOf } from '../story';
import { BUILDERS, BUILD_TYPES, Statement, type IRecord } from '../types';

const MODEL = '/home/ann/work/model.joblib';

function recordOf(
  sessions: FakeSession[],
  subjects = [MODEL],
  change: Partial<AttestRequested> = {}
): IRecord {
  return createRecord(requestFor({ sessions, subjects, change }));
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const definition = (record: IRecord) =>
  record.statement.predicate.buildDefinition;
const recording = (record: IRecord) =>
  definition(record).internalParameters.recording;
const gapsOf = (record: IRecord) =>
  recording(record).gaps.map(g => `${g.code} ${g.count}`);
const byproduct = (record: IRecord, name: string) =>
  JSON.parse(
    text(record.byproducts.find(b => b.name === name)!.bytes)
  ) as Record<string, Record<string, unknown>[]>;

describe('a record', () => {
  const record = recordOf([usualSession()]);

  it('is a statement of its own schema, as bytes and as value', () => {
    const parsed = z.parse(Statement, JSON.parse(text(record.bytes)));
    expect(parsed).toEqual(record.statement);
    expect(Object.keys(record.statement)).toEqual([
      '_type',
      'subject',
      'predicateType',
      'predicate'
    ]);
  });

  it('names the subject relative to the notebook’s folder', () => {
    expect(record.statement.subject).toEqual([
      {
        name: 'model.joblib',
        digest: { sha256: sha256(Buffer.from('weights')) }
      }
    ]);
  });

  it('has what was read with the digest of its bytes', () => {
    expect(inputsOf(record.statement)).toMatchObject([
      {
        name: 'data/train.csv',
        digest: { sha256: sha256(Buffer.from('a,b\n1,2\n')) },
        annotations: {
          nb_root: 'notebook',
          nb_kind: 'dataset',
          nb_run: 2,
          nb_runs: 1,
          nb_digestTaken: 'ahead',
          nb_digestLevel: 'D1'
        }
      }
    ]);
  });

  it('has the packages as purls', () => {
    const uris = definition(record).resolvedDependencies.flatMap(d =>
      'uri' in d && d.uri !== undefined ? [d.uri] : []
    );
    expect(uris).toEqual([
      'pkg:pypi/numpy@2.1.0%2Blocal',
      'pkg:pypi/scikit-learn@1.7.0'
    ]);
  });

  it('says how it was made and on whose word', () => {
    expect(definition(record)).toMatchObject({
      buildType: BUILD_TYPES.session,
      externalParameters: {
        documents: [{ name: 'train.ipynb', codeCells: 4 }],
        runs: { total: 4, kept: 3 },
        order: 'top-to-bottom',
        clients: { lab: 4 }
      },
      internalParameters: {
        recording: {
          kernelStart: 'seen',
          install: 'launch',
          runsBeforeStart: 0,
          observers: [{ kind: 'probe' }, { kind: 'scan' }, { kind: 'server' }],
          gaps: [],
          subjects: { total: 1, seen: 1 }
        },
        machine: {
          python: '3.12.3',
          accelerators: [{ kind: 'gpu', name: 'A GPU', driver: '555.1' }],
          determinism: { CUBLAS_WORKSPACE_CONFIG: ':4096:8' },
          hashSeed: 'random'
        }
      }
    });
    expect(record.statement.predicate.runDetails.builder.id).toBe(
      BUILDERS.session
    );
  });

  it('names its byproducts by digest', () => {
    const { byproducts } = record.statement.predicate.runDetails;
    expect(byproducts.map(b => b.name)).toEqual([
      'runs.json',
      'coverage.json',
      'environment.json',
      'condensed.ipynb'
    ]);
    for (const { name, digest } of byproducts) {
      const file = record.byproducts.find(b => b.name === name)!;
      expect(sha256(file.bytes)).toBe(digest.sha256);
    }
    expect(definition(record).externalParameters.runs.sha256).toBe(
      byproducts[0]!.digest.sha256
    );
  });

  it('lists every run in order with its verdict', () => {
    const { runs } = byproduct(record, 'runs.json');
    expect(runs!.map(r => `${r['number']} ${r['verdict']}`)).toEqual([
      '1 kept-undecided',
      '2 kept-undecided',
      '3 needed',
      '4 after-subject'
    ]);
    expect(runs![2]).toMatchObject({
      session: 's1',
      notebook: 'train.ipynb',
      cellId: 'c3',
      client: { label: 'lab' },
      writes: [{ name: 'model.joblib' }]
    });
  });

  it('is small', () => {
    expect(record.bytes.length).toBeLessThan(4000);
  });

  it('holds no absolute path, user, host or environment value, and code in the run list only', () => {
    const byproducts = record.byproducts.map(b => text(b.bytes)).join('\n');
    const hidden = /\bann\b|anns-laptop|\/home|\/opt/;
    expect(text(record.bytes)).not.toMatch(hidden);
    expect(text(record.bytes)).not.toContain('secret = 1');
    expect(byproducts).not.toMatch(hidden);
  });

  it('is byte for byte the same for the same request and journal', () => {
    const again = recordOf([usualSession()]);
    expect(text(again.bytes)).toBe(text(record.bytes));
    expect(again.byproducts.map(b => b.sha256)).toEqual(
      record.byproducts.map(b => b.sha256)
    );
  });

  it('is the same after the journal has grown', () => {
    const session = usualSession();
    const input = requestFor({ sessions: [session], subjects: [MODEL] });
    session.run({ code: 'later' });
    const grown = createRecord({ ...input, sources: session.sources });
    expect(text(grown.bytes)).toBe(text(record.bytes));
  });

  it('differs in nothing but times and ids when made the next morning', () => {
    const later = recordOf([usualSession()], [MODEL], {
      invocationId: 'urn:uuid:33333333-3333-4333-8333-333333333333',
      startedOn: '2027-01-01T00:00:00Z',
      finishedOn: '2027-01-01T00:00:00Z'
    });
    const same = {
      ...later.statement.predicate.runDetails,
      metadata: record.statement.predicate.runDetails.metadata
    };
    expect(same).toEqual(record.statement.predicate.runDetails);
    expect(later.statement.predicate.buildDefinition).toEqual(
      definition(record)
    );
  });

  it('is the same when made of files that were read already', () => {
    const session = usualSession();
    const input = requestFor({ sessions: [session], subjects: [MODEL] });
    const again = createRecord({ ...input, sources: session.files });
    expect(text(again.bytes)).toBe(text(record.bytes));
  });

  it('is refused over a journal that was changed', () => {
    const session = usualSession();
    const input = requestFor({ sessions: [session], subjects: [MODEL] });
    const other = usualSession({
      sid: session.sid,
      runsMissed: 1,
      install: 'late'
    });
    expect(() => createRecord({ ...input, sources: other.sources })).toThrow(
      JournalError
    );
  });
});

describe('options', () => {
  const options = (change: object) => ({
    options: {
      code: false,
      packages: true,
      userName: false,
      fullPaths: false,
      ...change
    }
  });

  it('add the code to the statement; the run list has it anyway', () => {
    const plain = recordOf([usualSession()], [MODEL], options({}));
    const added = recordOf([usualSession()], [MODEL], options({ code: true }));
    for (const record of [plain, added]) {
      expect(byproduct(record, 'runs.json')['runs']![0]).toMatchObject({
        code: { text: 'secret = 1' }
      });
    }
    expect(text(plain.bytes)).not.toContain('secret');
    expect(
      added.statement.predicate.buildDefinition.externalParameters.code?.[0]
    ).toEqual({ run: 1, text: 'secret = 1' });
  });

  it('add the user name', () => {
    const record = recordOf(
      [usualSession()],
      [MODEL],
      options({ userName: true })
    );
    expect(recording(record).userName).toBe('ann');
  });

  it('add full paths', () => {
    const record = recordOf(
      [usualSession()],
      [MODEL],
      options({ fullPaths: true })
    );
    expect(inputsOf(record.statement)[0]!.annotations.nb_path).toBe(
      '/home/ann/work/data/train.csv'
    );
  });

  it('leave the packages out', () => {
    const record = recordOf(
      [usualSession()],
      [MODEL],
      options({ packages: false })
    );
    expect(text(record.bytes)).not.toContain('pkg:');
  });
});

describe('what was not seen', () => {
  it('stands in the record with its count', () => {
    const session = usualSession({
      scan: false,
      install: 'late',
      runsMissed: 2
    });
    // The helper wrote no digests either: everything is unknown but named.
    expect(gapsOf(recordOf([session]))).toEqual([
      'digest-absent 1',
      'late-start 2',
      'no-scan 1'
    ]);
  });

  it('is what native code wrote since the last scan', () => {
    const unlooked = (session: FakeSession) =>
      createRecord(
        requestFor({ sessions: [session], subjects: [MODEL], looked: false })
      );
    const session = usualSession();
    expect(gapsOf(unlooked(session))).toEqual(['no-scan 1']);
    session.look();
    expect(gapsOf(unlooked(session))).toEqual([]);
    session.run({ code: 'after the subject' });
    expect(gapsOf(unlooked(session))).toEqual([]);
  });

  it('is left out when it happened after the subject', () => {
    const session = usualSession();
    session.run({
      facts: { dynamic: ['exec'] },
      inside: (probe, here) =>
        probe.add('net.connected', { ...here, host: 'example.org', port: 443 })
    });
    expect(gapsOf(recordOf([session]))).toEqual([]);
  });

  it('names an input without a digest by a URI and the reason', () => {
    const session = new FakeSession();
    session.disk.put('/home/ann/data/a b.csv', 'x');
    session.helper.add('file.hashed', {
      realPath: '/home/ann/data/a b.csv',
      stat: session.disk.stat('/home/ann/data/a b.csv'),
      sha256: null,
      absent: 'too-large',
      when: 'ahead',
      fromCache: false
    });
    session.run({
      reads: ['/home/ann/data/a b.csv'],
      writes: { [MODEL]: 'w' }
    });
    const record = recordOf([session]);
    const [input] = inputsOf(record.statement);
    expect(input).toMatchObject({
      name: 'data/a b.csv',
      uri: 'nbfile:home/data/a%20b.csv',
      annotations: {
        nb_root: 'home',
        nb_absent: 'too-large',
        nb_digestLevel: 'D0'
      }
    });
    expect(input).not.toHaveProperty('digest');
    expect(gapsOf(record)).toEqual(['digest-absent 1']);
  });

  it('never lists the digest of a file that changed while it was read', () => {
    const session = new FakeSession();
    session.put('/home/ann/work/a.csv', 'x');
    session.run({
      reads: ['/home/ann/work/a.csv'],
      writes: { [MODEL]: 'w' },
      inside: (probe, here) => {
        session.disk.put('/home/ann/work/a.csv', 'y');
        probe.add('file.settled', {
          ...here,
          realPath: '/home/ann/work/a.csv',
          stat: session.disk.stat('/home/ann/work/a.csv'),
          stillOpen: false
        });
      }
    });
    const record = recordOf([session]);
    expect(inputsOf(record.statement)[0]).toMatchObject({
      uri: 'nbfile:notebook/a.csv',
      annotations: {
        nb_unstable: true,
        nb_absent: 'changed',
        nb_digestLevel: 'D2'
      }
    });
    expect(gapsOf(record)).toEqual(['unstable-file 1']);
  });

  it('says of other bytes with the same identity that their write was not seen', () => {
    const session = usualSession();
    const asked = requestFor({ sessions: [session], subjects: [MODEL] });
    const subjects = asked.request.subjects.map(subject => ({
      ...subject,
      sha256: 'e'.repeat(64)
    }));
    const record = recordOf([session], [MODEL], { subjects });
    expect(gapsOf(record)).toEqual(['write-not-seen 1']);
    expect(recording(record).subjects).toEqual({ total: 1, seen: 0 });
  });

  it('includes a subject whose write nobody saw', () => {
    const session = usualSession();
    session.disk.put('/home/ann/work/native.bin', 'n');
    const record = recordOf([session], ['/home/ann/work/native.bin']);
    expect(gapsOf(record)).toEqual(['write-not-seen 1']);
    expect(recording(record).subjects).toEqual({ total: 1, seen: 0 });
    expect(record.summary.ceiling.level).toBe('below-L1');
  });

  it('stands there too when no session at all is known to have written it', () => {
    const session = usualSession();
    session.disk.put('/elsewhere/x.bin', 'n');
    const input = requestFor({
      sessions: [session],
      subjects: ['/elsewhere/x.bin']
    });
    input.request.subjects[0]!.sid = null;
    const record = createRecord(input);
    expect(gapsOf(record)).toEqual(['write-not-seen 1']);
    expect(record.statement.subject[0]!.name).toBe('x.bin');
    expect(recording(record).sessions).toHaveLength(1);
  });

  it('includes runs that the author left out', () => {
    const record = recordOf([usualSession()], [MODEL], { drops: ['m1/0'] });
    expect(gapsOf(record)).toEqual(['dropped-by-user 1']);
    expect(record.summary).toMatchObject({ runsKept: 2, runsTotal: 4 });
  });

  it('never lets the ceiling rise by leaving runs out, whatever they did', () => {
    const whole = recordOf([usualSession()], [MODEL]);
    const drops = [['m1/0'], ['m2/0'], ['m1/0', 'm2/0']];
    const rank = ({ summary }: IRecord) =>
      summary.ceiling.reasons.filter(({ holds }) => holds).length;
    for (const dropped of drops) {
      const record = recordOf([usualSession()], [MODEL], { drops: dropped });
      expect(record.summary.ceiling.level).toBe('below-L1');
      expect(rank(record)).toBeLessThan(rank(whole));
    }
  });

  it('has no run that the author left out in the condensed notebook', () => {
    const record = recordOf([usualSession()], [MODEL], { drops: ['m1/0'] });
    const { bytes } = record.byproducts.find(
      ({ name }) => name === 'condensed.ipynb'
    )!;
    const { cells } = JSON.parse(new TextDecoder().decode(bytes)) as {
      cells: { id: string }[];
    };
    expect(cells.map(({ id }) => id)).toEqual(['about', 's1-2', 's1-3']);
  });

  it('counts a may-write of the subject and of what was read, of nothing else', () => {
    const session = usualSession();
    const changed = (path: string) => {
      session.disk.put(path, 'by scan');
      session.helper.add('file.changed', {
        path,
        before: null,
        after: session.disk.stat(path),
        runs: ['m1/0', 'm2/0']
      });
    };
    changed('/home/ann/work/native.bin');
    changed('/home/ann/work/other.bin');
    const record = recordOf([session], ['/home/ann/work/native.bin']);
    expect(gapsOf(record)).toEqual(['write-by-scan 1']);
    expect(recording(record).subjects).toEqual({ total: 1, seen: 0 });
  });
});

describe('something fetched by URL', () => {
  it('is a dependency without a digest, and a gap', () => {
    const session = new FakeSession();
    session.run({
      inside: (probe, here) =>
        probe.add('remote.read', {
          ...here,
          url: 'https://example.org/a.csv',
          status: 200,
          etag: '"v1"',
          versionId: 'v1.2',
          bytes: 5
        }),
      writes: { [MODEL]: 'w' }
    });
    session.run({
      inside: (probe, here) =>
        probe.add('remote.read', { ...here, url: 'https://example.org/later' })
    });
    const record = recordOf([session]);
    expect(definition(record).resolvedDependencies).toContainEqual({
      uri: 'https://example.org/a.csv',
      annotations: {
        nb_kind: 'remote',
        nb_run: 1,
        nb_runs: 1,
        nb_etag: '"v1"',
        nb_version_id: 'v1.2',
        nb_absent: 'not-taken'
      }
    });
    expect(text(record.bytes)).not.toContain('later');
    expect(gapsOf(record)).toEqual(['network 1']);
    expect(record.summary.filesRead).toBe(0);
  });

  it('has the digest of what arrived, each time it was another', () => {
    const session = new FakeSession();
    const url = 'https://example.org/a.csv';
    session.run({
      inside: (probe, here) => {
        const read = (fields: object) =>
          probe.add('remote.read', { ...here, url, ...fields });
        read({});
        read({ status: 200, etag: '"v1"' });
        read({ sha256: 'a'.repeat(64), received: 5 });
        read({
          status: 200,
          etag: '"v2"',
          sha256: 'b'.repeat(64),
          received: 6
        });
        read({ status: 404 });
      },
      writes: { [MODEL]: 'w' }
    });
    const remote = { nb_kind: 'remote', nb_run: 1, nb_runs: 1 };
    const level = 'D4';
    expect(
      definition(recordOf([session])).resolvedDependencies.filter(
        dependency => 'uri' in dependency && dependency.uri === url
      )
    ).toEqual([
      {
        uri: url,
        annotations: { ...remote, nb_status: 404, nb_absent: 'not-taken' }
      },
      {
        uri: url,
        digest: { sha256: 'a'.repeat(64) },
        annotations: {
          ...remote,
          nb_etag: '"v1"',
          nb_digestLevel: level,
          nb_bytes: 5
        }
      },
      {
        uri: url,
        digest: { sha256: 'b'.repeat(64) },
        annotations: {
          ...remote,
          nb_etag: '"v2"',
          nb_digestLevel: level,
          nb_bytes: 6
        }
      }
    ]);
  });
});

describe('an answer', () => {
  const url = 'https://example.org/a.csv';
  const remotesOf = (...told: object[]) => {
    const session = new FakeSession();
    session.run({
      inside: (probe, here) =>
        told.forEach(fields =>
          probe.add('remote.read', { ...here, url, ...fields })
        ),
      writes: { [MODEL]: 'w' }
    });
    return definition(recordOf([session])).resolvedDependencies.filter(
      dependency => 'uri' in dependency && dependency.uri === url
    );
  };

  it('that is only a part says so', () => {
    expect(remotesOf({ status: 206 })).toMatchObject([
      { annotations: { nb_status: 206, nb_absent: 'not-taken' } }
    ]);
  });
  it('is one, whether its head or its body was told first', () => {
    const head = { status: 200, etag: '"v1"' };
    const body = { sha256: 'a'.repeat(64), received: 5 };
    const one = { digest: { sha256: body.sha256 } };
    const said = { ...one, annotations: { nb_etag: '"v1"' } };
    expect(remotesOf(head, body)).toMatchObject([said]);
    expect(remotesOf(body, { ...head, ...body })).toMatchObject([said]);
  });
});

describe('a database that was asked', () => {
  it('is a dependency with the salted digests of the statements', () => {
    const session = new FakeSession();
    const statement = (digit: string) => ({
      sha256: digit.repeat(64),
      salt: 'c2FsdA==',
      bytes: 8
    });
    const ask = (
      digit: string,
      host: string | null,
      dialect = 'postgresql'
    ): IRunSpec => ({
      inside: (probe, here) =>
        void probe.add('db.queried', {
          ...here,
          dialect,
          host,
          database: 'sales?password=geheim',
          statement: statement(digit)
        }),
      writes: { [MODEL]: digit }
    });
    session.run(ask('b', 'db.example.org'));
    session.run(ask('a', 'db.example.org'));
    session.run(ask('c', '/srv/secret/run'));
    session.run(ask('d', null));
    session.run(ask('e', null, 'sqlite'));
    const found = definition(recordOf([session])).resolvedDependencies;
    const asked = found.filter(({ annotations }) =>
      ['database'].includes(annotations?.nb_kind ?? '')
    );
    expect(asked.map(each => 'uri' in each && each.uri)).toEqual([
      'nbdb:postgresql//sales%3Fpassword%3D***',
      'nbdb:postgresql/db.example.org/sales%3Fpassword%3D***',
      'nbdb:postgresql/run/sales%3Fpassword%3D***'
    ]);
    expect(asked.slice(1, 2)).toEqual([
      {
        uri: 'nbdb:postgresql/db.example.org/sales%3Fpassword%3D***',
        annotations: {
          nb_kind: 'database',
          nb_dialect: 'postgresql',
          nb_run: 1,
          nb_runs: 2,
          nb_statements: ['a'.repeat(64), 'b'.repeat(64)],
          nb_absent: 'not-taken'
        }
      }
    ]);
  });
});

describe('the answers of a database', () => {
  const at = { dialect: 'postgresql', host: 'db.example.org', database: 'd' };
  const statement = { sha256: 'a'.repeat(64), salt: 'c2FsdA==', bytes: 8 };
  const asked = { ...at, statement };
  const all = { fetched: 2, reported: 2, whole: true, sha256: 'e'.repeat(64) };
  const part = { fetched: 1, whole: false, sha256: null, absent: 'partial' };
  const answers = (...results: object[]) => {
    const session = new FakeSession();
    session.run({
      inside: (probe, here) => {
        probe.add('db.queried', { ...here, ...asked });
        results.forEach(result =>
          probe.add('db.queried', { ...here, ...asked, result })
        );
      },
      writes: { [MODEL]: 'w' }
    });
    const { annotations } = definition(
      recordOf([session])
    ).resolvedDependencies.find(
      each => each.annotations?.nb_kind === 'database'
    )!;
    return annotations;
  };
  const shown = { statement: statement.sha256, fetched: 2, reported: 2 };
  const whole = { ...shown, sha256: all.sha256 };
  const half = { statement: statement.sha256, fetched: 1, absent: 'partial' };

  it('stand with their rows and fingerprints beside the statements', () => {
    const found = answers({ id: 1, ...all });
    expect(found).toMatchObject({ nb_answers: [whole] });
    expect(found).not.toHaveProperty('nb_absent');
  });
  it('are said as they were told last, each by itself', () => {
    expect(answers({ id: 1, ...part }, { id: 1, ...all })).toMatchObject({
      nb_answers: [whole]
    });
    const both = answers({ id: 1, ...all }, { id: 2, ...part });
    expect(both).toMatchObject({
      nb_answers: [half, whole],
      nb_absent: 'partial'
    });
  });
  it('never pass for seen where nothing of them was', () => {
    const found = answers();
    expect(found).toMatchObject({ nb_absent: 'not-taken' });
    expect(found).not.toHaveProperty('nb_answers');
  });
  it('stand in the run list too, also those of a file', () => {
    const session = new FakeSession();
    session.run({
      inside: (probe, here) =>
        void probe.add('db.queried', {
          ...here,
          ...asked,
          dialect: 'sqlite',
          host: null,
          database: '/srv/data/q.db',
          result: { id: 1, ...all }
        }),
      writes: { [MODEL]: 'w' }
    });
    const list = recordOf([session]).byproducts.find(
      ({ name }) => name === 'runs.json'
    );
    const { runs } = JSON.parse(text(list!.bytes)) as { runs: object[] };
    const queried = { dialect: 'sqlite', host: null, database: 'q.db' };
    expect(runs).toMatchObject([{ queried: [{ ...queried, ...whole }] }]);
  });
});

describe('random states', () => {
  it('stand in the run list, before and after the runs that drew', () => {
    const session = new FakeSession();
    const random = { numpy: { before: '1'.repeat(64), after: '2'.repeat(64) } };
    session.run({
      inside: (probe, here) =>
        void probe.add('state.changed', { ...here, phase: 'run', random }),
      writes: { [MODEL]: 'w' }
    });
    const list = recordOf([session]).byproducts.find(
      ({ name }) => name === 'runs.json'
    );
    const { runs } = JSON.parse(text(list!.bytes)) as { runs: object[] };
    expect(runs).toMatchObject([{ random }]);
  });
});

describe('several notebooks in one kernel', () => {
  it('stand in the record when their cells are kept, the named one first', () => {
    const session = usualSession();
    session.server
      .add('document.bound', { docId: 'd2', path: '/home/ann/work/b.ipynb' })
      .add('document.bound', { docId: 'd3', path: '/home/ann/work/idle.ipynb' })
      .add('client.seen', {
        client: 'lab-2',
        label: 'lab',
        docId: 'd2',
        evidence: 'test'
      });
    session.run({ client: 'lab-2' });
    session.run({ writes: { [MODEL]: 'again' } });
    const names = definition(
      recordOf([session])
    ).externalParameters.documents.map(d => d.name);
    expect(names).toEqual(['train.ipynb', 'b.ipynb']);
  });
});

describe('several sessions', () => {
  const CLEAN = '/home/ann/work/clean.parquet';

  function chain(first: ISessionOptions = {}): FakeSession[] {
    const disk = new Disk();
    const a = new FakeSession({
      sid: 'a',
      disk,
      clock: new Clock('2026-11-23T09:00:00.000Z'),
      notebook: '/home/ann/work/clean.ipynb',
      ...first
    });
    a.put('/home/ann/work/raw.csv', 'raw');
    a.run({ reads: ['/home/ann/work/raw.csv'] });
    a.run({ writes: { [CLEAN]: 'clean' } });
    a.save([
      ['c1', 'cell 1'],
      ['c2', 'cell 2']
    ]);
    const b = new FakeSession({ sid: 'b', disk });
    b.hash(CLEAN, 'ahead');
    b.run({ reads: [CLEAN] });
    b.run({ writes: { [MODEL]: 'model' } });
    b.save([
      ['c1', 'cell 1'],
      ['c2', 'cell 2']
    ]);
    return [a, b];
  }

  it('link the earlier output by digest, session and run', () => {
    const record = recordOf(chain());
    expect(
      inputsOf(record.statement).map(d => [d.name, d.annotations])
    ).toMatchObject([
      [
        'clean.parquet',
        { nb_session: 's2', nb_run: 1, nb_fromSession: 's1', nb_fromRun: 2 }
      ],
      ['raw.csv', { nb_session: 's1', nb_run: 1 }]
    ]);
    expect(recording(record).sessions).toMatchObject([
      { name: 's1', sid: 'a', runs: 2, kept: 2 },
      { name: 's2', sid: 'b', runs: 2, kept: 2 }
    ]);
    expect(
      definition(record).externalParameters.documents.map(d => d.name)
    ).toEqual(['train.ipynb', 'clean.ipynb']);
    expect(record.summary.ceiling.level).toBe('L1');
  });

  it('are as weak as the weakest', () => {
    const record = recordOf(chain({ install: 'late', runsMissed: 1 }));
    expect(recording(record)).toMatchObject({
      install: 'late',
      runsBeforeStart: 1
    });
    expect(gapsOf(record)).toEqual(['earlier-session 1', 'late-start 1']);
    expect(record.summary.ceiling.level).toBe('below-L1');
  });
});

describe('a notebook run from the top', () => {
  function execution(other: 'nobody' | 'a console' = 'nobody'): FakeSession {
    const session = new FakeSession({ notebook: null });
    session.server
      .add('client.seen', {
        client: 'lab-1',
        label: 'headless',
        docId: 'd1',
        evidence: 'execute'
      })
      .add('execution.started', {
        docId: 'd1',
        path: NOTEBOOK,
        sha256: 'c'.repeat(64),
        parameters: { seed: '7', alpha: '1' },
        output: null
      });
    session.run({});
    session.run({ writes: { [MODEL]: 'w' } });
    if (other === 'a console') {
      session.run({ client: 'con' });
    }
    session.server.add('execution.ended', {
      docId: 'd1',
      cells: 2,
      executed: 2,
      status: 'ok',
      output: null,
      outputSha256: null
    });
    return session.end();
  }

  it('is an execution, with its parameters', () => {
    const record = recordOf([execution()]);
    expect(definition(record)).toMatchObject({
      buildType: BUILD_TYPES.execution,
      externalParameters: {
        documents: [{ name: 'train.ipynb', sha256: 'c'.repeat(64) }],
        order: 'top-to-bottom',
        parameters: { alpha: '1', seed: '7' }
      }
    });
    expect(record.statement.predicate.runDetails.builder.id).toBe(
      BUILDERS.execution
    );
    expect(record.summary.ceiling.level).toBe('L1');
  });

  it('is none when somebody else ran code in the kernel', () => {
    expect(definition(recordOf([execution('a console')])).buildType).toBe(
      BUILD_TYPES.session
    );
  });
});

describe('the order', () => {
  const order = (ran: string[], saved: string[], edited: string[] = []) => {
    const session = new FakeSession();
    ran.forEach((cellId, i) =>
      session.run({
        cellId,
        code: edited.includes(cellId) ? `${cellId} edited` : cellId,
        writes: i === ran.length - 1 ? { [MODEL]: 'w' } : {}
      })
    );
    session.save(saved.map(cell => [cell, cell]));
    return definition(recordOf([session])).externalParameters.order;
  };

  it.each([
    [['a', 'b', 'c'], ['a', 'b', 'c'], 'top-to-bottom'],
    [['a', 'b'], ['a', 'b', 'c'], 'top-to-bottom'],
    [['a', 'c'], ['a', 'b', 'c'], 'in-order'],
    [['b', 'a'], ['a', 'b', 'c'], 'out-of-order'],
    [['a', 'a'], ['a', 'b', 'c'], 'out-of-order'],
    [['a', 'x'], ['a', 'b', 'c'], 'out-of-order']
  ])('of %j in a notebook of %j is %s', (ran, saved, verdict) => {
    expect(order(ran, saved)).toBe(verdict);
  });

  it('is not top to bottom when a cell was edited since', () => {
    expect(order(['a', 'b'], ['a', 'b'], ['a'])).toBe('in-order');
  });

  it('is not top to bottom when runs may be missing or were left out', () => {
    const session = new FakeSession();
    session.run({ cellId: 'a', code: 'a' });
    session.server.add('recording.paused', { whom: 'ann' });
    session.server.add('recording.resumed', { whom: 'ann' });
    session.run({ cellId: 'b', code: 'b', writes: { [MODEL]: 'w' } });
    session.save([
      ['a', 'a'],
      ['b', 'b']
    ]);
    expect(definition(recordOf([session])).externalParameters.order).toBe(
      'in-order'
    );
    const again = new FakeSession();
    const dropped = again.run({ cellId: 'b', code: 'b' });
    again.run({ cellId: 'a', code: 'a' });
    again.run({ cellId: 'b', code: 'b', writes: { [MODEL]: 'w' } });
    again.save([
      ['a', 'a'],
      ['b', 'b']
    ]);
    const record = recordOf([again], [MODEL], { drops: [dropped] });
    expect(definition(record).externalParameters.order).toBe('out-of-order');
  });

  it('is unknown when no saved notebook was seen', () => {
    const session = new FakeSession();
    session.run({ writes: { [MODEL]: 'w' } });
    expect(definition(recordOf([session])).externalParameters.order).toBe(
      'unknown'
    );
  });
});

describe('many files', () => {
  it('go into a list of their own, named by its digest', () => {
    const session = new FakeSession();
    const paths = Array.from(
      { length: 600 },
      (_, i) => `/home/ann/work/img/${i}.png`
    );
    paths.forEach(path => session.put(path, path));
    session.run({ reads: paths, writes: { [MODEL]: 'w' } });
    const record = recordOf([session]);
    expect(record.summary.filesRead).toBe(600);
    expect(byproduct(record, 'inputs.json')['files']).toHaveLength(600);
    expect(record.bytes.length).toBeLessThan(20_000);
  });

  const of = (record: ReturnType<typeof recordOf>) =>
    inputsOf(record.statement).map(({ name, annotations }) => [
      name,
      annotations.nb_files ?? 1
    ]);
  const reading = (...names: string[]) => {
    const session = new FakeSession();
    const paths = names.map(name => `/home/ann/work/${name}`);
    paths.forEach(path => session.put(path, path));
    session.run({ reads: paths, writes: { [MODEL]: 'w' } });
    return recordOf([session]);
  };
  const many = (count: number, folder: string, suffix = '.png') =>
    Array.from({ length: count }, (_, i) => `${folder}/${i}${suffix}`);

  it('of one kind in one folder are one dependency with a digest of its own', () => {
    const record = reading(...many(25, 'img'), 'img/labels.csv', 'raw.csv');
    expect(of(record)).toEqual([
      ['img/', 25],
      ['img/labels.csv', 1],
      ['raw.csv', 1]
    ]);
    expect(record.summary.filesRead).toBe(27);
    const { files } = byproduct(record, 'inputs.json') as {
      files: { name: string; digest: { sha256: string } }[];
    };
    const printed = files
      .map(({ name, digest: { sha256 } }) => `${sha256}  ${name.slice(4)}\n`)
      .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1))
      .join('');
    expect(inputsOf(record.statement)[0]!.digest!.sha256).toBe(
      sha256(Buffer.from(printed))
    );
  });

  it('of two kinds in one folder are one dependency: two would share a name', () => {
    const names = [...many(25, 'img'), ...many(22, 'img', '.csv')];
    expect(of(reading(...names))).toEqual([['img/', 47]]);
  });

  it('in folders beside each other are their parent’s', () => {
    const names = [...many(15, 'img/cat'), ...many(15, 'img/dog')];
    expect(of(reading(...names))).toEqual([['img/', 30]]);
  });

  it('that are few, or lie beside the notebook, are each for itself', () => {
    expect(of(reading(...many(19, 'img')))).toHaveLength(19);
    const beside = Array.from({ length: 25 }, (_, i) => `${i}.png`);
    expect(of(reading(...beside))).toHaveLength(25);
  });

  it('of up to 150 stay in a statement of less than 100 kB', () => {
    const session = new FakeSession();
    const paths = Array.from(
      { length: 150 },
      (_, i) => `/home/ann/work/img/${i}.png`
    );
    paths.forEach(path => session.put(path, path));
    session.run({ reads: paths, writes: { [MODEL]: 'w' } });
    expect(recordOf([session]).bytes.length).toBeLessThan(100_000);
  });
});

describe('corrections by the author', () => {
  it('say what a file is', () => {
    const record = recordOf([usualSession()], [MODEL], {
      classifications: [
        { path: '/home/ann/work/data/train.csv', kind: 'config', by: 'ann' }
      ]
    });
    expect(inputsOf(record.statement)[0]!.annotations).toMatchObject({
      nb_kind: 'config',
      nb_confidence: 'confirmed-by-user'
    });
  });
});

describe('paths', () => {
  const reducer = new PathReducer('/home/ann/work', '/home/ann', ['/opt/venv']);
  const b64 = (text: string): Name => ({
    b64: Buffer.from(text, 'latin1').toString('base64')
  });

  it.each<[Name, string, string]>([
    ['/home/ann/work/a/b.csv', 'notebook', 'a/b.csv'],
    ['/home/ann/data/b.csv', 'home', 'data/b.csv'],
    ['/home/bob/data/b.csv', 'home', 'data/b.csv'],
    ['/opt/venv/lib/x.csv', 'prefix', 'lib/x.csv'],
    ['/mnt/projects/ann/b.csv', 'other', 'b.csv'],
    ['C:\\Users\\ann\\b.csv', 'home', 'b.csv'],
    [b64('/home/ann/work/\xff%.csv'), 'notebook', '%FF%25.csv']
  ])('%j becomes %s, %s', (path, root, rel) => {
    expect(reducer.reduce(path)).toMatchObject({ root, rel });
  });

  it('keep the bytes of a name that isn’t UTF-8', () => {
    const { nameBytes } = reducer.reduce(b64('/home/ann/work/\xff.csv'));
    expect(Buffer.from(nameBytes!, 'base64').toString('latin1')).toBe(
      '\xff.csv'
    );
  });
});
