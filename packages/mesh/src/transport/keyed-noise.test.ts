import './promise-with-resolvers.js';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { MultiaddrConnection, SecuredConnection, Upgrader } from '@libp2p/interface';
import type { NoiseComponents, NoiseExtensions } from '@libp2p/noise';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { MeshKey } from '../derived-key.js';
import { meshKeys } from '../mesh-key.js';
import { connectionPair } from '../testing/connection-pair.js';
import { keyedNoise } from './keyed-noise.js';
import { silentLogger } from './silent-logger.js';

const [KEY, OTHER] = meshKeys(['a'.repeat(32), 'b'.repeat(32)], '127.0.0.1') as [MeshKey, MeshKey];

/** Who is told so by the noise of a member, and the name that this member proves to have. */
async function member(key: MeshKey) {
  const told: string[] = [];
  const privateKey = await generateKeyPair('Ed25519');
  const peerId = peerIdFromPrivateKey(privateKey);
  const upgrader = { getStreamMuxers: () => new Map() } as unknown as Upgrader;
  const components: NoiseComponents = { peerId, privateKey, upgrader, logger: silentLogger };
  const noise = keyedNoise(key, {
    undecryptable: (direction, remote) => told.push(`undecryptable ${direction} ${remote}`),
    brokenOff: (direction, remote, reason) => told.push(`broken off ${direction} ${remote}: ${reason}`),
    answered: (peer) => told.push(`answered ${peer}`),
  })(components);
  return { noise, told, id: peerId.toString() };
}

/** Changes a bit of the message that this end sends after so many others. */
function damage(end: MultiaddrConnection, after: number): void {
  const send = end.send.bind(end);
  let sent = 0;
  end.send = (data) => {
    const bytes = Buffer.from(data.subarray());
    const last = bytes.length - 1;
    if (sent === after) bytes[last] = (bytes[last] as number) ^ 1;
    sent += 1;
    return send(bytes);
  };
}

type Member = Awaited<ReturnType<typeof member>>;
type Secured = SecuredConnection<NoiseExtensions>;

let ends: [dialler: MultiaddrConnection, listener: MultiaddrConnection];
beforeEach(async () => {
  const { dialler, listener, close } = await connectionPair();
  onTestFinished(close);
  ends = [dialler, listener];
});

/** A side whose handshake fails closes, as libp2p does. */
async function handshake(dialling: Member, answering: Member): Promise<PromiseSettledResult<Secured>[]> {
  const [dialler, listener] = ends;
  const closing = (end: MultiaddrConnection) => (error: Error) => {
    end.abort(error);
    throw error;
  };
  return Promise.allSettled([
    dialling.noise.secureOutbound(dialler).catch(closing(dialler)),
    answering.noise.secureInbound(listener).catch(closing(listener)),
  ]);
}

const peerOf = (result?: PromiseSettledResult<Secured>): string | undefined =>
  result?.status === 'fulfilled' ? result.value.remotePeer.toString() : undefined;

