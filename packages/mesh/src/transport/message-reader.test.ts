import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader, withLength } from './message-reader.js';

describe('one message with its length', () => {
  it('is read in whatever pieces it comes, and what follows is not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 1, max: 60 }), (message, piece) => {
        const bytes = Buffer.concat([withLength(message), Buffer.from('more')]);
        const reader = new MessageReader(50);
        let read: Uint8Array | string | null = null;
        for (let at = 0; read === null && at < bytes.length; at += piece)
          read = reader.push(bytes.subarray(at, at + piece));
        expect(Buffer.from(read ?? 'none')).toEqual(Buffer.from(message));
      }),
    );
  });

  it('is whole with its last byte', () => {
    const bytes = withLength(Buffer.from('all'));
    const reader = new MessageReader(50);
    expect(reader.push(bytes.subarray(0, -1))).toBeNull();
    expect(reader.push(bytes.subarray(-1))).toEqual(Buffer.from('all'));
  });

  it('is refused by its length alone, before any of it came', () => {
    expect(new MessageReader(50).push(Buffer.of(0, 0, 0, 51))).toBe('too-large');
    expect(new MessageReader(50).push(Buffer.of(255, 255, 255, 255))).toBe('too-large');
    expect(new MessageReader(50).push(Buffer.of(0, 0, 0, 50))).toBeNull();
  });
});
