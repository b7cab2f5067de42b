import { describe, expect, it } from 'vitest';
import { chunkMessage } from '../rtmp/chunk-writer.js';
import type { InMessage } from '../rtmp/message.js';
import { RtmpParser, RtmpProtocolError } from './rtmp-parser.js';

const LIMITS = { messageBytesMax: 100_000, chunkStreamsMax: 8 };
const C0C1C2 = Buffer.concat([Buffer.of(3), Buffer.alloc(1536, 5), Buffer.alloc(1536, 6)]);

function shaken() {
  const output: Buffer[] = [];
  const messages: InMessage[] = [];
  const parser = new RtmpParser(
    LIMITS,
    (bytes) => output.push(bytes),
    (message) => messages.push(message),
  );
  parser.feed(C0C1C2);
  return { parser, output, messages };
}

function message(
  payload: Buffer,
  more: { chunkStream?: number; type?: number; timestampMs?: number } = {},
): Buffer {
  return chunkMessage({ chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload, ...more }, 128);
}

function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof RtmpProtocolError) return error.code;
    throw error;
  }
  return 'none';
}

describe('what we rely on in node-media-server', () => {
  it('answers the handshake with S0, S1, S2 and then reads chunks', () => {
    const { parser, output, messages } = shaken();
    expect(Buffer.concat(output)).toHaveLength(1 + 1536 + 1536);
    expect(output[0]?.[0]).toBe(3);
    expect(parser.isHandshakeDone).toBe(true);
    parser.feed(message(Buffer.from('x')));
    expect(messages).toHaveLength(1);
  });

  it('reads handshake and chunks wherever the bytes are cut', () => {
    const payload = Buffer.alloc(300, 7);
    const chunks = Buffer.concat([
      message(payload, { timestampMs: 0x2000000 }),
      message(payload, { chunkStream: 400 }),
    ]);
    const all = Buffer.concat([C0C1C2, chunks]);
    for (const step of [1, 2, 3, 5, 127, 1537]) {
      const messages: InMessage[] = [];
      const parser = new RtmpParser(
        LIMITS,
        () => {},
        (each) => messages.push(each),
      );
      for (let at = 0; at < all.length; at += step) parser.feed(all.subarray(at, at + step));
      expect(messages.map((each) => [each.timestampMs, each.payload.equals(payload)])).toEqual([
        [0x2000000, true],
        [0, true],
      ]);
    }
  });

  it('adds up deltas of types 1, 2 and 3 and takes over what they leave out', () => {
    const { parser, messages } = shaken();
    parser.feed(Buffer.from('0300000a000001080100000061', 'hex'));
    parser.feed(Buffer.from('43000005000002096262', 'hex'));
    parser.feed(Buffer.from('830000076363', 'hex'));
    parser.feed(Buffer.from('c36464', 'hex'));
    expect(
      messages.map(({ timestampMs, type, streamId, payload }) => [timestampMs, type, streamId, `${payload}`]),
    ).toEqual([
      [10, 8, 1, 'a'],
      [15, 9, 1, 'bb'],
      [22, 9, 1, 'cc'],
      [29, 9, 1, 'dd'],
    ]);
  });

  it('reads interleaved messages of two chunk streams', () => {
    const { parser, messages } = shaken();
    const audio = message(Buffer.alloc(200, 1), { chunkStream: 4 });
    const video = message(Buffer.alloc(200, 2), { chunkStream: 400, type: 9 });
    const cut = { audio: 1 + 11 + 128, video: 3 + 11 + 128 };
    parser.feed(audio.subarray(0, cut.audio));
    parser.feed(video.subarray(0, cut.video));
    parser.feed(audio.subarray(cut.audio));
    parser.feed(video.subarray(cut.video));
    expect(messages.map(({ type, payload }) => [type, payload.length, payload[0], payload[199]])).toEqual([
      [8, 200, 1, 1],
      [9, 200, 2, 2],
    ]);
  });
});

