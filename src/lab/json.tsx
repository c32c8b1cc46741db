/**
 * JSON shown exactly as it is. A statement is one long line; here its lines
 * and indentation are made of boxes, so that the text itself, selected or
 * copied, stays the bytes that are signed.
 */
import * as React from 'react';
import { visibleText } from './text';

/** A string, a mark of the structure, or what stands between them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+|"/g;

/** Longest text that gets boxes and colours, in characters. */
const MAX_DRAWN = 300_000;
/** Deepest nesting that is drawn. */
const MAX_DEPTH = 40;

interface IBox {
  items: React.ReactNode[];
}

/** Whether the text has lines of its own, in which case it is shown with them. */
const hasLines = (text: string): boolean => text.includes('\n');

function leaf(token: string, isKey: boolean, key: number): React.ReactNode {
  if (!token.startsWith('"')) {
    return token;
  }
  return (
    <span key={key} className={isKey ? 'jp-Attest-key' : 'jp-Attest-string'}>
      {token}
    </span>
  );
}

/**
 * Boxes within boxes: each member of an object or list is a block.
 * @returns null when the text is nested too deep to be drawn
 */
function draw(text: string): React.ReactNode[] | null {
  const root: IBox = { items: [] };
  const open: { box: IBox; line: React.ReactNode[] }[] = [
    { box: root, line: [] }
  ];
  const tokens = text.match(TOKEN) ?? [];
  const top = (): (typeof open)[number] =>
    open[open.length - 1] as (typeof open)[number];
  const endLine = (key: number): void => {
    const { box, line } = top();
    if (line.length > 0) {
      box.items.push(<div key={key}>{line}</div>);
      top().line = [];
    }
  };
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') {
      top().line.push(token);
      open.push({ box: { items: [] }, line: [] });
      if (open.length > MAX_DEPTH) {
        return null;
      }
    } else if ((token === '}' || token === ']') && open.length > 1) {
      endLine(index);
      const inner = open.pop()?.box.items ?? [];
      if (inner.length > 0) {
        top().line.push(
          <div key={index} className="jp-Attest-indent">
            {inner}
          </div>
        );
      }
      top().line.push(token);
    } else if (token === ',') {
      top().line.push(token);
      endLine(index);
    } else {
      top().line.push(leaf(token, tokens[index + 1] === ':', index));
    }
  }
  while (open.length > 1) {
    endLine(tokens.length + open.length);
    const inner = open.pop()?.box.items ?? [];
    top().line.push(<div key={`rest-${open.length}`}>{inner}</div>);
  }
  endLine(tokens.length);
  return root.items;
}

/** The text as nodes whose own text, put together, is the text again. */
export function jsonNodes(text: string): React.ReactNode {
  return text.length > MAX_DRAWN || hasLines(text)
    ? text
    : (draw(text) ?? text);
}

/** Read-only JSON; scrolls both ways, reachable by keyboard. */
export function Json(props: { text: string; label: string }): JSX.Element {
  const nodes = React.useMemo(
    () => jsonNodes(visibleText(props.text)),
    [props.text]
  );
  return (
    <div
      className="jp-Attest-json"
      tabIndex={0}
      role="region"
      aria-label={props.label}
    >
      {nodes}
    </div>
  );
}
