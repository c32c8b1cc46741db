/**
 * The record as a page: one sentence, three answers that stay, and the tabs.
 * Read-only; nothing on it runs anything.
 */
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  VDomRenderer,
  downloadIcon,
  errorIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import * as React from 'react';
import type { IRecordSummary } from '../../api';
import { saveText } from '../download';
import { SIGNS, dotIcon, gapIcon, halfIcon } from '../icons';
import { Icon, LinkButton, type Tone } from '../parts';
import {
  authorWords,
  headline,
  malformedWords,
  recordedCounts,
  recordedWords,
  signatureWords,
  tabWords
} from '../wording';
import { Files } from './files';
import { Gaps } from './gaps';
import { RecordModel, TABS, type IRecordModelOptions, type Tab } from './model';
import type { IOpenedRecord } from './record';
import { Runs } from './runlist';
import { Summary } from './summary';
import { Technical } from './technical';

interface IPart {
  model: RecordModel;
  record: IOpenedRecord;
  summary: IRecordSummary;
  trans: TranslationBundle;
}

function Answer(props: {
  question: string;
  icon: LabIcon;
  tone?: Tone;
  answer: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section className="jp-Attest-fact" aria-label={props.question}>
      <h2>{props.question}</h2>
      <div className="jp-Attest-ans">
        <Icon icon={props.icon} tone={props.tone} />
        {props.answer}
      </div>
      <p>{props.children}</p>
    </section>
  );
}

function Answers({ model, record, summary, trans }: IPart): JSX.Element {
  const { recording } =
    record.statement.predicate.buildDefinition.internalParameters;
  const gaps = summary.gaps.length;
  const signature = signatureWords(trans, {
    reply: model.verified,
    checking: model.checking,
    signature: record.signature,
    statement: record.statement
  });
  return (
    <div className="jp-Attest-facts">
      <Answer
        question={trans.__('What was recorded?')}
        icon={
          gaps > 0
            ? gapIcon
            : recording.install === 'launch'
              ? dotIcon
              : halfIcon
        }
        tone={gaps > 0 ? 'warn' : undefined}
        answer={recordedWords(trans, recording, gaps)}
      >
        {recordedCounts(trans, summary)}{' '}
        <LinkButton onClick={() => (model.tab = 'gaps')}>
          {trans.__("See what wasn't recorded")}
        </LinkButton>
      </Answer>
      <Answer
        question={trans.__('Has it changed? Who signed it?')}
        icon={SIGNS[signature.icon]}
        tone={signature.tone}
        answer={signature.answer}
      >
        <span role="status">{signature.sentence}</span>
      </Answer>
      <Answer
        question={trans.__('Who could have changed it before that?')}
        icon={halfIcon}
        answer={trans.__('Its author')}
      >
        {authorWords(trans, record.signature !== null)}
      </Answer>
    </div>
  );
}

function countOf(tab: Tab, { model, record, summary }: IPart): number | null {
  switch (tab) {
    case 'summary':
    case 'technical':
      return null;
    case 'files': {
      const { written, read, notebooks } = model.files();
      return written.length + read.length + notebooks.length;
    }
    case 'runs':
      return record.statement.predicate.buildDefinition.externalParameters.runs
        .total;
    case 'gaps':
      return summary.gaps.length;
  }
}

/** Arrows move between the tabs; the focus stays on the tab. */
function Tabs(props: IPart & { id: string }): JSX.Element {
  const { model, trans, id } = props;
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = TABS.indexOf(model.tab);
    const next =
      by === undefined
        ? { Home: TABS[0], End: TABS[TABS.length - 1] }[event.key]
        : TABS[(at + by + TABS.length) % TABS.length];
    if (next) {
      event.preventDefault();
      model.tab = next;
      document.getElementById(`${id}-${next}`)?.focus();
    }
  };
  return (
    <div
      className="jp-Attest-tabs"
      role="tablist"
      aria-label={trans.__('Parts of the record')}
      onKeyDown={onKeyDown}
    >
      {TABS.map(tab => {
        const count = countOf(tab, props);
        return (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`${id}-${tab}`}
            aria-selected={tab === model.tab}
            aria-controls={`${id}-panel`}
            tabIndex={tab === model.tab ? 0 : -1}
            onClick={() => (model.tab = tab)}
          >
            {tabWords(trans, tab)}
            {count !== null && <span className="jp-Attest-count">{count}</span>}
          </button>
        );
      })}
    </div>
  );
}

