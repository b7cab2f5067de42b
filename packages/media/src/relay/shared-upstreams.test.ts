import { MemoryLog } from '@headwater/testing/memory-log';
import { describe, expect, it } from 'vitest';
import { Fence } from '../fence.js';
import type { OwnerRoute } from '../protocols/sibling/sibling-session.js';
import { isReplayEnd, replayEnd } from '../stream/frame-history.js';
import type { PulledOwner } from '../stream/relay-owner.js';
import type { Upstream, UpstreamEnd, UpstreamEvents } from '../stream/upstream.js';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { ownerOf, STREAM_KEY, STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { SharedUpstreams } from './shared-upstreams.js';

const ROUTE: OwnerRoute = { key: STREAM_KEY, owner: 'b', through: null };
const GONE: UpstreamEnd = { code: 'publisher-ended', text: 'gone', isOrdinary: true };

interface Connection {
  readonly route: OwnerRoute;
  readonly replayMs: number;
  readonly events: UpstreamEvents;
  isOpen: boolean;
}

/** What a worker hears of its pull. Pictures are told by their number. */
interface Heard {
  readonly said: string[];
  readonly pictures: number[];
  /** How it ended. */
  readonly ends: UpstreamEnd[];
  upstream?: Upstream;
}

function scene() {
  const timers = new ManualTimers();
  const log = new MemoryLog();
  const fence = new Fence(log);
  const connections: Connection[] = [];
  const shared = new SharedUpstreams(
    {
      limitsOf: () => STREAM_LIMITS,
      timers,
      open: (route, replayMs, events) => {
        const connection = { route, replayMs, events, isOpen: true };
        connections.push(connection);
        return {
          close: () => {
            connection.isOpen = false;
          },
        };
      },
    },
    fence,
  );
  const pictureOf = (heard: Heard, frame: Frame): void => {
    if (isReplayEnd(frame)) heard.said.push('replayed');
    else if (frame.kind === 'video' && frame.payload[1] === 1) heard.pictures.push(frame.payload[5] ?? -1);
  };
  /** Feeds another worker. */
  const feed = (route = ROUTE, on: (what: 'started' | 'ended') => void = () => {}): Heard => {
    const heard: Heard = { said: [], pictures: [], ends: [] };
    heard.upstream = shared.feed(
      route,
      5000,
      { worker: 2, send: (frame) => pictureOf(heard, frame), end: () => heard.said.push('pull ended') },
      {
        started: () => {
          heard.said.push('started');
          on('started');
        },
        ended: (end) => {
          heard.said.push(`ended ${end.code}`);
          heard.ends.push(end);
          on('ended');
        },
      },
    );
    return heard;
  };
  /** Feeds this worker's own stream. */
  const open = (owner: PulledOwner = ownerOf('b'), on: (what: string) => void = () => {}): Heard => {
    const heard: Heard = { said: [], pictures: [], ends: [] };
    const hear = (what: string): void => {
      heard.said.push(what);
      on(what);
    };
    heard.upstream = shared.open(owner, STREAM_KEY, 5000, {
      started: () => hear('started'),
      frame: (frame) => {
        pictureOf(heard, frame);
        if (frame.kind === 'video' && !frame.isHeader) on('frame');
      },
      ended: (end) => {
        heard.ends.push(end);
        hear(`ended ${end.code}`);
      },
    });
    return heard;
  };
  /** The owner answers, and gives one picture of its past. */
  const begin = (connection = connections[0], id = 1): void => {
    connection?.events.started();
    connection?.events.frame(VIDEO_HEADER());
    connection?.events.frame(KEY(0, id));
    connection?.events.frame(replayEnd());
  };
  return { timers, log, fence, connections, shared, feed, open, begin };
}

describe("another member's stream that several workers play", () => {
  it('is pulled by one connection, from which each gets the past, a mark and the present', () => {
    const { timers, connections, feed, open, begin } = scene();
    const workers = [feed(), feed(), open()];
    expect(connections).toMatchObject([{ route: ROUTE, replayMs: 5000 }]);
    expect(workers.map(({ said }) => said)).toEqual([[], [], []]);
    begin();
    const late = feed();
    // Its events come later, never within the call.
    expect(late.said).toEqual([]);
    timers.pass(0);
    connections[0]?.events.frame(INTER(40, 2));
    for (const { said, pictures } of [...workers, late]) {
      expect(said).toEqual(['started', 'replayed']);
      expect(pictures).toEqual([1, 2]);
    }
    expect(connections).toHaveLength(1);
  });

  it('is pulled once for each way to each owner, and for each stream', () => {
    const { connections, feed, open } = scene();
    const routes: OwnerRoute[] = [
      ROUTE,
      { ...ROUTE, owner: 'c' },
      { ...ROUTE, through: 'm' },
      { ...ROUTE, through: 'n' },
      { ...ROUTE, key: 'v/a/s' },
    ];
    for (const route of [...routes, ...routes]) feed(route);
    expect(connections.map(({ route }) => route)).toEqual(routes);
    open(ownerOf('b', { through: 'm' }));
    expect(connections).toHaveLength(5);
  });

  it('is pulled with the id of the relay that asks first', () => {
    const { connections, open } = scene();
    open({ ...ownerOf('b', { through: 'm' }), relayId: 'r-1' });
    open(ownerOf('c'));
    expect(connections.map(({ route }) => route)).toStrictEqual([
      { key: STREAM_KEY, owner: 'b', through: 'm', relayId: 'r-1' },
      { key: STREAM_KEY, owner: 'c', through: null },
    ]);
  });

  it('is pulled as long as one worker plays it, and anew for the next', () => {
    const { timers, connections, feed, begin } = scene();
    const [first, second] = [feed(), feed()];
    begin();
    first.upstream?.close();
    connections[0]?.events.frame(INTER(40, 2));
    expect([first.pictures, second.pictures]).toEqual([[1], [1, 2]]);
    expect(connections).toMatchObject([{ isOpen: true }]);
    second.upstream?.close();
    expect(connections).toMatchObject([{ isOpen: false }]);
    const third = feed();
    // Closed once more: it is not the new one's end.
    second.upstream?.close();
    expect(connections).toMatchObject([{ isOpen: false }, { isOpen: true }]);
    begin(connections[1], 7);
    timers.pass(0);
    expect(third.pictures).toEqual([7]);
    expect([first.said, second.said]).toEqual([
      ['started', 'replayed'],
      ['started', 'replayed'],
    ]);
  });

  it('is not begun for a worker that went before its turn', () => {
    const { timers, feed, begin } = scene();
    feed();
    begin();
    const late = feed();
    late.upstream?.close();
    timers.pass(0);
    expect(late).toMatchObject({ said: [], pictures: [] });
  });

  it('gives nothing to a worker that goes as it hears that it begins', () => {
    const { connections, feed, begin } = scene();
    feed();
    const leaving = feed(ROUTE, () => leaving.upstream?.close());
    begin();
    connections[0]?.events.frame(INTER(40, 2));
    expect(leaving).toMatchObject({ said: ['started'], pictures: [] });
  });

  it('ends for all of them, and who asks again as it hears so gets another connection', () => {
    const { connections, feed, open, begin } = scene();
    const again: Heard[] = [];
    const workers = [feed(ROUTE, (what) => what === 'ended' && again.push(feed())), feed(), open()];
    begin();
    connections[0]?.events.ended(GONE);
    for (const { said } of workers) expect(said).toEqual(['started', 'replayed', 'ended publisher-ended']);
    for (const { ends } of workers) expect(ends).toEqual([GONE]);
    expect(connections).toMatchObject([{ isOpen: false }, { isOpen: true }]);
    // Of that one nobody but who asked hears anything.
    begin(connections[1], 7);
    expect(again[0]?.pictures).toEqual([7]);
    expect(workers.map(({ pictures }) => pictures)).toEqual([[1], [1], [1]]);
    for (const { upstream } of workers) upstream?.close();
    expect(connections).toMatchObject([{ isOpen: false }, { isOpen: true }]);
  });

  it('is pulled anew where the connection has been silent so long that it may be dead', () => {
    const { timers, connections, feed, begin } = scene();
    const first = feed();
    begin();
    timers.pass(4999);
    feed();
    timers.pass(0);
    expect(connections).toHaveLength(1);
    timers.pass(1);
    const next = feed();
    expect(connections).toMatchObject([{ isOpen: false }, { isOpen: true }]);
    expect(first.said).toEqual(['started', 'replayed', 'ended stalled']);
    expect(first.ends).toEqual([
      { code: 'stalled', text: 'the owner sent nothing for long', isOrdinary: false },
    ]);
    begin(connections[1], 7);
    expect(next.pictures).toEqual([7]);
    feed();
    expect(connections).toHaveLength(2);
  });

  it('is begun without a past that an owner does not give, and ends where the head of a zone gives nothing', () => {
    const { timers, connections, feed } = scene();
    const [direct, byHead] = [feed(), feed({ ...ROUTE, through: 'm' })];
    for (const { events } of connections) events.started();
    timers.pass(500);
    expect([direct.said, byHead.said]).toEqual([['started', 'replayed'], []]);
    timers.pass(2000);
    expect(byHead.said).toEqual(['ended deadline']);
    expect(connections).toMatchObject([{ isOpen: true }, { isOpen: false }]);
  });

  it('ends without a word where this worker stops', () => {
    const { connections, shared, feed, begin } = scene();
    const workers = [feed(), feed({ ...ROUTE, owner: 'c' })];
    begin();
    shared.stop();
    expect(connections).toMatchObject([{ isOpen: false }, { isOpen: false }]);
    expect(workers.map(({ said }) => said)).toEqual([['started', 'replayed'], []]);
    feed();
    expect(connections).toHaveLength(3);
  });
});

describe('a fault of the stream in the worker that pulls for all', () => {
  const fail = (): never => {
    throw new TypeError('planted');
  };

  it.each(['started', 'frame'])('ends its own pull alone: as it hears %s', (at) => {
    const { log, connections, feed, open, begin } = scene();
    const other = feed();
    const own = open(ownerOf('b'), (what) => what === at && fail());
    begin();
    connections[0]?.events.frame(INTER(40, 2));
    expect(own.said.at(-1)).toBe('ended protocol');
    expect(own.ends).toEqual([{ code: 'protocol', text: 'a fault of this member', isOrdinary: false }]);
    expect(own.pictures).toEqual(at === 'frame' ? [1] : []);
    expect(other).toMatchObject({ said: ['started', 'replayed'], pictures: [1, 2] });
    expect(log.of('connection ended by a fault')).toMatchObject([
      { client: 'b', protocol: 'relay', key: STREAM_KEY },
    ]);
  });

  it('keeps its end from nobody else', () => {
    const { log, fence, connections, feed, open, begin } = scene();
    open(ownerOf('b'), (what) => what.startsWith('ended') && fail());
    const other = feed();
    begin();
    connections[0]?.events.ended(GONE);
    expect(other.said.at(-1)).toBe('ended publisher-ended');
    expect(fence.faults).toBe(1);
    expect(log.of('task ended by a fault')).toMatchObject([{ task: 'end of a relay' }]);
  });
});
