import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PIECE_BYTES_MAX, PIECE_BYTES_MIN, PlayerQueue, type QueueItem } from './player-queue.js';

function item(bytes: number, more: Partial<QueueItem> = {}): QueueItem {
  return { bytes: Buffer.alloc(bytes), frames: 1, atMs: 0, headers: null, ...more };
}

/** A queue with these items, all at once. */
function queueOf(...items: readonly QueueItem[]): PlayerQueue {
  const queue = new PlayerQueue();
  for (const each of items) queue.add(each);
  return queue;
}

describe('PlayerQueue', () => {
  it('gives the very buffers that it was given, several in a piece', () => {
    const [a, b] = [item(1000), item(2000)];
    const piece = queueOf(a, b).take(PIECE_BYTES_MAX);
    expect(piece[0]).toBe(a.bytes);
    expect(piece[1]).toBe(b.bytes);
  });

  it('cuts a large item into pieces of the same memory', () => {
    const large = item(600_000);
    const queue = queueOf(item(10), large, item(20));
    const lengths: number[][] = [];
    for (;;) {
      const piece = queue.take(PIECE_BYTES_MAX);
      if (piece.length === 0) break;
      lengths.push(piece.map(({ length }) => length));
      for (const bytes of piece.filter(({ length }) => length > 20)) {
        expect(bytes.buffer).toBe(large.bytes.buffer);
      }
      queue.taken();
    }
    expect(lengths).toEqual([[10], [262_144], [262_144], [75_712, 20]]);
  });

  it('tells how much waits, and what the kernel took only once it did', () => {
    const queue = queueOf(item(100), item(200));
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([300, 0]);
    queue.take(250);
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([300, 0]);
    queue.taken();
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([200, 100]);
  });

  it('tells the age of what the kernel is to take next', () => {
    const queue = new PlayerQueue();
    expect(queue.ageMs(1000)).toBe(0);
    queue.add(item(100, { atMs: 200 }));
    queue.add(item(100, { atMs: 300 }));
    expect(queue.ageMs(1000)).toBe(800);
    queue.take(100);
    expect(queue.ageMs(1000)).toBe(800);
    queue.taken();
    expect(queue.ageMs(1000)).toBe(700);
    queue.add(item(100, { atMs: 400 }));
    queue.take(200);
    expect(queue.ageMs(1000)).toBe(700);
  });

  it('asks to be emptied when it is told to send, not before', () => {
    const queue = new PlayerQueue();
    let asked = 0;
    queue.carrier = {
      filled: () => {
        asked += 1;
      },
      carryAtOnce: () => false,
    };
    queue.send();
    queue.add(item(1));
    queue.add(item(1));
    expect(asked).toBe(0);
    queue.send();
    expect(asked).toBe(1);
  });

  it('lets an item by at once where nothing waits, and only then', () => {
    const queue = new PlayerQueue();
    const carried: Buffer[] = [];
    let isFree = true;
    queue.carrier = {
      filled: () => {},
      carryAtOnce: (_queue, bytes) => {
        if (isFree) carried.push(bytes);
        return isFree;
      },
    };
    const items = [1, 2, 3, 4].map((bytes) => item(bytes, { atMs: 100 }));
    const [a, b, c, d] = items as [QueueItem, QueueItem, QueueItem, QueueItem];
    queue.push(a);
    expect([queue.queuedBytes, queue.sentBytes, queue.ageMs(150)]).toEqual([1, 0, 50]);
    queue.push(b);
    expect(carried).toEqual([a.bytes]);
    queue.taken();
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([2, 1]);
    expect(queue.take(10)).toEqual([b.bytes]);
    queue.taken();
    isFree = false;
    queue.push(c);
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([3, 3]);
    isFree = true;
    queue.push(d);
    expect(carried).toEqual([a.bytes]);
    expect(queue.take(10)).toEqual([c.bytes, d.bytes]);
    queue.taken();
    queue.push(item(PIECE_BYTES_MAX + 1));
    expect(carried).toEqual([a.bytes]);
  });

  it('lets by what is just one piece, and never nothing', () => {
    const lengths: number[] = [];
    const queue = new PlayerQueue();
    queue.carrier = {
      filled: () => {},
      carryAtOnce: (_queue, bytes) => {
        lengths.push(bytes.length);
        return true;
      },
    };
    queue.push(item(0));
    queue.push(item(PIECE_BYTES_MAX));
    expect(lengths).toEqual([PIECE_BYTES_MAX]);
  });

  it('keeps what is pushed while nobody has it, and tells whether something waits to be handed out', () => {
    const queue = new PlayerQueue();
    expect(queue.isEmpty).toBe(true);
    queue.push(item(100));
    expect([queue.isEmpty, queue.queuedBytes]).toEqual([false, 100]);
    queue.take(100);
    expect([queue.isEmpty, queue.queuedBytes]).toEqual([true, 100]);
  });

  it('hands out items together that fill a piece to the byte', () => {
    const queue = queueOf(item(100), item(200), item(1));
    expect(queue.take(300).map(({ length }) => length)).toEqual([100, 200]);
  });

  it('drops all that waits when it is cleared, but for what is half out', () => {
    const queue = queueOf(item(PIECE_BYTES_MIN * 2), item(100, { headers: item(5), atMs: 1e9 }));
    queue.take(PIECE_BYTES_MIN);
    queue.taken();
    queue.clear();
    expect(queue.queuedBytes).toBe(PIECE_BYTES_MIN);
    queue.take(PIECE_BYTES_MIN);
    queue.taken();
    expect([queue.queuedBytes, queue.sentBytes]).toEqual([0, PIECE_BYTES_MIN * 2]);
  });

  it('drops up to the first start that leaves little enough, with the headers of that', () => {
    const headers = item(5, { frames: 0 });
    const [early, late] = [item(100, { headers }), item(100, { headers })];
    const queue = queueOf(early, item(100), late, item(100));
    expect(queue.drop(200, 0)).toEqual({ frames: 2, goesOn: true });
    expect(queue.queuedBytes).toBe(205);
    const piece = queue.take(PIECE_BYTES_MAX);
    expect(piece[0]).toBe(headers.bytes);
    expect(piece[1]).toBe(late.bytes);
  });

  it('drops up to a start that is recent enough', () => {
    const headers = item(5, { frames: 0 });
    const queue = queueOf(
      item(100, { headers, atMs: 1000 }),
      item(100, { headers, atMs: 2000 }),
      item(100, { headers, atMs: 3000 }),
    );
    expect(queue.drop(1000, 1500)).toEqual({ frames: 1, goesOn: true });
    expect(queue.drop(1000, 2500)).toEqual({ frames: 1, goesOn: true });
    expect(queue.drop(1000, 2500)).toEqual({ frames: 0, goesOn: true });
    expect(queue.queuedBytes).toBe(105);
  });

  it('drops everything where there is no such start, but for what is half out', () => {
    const large = item(PIECE_BYTES_MIN * 2);
    const queue = queueOf(large, item(100), item(200));
    queue.take(PIECE_BYTES_MIN);
    expect(queue.isMidItem).toBe(true);
    expect(queue.drop(1e6, 0)).toEqual({ frames: 2, goesOn: false });
    queue.taken();
    expect(queue.queuedBytes).toBe(PIECE_BYTES_MIN);
    expect(queue.take(PIECE_BYTES_MAX)).toEqual([large.bytes.subarray(PIECE_BYTES_MIN)]);
    expect(queue.isMidItem).toBe(false);
  });

  it('takes nothing more once it is closed, and is over when all is through', () => {
    const queue = queueOf(item(100));
    queue.close();
    queue.add(item(100));
    expect([queue.queuedBytes, queue.isOver]).toEqual([100, false]);
    queue.take(PIECE_BYTES_MAX);
    expect(queue.isOver).toBe(false);
    queue.taken();
    expect(queue.isOver).toBe(true);
  });

  it('keeps nothing of what it has sent, though it is never empty', () => {
    const queue = queueOf(item(100));
    for (let i = 0; i < 1000; i += 1) {
      queue.add(item(100));
      queue.take(100);
      queue.taken();
    }
    expect(queue.queuedBytes).toBe(100);
    expect(queue.take(1e6)).toHaveLength(1);
  });
});

