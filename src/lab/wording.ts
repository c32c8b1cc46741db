/**
 * The one place that turns data into sentences. Switches on closed unions have
 * no default, so that a new member doesn't go unworded. What a record holds is
 * never translated; only our own words are.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  CreateProgress,
  ICeiling,
  ICreateRefused,
  IErrorReply,
  IRecordSummary,
  IReplayNote,
  ISessionSummary,
  IStatusReply,
  IVerifyReply,
  IWrittenFile,
  ReplayOutcome
} from '../api';
import type { ReasonCode } from '../assurance/types';
import {
  answerWords,
  detailWords,
  isUsed,
  leftOutWords,
  observerWords,
  reasonWords,
  verdictWords,
  type IDetail,
  type IShow
} from '../record/words';
import { outcomeWords } from '../replay/words';
import type { RequestErrorCode } from './errors';
import type { Sign } from './icons';
import type { Tone } from './parts';
import type {
  DatabaseAnswer,
  OrderVerdict,
  Recording,
  Statement
} from '../record/types';
import type { Here, Tab } from './viewer/model';
import type { IMalformed } from './viewer/record';
import type { IShownRun, RunList } from './viewer/runs';
import {
  clock,
  count,
  dayAndClock,
  fileSize,
  fromNotebook,
  localeOf,
  utc,
  visible
} from './text';

/* ----------------------------------------------------------------- status */

export interface IStatusWords {
  icon: Sign;
  text: string;
  tooltip: string;
}

function stoppedWords(trans: TranslationBundle, reason: string): IStatusWords {
  return {
    icon: 'error',
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
        icon: 'dot',
        text: trans.__('Provenance: recording'),
        tooltip: trans.__(
          'Recording cell runs and the file reads and writes this kernel can see.'
        )
      }
    : {
        icon: 'gap',
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
    icon: 'half',
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
    icon: 'ring',
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
        icon: 'half',
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
  file: ICreateRefused['files'][number] | undefined,
  notebook: string
): string {
  const name = visible(fromNotebook(file?.path ?? '', notebook));
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
    case 'cannot-drop':
      return trans.__(
        'one of the runs that you left out wrote the file, or is no longer known'
      );
    case 'cancelled':
      return trans.__('it was cancelled');
    default:
      return trans.__('the record could not be made');
  }
}

/* ------------------------------------------------------------------- gaps */

type GapCode = Exclude<keyof typeof import('../journal/gaps.json'), 'default'>;

/** What wasn't recorded, and what follows from it. */
export interface IGapWords {
  what: string;
  meaning: string;
}

