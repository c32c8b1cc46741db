/** Put in by the build from package.json; absent in tests, which run the sources. */
declare const __VERSION__: string | undefined;

/** Version of this program, as it stands in records and in `--version`. */
export const VERSION =
  typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-source';
