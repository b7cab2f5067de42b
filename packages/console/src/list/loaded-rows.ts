/** A place in a list from which the server can go on. */
export interface Mark {
  /** What the server takes; empty: from the first row on. */
  readonly cursor: string;
  /** Id of the row before it; empty: there is none. */
  readonly after: string;
}

/**
 * The rows of a list that were read so far, in the order of their ids, from the first one on without a hole.
 * What one answer says of its stretch of the list counts for the whole stretch, so that rows which came, moved or went
 * there are right again, whichever part is read anew and in whichever order answers come.
 */
export interface LoadedRows<R> {
  readonly rows: readonly R[];
  /** In order. Where the list is not whole, the last one is where it goes on. */
  readonly marks: readonly Mark[];
  readonly isWhole: boolean;
}

export interface RowsAnswer<R> {
  readonly rows: readonly R[];
  /** Cursor of what follows; undefined: nothing does. */
  readonly next: string | undefined;
}

const START: Mark = { cursor: '', after: '' };

export const noRows = <R>(): LoadedRows<R> => ({ rows: [], marks: [START], isWhole: false });

/** Ids are compared as the server does, by UTF-16 code units. */
export function takeRows<R>(
  before: LoadedRows<R>,
  asked: Mark,
  answer: RowsAnswer<R>,
  idOf: (row: R) => string,
): LoadedRows<R> {
  const last = answer.rows.at(-1);
  // Who says that more follows but has no row would be asked the same for ever.
  const next =
    answer.next === undefined || last === undefined ? null : { cursor: answer.next, after: idOf(last) };
  const isBefore = (id: string): boolean => id <= asked.after;
  const isBehind = (id: string): boolean => next !== null && id > next.after;
  const behind = before.rows.filter((row) => isBehind(idOf(row)));
  const marksBehind = before.marks.filter(({ after }) => isBehind(after));
  return {
    rows: [...before.rows.filter((row) => isBefore(idOf(row))), ...answer.rows, ...behind],
    marks: [
      ...before.marks.filter(({ after }) => isBefore(after)),
      ...(next === null ? [] : [next]),
      ...marksBehind,
    ],
    isWhole: next === null || (before.isWhole && behind.length > 0),
  };
}

/** Where to read from to have the row at this place anew. */
export function markBefore<R>({ rows, marks }: LoadedRows<R>, index: number, idOf: (row: R) => string): Mark {
  const row = rows[index];
  return (row === undefined ? undefined : marks.findLast(({ after }) => after < idOf(row))) ?? START;
}

/** Where the list goes on; null: it is whole. */
export const markOfMore = <R>({ marks, isWhole }: LoadedRows<R>): Mark | null =>
  isWhole ? null : (marks.at(-1) ?? START);
