import type { Owner } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MediaEvent } from '../media-event.js';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, STREAM_LIMITS } from '../testing/stream-world.js';
import { replayEnd } from './frame-history.js';
import { StreamTable, type StreamTableParts } from './stream-table.js';
import type { UpstreamEvents } from './upstream.js';

const ABOUT = { remote: '1.2.3.4:5', agent: 'x', protocol: 'rtmp' } as const;

let owners: Record<string, readonly Owner[]>;
interface Opened {
  readonly key: string;
  readonly owner: string;
  readonly relayId: string | undefined;
  readonly through: string | null;
  readonly events: UpstreamEvents;
  isOpen: boolean;
}
let opened: Opened[];
let timers: ManualTimers;
let parts: StreamTableParts;
let table: StreamTable;

beforeEach(() => {
  owners = {};
  opened = [];
  timers = new ManualTimers();
  parts = {
    limitsOf: (key) => ({ ...STREAM_LIMITS, gopCacheBytesMax: key === 'uncached' ? 0 : 1_000_000 }),
    ownersOf: (key) => owners[key] ?? [],
    timers,
    detours: () => [],
    log: new MemoryLog(),
    open: (owner, key, _replayMs, events) => {
      const { relayId, through = null } = owner;
      const relay = { key, owner: owner.member, relayId, through, events, isOpen: true };
      opened.push(relay);
      return {
        close: () => {
          relay.isOpen = false;
        },
      };
    },
  };
  table = new StreamTable(parts);
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
    expect(opened).toMatchObject([{ key: 'a', owner: 'm', isOpen: true }]);
    table.open('b').add(new MemoryPlayer());
    owners = { b: [ownerOf('n')] };
    for (const key of ['a', 'b']) table.ownersChanged(key);
    expect(opened).toMatchObject([
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

  it('counts what its publishers sent, and not what relays bring, whose connections count it', () => {
    const frames = [VIDEO_HEADER(), KEY(0, 1), KEY(40, 2)];
    const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
    for (const key of ['a', 'b']) {
      const feed = table.open(key).publish(ABOUT);
      for (const frame of frames) feed.push(frame);
    }
    owners = { c: [ownerOf('m')] };
    const stream = table.open('c');
    stream.add(new MemoryPlayer());
    opened[0]?.events.started();
    for (const frame of frames) opened[0]?.events.frame(frame);
    expect(stream.bytesIn).toBe(bytes);
    expect(table.traffic.bytesIn).toEqual({ publisher: 2 * bytes, relay: 0, worker: 0 });
  });

  it('counts what each stream sends by itself, and all of it together', () => {
    const streams = ['a', 'b'].map((key) => {
      const stream = table.open(key);
      const feed = stream.publish(ABOUT);
      for (const frame of [VIDEO_HEADER(), KEY(0, 1, key === 'a' ? 1000 : 2000)]) feed.push(frame);
      const player = new MemoryPlayer(key);
      stream.add(player);
      for (const frame of [KEY(40, 2), INTER(80, 3)]) feed.push(frame);
      return { stream, player };
    });
    for (const { stream, player } of streams) expect(stream.bytesOut).toBe(player.queue.sentBytes);
    const [a, b] = streams.map(({ stream }) => stream.bytesOut);
    expect(table.traffic.bytesOut).toBe((a ?? 0) + (b ?? 0));
  });

  it('knows which streams it has', () => {
    for (const key of ['a', 'b']) table.open(key);
    expect([table.size, [...table.keys()], table.has('a'), table.has('c')]).toEqual([
      2,
      ['a', 'b'],
      true,
      false,
    ]);
  });

  it('hands on to each stream what it was given: who hears, who counts, ids of relays, heads of zones', () => {
    const events: MediaEvent[] = [];
    const begun: string[] = [];
    let id = 0;
    table = new StreamTable({
      ...parts,
      tell: (event) => events.push(event),
      watch: { began: (player) => begun.push(player.id), tracksChanged: () => {}, searched: () => {} },
      newRelayId: () => {
        id += 1;
        return `r${id}`;
      },
      headOf: () => 'head',
    });
    owners = { a: [ownerOf('m')] };
    const player = new MemoryPlayer('p1');
    table.open('a').add(player);
    expect(events).toEqual([
      { kind: 'relay-started', relay: 'r1', key: 'a', owner: 'm', reason: 'started', through: 'head' },
    ]);
    expect(opened.map(({ relayId, through }) => [relayId, through])).toEqual([['r1', 'head']]);
    opened[0]?.events.started();
    for (const frame of [VIDEO_HEADER(), KEY(0, 1), replayEnd(), KEY(40, 2)]) opened[0]?.events.frame(frame);
    expect(begun).toEqual(['p1']);
  });

  it('ends every relay when it is closed', () => {
    owners = { a: [ownerOf('m')], b: [ownerOf('m')] };
    for (const key of ['a', 'b']) table.open(key).add(new MemoryPlayer());
    table.close();
    expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, false]);
    expect([[...table.values()], timers.pending]).toEqual([[], 0]);
  });
});
