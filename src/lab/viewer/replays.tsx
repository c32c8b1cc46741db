import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { SIGNS } from '../icons';
import { Icon, LinkButton, Meta } from '../parts';
import { replayedBy, replayWords } from '../wording';
import type { RecordModel } from './model';

/** The newest replays that are shown at once. */
const SHOWN = 3;

/** What came of running the recorded runs again, as far as it lies on the server. */
export function Replays(props: {
  model: RecordModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  const [all, setAll] = React.useState(false);
  const { replays } = model;
  if (replays === null) {
    return null;
  }
  const title = trans.__('Run again');
  const newest = [...replays].reverse();
  const hidden = all ? 0 : Math.max(0, newest.length - SHOWN);
  return (
    <section aria-label={title}>
      <h3 className="jp-Attest-h3 jp-Attest-mod-next">{title}</h3>
      {newest.length === 0 && (
        <p>{trans.__('No replay of it lies on this computer.')}</p>
      )}
      <ul className="jp-Attest-replays">
        {newest.slice(0, newest.length - hidden).map(note => {
          const { icon, tone, text } = replayWords(trans, note);
          return (
            <li key={note.file}>
              <Icon icon={SIGNS[icon]} tone={tone} />
              <div>
                <div>{text}</div>
                <Meta>{replayedBy(trans, note)}</Meta>
              </div>
            </li>
          );
        })}
      </ul>
      {hidden > 0 && (
        <LinkButton onClick={() => setAll(true)}>
          {trans._n('%1 earlier replay', '%1 earlier replays', hidden)}
        </LinkButton>
      )}
      {newest.length > 0 && (
        <p className="jp-Attest-after">
          <Meta>
            {trans.__(
              'A replay adds nothing to what the record can claim: whoever signed it ran it.'
            )}
          </Meta>
        </p>
      )}
    </section>
  );
}
