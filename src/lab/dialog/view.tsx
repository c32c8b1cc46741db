/**
 * The dialog's picture: every part is a function of the model. The buttons
 * stand last in the order of the Tab key; Enter in the form submits nothing.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer, errorIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ICreateDone, IWrittenFile } from '../../api';
import { dotIcon, gapIcon, halfIcon, unequalIcon } from '../icons';
import { Icon, LinkButton, Meta, Name, State } from '../parts';
import { fromNotebook, visible } from '../text';
import {
  ceilingReason,
  counted,
  errorReason,
  fileStateWords,
  gapCount,
  gapSentence,
  progressWords,
  requestProblem,
  sessionTitle,
  writtenBy
} from '../wording';
import { Preview } from './preview';
import { Refusal } from './refusal';
import { Runs } from './runs';
import type { AttestModel, OptionName } from './model';
import { savedAs } from './names';

interface IPart {
  model: AttestModel;
  trans: TranslationBundle;
}

/** A labelled row of the form. */
function Row(props: {
  id: string;
  title: string;
  role?: 'group' | 'radiogroup';
  children: React.ReactNode;
}): JSX.Element {
  const title = `jp-Attest-${props.id}`;
  return (
    <section
      className="jp-Attest-f"
      role={props.role ?? 'group'}
      aria-labelledby={title}
    >
      <h2 id={title}>{props.title}</h2>
      <div>{props.children}</div>
    </section>
  );
}

/** A tick box or button of the form: its name, and beside or below it what goes with it. */
function Option(props: {
  type: 'checkbox' | 'radio';
  name?: string;
  checked: boolean;
  disabled: boolean;
  onChange: (checked: boolean) => void;
  label: React.ReactNode;
  beside?: React.ReactNode;
  below?: string;
}): JSX.Element {
  const id = React.useId();
  const { beside, below } = props;
  const described = beside !== undefined || below !== undefined;
  return (
    <label className="jp-Attest-opt" aria-disabled={props.disabled}>
      <input
        type={props.type}
        name={props.name}
        checked={props.checked}
        disabled={props.disabled}
        onChange={event => props.onChange(event.target.checked)}
        aria-labelledby={`${id}name`}
        aria-describedby={described ? `${id}more` : undefined}
      />
      <span className="jp-Attest-optName" id={`${id}name`}>
        {props.label}
      </span>
      {beside !== undefined && (
        <span className="jp-Attest-optBeside" id={`${id}more`}>
          {beside}
        </span>
      )}
      {below !== undefined && (
        <span className="jp-Attest-meta jp-Attest-optMore" id={`${id}more`}>
          {below}
        </span>
      )}
    </label>
  );
}

function FileOption(
  props: IPart & { path: string; free: boolean; beside: React.ReactNode }
): JSX.Element {
  const { model, path, free, beside } = props;
  const name = fromNotebook(path, model.notebook);
  return (
    <Option
      type="checkbox"
      checked={model.isChosen(path)}
      disabled={!free || model.signing}
      onChange={() => model.toggle(path)}
      label={<Name name={name} title={visible(path)} />}
      beside={beside}
    />
  );
}

function WrittenOption(props: IPart & { file: IWrittenFile }): JSX.Element {
  const { model, trans, file } = props;
  const state = fileStateWords(trans, file);
  const bad = model.refusal?.files.some(({ path }) => path === file.path);
  return (
    <FileOption
      {...{ model, trans }}
      path={file.path}
      free={state === null}
      beside={
        state === null ? (
          <Meta>{writtenBy(trans, file)}</Meta>
        ) : (
          <State icon={unequalIcon} word={state} tone={bad ? 'bad' : 'warn'} />
        )
      }
    />
  );
}

