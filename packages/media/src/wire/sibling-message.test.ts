import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIO, KEY, METADATA } from '../testing/frames.js';
import {
  frameKindOf,
  frameMessage,
  joinSiblingMessages,
  SIBLING,
  SIBLING_HEADER_BYTES,
  SIBLING_VERSION,
  type SiblingMessage,
  SiblingParser,
  SiblingProtocolError,
  siblingBytes,
  siblingHeader,
  siblingMessage,
} from './sibling-message.js';

function read(parts: readonly Buffer[], bodyBytesMax = 1000): SiblingMessage[] {
  const got: SiblingMessage[] = [];
  const parser = new SiblingParser(bodyBytesMax, (message) => got.push(message));
  for (const part of parts) parser.feed(part);
  return got;
}

const aMessage = fc
  .tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([type, pull, value, body]) => ({ type, pull, value, body: Buffer.from(body) }));

describe('SiblingParser', () => {
  it('reads what was written, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(aMessage), fc.array(fc.integer({ min: 1, max: 60 })), (messages, cuts) => {
        const bytes = joinSiblingMessages(messages);
        const parts: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          parts.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(read([...parts, bytes.subarray(at)])).toEqual(messages);
      }),
    );
  });

  it('throws nothing but its own error at noise, and holds no more than a message may have', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        try {
          read(parts.map((part) => Buffer.from(part)));
        } catch (error) {
          expect(error).toBeInstanceOf(SiblingProtocolError);
          expect(error).toMatchObject({ name: 'SiblingProtocolError' });
        }
      }),
    );
  });

  it('refuses a body over the limit by its length alone, and takes one at it', () => {
    const bytes = joinSiblingMessages([siblingMessage(SIBLING.video, 1, Buffer.alloc(11))]);
    expect(() => read([bytes.subarray(0, SIBLING_HEADER_BYTES)], 10)).toThrow('11 bytes, at most 10');
    expect(read([bytes], 11)).toHaveLength(1);
  });

  it('gives bodies memory of their own', () => {
    const bytes = joinSiblingMessages([siblingMessage(SIBLING.video, 1, 'abc')]);
    const [message] = read([bytes]);
    bytes.fill(0);
    expect(message?.body.toString()).toBe('abc');
  });
});

it('makes a frame of each kind, its time included', () => {
  const frame = { ...KEY(0xfffffff0, 7), kind: 'video' as const };
  const message = frameMessage(3, frame);
  expect(message).toEqual({ type: SIBLING.video, pull: 3, value: 0xfffffff0, body: frame.payload });
  expect(frameKindOf(message)).toBe('video');
  expect(message.body).toBe(frame.payload);
  for (const other of [AUDIO(0), METADATA()]) expect(frameKindOf(frameMessage(3, other))).toBe(other.kind);
  expect(frameKindOf(siblingMessage(SIBLING.ended, 3))).toBeUndefined();
  expect(Buffer.concat([siblingHeader(message), message.body])).toEqual(joinSiblingMessages([message]));
  expect(siblingBytes(message)).toBe(SIBLING_HEADER_BYTES + frame.payload.length);
});

it('is on the wire as it is written down', () => {
  const hex = (message: SiblingMessage) => joinSiblingMessages([message]).toString('hex');
  const text = Buffer.from('headwater sibling 2').toString('hex');
  expect(hex(siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9))).toBe(
    `00000013 00000000 00000009 01000000 ${text}`.replaceAll(' ', ''),
  );
  expect(hex(siblingMessage(SIBLING.video, 0xfffffffe, Buffer.of(0xab), -1))).toBe(
    '00000001 fffffffe ffffffff 09000000 ab'.replaceAll(' ', ''),
  );
});

it.each(['audio', 'video', 'data'] as const)('tells the kind of a frame again: %s', (kind) => {
  expect(frameKindOf(frameMessage(1, { ...KEY(0), kind }))).toBe(kind);
});
