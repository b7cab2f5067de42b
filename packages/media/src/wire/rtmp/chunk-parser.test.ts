import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkParser } from './chunk-parser.js';
import { chunkMessage, type OutMessage } from './chunk-writer.js';
import type { InMessage } from './message.js';
import { RtmpProtocolError } from './rtmp-protocol-error.js';

const LIMITS = { messageBytesMax: 100_000, chunkStreamsMax: 8 };

function shaken() {
  const messages: InMessage[] = [];
  const parser = new ChunkParser(LIMITS, (message) => messages.push(message));
  return { parser, messages };
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

/** Read at once, and byte by byte. */
function read(hex: string): (readonly [number, string])[] {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const [whole, cut] = [shaken(), shaken()];
  whole.parser.feed(bytes);
  for (const byte of bytes) cut.parser.feed(Buffer.of(byte));
  expect(cut.messages).toEqual(whole.messages);
  return whole.messages.map(({ timestampMs, payload }) => [timestampMs, payload.toString('latin1')]);
}

describe('ChunkParser', () => {
  it('5.3.1.2: adds up steps of types 1, 2 and 3 and takes over what they leave out', () => {
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

  it('5.3.1.1: tells chunk stream ids of 3 bytes apart', () => {
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

  it('gives each message memory of its own', () => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.alloc(200, 1)));
    parser.feed(message(Buffer.alloc(200, 2)));
    expect(messages[0]?.payload.every((byte) => byte === 1)).toBe(true);
    expect(messages[1]?.payload.every((byte) => byte === 2)).toBe(true);
  });

  it('5.4.1: follows a new chunk size and bounds it', () => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.from('00000400', 'hex'), { chunkStream: 2, type: 1 }));
    parser.feed(
      chunkMessage(
        { chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload: Buffer.alloc(1500) },
        1024,
      ),
    );
    expect(messages.map(({ payload }) => payload.length)).toEqual([1500]);
    for (const size of ['00000000', '80000000', '']) {
      const each = shaken();
      const set = message(Buffer.from(size, 'hex'), { chunkStream: 2, type: 1 });
      expect(
        codeOf(() => each.parser.feed(set)),
        size,
      ).toBe('chunk-size-invalid');
    }
  });

  it('5.4.2: drops an aborted message', () => {
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

  it('5.4.1: takes every size of 31 bits, and one that changes within a message', () => {
    const { parser, messages } = shaken();
    const long = message(Buffer.alloc(1500, 3), { chunkStream: 4 });
    parser.feed(long.subarray(0, 1 + 11 + 128));
    parser.feed(message(Buffer.from('7fffffff', 'hex'), { chunkStream: 2, type: 1 }));
    parser.feed(Buffer.concat([Buffer.of(0xc4), Buffer.alloc(1500 - 128, 3)]));
    expect(messages.map(({ payload }) => payload.equals(Buffer.alloc(1500, 3)))).toEqual([true]);
  });

  it('5.3.1.1: takes ids of 1, 2 and 3 bytes, and one id in any of these forms', () => {
    expect(read('03 000001 000001 08 01000000 61')).toEqual([[1, 'a']]);
    expect(read('00 00 000002 000001 08 01000000 62')).toEqual([[2, 'b']]);
    expect(read('01 ff ff 000003 000001 08 01000000 63')).toEqual([[3, 'c']]);
    // 64 + 6, begun in 2 bytes and gone on with in 3.
    expect(read('00 06 000004 000001 08 01000000 64 81 06 00 000005 65')).toEqual([
      [4, 'd'],
      [9, 'e'],
    ]);
  });

  it('gives an empty message as soon as its header is there', () => {
    expect(read('03 000001 000000 08 01000000')).toEqual([[1, '']]);
  });

  const BODY = 'ab'.repeat(64);
  const TWO_CHUNKS = Buffer.from(`${BODY}cd`, 'latin1').toString('hex');
  const [FIRST, SECOND] = [TWO_CHUNKS.slice(0, 256), TWO_CHUNKS.slice(256)];

  it('5.3.1.3: reads a timestamp past 16777215 ms, again in each chunk, as ffmpeg 5.1 and OBS send it', () => {
    expect(read(`03 ffffff 000082 09 01000000 01020304 ${FIRST} c3 01020304 ${SECOND}`)).toEqual([
      [0x01020304, `${BODY}cd`],
    ]);
  });

  it('5.3.1.3: reads it where type 3 chunks leave it out, as librtmp before 2015 does', () => {
    expect(
      read(`03 ffffff 000084 09 01000000 01020304 ${FIRST} c3 ${SECOND}6566 03 000001 000001 08 01000000 61`),
    ).toEqual([
      [0x01020304, `${BODY}cdef`],
      [1, 'a'],
    ]);
  });

  it('5.3.1.3: reads extended steps, and the absolute time that some repeat after them', () => {
    const start = '03 ffffff 000001 09 01000000 01000000 61';
    expect(read(`${start} 43 ffffff 000082 09 01000000 ${FIRST} c3 01000000 ${SECOND}`).at(-1)).toEqual([
      0x02000000,
      `${BODY}cd`,
    ]);
    expect(read(`${start} 43 ffffff 000082 09 01000000 ${FIRST} c3 02000000 ${SECOND}`).at(-1)).toEqual([
      0x02000000,
      `${BODY}cd`,
    ]);
  });

  it('5.3.1.2.4: a new message by type 3 has the extended timestamp too, and the same step', () => {
    expect(read('03 ffffff 000001 09 01000000 01000000 61 c3 01000000 62')).toEqual([
      [0x01000000, 'a'],
      [0x02000000, 'b'],
    ]);
  });

  it('5.3.1.3: 16777214 is told in the header, 16777215 is not', () => {
    expect(read('03 fffffe 000001 09 01000000 61 03 ffffff 000001 09 01000000 00ffffff 62')).toEqual([
      [0xfffffe, 'a'],
      [0xffffff, 'b'],
    ]);
  });

  it('lets few messages that do not come whole lie beside others’, again and again', () => {
    const { parser, messages } = shaken();
    for (const round of [0, 1, 2]) {
      const cut = Array.from({ length: 8 }, (_, index) =>
        message(Buffer.alloc(200, index), { chunkStream: 3 + index }),
      );
      for (const bytes of cut) parser.feed(bytes.subarray(0, -1 - 200 + 128));
      for (const bytes of cut) parser.feed(bytes.subarray(-1 - 200 + 128));
      const ofRound = messages.slice(8 * round);
      expect(ofRound.map(({ payload }) => payload)).toEqual(cut.map((_, index) => Buffer.alloc(200, index)));
      expect(ofRound.map(({ payload }) => payload.buffer.byteLength > 200)).toEqual([
        ...Array(4).fill(true),
        ...Array(4).fill(false),
      ]);
    }
  });

  it('takes little memory for a length alone', () => {
    const parser = new ChunkParser({ messageBytesMax: 16_000_000, chunkStreamsMax: 64 }, () => {});
    const before = process.memoryUsage().arrayBuffers;
    parser.feed(Buffer.from('02000000000004010000000000ffffff', 'hex'));
    parser.feed(Buffer.from('03000000e00000090100000061', 'hex'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

describe('limits of a chunk parser', () => {
  const { messageBytesMax, chunkStreamsMax } = LIMITS;
  const errorOf = (act: () => void): Error => {
    try {
      act();
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error('nothing was thrown');
  };

  it('are reached without a fault, and each says what was over', () => {
    const { parser, messages } = shaken();
    const bytes = Buffer.from(Array.from({ length: messageBytesMax }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    parser.feed(message(bytes));
    expect(messages[0]?.payload.equals(bytes)).toBe(true);
    expect(errorOf(() => parser.feed(message(Buffer.alloc(messageBytesMax + 1))))).toMatchObject({
      name: 'RtmpProtocolError',
      code: 'message-too-large',
      message: 'a message of 100001 bytes, at most 100000 are taken',
    });
    const many = shaken();
    for (let id = 0; id < chunkStreamsMax; id += 1)
      many.parser.feed(message(Buffer.of(id), { chunkStream: 3 + id }));
    many.parser.feed(message(Buffer.of(99), { chunkStream: 3 }));
    expect(many.messages).toHaveLength(chunkStreamsMax + 1);
    expect(errorOf(() => many.parser.feed(message(Buffer.of(1), { chunkStream: 400 })))).toMatchObject({
      code: 'chunk-streams-max',
      message: 'more than 8 chunk streams',
    });
    expect(errorOf(() => shaken().parser.feed(Buffer.of(0xc5)))).toMatchObject({
      code: 'chunk-stream-unknown',
      message: 'chunk stream 5 begins without a header',
    });
    const size = message(Buffer.alloc(4), { chunkStream: 2, type: 1 });
    expect(errorOf(() => shaken().parser.feed(size)).message).toBe('a chunk size of 0 bytes');
  });

  /** All but the last chunk of a message of so many bytes. */
  const begun = (length: number, chunkStream: number): Buffer =>
    message(Buffer.alloc(length, chunkStream), { chunkStream }).subarray(0, 1 + 11 + 128);

  it('holds two of the largest under way, and counts neither what is done nor what was given up', () => {
    const { parser, messages } = shaken();
    parser.feed(begun(messageBytesMax, 4));
    parser.feed(begun(messageBytesMax, 5));
    expect(errorOf(() => parser.feed(begun(129, 6)))).toMatchObject({
      code: 'unfinished-messages-max',
      message: 'too many large messages under way at once',
    });
    const next = shaken();
    for (let i = 0; i < 5; i += 1) {
      next.parser.feed(message(Buffer.alloc(messageBytesMax)));
      next.parser.feed(begun(messageBytesMax, 4));
      next.parser.feed(message(Buffer.from('00000004', 'hex'), { chunkStream: 2, type: 2 }));
    }
    expect(next.messages).toHaveLength(5);
    expect(messages).toEqual([]);
  });

  it('says which chunk stream was interrupted', () => {
    const { parser } = shaken();
    parser.feed(begun(200, 7));
    expect(errorOf(() => parser.feed(message(Buffer.of(1), { chunkStream: 7 })))).toMatchObject({
      code: 'message-interrupted',
      message: 'chunk stream 7 begins a message within another',
    });
  });

  it.each(['', '000004', '00000009', '00000005'])('goes on after an abort of nothing (%s)', (payload) => {
    const { parser, messages } = shaken();
    parser.feed(message(Buffer.of(5), { chunkStream: 5 }));
    const whole = message(Buffer.alloc(messageBytesMax, 4), { chunkStream: 4 });
    parser.feed(whole.subarray(0, 1 + 11 + 128));
    for (let i = 0; i < 3; i += 1)
      parser.feed(message(Buffer.from(payload, 'hex'), { chunkStream: 2, type: 2 }));
    parser.feed(whole.subarray(1 + 11 + 128));
    expect(messages.map((each) => each.payload.length)).toEqual([1, messageBytesMax]);
    parser.feed(begun(messageBytesMax, 4));
    parser.feed(begun(messageBytesMax, 5));
    expect(codeOf(() => parser.feed(begun(129, 6)))).toBe('unfinished-messages-max');
  });

  it.each([
    ['ff', 'chunk stream 63'],
    ['c0 00', 'chunk stream 64'],
    ['c0 04', 'chunk stream 68'],
    ['c1 04 00', 'chunk stream 68'],
    ['c1 04 02', 'chunk stream 580'],
    ['c1 ff ff', 'chunk stream 65599'],
  ])('knows the id in %s', (bytes, id) => {
    const { parser } = shaken();
    expect(errorOf(() => parser.feed(Buffer.from(bytes.replace(/ /g, ''), 'hex'))).message).toBe(
      `${id} begins without a header`,
    );
  });

  it('takes a message in one chunk of any size, whole and in pieces, and what comes after it', () => {
    const payload = Buffer.from(Array.from({ length: messageBytesMax }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    const out = { chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload };
    const size = message(Buffer.from('00100000', 'hex'), { chunkStream: 2, type: 1 });
    const bytes = Buffer.concat([size, chunkMessage(out, 0x100000), message(Buffer.from('next'))]);
    for (const piece of [bytes.length, 70_000, 1000]) {
      const { parser, messages } = shaken();
      for (let at = 0; at < bytes.length; at += piece) parser.feed(bytes.subarray(at, at + piece));
      expect(messages.map((each) => each.payload.length)).toEqual([messageBytesMax, 4]);
      expect(messages[0]?.payload.equals(payload)).toBe(true);
    }
  });

  it('gives the message stream id as it is written, and takes it over', () => {
    const { parser, messages } = shaken();
    parser.feed(Buffer.from('03 000001 000001 08 04030201 61'.replaceAll(' ', ''), 'hex'));
    parser.feed(Buffer.from('43 000001 000001 09 62'.replaceAll(' ', ''), 'hex'));
    expect(messages.map(({ streamId, type }) => [streamId, type])).toEqual([
      [0x01020304, 8],
      [0x01020304, 9],
    ]);
  });

  it('takes a chunk size with bytes after it, and sizes over 24 bits for one of 24', () => {
    for (const size of ['000000c8ff', '01000000', '7fffffff']) {
      const { parser, messages } = shaken();
      parser.feed(message(Buffer.from(size, 'hex'), { chunkStream: 2, type: 1 }));
      const out = { chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload: Buffer.alloc(200, 1) };
      parser.feed(chunkMessage(out, 200));
      expect(messages, size).toHaveLength(1);
    }
  });
});

it('gives a message without a body at once, behind an extended timestamp too', () => {
  expect(read('03 000005 000000 08 01000000')).toEqual([[5, '']]);
  expect(read('03 ffffff 000000 08 01000000 01000002')).toEqual([[0x01000002, '']]);
});

describe('extended timestamps in type 3 chunks', () => {
  const TIME = 0x01020304;
  /** Two messages on two chunk streams; the payloads have no byte that a timestamp here begins with. */
  const scene = fc.record({
    chunkBytes: fc.integer({ min: 1, max: 300 }),
    isRepeated: fc.boolean(),
    messages: fc.array(
      fc.record({
        chunkStream: fc.constantFrom(3, 64, 400),
        timestampMs: fc.constantFrom(0, 0xfffffe, 0xffffff, TIME, 0x7fffffff),
        payload: fc.uint8Array({ min: 0x80, max: 0xff, minLength: 1, maxLength: 900 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    cuts: fc.array(fc.nat(4000), { maxLength: 40 }),
  });

  it('are told apart from bodies: any chunk size, repeated or not, cut anywhere, and nothing waits for more', () => {
    fc.assert(
      fc.property(scene, ({ chunkBytes, isRepeated, messages, cuts }) => {
        const { parser, messages: got } = shaken();
        const size = Buffer.alloc(4);
        size.writeUInt32BE(chunkBytes);
        parser.feed(message(size, { chunkStream: 2, type: 1 }));
        const bytes = Buffer.concat(
          messages.map(({ chunkStream, timestampMs, payload }) => {
            const out = { chunkStream, type: 9, timestampMs, streamId: 1, payload: Buffer.from(payload) };
            return isRepeated ? chunkMessage(out, chunkBytes) : withoutRepeats(out, chunkBytes);
          }),
        );
        let at = 0;
        for (const cut of [...cuts.sort((one, two) => one - two), bytes.length]) {
          parser.feed(bytes.subarray(at, cut));
          at = Math.max(at, Math.min(cut, bytes.length));
        }
        expect(got.map(({ timestampMs, payload }) => [timestampMs, payload.toString('hex')])).toEqual(
          messages.map(({ timestampMs, payload }) => [timestampMs, Buffer.from(payload).toString('hex')]),
        );
      }),
    );
  });

  const begin = (parser: ChunkParser, tail: Buffer) => {
    const payload = Buffer.concat([Buffer.alloc(128, 0xaa), tail]);
    const out = { chunkStream: 3, type: 9, timestampMs: TIME, streamId: 1, payload };
    parser.feed(withoutRepeats(out, 128));
  };

  it('take a body of up to 3 bytes at once where it differs, also in its last byte', () => {
    for (const tail of [[0xff], [1, 0xff], [1, 2, 0xff]]) {
      const { parser, messages } = shaken();
      begin(parser, Buffer.from(tail));
      expect(messages, String(tail)).toHaveLength(1);
    }
  });

  it('wait where a first short body looks like the time, and the next bytes tell', () => {
    const next = message(Buffer.from('next'), { chunkStream: 4 });
    const left = shaken();
    begin(left.parser, Buffer.of(1, 2));
    expect(left.messages).toEqual([]);
    left.parser.feed(next);
    expect(left.messages.map(({ payload }) => payload.length)).toEqual([130, 4]);

    const repeated = shaken();
    const payload = Buffer.concat([Buffer.alloc(128, 0xaa), Buffer.of(7)]);
    const whole = chunkMessage({ chunkStream: 3, type: 9, timestampMs: TIME, streamId: 1, payload }, 128);
    for (const byte of whole) repeated.parser.feed(Buffer.of(byte));
    expect(repeated.messages.map((each) => each.payload.equals(payload))).toEqual([true]);
  });

  it('do not wait any more for a peer that was seen to leave them out', () => {
    const { parser, messages } = shaken();
    begin(parser, Buffer.from('differs'));
    begin(parser, Buffer.of(1, 2));
    expect(messages.map(({ payload }) => payload.length)).toEqual([135, 130]);
    // One that repeats them is believed again.
    parser.feed(
      chunkMessage(
        { chunkStream: 3, type: 9, timestampMs: TIME, streamId: 1, payload: Buffer.alloc(140, 0xbb) },
        128,
      ),
    );
    expect(messages.at(-1)?.payload.equals(Buffer.alloc(140, 0xbb))).toBe(true);
  });
});

/** As librtmp did before 2015: the extended timestamp stands in the first chunk alone. */
function withoutRepeats(out: OutMessage, chunkBytes: number): Buffer {
  const first = out.payload.subarray(0, chunkBytes);
  const head = chunkMessage({ ...out, payload: first }, chunkBytes);
  // The length is the whole message's; it stands 4 bytes into the header.
  const basicBytes = out.chunkStream < 64 ? 1 : out.chunkStream < 320 ? 2 : 3;
  head.writeUIntBE(out.payload.length, basicBytes + 3, 3);
  const type3 = chunkMessage({ ...out, timestampMs: 0, payload: Buffer.alloc(0) }, chunkBytes).subarray(
    0,
    basicBytes,
  );
  type3[0] = (type3[0] ?? 0) | 0xc0;
  const parts = [head];
  for (let from = chunkBytes; from < out.payload.length; from += chunkBytes) {
    parts.push(type3, out.payload.subarray(from, from + chunkBytes));
  }
  return Buffer.concat(parts);
}
