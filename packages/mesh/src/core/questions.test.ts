import { beforeEach, describe, expect, it } from 'vitest';
import { ASK_DEADLINE_MS, ASKS_PER_SECOND_MAX, ENVELOPES_KEPT_MAX } from './limits.js';
import type { Ask, Words } from './messages.js';
import { Questions } from './questions.js';

const ask = (id: number, owner = 'owner'): Ask => ({
  kind: 'ask',
  ask: id,
  owner,
  held: { generation: 1, version: 2 },
});

const envelopesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => Uint8Array.of(index));

const words = (id: number, last = true, envelopes = envelopesOf(1)): Words => ({
  kind: 'words',
  ask: id,
  last,
  envelopes,
});

let questions: Questions;

beforeEach(() => {
  questions = new Questions();
});

describe('a member that puts questions', () => {
  it('may put so many in a second', () => {
    for (let asks = 0; asks < ASKS_PER_SECOND_MAX; asks += 1) expect(questions.allows(5_000)).toBe(true);
    expect(questions.allows(5_000)).toBe(false);
    expect(questions.allows(6_000)).toBe(true);
  });
});

describe('a member whose words are wanted', () => {
  it('is asked of others at once, and then after a pause', () => {
    expect(questions.soughtAt).toBe(Number.NEGATIVE_INFINITY);
    expect(questions.isDue(300, 0)).toBe(true);
    questions.asked(1_000);
    expect(questions.soughtAt).toBe(1_000);
    expect(questions.isDue(300, 1_299)).toBe(false);
    expect(questions.isDue(300, 1_300)).toBe(true);
  });
});

describe('a member that is asked', () => {
  it('is asked one question at a time', () => {
    expect(questions.isFree(1_000)).toBe(true);
    questions.ask(ask(7), 1_000);
    expect(questions.isFree(1_001)).toBe(false);
    questions.answered(words(7, false));
    expect(questions.isFree(1_001)).toBe(false);
    questions.answered(words(7, true));
    expect(questions.isFree(1_001)).toBe(true);
  });

  it('is asked another one where it does not answer for long', () => {
    questions.ask(ask(7), 1_000);
    expect(questions.isFree(999 + ASK_DEADLINE_MS)).toBe(false);
    expect(questions.isFree(1_000 + ASK_DEADLINE_MS)).toBe(true);
  });

  it('is asked another one on its next connection', () => {
    questions.ask(ask(7), 1_000);
    questions.disconnected();
    expect(questions.isFree(1_000)).toBe(true);
  });

  it('is held to what it was asked for last on this connection', () => {
    expect(questions.last).toBeNull();
    questions.ask(ask(7), 0);
    questions.ask(ask(8, 'other'), 0);
    expect(questions.last).toMatchObject({ owner: 'other', held: { generation: 1, version: 2 } });
    questions.disconnected();
    expect(questions.last).toBeNull();
  });
});

describe('an answer', () => {
  it('is taken in parts, up to the last one', () => {
    questions.ask(ask(7), 0);
    expect(questions.answered(words(7, false, envelopesOf(2)))).toEqual({ envelopes: envelopesOf(2) });
    expect(questions.answered(words(7, true, envelopesOf(3)))).toEqual({ envelopes: envelopesOf(3) });
    expect(questions.answered(words(7, true))).toBe('unasked');
  });

  it('is taken as far as envelopes are kept, all its parts together', () => {
    questions.ask(ask(7), 0);
    questions.answered(words(7, false, envelopesOf(ENVELOPES_KEPT_MAX - 1)));
    expect(questions.answered(words(7, false, envelopesOf(5)))).toEqual({ envelopes: envelopesOf(1) });
    expect(questions.answered(words(7, true, envelopesOf(5)))).toEqual({ envelopes: [] });
    questions.ask(ask(8), 0);
    expect(questions.answered(words(8, true, envelopesOf(5)))).toEqual({ envelopes: envelopesOf(5) });
  });

  const asked = (id: number) => () => questions.ask(ask(id), 0);
  const disconnected = () => questions.disconnected();

  it.each([
    ['unasked where nothing was asked', [], 7, 'unasked'],
    ['unasked where a later question is answered than the last one', [asked(7)], 8, 'unasked'],
    ['late where an earlier question is answered', [asked(7), asked(8)], 7, 'late'],
    ['late where its question went with its connection', [asked(7), disconnected], 7, 'late'],
    ['late also after another question on the next one', [asked(7), disconnected, asked(8)], 7, 'late'],
    ['late also after more connections', [asked(7), disconnected, disconnected], 7, 'late'],
    ['unasked where no question went with the connection', [disconnected], 1, 'unasked'],
    ['unasked where a later question is answered than went', [asked(7), disconnected], 8, 'unasked'],
  ] as const)('is %s', (_, before, id, expected) => {
    for (const event of before) event();
    expect(questions.answered(words(id))).toBe(expected);
  });
});
