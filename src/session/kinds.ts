/** What a person may say that a file is. */
export const KINDS = [
  'dataset',
  'model',
  'code',
  'config',
  'cache',
  'log',
  'other'
] as const;
