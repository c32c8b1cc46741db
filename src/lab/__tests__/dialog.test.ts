import { AttestModel, groupFiles, preselect } from '../dialog/model';
import { savedAs } from '../dialog/names';
import { RequestError } from '../errors';
import { FakeClient, done, refused, run, session, written } from './fake';

const model = written('m.pkl', { kind: 'model', run: 4 });
const plot = written('plot.png', { at: '2026-11-24T12:00:00.000000Z' });

const open = (client: FakeClient): AttestModel =>
  new AttestModel({ client, path: 'n.ipynb', nearby: async () => [] });

/** What a burst of ticks waits for before it asks. */
const settled = () => new Promise(resolve => setTimeout(resolve, 300));

describe('the list of files', () => {
  it('has models first, then data, then the rest, the newest first', () => {
    const table = written('t.parquet', { kind: 'dataset' });
    const older = written('old.png');
    const [group] = groupFiles([session('a', [older, plot, table, model])]);
    expect(group?.files.map(({ path }) => path)).toEqual([
      'm.pkl',
      't.parquet',
      'plot.png',
      'old.png'
    ]);
  });

  it('shows a file only under the newest session that wrote it', () => {
    const groups = groupFiles([
      session('new', [model]),
      session('old', [model, plot])
    ]);
    expect(
      groups.map(group => [group.session.sid, group.files.length])
    ).toEqual([
      ['new', 1],
      ['old', 1]
    ]);
  });
});

describe('what is ticked at first', () => {
  const chosen = (...files: ReturnType<typeof written>[]) =>
    preselect(groupFiles([session('a', files)]));

  it('is the newest unchanged model, even with a newer file beside it', () => {
    expect(chosen(plot, model).chosen?.path).toBe('m.pkl');
  });
  it('is the newest unchanged file where there is no model', () => {
    expect(chosen(written('a.csv'), plot).chosen?.path).toBe('plot.png');
  });
  it('is nothing when the newest model has changed, which is said', () => {
    const changed = { ...model, state: 'changed' as const };
    expect(chosen(plot, changed)).toEqual({ chosen: null, changed });
  });
  it('is nothing when nothing is left as it was', () => {
    const gone = { ...plot, state: 'gone' as const };
    expect(chosen(gone)).toEqual({ chosen: null, changed: null });
  });
});

describe('the dialog', () => {
  it('asks what the record would say of what is ticked', async () => {
    const client = new FakeClient([session('a', [model, plot])]);
    const dialog = open(client);
    await dialog.load();
    expect(client.asked).toEqual([
      {
        for: ['m.pkl'],
        notebook: 'n.ipynb',
        session: 'a',
        sign: 'local',
        dryRun: true,
        options: {
          code: false,
          packages: true,
          userName: false,
          fullPaths: false
        }
      }
    ]);
    expect(dialog.dryRun?.statement).toBe('["m.pkl"]');
  });

  it('signs the request of the dry run that was shown', async () => {
    const client = new FakeClient([session('a', [model, plot])]);
    const dialog = open(client);
    await dialog.load();
    dialog.toggle('plot.png');
    expect(dialog.dryRun).toBeNull();
    await settled();
    const shown = dialog.dryRun;
    expect(await dialog.submit()).toBe(true);
    expect(client.asked.at(-1)).toMatchObject({
      for: ['m.pkl', 'plot.png'],
      dryRun: false,
      request: shown?.request
    });
  });

  it('makes nothing while there is no answer for the choice', async () => {
    const client = new FakeClient([session('a', [model])]);
    const dialog = open(client);
    await dialog.load();
    dialog.setOption('code', true);
    expect(await dialog.submit()).toBe(false);
    expect(client.asked.every(({ dryRun }) => dryRun)).toBe(true);
  });

  it('asks once for a burst of ticks', async () => {
    const client = new FakeClient([session('a', [model, plot])]);
    const dialog = open(client);
    await dialog.load();
    for (let i = 0; i < 9; i++) {
      dialog.toggle('plot.png');
    }
    await settled();
    expect(client.asked).toHaveLength(2);
  });

  it('names no session when the files are from several', async () => {
    const client = new FakeClient([
      session('new', [model]),
      session('old', [plot])
    ]);
    const dialog = open(client);
    await dialog.load();
    dialog.toggle('plot.png');
    await settled();
    expect(client.asked.at(-1)?.session).toBeUndefined();
  });

  it('puts a file whose write was not seen to the newest session', async () => {
    const client = new FakeClient([session('new', [model])]);
    const dialog = open(client);
    await dialog.load();
    dialog.toggle('m.pkl');
    dialog.addOther('given.bin');
    await settled();
    expect(client.asked.at(-1)).toMatchObject({
      for: ['given.bin'],
      session: 'new'
    });
    expect(dialog.others).toEqual(['given.bin']);
  });

  it('comes back with the refusal when a file changed before signing', async () => {
    const client = new FakeClient([session('a', [model])]);
    const dialog = open(client);
    await dialog.load();
    client.answer = request =>
      request.dryRun ? done(request) : refused('m.pkl');
    expect(await dialog.submit()).toBe(false);
    expect(dialog.outcome).toBeNull();
    expect(dialog.refusal?.files[0]).toMatchObject({ path: 'm.pkl', run: 4 });
    expect(dialog.isChosen('m.pkl')).toBe(false);
    expect(dialog.groups[0]?.files[0]?.state).toBe('changed');
  });

  it('asks again without a run that the author leaves out, and signs that', async () => {
    const client = new FakeClient([session('a', [model])]);
    client.answer = request => ({
      ...done(request),
      runs: [run(1), run(2, { fixed: 'wrote-subject' })]
    });
    const dialog = open(client);
    await dialog.load();
    dialog.toggleDrop(dialog.runs[0]!);
    expect(dialog.isDropped(dialog.runs[0]!)).toBe(true);
    await settled();
    expect(client.asked.at(-1)).toMatchObject({ drops: ['sid#m1/0'] });
    expect(dialog.runs).toHaveLength(2);
    await dialog.submit();
    expect(client.asked.at(-1)).toMatchObject({
      drops: ['sid#m1/0'],
      dryRun: false
    });
    dialog.keepAll();
    await settled();
    expect(client.asked.at(-1)?.drops).toBeUndefined();
  });

  it('says it when the server is away, and tries again', async () => {
    const client = new FakeClient([session('a', [model])]);
    const sessions = client.sessions;
    client.sessions = async () => {
      throw new RequestError('unreachable');
    };
    const dialog = open(client);
    await dialog.load();
    expect(dialog.listing).toEqual({ type: 'unanswered', code: 'unreachable' });
    client.sessions = sessions;
    await dialog.load();
    expect(dialog.listing).toEqual({ type: 'read' });
    expect(dialog.chosen).toEqual(['m.pkl']);
  });
});

it.each([
  [['build/m.pkl'], 'local', 'build/m.pkl.sigstore.json'],
  [['build/m.pkl'], 'none', 'build/m.pkl.intoto.json'],
  [['model/'], 'local', 'model.sigstore.json'],
  [['a', 'b'], 'local', 'work/n.ipynb.sigstore.json']
] as const)('a record of %j signed %s is saved as %s', (chosen, sign, name) => {
  expect(
    savedAs({
      chosen: [...chosen],
      sign,
      notebook: 'work/n.ipynb',
      dryRun: null
    })
  ).toBe(name);
});
