/** Names that several plugins share. */

/** Domain of the translations. */
export const DOMAIN = 'jupyter_attest';

export namespace CommandIDs {
  /** Open the dialog that makes a record for the current notebook. */
  export const attest = 'jupyter-attest:attest';
  /** Download the newest record, or the unsigned statement where there is none. */
  export const exportRecord = 'jupyter-attest:export-provenance-file';
  /** Pause or resume recording of the current notebook's session. */
  export const togglePause = 'jupyter-attest:toggle-recording';
  /** Ask what to delete, then delete it. */
  export const forget = 'jupyter-attest:forget';
}

/** No command takes arguments. */
export const NO_ARGS = { args: { type: 'object', properties: {} } };
