/** JSON lines, as a long answer comes. */

/** Longest line that is taken from the server: a statement with room to spare, in characters. */
const MAX_LINE = 256 * 1024 * 1024;

/**
 * Split a stream of JSON lines.
 * @param chunks decoded text as it arrives, cut anywhere
 * @throws SyntaxError for a line that isn't JSON
 */
export async function* jsonLines(
  chunks: AsyncIterable<string>
): AsyncGenerator<unknown> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length > MAX_LINE) {
      throw new SyntaxError('A line is too long');
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim()) {
        yield JSON.parse(line);
      }
    }
  }
  if (rest.trim()) {
    yield JSON.parse(rest);
  }
}
