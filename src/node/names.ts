/** Names as the journal keeps them, for the functions of the file system. */
import type { Name } from '../journal/events';

/** Text, or the bytes of a name that isn't UTF-8. */
export function namePath(name: Name): string | Buffer {
  return typeof name === 'string' ? name : Buffer.from(name.b64, 'base64');
}
