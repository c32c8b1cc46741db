/** The Python that Jupyter runs in: found, asked for facts, started. */
import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline';
import type { IContext } from './context';
import { CliError, systemCode } from './errors';

/** `$JUPYTER_ATTEST_PYTHON`, set when Python started us, else the one on PATH. */
export function pythonCommand(context: IContext): string {
  const onPath = process.platform === 'win32' ? 'python' : 'python3';
  return context.env.JUPYTER_ATTEST_PYTHON || onPath;
}

/** What the facts script prints; null for a package that isn't installed. */
export interface IPythonFacts {
  executable: string;
  version: string;
  packages: Record<string, string | null>;
  /** Whether Jupyter can load our kernel provisioner. */
  provisioner: boolean;
  /** Whether a Jupyter server loads our extension at start; null when it can't be told. */
  extension: boolean | null;
  /** Whether the probe file is in the package. */
  probe: boolean;
  /** Whether kernels can be traced; null where the package can't say. */
  tracer?: ITracerFacts | null;
}

/** What `python -m jupyter_attest.tracer` says. */
export interface ITracerFacts {
  /** Why no kernel can be traced here, in one clause; null where it can. */
  reason: string | null;
  /** Version of strace; null without one. */
  strace: string | null;
  /** Whether Jupyter offers the traced kernel. */
  installed: boolean;
}

/** Its answer to `install` or `remove`. */
export type TracerReply = Partial<ITracerFacts> & {
  folder?: string;
  removed?: boolean;
  problem?: string;
};

const FACTS_SCRIPT = `
import json, sys
from importlib import metadata, util
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
names = ['jupyter-attest', 'jupyter_server', 'jupyterlab', 'notebook', 'jupyter_client', 'ipykernel', 'nbclient']
group = metadata.entry_points()
group = group.select(group='jupyter_client.kernel_provisioners') if hasattr(group, 'select') else group.get('jupyter_client.kernel_provisioners', ())
extension = None
try:
    from jupyter_server.extension.config import ExtensionConfigManager
    extension = bool(ExtensionConfigManager().get_jpserver_extensions().get('jupyter_attest'))
    if not extension:
        from jupyter_core.paths import jupyter_config_path
        found = {}
        for folder in reversed(jupyter_config_path()):
            found.update(ExtensionConfigManager(read_config_path=[folder]).get_jpserver_extensions())
        extension = bool(found.get('jupyter_attest'))
except Exception:
    pass
def loads(entry):
    try:
        return entry.load() is not None
    except Exception:
        return False
def tracer():
    try:
        from jupyter_attest.tracer.__main__ import status
        return status()
    except Exception:
        return None
def has_probe():
    spec = util.find_spec('jupyter_attest')
    import os
    return any(os.path.exists(os.path.join(p, 'probe', 'entry.py')) for p in (spec.submodule_search_locations if spec else ()))
print(json.dumps({
    'executable': sys.executable,
    'version': sys.version.split()[0],
    'packages': {name: version(name) for name in names},
    'provisioner': any(e.name == 'jupyter-attest' and loads(e) for e in group),
    'extension': extension,
    'probe': has_probe(),
    'tracer': tracer(),
}))
`;

/** Facts about the Python that would run notebooks; null when there is none. */
export function askPython(context: IContext): IPythonFacts | null {
  const answer = spawnSync(pythonCommand(context), ['-c', FACTS_SCRIPT], {
    encoding: 'utf8',
    env: { ...context.env },
    cwd: context.cwd,
    timeout: 60_000
  });
  if (answer.status !== 0) {
    return null;
  }
  const lastLine = answer.stdout.trim().split('\n').pop() ?? '';
  try {
    return JSON.parse(lastLine) as IPythonFacts;
  } catch {
    return null;
  }
}

/**
 * Have the traced kernel made or removed.
 *
 * @throws CliError when Python or the package isn't there.
 */
export function askTracer(
  context: IContext,
  verb: 'install' | 'remove'
): TracerReply {
  const python = pythonCommand(context);
  const answer = spawnSync(python, ['-m', 'jupyter_attest.tracer', verb], {
    encoding: 'utf8',
    env: { ...context.env },
    cwd: context.cwd,
    timeout: 60_000
  });
  if (answer.error !== undefined) {
    throw noPython(python, answer.error);
  }
  const lastLine = answer.stdout.trim().split('\n').pop() ?? '';
  try {
    return JSON.parse(lastLine) as TracerReply;
  } catch {
    throw new CliError(
      'no-python',
      `${python} has no jupyter-attest that knows the traced kernel. Install it there (${python} -m pip install jupyter-attest).`
    );
  }
}

/** How a Python module ended. */
export interface IModuleEnd {
  /** Exit code; 128 + n when a signal ended it. */
  code: number;
  /** Its last words on standard error. */
  stderr: string;
}

const STDERR_LIMIT = 20_000;

/**
 * Run `python -m MODULE …` and hand over each line that it prints.
 *
 * Ctrl+C reaches it through the terminal; we wait for it to end in order.
 *
 * @throws CliError `no-python` when Python can't be started.
 */
export async function runModule(
  context: IContext,
  module: string,
  args: readonly string[],
  onLine: (line: string) => void
): Promise<IModuleEnd> {
  const python = pythonCommand(context);
  const child = spawn(python, ['-m', module, ...args], {
    cwd: context.cwd,
    env: { ...context.env, JUPYTER_ATTEST_DIR: context.places.home },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_LIMIT);
  });
  readline.createInterface({ input: child.stdout }).on('line', onLine);
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', error => reject(noPython(python, error)));
      child.on('close', (code, signal) =>
        resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 143), stderr })
      );
    });
  } finally {
    process.off('SIGINT', stay);
  }
}

function noPython(python: string, error: unknown): CliError {
  const why =
    systemCode(error) === 'ENOENT'
      ? ' is not on PATH'
      : ' could not be started';
  return new CliError(
    'no-python',
    `Running a notebook needs Python, and ${python}${why}. Install it, or set JUPYTER_ATTEST_PYTHON to the Python that has jupyter-attest.`,
    { cause: error }
  );
}
