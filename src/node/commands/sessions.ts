import type { ICommonOptions, IContext } from '../context';
export async function runSessions(
  _c: IContext,
  _n: string | null,
  _o: ICommonOptions
): Promise<number> {
  return 2;
}
