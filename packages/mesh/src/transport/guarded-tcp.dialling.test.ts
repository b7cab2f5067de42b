import './promise-with-resolvers.js';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { until } from '@headwater/testing/until';
import type { Connection, Upgrader } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { errorsIn, type Taken, TakingUpgrader } from '../testing/taking-upgrader.js';
import { guardedTcp, HANDSHAKE_TIMEOUT_MS } from './guarded-tcp.js';

const HEADER = '\x13/multistream/1.0.0\n';
const NA = '\x03na\n';
const A = 'a'.repeat(16);
const B = 'b'.repeat(16);
const offer = (id: string): string => `\x18/noise/${id}\n`;

/** How exactly the times are kept, ms. */
const STEP_MS = 200;
const DIALLED = {} as Connection;

let told: string[];
let errors: string[];
let upgrader: TakingUpgrader & Partial<Upgrader>;
beforeEach(() => {
  [told, errors, upgrader] = [[], [], new TakingUpgrader()];
});

/** Another member, or what stands in its place; the clock is the test's from now on, and the network's is not. */
async function answering(keyIds: readonly string[] = [A, B]) {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket.on('error', () => {}));
    socket.setNoDelay().resume();
  });
  onTestFinished(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const remote = `/ip4/127.0.0.1/tcp/${port}`;
  const events = {
    stranger: (from: string) => void told.push(`stranger ${from}`),
    keyDiffers: (direction: string, from: string) => void told.push(`key differs ${direction} ${from}`),
    pending: () => void told.push('pending'),
  };
  const transport = guardedTcp({}, () => keyIds, events)({ logger: errorsIn(errors) });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  /** What became of a dial, in words. */
  const dial = (signal?: AbortSignal): Promise<string> => {
    const dialling = transport.dial(multiaddr(remote), {
      signal: signal as AbortSignal,
      upgrader: upgrader as unknown as Upgrader,
    });
    return dialling.then((made) => (made === DIALLED ? 'done' : 'another connection'), String);
  };
  return { remote, accepted, server, dial };
}

/** A dial that stands, and whose handshake has begun. */
async function begun(keyIds?: readonly string[], signal?: AbortSignal) {
  const { accepted, dial, ...more } = await answering(keyIds);
  const outcome = dial(signal);
  await until(() => upgrader.taken.length === 1 && accepted.length === 1, 'it is connected');
  const [taken, socket] = [upgrader.taken[0] as Taken, accepted[0] as Socket];
  const say = (words: string): void => void socket.write(words, 'latin1');
  const heard = (words: string) => until(() => taken.text() === words, 'it is heard');
  const end = (): void => taken.end(DIALLED);
  return { ...more, outcome, taken, socket, say, heard, end };
}

