import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { encodeAmf } from '@headwater/testing/amf0';
import { chunksOf } from '@headwater/testing/rtmp-chunks';
import { FlvReader } from '../support/flv-reader.js';
import type { LoadOrder, LoadReport } from './load-order.js';
import { SAMPLE } from './sample-publisher.js';

/**
 * Many publishers in a process of their own. All send the same frames at the same time, so each frame is put into chunks
 * once and what is left is the cost of writing. Orders and answers are those of `load-players`.
 */
const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;

const HANDSHAKE_BYTES = 1536;
/** As OBS does. */
const CHUNK_BYTES = 4096;
const TICK_MS = 10;
/** Frames that are counted by age: a minute of them. */
const SENT_LATELY_MAX = 5_000;
/** For how many of the last seconds that is told. */
const LAST_SECONDS = [1, 5, 10, 30] as const;
const OPENING_AT_ONCE = 10;
const OPENING_PAUSE_MS = 50;

const reader = new FlvReader();
reader.push(readFileSync(SAMPLE));
const isHeader = ({ type, body }: { type: number; body: Buffer }) => type === 18 || body[1] === 0;
const isKeyframe = ({ type, body }: { type: number; body: Buffer }) =>
  type === 9 && (body[0] ?? 0) >> 4 === 1;
const headers = reader.tags.filter(isHeader);
const asRecorded = reader.tags.filter((tag) => !isHeader(tag) && !(tag.type === 9 && tag.body[1] === 2));
const loopMs = (asRecorded.at(-1)?.timestampMs ?? 0) + 40;
const frames = order.kbps === undefined ? asRecorded : filledUp(order.kbps);

/** Pictures with a NAL unit of filler data (H.264, 7.3.2.7), all of the same size, so that the whole has this bit rate. */
function filledUp(kbps: number): typeof asRecorded {
  const wanted = (kbps * loopMs) / 8;
  const present = asRecorded.reduce((sum, { body }) => sum + body.length, 0);
  const pictures = asRecorded.filter(({ type }) => type === 9).length;
  const more = Math.round((wanted - present) / pictures);
  if (more < 6) return asRecorded;
  const filler = Buffer.alloc(more, 0xff);
  filler.writeUInt32BE(more - 4);
  filler[4] = 12;
  return asRecorded.map((tag) =>
    tag.type === 9 ? { ...tag, body: Buffer.concat([tag.body, filler]) } : tag,
  );
}

class LoadPublisher {
  readonly #socket: Socket;
  readonly #stream: string;
  #read = 0;
  #bytes = 0;
  isPublishing = false;
  hasStarted = false;
  isClosed = false;

  constructor(number: number) {
    this.#stream = order.stream.replace('*', String(number));
    this.#socket = connect({ host: '127.0.0.1', port: order.port, noDelay: true });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
    this.#socket.on('connect', () => {
      const c1 = Buffer.alloc(HANDSHAKE_BYTES, 0x55).fill(0, 0, 8);
      this.#socket.write(Buffer.concat([Buffer.of(3), c1]));
    });
    this.#socket.on('data', ({ length }) => {
      this.#read += length;
      if (this.isPublishing || this.#read < 1 + 2 * HANDSHAKE_BYTES) return;
      this.isPublishing = true;
      this.#socket.write(rtmpPublish(this.#stream));
    });
  }

  send(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#socket.write(bytes);
  }

  /** What was sent since it was asked last. */
  takeBytes(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }
}

/** The end of the handshake and all commands at once: the server gives the message stream 1. */
function rtmpPublish(stream: string): Buffer {
  const tcUrl = `rtmp://127.0.0.1:${order.port}/${order.app}`;
  const say = (
    messageStream: number,
    name: string,
    transaction: number,
    ...values: Parameters<typeof encodeAmf>
  ) => chunksOf(3, 20, messageStream, encodeAmf(name, transaction, ...values));
  const chunkSize = Buffer.alloc(4);
  chunkSize.writeUInt32BE(CHUNK_BYTES);
  return Buffer.concat([
    Buffer.alloc(HANDSHAKE_BYTES),
    say(0, 'connect', 1, { app: order.app, type: 'nonprivate', flashVer: 'LNX 9,0,124,2', tcUrl }),
    say(0, 'createStream', 2, null),
    say(1, 'publish', 0, null, stream, 'live'),
    chunksOf(2, 1, 0, chunkSize),
  ]);
}

const publishers: LoadPublisher[] = [];
const startMs = performance.now();
let sent = 0;
/** What each publisher sent lately, the newest last. */
const sentLately: { readonly atMs: number; readonly bytes: number }[] = [];
let longestLateMs = 0;

function chunked({ type, body }: { type: number; body: Buffer }, atMs: number): Buffer {
  return chunksOf(type === 9 ? 6 : 4, type, 1, body, atMs, CHUNK_BYTES);
}

/** Everything due at once: a publisher begins with a keyframe. */
function sendDue(): void {
  const elapsedMs = performance.now() - startMs;
  for (;;) {
    const frame = frames[sent % frames.length];
    const atMs = Math.floor(sent / frames.length) * loopMs + (frame?.timestampMs ?? 0);
    if (frame === undefined || atMs > elapsedMs) return;
    sent += 1;
    sentLately.push({ atMs: elapsedMs, bytes: frame.body.length });
    if (sentLately.length > SENT_LATELY_MAX) sentLately.shift();
    longestLateMs = Math.max(longestLateMs, elapsedMs - atMs);
    const bytes = chunked(frame, atMs);
    const start = isKeyframe(frame)
      ? Buffer.concat([...headers.map((tag) => chunked(tag, atMs)), bytes])
      : null;
    for (const publisher of publishers) {
      if (publisher.hasStarted) publisher.send(bytes);
      else if (start !== null && publisher.isPublishing) {
        publisher.hasStarted = true;
        publisher.send(start);
      }
    }
  }
}

function open(): void {
  for (let count = 0; count < OPENING_AT_ONCE && publishers.length < order.players; count += 1)
    publishers.push(new LoadPublisher((order.from ?? 0) + publishers.length));
  if (publishers.length < order.players) setTimeout(open, OPENING_PAUSE_MS);
}

function bytesOfLast(seconds: number): number {
  const sinceMs = performance.now() - startMs - seconds * 1_000;
  return sentLately.reduce((sum, { atMs, bytes }) => sum + (atMs >= sinceMs ? bytes : 0), 0);
}

function report(): LoadReport {
  return {
    closed: publishers.filter((publisher) => publisher.isClosed).length,
    longestSilenceMs: longestLateMs,
    bytes: publishers.reduce((sum, publisher) => sum + publisher.takeBytes(), 0),
    readsMs: [],
    bytesOfLast: Object.fromEntries(LAST_SECONDS.map((seconds) => [seconds, bytesOfLast(seconds)])),
  };
}

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'reset') {
    longestLateMs = 0;
    for (const publisher of publishers) publisher.takeBytes();
  } else console.log(JSON.stringify(report()));
});
// Who started us is gone.
process.stdin.on('end', () => process.exit(0));

open();
setInterval(sendDue, TICK_MS);
const waiting = setInterval(() => {
  if (
    publishers.length < order.players ||
    !publishers.every(({ hasStarted, isClosed }) => hasStarted || isClosed)
  )
    return;
  clearInterval(waiting);
  console.log('playing');
}, 50);
