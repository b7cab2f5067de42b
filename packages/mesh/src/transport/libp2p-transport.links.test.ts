import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { TcpProxy } from '../testing/meshes.js';
import {
  type BareMember,
  type BareStream,
  namesInOrder,
  type TestTransport,
  Transports,
} from '../testing/transports.js';
import { BROADCAST, DIRECT } from './frames.js';
import { TOPIC } from './gossip.js';
import { STREAM_TIMEOUT_MS } from './libp2p-node.js';
import { SPARE_LINGER_MS } from './links.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

let transports: Transports;
beforeEach(() => {
  transports = new Transports();
});
afterEach(async () => {
  vi.useRealTimers();
  await transports.close();
});

const linksOf = (...all: TestTransport[]): number[] => all.map(({ transport }) => transport.gauges.links);

/** Both dial at once. */
async function connectTwice(a: TestTransport, b: TestTransport): Promise<void> {
  a.transport.visit(b.address);
  b.transport.visit(a.address);
  await until(() => `${linksOf(a, b)}` === '2,2', 'each has both');
}

describe('two connections with one member', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    // No process connects as early as at 0.
    vi.advanceTimersByTime(1);
  });

  it('are each told, and become one once they were heard on, which carries on', async () => {
    const [a, b] = await transports.startTwo();
    const idle = vi.getTimerCount();
    for (const { told, transport } of [a, b])
      told.onConnected = (peer) => transport.send(peer, bytesOf('hello'));
    await connectTwice(a, b);
    await until(() => a.told.directs.length + b.told.directs.length === 4, 'all greetings arrive');
    vi.advanceTimersByTime(2 * SPARE_LINGER_MS);
    await until(() => `${linksOf(a, b)}` === '1,1', 'the spare one is closed');
    for (const { told } of [a, b]) {
      expect(told.connections.length).toBe(2);
      expect(told.disconnections).toEqual([]);
    }
    a.transport.send(b.self, bytesOf('still here'));
    b.transport.send(a.self, bytesOf('so am I'));
    await until(() => a.told.directs.at(-1)?.text === 'so am I', 'the one that stays carries messages');
    await until(() => b.told.directs.at(-1)?.text === 'still here', 'both ways');
    vi.advanceTimersByTime(SPARE_LINGER_MS);
    await until(() => vi.getTimerCount() === idle, 'no timer is left over');
  });

  it('are looked after by a timer that ends with the transport; one needs none', async () => {
    const [a, b] = await transports.startTwo();
    const idle = vi.getTimerCount();
    a.transport.visit(b.address);
    await until(() => `${linksOf(a, b)}` === '1,1', 'they are connected');
    await until(() => vi.getTimerCount() === idle, 'no timer is left over');
    await transports.close();
    const [c, d] = await transports.startTwo();
    await connectTwice(c, d);
    expect(vi.getTimerCount()).toBeGreaterThan(idle);
    await Promise.all([c.transport.close(), d.transport.close()]);
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect([c.told.disconnections, d.told.disconnections]).toEqual([[], []]);
  });

  it('become the one that the smaller id dialled: the other side closes its own', async () => {
    const [smaller, greater] = await namesInOrder();
    const [bare, a] = [await transports.bare(smaller), await transports.start(greater)];
    await bare.accept();
    a.transport.visit(bare.address);
    const dialled = await bare.open(await bare.dial(a));
    await until(() => `${linksOf(a)}` === '2' && bare.accepted.length === 1, 'both stand');
    const streams = [dialled, ...bare.accepted];
    vi.advanceTimersByTime(10 * SPARE_LINGER_MS);
    expect([linksOf(a), streams.map(({ isEnded }) => isEnded)]).toEqual([[2], [false, false]]);
    for (const stream of streams) stream.send(DIRECT, 'hello');
    await until(() => a.told.directs.length === 2, 'it is heard on both');
    vi.advanceTimersByTime(2 * SPARE_LINGER_MS);
    await until(() => streams.some(({ isEnded }) => isEnded), 'one is closed');
    expect(streams.map(({ isEnded }) => isEnded)).toEqual([false, true]);
  });

  it('both go where the member is disconnected, which is told once', async () => {
    const [a, b] = await transports.startTwo();
    await connectTwice(a, b);
    a.transport.disconnect(b.self, 'cut off', 0);
    expect(a.told.disconnections).toEqual([{ peer: b.self, reason: 'cut off' }]);
    await until(() => b.told.disconnections.length > 0, 'the other side is told');
    expect(linksOf(a, b)).toEqual([0, 0]);
    expect(b.told.disconnections.length).toBe(1);
  });
});

