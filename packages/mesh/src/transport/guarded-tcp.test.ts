import './promise-with-resolvers.js';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '@headwater/testing/until';
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorsIn, TakingUpgrader } from '../testing/taking-upgrader.js';
import {
  guardedTcp,
  HANDSHAKE_TIMEOUT_MS,
  INBOUND_HANDSHAKES_MAX,
  PENDING_CONNECTIONS_MAX,
  SPEAK_TIMEOUT_MS,
  TURN_MS,
} from './guarded-tcp.js';

const HEADER = '\x13/multistream/1.0.0\n';
const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const offer = (id: string): string => `\x18/noise/${id}\n`;

/** How exactly the times are kept, ms. */
const STEP_MS = 200;

/** Who dials, as the transport sees it from the other end. */
interface Client {
  readonly socket: Socket;
  readonly say: (text: string) => void;
  readonly port: number | undefined;
}

/** A transport that listens; its clock is the test's from now on, and the network's is not. */
async function listening(at = '/ip4/127.0.0.1/tcp/0') {
  const keys = { ids: [A] };
  const told: string[] = [];
  const pending: number[] = [];
  const errors: string[] = [];
  const upgrader = new TakingUpgrader();
  const events = {
    stranger: (remote: string) => void told.push(`stranger ${remote}`),
    keyDiffers: (direction: string, remote: string) => void told.push(`key differs ${direction} ${remote}`),
    pending: (count: number) => void pending.push(count),
  };
  const transport = guardedTcp({ backlog: 512 }, () => keys.ids, events)({ logger: errorsIn(errors) });
  const listener = transport.createListener({ upgrader: upgrader as unknown as Upgrader });
  onTestFinished(() => listener.close());
  await listener.listen(multiaddr(at));
  const port = Number(listener.getAddrs()[0]?.getComponents()[1]?.value);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const dial = async (host = '127.0.0.1'): Promise<Client> => {
    const socket = connect(port, host).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.resume();
    // Who is refused may be reset before it knows that it was connected.
    await once(socket, 'connect').catch(() => {});
    const say = (text: string): void => void socket.write(text, 'latin1');
    return { socket, say, port: socket.localPort };
  };
  /** The next of those who dial, once it is accepted. */
  const accepted = async (host?: string): Promise<Client> => {
    const before = pending.length;
    const client = await dial(host);
    await until(() => pending.length > before, 'it is accepted');
    return client;
  };
  const taken = (count: number) => until(() => upgrader.taken.length >= count, `${count} are let through`);
  return { told, pending, errors, upgrader, dial, accepted, taken, keys, listener };
}

const closed = ({ socket }: Client) => until(() => socket.closed, 'it is closed');

