/** Opens a record as a document of JupyterLab: read-only, without a kernel. */
import {
  ABCWidgetFactory,
  DocumentWidget,
  type DocumentRegistry
} from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { IAttestClient } from '../../tokens';
import { attestIcon } from '../icons';
import { RecordModel } from './model';
import { RecordView } from './view';

export type RecordDocument = DocumentWidget<RecordView>;

export interface IRecordFactoryOptions extends DocumentRegistry.IWidgetFactoryOptions<RecordDocument> {
  client: IAttestClient;
  contents: Contents.IManager;
  trans: TranslationBundle;
}

export class RecordFactory extends ABCWidgetFactory<RecordDocument> {
  constructor(private _options: IRecordFactoryOptions) {
    super(_options);
  }

  protected override createNewWidget(
    context: DocumentRegistry.Context
  ): RecordDocument {
    const { client, contents, trans } = this._options;
    const model = new RecordModel({
      client,
      path: contents.localPath(context.path)
    });
    const content = new RecordView(model, trans);
    content.id = `jp-Attest-${UUID.uuid4()}`;
    content.title.icon = attestIcon;
    content.disposed.connect(() => model.dispose());
    // The model holds base64, so that the bytes are the file's own.
    const read = (): void => {
      if (!content.isDisposed) {
        void model.load(bytesOf(context.model.toString()));
      }
    };
    void context.ready.then(() => {
      read();
      context.model.contentChanged.connect(read);
    });
    const widget = new DocumentWidget({ content, context });
    widget.toolbar.hide();
    return widget;
  }
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  } catch {
    return new TextEncoder().encode(base64);
  }
}
