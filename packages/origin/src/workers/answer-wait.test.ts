import { expect, it } from 'vitest';
import { AnswerWait, MUTE_MS } from './answer-wait.js';

it('is long once for a worker that says nothing, and long again for one that was heard', () => {
  const wait = new AnswerWait(500);
  expect(wait.ms).toBe(500);
  wait.passed();
  expect(wait.ms).toBe(MUTE_MS);
  wait.passed();
  expect(wait.ms).toBe(MUTE_MS);
  wait.heard();
  expect(wait.ms).toBe(500);
});
