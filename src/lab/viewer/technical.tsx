import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ICeiling } from '../../api';
import { Json } from '../json';
import { Facts, Icon, copyText } from '../parts';
import { count, localeOf, visible } from '../text';
import { ceilingReason, ceilingWords } from '../wording';
import { filesRead, packagesOf } from './model';
import type { IOpenedRecord } from './record';

interface ITechnical {
  record: IOpenedRecord;
  ceiling: ICeiling;
  /** Name of the record's file. */
  name: string;
  trans: TranslationBundle;
}

function Command(props: {
  command: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { command, trans } = props;
  return (
    <div className="jp-Attest-cmd">
      <code>{command}</code>
      <button
        type="button"
        className="jp-Attest-ib"
        title={trans.__('Copy')}
        aria-label={trans.__('Copy the command')}
        onClick={() => copyText(command)}
      >
        <Icon icon={copyIcon} />
      </button>
    </div>
  );
}

/** A name as one word of a POSIX shell; hidden characters can't be typed and stay escaped. */
function quoted(name: string): string {
  const shown = visible(name);
  return /^[\w@%+=:,./-]+$/.test(shown) && !shown.startsWith('-')
    ? shown
    : `'./${shown.replace(/'/g, "'\\''")}'`;
}

function Ceiling(props: {
  ceiling: ICeiling;
  trans: TranslationBundle;
}): JSX.Element {
  const { ceiling, trans } = props;
  return (
    <>
      {ceilingWords(trans, ceiling)}
      <ul className="jp-Attest-inner">
        {ceiling.reasons.map(reason => (
          <li key={reason.code}>{ceilingReason(trans, reason)}</li>
        ))}
      </ul>
    </>
  );
}

function contents(props: ITechnical): [string, React.ReactNode][] {
  const { record, ceiling, trans } = props;
  const { statement, signature } = record;
  const { buildDefinition, runDetails } = statement.predicate;
  const { recording } = buildDefinition.internalParameters;
  const locale = localeOf(trans);
  const common: [string, React.ReactNode][] = [
    [trans.__('Ceiling'), <Ceiling key="c" {...{ ceiling, trans }} />],
    [
      trans.__('Format'),
      signature
        ? trans.__('Sigstore bundle v0.3, DSSE envelope, in-toto Statement v1')
        : trans.__('in-toto Statement v1, not signed')
    ],
    [trans.__('Predicate'), visible(statement.predicateType)],
    [trans.__('Build type'), visible(buildDefinition.buildType)],
    [trans.__('Builder'), visible(runDetails.builder.id)],
    [
      trans.__('Subjects'),
      trans.__('%1, SHA-256', count(statement.subject.length, locale))
    ],
    [
      trans.__('Dependencies'),
      trans.__(
        '%1, %2',
        trans._n('%1 file', '%1 files', filesRead(statement).length),
        trans._n('%1 package', '%1 packages', packagesOf(statement).length)
      )
    ],
    [
      trans.__('Observers'),
      recording.observers
        .map(({ kind, domain, version }) =>
          trans.__(
            '%1 %2 (%3)',
            visible(kind),
            visible(version),
            domain === 'tenant'
              ? trans.__('under the control of its author')
              : trans.__('run by the platform')
          )
        )
        .join(', ')
    ],
    [
      trans.__('By-products'),
      runDetails.byproducts.map(({ name }) => visible(name)).join(', ')
    ],
    [trans.__('Invocation'), visible(runDetails.metadata.invocationId)]
  ];
  return [...common, ...signatureFacts(record, trans)];
}

function signatureFacts(
  { signature }: IOpenedRecord,
  trans: TranslationBundle
): [string, React.ReactNode][] {
  if (!signature) {
    return [[trans.__('Signature'), trans.__('None')]];
  }
  return [
    [
      trans.__('Signature'),
      signature.hint === null
        ? trans.__('By a certificate, which is not checked here yet')
        : trans.__('ECDSA P-256, SHA-256, no key id')
    ],
    [
      trans.__('Key hint'),
      <span key="hint" className="jp-Attest-code jp-Attest-wrap">
        {visible(signature.hint ?? '')}
      </span>
    ],
    [
      trans.__('Timestamp, public log'),
      signature.witnessed
        ? trans.__('Present, not checked here yet')
        : trans.__("None. The signing time is the author's own.")
    ]
  ];
}

/** The only place with the names that specialists use. */
export function Technical(props: ITechnical): JSX.Element {
  const { record, name, trans } = props;
  const subject = quoted(record.statement.subject[0]?.name ?? '');
  return (
    <div className="jp-Attest-2col jp-Attest-mod-even">
      <div>
        <h3 className="jp-Attest-h3">{trans.__('What the file contains')}</h3>
        <Facts wide={true} rows={contents(props)} />
      </div>
      <div>
        <h3 className="jp-Attest-h3">
          {trans.__('How to check this without this tool')}
        </h3>
        {record.signature && (
          <Command
            trans={trans}
            command={`cosign verify-blob-attestation --key author.pub.pem --bundle ${quoted(name)} --type slsaprovenance1 --insecure-ignore-tlog ${subject}`}
          />
        )}
        <Command trans={trans} command={`sha256sum ${subject}`} />
        <div className="jp-Attest-previewHead">
          <h3 className="jp-Attest-h3">{trans.__('Statement')}</h3>
          <span className="jp-Attest-space" />
          <button
            type="button"
            className="jp-Attest-btn"
            onClick={() => copyText(record.text)}
          >
            <Icon icon={copyIcon} />
            {trans.__('Copy')}
          </button>
        </div>
        <Json text={record.text} label={trans.__('Statement')} />
      </div>
    </div>
  );
}
