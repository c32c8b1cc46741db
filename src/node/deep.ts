/**
 * `verify --deep`: make the record again from its journals and compare every byte. A
 * record is a pure function of its request and of the journal prefixes named in it.
 */
import path from 'node:path';
import type { IDeepReply } from '../api';
import { JournalError } from '../journal/errors';
import type { AttestRequested, EventOf, Prefix } from '../journal/events';
import {
  readJournalFile,
  type IJournalFile,
  type IJournalSource
} from '../journal/read';
import { createRecord } from '../record/record';
import { PROGRAM } from './attest';
import { readLimited, sha256, statOf } from './files';
import { invocationUuid, parseStatement } from './finding';
import { readSessionFiles, readText } from './journals';
import { payloadOf, type IRecordFile } from './records';
import { printable } from './text';

/** Where journals may lie: the journal home, and files or folders that were named. */
export interface IDeepPlaces {
  home: string;
  journals: readonly string[];
}

const JOURNAL_LIMIT_BYTES = 1024 * 1024 * 1024;

/** Compare a record with its journals. Never throws for what they hold. */
export function checkDeep(
  { home, journals }: IDeepPlaces,
  record: IRecordFile
): IDeepReply {
  const statement = parseStatement(record);
  const uuid = statement === null ? null : invocationUuid(statement);
  if (uuid === null) {
    return notChecked('it isn’t a record of runs that this version can read');
  }
  const files = new JournalPlaces(home, journals);
  const asked = files.request(uuid);
  if (asked === null) {
    return notChecked(
      'what was asked for when it was made isn’t here any more'
    );
  }
  const { request, hashed, problem } = asked;
  if (problem) {
    return different(
      'The note of what was asked for when the record was made was changed since.'
    );
  }
  const { name, version } = request.deriver;
  if (name !== PROGRAM.name || version !== PROGRAM.version) {
    return notChecked(
      `${printable(name, 40)} ${printable(version, 20)} made it, and this is ${PROGRAM.version}: another version may say the same in other bytes`
    );
  }
  return deriveAgain(files, record, request, hashed);
}

function deriveAgain(
  files: JournalPlaces,
  record: IRecordFile,
  request: AttestRequested,
  hashed: EventOf<'file.hashed'>[]
): IDeepReply {
  const sources = request.prefixes.flatMap(prefix => files.source(prefix));
  const gone = request.prefixes.find(({ sid }) => !files.hasSession(sid));
  if (gone !== undefined) {
    return notChecked(
      `the journal of session ${printable(gone.sid, 40)} isn’t here: it was forgotten, or it lies elsewhere (name it with --journal)`
    );
  }
  let missingTexts = 0;
  const text = (sid: string, digest: string): string | null => {
    const found = files.text(sid, digest);
    missingTexts += found === null ? 1 : 0;
    return found;
  };
  try {
    const made = createRecord({ request, sources, hashed, text, sha256 });
    const same =
      Buffer.from(made.bytes).toString('utf8') === payloadOf(record.bytes);
    if (same) {
      return {
        outcome: 'same',
        message: 'Made again from its journals, the record has the same bytes.'
      };
    }
    return missingTexts > 0
      ? notChecked('texts of runs were forgotten since')
      : (brokenChain(request.prefixes, sources) ??
          different(
            'Made again from its journals, the record has other bytes.'
          ));
  } catch (error) {
    if (error instanceof JournalError) {
      return journalChanged(error, request.prefixes, sources);
    }
    throw error;
  }
}

function journalChanged(
  error: JournalError,
  prefixes: readonly Prefix[],
  sources: readonly IJournalSource[]
): IDeepReply {
  if (error.code === 'unknown-version') {
    return notChecked('a newer version wrote its journal');
  }
  const isIt = ({ sid, file }: { sid: string; file: string }) =>
    `${sid}/${file}` === error.file;
  const prefix = prefixes.find(isIt);
  const source = sources.find(isIt);
  const name = prefix?.file ?? error.file;
  return source === undefined || prefix === undefined
    ? different(`The journal ${name} is gone.`)
    : changed(source, prefix);
}

/** Other bytes, and a chain that breaks: then a line in the middle was changed. */
function brokenChain(
  prefixes: readonly Prefix[],
  sources: readonly IJournalSource[]
): IDeepReply | null {
  for (const prefix of prefixes) {
    const source = sources.find(
      ({ sid, file }) => sid === prefix.sid && file === prefix.file
    );
    if (source !== undefined && firstBreak(source, prefix) !== null) {
      return changed(source, prefix);
    }
  }
  return null;
}

const changed = (source: IJournalSource, prefix: Prefix): IDeepReply =>
  different(
    `The journal ${prefix.file} was changed since the record was made: ${howChanged(source, prefix)}.`
  );

