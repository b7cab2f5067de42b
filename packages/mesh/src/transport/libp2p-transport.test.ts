import { createConnection } from 'node:net';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { meshKeys } from '../mesh-key.js';
import { TcpProxy } from '../testing/meshes.js';
import { connect, type TestTransport, Transports } from '../testing/transports.js';
import { Names } from './names.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let transports: Transports;
beforeEach(() => {
  transports = new Transports();
});
afterEach(() => transports.close());

/** Somebody who connects, and says nothing. */
async function atTheDoorOf({ transport }: TestTransport): Promise<void> {
  const socket = createConnection(transport.port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await until(() => transport.gauges.pendingConnections === 1, 'somebody is at the door');
}

describe('a connection', () => {
  it('is told at both ends, each with where the other one is', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    expect(a.told.connections).toEqual([
      { peer: b.self, from: { dialled: b.address, remoteIp: '127.0.0.1' } },
    ]);
    expect(b.told.connections).toEqual([
      { peer: a.self, from: { seenAs: '127.0.0.1', remoteIp: '127.0.0.1' } },
    ]);
  });

  it('is counted, and so is the dial that led to it', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    await until(() => a.transport.gauges.dialTurns === 0, 'the dial is over');
    const idle = { pendingConnections: 0, dialTurns: 0, dialsWaiting: 0 };
    expect(a.transport.gauges).toEqual({ ...idle, links: 1, dialsBegun: 1 });
    await until(() => b.transport.gauges.pendingConnections === 0, 'it is secured');
    expect(b.transport.gauges).toEqual({ ...idle, links: 1, dialsBegun: 0 });
  });

  it('carries what each end sends to the other one, in order, from the moment it is told', async () => {
    const [a, b] = await transports.startTwo();
    const words = Array.from({ length: 50 }, (_, index) => `word ${index}`);
    for (const { told, transport } of [a, b])
      told.onConnected = (peer) => {
        for (const word of words) transport.send(peer, bytesOf(word));
      };
    await connect(a, b);
    await until(() => a.told.directs.length + b.told.directs.length >= 100, 'all arrives');
    expect(a.told.directs).toEqual(words.map((text) => ({ peer: b.self, text })));
    expect(b.told.directs).toEqual(words.map((text) => ({ peer: a.self, text })));
    expect([a.told.broadcasts, b.told.broadcasts]).toEqual([[], []]);
  });

  it('carries a broadcast before gossip knows the member', async () => {
    const [a, b] = await transports.startTwo();
    a.told.onConnected = () => a.transport.broadcast(bytesOf('news'));
    await connect(a, b);
    await until(() => b.told.broadcasts.length > 0, 'it arrives');
    expect(b.told.broadcasts).toEqual([{ via: a.self, text: 'news' }]);
    expect([b.told.directs, a.told.broadcasts]).toEqual([[], []]);
  });

  it('is one where a member and a seed at the same address are dialled at once', async () => {
    const [a, b] = await transports.startTwo();
    a.transport.visit(b.address);
    a.transport.dial(b.self, [b.address], 0);
    await until(() => a.told.visits.length > 0 && b.told.connections.length > 0, 'the seed is reached');
    a.transport.send(b.self, bytesOf('hello'));
    await until(() => b.told.directs.length > 0, 'it carries messages');
    expect(a.told.visits).toEqual([{ seed: b.address, outcome: { reached: [b.self], isSelf: false } }]);
    expect([a.told.connections.length, b.told.connections.length]).toEqual([1, 1]);
    expect([a.told.failures, a.told.disconnections]).toEqual([[], []]);
  });

  it('carries questions, and nobody else can be asked', async () => {
    const [a, b] = await transports.startTwo();
    await b.transport.queries.serve(
      async (from, question) => ({
        bytes: bytesOf(`${from} asked ${Buffer.from(question)}`),
        done: () => {},
      }),
      () => {},
    );
    await connect(a, b);
    const { signal } = new AbortController();
    const reply = await a.transport.queries.ask(b.self, bytesOf('why'), 1_000, signal);
    expect(Buffer.from(reply).toString()).toBe(`${a.self} asked why`);
    const toNobody = a.transport.queries.ask('nobody', bytesOf('why'), 1_000, signal);
    await expect(toNobody).rejects.toMatchObject({ reason: 'not-connected' });
  });
});

