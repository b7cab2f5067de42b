import './promise-with-resolvers.js';
import { until } from '@headwater/testing/until';
import type { Connection, Stream } from '@libp2p/interface';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ANSWER_BYTES_MAX,
  QUERY_STREAM_MS,
  QUERY_STREAMS_MAX,
  QUESTION_BYTES_MAX,
} from '../query/query-limits.js';
import type { QuestionListener } from '../query/query-streams.js';
import { muxedPair } from '../testing/muxed-pair.js';
import type { Node } from './libp2p-node.js';
import { Libp2pQueryStreams } from './libp2p-query-streams.js';
import { withLength } from './message-reader.js';

/** How exactly the times are kept, ms. */
const STEP_MS = 200;
const bytesOf = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const isOver = ({ readableEnded, status }: Stream): boolean => readableEnded || status !== 'open';

interface Reply {
  readonly bytes?: Uint8Array;
  readonly thinks?: Promise<void>;
  readonly fails?: unknown;
  /** The stream is handed over only when the test says so. */
  readonly isLate?: boolean;
}

/** Who answers, and who asks by hand. The clock is the test's from now on, and the network's is not. */
async function answering({ bytes = bytesOf(5), thinks, fails, isLate = false }: Reply = {}) {
  const at = await muxedPair();
  onTestFinished(at.close);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let handOver = (): void => {};
  const [heard, told]: [string[], string[]] = [[], []];
  const listener: QuestionListener = async (from, question) => {
    heard.push(`${from}: ${question.length}`);
    await thinks;
    if (fails !== undefined) throw fails;
    return { bytes, done: () => void told.push('done') };
  };
  const handled: unknown[] = [];
  const node: Pick<Node, 'handle'> = {
    handle: async (protocol, handler, options) => {
      handled.push([protocol, options]);
      const remotePeer = { toString: () => 'a' };
      at.onStream((stream) => {
        handOver = () => void handler(stream, { remotePeer } as unknown as Connection);
        if (!isLate) handOver();
      });
    },
  };
  const member = new Libp2pQueryStreams(node, () => undefined);
  await member.serve(listener, (from, reason) => told.push(`offence of ${from}: ${reason}`));
  const stream = await at.asking.createStream();
  let got = Buffer.alloc(0);
  stream.addEventListener('message', ({ data }) => {
    got = Buffer.concat([got, data.subarray()]);
  });
  await until(() => at.streams().length === 2, 'the stream is there');
  return { ...at, heard, told, handled, stream, got: () => got, handOver: () => handOver() };
}

