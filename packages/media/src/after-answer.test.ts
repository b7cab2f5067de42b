import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { expect, it } from 'vitest';
import { AfterAnswer } from './after-answer.js';

function started() {
  const after = new AfterAnswer();
  const done: string[] = [];
  const later = (what: string) => after.do(() => done.push(what));
  return { after, done, later };
}

it('does nothing at once, and all of it a moment later, in order', async () => {
  const { done, later } = started();
  later('first');
  later('second');
  expect(done).toEqual([]);
  await until(() => done.length === 2, 'both');
  expect(done).toEqual(['first', 'second']);
});

it('catches up before a line of the log that comes later', () => {
  const { after, done, later } = started();
  const log = new MemoryLog();
  later('first');
  after.do(() => after.inOrder(log).info({ done: [...done] }, 'waited'));
  after.inOrder(log).debug({ done: [...done] }, 'came later');
  expect(done).toEqual(['first']);
  expect(log.lines.map(({ msg }) => msg)).toEqual(['waited', 'came later']);
});

it('does what is added meanwhile, and nothing twice', async () => {
  const { after, done, later } = started();
  after.do(() => later('added'));
  later('first');
  after.catchUp();
  after.catchUp();
  await until(() => done.includes('added'), 'what was added');
  expect(done).toEqual(['first', 'added']);
});

it('keeps no more than so many', () => {
  const { done, later } = started();
  for (let index = 0; index < 65; index += 1) later(String(index));
  expect(done).toHaveLength(65);
});

it('goes on with what waits behind work that throws', () => {
  const { after, done, later } = started();
  after.do(() => {
    throw new Error('a fault');
  });
  later('behind it');
  expect(() => after.catchUp()).toThrow('a fault');
  after.catchUp();
  expect(done).toEqual(['behind it']);
});
