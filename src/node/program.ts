/**
 * The command line: verbs, options and the help that one learns them from. Each
 * verb's code is loaded when it is asked for: a check takes a fraction of a second.
 */
import { Command, CommanderError, Option } from 'commander';
import type { IErrorReply } from '../api';
import type { IClassifyOptions } from './commands/classify';
import type { ICondenseOptions } from './commands/condense';
import type { IDoctorOptions } from './commands/doctor';
import type { IExecuteOptions } from './commands/execute';
import type { IExplainOptions } from './commands/explain';
import type { IForgetOptions } from './commands/forget';
import type { IReplayOptions } from './commands/replay';
import type { IVerifyOptions } from './commands/verify';
import type { ICommonOptions, IContext } from './context';
import { CliError } from './errors';
import { KINDS } from '../session/kinds';
import { VERSION } from './version';
import type { ICreateOptions } from './wish';

/**
 * Read the command line and do what it asks.
 *
 * @param args without the program's own name.
 * @returns the exit code: 0 done; 1 the answer is no; 2 impossible or wrongly asked.
 */
export async function runProgram(
  args: readonly string[],
  context: IContext
): Promise<number> {
  const result = { code: 0 };
  try {
    const words = args.length === 0 ? ['--help'] : joinParameters(args);
    await makeProgram(context, result).parseAsync(words, { from: 'user' });
    return result.code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      return 0;
    }
    return report(context, error, args.includes('--json'));
  }
}

/** Say what went wrong in one message; never a stack trace. */
function report(context: IContext, error: unknown, json: boolean): number {
  const known = toCliError(error, context.program);
  if (json) {
    const reply: IErrorReply = {
      type: 'error',
      code: known.code,
      message: known.message
    };
    context.terminal.out(`${JSON.stringify(reply)}\n`);
  } else {
    context.terminal.err(`${known.message}\n`);
  }
  if (known.code === 'internal' && context.env.JUPYTER_ATTEST_DEBUG) {
    context.terminal.err(`${(error as Error)?.stack ?? ''}\n`);
  }
  return known.exitCode;
}