describe('what was mended', () => {
  it('tells chunk stream ids of 3 bytes apart', () => {
    const { parser, messages } = shaken();
    // node-media-server takes these two for one: their bytes have the same sum.
    const first = message(Buffer.alloc(200, 1), { chunkStream: 64 + 257 });
    const second = message(Buffer.alloc(200, 2), { chunkStream: 64 + 512 });
    const cut = 3 + 11 + 128;
    for (const part of [
      first.subarray(0, cut),
      second.subarray(0, cut),
      first.subarray(cut),
      second.subarray(cut),
    ]) {
      parser.feed(part);
    }
    expect(messages.map(({ payload }) => [payload[0], payload[199]])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('refuses what is not RTMP at its first byte', () => {
    const parser = new RtmpParser(
      LIMITS,
      () => {},
      () => {},
    );
    expect(codeOf(() => parser.feed(Buffer.from('GET / HTTP/1.1\r\n')))).toBe('not-rtmp');
  });

  it('gives each message memory of its own', () => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.alloc(200, 1)));
    parser.feed(message(Buffer.alloc(200, 2)));
    expect(messages[0]?.payload.every((byte) => byte === 1)).toBe(true);
    expect(messages[1]?.payload.every((byte) => byte === 2)).toBe(true);
  });

  it('follows a new chunk size and bounds it', () => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.from('00000400', 'hex'), { chunkStream: 2, type: 1 }));
    parser.feed(
      chunkMessage(
        { chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload: Buffer.alloc(1500) },
        1024,
      ),
    );
    expect(messages.map(({ payload }) => payload.length)).toEqual([1500]);
    for (const size of ['00000000', '80000000', '01000000', '']) {
      const each = shaken();
      const set = message(Buffer.from(size, 'hex'), { chunkStream: 2, type: 1 });
      // A message without payload is only seen when more bytes follow.
      expect(
        codeOf(() => each.parser.feed(Buffer.concat([set, message(Buffer.from('x'))]))),
        size,
      ).toBe('chunk-size-invalid');
    }
  });

  it('drops an aborted message', () => {
    const { parser, messages } = shaken();
    const cut = message(Buffer.alloc(200, 1), { chunkStream: 4 }).subarray(0, 1 + 11 + 128);
    parser.feed(cut);
    parser.feed(message(Buffer.from('00000004', 'hex'), { chunkStream: 2, type: 2 }));
    parser.feed(message(Buffer.alloc(50, 2), { chunkStream: 4 }));
    expect(messages.map(({ payload }) => [payload.length, payload[0]])).toEqual([[50, 2]]);
  });

  it('wraps timestamps at 32 bits', () => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.from('a'), { timestampMs: 0xffffffff }));
    parser.feed(Buffer.from('430000020000010862', 'hex'));
    expect(messages.map(({ timestampMs }) => timestampMs)).toEqual([0xffffffff, 1]);
  });

  it('bounds messages, chunk streams and what is under way', () => {
    const large = shaken();
    expect(codeOf(() => large.parser.feed(message(Buffer.alloc(LIMITS.messageBytesMax + 1))))).toBe(
      'message-too-large',
    );
    const many = shaken();
    for (let id = 3; id < 3 + LIMITS.chunkStreamsMax; id += 1)
      many.parser.feed(message(Buffer.from('x'), { chunkStream: id }));
    expect(codeOf(() => many.parser.feed(message(Buffer.from('x'), { chunkStream: 63 })))).toBe(
      'chunk-streams-max',
    );
    const unfinished = shaken();
    const begin = (chunkStream: number) =>
      unfinished.parser.feed(
        message(Buffer.alloc(LIMITS.messageBytesMax), { chunkStream }).subarray(0, 1 + 11 + 128),
      );
    expect(codeOf(() => [3, 4, 5].forEach(begin))).toBe('unfinished-messages-max');
  });

  it('refuses a message within another, and a chunk stream without a header', () => {
    const inner = shaken();
    inner.parser.feed(message(Buffer.alloc(200)).subarray(0, 1 + 11 + 128));
    expect(codeOf(() => inner.parser.feed(message(Buffer.alloc(10))))).toBe('message-interrupted');
    const unknown = shaken();
    expect(codeOf(() => unknown.parser.feed(Buffer.from('c5ff', 'hex')))).toBe('chunk-stream-unknown');
  });
});
