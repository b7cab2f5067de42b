import type { Random } from '@headwater/testing/random';
import { awkwardQuery } from './auth-grammar.js';
import { awkward32 } from './awkward.js';
import { flvFromGrammar } from './media-grammar.js';
import type { Session } from './session.js';

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'CONNECT',
  'get',
  'BREW',
  '',
];
const PATHS = [
  '/live/NAME.flv', '/live/NAME.flv', '/live/NAME.flv', '/live/a/b/NAME.flv', '/', '/live/.flv', '/live/%2e%2e.flv', '/live/%.flv',
  '/live/%00.flv', '//NAME.flv', '/live/NAME', '*', 'http://h/live/NAME.flv', '/live/NAME.flv?headwater=relay',
  '/live/NAME.flv?headwater=redirected&vhost=x', '/guarded/NAME.flv?QUERY', '/guarded/NAME.flv?QUERY', '/hooked/NAME.flv?QUERY', '/renamed/NAME.flv?QUERY', '/live/NAME.flv?vhost[]=1', `/live/${'n'.repeat(5000)}.flv`,
]; // biome-ignore format: one paragraph of words
const HEADERS = [
  'Content-Length: 10', 'Content-Length: -1', 'Content-Length: 99999999999999999999', 'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, gzip', 'Expect: 100-continue', 'Expect: x', 'Connection: upgrade', 'Upgrade: h2c', 'Upgrade: websocket',
  'Connection: close', 'Range: bytes=5-', 'Host: [::1', 'Host: ', 'Cookie: \u0001', 'X: \r\n y', 'X', ': x',
  'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-For: , ,\u0001,[::', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: a\u0000b',
  `X-Forwarded-For: ${'1.2.3.4,'.repeat(1500)}`,
  `X: ${'y'.repeat(20_000)}`, 'User-Agent: \u001b[31m', 'Authorization: Bearer a.b.c', 'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.AA',
  'Authorization: Basic OjpiLmMuZA==', 'Authorization: Basic \u0000', 'Origin: null', 'Sec-WebSocket-Protocol: publisher',
]; // biome-ignore format: one paragraph of words
const WS_FRAMES_MAX = 20;

/** A session made of HTTP's grammar, WebSocket's among it. */
export function httpFromGrammar(random: Random, index: number): Session {
  const name = `h${index % 1000}`;
  const isWebSocket = random.chance(0.45);
  const writes = isWebSocket ? webSocket(random, name) : requests(random, name);
  return {
    port: 'http',
    made: isWebSocket ? 'websocket grammar' : 'http grammar',
    writes: random.chance(0.3) ? [Buffer.concat(writes)] : writes,
    end: random.oneOf(['finish', 'reset', 'reset', 'stay', 'deaf']),
  };
}

function requests(random: Random, name: string): Buffer[] {
  const writes: Buffer[] = [];
  for (let i = random.below(3); i >= 0; i -= 1) {
    const method = random.oneOf(METHODS);
    const path = random
      .oneOf(PATHS)
      .replace('NAME', name)
      .replace('QUERY', () => awkwardQuery(random));
    const lines = [
      `${method} ${path} ${random.oneOf(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/9', ''])}`,
    ];
    if (random.chance(0.9)) lines.push('Host: 127.0.0.1');
    for (let more = random.below(4); more > 0; more -= 1) lines.push(random.oneOf(HEADERS));
    const isChunked = method === 'POST' && random.chance(0.7);
    if (isChunked) lines.push('Transfer-Encoding: chunked');
    writes.push(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    if (method === 'POST' || method === 'PUT' || random.chance(0.1)) {
      const body = flvFromGrammar(random);
      writes.push(...(isChunked ? body.map((piece) => chunk(random, piece)) : body));
      if (isChunked && random.chance(0.5)) writes.push(Buffer.from('0\r\n\r\n'));
    }
  }
  return writes;
}

function chunk(random: Random, piece: Buffer): Buffer {
  const size = random.chance(0.97)
    ? piece.length.toString(16)
    : random.oneOf(['-1', 'ffffffffffffffffff', '', 'g']);
  return Buffer.concat([Buffer.from(`${size}\r\n`), piece, Buffer.from('\r\n')]);
}

function webSocket(random: Random, name: string): Buffer[] {
  const isPublisher = random.chance(0.6);
  const lines = [
    `GET /live/${name}.flv HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Version: ${random.chance(0.95) ? 13 : random.oneOf(['0', '8', 'x'])}`,
    `Sec-WebSocket-Key: ${random.chance(0.95) ? 'dGhlIHNhbXBsZSBub25jZQ==' : random.oneOf(['', 'x', 'y'.repeat(300)])}`,
    ...(isPublisher ? ['Sec-WebSocket-Protocol: publisher'] : []),
    ...(random.chance(0.2) ? [random.oneOf(HEADERS)] : []),
    ...(random.chance(0.2) ? ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'] : []),
  ];
  const writes: Buffer[] = [Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')];
  const honest = isPublisher ? flvFromGrammar(random) : [];
  for (const piece of honest) writes.push(webSocketFrame(random, piece, true));
  for (let i = random.below(honest.length > 0 ? 4 : WS_FRAMES_MAX); i > 0; i -= 1) {
    writes.push(webSocketFrame(random, random.bytes(random.below(200)), false));
  }
  return writes;
}

/** RFC 6455, 5.2. */
function webSocketFrame(random: Random, payload: Buffer, isHonest: boolean): Buffer {
  const opcode = isHonest ? 2 : random.oneOf([0, 1, 2, 2, 3, 8, 8, 9, 9, 10, 15]);
  const first =
    (isHonest || random.chance(0.8) ? 0x80 : 0) | (isHonest || random.chance(0.95) ? 0 : 0x40) | opcode;
  const isMasked = isHonest || random.chance(0.95);
  const length = isHonest || random.chance(0.9) ? payload.length : awkward32(random);
  const size =
    length < 126
      ? Buffer.of(length)
      : length < 65_536
        ? Buffer.of(126, length >> 8, length & 0xff)
        : Buffer.alloc(9);
  if (size.length === 9) {
    size[0] = 127;
    size.writeUInt32BE(isHonest || random.chance(0.8) ? 0 : awkward32(random), 1);
    size.writeUInt32BE(length, 5);
  }
  size[0] = (size[0] ?? 0) | (isMasked ? 0x80 : 0);
  // A mask of zeros changes nothing.
  return Buffer.concat([Buffer.of(first), size, Buffer.alloc(isMasked ? 4 : 0), payload]);
}
