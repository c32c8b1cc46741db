/** `classify`: what a file is taken for, and the author's word on it. */
import path from 'node:path';
import type { IClassifyListReply, IClassifyReply } from '../../api';
import { nameText } from '../../journal/names';
import type { IClassification } from '../../session/types';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { CliError } from '../errors';
import { isSameFile, statOf } from '../files';
import { History } from '../history';
import { correct, Corrections, type CorrectedKind } from '../project';
import { printable } from '../text';

export interface IClassifyOptions extends ICommonOptions {
  as?: CorrectedKind;
  undo?: boolean;
  list?: boolean;
}

export async function runClassify(
  context: IContext,
  name: string | undefined,
  options: IClassifyOptions
): Promise<number> {
  if (options.list === true) {
    return list(context, name, options);
  }
  if (name === undefined) {
    throw new CliError('usage', 'Say which file: classify FILE --as dataset');
  }
  if (options.as !== undefined && options.undo === true) {
    throw new CliError('usage', 'Choose one: --as or --undo.');
  }
  const target = resolveName(context, options, name);
  const seen = classificationOf(context, target);
  const stat = statOf(target);
  if (stat === null && seen === null) {
    throw new CliError(
      'missing',
      `There is no ${printable(name)}, and no recorded session used it.`
    );
  }
  const isFolder = stat?.isDirectory() === true;
  if (options.as !== undefined || options.undo === true) {
    const file = correct(target, isFolder, options.as ?? null);
    if (file === null) {
      throw new CliError(
        'missing',
        `Nothing was said of ${printable(name)}, so there is nothing to take back.`
      );
    }
  }
  const said = new Corrections().of(isFolder ? path.join(target, '.') : target);
  const reply: IClassifyReply = {
    path: showPath(context, options, target),
    folder: isFolder,
    said: said === null ? null : said.kind,
    file: said === null ? null : showPath(context, options, said.file),
    seen:
      seen === null
        ? null
        : {
            kind: seen.kind,
            confidence: seen.confidence,
            evidence: seen.evidence
          }
  };
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : format(reply, printable(name))
  );
  return 0;
}

/** What the newest session that used a file takes it for; null when none did. */
function classificationOf(
  context: IContext,
  target: string
): IClassification | null {
  let found: { at: string; classification: IClassification } | null = null;
  for (const { session } of new History(context.places.home).all()) {
    const file = session.files.find(each =>
      isSameFile(nameText(each.path), target)
    );
    if (file !== undefined && (found === null || session.lastAt > found.at)) {
      const { classification } = file;
      found = { at: session.lastAt, classification };
    }
  }
  return found?.classification ?? null;
}

function format(reply: IClassifyReply, name: string): string {
  const { said, seen, file, folder } = reply;
  const lines =
    said === null
      ? []
      : [
          `${name}${folder ? ' and everything in it' : ''}: ${said}, as you said (${printable(file ?? '')}).`
        ];
  const because = seen?.evidence.length
    ? `, by ${seen.evidence.map(each => printable(each)).join(', ')}`
    : '';
  const taken =
    seen === null
      ? `${name}: no recorded session used it.`
      : `${name}: taken for ${seen.kind} (${seen.confidence}${because}).`;
  return `${[...lines, taken].join('\n')}\n`;
}

function list(
  context: IContext,
  name: string | undefined,
  options: IClassifyOptions
): number {
  if (options.as !== undefined || options.undo === true) {
    throw new CliError('usage', '--list goes alone.');
  }
  const folder = resolveName(context, options, name ?? '.');
  const isFolder = statOf(folder)?.isDirectory() === true;
  const found = new Corrections().list(
    isFolder ? folder : path.dirname(folder)
  );
  const reply: IClassifyListReply = {
    classifications: found.map(each => ({
      path: showPath(context, options, each.path),
      kind: each.kind,
      file: showPath(context, options, each.file)
    }))
  };
  const lines = reply.classifications.map(
    each => `${each.kind.padEnd(8)} ${printable(each.path)}`
  );
  context.terminal.out(
    options.json === true
      ? `${JSON.stringify(reply)}\n`
      : lines.length === 0
        ? 'Nothing was said of any file here.\n'
        : `${lines.join('\n')}\n`
  );
  return 0;
}
