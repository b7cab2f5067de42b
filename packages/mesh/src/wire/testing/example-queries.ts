import { type Question, REFUSAL_CODES, type Reply } from '../query-codec.js';

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Messages of each kind that go over query streams. */
export const QUERY_EXAMPLES: Readonly<Record<string, Question | Reply>> = {
  question: {
    kind: 'question',
    name: 'stream',
    deadlineMs: 800,
    answerBytesMax: 1_048_576,
    body: json({ key: '__defaultVhost__/live/房间/s1', playersMax: 100 }),
  },
  'question without more': {
    kind: 'question',
    name: 'x',
    deadlineMs: 1,
    answerBytesMax: 0,
    body: json(null),
  },
  answer: { kind: 'answer', body: json({ players: 3, clients: [{ id: 'p1' }] }) },
  'answer, nothing': { kind: 'answer', body: json(null) },
  ...Object.fromEntries(
    REFUSAL_CODES.map((code) => [
      `refusal, ${code}`,
      { kind: 'refusal', code, text: code === 'bad-question' ? 'the body is no JSON' : '' } as const,
    ]),
  ),
};
