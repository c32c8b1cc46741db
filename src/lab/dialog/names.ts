import { PathExt } from '@jupyterlab/coreutils';
import type { AttestModel } from './model';

/**
 * Contents path of the copy that the record gets beside what it is about:
 * beside the one file, or beside the notebook for several.
 */
export function savedAs(
  model: Pick<AttestModel, 'chosen' | 'notebook' | 'sign' | 'dryRun'>
): string {
  const ending = model.sign === 'none' ? '.intoto.json' : '.sigstore.json';
  const [only, ...more] = model.chosen;
  const stem =
    only === undefined || more.length > 0
      ? model.notebook
      : only.replace(/\/+$/, '');
  return PathExt.normalize(`${stem}${ending}`);
}
