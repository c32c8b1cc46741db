import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Statement } from '../../record/types';
import { equalIcon } from '../icons';
import { Code, Facts, FilterBox, Meta, Name, State } from '../parts';
import { firstLine, isByPerson, toldRows, Verdict } from '../runparts';
import { Table, type IColumn } from '../table';
import {
  count,
  localeOf,
  shortDigest,
  utc,
  utcClock,
  visible,
  visibleText
} from '../text';
import {
  clientWords,
  reasonText,
  runListProblem,
  runStatusWords
} from '../wording';
import type { RecordModel } from './model';
import { bySession, isLeftOut, type IFileOfRun, type IShownRun } from './runs';

type Which = 'all' | 'kept' | 'left-out';

/** Longest code that is put in the page, in characters. */
const MAX_CODE = 20_000;

function CodeCell(props: { run: IShownRun }): JSX.Element | null {
  const { code, codeSha256 } = props.run;
  if (code !== null) {
    return <Code title={visible(code)}>{firstLine(code)}</Code>;
  }
  return codeSha256 === null ? null : <Code>{shortDigest(codeSha256)}</Code>;
}

const namesOf = (files: IFileOfRun[]): string[] =>
  files.map(({ name }) => visible(name));

function FileCell(props: { files: IFileOfRun[] }): JSX.Element | null {
  const names = namesOf(props.files);
  const [first, ...more] = names;
  return first === undefined ? null : (
    <span className="jp-Attest-file" title={names.join('\n')}>
      <Name name={first.split('/').pop() ?? first} tail={12} />
      {more.length > 0 && <Meta>+{more.length}</Meta>}
    </span>
  );
}

function columns(
  trans: TranslationBundle,
  withCode: boolean
): IColumn<IShownRun>[] {
  const locale = localeOf(trans);
  return [
    {
      title: trans.__('Run'),
      width: '76px',
      cell: run => <Code>{count(run.number, locale)}</Code>
    },
    {
      title: trans.__('Time'),
      width: '84px',
      cell: run =>
        run.startedAt === null ? '' : utcClock(run.startedAt, locale)
    },
    {
      title: withCode
        ? trans.__('First line of the cell, from the copy beside the record')
        : trans.__('Code fingerprint'),
      cell: run => <CodeCell run={run} />
    },
    {
      title: trans.__('Read'),
      width: '130px',
      cell: run => <FileCell files={run.reads} />
    },
    {
      title: trans.__('Wrote'),
      width: '120px',
      cell: run => <FileCell files={run.writes} />
    },
    {
      title: trans.__('Result'),
      width: '96px',
      cell: run =>
        run.status === 'ok' ? (
          <Meta>{runStatusWords(trans, run.status)}</Meta>
        ) : (
          <State
            icon={errorIcon}
            tone="bad"
            word={runStatusWords(trans, run.status)}
          />
        )
    },
    {
      title: trans.__('In this record'),
      width: '350px',
      cell: run => (
        <span title={reasonText(trans, run.reason)}>
          <Verdict verdict={run.verdict} trans={trans} />
          {run.verdict !== 'needed' && (
            <Meta> · {reasonText(trans, run.reason)}</Meta>
          )}
        </span>
      )
    }
  ];
}

function shownAs(trans: TranslationBundle, run: IShownRun): string {
  return run.executionCount === null || run.executionCount === run.number
    ? ''
    : trans.__(
        'shown as [%1] in the notebook',
        count(run.executionCount, localeOf(trans))
      );
}

function Detail(props: {
  run: IShownRun;
  total: number;
  trans: TranslationBundle;
}): JSX.Element {
  const { run, total, trans } = props;
  const locale = localeOf(trans);
  const number = trans.__(
    '%1 of %2',
    count(run.number, locale),
    count(total, locale)
  );
  const fingerprint = shortDigest(run.codeSha256 ?? '');
  return (
    <section
      className="jp-Attest-detail"
      aria-label={trans.__('Details of the selected run')}
    >
      <Facts
        rows={[
          [
            trans.__('Run'),
            [number, shownAs(trans, run)].filter(Boolean).join(', ')
          ],
          [
            trans.__('Time'),
            run.startedAt === null
              ? trans.__('not recorded')
              : utc(run.startedAt, locale)
          ],
          [
            trans.__('Run from'),
            run.client === null
              ? trans.__('not recorded')
              : clientWords(trans, run.client)
          ]
        ]}
      />
      <Facts
        rows={
          run.code === null
            ? [
                [
                  trans.__('Code'),
                  run.codeSha256 === null
                    ? trans.__('not recorded')
                    : trans.__(
                        'Not in the record, only its fingerprint %1. Ask the author for the code and compare.',
                        fingerprint
                      )
                ]
              ]
            : [
                [
                  trans.__('Code'),
                  <pre key="code" className="jp-Attest-source" tabIndex={0}>
                    {visibleText(run.code.slice(0, MAX_CODE))}
                  </pre>
                ],
                [
                  trans.__('From'),
                  <span key="from">
                    {trans.__(
                      'the copy beside the record; the record has only its fingerprint %1.',
                      fingerprint
                    )}{' '}
                    <State icon={equalIcon} word={trans.__('same')} />
                  </span>
                ]
              ]
        }
      />
      <Facts
        rows={toldRows(trans, {
          ...run,
          reads: run.reads.map(({ name }) => name),
          writes: run.writes.map(({ name }) => name)
        })}
      />
    </section>
  );
}

