import { WebSocket } from 'ws';
import { FlvReader } from './flv-reader.js';
import type { Scope } from './scope.js';

/** One play over HTTP or WebSocket that goes on in the background. */
export interface FlvPlay {
  readonly reader: FlvReader;
  /** Set when it ended: why. */
  end: string | null;
}

/** Plays `ws://…/app/stream.flv`. `read` is called after each message. */
export function playWebSocket(scope: Scope, url: string, read: () => void = () => {}): FlvPlay {
  const played: FlvPlay = { reader: new FlvReader(), end: null };
  const socket = new WebSocket(url);
  scope.defer(() => socket.terminate());
  socket.on('message', (data: Buffer) => {
    try {
      played.reader.push(data);
      read();
    } catch (error) {
      played.end ??= String(error);
      socket.terminate();
    }
  });
  socket.on('unexpected-response', (_request, response) => {
    played.end ??= `HTTP ${response.statusCode}`;
    socket.terminate();
  });
  socket.on('error', (error) => {
    played.end ??= String(error);
  });
  socket.on('close', (code, reason) => {
    played.end ??= `closed ${code} ${reason}`;
  });
  return played;
}

/** Plays `http://…/app/stream.flv`, following redirects as browsers do. */
export function playHttp(
  scope: Scope,
  url: string,
): FlvPlay & { readonly status: Promise<number>; leave(): void } {
  const aborter = new AbortController();
  scope.defer(() => aborter.abort());
  const reader = new FlvReader();
  const response = fetch(url, { signal: aborter.signal });
  const played = {
    reader,
    end: null as string | null,
    status: response.then(({ status }) => status),
    leave: () => aborter.abort(),
  };
  played.status.catch(() => {});
  const read = async () => {
    const { body } = await response;
    if (body === null) throw new Error('no body');
    for await (const piece of body) reader.push(Buffer.from(piece as Uint8Array));
  };
  read().then(
    () => {
      played.end ??= 'ended';
    },
    (error: unknown) => {
      played.end ??= String(error);
    },
  );
  return played;
}
