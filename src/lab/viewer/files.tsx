import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { equalIcon, minusIcon, questionIcon, unequalIcon } from '../icons';
import {
  Code,
  Facts,
  FileName,
  FilterBox,
  LinkButton,
  State,
  copyText,
  type Tone
} from '../parts';
import {
  count,
  fileSize,
  groupedDigest,
  localeOf,
  shortDigest,
  visible
} from '../text';
import {
  answerText,
  hereWords,
  kindWords,
  observersText,
  takenWords
} from '../wording';
import type { Here, IShownFile, RecordModel } from './model';
import { Table, type IColumn } from '../table';

const HERE: Record<Here, { icon: LabIcon; tone?: Tone }> = {
  same: { icon: equalIcon },
  different: { icon: unequalIcon, tone: 'warn' },
  'not-here': { icon: questionIcon },
  'not-checked': { icon: minusIcon }
};

function seenWords(file: IShownFile, trans: TranslationBundle): string {
  const run =
    file.run === null
      ? null
      : trans.__('run %1', count(file.run, localeOf(trans)));
  return [
    run,
    file.via === null ? null : visible(file.via),
    observersText(trans, file.seenBy)
  ]
    .filter(text => text !== null && text !== '')
    .join(', ');
}

function columns(trans: TranslationBundle): IColumn<IShownFile>[] {
  return [
    {
      title: trans.__('Name'),
      cell: file => <FileName name={file.name} tail={16} />
    },
    {
      title: trans.__('Kind'),
      width: '90px',
      cell: file => (file.kind === null ? '' : kindWords(trans, file.kind))
    },
    {
      title: trans.__('Size'),
      width: '90px',
      end: true,
      cell: file => (file.sizeBytes === null ? '' : fileSize(file.sizeBytes))
    },
    {
      title: trans.__('Fingerprint'),
      width: '110px',
      cell: file =>
        file.sha256 === null ? (
          trans.__('none')
        ) : (
          <Code>{shortDigest(file.sha256)}</Code>
        )
    },
    {
      title: trans.__('Run, seen by'),
      width: '180px',
      cell: file => seenWords(file, trans)
    },
    {
      title: trans.__('Fingerprint taken'),
      width: '210px',
      cell: file => takenWords(trans, file.taken, file.absent)
    },
    {
      title: trans.__('On this computer'),
      width: '140px',
      cell: file => (
        <State
          icon={HERE[file.here].icon}
          tone={HERE[file.here].tone}
          word={hereWords(trans, file.here)}
        />
      )
    }
  ];
}

function Detail(props: {
  file: IShownFile;
  trans: TranslationBundle;
}): JSX.Element {
  const { file, trans } = props;
  const { sha256 } = file;
  const size =
    file.sizeBytes === null
      ? trans.__('not recorded')
      : trans.__(
          '%1 (%2 bytes)',
          fileSize(file.sizeBytes),
          count(file.sizeBytes, localeOf(trans))
        );
  return (
    <section
      className="jp-Attest-detail"
      aria-label={trans.__('Details of the selected file')}
    >
      <Facts
        rows={[
          [trans.__('File'), visible(file.name)],
          [trans.__('Size'), size]
        ]}
      />
      <Facts
        rows={[
          [
            trans.__('Fingerprint'),
            sha256 === null ? (
              takenWords(trans, null, file.absent)
            ) : (
              <>
                <span className="jp-Attest-code jp-Attest-wrap">
                  {groupedDigest(sha256)}
                </span>{' '}
                <LinkButton
                  onClick={() => copyText(sha256)}
                  label={trans.__('Copy the fingerprint')}
                >
                  {trans.__('Copy')}
                </LinkButton>
              </>
            )
          ]
        ]}
      />
      <Facts
        rows={[
          [
            file.written ? trans.__('Written by') : trans.__('Read by'),
            seenWords(file, trans) || trans.__('not recorded')
          ],
          [trans.__('On this computer'), hereWords(trans, file.here)]
        ]}
      />
      {file.answers.length > 0 && (
        <Answers answers={file.answers} trans={trans} />
      )}
    </section>
  );
}

/** What a database answered: rows and fingerprint, or why it has none. */
function Answers(props: {
  answers: IShownFile['answers'];
  trans: TranslationBundle;
}): JSX.Element {
  const { answers, trans } = props;
  return (
    <Facts
      wide
      rows={answers.map((answer, index) => [
        trans.__('Answer %1', count(index + 1, localeOf(trans))),
        <>
          {answerText(trans, answer)}
          {answer.sha256 !== undefined && (
            <>
              {', '}
              <Code>{shortDigest(answer.sha256)}</Code>
            </>
          )}
        </>
      ])}
    />
  );
}

/** Everything written and read, as a list. */
export function Files(props: {
  model: RecordModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const [filter, setFilter] = React.useState('');
  const { written, read, elsewhere, notebooks } = model.files();
  const wanted = filter.trim().toLowerCase();
  const fits = (file: IShownFile): boolean =>
    file.name.toLowerCase().includes(wanted) ||
    (file.sha256 ?? '').startsWith(wanted);
  const selected = model.selected('files') ?? written[0]?.key ?? null;
  const detail = [...written, ...read, ...elsewhere, ...notebooks].find(
    ({ key }) => key === selected
  );
  return (
    <>
      <div className="jp-Attest-bar">
        <FilterBox
          label={trans.__('Filter by name or fingerprint')}
          value={filter}
          onChange={setFilter}
        />
      </div>
      <Table
        label={trans.__('Inputs and outputs')}
        columns={columns(trans)}
        groups={[
          { title: trans.__('Written'), rows: written.filter(fits) },
          { title: trans.__('Read'), rows: read.filter(fits) },
          {
            title: trans.__('From elsewhere'),
            rows: elsewhere.filter(fits)
          },
          { title: trans.__('Notebooks'), rows: notebooks.filter(fits) }
        ]}
        keyOf={file => file.key}
        selected={selected}
        onSelect={file => model.select('files', file.key)}
      />
      {detail && <Detail file={detail} trans={trans} />}
    </>
  );
}
