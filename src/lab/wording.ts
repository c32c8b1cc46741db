/**
 * The one place that turns data into sentences. Switches on closed unions have
 * no default, so that a new member doesn't go unworded. What a record holds is
 * never translated; only our own words are.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon, type LabIcon } from '@jupyterlab/ui-components';
import type {
  CreateProgress,
  ICreateRefused,
  IErrorReply,
  ISessionSummary,
  IStatusReply,
  IWrittenFile
} from '../api';
import type { ReasonCode } from '../assurance/types';
import type { RequestErrorCode } from './client';
import { dotIcon, gapIcon, halfIcon, ringIcon } from './icons';
import { clock, count, dayAndClock, fileSize, localeOf, visible } from './text';

/* ----------------------------------------------------------------- status */

export interface IStatusWords {
  icon: LabIcon;
  text: string;
  tooltip: string;
}

function stoppedWords(trans: TranslationBundle, reason: string): IStatusWords {
  return {
    icon: errorIcon,
    text: trans.__('Provenance: stopped'),
    tooltip: trans.__(
      "Recording stopped: %1. Later activity isn't recorded.",
      visible(reason)
    )
  };
}

function recordingWords(trans: TranslationBundle, gaps: number): IStatusWords {
  return gaps === 0
    ? {
        icon: dotIcon,
        text: trans.__('Provenance: recording'),
        tooltip: trans.__(
          'Recording cell runs and the file reads and writes this kernel can see.'
        )
      }
    : {
        icon: gapIcon,
        text: trans._n(
          'Provenance: recording, %1 gap',
          'Provenance: recording, %1 gaps',
          gaps
        ),
        tooltip: trans.__("Some activity wasn't seen.")
      };
}

function lateWords(trans: TranslationBundle, gaps: number): IStatusWords {
  return {
    icon: halfIcon,
    text:
      gaps === 0
        ? trans.__('Provenance: started late')
        : trans._n(
            'Provenance: started late, %1 gap',
            'Provenance: started late, %1 gaps',
            gaps
          ),
    tooltip: trans.__(
      'Cells ran before recording began. What they did is unknown.'
    )
  };
}

function offWords(trans: TranslationBundle): IStatusWords {
  return {
    icon: ringIcon,
    text: trans.__('Provenance: off'),
    tooltip: trans.__('Nothing is being recorded.')
  };
}

/** Whether recording is on, as the status item says it. */
export function statusWords(
  trans: TranslationBundle,
  status: IStatusReply | null,
  unreachable: boolean
): IStatusWords {
  if (unreachable) {
    return stoppedWords(trans, trans.__("the server part can't be reached"));
  }
  if (status === null) {
    return { ...offWords(trans), text: trans.__('Provenance: …') };
  }
  switch (status.state) {
    case 'recording':
      return recordingWords(trans, status.gaps);
    case 'late':
      return lateWords(trans, status.gaps);
    case 'cells-only':
      return {
        icon: halfIcon,
        text: trans.__('Provenance: cells only'),
        tooltip: trans.__("This kernel can't report file reads and writes.")
      };
    case 'paused':
    case 'off':
      return offWords(trans);
    case 'stopped':
      return stoppedWords(trans, status.reason ?? trans.__('no reason known'));
  }
}

/** Why no record can be made for the notebook in front, or null when one can. */
export function whyNoRecord(
  trans: TranslationBundle,
  path: string | null,
  status: IStatusReply | null,
  unreachable: boolean
): string | null {
  if (path === null) {
    return trans.__('No notebook is open');
  }
  if (unreachable) {
    return trans.__("Can't reach the recorder");
  }
  if (status === null) {
    return trans.__('Asking what was recorded…');
  }
  if (status.cannotAttest !== null) {
    return trans.__(
      "Records can't be made here: %1",
      visible(status.cannotAttest)
    );
  }
  return status.hasWrites || status.runs > 0
    ? null
    : trans.__('Nothing has been recorded for this notebook');
}

/* ----------------------------------------------------------------- dialog */

/** Group line over the files of an earlier session. */
export function sessionTitle(
  trans: TranslationBundle,
  session: ISessionSummary
): string {
  return trans.__(
    'Session of %1',
    dayAndClock(session.startedAt, localeOf(trans))
  );
}

