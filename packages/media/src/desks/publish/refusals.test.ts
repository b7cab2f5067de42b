import { describe, expect, it } from 'vitest';
import { isPublishRefusal, REFUSALS } from './refusals.js';

describe('why a publisher is refused', () => {
  it.each(Object.entries(REFUSALS))(
    'is a code that another member may pass on, and a sentence: %s',
    (code, text) => {
      expect(isPublishRefusal(code)).toBe(true);
      expect(text).toMatch(/^[a-z][^.]+ [^.]+/);
    },
  );

  it.each([undefined, '', 'unknown', 'toString', 'NetStream.Publish.BadName'])(
    'is no code of ours: %s',
    (code) => {
      expect(isPublishRefusal(code)).toBe(false);
    },
  );
});
