/** The pure library: everything but the face and the command line. */
export * from './api';
export * from './journal/events';
export * from './journal/errors';
export * from './journal/read';
export { nameKey, nameText } from './journal/names';
export { sha256, type Sha256Function } from './journal/sha256';
export type {
  AbsentReason,
  DigestTaken,
  GapCode,
  IClassification,
  IClient,
  IDocument,
  IExecution,
  IFile,
  IFileRead,
  IFileVersion,
  IGap,
  IMachine,
  IRun,
  ISavedCell,
  ISession,
  ISessionObserver,
  RunRange,
  RunStatus,
  SessionState
} from './session/types';
export { foldSessions, SessionFold } from './session/fold';
export * from './condense/types';
export { condense } from './condense/condense';
export { assess } from './assurance/assess';
export { createRecord, type IRecordInput } from './record/record';
export { inputsOf, summarize } from './record/story';
export {
  BASE,
  BUILDERS,
  BUILD_TYPES,
  Statement,
  type IByproductFile,
  type IRecord
} from './record/types';
export * from './envelope/types';
export { parseBundle } from './envelope/bundle';
export { generateKey, importPublicKey } from './envelope/keys';
export { signBundle, signerFromPem } from './envelope/sign';
export * from './verify/types';
export { verifyRecord } from './verify/verify';
