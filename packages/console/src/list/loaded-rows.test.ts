import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LoadedRows, type Mark, markBefore, markOfMore, noRows, takeRows } from './loaded-rows.js';

const idOf = (row: string): string => row;

/** A server of a list, whose cursors are not its ids. */
function answerOf(list: readonly string[], { cursor }: Mark, limit: number) {
  const after = cursor.replace(/^after /, '');
  const behind = list.filter((row) => row > after);
  const rows = behind.slice(0, limit);
  return { rows, next: behind.length > limit ? `after ${rows.at(-1)}` : undefined };
}

const readAll = (list: readonly string[], limit: number, from: LoadedRows<string> = noRows()) => {
  let loaded = from;
  for (let mark = markOfMore(loaded); mark !== null; mark = markOfMore(loaded))
    loaded = takeRows(loaded, mark, answerOf(list, mark, limit), idOf);
  return loaded;
};

const NAMES = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), { maxLength: 26 });

describe('the rows of an endless list', () => {
  it('are all there once all was read, in order', () => {
    const list = [...'abcdefghij'];
    for (const limit of [1, 3, 10, 11])
      expect(readAll(list, limit)).toMatchObject({ rows: list, isWhole: true });
  });

  it('are right again after what is in view was read anew, whatever came and went', () => {
    fc.assert(
      fc.property(
        NAMES,
        NAMES,
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.nat(25), { maxLength: 12 }),
        (was, is, limit, looks) => {
          const [before, after] = [was.toSorted(), is.toSorted()];
          let loaded = readAll(before, limit);
          for (const look of looks) {
            const mark = markBefore(loaded, look, idOf);
            const seen = loaded.rows[look];
            // In view is what was there from the mark on up to the row that was looked at.
            const answer = answerOf(after, mark, 26);
            loaded = takeRows(loaded, mark, answer, idOf);
            if (seen !== undefined) expect(mark.after < seen || mark.cursor === '').toBe(true);
            expect(loaded.rows.filter((row) => row > mark.after)).toEqual(
              after.filter((row) => row > mark.after),
            );
          }
          expect(loaded.rows).toEqual(loaded.rows.toSorted());
          expect(new Set(loaded.rows).size).toBe(loaded.rows.length);
        },
      ),
    );
  });

  it('lose none where an answer ends before what was known, and go on where they ended', () => {
    let loaded = readAll([...'bdf'], 2);
    // Three came before it: the answer ends at b, and d and f are still known.
    loaded = takeRows(
      loaded,
      { cursor: '', after: '' },
      answerOf([...'0123bdf'], { cursor: '', after: '' }, 5),
      idOf,
    );
    expect(loaded.rows.join('')).toBe('0123bdf');
    expect(loaded.isWhole).toBe(true);
    let part = takeRows(
      noRows<string>(),
      { cursor: '', after: '' },
      { rows: ['a', 'b'], next: 'after b' },
      idOf,
    );
    expect(markOfMore(part)).toEqual({ cursor: 'after b', after: 'b' });
    part = takeRows(part, { cursor: '', after: '' }, { rows: ['a'], next: 'after a' }, idOf);
    expect(part.rows).toEqual(['a', 'b']);
    expect(markOfMore(part)).toEqual({ cursor: 'after b', after: 'b' });
  });

  it('end where the server says that more follows and gives none', () => {
    expect(takeRows(noRows<string>(), { cursor: '', after: '' }, { rows: [], next: 'x' }, idOf).isWhole).toBe(
      true,
    );
  });
});
