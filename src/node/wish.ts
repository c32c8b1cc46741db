/** What `create` is asked for: by options, or by a server on standard input. */
import type { ICreateRequest } from '../api';
import { AttestRequested, type RecordOptions } from '../journal/events';
import type { ICommonOptions } from './context';
import { CliError } from './errors';

export interface ICreateOptions extends ICommonOptions {
  for?: string[];
  session?: string;
  notebook?: string;
  journal?: string[];
  sign?: 'local' | 'none';
  dryRun?: boolean;
  output?: string;
  code?: boolean;
  packages?: boolean;
  userName?: boolean;
  fullPaths?: boolean;
  drop?: string[];
  stdin?: boolean;
  draft?: boolean;
}

/** A request, whether it came as options, from a server or from `execute --attest`. */
export interface IWish extends ICreateRequest {
  journal?: string[] | undefined;
  output?: string | undefined;
  draft?: boolean | undefined;
}

/** The request that options make. */
export function toWish(options: ICreateOptions): IWish {
  const { session, notebook, journal, output, dryRun, draft } = options;
  const named = session ?? notebook ?? journal;
  if (options.for === undefined && named === undefined) {
    throw new CliError(
      'usage',
      'Say which file the record is about: create --for FILE'
    );
  }
  const wanted: Partial<RecordOptions> = {
    code: options.code === true,
    packages: options.packages !== false,
    userName: options.userName === true,
    fullPaths: options.fullPaths === true
  };
  return {
    for: options.for ?? [],
    sign: options.sign ?? 'local',
    options: wanted,
    dryRun: dryRun === true,
    journal,
    output,
    draft,
    ...(options.drop === undefined ? {} : { drops: options.drop }),
    ...(session === undefined ? {} : { session }),
    ...(notebook === undefined ? {} : { notebook })
  };
}

/** A request from standard input, as the server sends it. */
export function readWish(text: string): IWish {
  const wrong = (what: string): CliError =>
    new CliError('usage', `The request on standard input ${what}.`);
  let wish: Partial<ICreateRequest>;
  try {
    wish = JSON.parse(text) as Partial<ICreateRequest>;
  } catch {
    throw wrong('is not JSON');
  }
  const isText = (value: unknown): boolean =>
    value === undefined || typeof value === 'string';
  if (
    !isTexts(wish.for) ||
    !isTexts(wish.drops ?? []) ||
    !isText(wish.session) ||
    !isText(wish.notebook) ||
    (wish.sign !== 'local' && wish.sign !== 'none')
  ) {
    throw wrong('is not one that this version understands');
  }
  const request =
    wish.request === undefined || wish.request === null
      ? null
      : AttestRequested.safeParse(wish.request);
  if (request !== null && !request.success) {
    throw wrong('holds a preview that this version does not understand');
  }
  return { ...wish, for: wish.for, sign: wish.sign };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string');
}
