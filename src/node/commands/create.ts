import type { ICommonOptions, IContext } from '../context';
export interface ICreateOptions extends ICommonOptions {
  for?: string[];
}
export async function runCreate(
  _c: IContext,
  _o: ICreateOptions
): Promise<number> {
  return 2;
}
export async function createForSession(
  _c: IContext,
  _o: ICommonOptions,
  _sid: string
): Promise<number> {
  return 2;
}
