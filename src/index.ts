import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { attestPlugin } from './lab/plugins/attest';
import { clientPlugin } from './lab/plugins/client';
import { controlsPlugin } from './lab/plugins/controls';
import { exportPlugin } from './lab/plugins/export';
import { recordingPlugin } from './lab/plugins/recording';
import { statusPlugin } from './lab/plugins/status';
import { viewerPlugin } from './lab/plugins/viewer';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  clientPlugin,
  recordingPlugin,
  attestPlugin,
  controlsPlugin,
  statusPlugin,
  viewerPlugin,
  exportPlugin
];

export default plugins;
