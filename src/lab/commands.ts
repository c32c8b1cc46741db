/** Names that several plugins share. */

/** Domain of the translations. */
export const DOMAIN = 'jupyter_attest';

export const CommandIDs = {
  /** Open the dialog that makes a record for the current notebook. */
  attest: 'jupyter-attest:attest',
  /** Download the newest record, or the unsigned statement where there is none. */
  exportRecord: 'jupyter-attest:export-provenance-file',
  /** Pause or resume recording of the current notebook's session. */
  togglePause: 'jupyter-attest:toggle-recording',
  /** Ask what to delete, then delete it. */
  forget: 'jupyter-attest:forget'
} as const;

/** No command takes arguments. */
export const NO_ARGS = { args: { type: 'object', properties: {} } };
