import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IAttestClient, IRecording } from '../../tokens';
import { CommandIDs, DOMAIN, NO_ARGS } from '../commands';

/** "Export provenance file": a download, in menu and palette. */
export const exportPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-attest:export',
  description: 'Downloads the newest record of the current notebook.',
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
    commands.addCommand(CommandIDs.exportRecord, {
      label: trans.__('Export Provenance File'),
      caption: trans.__(
        'Download the newest record of this notebook, or an unsigned one where there is none'
      ),
      describedBy: NO_ARGS,
      isEnabled: () => recording.path !== null && !recording.unreachable,
      execute: async () => {
        const { exportProvenance } = await import('../exporter');
        const path = recording.path;
        if (path !== null) {
          await exportProvenance(client, path, trans);
        }
      }
    });
    recording.changed.connect(() =>
      commands.notifyCommandChanged(CommandIDs.exportRecord)
    );
    palette?.addItem({
      command: CommandIDs.exportRecord,
      category: trans.__('Provenance')
    });
  }
};
