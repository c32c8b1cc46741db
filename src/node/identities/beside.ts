/** Packing lists beside data: DVC, Croissant, the RECORD of an installed distribution. */
import path from 'node:path';
import * as z from 'zod/mini';
import type { IdentityClaim } from '../../journal/events';
import { listFolder } from '../files';
import type { SmallFiles } from './folders';

/** Lists are looked for in this many folders upwards. */
const MAX_UP = 4;

function* upwards(file: string): Generator<string> {
  let folder = path.dirname(file);
  for (let up = 0; up < MAX_UP; up++) {
    yield folder;
    if (path.dirname(folder) === folder) {
      return;
    }
    folder = path.dirname(folder);
  }
}

/* --------------------------------------------------------------------- DVC */

/** `FILE.dvc` beside it, or the outputs and dependencies in a `dvc.lock` above it. */
export function dvcClaims(files: SmallFiles, file: string): IdentityClaim[] {
  const own = dvcDigest(files.text(`${file}.dvc`), path.basename(file));
  if (own !== null) {
    return [dvcClaim(own, path.basename(file))];
  }
  for (const folder of upwards(file)) {
    const name = path.relative(folder, file).split(path.sep).join('/');
    const found = dvcDigest(files.text(path.join(folder, 'dvc.lock')), name);
    if (found !== null) {
      return [dvcClaim(found, name)];
    }
  }
  return [];
}

const dvcClaim = (digest: string, name: string): IdentityClaim => ({
  source: 'dvc',
  name,
  algorithm: 'md5',
  digest
});

/** The MD5 in the entry of a name; DVC writes each entry's fields one a line. */
function dvcDigest(text: string | null, name: string): string | null {
  const entries = (text ?? '').split(/^\s*- /m).slice(1);
  const field = (entry: string, key: string) =>
    new RegExp(`^\\s*${key}: *['"]?([^'"\\n]+?)['"]? *$`, 'm').exec(entry)?.[1];
  const own = entries.find(entry => field(entry, 'path') === name);
  const digest = own === undefined ? undefined : field(own, 'md5');
  return digest !== undefined && /^[0-9a-f]{32}$/.test(digest) ? digest : null;
}

/* --------------------------------------------------------------- Croissant */

const FileObject = z.looseObject({
  contentUrl: z.optional(z.string()),
  name: z.optional(z.string()),
  sha256: z.optional(z.string()),
  md5: z.optional(z.string())
});
const Croissant = z.looseObject({
  name: z.optional(z.string()),
  version: z.optional(z.union([z.string(), z.number()])),
  distribution: z.array(z.unknown())
});

/** The metadata of a dataset after mlcommons.org/croissant, in the file's folder or above. */
export function croissantClaims(
  files: SmallFiles,
  file: string
): IdentityClaim[] {
  for (const folder of upwards(file)) {
    for (const name of ['croissant.json', 'metadata.json']) {
      const list = path.join(folder, name);
      const text = list === file ? null : files.text(list);
      if (text?.includes('mlcommons.org/croissant')) {
        const found = inCroissant(text, folder, file);
        if (found !== null) {
          return [found];
        }
      }
    }
  }
  return [];
}

function inCroissant(
  text: string,
  folder: string,
  file: string
): IdentityClaim | null {
  const read = Croissant.safeParse(parsed(text));
  if (!read.success) {
    return null;
  }
  const rel = path.relative(folder, file).split(path.sep).join('/');
  const objects = read.data.distribution.flatMap(each => {
    const object = FileObject.safeParse(each);
    return object.success ? [object.data] : [];
  });
  const isAt = (place: string | undefined, name: string) =>
    place === name || place?.endsWith(`/${name}`) === true;
  const own =
    objects.find(({ contentUrl }) => isAt(contentUrl, rel)) ??
    objects.find(({ contentUrl }) => isAt(contentUrl, path.basename(file))) ??
    objects.find(({ name }) => name === path.basename(file));
  const digest = own === undefined ? null : digestOf(own);
  return digest === null
    ? null
    : {
        source: 'croissant',
        of: read.data.name ?? null,
        ...(read.data.version === undefined
          ? {}
          : { revisions: [String(read.data.version)] }),
        name: rel,
        ...digest
      };
}

function digestOf({
  sha256,
  md5
}: z.infer<typeof FileObject>): Pick<
  IdentityClaim,
  'algorithm' | 'digest'
> | null {
  if (sha256 !== undefined && /^[0-9a-fA-F]{64}$/.test(sha256)) {
    return { algorithm: 'sha256', digest: sha256.toLowerCase() };
  }
  return md5 !== undefined && /^[0-9a-fA-F]{32}$/.test(md5)
    ? { algorithm: 'md5', digest: md5.toLowerCase() }
    : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/* ----------------------------------------------------------------- packages */

const SITE = /^(.*\/(?:site-packages|dist-packages))\/(.+)$/;

/** The installed distribution whose RECORD lists a file. Source: PEP 376, PEP 427. */
export function packageClaims(
  files: SmallFiles,
  file: string
): IdentityClaim[] {
  const [, site, rel] = SITE.exec(file.split(path.sep).join('/')) ?? [];
  if (site === undefined || rel === undefined) {
    return [];
  }
  for (const info of distributions(site, rel)) {
    const line = `\n${files.text(path.join(site, info, 'RECORD')) ?? ''}`;
    const at = line.indexOf(`\n${rel},sha256=`);
    if (at >= 0) {
      const [, coded = ''] = /,sha256=([\w-]+)/.exec(line.slice(at)) ?? [];
      const [, name = '', version = ''] =
        /^(.+)-([^-]+)\.dist-info$/.exec(info) ?? [];
      return [
        {
          source: 'package',
          of: name,
          revisions: [version],
          name: rel,
          algorithm: 'sha256',
          digest: Buffer.from(coded, 'base64url').toString('hex')
        }
      ];
    }
  }
  return [];
}

/** Folders of distributions, those that are called like the module first. */
function distributions(site: string, rel: string): string[] {
  const module = rel.split('/')[0]!.toLowerCase();
  const rank = (info: string) =>
    info.toLowerCase().startsWith(`${module}-`)
      ? 0
      : info.toLowerCase().includes(module)
        ? 1
        : 2;
  try {
    return listFolder(site)
      .filter(name => name.endsWith('.dist-info'))
      .sort((a, b) => rank(a) - rank(b));
  } catch {
    return [];
  }
}
