import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@headwater/testing/until';
import type { Connection } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { TcpProxy } from '../testing/meshes.js';
import { connect, Transports } from '../testing/transports.js';
import { BROADCAST, DIRECT } from './frames.js';
import { STREAM_TIMEOUT_MS } from './libp2p-node.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

let transports: Transports;
beforeEach(() => {
  transports = new Transports();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await transports.close();
});

// How long it waits for others is real time, which a busy machine may sleep through, but not each time.
describe('a transport that closes', { retry: 3 }, () => {
  it('has what it said last read, also by one that closes at the same moment', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    a.transport.send(b.self, bytesOf('a leaves'));
    b.transport.send(a.self, bytesOf('b leaves'));
    await Promise.all([a.transport.close(), b.transport.close()]);
    expect(a.told.directs).toEqual([{ peer: b.self, text: 'b leaves' }]);
    expect(b.told.directs).toEqual([{ peer: a.self, text: 'a leaves' }]);
  });

  it('closes its connections in good order, and tells nobody here of that', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    await a.transport.close();
    await until(() => b.told.disconnections.length > 0, 'the other side is told');
    expect(b.told.disconnections).toEqual([{ peer: a.self, reason: 'closed-by-peer' }]);
    expect(a.told.disconnections).toEqual([]);
    expect([a, b].map(({ transport }) => transport.gauges.links)).toEqual([0, 0]);
    expect([a, b].flatMap(({ log }) => log.lines)).toEqual([]);
  });

  it('waits a short time for one that takes nothing any more, and drops what is sent meanwhile', async () => {
    const [a, bare, proxy] = [
      await transports.start('a'),
      await transports.bare('bare'),
      await TcpProxy.listen(),
    ];
    onTestFinished(() => proxy.close());
    await bare.accept();
    proxy.target = Number(bare.address.split(':')[1]);
    a.transport.visit(proxy.address);
    await until(() => a.told.visits.length > 0, 'they are connected');
    proxy.hang(true);
    let isClosed = false;
    const closing = a.transport.close().then(() => {
      isClosed = true;
    });
    const asked: Promise<unknown>[] = [];
    while (!isClosed) {
      a.transport.send(bare.id, bytesOf('too late'));
      a.transport.broadcast(bytesOf(`too late ${asked.length}`));
      const signal = AbortSignal.timeout(1_000);
      asked.push(a.transport.queries.ask(bare.id, bytesOf('too late'), 1_000, signal).catch(String));
      await delay(10);
    }
    await closing;
    await a.transport.close();
    for (const failure of await Promise.all(asked))
      expect(failure).toMatch(/not-connected|connection-lost|deadline/);
  });

  it('tells of no dial and no visit that ends afterwards', async () => {
    const a = await transports.start('a');
    await a.transport.close();
    a.transport.dial('nobody', ['127.0.0.1:1'], 0);
    a.transport.visit('127.0.0.1:1');
    const isOver = () => a.transport.gauges.dialsBegun === 2 && a.transport.gauges.dialTurns === 0;
    await until(isOver, 'both are over');
    await delay(0);
    expect([a.told.failures, a.told.visits]).toEqual([[], []]);
  });

  it('takes no new member, and ends connections that never became one', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    const bare = await transports.bare('bare');
    const [late, mute] = [await bare.dial(a), await bare.dial(a)];
    const closing = a.transport.close();
    await bare.open(late).catch(() => {});
    await until(() => late.status !== 'open', 'it is refused');
    await closing;
    await until(() => mute.status !== 'open', 'the other one ends as well');
    expect(a.told.connections.map(({ peer }) => peer)).toEqual([b.self]);
  });

  it('is closed also where libp2p fails to stop in good order', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    const gossip = Object.getPrototypeOf((await transports.bare('bare')).node.services.pubsub);
    const stop: () => Promise<void> = gossip.stop;
    vi.spyOn(gossip, 'stop').mockImplementationOnce(async function (this: unknown) {
      await stop.call(this);
      throw new Error('a stream is stuck');
    });
    await a.transport.close();
    expect(a.log.lines).toEqual([
      {
        level: 'debug',
        msg: 'mesh transport not closed in good order',
        fields: { reason: 'a stream is stuck' },
      },
    ]);
  });
});

describe('a broadcast', () => {
  it('that gossip does not take goes to those that are connected', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    const gossip = Object.getPrototypeOf((await transports.bare('bare')).node.services.pubsub);
    vi.spyOn(gossip, 'publish').mockRejectedValueOnce(new Error('it is not started'));
    a.transport.broadcast(bytesOf('news'));
    await until(() => b.told.broadcasts.length > 0, 'it arrives');
    expect(b.told.broadcasts).toEqual([{ via: a.self, text: 'news' }]);
    expect(a.log.lines).toEqual([
      { level: 'debug', msg: 'broadcast not published', fields: { reason: 'it is not started' } },
    ]);
  });
});