/** Which run wrote a file, when, and its size: the right side of its row. */
export function writtenBy(
  trans: TranslationBundle,
  file: IWrittenFile
): string {
  const at = clock(file.at, localeOf(trans));
  const who =
    file.run === null
      ? trans.__('seen on disk, %1', at)
      : trans.__('run %1, %2', count(file.run, localeOf(trans)), at);
  return file.sizeBytes === null
    ? who
    : trans.__('%1 · %2', who, fileSize(file.sizeBytes));
}

/** State of a file that can't be chosen or wasn't compared; null when it is as recorded. */
export function fileStateWords(
  trans: TranslationBundle,
  file: IWrittenFile
): string | null {
  switch (file.state) {
    case 'unchanged':
    case 'not-checked':
      return null;
    case 'changed':
      return file.run === null
        ? trans.__('changed since')
        : trans.__('changed since run %1', count(file.run, localeOf(trans)));
    case 'gone':
      return trans.__('no longer there');
  }
}

/** What was found and kept, as one line. */
export function counted(
  trans: TranslationBundle,
  summary: {
    filesRead: number;
    filesWritten: number;
    runsKept: number;
    runsTotal: number;
  }
): string {
  const n = (value: number): string => count(value, localeOf(trans));
  const read = trans._n('%1 file read', '%1 files read', summary.filesRead);
  const runs = trans.__(
    '%1 of %2 runs in order',
    n(summary.runsKept),
    n(summary.runsTotal)
  );
  const written = trans._n(
    '%1 file written',
    '%1 files written',
    summary.filesWritten
  );
  return trans.__('%1, %2, %3', read, runs, written);
}

export function gapCount(trans: TranslationBundle, gaps: number): string {
  return gaps === 0
    ? trans.__("No gaps noticed. That doesn't prove there are none.")
    : trans._n(
        "%1 gap: something that wasn't recorded.",
        "%1 gaps: things that weren't recorded.",
        gaps
      );
}

/** What the server is doing while a record is prepared. */
export function progressWords(
  trans: TranslationBundle,
  progress: Extract<CreateProgress, { type: 'progress' }> | null
): string {
  switch (progress?.step) {
    case undefined:
    case 'reading':
      return trans.__('Reading the log…');
    case 'comparing':
      return trans.__(
        'Comparing %1 (%2 of %3)…',
        visible(progress?.name ?? ''),
        progress?.done ?? 0,
        progress?.total ?? 0
      );
    case 'writing':
      return trans.__('Writing the record…');
  }
}

/** Headline of the box that says why a file can't be attested. */
export function refusedHeadline(
  trans: TranslationBundle,
  refused: ICreateRefused,
  file: ICreateRefused['files'][number] | undefined
): string {
  const name = visible(file?.path ?? '');
  switch (refused.reason) {
    case 'changed':
      return file?.run === null || file?.run === undefined
        ? trans.__("%1 isn't the file that was recorded.", name)
        : trans.__(
            "%1 isn't the file that run %2 wrote.",
            name,
            count(file.run, localeOf(trans))
          );
    case 'missing':
      return trans.__('%1 is no longer there.', name);
    case 'nothing-written':
      return trans.__('This session wrote no file.');
    case 'no-session':
      return trans.__('No recorded session wrote this file.');
    case 'no-subject':
      return trans.__('Choose at least one file this record is about.');
  }
}

/** What can be done about a refusal; null where the headline says it. */
export function refusedAdvice(
  trans: TranslationBundle,
  reason: ICreateRefused['reason']
): string | null {
  switch (reason) {
    case 'changed':
      return trans.__(
        'Nothing recorded says what changed it. Run the cell again, put the recorded file back, or choose another file.'
      );
    case 'missing':
      return trans.__(
        'Run the cell again, put the file back, or choose another file.'
      );
    case 'nothing-written':
    case 'no-session':
      return trans.__(
        "Choose a file with “Another file…”. The record then says that its write wasn't recorded."
      );
    case 'no-subject':
      return null;
  }
}

/** Why a request had no answer; nothing of what the server sent is in it. */
export function requestProblem(
  trans: TranslationBundle,
  code: RequestErrorCode
): string {
  switch (code) {
    case 'unreachable':
      return trans.__("the server can't be reached");
    case 'missing':
      return trans.__("the server doesn't have the recorder's part");
    case 'forbidden':
      return trans.__("the server doesn't allow it");
    case 'failed':
      return trans.__('the server failed');
    case 'cancelled':
      return trans.__('it was cancelled');
  }
}

