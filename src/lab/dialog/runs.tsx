/** The runs that the record would keep, one by one, each with its reason; any may be left out. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IRunNote } from '../../api';
import { Code, Facts, LinkButton, Meta } from '../parts';
import { firstLine, toldRows, Verdict } from '../runparts';
import { Table, type IColumn } from '../table';
import { count, localeOf, visible } from '../text';
import { keptWords } from '../wording';
import { runId, type AttestModel } from './model';

interface IPart {
  model: AttestModel;
  trans: TranslationBundle;
}

const isKept = ({ verdict }: IRunNote): boolean =>
  verdict === 'needed' || verdict === 'kept-undecided';

/** Verdicts of runs that the record does without, whatever the author chooses. */
const OUT_ANYWAY = ['dropped-proved', 'after-subject'];

/** The word for the choice just made, until the server has answered. */
function ownWord({ model, trans }: IPart, run: IRunNote): string | undefined {
  if (model.isDropped(run)) {
    return trans.__('left out by you');
  }
  return run.verdict === 'dropped-by-user' && run.fixed === 'free'
    ? trans.__('asking…')
    : undefined;
}

function columns(part: IPart): IColumn<IRunNote>[] {
  const { trans } = part;
  return [
    {
      title: trans.__('Run'),
      width: '64px',
      cell: run => <Code>{count(run.number, localeOf(trans))}</Code>
    },
    {
      title: trans.__('First line of the cell'),
      cell: ({ line }) =>
        line === null ? (
          <Meta>{trans.__('not recorded')}</Meta>
        ) : (
          <Code title={visible(line)}>{firstLine(line)}</Code>
        )
    },
    {
      title: trans.__('In this record'),
      width: '160px',
      cell: run => (
        <Verdict
          verdict={part.model.isDropped(run) ? 'dropped-by-user' : run.verdict}
          trans={trans}
          word={ownWord(part, run)}
        />
      )
    }
  ];
}

/** What can be done about a run, or why nothing can. */
function Choice(props: IPart & { run: IRunNote }): JSX.Element | null {
  const { model, trans, run } = props;
  switch (run.fixed) {
    case 'wrote-subject':
      return (
        <Meta>
          {trans.__(
            "It wrote a file that the record is about, so it can't be left out."
          )}
        </Meta>
      );
    case 'inside-another':
      return (
        <Meta>
          {trans.__('It ran inside another run. Leave that one out instead.')}
        </Meta>
      );
    case 'free':
    case undefined:
      return OUT_ANYWAY.includes(run.verdict) ? null : (
        <button
          type="button"
          className="jp-Attest-btn"
          aria-disabled={model.signing}
          onClick={() => model.toggleDrop(run)}
        >
          {model.isDropped(run)
            ? trans.__('Keep this run again')
            : trans.__('Leave this run out')}
        </button>
      );
  }
}

function Detail(props: IPart & { run: IRunNote }): JSX.Element {
  const { trans, run } = props;
  return (
    <section
      className="jp-Attest-runDetail"
      aria-label={trans.__('Details of the selected run')}
    >
      <div aria-live="polite">
        <Facts
          rows={[
            [trans.__('Run'), count(run.number, localeOf(trans))],
            ...toldRows(trans, run)
          ]}
        />
      </div>
      <Choice {...props} />
    </section>
  );
}

function List({ model, trans }: IPart): JSX.Element {
  const runs = model.runs;
  const first = runs.find(isKept) ?? runs[0];
  const [chosen, choose] = React.useState<string | null>(null);
  const selected = runs.find(run => runId(run) === chosen) ?? first;
  const sessions = [...new Set(runs.map(({ session }) => session))];
  return (
    <div className="jp-Attest-runs" aria-busy={model.answer.type === 'asking'}>
      <Table
        label={trans.__('Runs')}
        columns={columns({ model, trans })}
        groups={sessions.map(session => ({
          title:
            sessions.length > 1
              ? trans.__('Session %1', visible(session))
              : null,
          rows: runs.filter(run => run.session === session)
        }))}
        keyOf={runId}
        selected={selected ? runId(selected) : null}
        onSelect={run => choose(runId(run))}
      />
      {selected && <Detail run={selected} {...{ model, trans }} />}
    </div>
  );
}

/** How many runs are kept; on request which, and why. */
export function Runs({ model, trans }: IPart): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const { runs, drops } = model;
  return (
    <>
      <p className="jp-Attest-wait">
        {keptWords(trans, runs.filter(isKept).length, runs.length)}{' '}
        <LinkButton onClick={() => setOpen(!open)} expanded={open}>
          {open ? trans.__('Hide the list') : trans.__('List each run')}
        </LinkButton>
      </p>
      {drops.length > 0 && (
        <p className="jp-Attest-wait">
          {trans._n(
            '%1 left out by you. The record will say so.',
            '%1 left out by you. The record will say so.',
            drops.length
          )}{' '}
          <LinkButton onClick={() => model.keepAll()}>
            {trans.__('Keep all again')}
          </LinkButton>
        </p>
      )}
      {open && <List model={model} trans={trans} />}
    </>
  );
}
