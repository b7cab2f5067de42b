import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { packr } from '../wire/packr.js';
import { decodeReply, encodeQuery, type Reply } from '../wire/query-codec.js';
import {
  ANSWERED_MAX,
  ANSWERED_PER_MEMBER_MAX,
  ANSWERING_MS_MAX,
  QUESTIONS_PER_SECOND_MAX,
} from './query-limits.js';
import type { QueryStreams, QuestionListener } from './query-streams.js';
import { type Acquainted, QuestionsOfMember } from './questions-of-member.js';

let now: number;
let log: MemoryLog;
let questions: QuestionsOfMember;
let isGreeted: (member: string) => boolean;
let offences: string[];
let listener: QuestionListener;
let offend: (from: string, reason: string) => void;

const mesh: Acquainted = {
  self: 'm',
  members: () => [],
  isGreeted: (member) => isGreeted(member),
  offence: (member, reason) => offences.push(`${member} ${reason}`),
};

const servedBy = (serve: QueryStreams['serve']): QueryStreams => ({
  ask: () => Promise.reject(new Error('nobody is asked')),
  serve,
});

beforeEach(() => {
  now = 0;
  log = new MemoryLog();
  isGreeted = () => true;
  offences = [];
  questions = new QuestionsOfMember(log, () => now);
  questions.start(
    mesh,
    servedBy(async (listens, offence) => {
      listener = listens;
      offend = offence;
    }),
  );
  questions.onQuestion('echo', (payload) => payload);
});

const question = (name: string, body: string | Uint8Array = '1', answerBytesMax = 1_000): Uint8Array =>
  encodeQuery({ kind: 'question', name, deadlineMs: 800, answerBytesMax, body: Buffer.from(body) });

/** What this member answers; the answer is handed over then. */
async function replyTo(bytes: Uint8Array, from = 'a'): Promise<Reply> {
  const reply = await listener(from, bytes);
  reply.done();
  const decoded = decodeReply(reply.bytes);
  if (decoded.kind !== 'message') throw new Error(`the reply is ${decoded.kind}`);
  return decoded.message;
}

const answer = (text: string): Reply => ({ kind: 'answer', body: Buffer.from(text) });
const refusal = (code: string, text = '') => ({ kind: 'refusal', code, text });

