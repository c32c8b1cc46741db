import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IRecordSummary } from '../../api';
import { gapIcon, minusIcon } from '../icons';
import { Icon, LinkButton, Meta, type Tone } from '../parts';
import { count, localeOf, visible } from '../text';
import { gapWords, neverSeen, runsWords, type IGapWords } from '../wording';
import type { IGapDetail } from './coverage';
import type { RecordModel } from './model';

/** Instances of one kind of gap that are shown. */
const MAX_DETAILS = 20;

function Line(props: {
  icon: LabIcon;
  tone?: Tone;
  words: IGapWords;
  more?: React.ReactNode;
  end?: React.ReactNode;
}): JSX.Element {
  return (
    <li>
      <Icon icon={props.icon} tone={props.tone} />
      <span>
        {props.words.what}
        {props.more}
      </span>
      <span>{props.words.meaning}</span>
      <span>{props.end}</span>
    </li>
  );
}

/** Run, file and what else is known of single instances. */
function Details(props: {
  details: readonly IGapDetail[];
  trans: TranslationBundle;
}): JSX.Element {
  const { details, trans } = props;
  const lines = details
    .map(({ run, path, detail }) =>
      [
        run === null ? null : runsWords(trans, run, run),
        path === null ? null : visible(path.rel),
        detail === null ? null : visible(detail)
      ]
        .filter(text => text !== null)
        .join(' · ')
    )
    .filter(line => line !== '');
  const rest = lines.length - MAX_DETAILS;
  return (
    <>
      {[...new Set(lines.slice(0, MAX_DETAILS))].map(line => (
        <div key={line}>
          <Meta>{line}</Meta>
        </div>
      ))}
      {rest > 0 && (
        <div>
          <Meta>{trans._n('and %1 more', 'and %1 more', rest)}</Meta>
        </div>
      )}
    </>
  );
}

/** The run of a gap that has just one, else how often it was noticed. */
function Where(props: {
  model: RecordModel;
  details: readonly IGapDetail[];
  times: number;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, details, times, trans } = props;
  const [only, ...more] = details;
  const run =
    only && more.length === 0 && model.runs.type === 'list'
      ? model.runs.runs.find(
          each => each.number === only.run && each.session === only.session
        )
      : undefined;
  return run ? (
    <LinkButton onClick={() => model.showRun(run)}>
      {runsWords(trans, run.number, run.number)}
    </LinkButton>
  ) : (
    <Meta>
      {trans._n('%1 time', '%1 times', times, count(times, localeOf(trans)))}
    </Meta>
  );
}

/** What wasn't recorded: noticed here, and never seen at all. Never empty. */
export function Gaps(props: {
  model: RecordModel;
  summary: IRecordSummary;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, summary, trans } = props;
  const details = (code: string): IGapDetail[] =>
    model.coverage?.gaps.filter(gap => gap.code === code) ?? [];
  return (
    <>
      <h3 className="jp-Attest-h3">{trans.__('Noticed in this session')}</h3>
      <ul className="jp-Attest-gaps">
        <li className="jp-Attest-lbl" aria-hidden="true">
          <span />
          <span>{trans.__('What happened')}</span>
          <span>{trans.__('What it means')}</span>
          <span />
        </li>
        {summary.gaps.map(gap => (
          <Line
            key={gap.code}
            icon={gapIcon}
            tone="warn"
            words={gapWords(trans, gap.code)}
            more={<Details details={details(gap.code)} trans={trans} />}
            end={
              <Where
                details={details(gap.code)}
                times={gap.count}
                {...{ model, trans }}
              />
            }
          />
        ))}
        {summary.gaps.length === 0 && (
          <Line
            icon={minusIcon}
            words={{
              what: trans.__('No gaps noticed.'),
              meaning: trans.__("That doesn't prove there are none.")
            }}
          />
        )}
      </ul>
      <h3 className="jp-Attest-h3 jp-Attest-mod-next">
        {trans.__('Never seen by this tool')}
      </h3>
      <ul className="jp-Attest-gaps">
        {neverSeen(trans).map(words => (
          <Line key={words.what} icon={minusIcon} words={words} />
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