describe('keyedNoise', () => {
  it('has a name that says which key', async () => {
    expect((await member(KEY)).noise.protocol).toBe(`/noise/${KEY.id}`);
  });

  it('proves to both sides who the other is, and tells which member dialled', async () => {
    const [a, b] = [await member(KEY), await member(KEY)];
    const [atA, atB] = await handshake(a, b);
    expect([peerOf(atA), peerOf(atB)]).toEqual([b.id, a.id]);
    expect([a.told, b.told]).toEqual([[], [`answered ${a.id}`]]);
  });

  it('leaves the cryptography to OpenSSL: that of noise is slow in a member that has just started', async () => {
    const [a, b] = [await member(KEY), await member(KEY)];
    const hkdf = vi.spyOn(crypto, 'hkdfSync');
    syncBuiltinESMExports();
    onTestFinished(() => {
      hkdf.mockRestore();
      syncBuiltinESMExports();
    });
    await handshake(a, b);
    expect(hkdf).toHaveBeenCalled();
  });

  it('lets nobody in who names the key without having it, and tells that what comes cannot be decrypted', async () => {
    const [a, b] = [await member(KEY), await member({ id: KEY.id, prologue: OTHER.prologue })];
    const [atA, atB] = await handshake(a, b);
    expect([atA?.status, atB?.status]).toEqual(['rejected', 'rejected']);
    expect(a.told).toEqual([`undecryptable outbound ${ends[0].remoteAddr}`]);
    expect(b.told).toEqual([expect.stringContaining(`broken off inbound ${ends[1].remoteAddr}: `)]);
  });

  it('tells so on the side that was dialled as well, where the last message is damaged', async () => {
    const [a, b] = [await member(KEY), await member(KEY)];
    damage(ends[0], 1);
    const [, atB] = await handshake(a, b);
    expect(atB?.status).toBe('rejected');
    expect(b.told).toEqual([`undecryptable inbound ${ends[1].remoteAddr}`]);
  });

  it('tells the side that dialled of a handshake that the other broke off, and why it failed', async () => {
    const { noise, told } = await member(KEY);
    const [own, other] = ends;
    other.addEventListener('message', () => other.abort(new Error('no')));
    const failure = await noise.secureOutbound(own).then(String, (error: Error) => error.message);
    expect(told).toEqual([`broken off outbound ${own.remoteAddr}: ${failure}`]);
    expect(failure).toMatch(/reset|closed/i);
  });

  it('tells in words why, where the connection is reset as the first message is written', async () => {
    const { noise, told } = await member(KEY);
    const [own, other] = ends;
    const secured = noise.secureOutbound(own);
    other.abort(new Error('no'));
    const failure = await secured.then(String, (error: Error) => error.message);
    expect(told).toEqual([`broken off outbound ${own.remoteAddr}: ${failure}`]);
    expect(failure).toMatch(/ECONNRESET|EPIPE|reset|closed/i);
  });

  it('tells the side that was dialled as well', async () => {
    const { noise, told } = await member(KEY);
    const [other, own] = ends;
    other.abort(new Error('no'));
    const failure = await noise.secureInbound(own).then(String, (error: Error) => error.message);
    expect(told).toEqual([`broken off inbound ${own.remoteAddr}: ${failure}`]);
    expect(failure).toMatch(/reset|closed/i);
  });

  it('blames nobody for its own words: a connection that is closed here is broken off, whatever the reason', async () => {
    const { noise, told } = await member(KEY);
    const secured = noise.secureInbound(ends[1]);
    const reason = 'closed, as before: handshake stage 2 validation fail';
    ends[0].addEventListener('message', () => ends[1].abort(new Error(reason)));
    ends[0].send(Buffer.concat([Buffer.of(0, 32), Buffer.alloc(32, 9)]));
    await expect(secured).rejects.toThrow(reason);
    expect(told).toEqual([`broken off inbound ${ends[1].remoteAddr}: ${reason}`]);
  });

  it('does not say of a first message, which nothing encrypts, that it cannot be decrypted', async () => {
    const { noise, told } = await member(KEY);
    const secured = noise.secureInbound(ends[1]);
    ends[0].send(Buffer.of(0, 1, 0xff));
    await expect(secured).rejects.toThrow('handshake stage 0');
    expect(told).toEqual([expect.stringContaining(`broken off inbound ${ends[1].remoteAddr}: `)]);
  });

  it('gives up when it is told to, in either direction', async () => {
    const { noise, told } = await member(KEY);
    const signal = AbortSignal.abort();
    await expect(noise.secureOutbound(ends[0], { signal })).rejects.toThrow();
    await expect(noise.secureInbound(ends[1], { signal })).rejects.toThrow();
    expect(told).toHaveLength(2);
  });

  it('tells also where a connection has no address', async () => {
    const { noise, told } = await member(KEY);
    const nowhere = new EventTarget() as unknown as MultiaddrConnection;
    await expect(noise.secureOutbound(nowhere)).rejects.toThrow();
    expect(told).toEqual([expect.stringContaining('broken off outbound unknown: ')]);
  });
});
