import { minimize, type IMinimizeState } from '../minimize';

interface ISearch {
  tries?: number;
  state?: IMinimizeState;
}

/** A search over runs of which some are needed; counts the tries. */
async function search(
  undecided: number[],
  needed: number[],
  { tries: most = Infinity, state = { dropped: [], failed: [] } }: ISearch = {}
) {
  let tries = 0;
  const result = await minimize([undecided], {
    state,
    test: dropped => {
      tries += 1;
      return Promise.resolve(!dropped.some(run => needed.includes(run)));
    },
    mayGoOn: () => tries < most,
    onTry: () => undefined
  });
  return { ...result, tries, state };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('minimize', () => {
  it('needs one try where nothing was needed', async () => {
    const { dropped, minimal, tries } = await search(upTo(20), []);
    expect({ dropped, minimal, tries }).toEqual({
      dropped: upTo(20),
      minimal: true,
      tries: 1
    });
  });

  it('leaves exactly what is needed', async () => {
    const needed = [0, 2, 5, 10, 15, 18, 20];
    const { dropped, minimal } = await search(upTo(25), needed);
    expect(dropped).toEqual(upTo(25).filter(run => !needed.includes(run)));
    expect(minimal).toBe(true);
  });

  it('tries those that are likelier to go before the others', async () => {
    const tried: (readonly number[])[] = [];
    const { dropped } = await minimize(
      [
        [1, 3],
        [0, 2]
      ],
      {
        state: { dropped: [], failed: [] },
        test: away => {
          tried.push(away);
          return Promise.resolve(!away.includes(0));
        },
        mayGoOn: () => true,
        onTry: () => undefined
      }
    );
    expect(dropped).toEqual([1, 2, 3]);
    expect(tried.slice(0, 3)).toEqual([
      [1, 3],
      [0, 1, 2, 3],
      [1, 2, 3]
    ]);
  });

  it('drops nothing where all is needed, and tries no set twice', async () => {
    const { dropped, tries } = await search(upTo(8), upTo(8));
    expect(dropped).toEqual([]);
    expect(tries).toBe(15);
  });

  it('goes on where an earlier search was ended', async () => {
    const needed = [3, 9];
    const whole = await search(upTo(12), needed);
    const first = await search(upTo(12), needed, { tries: 4 });
    expect(first.minimal).toBe(false);
    const rest = await search(upTo(12), needed, { state: first.state });
    expect(rest.dropped).toEqual(whole.dropped);
    expect(rest.minimal).toBe(true);
  });

  it('finds what can go only after another has gone', async () => {
    // 1 needs 0, and 2 needs 1, but only 3 is wanted, which 0 alone would spoil.
    const result = await minimize([[0, 1, 2, 3]], {
      state: { dropped: [], failed: [] },
      test: dropped => {
        const left = upTo(4).filter(run => !dropped.includes(run));
        const isWhole = (run: number) =>
          run === 0 || run === 3 || left.includes(run - 1);
        return Promise.resolve(left.includes(3) && left.every(isWhole));
      },
      mayGoOn: () => true,
      onTry: () => undefined
    });
    expect(result).toEqual({ dropped: [0, 1, 2], minimal: true });
  });
});
