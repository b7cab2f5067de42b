import './promise-with-resolvers.js';
import { getEventListeners } from 'node:events';
import { until } from '@headwater/testing/until';
import type { AbortOptions, Connection, Stream } from '@libp2p/interface';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { QUERY_STREAM_MS } from '../query/query-limits.js';
import { muxedPair } from '../testing/muxed-pair.js';
import { Libp2pQueryStreams, QUERY_PROTOCOL } from './libp2p-query-streams.js';
import { withLength } from './message-reader.js';

const REPLY_BYTES_MAX = 1_000;
/** How exactly the times are kept, ms. */
const STEP_MS = 200;
const never = (): AbortSignal => new AbortController().signal;
const bytesOf = (length: number): Uint8Array => new Uint8Array(length).fill(7);

const noNode = { handle: () => Promise.resolve() };

/**
 * Who asks, and a peer that does with each stream what the test says. The clock is the test's from now on, and the network's
 * is not.
 */
async function asking(answer: (stream: Stream) => void = () => {}) {
  const at = await muxedPair();
  onTestFinished(at.close);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  at.onStream(answer);
  const member = new Libp2pQueryStreams(noNode, (id) => (id === 'b' ? at.connection : undefined));
  const ask = (signal = never(), question = bytesOf(3)): Promise<unknown> =>
    member.ask('b', question, REPLY_BYTES_MAX, signal).catch((error) => error.reason ?? error);
  return { ...at, member, ask };
}

/** The whole question, once it came. */
function read(stream: Stream, then: (bytes: Uint8Array) => void): void {
  let got = Buffer.alloc(0);
  stream.addEventListener('message', ({ data }) => {
    got = Buffer.concat([got, data.subarray()]);
    if (got.length >= 4 && got.length === 4 + got.readUInt32BE(0)) then(got.subarray(4));
  });
}

/** Replies and closes, as a member does. */
const replying =
  (reply: Uint8Array) =>
  (stream: Stream): void =>
    read(stream, () => {
      stream.send(reply);
      void stream.close();
    });

