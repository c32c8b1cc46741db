/** What dialog and viewer both show of a run: its place in the record, and why. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IDetail } from '../record/words';
import { dotIcon, gapIcon, halfIcon, ringIcon } from './icons';
import { Icon, State, type Tone } from './parts';
import { visible } from './text';
import { leftOutUse, reasonDetail, reasonText, verdictText } from './wording';

/** Longest first line of a cell that is put in the page, in characters. */
const MAX_LINE = 300;

/** What is told of any run, by names that aren't safe to show yet. */
export interface IToldRun {
  reads: readonly string[];
  writes: readonly string[];
  verdict: string;
  reason: string;
  because: readonly IDetail[];
}

const BY_PERSON = 'dropped-by-user';

/** A person left it out: nothing shows that it had no effect. */
export const isByPerson = ({ verdict }: { verdict: string }): boolean =>
  verdict === BY_PERSON;

function verdictSign(verdict: string): { icon: LabIcon; tone?: Tone } {
  switch (verdict) {
    case 'needed':
      return { icon: dotIcon };
    case 'kept-undecided':
      return { icon: halfIcon };
    case BY_PERSON:
      return { icon: gapIcon, tone: 'warn' };
    default:
      return { icon: ringIcon };
  }
}

/** Icon and word of a run's place in the record. */
export function Verdict(props: {
  verdict: string;
  trans: TranslationBundle;
  /** Instead of the usual word. */
  word?: string;
}): JSX.Element {
  const { verdict, trans, word } = props;
  return (
    <State
      {...verdictSign(verdict)}
      word={word ?? verdictText(trans, verdict)}
    />
  );
}

/** The first line of a cell, as one line of safe text. */
export function firstLine(code: string): string {
  const line = code.split('\n').find(each => each.trim()) ?? '';
  return visible(line.slice(0, MAX_LINE));
}

/** What a run read and wrote, whether it was kept, and why: for a list of terms. */
export function toldRows(
  trans: TranslationBundle,
  run: IToldRun
): [term: string, fact: React.ReactNode][] {
  const { reads, writes, verdict, reason, because } = run;
  const list = (names: readonly string[]): string =>
    names.map(name => visible(name)).join(', ') || trans.__('nothing seen');
  const details = because.map(detail => reasonDetail(trans, detail));
  return [
    [trans.__('Read'), list(reads)],
    [trans.__('Wrote'), list(writes)],
    [
      trans.__('In this record'),
      trans.__('%1: %2', verdictText(trans, verdict), reasonText(trans, reason))
    ],
    ...(isByPerson(run)
      ? [
          [trans.__('Used later'), <Used key="used" {...{ run, trans }} />] as [
            string,
            React.ReactNode
          ]
        ]
      : details.length === 0
        ? []
        : [[trans.__('Why'), details.join('; ')] as [string, string]])
  ];
}

function Used(props: { run: IToldRun; trans: TranslationBundle }): JSX.Element {
  const { run, trans } = props;
  const { used, text } = leftOutUse(trans, run.because);
  return (
    <span className="jp-Attest-noted">
      {used && <Icon icon={gapIcon} tone="warn" />}
      <span>{text}</span>
    </span>
  );
}
