import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IRecordSummary } from '../../api';
import { gapIcon, minusIcon } from '../icons';
import { Icon, Meta, type Tone } from '../parts';
import { count, localeOf } from '../text';
import { gapWords, neverSeen } from '../wording';

function Line(props: {
  icon: LabIcon;
  tone?: Tone;
  what: string;
  meaning: string;
  times?: string;
}): JSX.Element {
  return (
    <li>
      <Icon icon={props.icon} tone={props.tone} />
      <span>{props.what}</span>
      <span>{props.meaning}</span>
      <Meta>{props.times ?? ''}</Meta>
    </li>
  );
}

/** What wasn't recorded: noticed here, and never seen at all. Never empty. */
export function Gaps(props: {
  summary: IRecordSummary;
  trans: TranslationBundle;
}): JSX.Element {
  const { summary, trans } = props;
  return (
    <>
      <h3 className="jp-Attest-h3">{trans.__('Noticed in this session')}</h3>
      <ul className="jp-Attest-gaps">
        <li className="jp-Attest-lbl" aria-hidden="true">
          <span />
          <span>{trans.__('What happened')}</span>
          <span>{trans.__('What it means')}</span>
          <span>{trans.__('How often')}</span>
        </li>
        {summary.gaps.map(gap => (
          <Line
            key={gap.code}
            icon={gapIcon}
            tone="warn"
            {...gapWords(trans, gap.code)}
            times={count(gap.count, localeOf(trans))}
          />
        ))}
        {summary.gaps.length === 0 && (
          <Line
            icon={minusIcon}
            what={trans.__('No gaps noticed.')}
            meaning={trans.__("That doesn't prove there are none.")}
          />
        )}
      </ul>
      <h3 className="jp-Attest-h3 jp-Attest-mod-next">
        {trans.__('Never seen by this tool')}
      </h3>
      <ul className="jp-Attest-gaps">
        {neverSeen(trans).map(words => (
          <Line key={words.what} icon={minusIcon} {...words} />
        ))}
      </ul>
      <p className="jp-Attest-after">
        <Meta>
          {trans.__("A short list doesn't prove that nothing else is missing.")}
        </Meta>
      </p>
    </>
  );
}
