/**
 * What the folder beside a record says of single gaps and files. The record
 * has its fingerprint; with another one nothing of it is shown.
 */
import * as z from 'zod/mini';
import { isNamed } from './runs';

const text = z.nullable(z.string());

const Gap = z.looseObject({
  code: z.string(),
  count: z.number(),
  session: text,
  run: z.nullable(z.int()),
  path: z.nullable(z.looseObject({ rel: z.string() })),
  detail: text
});

const File = z.looseObject({
  rel: z.string(),
  kind: z.string(),
  versions: z.array(
    z.looseObject({
      bytes: z.nullable(z.union([z.number(), z.string()])),
      sha256: text,
      seenBy: z.array(z.string()),
      taken: text
    })
  )
});

const Coverage = z.looseObject({ gaps: z.array(Gap), files: z.array(File) });

/** One instance of a gap. */
export type IGapDetail = z.infer<typeof Gap>;

/** What is known of some bytes beyond their name and fingerprint. */
export interface IFileDetail {
  kind: string;
  sizeBytes: number | null;
  seenBy: string[];
  taken: string | null;
}

export interface ICoverage {
  gaps: IGapDetail[];
  /** Null where nothing is known. */
  file(name: string, sha256: string | null): IFileDetail | null;
}

/**
 * @param content of `coverage.json`
 * @param expected fingerprint that the record has of it
 * @returns null when it isn't there, isn't the one, or can't be read
 */
export function readCoverage(
  content: string | null,
  expected: string
): ICoverage | null {
  if (content === null || !isNamed(content, expected)) {
    return null;
  }
  try {
    const { gaps, files } = Coverage.parse(JSON.parse(content));
    const known = new Map(
      files.flatMap(({ rel, kind, versions }) =>
        versions.map(
          ({ bytes, sha256, seenBy, taken }): [string, IFileDetail] => [
            `${rel} ${sha256}`,
            {
              kind,
              sizeBytes: bytes === null ? null : Number(bytes),
              seenBy,
              taken
            }
          ]
        )
      )
    );
    return {
      gaps,
      file: (name, sha256) => known.get(`${name} ${sha256}`) ?? null
    };
  } catch {
    return null;
  }
}
