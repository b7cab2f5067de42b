import { expect, it } from 'vitest';
import { makeSession } from './make-session.js';
import { readRecordings } from './record.js';

it('makes the same session of the same seed and number', () => {
  const recordings = readRecordings();
  for (let index = 0; index < 200; index += 1) {
    expect(makeSession(7, index, recordings)).toEqual(makeSession(7, index, recordings));
  }
  expect(makeSession(7, 1, recordings)).not.toEqual(makeSession(8, 1, recordings));
});
