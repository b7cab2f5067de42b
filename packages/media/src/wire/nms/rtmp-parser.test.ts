import { describe, expect, it } from 'vitest';
import { chunkMessage } from '../rtmp/chunk-writer.js';
import type { InMessage } from '../rtmp/message.js';
import { loadNms } from './load-nms.js';
import { RtmpParser } from './rtmp-parser.js';

const LIMITS = { messageBytesMax: 100_000, chunkStreamsMax: 8 };
const C0C1C2 = Buffer.concat([Buffer.of(3), Buffer.alloc(1536, 5), Buffer.alloc(1536, 6)]);

function message(payload: Buffer, more: { chunkStream?: number; timestampMs?: number } = {}): Buffer {
  return chunkMessage({ chunkStream: 3, type: 8, timestampMs: 0, streamId: 1, payload, ...more }, 128);
}

describe('what we rely on in node-media-server 4.4.3', () => {
  it('Rtmp answers C1 by S0, S1 and S2, counts its states, and hands on what follows C2', () => {
    const Nms = loadNms('protocol/rtmp.js') as new () => {
      handshakeState: number;
      handshakePayload: Buffer;
      flv: unknown;
      onOutputCallback: (bytes: Buffer) => void;
      chunkRead: (bytes: Buffer, from: number, length: number) => string | null;
      parserData(bytes: Buffer): string | null;
    };
    const nms = new Nms();
    const output: Buffer[] = [];
    const rest: string[] = [];
    // Not used by the handshake, which must do without.
    nms.flv = null;
    nms.onOutputCallback = (bytes) => output.push(bytes);
    nms.chunkRead = (bytes, from, length) => {
      rest.push(bytes.toString('latin1', from, from + length));
      return null;
    };
    expect(nms.handshakePayload).toHaveLength(1536);
    expect(nms.handshakeState).toBe(0);
    nms.parserData(C0C1C2.subarray(0, 1537));
    expect(Buffer.concat(output)).toHaveLength(1 + 1536 + 1536);
    expect(output[0]?.[0]).toBe(3);
    nms.parserData(Buffer.concat([C0C1C2.subarray(1537), Buffer.from('first')]));
    expect(nms.handshakeState).toBe(3);
    nms.parserData(Buffer.from('second'));
    expect(rest).toEqual(['first', 'second']);
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

  it('refuses what is not RTMP at its first byte', () => {
    const parser = new RtmpParser(
      LIMITS,
      () => {},
      () => {},
    );
    expect(() => parser.feed(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(
      expect.objectContaining({ code: 'not-rtmp' }),
    );
    expect(parser.isHandshakeDone).toBe(false);
  });
});
