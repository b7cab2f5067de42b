import { awaitCondition } from '@headwater/testing/await-condition';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import './promise-with-resolvers.js';
import { keyedNoise } from './keyed-noise.js';
import { waitQuietly } from './quiet-lengths.js';

const PROTOCOL = '/test/1';
const KEY = { id: 'k', prologue: new Uint8Array(32) };

const nodes: Libp2p[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

/** What a connection between two nodes is made of, as far as it is looked at here. */
interface Cut {
  readonly decoder: { lengthDecoder(bytes: Uint8Array): number; readonly maxDataLength: number };
}

async function startNode(secured: (connection: Cut) => void): Promise<Libp2p> {
  const noise = keyedNoise(KEY, { undecryptable: () => {}, brokenOff: () => {}, answered: () => {} });
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [
      (components) => {
        const encrypter = noise(components as never);
        for (const way of ['secureInbound', 'secureOutbound'] as const) {
          const secure = encrypter[way].bind(encrypter);
          encrypter[way] = async (...given) => {
            const done = await secure(...given);
            secured(done.connection as unknown as Cut);
            return done;
          };
        }
        return encrypter;
      },
    ],
    streamMuxers: [yamux({ enableKeepAlive: false })],
    connectionMonitor: { enabled: false },
  });
  nodes.push(node);
  return node;
}

describe('lengths of messages', () => {
  it('are waited for without an error, and messages come as they were sent', async () => {
    const cuts: Cut[] = [];
    const reader = await startNode((connection) => cuts.push(connection));
    const writer = await startNode((connection) => cuts.push(connection));
    const read: number[] = [];
    await reader.handle(PROTOCOL, (stream: Stream, _connection: Connection) => {
      stream.addEventListener('message', ({ data }) => read.push(...data.subarray()));
    });
    const stream = await writer.dialProtocol(reader.getMultiaddrs(), PROTOCOL);
    const sent = Array.from({ length: 300 }, (_, index) => index % 256);
    for (const byte of sent) stream.send(Uint8Array.of(byte));
    await awaitCondition('everything read', () => read.length >= sent.length);
    expect(read).toEqual(sent);
    expect(cuts).toHaveLength(2);
    for (const { decoder } of cuts) {
      for (const few of [0, 1]) {
        const length = decoder.lengthDecoder(new Uint8Array(few));
        expect(length).toBeGreaterThan(few);
        expect(length).toBeLessThanOrEqual(decoder.maxDataLength);
      }
      expect(decoder.lengthDecoder(Uint8Array.of(1, 2))).toBe(0x0102);
    }
  });

  it('refuse a connection that cuts messages in another way', () => {
    expect(() => waitQuietly({})).toThrow('another way');
  });
});
