import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IAttestClient } from '../../tokens';
import { AttestClient } from '../client';

/** Provides the REST client; replaced by whoever brings another server. */
export const clientPlugin: JupyterFrontEndPlugin<IAttestClient> = {
  id: 'jupyter-attest:client',
  description: 'The routes of the server that records and attests.',
  autoStart: true,
  provides: IAttestClient,
  activate: app => new AttestClient(app.serviceManager.serverSettings)
};
