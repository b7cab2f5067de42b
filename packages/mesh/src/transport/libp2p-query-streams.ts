import type { MemberId } from '@headwater/directory';
import type { Connection, Stream } from '@libp2p/interface';
import { QUERY_STREAM_MS, QUERY_STREAMS_MAX, QUESTION_BYTES_MAX } from '../query/query-limits.js';
import { QueryStreamError, type QueryStreams, type QuestionListener } from '../query/query-streams.js';
import { errorOf } from './error-of.js';
import type { Node } from './libp2p-node.js';
import { MessageReader, withLength } from './message-reader.js';
import { OwnTimeout } from './own-timeout.js';

/** Name and version of what members ask each other by (docs/wire.md, "Questions"). */
export const QUERY_PROTOCOL = '/headwater/query/1';

/** Questions on streams of the connections that members have anyway. */
export class Libp2pQueryStreams implements QueryStreams {
  readonly #node: Pick<Node, 'handle'>;
  readonly #connectionWith: (member: MemberId) => Connection | undefined;

  /** `connectionWith`: the one on which the member was heard last. */
  constructor(node: Pick<Node, 'handle'>, connectionWith: (member: MemberId) => Connection | undefined) {
    this.#node = node;
    this.#connectionWith = connectionWith;
  }

  async ask(
    member: MemberId,
    question: Uint8Array,
    replyBytesMax: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const connection = this.#connectionWith(member);
    if (connection === undefined) throw new QueryStreamError('not-connected');
    const stream = await openStream(connection, signal);
    try {
      const reply = readMessage(stream, replyBytesMax, signal);
      // A stream that has ended meanwhile rejects it, and throws below before anybody waits for it.
      reply.catch(ignore);
      stream.send(withLength(question));
      stream.close({ signal }).catch(ignore);
      return await reply;
    } catch (error) {
      stream.abort(errorOf(error));
      throw signal.aborted ? new QueryStreamError('deadline') : streamError(error);
    } finally {
      endSoon(stream);
    }
  }

  async serve(listener: QuestionListener, offence: (from: MemberId, reason: string) => void): Promise<void> {
    await this.#node.handle(
      QUERY_PROTOCOL,
      (stream, connection) => void answer(stream, connection.remotePeer.toString(), listener, offence),
      { maxInboundStreams: QUERY_STREAMS_MAX, maxOutboundStreams: QUERY_STREAMS_MAX },
    );
  }
}

async function openStream(connection: Connection, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream(QUERY_PROTOCOL, { signal });
  } catch (error) {
    if (signal.aborted) throw new QueryStreamError('deadline');
    const isUnknown = error instanceof Error && error.name === 'UnsupportedProtocolError';
    throw new QueryStreamError(isUnknown ? 'not-supported' : 'connection-lost');
  }
}

/** Must not reject: nobody waits for it. */
async function answer(
  stream: Stream,
  from: MemberId,
  listener: QuestionListener,
  offence: (from: MemberId, reason: string) => void,
): Promise<void> {
  const timeout = new OwnTimeout(QUERY_STREAM_MS, 'no question');
  let done: (() => void) | null = null;
  try {
    const question = await readMessage(stream, QUESTION_BYTES_MAX, timeout.signal);
    timeout.clear();
    const reply = await listener(from, question);
    done = reply.done;
    stream.send(withLength(reply.bytes));
    endSoon(stream);
    await closeWrite(stream);
  } catch (error) {
    if (error instanceof QueryStreamError && error.reason === 'too-large') offence(from, 'question too long');
    stream.abort(errorOf(error));
  } finally {
    timeout.clear();
    done?.();
  }
}

/** Until all is on its way, or the stream is gone: libp2p's `close` never ends where it is aborted while bytes wait. */
async function closeWrite(stream: Stream): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    stream.addEventListener('close', () => resolve());
  });
  await Promise.race([stream.close(), gone]);
}

/** The one message that the other side sends. Rejects with `QueryStreamError`, or with the signal's reason. */
function readMessage(stream: Stream, bytesMax: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const reader = new MessageReader(bytesMax);
    const onMessage = (event: { readonly data: { subarray(): Uint8Array } }): void => {
      const message = reader.push(event.data.subarray());
      if (message === null) return;
      if (message === 'too-large') reject(new QueryStreamError('too-large'));
      else resolve(message);
      leave();
    };
    const onEnd = (): void => {
      reject(new QueryStreamError('connection-lost'));
      leave();
    };
    const onAbort = (): void => {
      reject(errorOf(signal.reason));
      leave();
    };
    const leave = (): void => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('end', onEnd);
      stream.removeEventListener('close', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    stream.addEventListener('message', onMessage);
    stream.addEventListener('end', onEnd);
    stream.addEventListener('close', onEnd);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else if (stream.status !== 'open' || stream.readableEnded) onEnd();
  });
}

/** Both sides have said what they had to: a stream that stays is closed for good, so that it holds nothing. */
function endSoon(stream: Stream): void {
  if (stream.status !== 'open' && stream.status !== 'closing') return;
  const timeout = new OwnTimeout(QUERY_STREAM_MS, 'not closed');
  timeout.signal.addEventListener('abort', () => stream.abort(new Error('not closed')));
  stream.addEventListener('close', () => timeout.clear());
}

const streamError = (error: unknown): QueryStreamError =>
  error instanceof QueryStreamError ? error : new QueryStreamError('connection-lost');

function ignore(): void {}
