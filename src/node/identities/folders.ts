/** Small files beside data, read once each however many files they speak of. */
import { readLimited } from '../files';

/** Larger ones are no packing lists. */
const LIMIT_BYTES = 16 * 1024 * 1024;

export class SmallFiles {
  private readonly read = new Map<string, string | null>();

  /** The text of a file; null when there is none, or it is too large or special. */
  text(file: string): string | null {
    let text = this.read.get(file);
    if (text === undefined) {
      const bytes = readLimited(file, LIMIT_BYTES);
      text = bytes instanceof Buffer ? bytes.toString('utf8') : null;
      this.read.set(file, text);
    }
    return text;
  }
}