function toCliError(error: unknown, program: string): CliError {
  if (error instanceof CliError) {
    return error;
  }
  if (error instanceof CommanderError) {
    const said = error.message.replace(/^error: /, '');
    const sentence = said.charAt(0).toUpperCase() + said.slice(1);
    return new CliError(
      'usage',
      `${sentence.replace(/\.?$/, '.')} See ${program} --help.`
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(
    'internal',
    `Something went wrong inside this program: ${message.split('\n')[0]}. Set JUPYTER_ATTEST_DEBUG=1 to see more.`,
    { cause: error }
  );
}

/** `-p NAME VALUE` takes two words, and a value may begin with a dash. */
function joinParameters(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const name = args[i + 1];
    const value = args[i + 2];
    if (
      args[0] === 'execute' &&
      (word === '-p' || word === '--parameter') &&
      name !== undefined &&
      value !== undefined
    ) {
      joined.push(`--parameter=${JSON.stringify([name, value])}`);
      i += 2;
    } else {
      joined.push(word);
    }
  }
  return joined;
}

function takeParameter(
  text: string,
  before: [string, string][] = []
): [string, string][] {
  if (!text.startsWith('[')) {
    throw new CliError('usage', 'Write a parameter as: -p NAME VALUE');
  }
  return [...before, JSON.parse(text) as [string, string]];
}

const collect = (value: string, before: string[] = []): string[] => [
  ...before,
  value
];

/** Help that ends with examples, written with the program's own name. */
function examples(context: IContext, lines: readonly string[]): string {
  const shown = lines.map(line =>
    line === '' || line.startsWith(' ')
      ? line
      : `  $ ${context.program} ${line}`
  );
  return `\nExamples:\n${shown.join('\n')}`;
}

function makeProgram(context: IContext, result: { code: number }): Command {
  const program = new Command(context.program)
    .description(
      'Signed, honest records of how a file was made in a Jupyter notebook: which runs, from which data, and what nobody saw.'
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .configureOutput({
      writeOut: text => context.terminal.out(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => 80,
      outputError: () => undefined
    })
    .exitOverride()
    .addHelpText(
      'after',
      `${examples(context, [
        'execute train.ipynb',
        'create --for model.joblib',
        'verify model.joblib',
        'explain model.joblib'
      ])}

Exit codes: 0 done or matching, 1 the answer is no, 2 impossible or wrongly asked.
Nothing is ever sent anywhere by these commands.`
    );
  const verb = (definition: string, summary: string): Command =>
    program
      .command(definition)
      .summary(summary)
      .helpOption('-h, --help', 'print this help')
      .option('--json', 'print JSON for programs')
      .addOption(new Option('--root <folder>').hideHelp());
  const act =
    <A extends unknown[]>(work: (...args: A) => Promise<number>) =>
    async (...args: A): Promise<void> => {
      result.code = await work(...args);
    };
  addExecute(context, verb, act);
  addCreate(context, verb, act);
  addVerify(context, verb, act);
  addExplain(context, verb, act);
  addClassify(context, verb, act);
  addCondense(context, verb, act);
  addReplay(context, verb, act);
  addSessions(context, verb, act);
  addForget(context, verb, act);
  addKey(context, verb, act);
  addDoctor(context, verb, act);
  return program;
}

type AddVerb = (definition: string, summary: string) => Command;
type Act = <A extends unknown[]>(
  work: (...args: A) => Promise<number>
) => (...args: A) => Promise<void>;

function addExecute(context: IContext, verb: AddVerb, act: Act): void {
  verb('execute', 'run a notebook from the top in a fresh kernel, recorded')
    .description(
      'Run a notebook from top to bottom in a fresh kernel, with recording on. The input is not changed; with -o, a copy with the outputs is written.'
    )
    .argument('<notebook>', 'the .ipynb to run')
    .option('-o, --output <file>', 'where the notebook with its outputs goes')
    .addOption(
      new Option(
        '-p, --parameter <name> <value>',
        'set a variable of the cell tagged “parameters”; may be repeated'
      ).argParser(takeParameter)
    )
    .option('--kernel <name>', "kernel to use instead of the notebook's own")
    .option(
      '--trace',
      'with strace around the kernel: files of native code and other programs are seen too'
    )

    .option('--attest', 'make a record of the files written, if it ran through')
    .addHelpText(
      'after',
      examples(context, [
        'execute train.ipynb',
        'execute train.ipynb -o out/train.ipynb -p alpha 0.5 -p seed -1',
        'execute train.ipynb --attest'
      ])
    )
    .action(
      act(async (notebook: string, options: IExecuteOptions) => {
        const { runExecute } = await import('./commands/execute');
        return runExecute(context, notebook, options);
      })
    );
}

function addCreate(context: IContext, verb: AddVerb, act: Act): void {
  verb('create', 'make the signed record of a file that a session wrote')
    .description(
      'Make the record of one or more files that a recorded session wrote, sign it with the key of this computer and keep it. The session is found by the file; the kernel need not run any more.'
    )
    .option(
      '--for <file>',
      'file (or folder) that the record is about; may be repeated',
      collect
    )
    .option('--session <id>', 'take this session (see the verb sessions)')
    .option('--notebook <path>', 'take the newest session of this notebook')
    .option(
      '--journal <file>',
      'take a session from these journal files or its folder; may be repeated',
      collect
    )
    .addOption(
      new Option('--sign <how>', 'how to sign')
        .choices(['local', 'none'])
        .default('local')
    )
    .option(
      '--drop <run>',
      'leave a run out, by its number or id; the record says that you did; may be repeated',
      collect
    )
    .option('--dry-run', 'show what would be signed; write nothing')
    .option(
      '-o, --output <file>',
      'copy of the record, instead of beside the file'
    )
    .option(
      '--code',
      'put the code of the cells into the record itself; it always stands in the folder beside it'
    )
    .option('--no-packages', 'leave the list of package versions out')
    .option('--user-name', 'put your user name into the record')
    .option('--full-paths', 'put full paths into the record')
    .addOption(new Option('--stdin').hideHelp())
    .addOption(new Option('--draft').hideHelp())
    .addHelpText(
      'after',
      examples(context, [
        'create --for model.joblib',
        'create --for model.joblib --for metrics.json --notebook train.ipynb',
        'create --for model.joblib --dry-run',
        'create --for model.joblib --drop 7 --drop 9   (see explain --runs)',
        'create --for weights.bin --session 1f6c9a52-…   (a write that was not seen)'
      ])
    )
    .action(
      act(async (options: ICreateOptions) => {
        const { runCreate } = await import('./commands/create');
        return runCreate(context, options);
      })
    );
}

function addVerify(context: IContext, verb: AddVerb, act: Act): void {
  verb('verify', 'check a file against its signed record')
    .description(
      'Check that a file is the one its record is about, that the record is unchanged since it was signed, and that a key you know signed it. By default: the key of this computer and your keyring (see the verb key).'
    )
    .argument('<file...>', 'the files to check, or a record itself')
    .option('--record <file>', 'the record; by default the one beside the file')
    .option('--key <file>', 'expect a signature by this public key (PEM)')
    .option(
      '--no-expectation',
      'accept any signer: shows only that nothing changed'
    )
    .option(
      '--deep',
      'also make the record again from its journals and compare every byte'
    )
    .option(
      '--journal <file>',
      'with --deep: where its journals lie; may be repeated',
      collect
    )
    .addHelpText(
      'after',
      `${examples(context, [
        'verify model.joblib',
        'verify model.joblib --deep',
        'verify model.joblib --key ann.pub.pem',
        'verify model.joblib --record model.joblib.sigstore.json --no-expectation'
      ])}

Exit codes: 0 only when everything matches and the signer is the one expected;
1 when something doesn't match; 2 when it could not be checked at all.`
    )
    .action(
      act(async (names: string[], options: IVerifyOptions) => {
        const { runVerify } = await import('./commands/verify');
        return runVerify(context, names, options);
      })
    );
}

function addExplain(context: IContext, verb: AddVerb, act: Act): void {
  verb('explain', 'tell in plain words how a file was made')
    .description(
      'Tell the story of a file from its record: made when, by which notebook and runs, from which data, what was not seen, and who could have changed the record.'
    )
    .argument('<file>', 'a file that has a record, or a record')
    .option('--record <file>', 'the record; by default the one beside the file')
    .option(
      '--runs',
      'list every run: kept or left out, why, what it read and wrote'
    )
    .addHelpText(
      'after',
      examples(context, [
        'explain model.joblib',
        'explain model.joblib --runs',
        'explain model.joblib.sigstore.json'
      ])
    )
    .action(
      act(async (name: string, options: IExplainOptions) => {
        const { runExplain } = await import('./commands/explain');
        return runExplain(context, name, options);
      })
    );
}

function addClassify(context: IContext, verb: AddVerb, act: Act): void {
  verb('classify', 'show or correct what a file is taken for')
    .description(
      'Show what a file that a session used is taken for, and why; or say what it is. What you say is remembered in .jupyter-attest.json at the top of the project, which you can commit; records made from then on follow it, and name it as said by you. A folder stands for everything in it.'
    )
    .argument('[path]', 'the file or folder')
    .addOption(new Option('--as <kind>', 'say what it is').choices(KINDS))
    .option('--undo', 'take back what was said of it')
    .option('--list', 'list all that was said in this project')
    .addHelpText(
      'after',
      examples(context, [
        'classify data/raw.bin',
        'classify data/raw.bin --as dataset',
        'classify data --as dataset',
        'classify data/raw.bin --undo',
        'classify --list'
      ])
    )
    .action(
      act(async (name: string | undefined, options: IClassifyOptions) => {
        const { runClassify } = await import('./commands/classify');
        return runClassify(context, name, options);
      })
    );
}

function addCondense(context: IContext, verb: AddVerb, act: Act): void {
  verb('condense', 'give the notebook of the runs that made a file')
    .description(
      'Give the runs that a record keeps as a notebook: in the order in which they ran, with the text that ran. It holds the code; share it by choice.'
    )
    .argument('<file>', 'a file that has a record, or a record')
    .option('--record <file>', 'the record; by default the one beside the file')
    .option('-o, --output <file>', 'write it here instead of printing it')
    .addHelpText(
      'after',
      examples(context, ['condense model.joblib -o condensed.ipynb'])
    )
    .action(
      act(async (name: string, options: ICondenseOptions) => {
        const { runCondense } = await import('./commands/condense');
        return runCondense(context, name, options);
      })
    );
}

function addReplay(context: IContext, verb: AddVerb, act: Act): void {
  verb('replay', 'run the recorded runs again and compare what they write')
    .description(
      'Run the runs that a record keeps again: in a new kernel, in an empty folder with nothing but the recorded inputs, without network where the system allows it. What they write is compared with the recorded files. The answer is a statement of its own.'
    )
    .argument('<file>', 'a file that has a record, or a record')
    .option('--record <file>', 'the record; by default the one beside the file')
    .option(
      '--minimize',
      'leave out runs for as long as the result stays equal'
    )
    .option('--time <budget>', 'stop trying after so long: 90s, 10m, 1h')
    .option('--list', 'only tell which replays of it lie here; run nothing')
    .option('-o, --output <file>', 'one more copy of the statement')
    .addOption(
      new Option('--sign <how>', 'how to sign')
        .choices(['local', 'none'])
        .default('local')
    )
    .addHelpText(
      'after',
      `${examples(context, [
        'replay model.joblib',
        'replay model.joblib --minimize --time 10m'
      ])}

Exit codes: 0 same bytes or same content; 1 close, different, failed or refused;
2 not possible.`
    )
    .action(
      act(async (name: string, options: IReplayOptions) => {
        const { runReplay } = await import('./commands/replay');
        return runReplay(context, name, options);
      })
    );
}

function addSessions(context: IContext, verb: AddVerb, act: Act): void {
  verb('sessions', 'list recorded sessions, newest first')
    .description(
      'List the recorded sessions with the files they wrote, newest first.'
    )
    .argument(
      '[path]',
      'only sessions of this notebook, or that wrote this file'
    )
    .addHelpText(
      'after',
      examples(context, ['sessions', 'sessions train.ipynb', 'sessions --json'])
    )
    .action(
      act(async (name: string | undefined, options: ICommonOptions) => {
        const { runSessions } = await import('./commands/sessions');
        return runSessions(context, name ?? null, options);
      })
    );
}

function addForget(context: IContext, verb: AddVerb, act: Act): void {
  verb('forget', 'delete recorded code texts or whole sessions')
    .description(
      "Delete what was recorded. With --run only the text of that run's code goes; without it the whole session. A note that something was deleted stays, so that a record never claims more than is left."
    )
    .option('--session <id>', 'this session')
    .option(
      '--run <run>',
      'only the code text of this run: its number or its id'
    )
    .option('--before <date>', 'all sessions that ended before this day')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      examples(context, [
        'forget --session 1f6c9a52-…',
        'forget --session 1f6c9a52-… --run 7',
        'forget --before 2026-09-01 --yes'
      ])
    )
    .action(
      act(async (options: IForgetOptions) => {
        const { runForget } = await import('./commands/forget');
        return runForget(context, options);
      })
    );
}

function addKey(context: IContext, verb: AddVerb, act: Act): void {
  const key = verb('key', 'show or renew the signing key; keep a keyring')
    .description(
      'The key of this computer signs records; it is made on first use. The keyring holds the public keys of others whose records you expect.'
    )
    .addHelpText(
      'after',
      examples(context, [
        'key show',
        'key add ann.pub.pem --name ann',
        'key new'
      ])
    )
    .action(
      act(async (options: ICommonOptions) => {
        const { runKeyShow } = await import('./commands/key');
        return runKeyShow(context, options);
      })
    );
  const sub = (definition: string, summary: string): Command =>
    key
      .command(definition)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .helpOption('-h, --help', 'print this help')
      .option('--json', 'print JSON for programs');
  const merged = (options: ICommonOptions): ICommonOptions => ({
    ...key.opts<ICommonOptions>(),
    ...options
  });
  sub('show', 'print the public key, to give to others').action(
    act(async (options: ICommonOptions) => {
      const { runKeyShow } = await import('./commands/key');
      return runKeyShow(context, merged(options));
    })
  );
  sub('new', 'make a new key; the old one moves into the keyring').action(
    act(async (options: ICommonOptions) => {
      const { runKeyNew } = await import('./commands/key');
      return runKeyNew(context, merged(options));
    })
  );
  sub('add', 'add a public key to the keyring')
    .argument('<file>', 'public key, PEM, ECDSA P-256')
    .requiredOption('--name <name>', 'what to call it')
    .action(
      act(async (file: string, options: ICommonOptions & { name: string }) => {
        const { runKeyAdd } = await import('./commands/key');
        return runKeyAdd(context, file, {
          ...merged(options),
          name: options.name
        });
      })
    );
}

function addDoctor(context: IContext, verb: AddVerb, act: Act): void {
  verb('doctor', "say what works here and how to cure what doesn't")
    .description(
      "Look at Python, Jupyter, the recorder, the journal folder, the key and the tools on PATH, and say what works here and how to cure what doesn't."
    )
    .option(
      '--install-traced-kernel',
      'offer the kernel "Python 3 (traced)": strace around it sees native code and other programs too'
    )
    .option('--remove-traced-kernel', 'take that kernel away again')
    .addHelpText(
      'after',
      examples(context, [
        'doctor',
        'doctor --json',
        'doctor --install-traced-kernel'
      ])
    )
    .action(
      act(async (options: IDoctorOptions) => {
        const { runDoctor } = await import('./commands/doctor');
        return runDoctor(context, options);
      })
    );
}
