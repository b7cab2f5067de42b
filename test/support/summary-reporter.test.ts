import { describe, expect, it } from 'vitest';
import { summary } from './summary-reporter.js';

const skipped = [{ name: 'a play', why: 'needs ffmpeg (get it: apt-get install ffmpeg)' }];

describe('the summary of a run', () => {
  it('ends in the counts, alone on the last line', () => {
    expect(summary(12, 3, [], false)).toBe('\n12 passed, 3 failed\n');
    expect(summary(12, 0, skipped, false).endsWith('\n\n12 passed, 0 failed, 1 skipped\n')).toBe(true);
  });

  it('names each skipped test, what it lacks and how to get it', () => {
    expect(summary(0, 0, skipped, false)).toContain(
      '\n  a play: needs ffmpeg (get it: apt-get install ffmpeg)\n',
    );
  });

  it('says why skipped tests fail a run in CI', () => {
    expect(summary(0, 0, skipped, true)).toContain('nothing may be skipped');
    expect(summary(0, 0, skipped, false)).not.toContain('nothing may be skipped');
  });
});
