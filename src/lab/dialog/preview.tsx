import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { saveText } from '../download';
import { Json } from '../json';
import { Icon, Meta, copyText } from '../parts';
import { count, localeOf } from '../text';
import type { AttestModel } from './model';

/** Over this size only the beginning is shown, in characters. */
const MAX_SHOWN = 1_000_000;
const BEGINNING = 200_000;

/** The statement of the dry run, exactly as it will be signed. */
export function Preview(props: {
  model: AttestModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const done = model.dryRun;
  const text = done?.statement ?? '';
  const long = text.length > MAX_SHOWN;
  const title = trans.__('Exactly what will be signed');
  return (
    <section className="jp-Attest-preview" aria-label={title}>
      <div className="jp-Attest-previewHead">
        <strong>{title}</strong>
        {done && (
          <Meta>
            {trans.__('%1 bytes', count(done.statementBytes, localeOf(trans)))}
          </Meta>
        )}
        <span className="jp-Attest-space" />
        <button
          type="button"
          className="jp-Attest-btn"
          aria-disabled={!done}
          onClick={() => copyText(text)}
        >
          <Icon icon={copyIcon} />
          {trans.__('Copy')}
        </button>
        {long && (
          <button
            type="button"
            className="jp-Attest-btn"
            onClick={() => saveText('statement.json', text)}
          >
            {trans.__('Save a copy…')}
          </button>
        )}
        <button
          type="button"
          className="jp-Attest-ib"
          title={trans.__('Hide preview')}
          aria-label={trans.__('Hide preview')}
          onClick={() => model.setPreview(false)}
        >
          <Icon icon={closeIcon} />
        </button>
      </div>
      <Json text={long ? text.slice(0, BEGINNING) : text} label={title} />
    </section>
  );
}