function Body({ model, record, summary, trans }: IPart): JSX.Element {
  const { statement } = record;
  switch (model.tab) {
    case 'summary':
      return <Summary {...{ model, statement, trans }} />;
    case 'files':
      return <Files {...{ model, trans }} />;
    case 'runs':
      return <Runs {...{ model, statement, trans }} />;
    case 'gaps':
      return <Gaps {...{ model, summary, trans }} />;
    case 'technical':
      return (
        <Technical
          {...{ record, trans }}
          ceiling={summary.ceiling}
          name={PathExt.basename(model.path)}
        />
      );
  }
}

function Head({ model, record, trans }: IPart): JSX.Element {
  const { name, rest } = headline(trans, record.statement, file =>
    model.writer(file)
  );
  return (
    <header className="jp-Attest-vh">
      <div>
        <h1>
          <strong>{name}</strong> {rest}
        </h1>
        <p>
          {trans.__(
            'A run is one execution of a notebook cell. This page shows what the record says; nothing was run again.'
          )}
        </p>
      </div>
      <button
        type="button"
        className="jp-Attest-btn"
        onClick={() => saveText('statement.intoto.json', record.text)}
      >
        <Icon icon={downloadIcon} />
        {trans.__('Export statement')}
      </button>
    </header>
  );
}

function Malformed(props: {
  why: string;
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <div className="jp-Attest-malformed" role="alert">
      <Icon icon={errorIcon} tone="bad" />
      <div>
        <h1>{props.trans.__('Unreadable record')}</h1>
        <p>{props.why}</p>
      </div>
    </div>
  );
}

/** The whole page. */
export class RecordView extends VDomRenderer<RecordModel> {
  constructor(
    model: RecordModel,
    private _trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Attest-view');
  }

  override dispose(): void {
    const model = this.model;
    super.dispose();
    model?.dispose();
  }

  protected override render(): JSX.Element | null {
    const { model, _trans: trans } = this;
    const opened = model?.opened;
    if (!model || !opened) {
      return (
        <p className="jp-Attest-none">{trans.__('Reading the record…')}</p>
      );
    }
    if (opened.type === 'malformed') {
      return (
        <Malformed why={malformedWords(trans, opened.why)} trans={trans} />
      );
    }
    if (!model.summary) {
      return null;
    }
    const part = { model, record: opened, summary: model.summary, trans };
    const flush = model.tab === 'files' || model.tab === 'runs';
    const broken = model.verified?.status === 'bad-signature';
    return (
      <>
        <Head {...part} />
        <Answers {...part} />
        {broken && (
          <p className="jp-Attest-broken" role="alert">
            {trans.__("What the record says; don't rely on it")}
          </p>
        )}
        <Tabs {...part} id={this.id} />
        <div
          className="jp-Attest-body"
          data-flush={flush}
          data-broken={broken}
          role="tabpanel"
          id={`${this.id}-panel`}
          aria-labelledby={`${this.id}-${model.tab}`}
          tabIndex={flush ? -1 : 0}
        >
          <Body {...part} />
        </div>
      </>
    );
  }
}

/** A page with a model of its own, which goes when the page goes. */
export function createView(
  options: IRecordModelOptions,
  trans: TranslationBundle
): RecordView {
  const view = new RecordView(new RecordModel(options), trans);
  view.id = `jp-Attest-${UUID.uuid4()}`;
  return view;
}