describe('a question of another member', () => {
  it.each([
    ['echo', '{"deep":[1,null]}', '{"deep":[1,null]}'],
    ['nothing', '1', 'null'],
    ['who', '1', '{"from":"a","bytesMax":992}'],
  ])('is answered by the handler of its kind: %s', async (name, body, expected) => {
    questions.onQuestion('nothing', () => undefined);
    questions.onQuestion('who', async (_, asked) => asked);
    expect(await replyTo(question(name, body))).toEqual(answer(expected));
  });

  it('is refused before it said hello', async () => {
    isGreeted = (member) => member !== 'a';
    expect(await replyTo(question('echo'))).toEqual(refusal('not-greeted'));
    expect(await replyTo(question('echo'), 'b')).toEqual(answer('1'));
  });

  it.each([
    ['of a kind that nobody answers', question('unheard')],
    ['of a later version', packr.pack([2, 1])],
    ['that is no question, but may be one in a later release', packr.pack([1, 99])],
  ])('%s is refused as unknown', async (_, bytes) => {
    expect(await replyTo(bytes)).toEqual(refusal('unknown-question'));
    expect(offences).toEqual([]);
  });

  it.each([
    ['bytes that are no message', Buffer.of(0xc1), /./],
    ['a body that is no JSON', question('echo', '{'), /^the body is no JSON$/],
    ['a body that is no UTF-8', question('echo', Buffer.of(0x22, 0xff, 0x22)), /^the body is no JSON$/],
  ])('with %s is refused, says why, and is an offence', async (_, bytes, text) => {
    expect(await replyTo(bytes)).toEqual({
      kind: 'refusal',
      code: 'bad-question',
      text: expect.stringMatching(text),
    });
    expect(offences).toEqual([expect.stringMatching(/^a question: ./)]);
  });

  it('is refused where the answer is larger than the asker takes', async () => {
    // An answer says 8 bytes more than its body.
    expect(await replyTo(question('echo', '"12345"', 15))).toEqual(answer('"12345"'));
    expect(await replyTo(question('echo', '"12345"', 14))).toEqual(refusal('too-large'));
    const told: number[] = [];
    questions.onQuestion('limit', (_, { bytesMax }) => told.push(bytesMax));
    expect(await replyTo(question('limit', '1', 3))).toEqual(refusal('too-large'));
    expect(told).toEqual([0]);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('planted'))],
    ['answers what is no JSON', () => 1n],
  ])('fails where its handler %s, and the log says so', async (_, handler) => {
    questions.onQuestion('faulty', handler);
    expect(await replyTo(question('faulty'))).toEqual(refusal('failed'));
    expect(log.lines).toEqual([
      {
        level: 'error',
        msg: 'question not answered',
        fields: { err: expect.any(Error), member: 'a', question: 'faulty' },
      },
    ]);
  });

  it('fails where this program is at fault before any handler is, and the log says so', async () => {
    const fault = new Error('planted');
    isGreeted = () => {
      throw fault;
    };
    expect(await replyTo(question('echo'))).toEqual(refusal('failed'));
    expect(log.lines).toEqual([
      { level: 'error', msg: 'question not answered', fields: { err: fault, member: 'a' } },
    ]);
  });

  it('is refused while as many of the same member are under way as may be', async () => {
    const ends: (() => void)[] = [];
    questions.onQuestion('slow', () => new Promise((resolve) => ends.push(() => resolve(1))));
    const slow = Array.from({ length: ANSWERED_PER_MEMBER_MAX }, () => listener('a', question('slow')));
    expect(await replyTo(question('echo'))).toEqual(refusal('busy'));
    expect(await replyTo(question('echo'), 'b')).toEqual(answer('1'));
    for (const end of ends) end();
    const replies = await Promise.all(slow);
    // Until its answer is handed over, a question is under way.
    expect(await replyTo(question('echo'))).toEqual(refusal('busy'));
    replies[0]?.done();
    expect(await replyTo(question('echo'))).toEqual(answer('1'));
  });

  it('holds no place for longer than anybody waits, where its handler never ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    questions.onQuestion('hung', () => new Promise(() => {}));
    const hung = Array.from({ length: ANSWERED_MAX }, (_, index) =>
      replyTo(question('hung'), `m${Math.floor(index / ANSWERED_PER_MEMBER_MAX)}`),
    );
    await vi.advanceTimersByTimeAsync(ANSWERING_MS_MAX - 1);
    expect(await replyTo(question('echo'))).toEqual(refusal('busy'));
    await vi.advanceTimersByTimeAsync(1);
    expect(await replyTo(question('echo'))).toEqual(answer('1'));
    for (const reply of await Promise.all(hung)) expect(reply).toEqual(refusal('failed'));
    expect(log.of('question not answered')[0]).toEqual({
      err: expect.objectContaining({ code: 'ETIMEDOUT' }),
      member: 'm0',
      question: 'hung',
    });
  });

  it('is refused where it asks more often than it may, until time has gone by or it has connected anew', async () => {
    for (let time = 0; time < QUESTIONS_PER_SECOND_MAX; time += 1)
      expect(await replyTo(question('echo'))).toEqual(answer('1'));
    expect(await replyTo(question('echo'))).toEqual(refusal('busy'));
    expect(await replyTo(question('echo'), 'b')).toEqual(answer('1'));
    now += 1_000 / QUESTIONS_PER_SECOND_MAX;
    expect(await replyTo(question('echo'))).toEqual(answer('1'));
    expect(await replyTo(question('echo'))).toEqual(refusal('busy'));
    questions.forget('a');
    expect(await replyTo(question('echo'))).toEqual(answer('1'));
  });
});

describe('who answers a question', () => {
  it('is one handler for each kind, until it stops', async () => {
    const stop = questions.onQuestion('one', () => 1);
    expect(() => questions.onQuestion('one', () => 2)).toThrow('two handlers for the question one');
    expect(await replyTo(question('one'))).toEqual(answer('1'));
    stop();
    expect(await replyTo(question('one'))).toEqual(refusal('unknown-question'));
    questions.onQuestion('one', () => 2);
    expect(await replyTo(question('one'))).toEqual(answer('2'));
  });

  it('is nobody once the member has stopped', async () => {
    questions.stop();
    expect(await replyTo(question('echo'))).toEqual(refusal('unknown-question'));
  });

  it('hears of what the network holds against a member', () => {
    offend('a', 'streams without a question');
    expect(offences).toEqual(['a streams without a question']);
  });

  it('is nobody where the network does not let it listen, and the log says so', async () => {
    new QuestionsOfMember(log, () => now).start(
      mesh,
      servedBy(() => Promise.reject(new Error('no such protocol'))),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.of('mesh answers no questions')).toEqual([{ reason: 'no such protocol' }]);
  });
});
