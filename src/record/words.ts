/**
 * What is said of a run: kept or left out, and why. One place for the command line, the
 * dialog and the viewer. What a record holds comes in as text that is safe to show; an
 * unknown code of a newer program is shown as it stands.
 */
import type { DatabaseAnswer, DatabaseDependency } from './types';
import type { ReasonCode, Verdict, VerdictReason } from '../condense/types';

/** Untranslated or translated words, as JupyterLab's `TranslationBundle` gives them. */
export interface ITranslator {
  /** `%1`, `%2` … are the arguments. */
  __(text: string, ...args: unknown[]): string;
  /** `%1` is the number. */
  _n(one: string, many: string, n: number, ...args: unknown[]): string;
}

/** What a run was found to be for the record. */
export function verdictWords(trans: ITranslator, verdict: string): string {
  switch (verdict as Verdict) {
    case 'needed':
      return trans.__('needed');
    case 'kept-undecided':
      return trans.__('kept, undecided');
    case 'dropped-proved':
    case 'after-subject':
      return trans.__('left out');
    case 'dropped-by-user':
      return trans.__('left out by a person');
    default:
      return verdict;
  }
}

/** Why a run was kept or left out. */
export function reasonWords(trans: ITranslator, reason: string): string {
  switch (reason as VerdictReason) {
    case 'wrote':
      return trans.__('wrote it, or a file that it depends on');
    case 'may-have-written':
      return trans.__('one of several runs that may have written a file');
    case 'write-not-seen':
      return trans.__('how the file was written was not seen');
    case 'not-shown-harmless':
      return trans.__('not shown to be harmless');
    case 'after-the-write':
      return trans.__('ran after the file was written');
    case 'user':
      return trans.__("its author's choice");
    case 'made-what-was-read':
      return trans.__('made something that a needed run reads');
    case 'read':
      return trans.__('a kept run may read what it made');
    case 'harmless-unread':
      return trans.__('shown harmless, no kept run reads it');
    default:
      return reason;
  }
}

/** A detail of a run list: what the run made and who reads it, or what stands in the way. */
export interface IDetail {
  code: string;
  resource?: string | undefined;
  run?: number | undefined;
}

/** How texts of a record and numbers are shown. */
export interface IShow {
  text(text: string): string;
  count(value: number): string;
}

/** One detail of why a run was kept, or of what kept runs use of one that was left out. */
export function detailWords(
  trans: ITranslator,
  { code, resource, run }: IDetail,
  show: IShow
): string {
  const what = resourceWords(trans, resource ?? '', show);
  const reader = run === undefined ? '' : show.count(run);
  switch (code as ReasonCode) {
    case 'wrote':
      return trans.__('wrote %1', what);
    case 'read-by':
      return trans.__('made %1, which run %2 reads', what, reader);
    case 'may-be-read-by':
      return trans.__('what run %1 reads can’t be told: %2', reader, what);
    case 'no-evidence':
      return trans.__('what it changed was not seen');
    case 'not-ended-well':
      return trans.__('it did not end normally: %1', what);
    case 'not-a-plain-cell':
      return trans.__('it is no plain cell: %1', what);
    case 'overlaps':
      return trans.__('another run went on at the same time');
    case 'left-something-running':
      return trans.__('it left a thread or task running');
    case 'changed-in-between':
      return trans.__('something changed between it and the run before');
    case 'acted':
      return trans.__('it did more than compute: %1', what);
    case 'changed-state':
      return trans.__('it changed a setting: %1', what);
    case 'changed-name':
      return trans.__('it changed %1', what);
    case 'not-original':
      return trans.__(
        'something it relies on may have been replaced: %1',
        what
      );
    case 'opaque':
      return trans.__('its code reaches names by text: %1', what);
    case 'construct':
      return trans.__('it uses %1', what);
    case 'stores-into':
      return trans.__('it stores into %1', what);
    case 'imports':
      return trans.__('it imports %1', what);
    case 'unlisted-value':
      return trans.__('it uses %1, whose kind isn’t listed', what);
    case 'call':
      return trans.__('it calls %1', what);
    default:
      return show.text(code);
  }
}

