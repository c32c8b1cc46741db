/** `condense`: the notebook of the runs that a record keeps. */
import type { ICondenseReply } from '../../api';
import {
  resolveName,
  showPath,
  type ICommonOptions,
  type IContext
} from '../context';
import { EXIT_NO } from '../errors';
import { writeAtomic } from '../files';
import { findReplayable } from '../finding';

export interface ICondenseOptions extends ICommonOptions {
  record?: string;
  output?: string;
}

export async function runCondense(
  context: IContext,
  name: string,
  options: ICondenseOptions
): Promise<number> {
  const { record, statement, notebook, reason } = await findReplayable(
    context,
    options,
    name
  );
  const { kept, total } =
    statement.predicate.buildDefinition.externalParameters.runs;
  const output =
    options.output === undefined
      ? null
      : resolveName(context, options, options.output);
  if (notebook !== null && output !== null) {
    writeAtomic(output, notebook.bytes);
  }
  const reply: ICondenseReply = {
    record: showPath(context, options, record.file),
    notebook:
      notebook === null
        ? null
        : showPath(context, options, output ?? notebook.file),
    runsKept: kept,
    runsTotal: total,
    reason
  };
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(reply)}\n`);
  } else if (notebook === null) {
    context.terminal.err(`There is no notebook to give. ${reason}.\n`);
  } else if (output === null) {
    context.terminal.out(notebook.bytes.toString('utf8'));
  } else {
    context.terminal.out(
      `${kept} of ${total} runs: ${reply.notebook}. It holds the code that ran.\n`
    );
  }
  return notebook === null ? EXIT_NO : 0;
}
