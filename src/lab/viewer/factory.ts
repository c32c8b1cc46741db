/**
 * Opens a record as a document of JupyterLab: read-only, without a kernel. The
 * page itself is loaded with the first record that is opened.
 */
import {
  ABCWidgetFactory,
  DocumentWidget,
  type DocumentRegistry
} from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel } from '@lumino/widgets';
import type { IAttestClient } from '../../tokens';
import { attestIcon } from '../icons';

export type RecordDocument = DocumentWidget<Panel>;

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
    const content = new Panel();
    content.addClass('jp-Attest-record');
    content.title.icon = attestIcon;
    void this._fill(content, context);
    const widget = new DocumentWidget({ content, context });
    widget.toolbar.hide();
    return widget;
  }

  /** Show the record in its panel, now and whenever the file changes. */
  private async _fill(
    panel: Panel,
    context: DocumentRegistry.Context
  ): Promise<void> {
    const { client, contents, trans } = this._options;
    const [{ createView }] = await Promise.all([
      import('./view'),
      context.ready
    ]);
    if (panel.isDisposed) {
      return;
    }
    const view = createView(
      { client, path: contents.localPath(context.path) },
      trans
    );
    panel.addWidget(view);
    // The document's model holds base64, so that the bytes are the file's own.
    const read = (): void =>
      void view.model?.load(bytesOf(context.model.toString()));
    context.model.contentChanged.connect(read);
    view.disposed.connect(() => context.model.contentChanged.disconnect(read));
    read();
  }
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  } catch {
    return new TextEncoder().encode(base64);
  }
}
