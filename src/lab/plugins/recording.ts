import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IAttestClient, IRecording } from '../../tokens';
import { Recording } from '../recording';

/** Provides what is known about recording for the notebook in front. */
export const recordingPlugin: JupyterFrontEndPlugin<IRecording> = {
  id: 'jupyter-attest:recording',
  description: 'Follows whether the current notebook is being recorded.',
  autoStart: true,
  requires: [INotebookTracker, IAttestClient],
  provides: IRecording,
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    client: IAttestClient
  ) =>
    new Recording({
      tracker,
      client,
      shell: app.shell,
      contents: app.serviceManager.contents
    })
};