describe('a dial', () => {
  it('that leads nowhere is told with why, and with the mark by which it was asked for', async () => {
    const a = await transports.start('a');
    a.transport.dial('nobody', ['127.0.0.1:1'], 42);
    a.transport.dial('homeless', [], 43);
    await until(() => a.told.failures.length === 2, 'both are told');
    expect(a.told.failures).toContainEqual({
      peer: 'nobody',
      reason: '127.0.0.1:1: connection refused, nothing listens there',
      startedAt: 42,
    });
    expect(a.told.failures).toContainEqual({ peer: 'homeless', reason: 'no address', startedAt: 43 });
  });

  it('that leads to the member is not told as failed', async () => {
    const [a, b] = await transports.startTwo();
    await connect(a, b);
    await until(() => a.transport.gauges.dialTurns === 0, 'the dial is over');
    a.transport.dial('nobody', [], 1);
    await until(() => a.told.failures.length > 0, 'the next one fails');
    expect(a.told.failures.map(({ peer }) => peer)).toEqual(['nobody']);
  });

  it('of a name asks the names that were given', async () => {
    const names = Object.assign(new Names(), { resolve: async () => ({ addresses: ['127.0.0.1'] }) });
    const [a, b] = await transports.startTwo({ names });
    a.transport.visit(`mesh.example:${b.transport.port}`);
    await until(() => a.told.connections.length > 0, 'the member behind it is connected');
    expect(a.told.connections[0]?.from.dialled).toBe(`mesh.example:${b.transport.port}`);
  });

  it('ends as a failure of the seed where names fail in a way that nobody thought of', async () => {
    const resolve = (): Promise<never> => Promise.reject(new Error('no more sockets'));
    const a = await transports.start('a', { names: Object.assign(new Names(), { resolve }) });
    a.transport.visit('mesh.example:1');
    await until(() => a.told.visits.length > 0, 'it is told');
    const outcome = { reached: [], isSelf: false, failure: 'Error: no more sockets' };
    expect(a.told.visits).toEqual([{ seed: 'mesh.example:1', outcome }]);
  });

  it('resolves names by itself where none are given', async () => {
    const [a, b] = await transports.startTwo();
    a.transport.visit(`localhost:${b.transport.port}`);
    await until(() => a.told.connections.length > 0, 'the member behind it is connected');
  });

  it('of an own address through somebody else finds this member itself', async () => {
    const a = await transports.start('a');
    const proxy = await TcpProxy.listen();
    onTestFinished(() => proxy.close());
    proxy.target = a.transport.port;
    a.transport.visit(proxy.address);
    a.transport.visit(a.address);
    await until(() => a.told.visits.length === 2, 'both are told');
    for (const { outcome } of a.told.visits) expect(outcome).toEqual({ reached: [], isSelf: true });
    expect(a.told.connections).toEqual([]);
  });

  it('of a seed that led to a connected member is not repeated', async () => {
    const [a, b] = await transports.startTwo();
    for (const count of [1, 2]) {
      a.transport.visit(b.address);
      await until(() => a.told.visits.length === count, 'it is told');
    }
    expect(a.told.visits[1]?.outcome).toEqual({ reached: [b.self], isSelf: false });
    expect(a.transport.gauges.dialsBegun).toBe(1);
  });

  it('waits for the member with the smaller id while somebody is at the door', async () => {
    const [a, b] = await transports.startTwo();
    await atTheDoorOf(b);
    b.transport.dial(a.self, [a.address], 0);
    await connect(a, b);
    await turn();
    expect([a, b].map(({ transport }) => transport.gauges.dialsBegun)).toEqual([1, 0]);
    expect(b.told.failures).toEqual([]);
  });

  it('does not wait for members that it met before', async () => {
    const [a, b] = await transports.startTwo();
    const c = await transports.start('third');
    await connect(a, b);
    await connect(c, b);
    for (const { self } of [a, c]) b.transport.disconnect(self, 'for a while', 0);
    await until(() => [a, c].every(({ told }) => told.disconnections.length > 0), 'they are apart');
    await atTheDoorOf(b);
    b.transport.dial(a.self, [a.address], 0);
    await until(() => a.told.connections.length === 2, 'it is dialled');
    expect(b.transport.gauges).toMatchObject({ pendingConnections: 1, dialsBegun: 1 });
  });
});

it('one that has our key and takes no members yet is no member with another key', async () => {
  const [a, starting] = [await transports.start('a'), await transports.bare('starting')];
  a.transport.visit(starting.address);
  await until(() => a.told.visits.length > 0, 'the visit ends');
  expect(a.told.visits[0]?.outcome).toEqual({
    reached: [],
    isSelf: false,
    failure: expect.stringMatching(/^it has the mesh\.key and takes no members/),
  });
});

describe('a change of keys', () => {
  it('keeps connections that stand, and lets in who has a new one', async () => {
    const [OLD, NEW] = ['old', 'new'].map((name) => meshKeys(`${name} key`.padEnd(40, '.'), '127.0.0.1'));
    const [a, b] = await transports.startTwo({ keys: OLD ?? [] });
    await connect(a, b);
    b.transport.setKeys?.(NEW ?? []);
    const late = await transports.start('late', { keys: NEW ?? [] });
    const old = await transports.start('old', { keys: OLD ?? [] });
    late.transport.visit(b.address);
    old.transport.visit(b.address);
    await until(() => late.told.visits.length + old.told.visits.length === 2, 'both came to an end');
    expect(late.told.visits[0]?.outcome.reached).toEqual([b.self]);
    expect(old.told.visits[0]?.outcome.failure).toBe('mesh.key differs');
    a.transport.send(b.self, bytesOf('still here'));
    await until(() => b.told.directs.length > 0, 'the connection stands');
  });
});
