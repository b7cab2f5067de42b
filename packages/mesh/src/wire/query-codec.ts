import {
  ANSWER_BYTES_MAX,
  DEADLINE_MS_MAX,
  QUESTION_BYTES_MAX,
  QUESTION_KIND_LENGTH_MAX,
  REFUSAL_TEXT_LENGTH_MAX,
} from '../query/query-limits.js';
import type { Decoded } from './codec.js';
import { Fields, WireError } from './fields.js';
import { inspect, withoutForeign } from './inspect.js';
import { packr } from './packr.js';

/** What one member asks another (docs/wire.md, "Questions"). */
export interface Question {
  readonly kind: 'question';
  /** What is asked; both sides know by it what the body holds. */
  readonly name: string;
  /** The asker waits no longer. */
  readonly deadlineMs: number;
  /** Longest answer that the asker takes, bytes. */
  readonly answerBytesMax: number;
  /** JSON in UTF-8. */
  readonly body: Uint8Array;
}

/** `bad-question`: the answerer could not read it. */
export type RefusalCode =
  | 'failed'
  | 'unknown-question'
  | 'busy'
  | 'bad-question'
  | 'too-large'
  | 'not-greeted';

export type Reply =
  | { readonly kind: 'answer'; readonly body: Uint8Array }
  | { readonly kind: 'refusal'; readonly code: RefusalCode; readonly text: string };

/** Second field of each message on a query stream. Numbers are never used again for something else. */
export const QUERY_KINDS = { question: 1, answer: 2, refusal: 3 } as const;

/** By their numbers. What a later release adds is read as `failed`. */
export const REFUSAL_CODES: readonly RefusalCode[] = [
  'failed',
  'unknown-question',
  'busy',
  'bad-question',
  'too-large',
  'not-greeted',
];

/** The only version so far. */
const VERSION = 1;

/** Bytes of an answer beside its body: the array, version, kind, and the body's length. */
export const ANSWER_HEAD_BYTES = 8;

export function encodeQuery(message: Question | Reply): Uint8Array {
  switch (message.kind) {
    case 'question': {
      const { name, deadlineMs, answerBytesMax, body } = message;
      return packr.pack([VERSION, QUERY_KINDS.question, name, deadlineMs, answerBytesMax, body]);
    }
    case 'answer':
      return packr.pack([VERSION, QUERY_KINDS.answer, message.body]);
    case 'refusal':
      return packr.pack([VERSION, QUERY_KINDS.refusal, REFUSAL_CODES.indexOf(message.code), message.text]);
  }
}

export const decodeQuestion = (bytes: Uint8Array): Decoded<Question> =>
  decode(bytes, QUESTION_BYTES_MAX, (kind, fields) => {
    if (kind !== QUERY_KINDS.question) return null;
    const name = fields.wholeText('name', QUESTION_KIND_LENGTH_MAX);
    const deadlineMs = Math.min(fields.count('deadlineMs'), DEADLINE_MS_MAX);
    const answerBytesMax = Math.min(fields.count('answerBytesMax'), ANSWER_BYTES_MAX);
    const body = fields.bytesOrNull();
    if (body === null) throw new WireError('body is no bytes');
    return name === null ? null : { kind: 'question', name, deadlineMs, answerBytesMax, body };
  });

export const decodeReply = (bytes: Uint8Array): Decoded<Reply> =>
  decode(bytes, ANSWER_BYTES_MAX, (kind, fields) => {
    if (kind === QUERY_KINDS.answer) {
      const body = fields.bytesOrNull();
      if (body === null) throw new WireError('body is no bytes');
      return { kind: 'answer', body };
    }
    if (kind !== QUERY_KINDS.refusal) return null;
    const code = REFUSAL_CODES[fields.count('code')] ?? 'failed';
    return { kind: 'refusal', code, text: fields.textOrNull(REFUSAL_TEXT_LENGTH_MAX) ?? '' };
  });

function decode<T>(
  bytes: Uint8Array,
  bytesMax: number,
  read: (kind: number, fields: Fields) => T | null,
): Decoded<T> {
  if (bytes.byteLength > bytesMax) return malformed(`${bytes.byteLength} bytes are too many`);
  const { problem, foreign } = inspect(bytes);
  if (problem !== null) return malformed(problem);
  try {
    const fields = new Fields(packr.unpack(withoutForeign(bytes, foreign)), 'message');
    const version = fields.count('version');
    const kind = fields.count('kind');
    if (version > VERSION) return { kind: 'unknown' };
    const message = read(kind, fields);
    return message === null ? { kind: 'unknown' } : { kind: 'message', message };
  } catch (error) {
    return malformed(error instanceof WireError ? error.message : 'undecodable');
  }
}

const malformed = (reason: string): { kind: 'malformed'; reason: string } => ({ kind: 'malformed', reason });
