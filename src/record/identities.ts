/** What others call a file that was read, compared with our own digests of it. */
import type { FileIdentity, IdentityClaim } from '../journal/events';
import { nameKey } from '../journal/names';
import { identity } from '../session/digests';
import { gap } from '../session/gap';
import type { IFileVersion, IGap } from '../session/types';
import type { IRecordContext } from './context';
import { cutSecrets } from './secrets';
import type { Identity } from './types';

/** A file's identities as the record lists them; empty where nothing was found. */
export function identitiesOf(
  { request }: IRecordContext,
  version: IFileVersion
): Identity[] {
  const { stat } = version;
  const found = (request.identities ?? []).find(
    each =>
      nameKey(each.path) === version.key &&
      stat !== null &&
      identity(each.stat) === identity(stat)
  );
  return (found?.claims ?? []).map(claim => listed(claim, found!, version));
}

function listed(
  claim: IdentityClaim,
  own: FileIdentity,
  version: IFileVersion
): Identity {
  const { source, of, revisions, name, algorithm, digest } = claim;
  const shown = (text: string) => cutSecrets(text);
  return {
    source,
    ...(of ? { of: shown(of) } : {}),
    ...(revisions?.length ? { revisions: revisions.map(shown) } : {}),
    ...(name ? { name: shown(name) } : {}),
    ...(algorithm && digest ? { algorithm, digest } : {}),
    agrees: agreement(claim, own, version)
  };
}

function agreement(
  { algorithm, digest }: IdentityClaim,
  own: FileIdentity,
  { sha256 }: IFileVersion
): Identity['agrees'] {
  const known = {
    sha256,
    md5: own.md5 ?? null,
    'git-blob-sha1': own.gitBlob ?? null
  };
  const ours = algorithm === undefined ? null : known[algorithm];
  if (!digest || ours === null) {
    return 'not-checked';
  }
  return ours === digest ? 'yes' : 'no';
}

/**
 * Gaps of identities: one that contradicts our own digest, and a digest that is only a
 * server's word. A file that was changed since its commit contradicts nobody.
 */
export function identityGaps(
  context: IRecordContext,
  versions: Iterable<IFileVersion>
): IGap[] {
  return [...new Set(versions)].flatMap(version =>
    identitiesOf(context, version).flatMap(({ source, agrees, digest }) => {
      const told = { path: version.path, detail: source };
      if (agrees === 'no' && source !== 'git') {
        return [gap('identity-mismatch', told)];
      }
      return source === 'hugging-face' && agrees === 'not-checked' && digest
        ? [gap('server-claimed-digest', told)]
        : [];
    })
  );
}
