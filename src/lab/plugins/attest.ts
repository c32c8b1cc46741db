import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IAttestClient, IRecording } from '../../tokens';
import { AttestButton } from '../button';
import { CommandIDs, DOMAIN, NO_ARGS } from '../commands';
import { attestIcon } from '../icons';
// The button's tooltip needs it as soon as a notebook is open.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { whyNoRecord } from '../wording';

/** The button, the command and the dialog behind both. */
export const attestPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-attest:plugin',
  description: 'Makes a signed record of how a file was made.',
  autoStart: true,
  requires: [IRecording, IAttestClient],
  optional: [ICommandPalette, IToolbarWidgetRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    recording: IRecording,
    client: IAttestClient,
    palette: ICommandPalette | null,
    toolbars: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ) => {
    const { commands, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const why = (): string | null =>
      whyNoRecord(
        trans,
        recording.path,
        recording.status,
        recording.unreachable
      );

    commands.addCommand(CommandIDs.attest, {
      label: trans.__('Attest…'),
      caption: () =>
        why() ?? trans.__('Create a record of how a file was made'),
      icon: attestIcon,
      describedBy: NO_ARGS,
      isEnabled: () => why() === null,
      execute: async () => {
        const { attest } = await import('../attest');
        const path = recording.path;
        if (path !== null) {
          await attest({
            path,
            client,
            trans,
            contents: serviceManager.contents,
            open: record =>
              void commands.execute('docmanager:open', { path: record })
          });
        }
        await recording.refresh();
      }
    });
    recording.changed.connect(() =>
      commands.notifyCommandChanged(CommandIDs.attest)
    );
    palette?.addItem({
      command: CommandIDs.attest,
      category: trans.__('Notebook Operations')
    });
    toolbars?.addFactory(
      'Notebook',
      'attest',
      () => new AttestButton({ commands, recording, trans, why })
    );
  }
};
