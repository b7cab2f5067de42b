import type { Liveness } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packr } from '../wire/packr.js';
import { decodeQuestion, encodeQuery, type Question } from '../wire/query-codec.js';
import { ANSWER_BYTES_MAX, ASKED_PER_MEMBER_MAX, DEADLINE_MS, QUESTION_BYTES_MAX } from './query-limits.js';
import { QueryStreamError, type QueryStreams } from './query-streams.js';
import { type Acquainted, QuestionsOfMember } from './questions-of-member.js';

/** A question with so many bytes of JSON, as it is sent where nothing is said of its deadline. */
const sizeOf = (bodyBytes: number): number =>
  encodeQuery({
    kind: 'question',
    name: 'echo',
    deadlineMs: DEADLINE_MS,
    answerBytesMax: ANSWER_BYTES_MAX,
    body: Buffer.alloc(bodyBytes),
  }).byteLength;

let log: MemoryLog;
let questions: QuestionsOfMember;
let members: { readonly id: string; readonly liveness: Liveness }[];
let strangers: Set<string>;
let offences: string[];
/** What was sent to whom. */
let sent: { readonly member: string; readonly question: Question; readonly signal: AbortSignal }[];
/** What the network does with a question. */
let carry: (member: string, question: Question, signal: AbortSignal) => Promise<Uint8Array>;

const mesh: Acquainted = {
  self: 'm',
  members: () => members,
  isGreeted: (member) => !strangers.has(member),
  offence: (member, reason) => offences.push(`${member} ${reason}`),
};
const streams: QueryStreams = {
  ask: (member, bytes, _replyBytesMax, signal) => {
    const decoded = decodeQuestion(bytes);
    if (decoded.kind !== 'message') throw new Error('no question');
    sent.push({ member, question: decoded.message, signal });
    return carry(member, decoded.message, signal);
  },
  serve: () => Promise.resolve(),
};

const answer = (text: string | Uint8Array): Uint8Array =>
  encodeQuery({ kind: 'answer', body: Buffer.from(text) });
const untilAborted = (signal: AbortSignal): Promise<Uint8Array> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new QueryStreamError('deadline')));
  });
const noAnswer = (reason: string) => ({ isAnswered: false, reason });

beforeEach(() => {
  log = new MemoryLog();
  members = [];
  strangers = new Set();
  offences = [];
  sent = [];
  carry = (_, { body }) => Promise.resolve(answer(body));
  questions = new QuestionsOfMember(log, () => 0);
  questions.start(mesh, streams);
});