/** All that was under way in the event loop has been done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('guardedTcp, of who dials', () => {
  it.each([1, 7, 1_000])(
    'lets a member through, byte by byte as it came, in pieces of %i bytes',
    async (size) => {
      const { upgrader, told, pending, accepted, taken } = await listening();
      const said = `${HEADER}${offer(B)}${offer(A)}\x00\x20\xff\xff`;
      const { socket, say } = await accepted();
      socket.setNoDelay();
      for (let at = 0; at < said.length; at += size) say(said.slice(at, at + size));
      await taken(1);
      await until(() => upgrader.taken[0]?.text() === said, 'all came through');
      say('and more');
      await until(() => upgrader.taken[0]?.text() === `${said}and more`, 'more came through');
      upgrader.taken[0]?.end();
      await until(() => pending.length > 1, 'it is done');
      expect([told, pending]).toEqual([[], [1, 0]]);
    },
  );

  it.each([
    ['at once', 'GET / HTTP/1.1\r\n\r\n', 0],
    ['after the first line', `${HEADER}\x07/noise\n`, 1],
  ])('closes on a stranger, which is told once: %s', async (_, said, lets) => {
    const { upgrader, told, pending, errors, accepted } = await listening();
    const client = await accepted();
    client.socket.setNoDelay();
    const first = said.slice(0, lets === 0 ? said.length : HEADER.length);
    client.say(first);
    if (lets === 1) {
      await until(() => upgrader.taken[0]?.text() === HEADER, 'the first line came through');
      client.say(said.slice(first.length));
    }
    await closed(client);
    await until(() => pending.at(-1) === 0, 'it is forgotten');
    expect(told).toEqual([`stranger /ip4/127.0.0.1/tcp/${client.port}`]);
    expect(upgrader.taken.map(({ text }) => text())).toEqual(lets === 0 ? [] : [HEADER]);
    expect(errors).toContain('Error: the other side is no member of a mesh');
  });

  it('tells of a key that differs once who dialled has offered its last and goes away', async () => {
    const { told, upgrader, accepted, taken } = await listening();
    const client = await accepted();
    client.say(HEADER + offer(B));
    await taken(1);
    await until(() => upgrader.taken[0]?.text() === HEADER + offer(B), 'the offer is heard');
    expect(told).toEqual([]);
    client.socket.destroy();
    await until(() => told.length > 0, 'it is told');
    expect(told).toEqual([`key differs inbound /ip4/127.0.0.1/tcp/${client.port}`]);
  });

  it.each([
    ['said nothing', ''],
    ['offered none', HEADER],
    ['offered a key that is ours as well', HEADER + offer(B) + offer(A)],
  ])('blames no key where who goes away %s', async (_, said) => {
    const { told, pending, upgrader, accepted } = await listening();
    const client = await accepted();
    client.say(said);
    if (said !== '') await until(() => upgrader.taken[0]?.text() === said, 'it is heard');
    client.socket.destroy();
    await until(() => pending.at(-1) === 0, 'it is forgotten');
    expect(told).toEqual([]);
  });

  it('goes by the keys as they are when a connection comes', async () => {
    const { keys, told, upgrader, pending, accepted, taken } = await listening();
    const before = await accepted();
    keys.ids = [B];
    const after = await accepted();
    for (const { say } of [before, after]) say(HEADER + offer(B));
    await taken(2);
    await until(() => upgrader.taken.every(({ text }) => text() === HEADER + offer(B)), 'both are heard');
    for (const { socket } of [before, after]) socket.destroy();
    await until(() => pending.at(-1) === 0, 'both are forgotten');
    expect(told).toEqual([`key differs inbound /ip4/127.0.0.1/tcp/${before.port}`]);
  });

  it.each([
    ['IPv4', '127.0.0.1', '/ip4/127.0.0.1'],
    ['IPv6', '::1', '/ip6/::1'],
  ])(
    'takes both families where it listens on all addresses, and tells %s addresses plainly',
    async (_, host, plain) => {
      const { told, accepted } = await listening('/ip6/::/tcp/0');
      const client = await accepted(host);
      client.say('GET / HTTP/1.1\r\n\r\n');
      await closed(client);
      expect(told).toEqual([`stranger ${plain}/tcp/${client.port}`]);
    },
  );

  it('closes who says nothing in time, and nobody who said a word', async () => {
    const { upgrader, pending, errors, accepted, taken } = await listening();
    const [silent, speaking] = [await accepted(), await accepted()];
    vi.advanceTimersByTime(SPEAK_TIMEOUT_MS - STEP_MS);
    await settled();
    expect([silent.socket.closed, pending]).toEqual([false, [1, 2]]);
    speaking.say(HEADER);
    await taken(1);
    vi.advanceTimersByTime(STEP_MS);
    await closed(silent);
    await until(() => pending.at(-1) === 1, 'it is forgotten');
    vi.advanceTimersByTime(STEP_MS);
    speaking.say(offer(A));
    await until(() => upgrader.taken[0]?.text() === HEADER + offer(A), 'the other goes on');
    expect(errors).toContain('TimeoutError: it says nothing');
  });

  it('gives a handshake its whole time anew with each word, and closes it once none comes', async () => {
    const { upgrader, pending, errors, accepted, taken } = await listening();
    const client = await accepted();
    client.say(HEADER);
    await taken(1);
    for (const word of [offer(A), 'noise']) {
      vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - STEP_MS);
      client.say(word);
      await until(() => upgrader.taken[0]?.text().endsWith(word), 'it is heard');
    }
    vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - STEP_MS);
    await settled();
    expect([client.socket.closed, pending]).toEqual([false, [1]]);
    vi.advanceTimersByTime(STEP_MS);
    await closed(client);
    await until(() => pending.at(-1) === 0, 'it is forgotten');
    expect(errors).toContain('TimeoutError: no word in the handshake');
  });

  it('sets no time any more once the handshake is done', async () => {
    const { upgrader, pending, accepted, taken } = await listening();
    const client = await accepted();
    client.say(HEADER + offer(A));
    await taken(1);
    upgrader.taken[0]?.end();
    await until(() => pending.at(-1) === 0, 'it is done');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    client.say('noise');
    await until(() => upgrader.taken[0]?.text().endsWith('noise'), 'it goes on');
  });

  it('closes a connection whose handshake fails', async () => {
    const { upgrader, pending, accepted, taken } = await listening();
    const client = await accepted();
    client.say(HEADER + offer(A));
    await taken(1);
    upgrader.taken[0]?.fail(new Error('no'));
    await closed(client);
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect(pending).toEqual([1, 0]);
  });

  it('holds no socket for one that has ended its half and reads nothing of what waits for it', async () => {
    const { upgrader, listener, taken } = await listening();
    const port = Number(listener.getAddrs()[0]?.getComponents()[1]?.value);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(HEADER, 'latin1');
    await taken(1);
    upgrader.taken[0]?.end();
    await settled();
    const connection = upgrader.taken[0]?.connection as MultiaddrConnection & { readonly socket: Socket };
    connection.send(Buffer.alloc(32 * 1024 * 1024));
    socket.end();
    await until(() => connection.socket.closed, 'its socket is closed');
  });

  it('begins a few handshakes at once, and the next when one is done', async () => {
    const { upgrader, accepted, taken } = await listening();
    for (let count = 0; count < INBOUND_HANDSHAKES_MAX + 1; count += 1) (await accepted()).say(HEADER);
    await taken(INBOUND_HANDSHAKES_MAX);
    await settled();
    expect(upgrader.taken).toHaveLength(INBOUND_HANDSHAKES_MAX);
    upgrader.taken[0]?.end();
    await taken(INBOUND_HANDSHAKES_MAX + 1);
  });

  it('lets nobody wait long for handshakes that wait for their other side', async () => {
    const { accepted, taken } = await listening();
    for (let count = 0; count < INBOUND_HANDSHAKES_MAX + 1; count += 1) (await accepted()).say(HEADER);
    await taken(INBOUND_HANDSHAKES_MAX);
    vi.advanceTimersByTime(TURN_MS);
    await taken(INBOUND_HANDSHAKES_MAX + 1);
  });

  describe('where it holds as many connections as it may', () => {
    async function full() {
      const at = await listening();
      const first = await at.accepted();
      const second = await at.accepted();
      const rest = Array.from({ length: PENDING_CONNECTIONS_MAX - 2 }, () => at.dial());
      const all = [first, second, ...(await Promise.all(rest))];
      await until(() => at.pending.at(-1) === PENDING_CONNECTIONS_MAX, 'all are accepted');
      return { ...at, first, second, all };
    }

    it('closes the one that has been silent for longest, for each that comes', async () => {
      const { errors, pending, first, second, all, accepted, taken } = await full();
      first.say(HEADER);
      await taken(1);
      await accepted();
      await closed(second);
      await until(() => pending.at(-1) === PENDING_CONNECTIONS_MAX, 'it is forgotten');
      expect(all.filter(({ socket }) => socket.closed)).toEqual([second]);
      expect(errors).toContain('Error: it says nothing, and others want its place');
    });

    it('refuses who comes where all of them speak, until one is done', async () => {
      const { errors, upgrader, pending, all, listener, dial, accepted } = await full();
      for (const { say } of all) say(HEADER);
      const { sockets } = listener as unknown as { readonly sockets: ReadonlySet<Socket> };
      await until(() => [...sockets].every(({ bytesRead }) => bytesRead > 0), 'all have spoken');
      await closed(await dial());
      expect(errors).toContain('Error: too many handshakes are under way');
      expect(all.some(({ socket }) => socket.closed)).toBe(false);
      expect(pending.at(-1)).toBe(PENDING_CONNECTIONS_MAX);
      upgrader.taken[0]?.end();
      await until(() => pending.at(-1) === PENDING_CONNECTIONS_MAX - 1, 'one is done');
      await accepted();
      expect(pending.at(-1)).toBe(PENDING_CONNECTIONS_MAX);
    });
  });
});
