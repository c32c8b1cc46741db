import type { IVerifyReply } from '../api';
import type { IVerifyRequest } from './types';

export async function verifyRecord(
  _request: IVerifyRequest
): Promise<IVerifyReply> {
  throw new Error('not implemented');
}
