/**
 * Our icons, 24 px viewBox. A dashed ring is the sign of what isn't recorded;
 * every check is a comparison (same, different, not checked, can't be checked).
 */
import { LabIcon, errorIcon } from '@jupyterlab/ui-components';

const icon = (name: string, drawing: string): LabIcon =>
  new LabIcon({
    name: `jupyter-attest:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">${drawing}</svg>`
  });

const fill = (shape: string): string =>
  `<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${shape}"/>`;
const stroke = (shape: string, width: number): string =>
  `<path class="jp-icon3 jp-icon-selectable" fill="none" stroke="#616161" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round" d="${shape}"/>`;
const ring = (more: string): string =>
  `<circle class="jp-icon3 jp-icon-selectable" fill="none" stroke="#616161" cx="12" cy="12" ${more}/>`;

const BARS = 'M4 7.5h16v3H4zm0 6h16v3H4z';

/** A sheet with a folded corner, two lines of text and a pen stroke. */
export const attestIcon = icon(
  'attest',
  fill(
    'M6 2h8.8L20 7.2V12h-2V8.5h-4.5V4H6v16h4v2H6a2 2 0 0 1-2-2V4c0-1.1.9-2 2-2z'
  ) +
    fill('M8 11h8v2H8zm0-4h3v2H8z') +
    stroke(
      'M8.5 17.5c1.6-2.4 3.2-2.4 3 0-.2 2.4 1.4 2.4 2.8 0 1-1.7 2.4-1.7 2.2 0-.2 1.8 1.4 2 5 .3',
      2
    )
);

/** Not recorded. */
export const gapIcon = icon(
  'gap',
  ring('r="8.5" stroke-width="2.2" stroke-dasharray="4.2 2.475"')
);

/** Same. */
export const equalIcon = icon('equal', fill(BARS));

/** Different. */
export const unequalIcon = icon(
  'unequal',
  fill(BARS) + stroke('M16.5 4l-9 16', 2.6)
);

/** Not checked. */
export const minusIcon = icon('minus', fill('M5 10.5h14v3H5z'));

/** Can't be checked. */
export const questionIcon = icon(
  'question',
  stroke(
    'M7.8 8.2c.2-2.4 1.9-3.9 4.3-3.9 2.5 0 4.2 1.5 4.2 3.7 0 3-4.2 3.3-4.2 6.6',
    2.6
  ) +
    '<circle class="jp-icon3 jp-icon-selectable" fill="#616161" cx="12.1" cy="19.3" r="1.8"/>'
);

/** Recording; needed. */
export const dotIcon = icon(
  'dot',
  '<circle class="jp-icon3 jp-icon-selectable" fill="#616161" cx="12" cy="12" r="7"/>'
);

/** Partial, undecided, self-reported. */
export const halfIcon = icon(
  'half',
  ring('r="7" stroke-width="2"') + fill('M12 5a7 7 0 0 1 0 14z')
);

/** Off; left out. */
export const ringIcon = icon('ring', ring('r="7" stroke-width="2"'));

/** Signs that words come with, by name. */
export const SIGNS = {
  dot: dotIcon,
  gap: gapIcon,
  half: halfIcon,
  ring: ringIcon,
  equal: equalIcon,
  unequal: unequalIcon,
  minus: minusIcon,
  question: questionIcon,
  error: errorIcon
};
export type Sign = keyof typeof SIGNS;
