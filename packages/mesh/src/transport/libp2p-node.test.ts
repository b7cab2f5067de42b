import { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { until } from '@headwater/testing/until';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MEMBERS_MAX } from '../core/limits.js';
import { MeshError } from '../mesh.js';
import { meshKeys } from '../mesh-key.js';
import { privateKeyOf } from '../testing/transports.js';
import { Admission } from './admission.js';
import { PENDING_CONNECTIONS_MAX } from './guarded-tcp.js';
import { KeyRing } from './key-ring.js';
import { boundPort, createNode, type Node } from './libp2p-node.js';
import { silentLogger } from './silent-logger.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const HOST = '127.0.0.1';

interface Made {
  readonly node: Node;
  readonly admission: Admission;
  readonly keys: KeyRing;
}

let nodes: Node[];
beforeEach(() => {
  nodes = [];
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(nodes.map((node) => node.stop()));
});

async function make(name: string, host = HOST, port = 0): Promise<Made> {
  const privateKey = await privateKeyOf(name);
  const admission = new Admission('', quiet, () => performance.now());
  const keys = new KeyRing(meshKeys(undefined, HOST), admission);
  const node = await createNode({ host, port, privateKey }, keys, admission);
  nodes.push(node);
  return { node, admission, keys };
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

const addressOf = (node: Node) => multiaddr(`/ip4/${HOST}/tcp/${boundPort(node)}`);

describe('a node listens', () => {
  it.each<readonly [string, string, RegExp]>([
    ['IPv4', '127.0.0.1', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/],
    ...(hasIpv6 ? [['IPv6', '::1', /^\/ip6\/::1\/tcp\/\d+/] as const] : []),
    ['a name', 'localhost', /^\/ip[46]\/(127\.0\.0\.1|::1)\/tcp\/\d+/],
  ])('on %s', async (_, host, address) => {
    const { node } = await make('a', host);
    expect(node.getMultiaddrs().map(String)).toEqual([expect.stringMatching(address)]);
    expect(boundPort(node)).toBeGreaterThan(0);
  });
});

it('takes no more sockets than two of each member, and handshakes beside them', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen');
  await make('a');
  const [server] = listen.mock.contexts as Server[];
  expect(server?.maxConnections).toBe(2 * MEMBERS_MAX + PENDING_CONNECTIONS_MAX);
});

describe('where it cannot listen, it says what to look at', () => {
  const failureOf = async (host: string, port: number): Promise<MeshError> => {
    const error: unknown = await make('a', host, port).catch((thrown) => thrown);
    if (!(error instanceof MeshError)) throw new Error(`it listens: ${String(error)}`);
    return error;
  };

  it('a port that is taken', async () => {
    const port = boundPort((await make('holds it')).node);
    const { code, message, cause } = await failureOf(HOST, port);
    expect([code, message]).toEqual([
      'listen',
      `the mesh cannot listen on 127.0.0.1:${port}: the port is taken`,
    ]);
    expect((cause as Error).message).toContain('EADDRINUSE');
  });

  it('an address that is not of this machine', async () => {
    const { message } = await failureOf('192.0.2.1', 7_946);
    expect(message).toBe('the mesh cannot listen on 192.0.2.1:7946: this machine has no such address');
  });

  it('a name that leads nowhere', async () => {
    const { message } = await failureOf('no name', 7_946);
    expect(message).toBe('the mesh cannot listen on no name:7946: the name cannot be resolved');
  });

  it.each([
    ['listen EACCES: permission denied 127.0.0.1:80', /: not permitted, ports below 1024 need rights$/],
    ['listen EMFILE: too many open files', /: .*listen EMFILE: too many open files/s],
  ])('what the system says: %s', async (said, words) => {
    vi.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server) {
      queueMicrotask(() => this.emit('error', new Error(said)));
      return this;
    });
    expect((await failureOf(HOST, 80)).message).toMatch(words);
  });
});

describe('the port that a node listens on', () => {
  const nodeAt = (...addresses: string[]): Node =>
    ({ getMultiaddrs: () => addresses.map((address) => multiaddr(address)) }) as unknown as Node;

  it('is that of its first TCP address', () => {
    const node = nodeAt('/ip4/10.0.0.1/udp/9', '/ip4/10.0.0.1/tcp/7946', '/ip4/10.0.0.2/tcp/7947');
    expect(boundPort(node)).toBe(7_946);
  });

  it.each([['at no address'], ['at UDP alone', '/ip4/10.0.0.1/udp/9']])('is none %s', (_, ...addresses) => {
    expect(() => boundPort(nodeAt(...addresses))).toThrow(
      new MeshError('listen', 'the mesh listens on no TCP port'),
    );
  });
});