/** Short reason for a notification. The server's own sentence is behind "Details". */
export function errorReason(
  trans: TranslationBundle,
  error: IErrorReply
): string {
  switch (error.code) {
    case 'no-node':
      return trans.__("Node.js wasn't found on the server");
    case 'disk-full':
      return trans.__('the disk is full');
    case 'not-writable':
      return trans.__("the folder can't be written");
    case 'missing':
      return trans.__('something that it needs is missing');
    case 'unreadable':
      return trans.__("a file can't be read");
    case 'journal-version':
    case 'journal-broken':
      return trans.__("the log can't be read");
    case 'bad-key':
      return trans.__("the signing key can't be used");
    case 'cancelled':
      return trans.__('it was cancelled');
    default:
      return trans.__('the record could not be made');
  }
}

/* ------------------------------------------------------------------- gaps */

export type GapCode = keyof typeof import('../journal/gaps.json');

/** What wasn't recorded, and what follows from it. */
export interface IGapWords {
  what: string;
  meaning: string;
}

function knownGap(trans: TranslationBundle, code: GapCode): IGapWords {
  switch (code) {
    case 'late-start':
      return {
        what: trans.__('Runs happened before recording began.'),
        meaning: trans.__(
          'What they did is unknown; variables may come from them.'
        )
      };
    case 'no-probe':
      return {
        what: trans.__(
          "Nothing inside the kernel reported, so files read and written weren't seen."
        ),
        meaning: trans.__('Inputs and outputs are missing from this record.')
      };
    case 'no-recorder':
      return {
        what: trans.__(
          "No server recorded this kernel, so the order of runs rests on the kernel's own word."
        ),
        meaning: trans.__('Nobody outside the kernel saw the runs.')
      };
    case 'probe-silent':
      return {
        what: trans.__("The kernel's own report is missing for these runs."),
        meaning: trans.__("What these runs read or wrote isn't known.")
      };
    case 'audit-vetoed':
      return {
        what: trans.__(
          "Another audit hook kept ours out: files opened in Python weren't seen."
        ),
        meaning: trans.__('Inputs and outputs may be missing from this record.')
      };
    case 'paused':
      return {
        what: trans.__('Recording was paused.'),
        meaning: trans.__("What ran in that time isn't in this record.")
      };
    case 'kernel-died':
      return {
        what: trans.__(
          'The kernel died; what it did in its last seconds may be missing.'
        ),
        meaning: trans.__('The last reads and writes may be missing.')
      };
    case 'kernel-restarted':
      return {
        what: trans.__('The kernel was restarted; earlier variables are gone.'),
        meaning: trans.__(
          'What came before the restart counts only through files.'
        )
      };
    case 'event-gap':
      return {
        what: trans.__("Part of the log is missing or can't be read."),
        meaning: trans.__('Runs, reads or writes may be missing.')
      };
    case 'unknown-event':
      return {
        what: trans.__("The log has entries that this version can't read."),
        meaning: trans.__('A newer version of this tool may read more.')
      };
    case 'text-forgotten':
      return {
        what: trans.__('The text of these runs was deleted on request.'),
        meaning: trans.__("The code can't be shown or run again.")
      };
    case 'silent-run':
      return {
        what: trans.__('Code ran that no notebook cell shows.'),
        meaning: trans.__("The notebook doesn't show this code.")
      };
    case 'aborted-run':
      return {
        what: trans.__('A requested run never started.'),
        meaning: trans.__('Nothing was done by it.')
      };
    case 'second-client':
      return {
        what: trans.__('Another client ran code in the same kernel.'),
        meaning: trans.__("The notebook doesn't show these runs.")
      };
    case 'unattributed':
      return {
        what: trans.__('Files were used outside any run.'),
        meaning: trans.__('No run can be named for them.')
      };
    case 'overlapping-runs':
      return {
        what: trans.__('Runs overlapped, so their order is only partly known.'),
        meaning: trans.__('Which of them wrote last may not be known.')
      };
    case 'child-process':
      return {
        what: trans.__(
          "Another program was started. What it read or wrote isn't known."
        ),
        meaning: trans.__(
          'An input may be missing, or a file may come from it.'
        )
      };
    case 'network':
      return {
        what: trans.__(
          "A network connection was opened. What was read through it isn't known."
        ),
        meaning: trans.__('An input may be missing from this record.')
      };
    case 'native-io':
      return {
        what: trans.__(
          'A library that opens files on its own was used; its files may be missing.'
        ),
        meaning: trans.__('An input or output may be missing from this record.')
      };
    case 'wrapper-off':
      return {
        what: trans.__(
          "This version of a library isn't known, so its files aren't watched."
        ),
        meaning: trans.__('An input or output may be missing from this record.')
      };
    case 'write-not-seen':
      return {
        what: trans.__("How this file was written wasn't recorded."),
        meaning: trans.__("Which code made this file isn't known.")
      };
    case 'write-by-scan':
      return {
        what: trans.__(
          "The file changed on disk; which run wrote it isn't certain."
        ),
        meaning: trans.__('One of several runs wrote it.')
      };
    case 'unstable-file':
      return {
        what: trans.__(
          'The file changed while or after it was read; its fingerprint is of later bytes.'
        ),
        meaning: trans.__('The bytes that were read may be others.')
      };
    case 'digest-absent':
      return {
        what: trans.__('No fingerprint was taken of this file.'),
        meaning: trans.__("It can't be compared later.")
      };
    case 'still-open':
      return {
        what: trans.__('The file was still open when its run ended.'),
        meaning: trans.__('It may have been written to afterwards.')
      };
    case 'racy-timestamp':
      return {
        what: trans.__(
          "The file's times are too coarse to be sure that it didn't change."
        ),
        meaning: trans.__("A change within that time wouldn't show.")
      };
    case 'no-scan':
      return {
        what: trans.__(
          "The folder wasn't watched for files written outside Python."
        ),
        meaning: trans.__(
          'Files written by other programs or libraries may be missing.'
        )
      };
    case 'scan-incomplete':
      return {
        what: trans.__('The folder was too large to watch in full.'),
        meaning: trans.__(
          'Files written by other programs or libraries may be missing.'
        )
      };
    case 'notebook-differs':
      return {
        what: trans.__("The saved notebook isn't what ran."),
        meaning: trans.__('Read the runs, not the notebook.')
      };
    case 'dynamic-code':
      return {
        what: trans.__('Code was made and run while the cell ran.'),
        meaning: trans.__("The cell's text doesn't show all that ran.")
      };
    case 'background-thread':
      return {
        what: trans.__('A thread or task outlived its run.'),
        meaning: trans.__('It may have read or written afterwards.')
      };
    case 'earlier-session':
      return {
        what: trans.__(
          "A file that was read comes from an earlier session that wasn't recorded in full."
        ),
        meaning: trans.__('How that file was made is only partly known.')
      };
    case 'dropped-by-user':
      return {
        what: trans.__("Runs were left out by the author's choice."),
        meaning: trans.__("The tool didn't show that they had no effect.")
      };
  }
}

