import { describe, expect, it } from 'vitest';
import { decodeAmf, encodeAmf } from './amf0.js';
import { Random } from './random.js';
import { ChunkReader, chunksOf } from './rtmp-chunks.js';

describe('the chunks that the tests read and write', () => {
  it('come out as they went in, however they are cut', () => {
    const sent = [1, 2, 3].map((seed) => new Random(seed).bytes(seed * 200));
    const wire = Buffer.concat(sent.map((payload, index) => chunksOf(3 + index, 9, 1, payload, 40 * index)));
    for (const size of [1, 7, 128, wire.length]) {
      const reader = new ChunkReader();
      const got = [];
      for (let at = 0; at < wire.length; at += size) got.push(...reader.read(wire.subarray(at, at + size)));
      expect(got.map(({ payload }) => payload)).toEqual(sent);
      expect(got.map(({ timestampMs }) => timestampMs)).toEqual([0, 40, 80]);
    }
  });

  it('follow SetChunkSize, deltas and extended timestamps', () => {
    const reader = new ChunkReader();
    const setChunkSize = chunksOf(2, 1, 0, Buffer.from([0, 0, 16, 0]));
    const first = Buffer.from('04ffffff0003090901000000ffffffff', 'hex');
    const body = new Random(1).bytes(0x309);
    const sameAgain = Buffer.from('84000005', 'hex');
    const messages = reader.read(Buffer.concat([setChunkSize, first, body, sameAgain, body]));
    expect(messages.map(({ timestampMs }) => timestampMs)).toEqual([0, 0xffffffff, 4]);
    expect(messages[2]?.payload).toEqual(body);
  });

  it('go on chunk streams of every size', () => {
    const payload = new Random(3).bytes(300);
    for (const chunkStream of [2, 63, 64, 319, 320, 65_599]) {
      const wire = chunksOf(chunkStream, 9, 1, payload);
      expect(new ChunkReader().read(wire)).toMatchObject([{ chunkStream, payload }]);
    }
  });

  it('carry times beyond 24 bits, repeated in each chunk', () => {
    const payload = new Random(2).bytes(300);
    for (const timestampMs of [0xfffffe, 0xffffff, 0xffffffff]) {
      const wire = chunksOf(3, 9, 1, payload, timestampMs);
      expect(new ChunkReader().read(Buffer.concat([wire, wire]))).toMatchObject([
        { timestampMs, payload },
        { timestampMs, payload },
      ]);
    }
  });

  it('carry commands that read back as written', () => {
    const values = [
      'connect',
      1,
      { app: 'live', deep: { yes: true, no: null } },
      undefined,
      [1, 'two'],
    ] as const;
    expect(decodeAmf(encodeAmf(...values))).toEqual(values);
  });
});
