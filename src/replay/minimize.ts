/**
 * Drop-and-replay: which of the kept runs can go while the result stays equal.
 * Large pieces first, halved where they can't go, newest first; then what is left
 * one at a time until nothing more goes (delta debugging, Zeller and Hildebrandt 2002).
 */

/** Everything tried so far; it can be written down and gone on from. */
export interface IMinimizeState {
  /** Indices of the runs that are gone. */
  dropped: number[];
  /** Sets of runs that were away when the result wasn't equal, as sorted texts. */
  failed: string[];
}

/** The end: what went, and whether no other run can go alone. */
export interface IMinimized {
  dropped: number[];
  minimal: boolean;
}

export interface IMinimizeOptions {
  state: IMinimizeState;
  /** Whether the result is equal without these runs. */
  test(dropped: readonly number[]): Promise<boolean>;
  /** Asked before each try; false ends the search. */
  mayGoOn(): boolean;
  /** After each try, with the pieces that are still to be tried. */
  onTry(state: IMinimizeState, left: number): void;
}

/**
 * @param groups indices of the runs that may be tried, in the order in which they ran;
 * first those that are likelier to go.
 */
export async function minimize(
  groups: readonly (readonly number[])[],
  options: IMinimizeOptions
): Promise<IMinimized> {
  const search = new Search(options);
  let before = -1;
  let pieces = groups.map(newestFirst);
  const each = pieces.flat();
  while (search.state.dropped.length > before) {
    before = search.state.dropped.length;
    if (!(await search.tryAll(pieces))) {
      return { dropped: sorted(search.state.dropped), minimal: false };
    }
    pieces = each
      .filter(run => !search.state.dropped.includes(run))
      .map(run => [run]);
  }
  return { dropped: sorted(search.state.dropped), minimal: true };
}

class Search {
  readonly state: IMinimizeState;

  constructor(private readonly options: IMinimizeOptions) {
    this.state = options.state;
  }

  /** Try each piece; one that can't go whole is halved. False when it was ended. */
  async tryAll(pieces: readonly (readonly number[])[]): Promise<boolean> {
    const waiting = [...pieces];
    for (let piece = waiting.shift(); piece; piece = waiting.shift()) {
      const left = piece.filter(run => !this.state.dropped.includes(run));
      if (left.length === 0) {
        continue;
      }
      const equal = await this.isEqualWithout(left, waiting.length);
      if (equal === null) {
        return false;
      }
      if (!equal && left.length > 1) {
        const middle = Math.ceil(left.length / 2);
        waiting.unshift(left.slice(0, middle), left.slice(middle));
      }
    }
    return true;
  }

  private async isEqualWithout(
    piece: readonly number[],
    left: number
  ): Promise<boolean | null> {
    const { state, options } = this;
    const dropped = sorted([...state.dropped, ...piece]);
    const key = dropped.join(' ');
    if (state.failed.includes(key)) {
      return false;
    }
    if (!options.mayGoOn()) {
      return null;
    }
    const equal = await options.test(dropped);
    if (equal) {
      state.dropped = dropped;
    } else {
      state.failed.push(key);
    }
    options.onTry(state, left);
    return equal;
  }
}

const newestFirst = (list: readonly number[]) =>
  [...list].sort((a, b) => b - a);
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
