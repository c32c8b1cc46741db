/** The pure library: everything but the face and the command line. */
export * from './api';
export * from './journal/events';
export * from './journal/errors';
export * from './journal/read';
export * from './session/types';
export { foldSessions } from './session/fold';
export * from './condense/types';
export { condense } from './condense/condense';
export { assess } from './assurance/assess';
export { createRecord, type IRecordInput } from './record/record';
export { summarize } from './record/story';
export {
  BASE,
  BUILDERS,
  BUILD_TYPES,
  Statement,
  type IByproductFile,
  type IRecord
} from './record/types';
export * from './envelope/types';
export { signBundle, signerFromPem } from './envelope/sign';
export * from './verify/types';
export { verifyRecord } from './verify/verify';
