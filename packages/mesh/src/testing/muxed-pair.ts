import type { AbortOptions, Connection, Stream, StreamMuxer } from '@libp2p/interface';
import { lazyYamux } from '../transport/lazy-window.js';
import { connectionPair } from './connection-pair.js';
import { errorsIn } from './taking-upgrader.js';

/** Real streams of one connection on loopback, without what libp2p secures it with. */
export interface MuxedPair {
  /** Whoever opens streams. */
  readonly asking: StreamMuxer;
  readonly connection: Connection;
  /** Those that `connection` was asked for, with protocol and options. */
  readonly opened: readonly (readonly [string, AbortOptions])[];
  /** Those that are there, on either side. */
  readonly streams: () => readonly Stream[];
  /** Told of each stream on the side that did not open it. */
  readonly onStream: (listen: (stream: Stream) => void) => void;
  /** What libp2p noted, such as why a stream was reset. */
  readonly errors: readonly string[];
  /** Resets the connection. */
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

export async function muxedPair(): Promise<MuxedPair> {
  const errors: string[] = [];
  const { dialler, listener, close } = await connectionPair(errorsIn(errors));
  const muxer = lazyYamux({ enableKeepAlive: false });
  const asking = muxer().createStreamMuxer(dialler);
  const answering = muxer().createStreamMuxer(listener);
  const opened: [string, AbortOptions][] = [];
  const newStream = async (protocol: string, options: AbortOptions): Promise<Stream> => {
    opened.push([protocol, options]);
    return asking.createStream(options);
  };
  return {
    asking,
    connection: { newStream } as unknown as Connection,
    opened,
    streams: () => [...asking.streams, ...answering.streams],
    onStream: (listen) => answering.addEventListener('stream', ({ detail }) => listen(detail)),
    errors,
    reset: () => dialler.abort(new Error('reset')),
    close,
  };
}