describe('a question to another member', () => {
  it.each([[{ deep: [1, 'two', null] }], ['text'], [0], [false], [null]])(
    'carries %j there, and what is answered back',
    async (payload) => {
      expect(await questions.ask('a', 'echo', payload)).toEqual({ isAnswered: true, payload });
      expect(sent).toMatchObject([{ member: 'a', question: { name: 'echo' } }]);
    },
  );

  it('may say nothing beside its kind', async () => {
    expect(await questions.ask('a', 'echo', undefined)).toEqual({ isAnswered: true, payload: null });
  });

  it.each([
    ['before this one has started', () => new QuestionsOfMember(log, () => 0)],
    [
      'once it has stopped',
      () => {
        questions.stop();
        return questions;
      },
    ],
    [
      'where it is alone',
      () => {
        const alone = new QuestionsOfMember(log, () => 0);
        alone.start(mesh, null);
        return alone;
      },
    ],
    [
      'where that one has not said hello',
      () => {
        strangers.add('a');
        return questions;
      },
    ],
  ])('is not sent %s', async (_, asker) => {
    expect(await asker().ask('a', 'echo', 1)).toEqual(noAnswer('not-connected'));
    expect(sent).toEqual([]);
  });

  it('is not sent where it is larger than any member takes', async () => {
    const most = QUESTION_BYTES_MAX - (sizeOf(60_000) - 60_000);
    expect(sizeOf(most)).toBe(QUESTION_BYTES_MAX);
    const fitting = 'x'.repeat(most - '""'.length);
    expect(await questions.ask('a', 'echo', fitting)).toMatchObject({ isAnswered: true });
    expect(await questions.ask('a', 'echo', `${fitting}x`)).toEqual(noAnswer('too-large'));
    expect(sent).toHaveLength(1);
  });

  it('is not sent while as many to the same member are under way as may be', async () => {
    const ends: (() => void)[] = [];
    carry = (_, { body }) =>
      new Promise((resolve) => {
        ends.push(() => resolve(answer(body)));
      });
    const all = Array.from({ length: ASKED_PER_MEMBER_MAX }, (_, index) => questions.ask('a', 'echo', index));
    expect(await questions.ask('a', 'echo', 0)).toEqual(noAnswer('busy'));
    ends[0]?.();
    await all[0];
    const next = questions.ask('a', 'echo', 0);
    for (const end of ends) end();
    expect(await Promise.all([...all, next])).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 0].map((payload) => ({ isAnswered: true, payload })),
    );
  });

  it.each(['not-connected', 'not-supported', 'connection-lost', 'deadline', 'too-large'] as const)(
    'that the network does not carry ends with its reason: %s',
    async (reason) => {
      carry = () => Promise.reject(new QueryStreamError(reason));
      expect(await questions.ask('a', 'echo', 1)).toEqual(noAnswer(reason));
      expect(log.lines).toEqual([]);
    },
  );

  it('that meets a fault of this program fails, and the log says so', async () => {
    const fault = new Error('planted');
    carry = () => Promise.reject(fault);
    expect(await questions.ask('a', 'echo', 1)).toEqual(noAnswer('failed'));
    expect(log.lines).toEqual([
      { level: 'error', msg: 'question failed', fields: { err: fault, member: 'a', kind: 'echo' } },
    ]);
  });

  it.each(['a', 'm'])('that is no JSON fails, and the log says so: to %s', async (member) => {
    expect(await questions.ask(member, 'echo', 1n)).toEqual(noAnswer('failed'));
    expect(log.lines).toMatchObject([
      {
        level: 'error',
        msg: 'question failed',
        fields: { err: expect.any(Error), member, kind: 'echo' },
      },
    ]);
    expect(sent).toEqual([]);
  });

  it.each([
    ['failed', 'failed'],
    ['unknown-question', 'unknown-question'],
    ['busy', 'busy'],
    ['bad-question', 'failed'],
    ['too-large', 'too-large'],
    ['not-greeted', 'not-connected'],
  ] as const)('that is refused as %s ends as %s', async (code, reason) => {
    carry = () => Promise.resolve(encodeQuery({ kind: 'refusal', code, text: '' }));
    expect(await questions.ask('a', 'echo', 1)).toEqual(noAnswer(reason));
    expect(offences).toEqual([]);
  });

  it.each([
    ['of a later version', packr.pack([2, 2, Buffer.from('1')]), []],
    ['of no kind that is known', packr.pack([1, 99]), []],
    ['of bytes that are no message', Buffer.of(0xc1), [expect.stringMatching(/^a answer: ./)]],
    ['with a body that is no JSON', answer('{'), ['a answer: no JSON']],
    ['with a body that is no UTF-8', answer(Buffer.of(0x22, 0xff, 0x22)), ['a answer: no JSON']],
  ])('fails with an answer %s, which is an offence where no release says so', async (_, bytes, expected) => {
    carry = () => Promise.resolve(bytes);
    expect(await questions.ask('a', 'echo', 1)).toEqual(noAnswer('failed'));
    expect(offences).toEqual(expected);
    // Another member's fault is none of this program.
    expect(log.lines).toEqual([]);
  });
});

