import { describe, expect, it } from 'vitest';
import { WS_FRAME_BYTES, writeWsHeader, wsFramedBytes, wsMessage } from './ws-frame.js';

interface WsFrame {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** RFC 6455, 5.2, of frames without a mask. */
function read(bytes: Buffer): WsFrame[] {
  const frames: WsFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    expect([first & 0x70, second & 0x80]).toEqual([0, 0]);
    const isLong = second === 126;
    const length = isLong ? bytes.readUInt16BE(at + 2) : second;
    // 5.2: the least number of bytes has to be used.
    expect(isLong ? length > 125 : length < 126).toBe(true);
    const from = at + (isLong ? 4 : 2);
    at = from + length;
    expect(at).toBeLessThanOrEqual(bytes.length);
    frames.push({ isFinal: first >= 0x80, opcode: first & 15, payload: bytes.subarray(from, at) });
  }
  return frames;
}

const MOST = WS_FRAME_BYTES - 4;

describe('wsMessage', () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [125, [125]],
    [126, [126]],
    [MOST, [MOST]],
    [MOST + 1, [MOST, 1]],
    [MOST + 126, [MOST, 126]],
    [2 * MOST, [MOST, MOST]],
    [2 * MOST + 7, [MOST, MOST, 7]],
  ])('of %i bytes is frames of %j', (bytes, sizes) => {
    const payload = Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    const message = wsMessage(payload);
    expect(message.length).toBe(wsFramedBytes(bytes));
    const frames = read(message);
    expect(frames.map((frame) => frame.payload.length)).toEqual(sizes);
    expect(frames.map(({ opcode }) => opcode)).toEqual(sizes.map((_, i) => (i === 0 ? 2 : 0)));
    expect(frames.map(({ isFinal }) => isFinal)).toEqual(sizes.map((_, i) => i === sizes.length - 1));
    expect(Buffer.concat(frames.map((frame) => frame.payload)).equals(payload)).toBe(true);
  });

  it('has whole frames of 64 KB, but for the last', () => {
    expect(wsFramedBytes(2 * MOST + 7)).toBe(2 * 65_536 + 9);
    expect(wsFramedBytes(MOST)).toBe(65_536);
    expect(wsFramedBytes(0)).toBe(2);
  });
});

describe('writeWsHeader', () => {
  it.each([0, 125, 126, MOST])('begins a message of %i bytes as it is whole', (bytes) => {
    const whole = wsMessage(Buffer.alloc(bytes));
    const begun = Buffer.alloc(whole.length, 0);
    expect(writeWsHeader(begun, bytes)).toBe(whole.length - bytes);
    expect(begun.equals(whole)).toBe(true);
  });

  it('does nothing where the message takes several frames', () => {
    const out = Buffer.alloc(8, 7);
    expect(writeWsHeader(out, MOST + 1)).toBeNull();
    expect(out).toEqual(Buffer.alloc(8, 7));
  });
});
