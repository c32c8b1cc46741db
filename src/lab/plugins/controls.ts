import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IAttestClient, IRecording } from '../../tokens';
import { CommandIDs, DOMAIN, NO_ARGS } from '../commands';

/** Pause, resume and forget, as commands: the status item's menu has them. */
export const controlsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-attest:controls',
  description: 'Pauses and resumes recording, and makes it forget.',
  autoStart: true,
  requires: [IRecording, IAttestClient],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    recording: IRecording,
    client: IAttestClient,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const paused = (): boolean => recording.status?.state === 'paused';

    commands.addCommand(CommandIDs.togglePause, {
      label: () =>
        paused() ? trans.__('Resume Recording') : trans.__('Pause Recording'),
      describedBy: NO_ARGS,
      isEnabled: () => typeof recording.status?.sid === 'string',
      execute: async () => {
        const { setPaused } = await import('../controls');
        await setPaused({ recording, client, trans }, !paused());
      }
    });
    commands.addCommand(CommandIDs.forget, {
      label: trans.__('Forget…'),
      caption: trans.__('Delete what was recorded for this notebook'),
      describedBy: NO_ARGS,
      isEnabled: () => recording.path !== null && !recording.unreachable,
      execute: async () => {
        const { forget } = await import('../controls');
        await forget({ recording, client, trans });
      }
    });
    recording.changed.connect(() => {
      commands.notifyCommandChanged(CommandIDs.togglePause);
      commands.notifyCommandChanged(CommandIDs.forget);
    });
    for (const command of [CommandIDs.togglePause, CommandIDs.forget]) {
      palette?.addItem({ command, category: trans.__('Provenance') });
    }
  }
};
