import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { fromElsewhere } from '../../record/story';
import type { Statement } from '../../record/types';
import { gapIcon } from '../icons';
import { Facts, FileName, Icon, LinkButton, Meta, Name } from '../parts';
import { count, localeOf, shortDigest, utcSpan, visible } from '../text';
import { gapSentence, orderWords, runsWords } from '../wording';
import { Replays } from './replays';
import { filesRead, packagesOf, type RecordModel } from './model';
import { stepsOf, type IStep } from './runs';

/** Files of a step that are shown; the tab with all of them is one click away. */
const MAX_FILES = 12;
/** Steps that are shown. */
const MAX_STEPS = 60;

interface ISummary {
  model: RecordModel;
  statement: Statement;
  trans: TranslationBundle;
}

function Files(props: {
  names: readonly string[];
  strong: ReadonlySet<string>;
  model: RecordModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { names, strong, model, trans } = props;
  const rest = names.length - MAX_FILES;
  return (
    <div className="jp-Attest-files">
      {names.slice(0, MAX_FILES).map(name =>
        strong.has(name) ? (
          <strong key={name}>
            <FileName name={name} />
          </strong>
        ) : (
          <FileName key={name} name={name} />
        )
      )}
      {rest > 0 && (
        <LinkButton onClick={() => (model.tab = 'files')}>
          {trans._n('and %1 more', 'and %1 more', rest)}
        </LinkButton>
      )}
    </div>
  );
}

function Step(
  props: ISummary & {
    step: IStep;
    subjects: ReadonlySet<string>;
    /** More than one session: its notebook tells them apart. */
    several: boolean;
  }
): JSX.Element {
  const { model, trans, step, subjects, several } = props;
  return (
    <tr>
      <td>
        <LinkButton onClick={() => model.showRun(step.last)}>
          {runsWords(trans, step.first.number, step.last.number)}
        </LinkButton>
        {several && step.last.notebook !== null && (
          <div>
            <Meta>
              <Name name={step.last.notebook} />
            </Meta>
          </div>
        )}
      </td>
      <td>
        <Files names={step.reads} strong={subjects} {...{ model, trans }} />
      </td>
      <td>{trans.__('wrote')}</td>
      <td>
        <Files names={step.writes} strong={subjects} {...{ model, trans }} />
      </td>
    </tr>
  );
}

/** Without the list of runs the record itself knows one step. */
function WholeStep({ model, statement, trans }: ISummary): JSX.Element {
  const { runs } = statement.predicate.buildDefinition.externalParameters;
  const names = statement.subject.map(({ name }) => name);
  return (
    <tr>
      <td>{trans._n('%1 run', '%1 runs', runs.kept)}</td>
      <td>
        <Files
          names={[
            ...filesRead(statement).map(file => file.uri ?? file.name),
            ...fromElsewhere(statement).map(({ uri }) => uri)
          ]}
          strong={new Set()}
          {...{ model, trans }}
        />
      </td>
      <td>{trans.__('wrote')}</td>
      <td>
        <Files names={names} strong={new Set(names)} {...{ model, trans }} />
      </td>
    </tr>
  );
}

function Gaps({ model, trans }: ISummary): JSX.Element {
  return (
    <>
      {(model.summary?.gaps ?? []).map(gap => (
        <tr key={gap.code}>
          <td>
            <LinkButton onClick={() => (model.tab = 'gaps')}>
              {trans.__('Not recorded')}
            </LinkButton>
          </td>
          <td colSpan={3}>
            <span className="jp-Attest-file">
              <Icon icon={gapIcon} tone="warn" />
              {gapSentence(trans, gap)}
            </span>
          </td>
        </tr>
      ))}
    </>
  );
}

function Steps(props: ISummary): JSX.Element {
  const { model, statement, trans } = props;
  const steps = model.runs.type === 'list' ? stepsOf(model.runs.runs) : [];
  const subjects = new Set(statement.subject.map(({ name }) => name));
  const several = new Set(steps.map(({ last }) => last.session)).size > 1;
  const hidden = steps.length - MAX_STEPS;
  return (
    <table className="jp-Attest-steps" aria-label={trans.__('How it was made')}>
      <tbody>
        {steps.length === 0 && <WholeStep {...props} />}
        {steps.slice(-MAX_STEPS).map(step => (
          <Step
            key={step.last.key}
            {...props}
            {...{ step, subjects, several }}
          />
        ))}
        {hidden > 0 && (
          <tr>
            <td colSpan={4}>
              {trans._n('%1 earlier step', '%1 earlier steps', hidden)}
            </td>
          </tr>
        )}
        <Gaps {...props} />
      </tbody>
    </table>
  );
}

function aboutSession(
  statement: Statement,
  trans: TranslationBundle
): [string, React.ReactNode][] {
  const { buildDefinition, runDetails } = statement.predicate;
  const { externalParameters: given, internalParameters } = buildDefinition;
  const { machine, recording } = internalParameters;
  const locale = localeOf(trans);
  const { startedOn, finishedOn } = runDetails.metadata;
  const rows: [string, string | null][] = [
    [
      trans.__('Notebook'),
      given.documents
        .map(({ name, sha256 }) =>
          sha256
            ? trans.__('%1, saved as %2', visible(name), shortDigest(sha256))
            : visible(name)
        )
        .join('; ') || null
    ],
    [trans.__('Order'), orderWords(trans, given.order)],
    [trans.__('Session'), utcSpan(startedOn, finishedOn, locale)],
    [
      trans.__('Program'),
      [
        machine.python && trans.__('Python %1', visible(machine.python)),
        machine.ipykernel &&
          trans.__('ipykernel %1', visible(machine.ipykernel))
      ]
        .filter(Boolean)
        .join(', ') || null
    ],
    [
      trans.__('Computer'),
      [
        [machine.system, machine.machine].filter(Boolean).join(' '),
        machine.cpuCount && trans._n('%1 core', '%1 cores', machine.cpuCount),
        ...(machine.accelerators ?? []).map(({ name, kind }) => name ?? kind)
      ]
        .filter(Boolean)
        .map(text => visible(String(text)))
        .join(', ') || null
    ],
    [trans.__('Packages'), count(packagesOf(statement).length, locale)],
    [
      trans.__('Random seed'),
      Object.entries(machine.seeds ?? {})
        .map(([name, value]) => visible(`${name} ${value}`))
        .join(', ') || trans.__('None seen')
    ],
    [
      trans.__('User name'),
      recording.userName ? visible(recording.userName) : null
    ]
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

export function Summary(props: ISummary): JSX.Element {
  const { statement, trans } = props;
  return (
    <div className="jp-Attest-2col">
      <div>
        <h3 className="jp-Attest-h3">{trans.__('How it was made')}</h3>
        <Steps {...props} />
        <Replays model={props.model} trans={trans} />
        <p className="jp-Attest-wont">
          <strong>{trans.__("This record doesn't say")}</strong>{' '}
          {trans.__(
            'that the code is correct, that the data are good, or that running it again gives the same model.'
          )}
        </p>
      </div>
      <div>
        <h3 className="jp-Attest-h3">{trans.__('About the session')}</h3>
        <Facts rows={aboutSession(statement, trans)} />
        <p className="jp-Attest-after">
          <Meta>
            {trans.__(
              "Reported by the author's computer. Nobody else observed these."
            )}
          </Meta>
        </p>
      </div>
    </div>
  );
}
