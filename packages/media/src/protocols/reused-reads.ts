import { type OnReadOpts, Socket } from 'node:net';

/** What libuv reads at most at once. */
const READ_BYTES = 65_536;
/** All sockets read into this: a thread does one read at a time, and what it brought is used up before the next. */
const BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);

/** What Node's `Socket` is made of, as far as it is relied on here; `reused-reads.test.ts` tells what moved. */
interface SocketParts {
  readonly _handle: { useUserBuffer?(buffer: Buffer): void } | null;
  [part: symbol]: unknown;
}

/** Where a socket keeps its `onread`, by the names that Node gives the symbols. */
const PARTS = new Map(
  Object.getOwnPropertySymbols(new Socket()).map((symbol) => [symbol.description, symbol] as const),
);

/** For a socket that is yet to connect: the `onread` by which each read's bytes go to `onBytes`, as in `reuseReads`. */
export function reusedReads(onBytes: (bytes: Buffer) => void): OnReadOpts {
  return {
    buffer: BUFFER,
    callback: (count) => {
      onBytes(BUFFER.subarray(0, count));
      return true;
    },
  };
}

/**
 * Gives all that comes in by an accepted socket to `onBytes`, which must not throw. The bytes are written over by the next
 * read of any socket, so what is to stay is copied.
 *
 * By default Node makes a buffer of 64 KiB for each read and cuts it down to what came: as much again as the media, thrown
 * away at once. It offers better (`onread`) to sockets that connect only, so this does to an accepted one what the
 * constructor does. A Node that has none of it gives buffers of its own, and all works as before.
 */
export function reuseReads(socket: Socket, onBytes: (bytes: Buffer) => void): void {
  const parts = socket as unknown as SocketParts;
  const buffer = PARTS.get('kBuffer');
  const callback = PARTS.get('kBufferCb');
  if (buffer !== undefined && callback !== undefined && parts._handle?.useUserBuffer !== undefined) {
    const reads = reusedReads(onBytes);
    parts[buffer] = reads.buffer;
    parts[callback] = reads.callback;
    parts._handle.useUserBuffer(BUFFER);
  }
  // What was read before, if any, and all of it where nothing is reused. It also starts the reading.
  socket.on('data', onBytes);
}
