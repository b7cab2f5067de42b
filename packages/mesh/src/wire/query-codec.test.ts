import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_BYTES_MAX, QUESTION_BYTES_MAX } from '../query/query-limits.js';
import { packr } from './packr.js';
import { ANSWER_HEAD_BYTES, decodeQuestion, decodeReply, encodeQuery } from './query-codec.js';
import { QUERY_EXAMPLES } from './testing/example-queries.js';

const pack = (...values: unknown[]): Uint8Array => packr.pack(values);
const body = Buffer.from('null');
const NEWS = [['list'], 'text', 7];

describe('messages of query streams', () => {
  it('take what a later release adds at their ends', () => {
    expect(decodeQuestion(pack(1, 1, 'n', 5, 6, body, ...NEWS))).toMatchObject({
      kind: 'message',
      message: { name: 'n', deadlineMs: 5, answerBytesMax: 6 },
    });
    expect(decodeReply(pack(1, 2, body, ...NEWS))).toMatchObject({ message: { kind: 'answer' } });
    expect(decodeReply(pack(1, 3, 77, 'why', ...NEWS))).toMatchObject({
      message: { kind: 'refusal', code: 'failed', text: 'why' },
    });
    expect(decodeReply(pack(1, 3, 2))).toMatchObject({ message: { code: 'busy', text: '' } });
  });

  it('are unknown, without blame, where they are of another kind or version, or named beyond the limit', () => {
    for (const values of [
      [1, 9, ...NEWS],
      [2, 1, 'n', 5, 6, body],
      [1, 1, 'n'.repeat(65), 5, 6, body],
      [1, 1, '', 5, 6, body],
    ])
      expect(decodeQuestion(pack(...values))).toEqual({ kind: 'unknown' });
    expect(decodeReply(pack(1, 1, 'n', 5, 6, body))).toEqual({ kind: 'unknown' });
    expect(decodeReply(pack(2, 2, body))).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['no array', Buffer.of(7)],
    ['nothing', Buffer.of()],
    ['a body that is text', pack(1, 1, 'n', 5, 6, 'null')],
    ['no body', pack(1, 1, 'n', 5, 6)],
    ['a deadline below zero', pack(1, 1, 'n', -1, 6, body)],
    ['a length of text', pack(1, 1, 'n', 1, 'x', body)],
    ['a name that is no text', pack(1, 1, 7, 1, 1, body)],
    ['bytes after it', Buffer.concat([pack(1, 1, 'n', 5, 6, body), Buffer.of(0)])],
    ['too many bytes', pack(1, 1, 'n', 5, 6, Buffer.alloc(QUESTION_BYTES_MAX))],
  ])('are malformed: %s', (_, bytes) => {
    expect(decodeQuestion(bytes).kind).toBe('malformed');
  });

  it('hold what the asker may say within bounds', () => {
    const asked = decodeQuestion(pack(1, 1, 'n', 2 ** 50, 2 ** 50, body));
    expect(asked).toMatchObject({ message: { deadlineMs: 30_000, answerBytesMax: ANSWER_BYTES_MAX } });
  });

  it('have room for an answer of the greatest length', () => {
    const longest = encodeQuery({ kind: 'answer', body: Buffer.alloc(ANSWER_BYTES_MAX - ANSWER_HEAD_BYTES) });
    expect(longest.byteLength).toBe(ANSWER_BYTES_MAX);
    expect(decodeReply(longest).kind).toBe('message');
  });

  it('never throw, whatever comes, also what is nearly one', () => {
    const nearly = fc
      .tuple(
        fc.constantFrom(...Object.values(QUERY_EXAMPLES)),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(),
      )
      .map(([message, at, byte, cut]) => {
        const bytes = Buffer.from(encodeQuery(message));
        bytes[at % bytes.length] = byte;
        return bytes.subarray(0, 1 + (cut % bytes.length));
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearly), (bytes) => {
        for (const decoded of [decodeQuestion(bytes), decodeReply(bytes)])
          expect(['message', 'unknown', 'malformed']).toContain(decoded.kind);
      }),
      { numRuns: 2_000 },
    );
  });
});
