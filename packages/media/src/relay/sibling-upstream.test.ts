import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fence } from '../fence.js';
import type { WorkerAddress } from '../media-host.js';
import { type OwnerRoute, SiblingSession } from '../protocols/sibling/sibling-session.js';
import type { SiblingPull } from '../stream/sibling-pulls.js';
import { systemTimers } from '../stream/timers.js';
import type { Upstream, UpstreamEnd } from '../stream/upstream.js';
import { INTER, KEY } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { STREAM_KEY } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import { SIBLING_HEADER_BYTES } from '../wire/sibling-message.js';
import { SiblingUpstreams } from './sibling-upstream.js';

const OTHER_KEY = '__defaultVhost__/live/other';
const ROUTE: OwnerRoute = { key: STREAM_KEY, owner: 'b', through: 'm', relayId: 'r-1' };
const MESSAGE_BYTES_MAX = 1000;

let folder: string;
let sibling: WorkerAddress;
let server: Server;
let sessions: SiblingSession[];
/** Those that are open. */
let sockets: Set<Socket>;
/** What is pulled from the sibling, with how much of the past. */
let pulls: { readonly of: string | OwnerRoute; readonly replayMs: number; readonly pull: SiblingPull }[];
/** Pulls of other members' streams that the sibling was told are wanted no more. */
let closed: OwnerRoute[];
let log: MemoryLog;
let upstreams: SiblingUpstreams;
let counted: Frame[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hw-sibling-'));
  sibling = { worker: 2, path: join(folder, 'w2.sock') };
  [sessions, sockets, pulls, closed, counted, log] = [[], new Set(), [], [], [], new MemoryLog()];
  const streamOf = (key: string) => ({
    hasPublisher: true,
    addSibling: (pull: SiblingPull, replayMs: number) => pulls.push({ of: key, replayMs, pull }),
    removeSibling: (pull: SiblingPull) => {
      pulls = pulls.filter((one) => one.pull !== pull);
    },
  });
  const streams = new Map([STREAM_KEY, OTHER_KEY].map((key) => [key, streamOf(key)]));
  const feed = (route: OwnerRoute, replayMs: number, pull: SiblingPull, events: { started(): void }) => {
    pulls.push({ of: route, replayMs, pull });
    setImmediate(() => events.started());
    return { close: () => closed.push(route) };
  };
  const limits = { pullBytesMax: 10_000_000, linkBytesMax: 10_000_000 };
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    sessions.push(new SiblingSession(socket, streams, { feed }, limits, () => {}));
  });
  await new Promise<void>((resolve) => server.listen(sibling.path, resolve));
  const { limits: usual, relay } = mediaOptions('a');
  upstreams = new SiblingUpstreams(
    {
      worker: { worker: 7, path: join(folder, 'w7.sock') },
      relay,
      limits: { ...usual, messageBytesMax: MESSAGE_BYTES_MAX },
    },
    new Fence(log),
    systemTimers,
    (frame) => counted.push(frame),
  );
});

