import { awaitCondition } from '@headwater/testing/await-condition';
import type { Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import './promise-with-resolvers.js';
import { lazyYamux, updateLazily } from './lazy-window.js';

/** Bytes that may be under way before the other side told of more: yamux's initial window. */
const WINDOW_BYTES = 256 * 1024;
const PROTOCOL = '/test/1';

const nodes: Libp2p[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function startNode(): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [lazyYamux({ enableKeepAlive: false })],
    connectionMonitor: { enabled: false },
  });
  nodes.push(node);
  return node;
}

/** A stream to a side that counts what it reads, with the window updates that come back. */
async function openStream() {
  const reader = await startNode();
  const writer = await startNode();
  const read = { bytes: 0 };
  await reader.handle(PROTOCOL, (stream: Stream) => {
    stream.addEventListener('message', ({ data }) => {
      read.bytes += data.byteLength;
    });
  });
  const stream = await writer.dialProtocol(reader.getMultiaddrs(), PROTOCOL);
  const windowed = stream as unknown as { handleWindowUpdate(frame: unknown): void };
  const handle = windowed.handleWindowUpdate.bind(windowed);
  const updates = { count: 0 };
  windowed.handleWindowUpdate = (frame) => {
    updates.count += 1;
    handle(frame);
  };
  return { stream, read, updates };
}

describe('lazy windows', () => {
  it('answer small messages with no window update until half of the window is used', async () => {
    const { stream, read, updates } = await openStream();
    const message = new Uint8Array(64);
    const count = WINDOW_BYTES / 2 / message.byteLength - 64;
    for (let sent = 0; sent < count; sent += 1) stream.send(message);
    await awaitCondition('everything read', () => read.bytes >= count * message.byteLength);
    expect(updates.count).toBe(0);
  });

  it('let many windows through, with few updates', async () => {
    const { stream, read, updates } = await openStream();
    const message = new Uint8Array(16 * 1024);
    const count = (10 * WINDOW_BYTES) / message.byteLength;
    for (let sent = 0; sent < count; sent += 1) {
      if (!stream.send(message)) await stream.onDrain();
    }
    await awaitCondition('everything read', () => read.bytes >= count * message.byteLength);
    expect(read.bytes).toBe(count * message.byteLength);
    expect(updates.count).toBeGreaterThan(0);
    expect(updates.count).toBeLessThanOrEqual(20);
  });

  /** yamux's states: 3 is that of a stream that both sides know of. */
  it.each([
    ['more than half of the window is left', 3, WINDOW_BYTES / 2 + 1, 0],
    ['half of it is used', 3, WINDOW_BYTES / 2, 1],
    ['nothing is left', 3, 0, 1],
    ['both sides have still to tell each other of the stream', 1, WINDOW_BYTES, 1],
  ])('tell the other side of room or not: %s', (_, state, recvWindowCapacity, told) => {
    let updates = 0;
    const sendWindowUpdate = (): void => {
      updates += 1;
    };
    updateLazily({
      recvWindow: WINDOW_BYTES,
      recvWindowCapacity,
      state,
      sendWindowUpdate,
    }).sendWindowUpdate();
    expect(updates).toBe(told);
  });

  it.each([
    ['an update', { sendWindowUpdate: undefined }],
    ['a window', { recvWindowCapacity: undefined }],
  ])('refuse streams that have not %s as this one expects', (_, less) => {
    const stream = { recvWindow: 1, recvWindowCapacity: 1, state: 3, sendWindowUpdate: () => {}, ...less };
    expect(() => updateLazily(stream as never)).toThrow(
      'this version of yamux keeps its windows in another way',
    );
  });
});
