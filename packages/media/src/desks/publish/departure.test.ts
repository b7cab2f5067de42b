import { describe, expect, it } from 'vitest';
import { afterClosing, type Closing, type Departure, isClosedBefore } from './departure.js';

describe('how a publisher leaves', () => {
  it.each<[Departure, Closing, ReturnType<typeof afterClosing>]>([
    ['staying', 'others', 'closed'],
    ['asked', 'others', 'at-keyframe'],
    ['at-keyframe', 'others', 'at-keyframe'],
    ['staying', 'all', 'closed'],
    ['asked', 'all', 'closed'],
    ['at-keyframe', 'all', 'closed'],
  ])('%s, when %s are closed: %s', (departure, closing, after) => {
    expect(afterClosing(departure, closing)).toBe(after);
  });

  const frame = (kind: 'audio' | 'video' | 'data', isKeyframe = false, isHeader = false) => ({
    kind,
    isKeyframe,
    isHeader,
  });
  it.each([
    ['a keyframe', frame('video', true), true, true],
    ['another picture', frame('video'), true, false],
    ['a header', frame('video', true, true), true, false],
    ['a sound beside video', frame('audio'), true, false],
    ['a sound without video', frame('audio'), false, true],
    ["a sound's header", frame('audio', false, true), false, false],
    ['data', frame('data'), false, false],
  ])('is closed before %s or not', (_, next, hasVideo, isClosed) => {
    expect(isClosedBefore('at-keyframe', next, hasVideo)).toBe(isClosed);
    for (const departure of ['staying', 'asked'] as const)
      expect(isClosedBefore(departure, next, hasVideo)).toBe(false);
  });
});
