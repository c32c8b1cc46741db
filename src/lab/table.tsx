/**
 * A table of any length: up to 200 rows a plain one, above that only the rows
 * in view exist, and `aria-rowcount` says how many there are.
 */
import * as React from 'react';

/** Height of a row, in pixels; `.jp-Attest-tbl td` has the same. */
const ROW = 26;
const PLAIN = 200;
/** Rows kept beyond each edge of the view. */
const MARGIN = 10;
/** Rows that can have the focus. */
const FOCUSABLE = 'tr[tabindex]';

export interface IColumn<T> {
  title: string;
  /** CSS width; the one without takes the rest. */
  width?: string;
  cell: (row: T) => React.ReactNode;
  end?: boolean;
}

export interface IRows<T> {
  /** Title of the group; none when there is only one. */
  title: string | null;
  rows: readonly T[];
}

export interface ITableProps<T> {
  label: string;
  columns: IColumn<T>[];
  groups: IRows<T>[];
  keyOf: (row: T) => string;
  selected: string | null;
  onSelect: (row: T) => void;
}

type Line<T> = { title: string } | { row: T };

function linesOf<T>(groups: IRows<T>[]): Line<T>[] {
  return groups.flatMap(({ title, rows }) => [
    ...(title === null ? [] : [{ title }]),
    ...rows.map(row => ({ row }))
  ]);
}

interface IView {
  from: number;
  to: number;
  /** The element that scrolls. */
  scroll: React.RefObject<HTMLDivElement>;
  onScroll: (event: React.UIEvent<HTMLElement>) => void;
  /** Bring the first or last row into the page and give it the focus. */
  goTo: (end: 'first' | 'last') => void;
}

/** First and last line in view, and what moves it. */
function useView(total: number): IView {
  const [top, setTop] = React.useState(0);
  const scroll = React.useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = React.useState<'first' | 'last' | null>(null);
  // The row exists only once the page was made for its place.
  React.useEffect(() => {
    if (wanted !== null) {
      const rows = scroll.current?.querySelectorAll<HTMLElement>(FOCUSABLE);
      rows?.[wanted === 'last' ? rows.length - 1 : 0]?.focus();
      setWanted(null);
    }
  }, [wanted]);
  const goTo = (end: 'first' | 'last'): void => {
    setTop(end === 'last' ? total * ROW : 0);
    setWanted(end);
  };
  const [height, setHeight] = React.useState(800);
  const onScroll = (event: React.UIEvent<HTMLElement>): void => {
    setTop(event.currentTarget.scrollTop);
    setHeight(event.currentTarget.clientHeight);
  };
  const moves = { scroll, onScroll, goTo };
  if (total <= PLAIN) {
    return { from: 0, to: total, ...moves };
  }
  const from = Math.max(0, Math.floor(top / ROW) - MARGIN);
  const to = Math.min(total, Math.ceil((top + height) / ROW) + MARGIN);
  return { from, to, ...moves };
}

function Gap(props: { rows: number; columns: number }): JSX.Element | null {
  return props.rows > 0 ? (
    <tr aria-hidden="true" className="jp-Attest-blank">
      <td colSpan={props.columns} style={{ height: props.rows * ROW }} />
    </tr>
  ) : null;
}

/** What doesn't fit is in the tooltip. */
function Cell<T>(props: { column: IColumn<T>; row: T }): JSX.Element {
  const { column, row } = props;
  const content = column.cell(row);
  return (
    <td
      className={column.end ? 'jp-Attest-num' : undefined}
      title={typeof content === 'string' ? content : undefined}
    >
      {content}
    </td>
  );
}

export function Table<T>(props: ITableProps<T>): JSX.Element {
  const { columns, groups, keyOf, selected, onSelect, label } = props;
  const lines = linesOf(groups);
  const { from, to, scroll, onScroll, goTo } = useView(lines.length);
  const rowKeys = (event: React.KeyboardEvent, row: T): void => {
    const current = event.currentTarget as HTMLElement;
    const move = (to: Element | null): void => {
      if (to instanceof HTMLElement) {
        event.preventDefault();
        to.focus();
      }
    };
    switch (event.key) {
      case 'Enter':
      case ' ':
        event.preventDefault();
        onSelect(row);
        break;
      case 'ArrowDown':
        move(neighbour(current, 'nextElementSibling'));
        break;
      case 'ArrowUp':
        move(neighbour(current, 'previousElementSibling'));
        break;
      case 'Home':
      case 'End':
        event.preventDefault();
        goTo(event.key === 'End' ? 'last' : 'first');
        break;
    }
  };
  // The one row that Tab reaches is among those that exist.
  const rows = lines
    .slice(from, to)
    .filter((line): line is { row: T } => 'row' in line);
  const stop = rows.some(({ row }) => keyOf(row) === selected)
    ? selected
    : rows.length > 0 && rows[0]
      ? keyOf(rows[0].row)
      : null;
  return (
    <div className="jp-Attest-scroll" ref={scroll} onScroll={onScroll}>
      <table
        className="jp-Attest-tbl"
        role="grid"
        aria-label={label}
        aria-rowcount={lines.length + 1}
      >
        <colgroup>
          {columns.map(column => (
            <col key={column.title} style={{ width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(column => (
              <th
                key={column.title}
                scope="col"
                className={column.end ? 'jp-Attest-num' : undefined}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={from} columns={columns.length} />
          {lines.slice(from, to).map((line, index) =>
            'title' in line ? (
              <tr
                key={`group ${line.title}`}
                className="jp-Attest-grp"
                aria-rowindex={from + index + 2}
              >
                <th scope="rowgroup" colSpan={columns.length}>
                  {line.title}
                </th>
              </tr>
            ) : (
              <tr
                key={keyOf(line.row)}
                aria-rowindex={from + index + 2}
                aria-selected={keyOf(line.row) === selected}
                tabIndex={keyOf(line.row) === stop ? 0 : -1}
                onClick={() => onSelect(line.row)}
                onKeyDown={event => rowKeys(event, line.row)}
              >
                {columns.map(column => (
                  <Cell key={column.title} column={column} row={line.row} />
                ))}
              </tr>
            )
          )}
          <Gap rows={lines.length - to} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** The next row that can have the focus. */
function neighbour(
  row: Element,
  way: 'nextElementSibling' | 'previousElementSibling'
): Element | null {
  let next = row[way];
  while (next && !next.hasAttribute('tabindex')) {
    next = next[way];
  }
  return next;
}