describe('connections', () => {
  it('are made by dialling, also to an address of this host', async () => {
    const [a, b] = [await make('a'), await make('b')];
    const connection = await a.node.dial(addressOf(b.node));
    expect(connection.remotePeer.toString()).toBe(b.node.peerId.toString());
  });

  it('are made with many at once, though all are on one host', async () => {
    const [a, b] = [await make('a'), await make('b')];
    const dials = Array.from({ length: 10 }, () => a.node.dial(addressOf(b.node), { force: true }));
    await Promise.all(dials);
    await until(() => b.node.getConnections().length === 10, 'all are taken');
  });

  it('are refused to who is refused, whoever dials', async () => {
    const [a, b, c] = [await make('a'), await make('b'), await make('c')];
    a.admission.refuse(b.node.peerId.toString(), 60_000);
    await expect(a.node.dial(addressOf(b.node))).rejects.toThrow();
    const dialled = await b.node.dial(addressOf(a.node)).catch(() => null);
    await until(() => dialled === null || dialled.status !== 'open', 'it is closed');
    await c.node.dial(addressOf(a.node));
    await until(() => a.node.getConnections().length > 0, 'another one is let in');
    expect(a.node.getConnections().map(({ remotePeer }) => remotePeer.toString())).toEqual([
      c.node.peerId.toString(),
    ]);
  });

  it('are made with the keys that are held at that time', async () => {
    const [a, b] = [await make('a'), await make('b')];
    const connection = await a.node.dial(addressOf(b.node));
    b.keys.replace(meshKeys('another key'.padEnd(40, '.'), HOST));
    await expect(a.node.dial(addressOf(b.node), { force: true })).rejects.toThrow('could not negotiate');
    expect(connection.status).toBe('open');
  });

  it('are let be by libp2p: it pings and prunes nobody', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const [a, b] = [await make('a'), await make('b')];
    await a.node.dial(addressOf(b.node));
    await until(() => b.node.getConnections().length === 1, 'it is taken');
    const protocols = [a, b].flatMap(({ node }) => node.getProtocols());
    expect(protocols.filter((protocol) => !protocol.startsWith('/meshsub/'))).toEqual([]);
    // Each gossip looks after its scores.
    await until(() => vi.getTimerCount() === 2, 'its two timers run');
  });

  it('need no keep-alive while they stand', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [a, b] = [await make('a'), await make('b')];
    /** What libp2p does by itself soon after something happens is done. */
    const settle = () => vi.advanceTimersByTimeAsync(2_500);
    await settle();
    const idle = vi.getTimerCount();
    await a.node.dial(addressOf(b.node));
    await until(() => b.node.getConnections().length === 1, 'it is taken');
    await settle();
    await until(() => vi.getTimerCount() <= idle, 'there is no timer for it');
  });

  it('carry so many streams at once, and no more', async () => {
    const [a, b] = [await make('a'), await make('b')];
    await b.node.handle('/test/1', () => {}, { maxInboundStreams: 1_000 });
    const connection = await a.node.dial(addressOf(b.node));
    const open = () => connection.newStream('/test/1', { maxOutboundStreams: 1_000 });
    for (let count = 0; count < 64; count += 1) await open();
    await expect(open()).rejects.toThrow();
    connection.abort(new Error('the test is over'));
    await until(() => b.node.getConnections().length === 0, 'all of them go');
  });
});

describe("libp2p's own log", () => {
  function withDebug(value: string | undefined): void {
    const before = process.env.DEBUG;
    const set = (to: string | undefined): void => {
      if (to === undefined) delete process.env.DEBUG;
      else process.env.DEBUG = to;
    };
    onTestFinished(() => set(before));
    set(value);
  }

  it('is silent', async () => {
    withDebug(undefined);
    expect((await make('a')).node.logger).toBe(silentLogger);
  });

  it('is there where it is asked for', async () => {
    withDebug('nothing-of-this-name');
    expect((await make('a')).node.logger).not.toBe(silentLogger);
  });
});

it('writes nothing down of whom it met', async () => {
  const [a, b] = [await make('a'), await make('b')];
  await a.node.dial(addressOf(b.node));
  await expect(a.node.peerStore.get(b.node.peerId)).rejects.toMatchObject({ name: 'NotFoundError' });
});
