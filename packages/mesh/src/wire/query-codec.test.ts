import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_BYTES_MAX, QUESTION_BYTES_MAX } from '../query/query-limits.js';
import { packr } from './packr.js';
import { ANSWER_HEAD_BYTES, decodeQuestion, decodeReply, encodeQuery } from './query-codec.js';
import { QUERY_EXAMPLES } from './testing/example-queries.js';

const pack = (...values: unknown[]): Uint8Array => packr.pack(values);
const body = Buffer.from('null');
/** Of a question before its body of 64 KiB or more. */
const HEAD_BYTES = 12;
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
    ['no array', Buffer.of(7), 'message is no array'],
    ['nothing', Buffer.of(), 'cut short'],
    ['a version of text', pack('1', 1, 'n', 5, 6, body), 'version is no whole number >= 0'],
    ['a kind of text', pack(1, '1', 'n', 5, 6, body), 'kind is no whole number >= 0'],
    ['a body that is text', pack(1, 1, 'n', 5, 6, 'null'), 'body is no bytes'],
    ['no body', pack(1, 1, 'n', 5, 6), 'body is no bytes'],
    ['a deadline below zero', pack(1, 1, 'n', -1, 6, body), 'deadlineMs is no whole number >= 0'],
    ['a length of text', pack(1, 1, 'n', 1, 'x', body), 'answerBytesMax is no whole number >= 0'],
    ['a name that is no text', pack(1, 1, 7, 1, 1, body), 'name is no text'],
    ['bytes after it', Buffer.concat([pack(1, 1, 'n', 5, 6, body), Buffer.of(0)]), 'followed by more bytes'],
    [
      'too many bytes',
      pack(1, 1, 'n', 5, 6, Buffer.alloc(QUESTION_BYTES_MAX)),
      `${QUESTION_BYTES_MAX + HEAD_BYTES} bytes are too many`,
    ],
  ])('are malformed: %s', (_, bytes, reason) => {
    expect(decodeQuestion(bytes)).toEqual({ kind: 'malformed', reason });
  });

  it.each([
    ['an answer without a body', pack(1, 2, 'null'), 'body is no bytes'],
    ['a refusal without a code', pack(1, 3, 'busy'), 'code is no whole number >= 0'],
  ])('are malformed: %s', (_, bytes, reason) => {
    expect(decodeReply(bytes)).toEqual({ kind: 'malformed', reason });
  });

  it.each([QUESTION_BYTES_MAX, QUESTION_BYTES_MAX + 1])('of %i bytes are read up to the limit', (length) => {
    // Somewhat shorter, so that its own length has a shorter form.
    const bytes = pack(1, 1, 'n', 5, 6, Buffer.alloc(length - HEAD_BYTES + 2));
    expect(bytes.byteLength).toBe(length);
    expect(decodeQuestion(bytes).kind).toBe(length > QUESTION_BYTES_MAX ? 'malformed' : 'message');
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
