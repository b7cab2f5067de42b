import { expect, it } from 'vitest';
import { KEY } from '../testing/frames.js';
import { stamped } from './taken-frame.js';

it('makes a frame anew only where its time is another', () => {
  const frame = KEY(40, 1);
  expect(stamped(frame, 40)).toBe(frame);
  expect(stamped(frame, 80)).toEqual({ ...frame, timestampMs: 80 });
  expect(frame.timestampMs).toBe(40);
});
