/** A world for the program that writes nothing outside a temporary folder. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { IContext } from '../context';
import { runProgram } from '../program';
import { SILENT_PROGRESS, type ITerminal } from '../terminal';

export interface IWorld {
  context: IContext;
  /** Working folder, with nothing in it. */
  folder: string;
  home: string;
  /** Run the program; what it said and its exit code. */
  run(...args: string[]): Promise<IRun>;
  /** Run it with this on standard input. */
  runWith(input: string, ...args: string[]): Promise<IRun>;
  remove(): void;
}

export interface IRun {
  code: number;
  out: string;
  err: string;
}

export function makeWorld(): IWorld {
  const root = fs.realpathSync(
    fs.mkdtempSync(path.join(os.tmpdir(), 'attest-cli-'))
  );
  const folder = path.join(root, 'work');
  const home = path.join(root, 'home');
  fs.mkdirSync(folder);
  const said = { out: '', err: '', input: '' };
  const terminal = {
    out: text => void (said.out += text),
    err: text => void (said.err += text),
    interactive: false,
    progress: () => SILENT_PROGRESS,
    confirm: () => Promise.resolve(null),
    readInput: () => Promise.resolve(said.input)
  } satisfies ITerminal;
  const context: IContext = {
    terminal,
    env: { PATH: process.env.PATH },
    places: { home, keys: path.join(root, 'config', 'attest') },
    cwd: folder,
    program: 'jupyter attest',
    now: () => new Date()
  };
  const runWith = async (input: string, ...args: string[]): Promise<IRun> => {
    Object.assign(said, { out: '', err: '', input });
    const code = await runProgram(args, context);
    return { code, out: said.out, err: said.err };
  };
  return {
    context,
    folder,
    home,
    runWith,
    run: (...args) => runWith('', ...args),
    remove: () => fs.rmSync(root, { recursive: true, force: true })
  };
}