/** The way to a file whose write wasn't seen: its path, completed from the folder. */
function AnotherFile({ model, trans }: IPart): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const [path, setPath] = React.useState('');
  const add = (): void => {
    if (path.trim()) {
      model.addOther(path.trim().replace(/^\/+/, ''));
      setPath('');
      setOpen(false);
    }
  };
  const show = (): void => {
    setOpen(!open);
    void model.findNearby();
  };
  return (
    <div className="jp-Attest-another">
      <LinkButton onClick={show} expanded={open}>
        {trans.__('Another file…')}
      </LinkButton>
      {open && (
        <div className="jp-Attest-anotherForm">
          <input
            className="jp-Attest-in"
            aria-label={trans.__('Path of the file')}
            placeholder={trans.__('Path of the file')}
            list="jp-Attest-nearby"
            value={path}
            autoFocus={true}
            onChange={event => setPath(event.target.value)}
          />
          <datalist id="jp-Attest-nearby">
            {model.nearby.map(name => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <button
            type="button"
            className="jp-Attest-btn"
            onClick={add}
            aria-disabled={!path.trim()}
          >
            {trans.__('Choose')}
          </button>
        </div>
      )}
    </div>
  );
}

function Listed({ model, trans }: IPart): JSX.Element {
  const { listing, groups } = model;
  switch (listing.type) {
    case 'reading':
      return <Meta>{trans.__('Reading what was recorded…')}</Meta>;
    case 'unanswered':
      return (
        <span>
          {trans.__(
            "Can't reach the recorder: %1.",
            requestProblem(trans, listing.code)
          )}{' '}
          <LinkButton onClick={() => void model.load()}>
            {trans.__('Try again')}
          </LinkButton>
        </span>
      );
    case 'read':
      return (
        <>
          {groups.length === 0 && (
            <Meta>{trans.__('No written file was recorded.')}</Meta>
          )}
          {groups.map(({ session, files }, index) => (
            <React.Fragment key={session.sid}>
              {(index > 0 || session.state !== 'running') && (
                <div className="jp-Attest-group">
                  {sessionTitle(trans, session)}
                </div>
              )}
              {files.map(file => (
                <WrittenOption key={file.path} {...{ model, trans, file }} />
              ))}
            </React.Fragment>
          ))}
          {model.others.map(path => (
            <FileOption
              key={path}
              {...{ model, trans, path }}
              free={true}
              beside={
                <State
                  icon={gapIcon}
                  word={trans.__('write not recorded')}
                  tone="warn"
                />
              }
            />
          ))}
          <AnotherFile model={model} trans={trans} />
        </>
      );
  }
}

/** A line that a link opens: gaps one by one, reasons one by one. */
function Opening(props: {
  line: React.ReactNode;
  link: string;
  items: string[];
}): JSX.Element {
  const [open, setOpen] = React.useState(false);
  return (
    <div>
      {props.line}{' '}
      {props.items.length > 0 && (
        <LinkButton onClick={() => setOpen(!open)} expanded={open}>
          {props.link}
        </LinkButton>
      )}
      {open && (
        <ul className="jp-Attest-inner">
          {props.items.map(item => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Says(props: {
  done: ICreateDone;
  trans: TranslationBundle;
}): JSX.Element {
  const { done, trans } = props;
  const { gaps, ceiling } = done.summary;
  // Each kind of gap counts once here: the list behind Show has the numbers.
  return (
    <ul className="jp-Attest-says" aria-live="polite">
      <li>
        <Icon icon={dotIcon} />
        <span>{counted(trans, done.summary)}</span>
      </li>
      <li>
        <Icon icon={gapIcon} tone={gaps.length > 0 ? 'warn' : undefined} />
        <Opening
          line={gapCount(trans, gaps.length)}
          link={trans.__('Show')}
          items={gaps.map(gap => gapSentence(trans, gap))}
        />
      </li>
      <li>
        <Icon icon={halfIcon} />
        <Opening
          line={trans.__(
            'Self-reported: you could have changed it before signing'
          )}
          link={trans.__('Why?')}
          items={ceiling.reasons.map(reason => ceilingReason(trans, reason))}
        />
      </li>
    </ul>
  );
}

function WillSay({ model, trans }: IPart): JSX.Element | null {
  const { answer } = model;
  switch (answer.type) {
    case 'none':
    case 'refused':
      return null;
    case 'asking':
      return (
        <p className="jp-Attest-wait" aria-live="polite">
          {progressWords(trans, answer.progress)}
        </p>
      );
    case 'unanswered':
      return (
        <p className="jp-Attest-wait" role="alert">
          {trans.__(
            "Can't reach the recorder: %1.",
            requestProblem(trans, answer.code)
          )}
        </p>
      );
    case 'error':
      return (
        <p className="jp-Attest-wait" role="alert">
          {trans.__("This can't be made: %1.", errorReason(trans, answer))}{' '}
          {answer.code === 'cannot-drop' && (
            <LinkButton onClick={() => model.keepAll()}>
              {trans.__('Keep all runs again')}
            </LinkButton>
          )}
        </p>
      );
    case 'done':
      return <Says done={answer} trans={trans} />;
  }
}

function Additions({ model, trans }: IPart): JSX.Element {
  const names: [OptionName, string][] = [
    ['code', trans.__('Code of the cells')],
    ['packages', trans.__('Package versions')],
    ['userName', trans.__('Your user name')],
    ['fullPaths', trans.__('Full paths')]
  ];
  return (
    <>
      <div className="jp-Attest-grid4">
        {names.map(([name, label]) => (
          <Option
            key={name}
            type="checkbox"
            checked={model.options[name]}
            disabled={model.signing}
            onChange={checked => model.setOption(name, checked)}
            label={label}
          />
        ))}
      </div>
      <Meta>
        {trans.__(
          'Always in it: file names, sizes, fingerprints, times and run order.'
        )}
      </Meta>
    </>
  );
}

function Signatures({ model, trans }: IPart): JSX.Element {
  const kinds: ['local' | 'none', string, string][] = [
    [
      'local',
      trans.__('Sign with a key on this server'),
      trans.__('Works offline. Others need your public key to verify it.')
    ],
    [
      'none',
      trans.__("Don't sign"),
      trans.__('Anyone could change the record later.')
    ]
  ];
  return (
    <>
      {kinds.map(([sign, label, meaning]) => (
        <Option
          key={sign}
          type="radio"
          name="jp-Attest-sign"
          checked={model.sign === sign}
          disabled={model.signing}
          onChange={() => model.setSign(sign)}
          label={label}
          below={meaning}
        />
      ))}
    </>
  );
}

/** Why the primary button can't be used now, or null when it can. */
function blocked({ model, trans }: IPart): string | null {
  if (model.signing) {
    return model.signingProgress === null
      ? trans.__('Comparing the files once more…')
      : progressWords(trans, model.signingProgress);
  }
  if (model.chosen.length === 0) {
    return trans.__('Choose at least one file this record is about.');
  }
  switch (model.answer.type) {
    case 'done':
      return null;
    case 'asking':
      return progressWords(trans, model.answer.progress);
    case 'unanswered':
      return trans.__(
        "Can't reach the recorder: %1.",
        requestProblem(trans, model.answer.code)
      );
    case 'error':
      return trans.__(
        "This can't be made: %1.",
        errorReason(trans, model.answer)
      );
    case 'none':
    case 'refused':
      return trans.__('Choose at least one file this record is about.');
  }
}

function Reason(props: { busy: boolean; why: string }): JSX.Element {
  return (
    <div className="jp-Attest-msg" id="jp-Attest-why" aria-live="polite">
      {!props.busy && <Icon icon={errorIcon} tone="bad" />}
      <div>{props.why}</div>
    </div>
  );
}

function Place({ model, trans }: IPart): JSX.Element {
  return (
    <div className="jp-Attest-msg">
      <div aria-live="polite">
        <div className="jp-Attest-saves">
          {trans.__('Saves')}{' '}
          <Name
            name={fromNotebook(savedAs(model), model.notebook)}
            title={visible(savedAs(model))}
            tail={22}
          />
        </div>
        <div>
          {trans.__('Nothing is sent.')}{' '}
          {!model.previewOpen && (
            <LinkButton onClick={() => model.setPreview(true)}>
              {trans.__('Preview what is signed')}
            </LinkButton>
          )}
        </div>
      </div>
    </div>
  );
}

function Foot(props: IPart & { onClose: () => void }): JSX.Element {
  const { model, trans, onClose } = props;
  const why = blocked(props);
  const submit = async (): Promise<void> => {
    if (why === null && (await model.submit())) {
      onClose();
    }
  };
  return (
    <div className="jp-Attest-foot">
      {why === null ? (
        <Place model={model} trans={trans} />
      ) : (
        <Reason
          why={why}
          busy={model.signing || model.answer.type === 'asking'}
        />
      )}
      <button
        type="button"
        className="jp-Attest-dbtn"
        data-attest-first=""
        onClick={onClose}
      >
        {trans.__('Cancel')}
      </button>
      <button
        type="button"
        className="jp-Attest-dbtn jp-Attest-mod-accept"
        aria-disabled={why !== null}
        aria-describedby={why === null ? undefined : 'jp-Attest-why'}
        onClick={() => void submit()}
      >
        {model.sign === 'none'
          ? trans.__('Save record')
          : trans.__('Sign and save')}
      </button>
    </div>
  );
}

/** The whole dialog below its title. */
export class AttestForm extends VDomRenderer<AttestModel> {
  constructor(
    model: AttestModel,
    private _trans: TranslationBundle,
    private _close: () => void
  ) {
    super(model);
    this.addClass('jp-Attest-form');
  }

  protected override render(): JSX.Element | null {
    const { model, _trans: trans } = this;
    if (!model) {
      return null;
    }
    const part = { model, trans };
    const says = model.answer.type !== 'none';
    return (
      <>
        <p className="jp-Attest-sub">
          {trans.__(
            'It says how the files you choose were made, as far as this session was recorded.'
          )}
        </p>
        {model.refusal && <Refusal {...part} refused={model.refusal} />}
        <div className="jp-Attest-cols">
          <div className="jp-Attest-fields">
            <Row id="for" title={trans.__('For')}>
              <Listed {...part} />
            </Row>
            {says && (
              <Row id="says" title={trans.__('It will say')}>
                <WillSay {...part} />
              </Row>
            )}
            {says && model.runs.length > 0 && (
              <Row id="runs" title={trans.__('Runs')}>
                <Runs {...part} />
              </Row>
            )}
            {says && (
              <Row id="wont" title={trans.__("It won't say")}>
                <p className="jp-Attest-wait">
                  {trans.__(
                    'that the code is correct, that the data are good, or that running it again gives the same model.'
                  )}
                </p>
              </Row>
            )}
            <Row id="add" title={trans.__('Add')}>
              <Additions {...part} />
            </Row>
            <Row id="signature" title={trans.__('Signature')} role="radiogroup">
              <Signatures {...part} />
            </Row>
          </div>
          {model.previewOpen && <Preview {...part} />}
        </div>
        <Foot {...part} onClose={this._close} />
      </>
    );
  }
}