describe('how long an answer is waited for', () => {
  beforeEach(async () => {
    await Promise.resolve();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    carry = (_, __, signal) => untilAborted(signal);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['800 ms where nothing is said', {}, 800],
    ['as long as is said', { deadlineMs: 50 }, 50],
    ['a whole number of ms', { deadlineMs: 50.2 }, 51],
    ['1 ms at least', { deadlineMs: -1 }, 1],
    ['30 s at most', { deadlineMs: 1e9 }, 30_000],
  ])('is %s, by a member and by this one itself', async (_, options, waitMs) => {
    questions.onQuestion('silence', () => new Promise(() => {}));
    let ended = 0;
    const all = ['a', 'm'].map(async (member) => {
      expect(await questions.ask(member, 'silence', 1, options)).toEqual(noAnswer('deadline'));
      ended += 1;
    });
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(ended).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(all);
    expect(sent).toMatchObject([{ question: { deadlineMs: waitMs } }]);
  });

  it('ends with the answer', async () => {
    carry = (_, { body }) => Promise.resolve(answer(body));
    questions.onQuestion('echo', (payload) => payload);
    await questions.ask('a', 'echo', 1);
    await questions.ask('m', 'echo', 1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a question of a member to itself', () => {
  it('is answered by its own handler, also where it is alone', async () => {
    const alone = new QuestionsOfMember(log, () => 0);
    alone.start(mesh, null);
    const asked: unknown[] = [];
    alone.onQuestion('double', async (payload, { from, bytesMax }) => {
      asked.push(from, bytesMax);
      return 2 * (payload as number);
    });
    expect(await alone.ask('m', 'double', 21)).toEqual({ isAnswered: true, payload: 42 });
    expect(asked).toEqual(['m', ANSWER_BYTES_MAX - 8]);
  });

  it('says to it what it would say to any other, and has no object in common with it', async () => {
    const asked: unknown[] = [];
    questions.onQuestion('what', (payload) => asked.push(payload));
    const payload = { at: new Date(0), left: undefined };
    await questions.ask('m', 'what', payload);
    await questions.ask('m', 'what', undefined);
    expect(asked).toStrictEqual([{ at: '1970-01-01T00:00:00.000Z' }, null]);
  });

  it('may be no larger than to any other', async () => {
    questions.onQuestion('what', () => 1);
    const payload = 'x'.repeat(QUESTION_BYTES_MAX);
    expect(await questions.ask('m', 'what', payload)).toEqual(noAnswer('too-large'));
  });

  it.each([
    ['that it does not know', 'unknown', 'unknown-question'],
    ['whose answer is too large', 'large', 'too-large'],
    ['whose handler throws', 'faulty', 'failed'],
  ])('%s ends as any other', async (_, kind, reason) => {
    questions.onQuestion('large', () => 'x'.repeat(ANSWER_BYTES_MAX));
    questions.onQuestion('faulty', () => {
      throw new Error('planted');
    });
    expect(await questions.ask('m', kind, 1)).toEqual(noAnswer(reason));
    expect(sent).toEqual([]);
  });
});

describe('a question to all', () => {
  it('goes to each member that is not dead or gone, and tells who answered and who did not, and why', async () => {
    members = [
      { id: 'm', liveness: 'alive' },
      { id: 'a', liveness: 'alive' },
      { id: 'b', liveness: 'suspect' },
      { id: 'c', liveness: 'dead' },
      { id: 'd', liveness: 'left' },
      { id: 'e', liveness: 'alive' },
    ];
    strangers.add('e');
    questions.onQuestion('who', () => 'myself');
    carry = (member) =>
      member === 'a'
        ? Promise.resolve(answer('"a"'))
        : Promise.reject(new QueryStreamError('connection-lost'));
    expect(await questions.askAll('who', 1, { deadlineMs: 50 })).toEqual({
      answers: [
        { member: 'm', payload: 'myself' },
        { member: 'a', payload: 'a' },
      ],
      missing: [
        { member: 'b', reason: 'connection-lost' },
        { member: 'e', reason: 'not-connected' },
      ],
    });
    expect(sent.map(({ member, question }) => [member, question.deadlineMs])).toEqual([
      ['a', 50],
      ['b', 50],
    ]);
  });

  it.each([
    [2, 1024 * 1024],
    [32, 1024 * 1024],
    [64, 512 * 1024],
    [100, 335_544],
  ])(
    'to %i members leaves each of them its share of what all answers may hold: %i bytes',
    async (count, bytes) => {
      members = Array.from({ length: count }, (_, index) => ({ id: `a${index}`, liveness: 'alive' }));
      await questions.askAll('echo', 1);
      expect(new Set(sent.map(({ question }) => question.answerBytesMax))).toEqual(new Set([bytes]));
      expect(sent).toHaveLength(count);
    },
  );

  it('has no answers where nobody is there, and before this one has started', async () => {
    const nobody = { answers: [], missing: [] };
    expect(await questions.askAll('echo', 1)).toEqual(nobody);
    expect(await new QuestionsOfMember(log, () => 0).askAll('echo', 1)).toEqual(nobody);
  });
});