describe('Libp2pQueryStreams, of who asks', () => {
  it('opens a stream for the question, gives the reply, and leaves nothing behind', async () => {
    const got: Uint8Array[] = [];
    const { ask, streams, opened } = await asking((stream) =>
      read(stream, (question) => {
        got.push(question);
        stream.send(withLength(bytesOf(5)));
        void stream.close();
      }),
    );
    const signal = never();
    const reply = (await ask(signal)) as Uint8Array;
    expect([got, [...reply]]).toEqual([[Buffer.from(bytesOf(3))], [...bytesOf(5)]]);
    expect(opened).toEqual([[QUERY_PROTOCOL, { signal }]]);
    await until(() => streams().length === 0, 'the stream is gone on both sides');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each([0, 1, REPLY_BYTES_MAX])('takes a reply of %i bytes', async (length) => {
    const { ask } = await asking(replying(withLength(bytesOf(length))));
    expect(await ask()).toHaveLength(length);
  });

  it('takes a reply that comes in pieces, and nothing that comes after it', async () => {
    const { ask, asking: muxer } = await asking((stream) =>
      read(stream, () => {
        const reply = Buffer.concat([withLength(bytesOf(100)), bytesOf(50)]);
        for (const byte of reply) stream.send(Buffer.of(byte));
      }),
    );
    expect(await ask()).toHaveLength(100);
    const [stream] = muxer.streams as unknown as { listenerCount(type: string): number }[];
    expect(['message', 'end'].map((type) => stream?.listenerCount(type))).toEqual([0, 0]);
  });

  it('refuses a reply that is longer than it wants, as soon as its length is told', async () => {
    const { ask, streams } = await asking((stream) =>
      read(stream, () => void stream.send(withLength(bytesOf(REPLY_BYTES_MAX + 1)).subarray(0, 4))),
    );
    expect(await ask()).toBe('too-large');
    await until(() => streams().length === 0, 'the stream is gone on both sides');
  });

  it('knows nobody but whom it is connected with', async () => {
    const { member, opened } = await asking();
    await expect(member.ask('c', bytesOf(3), 9, never())).rejects.toMatchObject({
      name: 'QueryStreamError',
      reason: 'not-connected',
    });
    expect(opened).toEqual([]);
  });

  it.each([
    [
      'a release that knows no questions',
      Object.assign(new Error('no'), { name: 'UnsupportedProtocolError' }),
      'not-supported',
    ],
    ['a connection that is lost', new Error('closed'), 'connection-lost'],
    ['whatever is no error', { name: 'UnsupportedProtocolError' }, 'connection-lost'],
  ])('says why it cannot ask: %s', async (_, failure, reason) => {
    const connection = { newStream: () => Promise.reject(failure) } as unknown as Connection;
    const member = new Libp2pQueryStreams(noNode, () => connection);
    await expect(member.ask('b', bytesOf(3), 9, never())).rejects.toMatchObject({ reason });
  });

  it('calls it the deadline where that passed while it could not open a stream', async () => {
    const controller = new AbortController();
    const newStream = (): Promise<Stream> => {
      controller.abort();
      return Promise.reject(new Error('aborted'));
    };
    const member = new Libp2pQueryStreams(noNode, () => ({ newStream }) as unknown as Connection);
    await expect(member.ask('b', bytesOf(3), 9, controller.signal)).rejects.toMatchObject({
      reason: 'deadline',
    });
  });

  it.each([
    ['while the other side thinks', true],
    ['before the stream is there', false],
  ])('waits until the deadline, and then lets the other side know: %s', async (_, isLater) => {
    const controller = new AbortController();
    const { ask, streams } = await asking((stream) => read(stream, () => controller.abort()));
    if (!isLater) controller.abort();
    expect(await ask(controller.signal)).toBe('deadline');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await until(() => streams().length === 0, 'the stream is gone on both sides');
  });

  it.each<[string, (stream: Stream) => void]>([
    ['ends the stream', (stream) => void stream.close()],
    ['resets it', (stream) => stream.abort(new Error('no'))],
    [
      'ends it amid the reply',
      (stream) => {
        stream.send(withLength(bytesOf(9)).subarray(0, 8));
        void stream.close();
      },
    ],
  ])('does not wait any longer where the other side %s without a reply', async (_, answer) => {
    const { ask, streams } = await asking((stream) => read(stream, () => answer(stream)));
    expect(await ask()).toBe('connection-lost');
    await until(() => streams().length === 0, 'the stream is gone on both sides');
  });

  it('loses that question alone where a connection is lost as the stream is opened', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    // The stream is there, and takes nothing any more.
    const stream = Object.assign(new EventTarget(), {
      status: 'aborted',
      readableEnded: true,
      send() {
        throw new Error('cannot write to a stream that is aborted');
      },
      abort() {},
      close: () => Promise.reject(new Error('it is aborted')),
    });
    const newStream = (): Promise<unknown> => Promise.resolve(stream);
    const member = new Libp2pQueryStreams(noNode, () => ({ newStream }) as unknown as Connection);
    await expect(member.ask('b', bytesOf(3), 9, never())).rejects.toMatchObject({
      reason: 'connection-lost',
    });
    // Rejections are told after the microtasks of the turn in which they happen.
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('does not wait any longer where the connection closes', async () => {
    const at = await asking((stream) => read(stream, () => at.reset()));
    expect(await at.ask()).toBe('connection-lost');
  });

  it.each<[string, (stream: Stream) => void, (stream: Stream) => boolean]>([
    ['ended', (stream) => void stream.close(), (stream) => stream.readableEnded],
    ['reset', (stream) => stream.abort(new Error('no')), (stream) => stream.status === 'reset'],
  ])('does not wait for a stream that was %s before it knew', async (_, answer, isOver) => {
    const at = await asking(answer);
    const newStream = async (_protocol: string, options: AbortOptions): Promise<Stream> => {
      const stream = await at.asking.createStream(options);
      await until(() => isOver(stream), 'the other side was first');
      return stream;
    };
    const member = new Libp2pQueryStreams(noNode, () => ({ newStream }) as unknown as Connection);
    await expect(member.ask('b', bytesOf(3), 9, never())).rejects.toMatchObject({
      reason: 'connection-lost',
    });
  });

  it('closes a stream for good that the other side leaves open after its reply', async () => {
    const { ask, streams, errors } = await asking((stream) =>
      read(stream, () => void stream.send(withLength(bytesOf(5)))),
    );
    expect(await ask()).toHaveLength(5);
    vi.advanceTimersByTime(QUERY_STREAM_MS - STEP_MS);
    expect(streams().map(({ status }) => status)).toEqual(['open', 'open']);
    vi.advanceTimersByTime(STEP_MS);
    await until(() => streams().length === 0, 'the stream is gone on both sides');
    expect(errors).toContain('Error: not closed');
  });
});