describe('gossip', () => {
  let a: TestTransport;
  let bare: BareMember;
  let broadcasts: number;
  beforeEach(async () => {
    [a, bare] = [await transports.start('a'), await transports.bare('bare')];
    broadcasts = 0;
  });

  /** A further connection, with its stream. */
  async function connect(): Promise<BareStream> {
    const links = a.transport.gauges.links;
    const stream = await bare.open(await bare.dial(a));
    await until(() => a.transport.gauges.links === links + 1, 'it is taken');
    return stream;
  }

  /** It may take some round trips. */
  async function reachedByGossip(): Promise<void> {
    const heard = bare.gossip.length;
    await until(() => {
      broadcasts += 1;
      a.transport.broadcast(bytesOf(`broadcast ${broadcasts}`));
      return bare.gossip.length > heard;
    }, 'gossip brings a broadcast');
  }

  it('tells of what it brings, and by whom', async () => {
    const first = await connect();
    bare.gossipOn(first.connection);
    await reachedByGossip();
    await bare.node.services.pubsub.publish(TOPIC, bytesOf('from afar'));
    await until(() => a.told.broadcasts.length > 0, 'it is told');
    expect(a.told.broadcasts).toEqual([{ via: bare.id, text: 'from afar' }]);
  });

  it('is all that a broadcast takes to a member that it reaches', async () => {
    const first = await connect();
    bare.gossipOn(first.connection);
    await reachedByGossip();
    a.transport.broadcast(bytesOf('once'));
    await until(() => bare.gossip.includes('once'), 'gossip brings it');
    a.transport.send(bare.id, bytesOf('after that'));
    await until(() => first.frames.some(([channel]) => channel === DIRECT), 'what follows arrives');
    expect(first.frames).not.toContainEqual([BROADCAST, 'once']);
  });

  it.each<[string, (one: BareStream) => unknown]>([
    ['closes in good order', ({ connection }) => connection.close()],
    ['is reset', ({ connection }) => connection.abort(new Error('gone'))],
    ['ends its stream', ({ stream }) => stream.close()],
    ['loses its stream', ({ stream }) => stream.abort(new Error('gone'))],
  ])('goes on over another connection where the one that carried it %s', async (_, end) => {
    const carriers = await bare.gossipStreams();
    const first = await connect();
    await until(() => carriers.length === 1, 'gossip has its stream');
    const second = await connect();
    await end(first);
    await until(() => carriers.length === 2, 'gossip has another one');
    expect(carriers).toEqual([first.connection, second.connection]);
    expect(a.told.disconnections).toEqual([]);
  });

  it('reaches a member whose connections both went, once it is back', async () => {
    for (const { stream } of [await connect(), await connect()]) void stream.close();
    await until(() => a.told.disconnections.length > 0, 'it is gone');
    await until(() => bare.node.getConnections().length === 0, 'both connections are');
    bare.gossipOn((await connect()).connection);
    await reachedByGossip();
    expect(a.told.disconnections.length).toBe(1);
  });

  it('is let be where both connections go as the transport closes', async () => {
    const both = [await connect(), await connect()];
    for (const { connection } of both) bare.gossipOn(connection);
    await reachedByGossip();
    await a.transport.close();
    await until(() => both.every(({ connection }) => connection.status !== 'open'), 'both are closed');
    await delay(0);
    expect([a.log.lines, a.told.disconnections]).toEqual([[], []]);
  });
});

it('a dialled member whose stream does not come is given up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [a, bare, proxy] = [
    await transports.start('a'),
    await transports.bare('bare'),
    await TcpProxy.listen(),
  ];
  onTestFinished(() => proxy.close());
  await bare.accept();
  proxy.target = Number(bare.address.split(':')[1]);
  let isHung = false;
  bare.node.addEventListener('connection:open', () => {
    isHung = true;
    proxy.hang(true);
  });
  a.transport.visit(proxy.address);
  await until(() => isHung, 'the connection stands');
  await until(() => {
    vi.advanceTimersByTime(STREAM_TIMEOUT_MS / 10);
    return a.told.visits.length > 0;
  }, 'the visit ends');
  const failure = `no stream within ${STREAM_TIMEOUT_MS} ms`;
  expect(a.told.visits).toEqual([{ seed: proxy.address, outcome: { reached: [], isSelf: false, failure } }]);
});

it('a connection that is gone leaves no timer behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [a, b] = await transports.startTwo();
  /** What libp2p does by itself soon after something happens is done: also where one thing waits for bytes between two timers. */
  const settle = async () => {
    for (let step = 0; step < 50; step += 1) {
      await vi.advanceTimersByTimeAsync(STREAM_TIMEOUT_MS / 4 / 50);
      await turn();
    }
  };
  await settle();
  const idle = vi.getTimerCount();
  a.transport.dial(b.self, [b.address], 0);
  await until(() => `${linksOf(a, b)}` === '1,1', 'they are connected');
  expect(vi.getTimerCount()).toBeGreaterThan(idle);
  a.transport.disconnect(b.self, 'cut off', 0);
  await until(() => b.told.disconnections.length > 0, 'it is gone');
  await until(() => `${linksOf(a, b)}` === '0,0', 'on both sides');
  await settle();
  await until(() => vi.getTimerCount() <= idle, 'and so are its timers');
});