describe('Libp2pQueryStreams, of who answers', () => {
  it('takes questions by their protocol, so many at once of one connection', async () => {
    const { handled } = await answering();
    const limits = { maxInboundStreams: QUERY_STREAMS_MAX, maxOutboundStreams: QUERY_STREAMS_MAX };
    expect(handled).toEqual([['/headwater/query/1', limits]]);
  });

  it.each([0, 3, QUESTION_BYTES_MAX])(
    'answers a question of %i bytes, and ends the stream',
    async (length) => {
      const { stream, heard, told, got, streams } = await answering();
      stream.send(withLength(bytesOf(length)));
      await until(() => stream.readableEnded, 'it ends');
      expect([heard, told]).toEqual([[`a: ${length}`], ['done']]);
      expect(got()).toEqual(withLength(bytesOf(5)));
      await stream.close();
      await until(() => streams().length === 0, 'the stream is gone on both sides');
      await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    },
  );

  it('takes a question that is too long for an offence, as soon as its length is told', async () => {
    const { stream, heard, told } = await answering();
    stream.send(withLength(bytesOf(QUESTION_BYTES_MAX + 1)).subarray(0, 4));
    await until(() => stream.status === 'reset', 'it is reset');
    expect([heard, told]).toEqual([[], ['offence of a: question too long']]);
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
  });

  it('waits for a question for some time, and blames nobody where none comes', async () => {
    const { stream, heard, told, errors } = await answering();
    stream.send(Buffer.of(0, 0));
    vi.advanceTimersByTime(QUERY_STREAM_MS - STEP_MS);
    expect(stream.status).toBe('open');
    vi.advanceTimersByTime(STEP_MS);
    await until(() => stream.status === 'reset', 'it is reset');
    expect([heard, told]).toEqual([[], []]);
    expect(errors).toContain('TimeoutError: no question');
  });

  it('sets the time for the question alone, not for who thinks about it', async () => {
    let answer = (): void => {};
    const thinks = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { stream, heard, got } = await answering({ thinks });
    stream.send(withLength(bytesOf(3)));
    await until(() => heard.length === 1, 'it is asked');
    vi.advanceTimersByTime(2 * QUERY_STREAM_MS);
    expect(stream.status).toBe('open');
    answer();
    await until(() => got().length === 9, 'it answers');
  });

  it.each<[string, (stream: Stream) => unknown]>([
    ['ended', (stream) => stream.close()],
    ['was reset', (stream) => stream.abort(new Error('no'))],
  ])('does not wait for a question on a stream that %s before it was handed over', async (_, leave) => {
    const { stream, heard, told, streams, handOver } = await answering({ isLate: true });
    await leave(stream);
    await until(() => streams().every((one) => one === stream || isOver(one)), 'the other side knows');
    handOver();
    await until(() => streams().length === 0, 'the stream is gone on both sides');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect([heard, told]).toEqual([[], []]);
  });

  it.each<[string, (stream: Stream) => unknown]>([
    ['ends the stream', (stream) => stream.close()],
    ['resets it', (stream) => stream.abort(new Error('no'))],
  ])('blames nobody who %s before the question is whole', async (_, leave) => {
    const { stream, heard, told, streams } = await answering();
    stream.send(Buffer.of(0, 0));
    await leave(stream);
    await until(() => streams().length === 0, 'the stream is gone on both sides');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect([heard, told]).toEqual([[], []]);
  });

  it('is done with a reply also where the asker went away meanwhile', async () => {
    let answer = (): void => {};
    const thinks = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { stream, heard, told, streams } = await answering({ thinks });
    stream.send(withLength(bytesOf(3)));
    await until(() => heard.length === 1, 'it is asked');
    stream.abort(new Error('no'));
    await until(() => streams().length === 0, 'the stream is gone on both sides');
    answer();
    await until(() => told.length > 0, 'it is done');
    expect(told).toEqual(['done']);
  });

  it.each([
    ['an error', new Error('no')],
    ['something else', 'no'],
  ])('resets the stream where no reply can be made: %s', async (_, fails) => {
    const { stream, told } = await answering({ fails });
    stream.send(withLength(bytesOf(3)));
    await until(() => stream.status === 'reset', 'it is reset');
    await until(() => vi.getTimerCount() === 0, 'no timer is left over');
    expect(told).toEqual([]);
  });

  it('is done with a reply that the asker does not take, once its time is over', async () => {
    // More than a stream lets through to who reads nothing.
    const { stream, heard, told } = await answering({ bytes: bytesOf(ANSWER_BYTES_MAX) });
    stream.pause();
    stream.send(withLength(bytesOf(3)));
    await until(() => heard.length === 1, 'it is asked');
    await until(() => vi.getTimerCount() === 1, 'it has answered');
    vi.advanceTimersByTime(QUERY_STREAM_MS - STEP_MS);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(STEP_MS);
    await until(() => told.length > 0, 'it is done');
    await until(() => stream.status === 'reset', 'it is reset');
    expect(told).toEqual(['done']);
  });

  it('is done with a reply that the asker does not take, as soon as the connection is cut', async () => {
    const { stream, heard, told, streams } = await answering({ bytes: bytesOf(ANSWER_BYTES_MAX) });
    stream.pause();
    stream.send(withLength(bytesOf(3)));
    await until(() => heard.length === 1, 'it is asked');
    await until(() => vi.getTimerCount() === 1, 'it has answered');
    for (const one of streams()) one.abort(new Error('cut'));
    await until(() => told.length > 0, 'it is done');
    expect(told).toEqual(['done']);
  });

  it('closes a stream for good that the asker leaves open after the reply', async () => {
    const { stream, streams } = await answering();
    stream.send(withLength(bytesOf(3)));
    await until(() => stream.readableEnded, 'it answers');
    vi.advanceTimersByTime(QUERY_STREAM_MS - STEP_MS);
    expect(streams().map(({ status }) => status)).toEqual(['open', 'open']);
    vi.advanceTimersByTime(STEP_MS);
    await until(() => streams().length === 0, 'the stream is gone on both sides');
  });
});