/** First line, from 1, at which the chain breaks. */
function firstBreak(source: IJournalSource, { lines }: Prefix): number | null {
  const { problems } = readJournalFile(source, { lines, sha256 });
  const broken = problems.find(({ code }) =>
    ['chain', 'sequence', 'broken'].includes(code)
  );
  return broken === undefined ? null : broken.line + 1;
}

/** What the chain of lines still tells. */
function howChanged(source: IJournalSource, prefix: Prefix): string {
  const { lines } = prefix;
  const line = firstBreak(source, prefix);
  if (line !== null) {
    return `at line ${line} the chain breaks, so a line there or before it was changed, moved or taken out`;
  }
  const file = readJournalFile(source, { lines, sha256 });
  return file.lines < lines
    ? `its last ${lines - file.lines} lines are gone`
    : 'its chain is whole, but another one than the record stands on';
}

const notChecked = (why: string): IDeepReply => ({
  outcome: 'not-checked',
  message: `Whether its journals give the same record: ${why}.`
});

const different = (message: string): IDeepReply => ({
  outcome: 'different',
  message
});

/* ------------------------------------------------------------------ places */

interface IAsked {
  request: AttestRequested;
  hashed: EventOf<'file.hashed'>[];
  /** The chain of its file is broken. */
  problem: boolean;
}

/** Finds journal files by session and name, each read once. */
class JournalPlaces {
  private readonly folders = new Map<string, string | null>();
  private readonly read = new Map<string, Map<string, Uint8Array>>();

  constructor(
    private readonly home: string,
    private readonly named: readonly string[]
  ) {}

  /** The request of a record, with the fingerprints that were taken for it. */
  request(uuid: string): IAsked | null {
    const name = `${uuid}.jsonl`;
    const places = [
      ...this.named.filter(place => path.basename(place) === name),
      ...this.named.map(place => path.join(place, name)),
      path.join(this.home, 'attests', name)
    ];
    const file = places.find(place => statOf(place)?.isFile() === true);
    const bytes =
      file === undefined ? null : readLimited(file, JOURNAL_LIMIT_BYTES);
    if (!(bytes instanceof Buffer)) {
      return null;
    }
    const read = readOrNull({ sid: '', file: name, bytes });
    const request = read?.events.find(
      (event): event is AttestRequested => event.type === 'attest.requested'
    );
    if (read === null || request === undefined) {
      return null;
    }
    return {
      request,
      hashed: read.events.filter(
        (event): event is EventOf<'file.hashed'> => event.type === 'file.hashed'
      ),
      problem: read.problems.length > 0
    };
  }

  hasSession(sid: string): boolean {
    return sid === '' || this.folder(sid) !== null;
  }

  source({ sid, file }: Prefix): IJournalSource[] {
    const bytes = this.filesOf(sid).get(file);
    return bytes === undefined ? [] : [{ sid, file, bytes }];
  }

  text(sid: string, digest: string): string | null {
    const folder = this.folder(sid);
    return folder === null ? null : readText(folder, digest);
  }

  private filesOf(sid: string): Map<string, Uint8Array> {
    let files = this.read.get(sid);
    if (files === undefined) {
      files = sid === '' ? this.tombstones() : this.filesIn(this.folder(sid));
      this.read.set(sid, files);
    }
    return files;
  }

  private filesIn(folder: string | null): Map<string, Uint8Array> {
    const found = folder === null ? [] : readSessionFiles(folder);
    return new Map(found.map(({ file, bytes }) => [file, bytes]));
  }

  /** What was forgotten is one file for all sessions. */
  private tombstones(): Map<string, Uint8Array> {
    const name = 'forgotten.jsonl';
    const bytes = [...this.named, this.home]
      .map(place => readLimited(path.join(place, name), JOURNAL_LIMIT_BYTES))
      .find(each => each instanceof Buffer);
    return new Map(bytes instanceof Buffer ? [[name, bytes]] : []);
  }

  private folder(sid: string): string | null {
    let folder = this.folders.get(sid);
    if (folder === undefined) {
      const places = [
        ...this.named.filter(place => path.basename(place) === sid),
        ...this.named.map(place => path.join(place, sid)),
        path.join(this.home, 'sessions', sid)
      ];
      folder =
        places.find(place => statOf(place)?.isDirectory() === true) ?? null;
      this.folders.set(sid, folder);
    }
    return folder;
  }
}

function readOrNull(source: IJournalSource): IJournalFile | null {
  try {
    return readJournalFile(source, { sha256 });
  } catch (error) {
    if (error instanceof JournalError) {
      return null;
    }
    throw error;
  }
}
