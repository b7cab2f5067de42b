import type { Connection } from '@libp2p/interface';
import { afterEach, expect, it } from 'vitest';
import { Libp2pQueryStreams } from './libp2p-query-streams.js';

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => {
  unhandled.push(error);
};

afterEach(() => {
  process.off('unhandledRejection', onUnhandled);
  unhandled.length = 0;
});

/** A connection that is lost while a stream is opened on it: the stream is there, and takes nothing any more. */
function lostConnection(): Connection {
  const stream = Object.assign(new EventTarget(), {
    status: 'aborted',
    readableEnded: true,
    send() {
      throw new Error('cannot write to a stream that is aborted');
    },
    abort() {},
    close: () => Promise.reject(new Error('it is aborted')),
  });
  return { newStream: () => Promise.resolve(stream) } as unknown as Connection;
}

it('a connection that is lost as a question begins costs that question alone', async () => {
  process.on('unhandledRejection', onUnhandled);
  const streams = new Libp2pQueryStreams({ handle: () => Promise.resolve() }, lostConnection);
  await expect(
    streams.ask('member', new Uint8Array(1), 10, new AbortController().signal),
  ).rejects.toMatchObject({
    reason: 'connection-lost',
  });
  // Rejections are told after the microtasks of the turn in which they happen.
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
