import type { ComponentChildren } from 'preact';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EndlessList, ShownList } from './endless-list.js';
import { ListFoot } from './list-foot.js';
import { RowBox } from './row-box.js';
import { useRows } from './use-rows.js';

export interface Column<R> {
  readonly name: string;
  /** What stands at its head; without it, the name. */
  readonly head?: ComponentChildren;
  /** In letters' heights: columns stay as they are while rows come and go. */
  readonly em: number;
  /** `grow`: takes what room is left. */
  readonly kind?: 'number' | 'grow';
  readonly class?: string;
  readonly cell: (row: R) => ComponentChildren;
}

/**
 * The rows of an endless list as a table in a box of its own that scrolls. Of them, only those in view and some around them
 * are in the document; a screen reader is told the place of each. The first column names the row.
 */
export function RowTable<A, R>({
  label,
  list,
  shown: { rows, isWhole, query },
  total,
  columns,
  idOf,
}: {
  /** What the rows are, in the plural. */
  readonly label: string;
  readonly list: EndlessList<A, R>;
  readonly shown: ShownList<A, R>;
  /** How many rows there are in all, where the server says it. */
  readonly total?: number | undefined;
  readonly columns: readonly Column<R>[];
  readonly idOf: (row: R) => string;
}) {
  const head = useRef<HTMLTableSectionElement>(null);
  const [headPx, setHeadPx] = useState(0);
  const inBox = useRows({
    count: rows.length,
    query,
    idOf: useCallback((index) => idAt(rows, index, idOf), [rows, idOf]),
    headPx,
    onSee: (first, last) => list.see(first, last),
  });
  useLayoutEffect(() => setHeadPx(head.current?.offsetHeight ?? 0), []);
  const asked = useRef(query);
  useLayoutEffect(() => {
    if (asked.current !== query) inBox.scrollTo(0);
    asked.current = query;
  }, [query]);
  const widthEm = columns.reduce((sum, { em }) => sum + em, 0);
  return (
    <>
      <RowBox label={`Table: ${label}`} rows={inBox}>
        <table
          aria-rowcount={
            isWhole ? rows.length + 1 : total !== undefined && total > rows.length ? total + 1 : -1
          }
          style={{ minWidth: `${widthEm}em` }}
        >
          <colgroup>
            {columns.map(({ name, em, kind }) => (
              <col key={name} style={kind === 'grow' ? {} : { width: `${em}em` }} />
            ))}
          </colgroup>
          <thead ref={head}>
            <tr aria-rowindex={1}>
              {columns.map(({ name, head: shownName, kind }) => (
                <th key={name} scope="col" class={kind === 'number' ? 'number' : ''}>
                  {shownName ?? name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {inBox.items.flatMap(({ index, gapPx }) => {
              const row = rows[index];
              if (row === undefined) return [];
              const id = idOf(row);
              return [
                gapPx > 0 && <Gap key={`before ${id}`} px={gapPx} columns={columns.length} />,
                <tr key={id} ref={inBox.measure} data-index={index} aria-rowindex={index + 2}>
                  {columns.map((column, at) => {
                    const cell = column.cell(row);
                    const kind = [column.kind === 'number' ? 'number' : '', column.class ?? ''].join(' ');
                    return at === 0 ? (
                      <th key={column.name} scope="row" class={kind}>
                        {cell}
                      </th>
                    ) : (
                      <td key={column.name} class={kind}>
                        {cell}
                      </td>
                    );
                  })}
                </tr>,
              ];
            })}
            {inBox.restPx > 0 && <Gap key="rest" px={inBox.restPx} columns={columns.length} />}
          </tbody>
        </table>
      </RowBox>
      <ListFoot
        label={label}
        list={list}
        inView={inBox.inView}
        count={rows.length}
        total={total}
        isWhole={isWhole}
      />
    </>
  );
}

function idAt<R>(rows: readonly R[], index: number, idOf: (row: R) => string): string {
  const row = rows[index];
  return row === undefined ? '' : idOf(row);
}

/** Stands for rows that are not in the document. */
const Gap = ({ px, columns }: { readonly px: number; readonly columns: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can have the focus.
  <tr class="gap" aria-hidden="true">
    <td colSpan={columns} style={{ height: `${px}px` }} />
  </tr>
);