/** A name of the kernel, or one of the few resources that have none. */
function resourceWords(
  trans: ITranslator,
  resource: string,
  show: IShow
): string {
  switch (resource) {
    case 'plots':
    case 'figures':
      return trans.__('a plot');
    case 'functions':
      return trans.__('something that functions may read');
    default:
      return show.text(resource.replace(/^var:/, ''));
  }
}

/** Whether kept runs surely use what a run left out by its author made. */
export function isUsed(because: readonly { code: string }[]): boolean {
  return because.some(({ code }) => code === 'read-by' || code === 'wrote');
}

/** Who saw a read or a write, in plain words. */
export function observerWords(trans: ITranslator, kind: string): string {
  switch (kind) {
    case 'probe':
    case 'audit':
      return trans.__('kernel');
    case 'wrapper':
      return trans.__('library');
    case 'maps':
      return trans.__('memory map');
    case 'scan':
      return trans.__('disk');
    case 'worker':
      return trans.__('child process');
    case 'tracer':
      return trans.__('system tracer');
    case 'server':
      return trans.__('server');
    default:
      return kind;
  }
}

/** Of a run that its author left out: what kept runs use of what it made. */
export function leftOutWords(
  trans: ITranslator,
  because: readonly IDetail[],
  show: IShow
): string {
  const used = because.filter(each => isUsed([each]));
  if (used.length > 0) {
    const items = used.map(({ resource, run }) => {
      const what = resourceWords(trans, resource ?? '', show);
      return run === undefined
        ? trans.__('%1 (in a later session)', what)
        : trans.__('%1 (run %2)', what, show.count(run));
    });
    return trans.__('Later runs read from it: %1.', items.join(', '));
  }
  const [may] = because;
  return may?.run === undefined
    ? trans.__('No kept run was seen to use what it made.')
    : trans.__(
        'Run %1 may use what it made: what that reads can’t be told.',
        show.count(may.run)
      );
}

/** How many rows a database's answers had, in a few words. */
export function databaseWords(
  trans: ITranslator,
  { nb_answers: answers = [], nb_absent }: DatabaseDependency['annotations'],
  count: IShow['count']
): string {
  const all = answers.reduce((sum, { fetched = 0 }) => sum + fetched, 0);
  const rows = trans._n('one row', '%2 rows', all, count(all));
  if (answers.length === 0) {
    return trans.__('a database; answers have no fingerprint');
  }
  if (nb_absent !== undefined) {
    return trans.__('a database; %1 seen', rows);
  }
  return answers.length === 1
    ? trans.__('a database; answer of %1', rows)
    : trans.__('a database; %1 answers, %2', count(answers.length), rows);
}

/** Rows of one answer: how many were fetched, and why they have no fingerprint. */
export function answerWords(
  trans: ITranslator,
  { fetched, reported, absent }: DatabaseAnswer,
  show: IShow
): string {
  const rows = rowWords(trans, fetched, reported, show.count);
  switch (absent) {
    case undefined:
      return rows;
    case 'partial':
      return trans.__('%1; no fingerprint: not known to be all', rows);
    case 'too-large':
      return trans.__('%1; no fingerprint: too large', rows);
    case 'unlisted-type':
      return trans.__('%1; no fingerprint: rows of other types', rows);
    case 'moved':
      return trans.__('%1; no fingerprint: the cursor was moved', rows);
    case 'too-many':
      return trans.__('one of too many answers to be told each');
    default:
      return trans.__('%1; no fingerprint: %2', rows, show.text(absent));
  }
}

function rowWords(
  trans: ITranslator,
  fetched: number | undefined,
  reported: number | undefined,
  count: IShow['count']
): string {
  if (fetched === undefined) {
    return trans.__('rows not counted');
  }
  return reported === undefined || reported === fetched
    ? trans._n('1 row fetched', '%2 rows fetched', fetched, count(fetched))
    : trans.__(
        '%1 rows fetched, the driver counts %2',
        count(fetched),
        count(reported)
      );
}
