import type { ICommonOptions, IContext } from '../context';
export interface IExplainOptions extends ICommonOptions {
  record?: string;
}
export async function runExplain(
  _c: IContext,
  _n: string,
  _o: IExplainOptions
): Promise<number> {
  return 2;
}
