import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ICreateRefused } from '../../api';
import { unequalIcon } from '../icons';
import { Code, Icon, LinkButton } from '../parts';
import { clockSeconds, count, shortDigest, localeOf } from '../text';
import { refusedAdvice, refusedHeadline } from '../wording';
import type { AttestModel } from './model';

interface ILine {
  what: string;
  sha256: string | null;
  at: string | null;
}

/** Both fingerprints and times of a changed file, one under the other. */
function Compared(props: {
  file: ICreateRefused['files'][number];
  trans: TranslationBundle;
}): JSX.Element {
  const { file, trans } = props;
  const wrote =
    file.run === null
      ? trans.__('The recorded file')
      : trans.__('Run %1 wrote', count(file.run, localeOf(trans)));
  const lines: ILine[] = [
    { what: wrote, sha256: file.recordedSha256, at: file.recordedAt },
    { what: trans.__('The file now'), sha256: file.nowSha256, at: file.nowAt }
  ];
  return (
    <table>
      <tbody>
        {lines.map(({ what, sha256, at }) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>
              {sha256 === null ? (
                trans.__('no fingerprint')
              ) : (
                <Code title={sha256}>{shortDigest(sha256)}</Code>
              )}
            </td>
            <td>{at === null ? '' : clockSeconds(at, localeOf(trans))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Why a file can't be attested, with what was recorded and what is there now. */
export function Refusal(props: {
  model: AttestModel;
  trans: TranslationBundle;
  refused: ICreateRefused;
}): JSX.Element {
  const { model, trans, refused } = props;
  const files = refused.files.length > 0 ? refused.files : [undefined];
  return (
    <div className="jp-Attest-refuse" role="alert">
      <Icon icon={unequalIcon} tone="bad" />
      <div>
        {files.map((file, index) => (
          <React.Fragment key={file?.path ?? index}>
            <strong>
              {refusedHeadline(trans, refused, file, model.notebook)}
            </strong>
            {file && refused.reason === 'changed' && (
              <Compared file={file} trans={trans} />
            )}
          </React.Fragment>
        ))}
        <p>
          {refusedAdvice(trans, refused.reason)}{' '}
          <LinkButton onClick={() => void model.compareAgain()}>
            {trans.__('Compare again')}
          </LinkButton>
        </p>
      </div>
    </div>
  );
}
