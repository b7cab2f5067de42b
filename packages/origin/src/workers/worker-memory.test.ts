import { describe, expect, it } from 'vitest';
import { workerArguments, workerEnvironment } from './worker-memory.js';

describe('workerArguments', () => {
  it('make the young generation smaller', () => {
    expect(workerArguments([], {})).toEqual(['--max-semi-space-size=8']);
  });

  it('let what main was started with stand, but for its inspector', () => {
    const ofMain = [
      '--inspect=9229',
      '--inspect-port=9230',
      '--max-semi-space-size=64',
      '--enable-source-maps',
    ];
    expect(workerArguments(ofMain, {})).toEqual([
      '--max-semi-space-size=8',
      '--max-semi-space-size=64',
      '--enable-source-maps',
    ]);
  });

  it.each(['--max-semi-space-size=64', '--trace-warnings --max_semi_space_size=64'])(
    'let NODE_OPTIONS stand: %s',
    (options) => {
      expect(workerArguments(['--trace-warnings'], { NODE_OPTIONS: options })).toEqual(['--trace-warnings']);
    },
  );
});

describe('workerEnvironment', () => {
  it('gives large memory back to the system, in few enough pieces', () => {
    const { MALLOC_MMAP_THRESHOLD_: threshold, MALLOC_MMAP_MAX_: most } = workerEnvironment({});
    // Each read has a buffer of so much, which would else cost calls to the system.
    expect(Number(threshold)).toBeGreaterThan(65_536 + 64);
    expect(Number(most)).toBeLessThan(65_530);
  });

  it('lets what is set stand', () => {
    expect(workerEnvironment({ MALLOC_MMAP_THRESHOLD_: '1000000', PATH: '/bin' })).toMatchObject({
      MALLOC_MMAP_THRESHOLD_: '1000000',
      PATH: '/bin',
    });
  });
});