describe('a member that is disconnected', () => {
  it('is told so, with the reason here, and the next connection is a new one', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    a.transport.disconnect(b.self, 'cut off', 0);
    expect(a.told.disconnections).toEqual([{ peer: b.self, reason: 'cut off' }]);
    expect(a.transport.gauges.links).toBe(0);
    await until(() => b.told.disconnections.length > 0, 'the other side is told');
    b.transport.dial(a.self, [a.address], 0);
    await until(() => [a, b].every(({ told }) => told.connections.length === 2), 'it may come back');
    b.transport.send(a.self, bytesOf('back'));
    await until(() => a.told.directs.length > 0, 'it is heard');
  });

  it('is refused for as long as that is asked, and nobody else is', async () => {
    const [a, b] = await transports.startTwo();
    a.transport.disconnect(b.self, 'cut off', 60_000);
    expect(a.told.disconnections).toEqual([]);
    a.transport.dial(b.self, [b.address], 5);
    await until(() => a.told.failures.length > 0, 'it is not dialled with success');
    b.transport.visit(a.address);
    await until(() => b.told.visits.length > 0, 'nor does it come in by itself');
    const c = await transports.start('third');
    await connect(c, a);
    expect(a.told.connections.map(({ peer }) => peer)).toEqual([c.self]);
  });

  it('gets nothing that is sent to it, and others go on', async () => {
    const [a, b] = await transports.startTwo();
    const c = await transports.start('third');
    await connect(a, b);
    await connect(a, c);
    a.transport.disconnect(b.self, 'cut off', 0);
    a.transport.send(b.self, bytesOf('nobody hears'));
    a.transport.send(c.self, bytesOf('hello'));
    await until(() => c.told.directs.length > 0, 'who is connected hears');
    expect(b.told.directs).toEqual([]);
    expect(c.told.disconnections).toEqual([]);
  });
});

describe('a member with the key that behaves in its own way', () => {
  it('has its messages told, and those of channels of a later release passed over', async () => {
    const [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    const stream = await bare.open(await bare.dial(a));
    stream.send(7, 'of a later release');
    stream.send(BROADCAST, 'to all');
    stream.send(DIRECT, 'to you');
    await until(() => a.told.directs.length > 0, 'the last one arrives');
    expect(a.told.directs).toEqual([{ peer: bare.id, text: 'to you' }]);
    expect(a.told.broadcasts).toEqual([{ via: bare.id, text: 'to all' }]);
  });

  it('is disconnected for a frame that is longer than any may be', async () => {
    const [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    const { stream } = await bare.open(await bare.dial(a));
    stream.send(Buffer.alloc(8, 0xff));
    await until(() => a.told.disconnections.length > 0, 'it is disconnected');
    const told = [{ peer: bare.id, reason: 'frame too long' }];
    expect([a.told.offences, a.told.disconnections]).toEqual([told, told]);
  });

  it('has one stream on a connection, and no second one', async () => {
    const [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    const connection = await bare.dial(a);
    const first = await bare.open(connection);
    await until(() => a.told.connections.length > 0, 'the first is taken');
    const second = await bare.open(connection).catch(() => null);
    await until(() => second === null || second.stream.status !== 'open', 'the second is refused');
    first.send(DIRECT, 'on the first');
    await until(() => a.told.directs.length > 0, 'the first goes on');
    expect(a.told.connections.length).toBe(1);
  });

  it('is no member where it takes no stream of ours', async () => {
    const [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    const closed: Connection[] = [];
    bare.node.addEventListener('connection:close', ({ detail }) => closed.push(detail));
    a.transport.dial(bare.id, [bare.address], 3);
    await until(() => a.told.failures.length > 0, 'it is told as failed');
    expect(a.told.failures[0]).toMatchObject({ peer: bare.id, startedAt: 3 });
    await until(() => closed.length > 0, 'the connection is closed');
    expect(a.told.connections).toEqual([]);
  });

  it('keeps its connection by a stream, and not without one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    const [first, mute, second] = [await bare.dial(a), await bare.dial(a), await bare.dial(a)];
    const only = await (await transports.bare('another')).dial(a);
    const streams = [await bare.open(first), await bare.open(second)];
    await until(() => a.told.connections.length === 2, 'both are taken');
    await until(() => {
      vi.advanceTimersByTime(STREAM_TIMEOUT_MS / 10);
      return [mute, only].every(({ status }) => status !== 'open');
    }, 'those without a stream are closed');
    vi.advanceTimersByTime(STREAM_TIMEOUT_MS);
    for (const stream of streams) stream.send(DIRECT, 'still here');
    await until(() => a.told.directs.length === 2, 'the others stand');
    expect(a.told.disconnections).toEqual([]);
  });
});
