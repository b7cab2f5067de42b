import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { KeptList } from './kept-list.js';
import { KeptLog } from './kept-log.js';
import { MediaPacket } from './packet.js';
import { PagePool } from './page-pool.js';

let pool: PagePool;
let log: KeptLog;

beforeEach(() => {
  pool = new PagePool();
  log = new KeptLog(pool);
});

const plain = ({ kind, timestampMs, payload, isHeader, isKeyframe }: Frame): Frame => ({
  kind,
  timestampMs,
  payload,
  isHeader,
  isKeyframe,
});
const all = (list: KeptList): Frame[] =>
  Array.from({ length: list.end - list.first }, (_, index) => plain(list.at(list.first + index)));

describe('KeptList', () => {
  it('keeps all that a frame is, and when it came', () => {
    const list = new KeptList(log);
    const data = { ...AUDIO(2 ** 32 - 1, 4), kind: 'data' } as const;
    const frames = [KEY(7, 1, 300), INTER(40, 2), AUDIO(50, 3), VIDEO_HEADER(1), METADATA(), data];
    for (const [index, frame] of frames.entries()) list.push(frame, index % 2 === 0, index + 0.5);
    expect(all(list)).toEqual(frames);
    for (const [index, { payload, timestampMs }] of frames.entries())
      expect([list.bytes(index), list.timestampMs(index), list.isStart(index), list.atMs(index)]).toEqual([
        payload.length,
        timestampMs,
        index % 2 === 0,
        index + 0.5,
      ]);
  });

  it('has each packet at the same index for as long as it is there', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (pushes) => {
        const list = new KeptList(log);
        let expected: number[] = [];
        let first = 0;
        for (const [at, isPush] of pushes.entries()) {
          if (isPush) {
            list.push(INTER(at), false, at);
            expected.push(at);
          } else {
            list.dropFirst();
            if (expected.length > 0) first += 1;
            expected = expected.slice(1);
          }
          expect([list.first, list.end]).toEqual([first, first + expected.length]);
          expect(all(list).map(({ timestampMs }) => timestampMs)).toEqual(expected);
        }
        list.clear();
        expect([list.first, pool.lent]).toEqual([list.end, 0]);
      }),
    );
  });

  it('says that there is nothing where there is nothing', () => {
    const list = new KeptList(log);
    list.push(KEY(0), true, 0);
    list.push(KEY(40), true, 0);
    list.dropFirst();
    for (const index of [-1, 0, 2, 17]) expect(() => list.at(index)).toThrow(`no packet is kept at ${index}`);
  });

  it('takes no index for another one that has its place now, or will have it', () => {
    const list = new KeptList(log);
    for (let index = 0; index < 20; index += 1) {
      list.push(INTER(index), false, index);
      if (index >= 10) list.dropFirst();
    }
    // There are 16 places.
    for (const index of [3, 26])
      expect(() => list.at(index)).toThrow(`no packet is kept at ${index}: there are 10 to 19`);
    expect(all(list).map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: 10 }, (_, index) => 10 + index),
    );
  });

  it('shares payloads with the lists that keep the same packets, until the last one drops them', () => {
    const [one, other] = [new KeptList(log), new KeptList(new KeptLog(pool))];
    const packets = [1, 2, 3].map((number) => new MediaPacket(INTER(number, number, 40_000), number));
    for (const packet of packets) one.push(packet, false, 0);
    const { lent } = pool;
    for (const packet of packets) other.push(new MediaPacket(packet, packet.timestampMs + 100), false, 0);
    other.push(one.at(2).at(900), false, 0);
    expect(pool.lent).toBe(lent);
    one.clear();
    expect(all(other).map(({ timestampMs, payload }) => [timestampMs, payload])).toEqual(
      [101, 102, 103, 900].map((ms, index) => [ms, packets[Math.min(index, 2)]?.payload]),
    );
    other.clear();
    expect(pool.lent).toBe(0);
  });

  it('keeps a packet anew that all others have dropped', () => {
    const [one, other] = [new KeptList(log), new KeptList(new KeptLog(pool))];
    const packet = new MediaPacket(INTER(1, 7, 100), 1);
    one.push(packet, false, 0);
    one.clear();
    other.push(packet, false, 0);
    one.push(packet, false, 0);
    expect([all(one), all(other)]).toEqual([[plain(packet)], [plain(packet)]]);
    expect(one.at(1).log).toBe(other.at(0).log);
    for (const list of [one, other]) list.clear();
    expect(pool.lent).toBe(0);
  });
});