function knownGap(trans: TranslationBundle, code: GapCode): IGapWords {
  switch (code) {
    case 'unknown-request':
      return {
        what: trans.__(
          "A request reached the kernel; whether it ran anything isn't known."
        ),
        meaning: trans.__("Code may have run that isn't in this record.")
      };
    case 'killed-run':
      return {
        what: trans.__(
          'A run was cut short when the kernel went away; what it wrote last may be incomplete.'
        ),
        meaning: trans.__('A file that it wrote may be incomplete.')
      };
    case 'mapped-write':
      return {
        what: trans.__(
          "A file was mapped into memory for writing; such changes don't always show on disk times."
        ),
        meaning: trans.__('A file may have changed without a sign.')
      };
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
    case 'probe-failed':
      return {
        what: trans.__(
          'A part of the recording in the kernel failed; what it would have seen is missing.'
        ),
        meaning: trans.__('Inputs and outputs may be missing from this record.')
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
    case 'user-input':
      return {
        what: trans.__(
          "A widget or a prompt gave the code something that no cell shows; what it was isn't recorded."
        ),
        meaning: trans.__("The same answer can't be given again.")
      };
    case 'silent-run':
      return {
        what: trans.__('Code ran that no notebook cell shows.'),
        meaning: trans.__("The notebook doesn't show this code.")
      };
    case 'kernel-originated':
      return {
        what: trans.__(
          'Code reached the kernel past the server: from the kernel itself, or from a program connected to it directly.'
        ),
        meaning: trans.__('Nobody is known to have asked for these runs.')
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
    case 'tracer-stopped':
      return {
        what: trans.__(
          "A tracer was asked for, but it didn't see these runs to their end."
        ),
        meaning: trans.__('An input or output may be missing from this record.')
      };
    case 'native-io':
      return {
        what: trans.__(
          'A library that opens files on its own was used; its files may be missing.'
        ),
        meaning: trans.__('An input or output may be missing from this record.')
      };
    case 'unattributed-bytes':
      return {
        what: trans.__('More was read or written than the files seen explain.'),
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
          'The file changed while it was read, or could have without a trace: it has no fingerprint.'
        ),
        meaning: trans.__("Which bytes were read isn't known.")
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
    case 'identity-mismatch':
      return {
        what: trans.__(
          "What a hub, a repository or a packing list says that a file is isn't what was read."
        ),
        meaning: trans.__(
          'It may have been changed since, or never been the file that it is called.'
        )
      };
    case 'server-claimed-digest':
      return {
        what: trans.__(
          "A file's fingerprint is only what its server said; the bytes weren't compared with it."
        ),
        meaning: trans.__('The bytes that were read may be other ones.')
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
    case 'unseeded-random':
      return {
        what: trans.__(
          'Random numbers were drawn, and no seed was seen to be set.'
        ),
        meaning: trans.__('Running it again may give other numbers.')
      };
    case 'accelerator':
      return {
        what: trans.__(
          "The driver of an accelerator was loaded; what ran on it isn't recorded."
        ),
        meaning: trans.__(
          'Its results can differ a little from run to run and from device to device.'
        )
      };
    case 'remote-execution':
      return {
        what: trans.__(
          "A library that runs code on other computers was in use; what ran there isn't recorded."
        ),
        meaning: trans.__('Files read or written there are missing.')
      };
    case 'background-thread':
      return {
        what: trans.__('A thread or task outlived its run.'),
        meaning: trans.__('It may have read or written afterwards.')
      };
    case 'late-write':
      return {
        what: trans.__(
          'A file was written by a thread, a task or a child after the end of the run that started it.'
        ),
        meaning: trans.__(
          'Runs that came in between may have had a hand in it.'
        )
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
        ? trans.__(
            'No run is missing from the recording, and none was left out.'
          )
        : trans.__('Runs may be missing from it, or were left out.');
    case 'subjects-seen':
      return holds
        ? trans.__('The write of every file it is about was seen.')
        : trans.__('The write of a file that it is about was not seen.');
    case 'source-recorded':
      return holds
        ? trans.__('The saved notebook was recorded.')
        : trans.__('No saved notebook was recorded.');
    case 'order-recorded':
      return holds
        ? trans.__('The order of the runs was compared with the notebook.')
        : trans.__(
            "The order of the runs couldn't be compared with a saved notebook."
          );
    case 'user-controls-kernel':
      return trans.__(
        'Its author controls the computer, so nobody else observed the runs.'
      );
    default:
      return visible(code);
  }
}

/* ----------------------------------------------------------------- viewer */

/** The level that the record can reach: only among the technical details. */
export function ceilingWords(
  trans: TranslationBundle,
  ceiling: ICeiling
): string {
  switch (ceiling.level) {
    case 'L1':
      return trans.__("At most SLSA Build L1. Signing doesn't raise it.");
    case 'below-L1':
      return trans.__(
        "At most SLSA Build L1, and a condition for that isn't met. Signing doesn't raise it."
      );
  }
}

/** First sentence of the page: the subject's name, and what happened to it. */
export function headline(
  trans: TranslationBundle,
  statement: Statement,
  writer: (file: {
    name: string;
    sha256: string;
  }) => Pick<IShownRun, 'number' | 'session' | 'endedAt'> | null
): { name: string; rest: string } {
  const { subject, predicate } = statement;
  const { total } = predicate.buildDefinition.externalParameters.runs;
  const locale = localeOf(trans);
  const name = visible(subject[0]?.name.split('/').pop() ?? '');
  const { finishedOn } = predicate.runDetails.metadata;
  if (subject.length > 1) {
    return {
      name,
      rest: trans._n(
        'and %1 more file: how they were made, on %2',
        'and %1 more files: how they were made, on %2',
        subject.length - 1,
        utc(finishedOn, locale)
      )
    };
  }
  const run = subject[0]
    ? writer({ name: subject[0].name, sha256: subject[0].digest.sha256 })
    : null;
  const { sessions } = predicate.buildDefinition.internalParameters.recording;
  const own = sessions.find(({ name: session }) => session === run?.session);
  if (run === null) {
    return {
      name,
      rest: trans.__(
        'was made in %1 runs that ended on %2',
        count(total, locale),
        utc(finishedOn, locale)
      )
    };
  }
  return {
    name,
    rest: trans.__(
      'was written by run %1 of %2 on %3',
      count(run.number, locale),
      count(own?.runs ?? total, locale),
      utc(run.endedAt ?? finishedOn, locale)
    )
  };
}

/** First answer: how much of the session was recorded. */
export function recordedWords(
  trans: TranslationBundle,
  recording: Recording,
  gaps: number
): string {
  const { install, subjects, runsBeforeStart } = recording;
  if (install === 'none') {
    return subjects.seen === 0
      ? trans.__('Files listed by hand')
      : trans.__('Cells only, files not seen');
  }
  if (install === 'late' || runsBeforeStart > 0) {
    return trans._n(
      'Started late, with %1 known gap',
      'Started late, with %1 known gaps',
      gaps
    );
  }
  return gaps === 0
    ? trans.__('From the start, no gaps noticed')
    : trans._n(
        'From the start, with %1 known gap',
        'From the start, with %1 known gaps',
        gaps
      );
}

/** How many runs and files. */
export function recordedCounts(
  trans: TranslationBundle,
  summary: IRecordSummary
): string {
  return trans.__(
    '%1, %2, %3 written.',
    trans._n('%1 run', '%1 runs', summary.runsTotal),
    trans._n('%1 file read', '%1 files read', summary.filesRead),
    count(summary.filesWritten, localeOf(trans))
  );
}

export interface ISignatureWords {
  icon: Sign;
  tone?: Tone;
  answer: string;
  sentence: string;
}

/** Second answer: whether it changed, and whose key says so. */
export function signatureWords(
  trans: TranslationBundle,
  state: {
    reply: IVerifyReply | null;
    checking: boolean;
    signature: { hint: string | null } | null;
    statement: Statement;
  }
): ISignatureWords {
  const { reply, checking, signature, statement } = state;
  if (signature === null) {
    return {
      icon: 'minus',
      answer: trans.__('Not signed'),
      sentence: trans.__('Anyone could have edited it since.')
    };
  }
  if (checking) {
    return {
      icon: 'minus',
      answer: trans.__('Checking…'),
      sentence: ''
    };
  }
  const signed = signedWords(trans, reply, signature.hint, statement);
  switch (reply?.status) {
    case 'ok':
    case 'no-expectation':
    case 'wrong-subject':
      return {
        icon: 'equal',
        answer: trans.__('Unchanged since it was signed'),
        sentence: signed
      };
    case 'unknown-key':
    case 'unexpected-signer':
      return {
        icon: 'question',
        tone: 'warn',
        answer: trans.__('Unknown signer'),
        sentence: trans.__(
          "Signed with a key this computer doesn't know. It may not come from whom it names."
        )
      };
    case 'unsigned':
      return {
        icon: 'minus',
        answer: trans.__('Not signed'),
        sentence: trans.__('Anyone could have edited it since.')
      };
    case 'bad-signature':
    case 'malformed':
      return {
        icon: 'unequal',
        tone: 'bad',
        answer: trans.__('Changed or damaged'),
        sentence: trans.__(
          "The record doesn't match its signature. Don't rely on it."
        )
      };
    case 'not-found':
    case 'not-checked':
    case undefined:
      return {
        icon: 'question',
        tone: 'warn',
        answer: trans.__('Not checked'),
        sentence:
          reply === null
            ? trans.__("Can't reach the recorder. That is not a pass.")
            : trans.__(
                "The file that it is about isn't here, so nothing was compared. That is not a pass."
              )
      };
  }
}

function signedWords(
  trans: TranslationBundle,
  reply: IVerifyReply | null,
  hint: string | null,
  statement: Statement
): string {
  const { finishedOn } = statement.predicate.runDetails.metadata;
  const on = utc(finishedOn, localeOf(trans));
  const key = shortHint(reply?.keyHint ?? hint);
  return reply?.keyName
    ? trans.__(
        'Signed on %1 with key %2, which you named “%3”.',
        on,
        key,
        visible(reply.keyName)
      )
    : trans.__('Signed on %1 with key %2.', on, key);
}

/** First 8 hex characters of a key's fingerprint, from its base64 hint. */
function shortHint(hint: string | null): string {
  try {
    return Array.from(atob(hint ?? '').slice(0, 4), c =>
      c.charCodeAt(0).toString(16).padStart(2, '0')
    ).join('');
  } catch {
    return '';
  }
}

/** Third answer: who could have changed it before it was signed. */
export function authorWords(trans: TranslationBundle, signed: boolean): string {
  return signed
    ? trans.__(
        'Self-reported: made on a computer its author controls. Whoever holds the key could have written anything in it.'
      )
    : trans.__(
        'Self-reported: made on a computer its author controls. The author could still change it.'
      );
}

export function tabWords(trans: TranslationBundle, tab: Tab): string {
  switch (tab) {
    case 'summary':
      return trans.__('Summary');
    case 'files':
      return trans.__('Inputs and outputs');
    case 'runs':
      return trans.__('Runs');
    case 'gaps':
      return trans.__('Not recorded');
    case 'technical':
      return trans.__('Technical details');
  }
}

export function malformedWords(
  trans: TranslationBundle,
  why: IMalformed['why']
): string {
  switch (why) {
    case 'too-large':
      return trans.__(
        "This file isn't a record this tool can read: it is too large. That is not a pass."
      );
    case 'not-json':
      return trans.__(
        "This file isn't a record this tool can read: it isn't well-formed JSON. That is not a pass."
      );
    case 'not-a-record':
      return trans.__(
        "This file isn't a record this tool can read: it doesn't have the form of one. That is not a pass."
      );
  }
}

/** Why the list of runs isn't shown. */
export function runListProblem(
  trans: TranslationBundle,
  type: Exclude<RunList['type'], 'list'>
): string {
  switch (type) {
    case 'reading':
      return trans.__('Reading the list of runs…');
    case 'absent':
      return trans.__(
        "The list of runs isn't on this computer. Ask the author for runs.json from the record's folder."
      );
    case 'different':
      return trans.__(
        "There is a list of runs here, but it isn't the one of this record, so it isn't shown."
      );
    case 'unreadable':
      return trans.__("The list of runs can't be read by this version.");
  }
}

/** How the cells ran, against their order in the notebook. */
export function orderWords(
  trans: TranslationBundle,
  order: OrderVerdict
): string {
  switch (order) {
    case 'top-to-bottom':
      return trans.__('Every cell once, from top to bottom');
    case 'in-order':
      return trans.__('Forward only, with cells skipped or edited');
    case 'out-of-order':
      return trans.__("Not in the notebook's order");
    case 'unknown':
      return trans.__('Not known: no saved notebook was seen');
  }
}

/** `Run 7` or `Runs 7–12`. */
export function runsWords(
  trans: TranslationBundle,
  first: number,
  last: number
): string {
  const n = (value: number): string => count(value, localeOf(trans));
  return first === last
    ? trans.__('Run %1', n(first))
    : trans.__('Runs %1–%2', n(first), n(last));
}

const show = (trans: TranslationBundle): IShow => ({
  text: visible,
  count: value => count(value, localeOf(trans))
});

/** What a run was found to be for the record. */
export const verdictText = (
  trans: TranslationBundle,
  verdict: string
): string => verdictWords(trans, visible(verdict));

/** Why a run was kept or left out. */
export const reasonText = (trans: TranslationBundle, reason: string): string =>
  reasonWords(trans, visible(reason));

/** One detail of why a run was kept. */
export const reasonDetail = (
  trans: TranslationBundle,
  detail: IDetail
): string => detailWords(trans, detail, show(trans));

/** Rows of one answer of a database. */
export const answerText = (
  trans: TranslationBundle,
  answer: DatabaseAnswer
): string => answerWords(trans, answer, show(trans));

/** What kept runs use of a run that a person left out. */
export const leftOutUse = (
  trans: TranslationBundle,
  because: readonly IDetail[]
): { used: boolean; text: string } => ({
  used: isUsed(because),
  text: leftOutWords(trans, because, show(trans))
});

/** Who saw a read or write, each once. */
export const observersText = (
  trans: TranslationBundle,
  kinds: readonly string[]
): string =>
  [...new Set(kinds.map(kind => observerWords(trans, visible(kind))))].join(
    ', '
  );

/** Which program asked for a run, by the label that the recorder gave it. */
export function clientWords(trans: TranslationBundle, label: string): string {
  switch (label) {
    case 'lab':
      return trans.__('JupyterLab');
    case 'notebook':
      return trans.__('Jupyter Notebook');
    case 'console':
      return trans.__('a console');
    case 'headless':
      return trans.__('a program without a window');
    default:
      return visible(label);
  }
}

/** What a replay gave, with sign, numbers and reason. */
export function replayWords(
  trans: TranslationBundle,
  note: IReplayNote
): { icon: Sign; tone?: Tone; text: string } {
  const { outcome, reason, run, runs, difference } = note;
  const n = (value: number): string => count(value, localeOf(trans));
  const what =
    runs.kept === 0
      ? trans.__('Its runs')
      : runs.kept === runs.replayed
        ? trans._n('%1 run', '%1 runs', runs.kept)
        : trans.__('%1 of its %2 runs', n(runs.replayed), n(runs.kept));
  const gave = trans.__('%1 %2', what, outcomeWords(trans, outcome));
  const numbers =
    outcome === 'close' && difference !== null
      ? trans.__(
          'the largest difference is %1',
          difference.maxAbs.toPrecision(3)
        )
      : null;
  const where = run === null ? null : trans.__('at run %1', n(run));
  const more = [numbers, where, reason === null ? null : visible(reason)];
  const text = [gave, ...more].filter(part => part !== null).join('; ');
  return { ...replaySign(outcome), text };
}

function replaySign(outcome: ReplayOutcome): { icon: Sign; tone?: Tone } {
  switch (outcome) {
    case 'same-digest':
    case 'same-content':
      return { icon: 'equal' };
    case 'close':
    case 'different':
      return { icon: 'unequal', tone: 'warn' };
    case 'failed':
    case 'refused':
    case 'not-possible':
      return { icon: 'question' };
  }
}

/** When a replay was, and on whose word it rests. */
export function replayedBy(
  trans: TranslationBundle,
  { at, signed, keyName, keyHint }: IReplayNote
): string {
  const when = utc(at, localeOf(trans));
  if (!signed) {
    return trans.__('%1, not signed: a note of this computer', when);
  }
  return keyName === null
    ? trans.__('%1, signed with key %2', when, shortHint(keyHint))
    : trans.__(
        '%1, signed with key %2, which you named “%3”',
        when,
        shortHint(keyHint),
        visible(keyName)
      );
}

/** How many runs a record keeps. */
export function keptWords(
  trans: TranslationBundle,
  kept: number,
  total: number
): string {
  const n = (value: number): string => count(value, localeOf(trans));
  return trans.__('%1 of %2 runs kept.', n(kept), n(total));
}

export function runStatusWords(
  trans: TranslationBundle,
  status: string
): string {
  switch (status) {
    case 'ok':
      return trans.__('ok');
    case 'error':
      return trans.__('failed');
    case 'interrupted':
      return trans.__('interrupted');
    case 'exited':
      return trans.__('ended the kernel');
    case 'killed':
      return trans.__('killed');
    case 'running':
      return trans.__('unfinished');
    default:
      return trans.__('unknown');
  }
}

/** What kind of file it is thought to be. */
export function kindWords(trans: TranslationBundle, kind: string): string {
  switch (kind) {
    case 'model':
      return trans.__('model');
    case 'dataset':
      return trans.__('data');
    case 'notebook':
      return trans.__('notebook');
    case 'code':
      return trans.__('code');
    case 'config':
      return trans.__('settings');
    case 'log':
      return trans.__('log');
    case 'cache':
      return trans.__('cache');
    case 'remote':
      return trans.__('address');
    case 'database':
      return trans.__('database');
    case 'other':
    case 'unknown':
      return trans.__('other');
    default:
      return visible(kind);
  }
}

/** When a file's fingerprint was taken, or why there is none. */
export function takenWords(
  trans: TranslationBundle,
  taken: string | null,
  absent: string | null
): string {
  switch (absent) {
    case null:
      break;
    case 'changed':
      return trans.__('none: it changed too soon');
    case 'too-large':
      return trans.__('none: too large');
    case 'gone':
      return trans.__('none: it was gone');
    case 'unreadable':
      return trans.__("none: it couldn't be read");
    case 'partial':
      return trans.__('none: not known to be all');
    default:
      return trans.__('none was taken');
  }
  switch (taken) {
    case 'ahead':
      return trans.__('before it was read, unchanged since');
    case 'after':
      return trans.__('after the run, file unchanged');
    case 'at-attest':
      return trans.__('when the record was made');
    case 'delivered':
      return trans.__('of what arrived');
    default:
      return '';
  }
}

export function hereWords(trans: TranslationBundle, here: Here): string {
  switch (here) {
    case 'same':
      return trans.__('same');
    case 'different':
      return trans.__('different');
    case 'not-here':
      return trans.__('not here');
    case 'not-checked':
      return trans.__('not checked');
  }
}

/** What no record of ours can hold. */
export function neverSeen(trans: TranslationBundle): IGapWords[] {
  return [
    {
      what: trans.__(
        "Files read by remote jobs and by libraries that bypass Python's file functions."
      ),
      meaning: trans.__(
        "They'd be missing from the list of inputs without any sign."
      )
    },
    {
      what: trans.__('Whether the runs really happened as reported.'),
      meaning: trans.__('The author controls the computer that reported them.')
    },
    {
      what: trans.__('Where the data files came from before this session.'),
      meaning: trans.__('Unless they have a record of their own.')
    }
  ];
}
