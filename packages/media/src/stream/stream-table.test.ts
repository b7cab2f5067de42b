import type { Owner } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it } from 'vitest';
import { KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, STREAM_LIMITS } from '../testing/stream-world.js';
import { StreamTable } from './stream-table.js';

const ABOUT = { remote: '1.2.3.4:5', agent: 'x', protocol: 'rtmp' } as const;

let owners: Record<string, readonly Owner[]>;
let opened: { readonly key: string; readonly owner: string; isOpen: boolean }[];
let timers: ManualTimers;
let table: StreamTable;

beforeEach(() => {
  owners = {};
  opened = [];
  timers = new ManualTimers();
  table = new StreamTable({
    limitsOf: (key) => ({ ...STREAM_LIMITS, gopCacheBytesMax: key === 'uncached' ? 0 : 1_000_000 }),
    ownersOf: (key) => owners[key] ?? [],
    timers,
    detours: () => [],
    log: new MemoryLog(),
    open: (owner, key) => {
      const relay = { key, owner: owner.member, isOpen: true };
      opened.push(relay);
      return {
        close: () => {
          relay.isOpen = false;
        },
      };
    },
  });
});

describe('StreamTable', () => {
  it('makes each stream once, and forgets it when nobody needs it any more', () => {
    expect(table.get('a')).toBeUndefined();
    const a = table.open('a');
    expect([table.open('a'), table.get('a'), [...table.values()]]).toEqual([a, a, [a]]);
    expect(table.open('b')).not.toBe(a);
    const player = new MemoryPlayer();
    a.add(player);
    for (const key of ['a', 'b', 'c']) table.tidy(key);
    expect([...table.values()]).toEqual([a]);
    a.remove(player);
    expect([...table.values()]).toEqual([]);
    expect(table.open('a')).not.toBe(a);
  });

  it('tells a stream its owners from the beginning, and when they change', () => {
    owners = { a: [ownerOf('m')] };
    table.ownersChanged('a');
    table.open('a').add(new MemoryPlayer());
    expect(opened).toEqual([{ key: 'a', owner: 'm', isOpen: true }]);
    table.open('b').add(new MemoryPlayer());
    owners = { b: [ownerOf('n')] };
    for (const key of ['a', 'b']) table.ownersChanged(key);
    expect(opened).toEqual([
      { key: 'a', owner: 'm', isOpen: false },
      { key: 'b', owner: 'n', isOpen: true },
    ]);
  });

  it('says which stream got a source or lost it', () => {
    // Nobody need listen.
    table.open('a').publish(ABOUT).end();
    const told: unknown[] = [];
    table.onSourceChanged = (key, hasSource) => told.push([key, hasSource]);
    const feed = table.open('b').publish(ABOUT);
    expect(table.get('b')?.hasPublisher).toBe(true);
    feed.end();
    expect(told).toEqual([
      ['b', true],
      ['b', false],
    ]);
    expect(table.get('b')).toBeUndefined();
  });

  it('counts all that is sent, and gives each stream its own limits', () => {
    expect(table.traffic).toEqual({
      bytesIn: { publisher: 0, relay: 0, worker: 0 },
      bytesOut: 0,
      framesDropped: { queueBytes: 0, queueMs: 0 },
    });
    const players = ['a', 'uncached'].map((key) => {
      const feed = table.open(key).publish(ABOUT);
      for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) feed.push(frame);
      const player = new MemoryPlayer(key);
      table.open(key).add(player);
      return { feed, player };
    });
    expect(players.map(({ player }) => player.got.length)).toEqual([2, 0]);
    for (const { feed } of players) feed.push(KEY(40, 2));
    expect(players.map(({ player }) => player.got.length)).toEqual([3, 2]);
    const sent = players.reduce((sum, { player }) => sum + player.queue.sentBytes, 0);
    expect(table.traffic.bytesOut).toBe(sent);
  });

  it('ends every relay when it is closed', () => {
    owners = { a: [ownerOf('m')], b: [ownerOf('m')] };
    for (const key of ['a', 'b']) table.open(key).add(new MemoryPlayer());
    table.close();
    expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, false]);
    expect([[...table.values()], timers.pending]).toEqual([[], 0]);
  });
});
