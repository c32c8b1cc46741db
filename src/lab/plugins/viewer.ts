import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IAttestClient } from '../../tokens';
import { DOMAIN } from '../commands';
import { attestIcon } from '../icons';
import { RecordFactory, type RecordDocument } from '../viewer/factory';

const FACTORY = 'Provenance Record';
const FILE_TYPE = 'provenance-record';

/** Opens saved records. */
export const viewerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-attest:viewer',
  description: 'File type and viewer for records.',
  autoStart: true,
  requires: [IAttestClient],
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    client: IAttestClient,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: trans.__('Provenance Record'),
      extensions: ['.sigstore.json', '.intoto.json'],
      mimeTypes: [
        'application/vnd.dev.sigstore.bundle.v0.3+json',
        'application/vnd.in-toto+json'
      ],
      contentType: 'file',
      fileFormat: 'base64',
      icon: attestIcon
    });
    const factory = new RecordFactory({
      name: FACTORY,
      label: trans.__('Provenance Record'),
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      modelName: 'base64',
      readOnly: true,
      client,
      contents: app.serviceManager.contents,
      trans
    });
    const tracker = new WidgetTracker<RecordDocument>({
      namespace: 'jupyter-attest'
    });
    factory.widgetCreated.connect((_, widget) => {
      void tracker.add(widget);
    });
    app.docRegistry.addWidgetFactory(factory);
    if (restorer) {
      void restorer.restore(tracker, {
        command: 'docmanager:open',
        args: ({ context }) => ({ path: context.path, factory: FACTORY }),
        name: ({ context }) => context.path
      });
    }
  }
};
