import { classify, type IUse } from '../classify';

const use = (more: Partial<IUse> = {}): IUse => ({
  read: true,
  written: false,
  functions: new Set(),
  modelEvidence: new Set(),
  ...more
});
const PREFIXES = ['/opt/venv', '/usr'];

describe('what a file probably is', () => {
  it.each([
    ['/w/a.csv', 'dataset', false],
    ['/w/a.csv.gz', 'dataset', false],
    ['/w/A.PARQUET', 'dataset', false],
    ['/w/model.safetensors', 'model', false],
    ['/w/helpers.py', 'code', false],
    ['/w/params.yaml', 'config', false],
    ['/w/photo.png', 'dataset', false],
    ['/w/train.log', 'log', false],
    ['/w/thing.pkl', 'unknown', false],
    ['/w/thing', 'unknown', false],
    ['/w/data.json', 'unknown', false],
    [
      '/opt/venv/lib/python3.12/site-packages/sklearn/datasets/data/iris.csv',
      'dataset',
      false
    ],
    ['/opt/venv/lib/python3.12/json/__init__.py', 'code', true],
    ['/opt/venv/lib/python3.12/site-packages/x/y.json', 'config', true],
    ['/opt/venv/work/raw', 'unknown', false],
    ['/usr/share/zoneinfo/UTC', 'config', true],
    ['/usr/share/fonts/DejaVu.ttf', 'cache', true],
    ['/proc/self/status', 'config', true],
    ['/dev/shm/x', 'config', true],
    ['/run/media/ann/stick/raw', 'unknown', false],
    ['/home/ann/.ipython/profile_default/startup/00.py', 'code', false],
    ['/home/ann/.cache/huggingface/hub/model.bin', 'unknown', false],
    ['/home/ann/.cache/matplotlib/fontlist-v1.json', 'cache', true],
    ['C:/Windows/Fonts/arial.ttf', 'cache', true],
    ['/w/__pycache__/helpers.cpython-312.pyc', 'code', false],
    ['/opt/venv/lib/python3.12/__pycache__/json.cpython-312.pyc', 'cache', true]
  ])('%s is %s', (path, kind, noise) => {
    expect(classify(path, use(), PREFIXES)).toMatchObject({ kind, noise });
  });

  it('follows what called, with strong confidence', () => {
    const called = (name: string) => use({ functions: new Set([name]) });
    expect(classify('/w/x', called('pandas.read_csv'), [])).toMatchObject({
      kind: 'dataset',
      confidence: 'strong'
    });
    expect(classify('/w/x', called('torch.save'), [])).toMatchObject({
      kind: 'model',
      confidence: 'strong'
    });
  });

  it('believes the object more than the name', () => {
    const fitted = use({
      written: true,
      modelEvidence: new Set(['has fit and predict'])
    });
    expect(classify('/w/x.csv', fitted, []).kind).toBe('model');
  });

  it('takes written pictures and reports as other than data', () => {
    const written = use({ read: false, written: true });
    expect(classify('/w/plot.png', written, []).kind).toBe('other');
    expect(classify('/w/metrics.json', written, []).kind).toBe('other');
  });

  it('takes bytecode that was only written as noise', () => {
    const written = use({ read: false, written: true });
    expect(
      classify('/w/__pycache__/m.cpython-312.pyc', written, []).noise
    ).toBe(true);
  });
});
