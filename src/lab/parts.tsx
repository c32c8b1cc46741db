/**
 * The small pieces that every screen is made of. Names and texts that come
 * from files are only ever text nodes.
 */
import {
  LabIcon,
  fileIcon,
  folderIcon,
  imageIcon,
  jsonIcon,
  linkIcon,
  pythonIcon,
  spreadsheetIcon,
  yamlIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import { splitMiddle, visible } from './text';

/** Colour that repeats what shape and word already say. */
export type Tone = 'warn' | 'bad' | undefined;

const toned = (name: string, tone: Tone): string =>
  tone ? `${name} jp-Attest-mod-${tone}` : name;

/** An icon beside its word, which is why it has no name of its own. */
export function Icon(props: { icon: LabIcon; tone?: Tone }): JSX.Element {
  return (
    <span className={toned('jp-Attest-icon', props.tone)} aria-hidden="true">
      <props.icon.react tag={null} />
    </span>
  );
}

/** Icon and word of a state. */
export function State(props: {
  icon: LabIcon;
  word: string;
  tone?: Tone;
}): JSX.Element {
  return (
    <span className="jp-Attest-state">
      <Icon icon={props.icon} tone={props.tone} />
      {props.word}
    </span>
  );
}

/**
 * A file's name with a middle ellipsis; the full name is its tooltip, and what
 * a screen reader says: cut in two it would be two words.
 */
export function Name(props: {
  name: string;
  tail?: number;
  title?: string;
}): JSX.Element {
  const shown = visible(props.name);
  const [head, tail] = splitMiddle(shown, props.tail ?? 14);
  return (
    <span className="jp-Attest-mid" title={props.title ?? shown}>
      <span aria-hidden="true">{head}</span>
      <span aria-hidden="true">{tail}</span>
      <span className="jp-Attest-spoken">{shown}</span>
    </span>
  );
}

const ICONS: [RegExp, LabIcon][] = [
  [/^[a-z][a-z0-9+.-]*:\/\//i, linkIcon],
  [/\/$/, folderIcon],
  [/\.(csv|tsv|xlsx?|ods)$/i, spreadsheetIcon],
  [/\.ya?ml$/i, yamlIcon],
  [/\.(png|jpe?g|gif|bmp|webp|svg|tiff?)$/i, imageIcon],
  [/\.(json|jsonl|ndjson)$/i, jsonIcon],
  [/\.py$/i, pythonIcon]
];

/** The icon that the file browser would choose. */
export function fileIconOf(name: string): LabIcon {
  return ICONS.find(([pattern]) => pattern.test(name))?.[1] ?? fileIcon;
}

/** Icon and name of a file. */
export function FileName(props: { name: string; tail?: number }): JSX.Element {
  return (
    <span className="jp-Attest-file">
      <Icon icon={fileIconOf(props.name)} />
      <Name name={props.name} tail={props.tail} />
    </span>
  );
}

/** Second line, count or another thing said quietly. */
export function Meta(props: { children: React.ReactNode }): JSX.Element {
  return <span className="jp-Attest-meta">{props.children}</span>;
}

/** A fingerprint or code. */
export function Code(props: {
  children: React.ReactNode;
  title?: string;
}): JSX.Element {
  return (
    <span className="jp-Attest-code" title={props.title}>
      {props.children}
    </span>
  );
}

/** The box above a list that narrows it down. */
export function FilterBox(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <input
      className="jp-Attest-in"
      aria-label={props.label}
      placeholder={props.label}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** A button that reads as a link: it acts on this page and leads nowhere else. */
export function LinkButton(props: {
  onClick: () => void;
  children: React.ReactNode;
  expanded?: boolean;
  label?: string;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-Attest-link"
      onClick={props.onClick}
      aria-expanded={props.expanded}
      aria-label={props.label}
    >
      {props.children}
    </button>
  );
}

/** Terms and what is said about them. */
export function Facts(props: {
  rows: [term: string, fact: React.ReactNode][];
  wide?: boolean;
}): JSX.Element {
  return (
    <dl
      className={
        props.wide ? 'jp-Attest-dl jp-Attest-mod-wide' : 'jp-Attest-dl'
      }
    >
      {props.rows.map(([term, fact]) => (
        <React.Fragment key={term}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

/** Put a text on the clipboard; where the browser keeps it away, select-and-copy still works. */
export function copyText(text: string): void {
  void navigator.clipboard?.writeText(text).catch(() => undefined);
}
