import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOTH_TRACKS, flvHeader } from '../flv/flv-header.js';
import { flvTag } from '../flv/flv-tag.js';
import { FlvParser, type FlvTag } from './flv.js';
import { loadNms } from './load-nms.js';

const HEADER = flvHeader(BOTH_TRACKS);

function parse(bytes: Buffer, sizes: readonly number[] = [bytes.length], tagBytesMax = 1_000_000): FlvTag[] {
  const tags: FlvTag[] = [];
  const parser = new FlvParser(tagBytesMax, (tag) => tags.push(tag));
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    parser.feed(bytes.subarray(at, at + size));
    at += size;
  }
  return tags;
}

const anyTag = fc.record({
  kind: fc.constantFrom('audio' as const, 'video' as const, 'data' as const),
  timestampMs: fc.nat({ max: 2 ** 32 - 1 }),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

describe('what we rely on in node-media-server 4.4.3', () => {
  it('Flv asks for room before each piece of a body, and copies into parserTagData', () => {
    const Nms = loadNms('protocol/flv.js') as new () => {
      parserTagType: number;
      parserTagBytes: number;
      parserTagData: Buffer;
      parserTagAlloc: (size: number) => void;
      onPacketCallback: (packet: { codec_type: number; dts: number; size: number; data: Buffer }) => void;
      parserData(bytes: Buffer): string | null;
    };
    const nms = new Nms();
    const asked: unknown[] = [];
    const packets: unknown[] = [];
    nms.parserTagAlloc = (size) => {
      asked.push([size, nms.parserTagType, nms.parserTagBytes]);
      if (nms.parserTagBytes === 0) nms.parserTagData = Buffer.alloc(16);
    };
    nms.onPacketCallback = ({ codec_type, dts, size, data }) => {
      packets.push([codec_type, dts, size, data === nms.parserTagData, data.subarray(0, size).toString()]);
    };
    const bytes = Buffer.concat([HEADER, flvTag('audio', 7, Buffer.from('abcd'))]);
    const middle = HEADER.length + 13;
    expect(nms.parserData(bytes.subarray(0, middle))).toBeNull();
    expect(nms.parserData(bytes.subarray(middle))).toBeNull();
    expect(asked).toEqual([
      [4, 8, 0],
      [4, 8, 2],
    ]);
    expect(packets).toEqual([[8, 7, 4, true, 'abcd']]);
  });
});

describe('FlvParser', () => {
  it('gives back what was written, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyTag, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
        (tags, sizes) => {
          const bytes = Buffer.concat([
            HEADER,
            ...tags.map((tag) => flvTag(tag.kind, tag.timestampMs, tag.payload)),
          ]);
          expect(parse(bytes, sizes)).toEqual(tags);
        },
      ),
    );
  });

  it('keeps no memory of a tag that it gave away', () => {
    const tags: FlvTag[] = [];
    const parser = new FlvParser(1000, (tag) => tags.push(tag));
    parser.feed(HEADER);
    parser.feed(flvTag('video', 0, Buffer.alloc(100, 1)));
    parser.feed(flvTag('video', 1, Buffer.alloc(100, 2)));
    expect(tags.map(({ payload }) => payload[50])).toEqual([1, 2]);
  });

  it('refuses what is no FLV at the first wrong byte', () => {
    for (const text of ['GET / HTTP/1.1', 'FLW', 'FLV\u0002', '\u0000']) {
      expect(() => parse(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'flv-signature' }));
    }
    expect(() => parse(Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 10]))).toThrow('FLV header');
  });

  it('refuses tags that are too large before their body comes, and unknown or encrypted ones', () => {
    const large = flvTag('video', 0, Buffer.alloc(2000));
    expect(parse(Buffer.concat([HEADER, large]), [13 + large.length], 2000)).toHaveLength(1);
    const cut = Buffer.concat([HEADER, large.subarray(0, 12)]);
    expect(() => parse(cut, [cut.length], 1000)).toThrow(
      expect.objectContaining({ code: 'flv-tag-too-large' }),
    );
    const encrypted = flvTag('video', 0, Buffer.alloc(9));
    encrypted[0] = 9 | 0x20;
    expect(() => parse(Buffer.concat([HEADER, encrypted]))).toThrow(
      expect.objectContaining({ code: 'flv-tag-type' }),
    );
  });

  it('takes script data of type 15 where it is AMF0 inside, leaves out what is AMF3, and goes on', () => {
    const amf3 = (...payload: number[]) => {
      const tag = flvTag('data', 40, Buffer.from(payload));
      tag[0] = 15;
      return tag;
    };
    const after = flvTag('video', 80, Buffer.of(7));
    expect(
      parse(Buffer.concat([HEADER, amf3(0, 2, 0), amf3(17, 4, 1), amf3(0), amf3(), after]), [5]),
    ).toEqual([
      { kind: 'data', timestampMs: 40, payload: Buffer.of(2, 0) },
      { kind: 'video', timestampMs: 80, payload: Buffer.of(7) },
    ]);
  });

  it('refuses a tag whose trailing size is wrong', () => {
    const tag = flvTag('video', 0, Buffer.alloc(9));
    tag.writeUInt32BE(3, tag.length - 4);
    expect(() => parse(Buffer.concat([HEADER, tag]))).toThrow(
      expect.objectContaining({ code: 'flv-tag-size' }),
    );
  });

  it('takes any bytes as tags or throws an FlvError, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isAfterHeader) => {
        try {
          parse(Buffer.concat([isAfterHeader ? HEADER : Buffer.alloc(0), bytes]), [7]);
        } catch (error) {
          expect((error as Error).name).toBe('FlvError');
        }
      }),
      { numRuns: 500 },
    );
  });
});
