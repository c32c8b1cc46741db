import type { ICommonOptions, IContext } from '../context';
export interface IForgetOptions extends ICommonOptions {
  session?: string;
}
export async function runForget(
  _c: IContext,
  _o: IForgetOptions
): Promise<number> {
  return 2;
}
