import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { encodeAmf } from '@headwater/testing/amf0';
import { chunksOf } from '@headwater/testing/rtmp-chunks';
import { monotonicMs } from '../support/monotonic.js';
import type { LoadOrder, LoadReport } from './load-order.js';

/**
 * Many players in a process of their own, so that what they cost is not the server's. They count bytes and silence and
 * look into nothing. The order is JSON in the first argument; `playing` is printed once media has come to all, then
 * `reset` on standard input starts an interval and `report` prints what was seen in it.
 */
const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;

const HANDSHAKE_BYTES = 1536;
/** More than all answers of a server before its media. */
const ANSWER_BYTES_MAX = { rtmp: 8192, 'http-flv': 2048, 'ws-flv': 2048, raw: 0 } as const;
const OPENING_AT_ONCE = 50;
const OPENING_PAUSE_MS = 20;
/** What came is thrown away, so all players read into one buffer. */
const SINK = Buffer.allocUnsafe(65_536);

let readsMs: number[] = [];

class LoadPlayer {
  readonly #socket: Socket;
  #bytes = 0;
  #intervalBytes = 0;
  #lastAtMs = performance.now();
  #longestSilenceMs = 0;
  #isShaken = false;
  isClosed = false;

  readonly #stream: string;

  constructor(number: number) {
    this.#stream = order.stream.replace('*', String(number));
    this.#socket = order.tls === true ? this.#connectTls() : this.#connect();
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
    this.#socket.on(order.tls === true ? 'secureConnect' : 'connect', () => this.#greet());
  }

  #connect(): Socket {
    return connect({
      host: '127.0.0.1',
      port: order.port,
      onread: {
        buffer: SINK,
        callback: (bytes: number) => {
          this.#onBytes(bytes);
          return true;
        },
      },
    });
  }

  #connectTls(): Socket {
    const socket = connectTls({ host: '127.0.0.1', port: order.port, rejectUnauthorized: false });
    socket.on('data', (bytes) => this.#onBytes(bytes.length));
    return socket;
  }

  get hasMedia(): boolean {
    return this.#bytes > ANSWER_BYTES_MAX[order.protocol];
  }

  reset(): void {
    this.#lastAtMs = performance.now();
    this.#longestSilenceMs = 0;
    this.#intervalBytes = 0;
  }

  get intervalBytes(): number {
    return this.#intervalBytes;
  }

  get longestSilenceMs(): number {
    return Math.max(this.#longestSilenceMs, performance.now() - this.#lastAtMs);
  }

  #onBytes(bytes: number): void {
    if (order.tellsReads) readsMs.push(monotonicMs());
    const nowMs = performance.now();
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastAtMs);
    this.#lastAtMs = nowMs;
    this.#bytes += bytes;
    this.#intervalBytes += bytes;
    if (order.protocol === 'rtmp' && !this.#isShaken && this.#bytes >= 1 + 2 * HANDSHAKE_BYTES) {
      this.#isShaken = true;
      this.#bytes = 0;
      this.#socket.write(rtmpPlay(this.#stream));
    }
  }

  #greet(): void {
    if (order.protocol === 'rtmp') {
      const c1 = Buffer.alloc(HANDSHAKE_BYTES, 0x55).fill(0, 0, 8);
      this.#socket.write(Buffer.concat([Buffer.of(3), c1]));
    } else if (order.protocol !== 'raw') {
      this.#socket.write(httpGet(this.#stream));
    }
  }
}

/** The end of the handshake and all commands at once: each server gives the message stream 1. */
function rtmpPlay(stream: string): Buffer {
  const tcUrl = `rtmp://127.0.0.1:${order.port}/${order.app}`;
  const say = (
    messageStream: number,
    name: string,
    transaction: number,
    ...values: Parameters<typeof encodeAmf>
  ) => chunksOf(3, 20, messageStream, encodeAmf(name, transaction, ...values));
  return Buffer.concat([
    Buffer.alloc(HANDSHAKE_BYTES),
    say(0, 'connect', 1, { app: order.app, type: 'nonprivate', flashVer: 'LNX 9,0,124,2', tcUrl }),
    say(0, 'createStream', 2, null),
    say(1, 'play', 0, null, stream),
  ]);
}

function httpGet(stream: string): string {
  const upgrade =
    order.protocol === 'ws-flv'
      ? [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          `Sec-WebSocket-Key: ${KEY}`,
        ]
      : [];
  return [
    `GET /${order.app}/${stream}.flv HTTP/1.1`,
    `Host: 127.0.0.1:${order.port}`,
    ...upgrade,
    '',
    '',
  ].join('\r\n');
}

/** Any 16 bytes (RFC 6455, 4.1); nobody checks the answer here. */
const KEY = Buffer.alloc(16, 7).toString('base64');

const players: LoadPlayer[] = [];

function open(): void {
  for (let count = 0; count < OPENING_AT_ONCE && players.length < order.players; count += 1) {
    players.push(new LoadPlayer((order.from ?? 0) + players.length));
  }
  if (players.length < order.players) setTimeout(open, OPENING_PAUSE_MS);
}

function report(): LoadReport {
  return {
    closed: players.filter((player) => player.isClosed).length,
    longestSilenceMs: players.reduce((longest, player) => Math.max(longest, player.longestSilenceMs), 0),
    bytes: players.reduce((sum, player) => sum + player.intervalBytes, 0),
    readsMs,
  };
}

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'reset') {
    readsMs = [];
    for (const player of players) player.reset();
  } else console.log(JSON.stringify(report()));
});
// Who started us is gone.
process.stdin.on('end', () => process.exit(0));

open();
const waiting = setInterval(() => {
  if (players.length < order.players || !players.every((player) => player.hasMedia || player.isClosed))
    return;
  clearInterval(waiting);
  console.log('playing');
}, 50);