/**
 * Words for a gap of a record. A code that this version doesn't know is shown
 * as it stands: it is still something that wasn't recorded.
 */
export function gapWords(trans: TranslationBundle, code: string): IGapWords {
  return (
    knownGap(trans, code as GapCode) ?? {
      what: trans.__("Something else wasn't recorded: %1", visible(code)),
      meaning: trans.__('A newer version of this tool may say more.')
    }
  );
}

/** One line for a kind of gap, with how often it was noticed. */
export function gapSentence(
  trans: TranslationBundle,
  gap: { code: string; count: number }
): string {
  const { what } = gapWords(trans, gap.code);
  return gap.count > 1
    ? trans.__('%1 (%2 times)', what, count(gap.count, localeOf(trans)))
    : what;
}

/* ---------------------------------------------------------------- ceiling */

/** One reason for what can be claimed at most; each says whether it holds. */
export function ceilingReason(
  trans: TranslationBundle,
  reason: { code: string; holds: boolean }
): string {
  const { code, holds } = reason;
  switch (code as ReasonCode) {
    case 'known-builder':
      return holds
        ? trans.__('The record names a known way of being made.')
        : trans.__("The record doesn't name a known way of being made.");
    case 'start-seen':
      return holds
        ? trans.__('Recording was on when the kernel started.')
        : trans.__("Recording wasn't on when the kernel started.");
    case 'nothing-missed':
      return holds
        ? trans.__('No run came before recording began.')
        : trans.__('Runs came before recording began.');
    case 'subjects-seen':
      return holds
        ? trans.__('The write of every file it is about was seen.')
        : trans.__('The write of a file that it is about was not seen.');
    case 'source-recorded':
      return holds
        ? trans.__('The code of every run was recorded.')
        : trans.__('The code of some runs is not recorded.');
    case 'order-recorded':
      return holds
        ? trans.__('The order of the runs was recorded.')
        : trans.__('The order of the runs is not recorded.');
    case 'user-controls-kernel':
      return trans.__(
        'Its author controls the computer, so nobody else observed the runs.'
      );
    default:
      return visible(code);
  }
}