describe('guardedTcp, of whom it dials', () => {
  it.each([1, 7, 1_000])(
    'lets a member through, byte by byte as it came, in pieces of %i bytes',
    async (size) => {
      const { outcome, say, heard, end } = await begun();
      const said = `${HEADER}${NA}${offer(B)}\x00\x20\xff\xff`;
      for (let at = 0; at < said.length; at += size) say(said.slice(at, at + size));
      await heard(said);
      say('and more');
      await heard(`${said}and more`);
      end();
      expect([await outcome, told]).toEqual(['done', []]);
    },
  );

  it('ends the dial where a stranger answers, and tells so', async () => {
    const { outcome, remote, taken, say, socket } = await begun();
    say('SSH-2.0-OpenSSH_9.6\r\n');
    expect(await outcome).toBe('Error: the other side is no member of a mesh');
    expect([told, taken.text()]).toEqual([[`stranger ${remote}`], '']);
    await until(() => socket.closed, 'the other side sees its end');
  });

  it('tells of a key that differs once each was refused, and leaves the rest to libp2p', async () => {
    const { remote, say, heard, end, outcome } = await begun([A, B]);
    say(HEADER + NA);
    await heard(HEADER + NA);
    expect(told).toEqual([]);
    say(NA);
    await heard(HEADER + NA + NA);
    expect(told).toEqual([`key differs outbound ${remote}`]);
    say('whatever');
    await heard(`${HEADER + NA + NA}whatever`);
    expect(told).toHaveLength(1);
    end();
    expect(await outcome).toBe('done');
  });

  it.each([
    ['before it says a word', ''],
    ['amid the keys', HEADER + NA],
  ])('blames no key where the other side goes away %s', async (_, said) => {
    const { say, heard, socket, outcome } = await begun();
    say(said);
    await heard(said);
    socket.destroy();
    expect(await outcome).toMatch(/Error|closed/);
    expect(told).toEqual([]);
  });

  it('gives up who does not answer in time', async () => {
    const { dial } = await answering();
    const outcome = dial(new AbortController().signal);
    // The clock is ahead of the network, which has had no turn yet.
    vi.advanceTimersByTime(CONNECT_TIMEOUT_MS);
    expect(await outcome).toBe('Error: no answer within 2000 ms');
    expect(upgrader.taken).toEqual([]);
  });

  it('waits until that time is over', async () => {
    const { dial } = await answering();
    const outcome = dial();
    vi.advanceTimersByTime(CONNECT_TIMEOUT_MS - STEP_MS);
    await until(() => upgrader.taken.length === 1, 'it is connected');
    upgrader.taken[0]?.end(DIALLED);
    expect(await outcome).toBe('done');
  });

  it('gives up who is connected and says nothing, later than who does not answer at all', async () => {
    const { outcome, taken, socket } = await begun();
    vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - STEP_MS);
    expect([taken.options.signal.aborted, socket.closed]).toEqual([false, false]);
    vi.advanceTimersByTime(STEP_MS);
    expect(await outcome).toBe('Error: connected, but no word in the handshake for 10000 ms');
    await until(() => socket.closed, 'the other side sees its end');
  });

  it('gives a handshake its whole time anew with each word', async () => {
    const { taken, say, heard, end, outcome } = await begun();
    const words = [HEADER, offer(A), 'noise'];
    for (const [index, word] of words.entries()) {
      vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - STEP_MS);
      say(word);
      await heard(words.slice(0, index + 1).join(''));
    }
    vi.advanceTimersByTime(HANDSHAKE_TIMEOUT_MS - STEP_MS);
    expect(taken.options.signal.aborted).toBe(false);
    end();
    expect(await outcome).toBe('done');
  });

  it('ends nothing any more once the dial is over', async () => {
    const caller = new AbortController();
    const { taken, end, outcome } = await begun([A], caller.signal);
    end();
    expect(await outcome).toBe('done');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    caller.abort();
    expect(taken.options.signal.aborted).toBe(false);
  });

  it.each([
    ['while it connects', 'connecting'],
    ['in the handshake', 'handshake'],
    ['before it begins', 'before'],
  ])('ends where the caller gives it up %s, for the reason that the caller gave', async (_, when) => {
    const caller = new AbortController();
    const reason = new Error('stopped');
    const { dial } = await answering();
    if (when === 'before') caller.abort(reason);
    const outcome = dial(caller.signal);
    if (when === 'handshake') {
      await until(() => upgrader.taken.length === 1, 'it is connected');
      caller.abort(reason);
      expect(upgrader.taken[0]?.options.signal.reason).toBe(reason);
    }
    if (when === 'connecting') caller.abort(reason);
    expect(await outcome).toMatch(/stopped|abort/);
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
  });

  it('says why the system refused a connection', async () => {
    const { server, dial } = await answering();
    server.close();
    await once(server, 'close');
    expect(await dial()).toContain('ECONNREFUSED');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
  });

  it('leaves all else to libp2p', async () => {
    const [encrypters, muxers, signal] = [new Map(), new Map(), new AbortController().signal];
    const clearable = Object.assign(new AbortController().signal, { clear() {} });
    Object.assign(upgrader, {
      getConnectionEncrypters: () => encrypters,
      getStreamMuxers: () => muxers,
      createInboundAbortSignal: (given: AbortSignal) => (given === signal ? clearable : null),
    });
    const { taken, end, outcome } = await begun();
    const seen = taken.options.upgrader as Upgrader;
    expect(seen.getConnectionEncrypters()).toBe(encrypters);
    expect(seen.getStreamMuxers()).toBe(muxers);
    expect(seen.createInboundAbortSignal(signal)).toBe(clearable);
    end();
    await outcome;
  });

  it('refuses a libp2p whose connections receive data in a way that it does not know', async () => {
    const { taken, end, outcome } = await begun();
    const seen = taken.options.upgrader as Upgrader;
    const unknown = Object.assign(taken.connection, { onData: undefined });
    expect(() => seen.upgradeOutbound(unknown, { signal: taken.options.signal })).toThrow(
      'this version of libp2p receives data in another way',
    );
    end();
    await outcome;
  });
});