/** The same in the plainest way: every byte has a number, and items are lists of them. */
interface ModelItem {
  readonly bytes: number[];
  readonly frames: number;
  readonly headers: ModelItem | null;
  readonly atMs: number;
}

type Step =
  | { readonly do: 'add'; readonly length: number; readonly frames: number; readonly isStart: boolean }
  | { readonly do: 'take'; readonly isSmall: boolean }
  | { readonly do: 'taken' }
  | { readonly do: 'drop'; readonly bytesMax: number; readonly ageMs: number };

/** Small pieces, so that every few items are cut. */
const SMALL = 4;
const LARGE = 16;

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        length: fc.integer({ min: 0, max: 40 }),
        frames: fc.integer({ min: 0, max: 3 }),
        isStart: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), isSmall: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('taken' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('drop' as const),
        bytesMax: fc.integer({ min: 0, max: 120 }),
        ageMs: fc.integer({ min: 0, max: 20 }),
      }),
    },
  ),
  { maxLength: 80 },
);

it('sends every byte once and in order, cuts where it may, and drops whole items exactly', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new PlayerQueue();
      let number = 0;
      const make = (length: number, frames: number, atMs: number, headers: ModelItem | null): ModelItem => {
        const bytes = Array.from({ length }, () => {
          number += 1;
          return number % 256;
        });
        return { bytes, frames, atMs, headers };
      };
      const real = new Map<ModelItem, QueueItem>();
      const realOf = (model: ModelItem): QueueItem => {
        const present = real.get(model);
        if (present !== undefined) return present;
        const { bytes, frames, atMs, headers } = model;
        const made = { bytes: Buffer.from(bytes), frames, atMs, headers: headers && realOf(headers) };
        real.set(model, made);
        return made;
      };
      /** What waits, the first of them perhaps in part; and what is out and not yet taken. */
      let waiting: ModelItem[] = [];
      let headOut = 0;
      let isOut = false;
      let outBytes = 0;
      let sentBytes = 0;
      for (const [nowMs, step] of list.entries()) {
        switch (step.do) {
          case 'add': {
            const headers = step.isStart ? make(2, 0, nowMs, null) : null;
            const model = make(step.length, step.frames, nowMs, headers);
            if (step.length > 0) waiting.push(model);
            queue.add(realOf(model));
            break;
          }
          case 'take': {
            if (isOut) break;
            const bytesMax = step.isSmall ? SMALL : LARGE;
            const flat = waiting.flatMap(({ bytes }) => bytes).slice(headOut);
            const piece = Buffer.concat(queue.take(bytesMax));
            expect(piece.length).toBeLessThanOrEqual(bytesMax);
            expect([...piece]).toEqual(flat.slice(0, piece.length));
            expect(piece.length > 0).toBe(flat.length > 0);
            let left = piece.length;
            while (left > 0) {
              const rest = (waiting[0]?.bytes.length ?? 0) - headOut;
              if (left < rest) {
                headOut += left;
                left = 0;
                expect(headOut % SMALL).toBe(0);
              } else {
                left -= rest;
                headOut = 0;
                waiting.shift();
              }
            }
            isOut = piece.length > 0;
            outBytes = piece.length;
            break;
          }
          case 'taken':
            if (isOut) queue.taken();
            sentBytes += outBytes;
            outBytes = 0;
            isOut = false;
            break;
          case 'drop': {
            const kept = waiting.slice(0, headOut > 0 ? 1 : 0);
            const rest = waiting.slice(kept.length);
            const start = rest.findIndex(({ headers, atMs }, at) => {
              const bytes = rest.slice(at).reduce((sum, each) => sum + each.bytes.length, 0);
              return headers !== null && bytes <= step.bytesMax && atMs >= nowMs - step.ageMs;
            });
            const dropped = start < 0 ? rest : rest.slice(0, start);
            const from = start < 0 ? [] : rest.slice(start);
            const headers = dropped.length > 0 ? (from[0]?.headers ?? null) : null;
            waiting = [...kept, ...(headers ? [headers] : []), ...from];
            expect(queue.drop(step.bytesMax, nowMs - step.ageMs)).toEqual({
              frames: dropped.reduce((sum, { frames }) => sum + frames, 0),
              goesOn: from.length > 0,
            });
            break;
          }
        }
        const bytes = waiting.reduce((sum, each) => sum + each.bytes.length, 0) - headOut;
        expect(queue.queuedBytes).toBe(bytes + outBytes);
        expect(queue.sentBytes).toBe(sentBytes);
        expect(queue.isMidItem).toBe(headOut > 0);
      }
    }),
    { numRuns: 500 },
  );
});
