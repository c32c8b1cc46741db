import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IRecording } from '../../tokens';
import { CommandIDs, DOMAIN } from '../commands';

/** Says at the foot of the window whether the current notebook is recorded. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-attest:status',
  description: 'Status bar item that always says whether recording is on.',
  autoStart: true,
  requires: [IRecording],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    recording: IRecording,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    // Not needed before the window stands.
    void import('../status').then(({ StatusItem }) => {
      const item = new StatusItem({
        recording,
        trans,
        commands: app.commands,
        entries: [
          CommandIDs.attest,
          CommandIDs.exportRecord,
          CommandIDs.togglePause,
          CommandIDs.forget
        ]
      });
      statusBar.registerStatusItem('jupyter-attest:status', {
        item,
        align: 'left',
        rank: 3,
        isActive: () => recording.path !== null,
        activeStateChanged: item.activeStateChanged
      });
    });
  }
};