/** Group line over the runs of one of several sessions: its notebook and its beginning. */
function runSession(
  trans: TranslationBundle,
  session: string,
  runs: readonly IShownRun[]
): string {
  const [first] = runs;
  return [
    trans.__('Session %1', visible(session)),
    first?.notebook ? visible(first.notebook) : null,
    first?.startedAt ? utc(first.startedAt, localeOf(trans)) : null
  ]
    .filter(text => text !== null)
    .join(', ');
}

function Choice(props: {
  which: Which;
  value: Which;
  label: string;
  onChoose: (which: Which) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      aria-pressed={props.which === props.value}
      onClick={() => props.onChoose(props.which)}
    >
      {props.label}
    </button>
  );
}

function List(props: {
  model: RecordModel;
  runs: readonly IShownRun[];
  trans: TranslationBundle;
}): JSX.Element {
  const { model, runs, trans } = props;
  const locale = localeOf(trans);
  const [which, setWhich] = React.useState<Which>('all');
  const [filter, setFilter] = React.useState('');
  const left = runs.filter(isLeftOut);
  const kept = runs.filter(run => !isLeftOut(run));
  const wanted = filter.trim().toLowerCase();
  const fits = (run: IShownRun): boolean =>
    wanted === '' ||
    [
      run.code ?? run.codeSha256 ?? '',
      ...namesOf(run.reads),
      ...namesOf(run.writes)
    ].some(text => text.toLowerCase().includes(wanted));
  const sessions = bySession(runs);
  const selected = model.selected('runs') ?? runs[0]?.key ?? null;
  const detail = runs.find(({ key }) => key === selected);
  return (
    <>
      <div className="jp-Attest-bar">
        <FilterBox
          label={trans.__('Filter by code or file')}
          value={filter}
          onChange={setFilter}
        />
        <span
          className="jp-Attest-seg"
          role="group"
          aria-label={trans.__('Which runs')}
        >
          <Choice
            which="all"
            value={which}
            onChoose={setWhich}
            label={trans.__('All %1', count(runs.length, locale))}
          />
          <Choice
            which="kept"
            value={which}
            onChoose={setWhich}
            label={trans.__('Kept %1', count(kept.length, locale))}
          />
          <Choice
            which="left-out"
            value={which}
            onChoose={setWhich}
            label={trans.__('Left out %1', count(left.length, locale))}
          />
        </span>
        <span className="jp-Attest-space" />
        <Meta>
          {left.some(isByPerson)
            ? trans.__(
                'Left out = shown to have no effect on the file, unless a person chose it. When in doubt, a run is kept.'
              )
            : trans.__(
                'Left out = shown to have no effect on the file. When in doubt, a run is kept.'
              )}
        </Meta>
      </div>
      <Table
        label={trans.__('Runs')}
        columns={columns(
          trans,
          runs.some(({ code }) => code !== null)
        )}
        groups={sessions.map(({ session, runs: own }) => ({
          title: sessions.length > 1 ? runSession(trans, session, own) : null,
          rows: own
            .filter(
              run =>
                which === 'all' || isLeftOut(run) === (which === 'left-out')
            )
            .filter(fits)
        }))}
        keyOf={run => run.key}
        selected={selected}
        onSelect={run => model.select('runs', run.key)}
      />
      {detail && (
        <Detail
          run={detail}
          total={
            runs.filter(({ session }) => session === detail.session).length
          }
          trans={trans}
        />
      )}
    </>
  );
}

/** All runs in their true order, or why they can't be shown. */
export function Runs(props: {
  model: RecordModel;
  statement: Statement;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, statement, trans } = props;
  const { runs } = model;
  if (runs.type === 'list') {
    return <List model={model} runs={runs.runs} trans={trans} />;
  }
  const { total, sha256 } =
    statement.predicate.buildDefinition.externalParameters.runs;
  return (
    <div className="jp-Attest-none">
      <p>{runListProblem(trans, runs.type)}</p>
      <p>
        <Meta>
          {trans.__(
            'The record says that there were %1 runs, and has the fingerprint %2 of their list.',
            count(total, localeOf(trans)),
            shortDigest(sha256)
          )}
        </Meta>
      </p>
    </div>
  );
}