afterEach(async () => {
  upstreams.stop();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** What comes of a pull; pictures are told by their number. `on` hears the same, and may fail. */
function hearing(on: (what: string) => void = () => {}) {
  const told: string[] = [];
  const ends: UpstreamEnd[] = [];
  const hear = (what: string): void => {
    told.push(what);
    on(what);
  };
  const events = {
    started: () => hear('started'),
    frame: (frame: Frame) => hear(`frame ${frame.payload[5]}`),
    ended: (end: UpstreamEnd) => {
      ends.push(end);
      hear(`ended ${end.code}`);
    },
  };
  return { told, ends, events };
}

function pulling(key = STREAM_KEY, on?: (what: string) => void) {
  const { events, ...heard } = hearing(on);
  const upstream: Upstream = upstreams.open(sibling, key, 5000, events);
  return { ...heard, upstream };
}

const arePulled = (count: number) => until(() => pulls.length === count, `${count} pulls`);
const send = (frame: Frame, at = 0): void => pulls[at]?.pull.send(frame, false);

describe('what is pulled from another worker', () => {
  it('comes by one connection, whatever it is, each frame to whom it is for', async () => {
    const [one, other] = [pulling(), pulling(OTHER_KEY)];
    const owned = hearing();
    upstreams.openOwner(sibling, ROUTE, 1000, owned.events);
    await arePulled(3);
    expect(pulls).toMatchObject([
      { of: STREAM_KEY, replayMs: 5000 },
      { of: OTHER_KEY, replayMs: 5000 },
      { of: ROUTE, replayMs: 1000 },
    ]);
    await until(() => owned.told.length > 0, 'the start');
    send(KEY(40, 1));
    send(KEY(40, 2), 1);
    send(KEY(40, 3), 2);
    await until(() => owned.told.length > 1, 'the frames');
    expect([one.told, other.told, owned.told]).toEqual([
      ['started', 'frame 1'],
      ['started', 'frame 2'],
      ['started', 'frame 3'],
    ]);
    expect(counted.map(({ payload }) => payload[5])).toEqual([1, 2, 3]);
    expect(sessions.map(({ worker }) => worker)).toEqual([7]);
  });

  it('is asked for by number 0 where this process is no numbered worker', async () => {
    const { limits, relay } = mediaOptions('a');
    const alone = new SiblingUpstreams({ relay, limits }, new Fence(log), systemTimers);
    alone.open(sibling, STREAM_KEY, 0, hearing().events);
    await arePulled(1);
    expect(sessions[0]?.worker).toBe(0);
    alone.stop();
  });

  it('comes as long as it is wanted; the last that is closed hangs up, and the next connects anew', async () => {
    const [one, other] = [pulling(), pulling(OTHER_KEY)];
    await until(() => one.told.length > 0, 'the start');
    await arePulled(2);
    one.upstream.close();
    await arePulled(1);
    send(KEY(0, 1));
    await until(() => other.told.length > 1, 'the frame');
    other.upstream.close();
    await until(() => sockets.size === 0, 'the connection to end');
    const next = pulling();
    await until(() => next.told.length > 0, 'the start');
    expect(sessions).toHaveLength(2);
    expect([one.told, other.told]).toEqual([['started'], ['started', 'frame 1']]);
  });

  it('ends where that worker ends, and where there is none', async () => {
    const { told } = pulling();
    await until(() => told.length > 0, 'the start');
    for (const socket of sockets) socket.destroy();
    await until(() => told.length > 1, 'the end');
    const nobody = hearing();
    upstreams.open({ worker: 3, path: join(folder, 'w3.sock') }, STREAM_KEY, 0, nobody.events);
    expect(nobody.told).toEqual([]);
    await until(() => nobody.told.length > 0, 'the end');
    expect([told, nobody.told]).toEqual([['started', 'ended closed-by-worker'], ['ended unreachable']]);
  });

  it('ends without a word where this worker stops', async () => {
    const { told } = pulling();
    await until(() => told.length > 0, 'the start');
    upstreams.stop();
    await until(() => sockets.size === 0, 'the connection to end');
    expect(told).toEqual(['started']);
  });

  it('may be longer than what publishers may send, as metadata that was written anew is, but not by much', async () => {
    const { told } = pulling();
    await until(() => told.length > 0, 'the start');
    const longest = MESSAGE_BYTES_MAX + 65_536;
    send(makeFrame('data', 0, Buffer.alloc(longest)));
    await until(() => told.length > 1, 'the frame');
    send(makeFrame('data', 0, Buffer.alloc(longest + 1)));
    await until(() => told.length > 2, 'the end');
    expect(told).toEqual(['started', 'frame 0', 'ended protocol']);
  });
});

describe('a worker that pulls other members’ streams for this one', () => {
  const owned = () => {
    const { told, events } = hearing();
    upstreams.openOwner(sibling, ROUTE, 1000, events);
    return told;
  };

  it('says that it lives, though nothing comes of them', async () => {
    const told = owned();
    await until(() => told.length > 0, 'the start');
    const [socket] = sockets;
    const before = socket?.bytesWritten ?? 0;
    // More beats than are missed until it counts as hung.
    await until(() => (socket?.bytesWritten ?? 0) >= before + 5 * SIBLING_HEADER_BYTES, 'beats');
    expect(told).toEqual(['started']);
    expect(upstreams.isHung(sibling)).toBe(false);
  });

  it('hangs where nothing comes from it: what it pulls has ended, and what is published there is waited for', async () => {
    const [told, published] = [owned(), pulling().told];
    await until(() => told.length > 0 && published.length > 0, 'the starts');
    expect(upstreams.isHung(sibling)).toBe(false);
    for (const socket of sockets) socket.cork();
    await until(() => told.length > 1, 'the end');
    expect([told, published]).toEqual([['started', 'ended worker-hung'], ['started']]);
    expect(upstreams.isHung(sibling)).toBe(true);
    expect(upstreams.isHung({ ...sibling, path: join(folder, 'w3.sock') })).toBe(false);
    for (const socket of sockets) socket.uncork();
    send(KEY(0, 1), 1);
    await until(() => published.length > 1, 'the frame');
  });

  it('hears that nobody wants those pulls any more where it goes on after that', async () => {
    const [told, published] = [owned(), pulling().told];
    await until(() => told.length > 0 && published.length > 0, 'the starts');
    for (const socket of sockets) socket.cork();
    await until(() => told.length > 1, 'the end');
    for (const socket of sockets) socket.uncork();
    await until(() => closed.length > 0, 'the end of its pull');
    expect(closed).toEqual([ROUTE]);
    expect([sockets.size, published]).toEqual([1, ['started']]);
  });
});

describe('a fault in what is made of it', () => {
  const failAt =
    (place: string) =>
    (what: string): void => {
      if (what.startsWith(place)) throw new TypeError('planted');
    };

  it.each(['started', 'frame'])('ends that pull alone: %s', async (place) => {
    const failed = pulling(STREAM_KEY, failAt(place));
    const other = pulling(OTHER_KEY);
    await until(() => other.told.length > 0, 'the start');
    if (place === 'frame') send(KEY(0, 1));
    await until(() => failed.told.includes('ended protocol'), 'the end');
    await arePulled(1);
    send(INTER(40, 2));
    await until(() => other.told.length > 1, 'the frame');
    expect(failed.told).toEqual(
      place === 'frame' ? ['started', 'frame 1', 'ended protocol'] : ['started', 'ended protocol'],
    );
    expect(failed.ends).toEqual([{ code: 'protocol', text: 'a fault of this worker', isOrdinary: false }]);
    expect(other.told).toEqual(['started', 'frame 2']);
    expect(log.of('connection ended by a fault')).toMatchObject([
      { client: 'worker 2', protocol: 'relay', key: STREAM_KEY },
    ]);
  });

  it('keeps the end from no other pull', async () => {
    const failed = pulling(STREAM_KEY, failAt('ended'));
    const other = pulling(OTHER_KEY);
    await until(() => other.told.length > 0, 'the start');
    for (const socket of sockets) socket.destroy();
    await until(() => other.told.length > 1, 'the end');
    expect([failed.told, other.told].map((told) => told.at(-1))).toEqual([
      'ended closed-by-worker',
      'ended closed-by-worker',
    ]);
    expect(log.of('task ended by a fault')).toMatchObject([{ task: 'end of a relay' }]);
  });
});
