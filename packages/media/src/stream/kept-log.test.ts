import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeptLog } from './kept-log.js';
import { PAGE_BYTES, PagePool } from './page-pool.js';

let pool: PagePool;

beforeEach(() => {
  pool = new PagePool();
});

const filled = (length: number, byte: number): Buffer => Buffer.alloc(length, byte);

describe('KeptLog', () => {
  it.each([0, 1, 5_000, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1, 3 * PAGE_BYTES + 7])(
    'keeps %i bytes as they were written, wherever in a page they begin',
    (length) => {
      for (const before of [0, 1, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1]) {
        const log = new KeptLog(pool);
        const first = log.write(filled(before, 1));
        const bytes = Buffer.from(Array.from({ length }, (_, index) => index % 251));
        const kept = log.write(bytes);
        const after = log.write(filled(100, 2));
        expect([log.copy(kept).equals(bytes), log.lengthOf(kept)]).toEqual([true, length]);
        for (const each of [first, kept, after]) log.release(each);
        log.end();
      }
      expect(pool.lent).toBe(0);
    },
  );

  it('knows equal payloads, however they lie', () => {
    const bytes = Buffer.from(Array.from({ length: 2 * PAGE_BYTES + 9 }, (_, index) => index % 253));
    const lying = [0, 1, 777, PAGE_BYTES - 1].map((before) => {
      const log = new KeptLog(pool);
      log.write(filled(before, 9));
      return { log, number: log.write(bytes) };
    });
    for (const one of lying)
      for (const other of lying) expect(one.log.equals(one.number, other.log, other.number)).toBe(true);
    const log = new KeptLog(pool);
    const isEqual = (other: Buffer) => {
      const number = log.write(other);
      return lying.map((one) => one.log.equals(one.number, log, number));
    };
    for (const at of [0, PAGE_BYTES, bytes.length - 1]) {
      const other = Buffer.from(bytes);
      other.writeUInt8((other.readUInt8(at) + 1) % 256, at);
      expect(isEqual(other)).toEqual([false, false, false, false]);
    }
    for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(1)])])
      expect(isEqual(other)).toEqual([false, false, false, false]);
  });

  it('holds until the last has let go, and then for nobody any more', () => {
    const log = new KeptLog(pool);
    const kept = log.write(filled(10, 5));
    log.end();
    expect(log.hold(kept)).toBe(true);
    log.release(kept);
    expect([log.copy(kept), pool.lent]).toEqual([filled(10, 5), 1]);
    log.release(kept);
    expect([log.hold(kept), pool.lent]).toEqual([false, 0]);
    const other = log.write(filled(10, 6));
    for (const read of [
      () => log.copy(kept),
      () => log.lengthOf(kept),
      () => log.equals(kept, log, other),
      () => log.equals(other, log, kept),
      () => log.release(kept),
      () => log.copy(other + 1),
      () => log.copy(-1),
    ])
      expect(read).toThrow('a kept payload was asked for after all who held it had let it go');
    expect(log.hold(other + 1)).toBe(false);
  });

  it('takes no number for another one that has its place now, or will have it', () => {
    const log = new KeptLog(pool);
    // Of the 16 places that there are at first, those of 17 to 20 are used for the second time.
    for (let number = 0; number <= 20; number += 1) {
      log.write(filled(10, number));
      if (number >= 4) log.release(number - 4);
    }
    for (const held of [17, 18, 19, 20]) {
      expect(log.copy(held)).toEqual(filled(10, held));
      for (const other of [held - 16, held + 16]) {
        expect(log.hold(other)).toBe(false);
        for (const read of [() => log.copy(other), () => log.lengthOf(other), () => log.release(other)])
          expect(read).toThrow('a kept payload was asked for after all who held it had let it go');
      }
    }
  });

  it('has let go of one between two that are held', () => {
    const log = new KeptLog(pool);
    const [before, between, after] = [1, 2, 3].map((byte) => log.write(filled(10, byte))) as [
      number,
      number,
      number,
    ];
    log.release(between);
    expect([log.hold(between), log.hold(before), log.hold(after)]).toEqual([false, true, true]);
    expect(() => log.copy(between)).toThrow('let it go');
    expect([log.copy(before), log.copy(after)]).toEqual([filled(10, 1), filled(10, 3)]);
  });

  it('is never seen changed, whatever is written, held and let go beside', () => {
    const step = fc.record({
      log: fc.nat(3),
      act: fc.constantFrom('write', 'write', 'hold', 'release', 'release', 'release oldest', 'end'),
      length: fc.oneof(fc.nat(200), fc.nat(3 * PAGE_BYTES)),
      which: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const own = new PagePool();
        const logs = Array.from({ length: 4 }, () => new KeptLog(own));
        let held: { readonly log: KeptLog; readonly number: number; readonly bytes: Buffer }[] = [];
        for (const [index, { log: at, act, length, which }] of steps.entries()) {
          const one = held[act === 'release oldest' ? 0 : which % Math.max(1, held.length)];
          const log = logs[at];
          if (act === 'write' && log !== undefined) {
            const bytes = filled(length, index);
            held.push({ log, number: log.write(bytes), bytes });
          } else if (act === 'end') log?.end();
          else if (one !== undefined && act === 'hold') {
            expect(one.log.hold(one.number)).toBe(true);
            held.push(one);
          } else if (one !== undefined) {
            one.log.release(one.number);
            held = held.toSpliced(held.indexOf(one), 1);
          }
          for (const { log: of, number, bytes } of held) expect(of.copy(number).equals(bytes)).toBe(true);
        }
        for (const { log, number } of held) log.release(number);
        for (const log of logs) log.end();
        expect(own.lent).toBe(0);
      }),
    );
  });

  it('takes up no more for the thousands that were written than for those that are held', () => {
    const log = new KeptLog(pool);
    for (let number = 0; number < 10_000; number += 1) {
      expect(log.write(filled(1_000, number % 256))).toBe(number);
      if (number >= 20) log.release(number - 20);
    }
    expect(pool.lent).toBeLessThanOrEqual(3);
    expect(log.copy(9_999).equals(filled(1_000, 9_999 % 256))).toBe(true);
  });
});
