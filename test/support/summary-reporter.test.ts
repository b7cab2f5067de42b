import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment } from './origin-process.js';
import { REPOSITORY } from './repository.js';
import { summary } from './summary-reporter.js';

const skipped = [{ name: 'a play', why: 'needs ffmpeg (get it: apt-get install ffmpeg)' }];
const failed = [{ name: 'a publish', why: 'expected 1 to be 2' }];

describe('the summary of a run', () => {
  it('ends in the counts, alone on the last line', () => {
    expect(summary({ passed: 12, failed: [], skipped: [] }, false)).toBe('\n12 passed, 0 failed\n');
    const text = summary({ passed: 12, failed, skipped }, false);
    expect(text.endsWith('\n\n12 passed, 1 failed, 1 skipped\n')).toBe(true);
  });

  it('says why skipped tests fail a run in CI', () => {
    expect(summary({ passed: 0, failed: [], skipped }, true)).toContain('nothing may be skipped');
    expect(summary({ passed: 0, failed: [], skipped }, false)).not.toContain('nothing may be skipped');
  });
});

/** A run of the fixtures named so, as `npm test` would be started. */
function run(filter: string, ci: string, more: NodeJS.ProcessEnv = {}) {
  const folder = join(REPOSITORY, 'test/support/summary-fixture');
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', folder, filter], {
    env: { ...cleanEnvironment(), CI: ci, ...more },
    encoding: 'utf8',
  });
  return { status, stdout };
}

describe('a real run', () => {
  it('names everything that failed, also where no test of its own did', () => {
    const { status, stdout } = run('', '');
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        '',
        'Failed:',
        '  outcomes.fixture.ts > a suite without its setup (as a whole): no setup',
        '  outcomes.fixture.ts > a suite that leaves something behind (as a whole): no cleanup',
        '  outcomes.fixture.ts > fails: expected 1 to be 2 // Object.is equality (line 6)',
        '  outcomes.fixture.ts > a suite without its setup > never runs: not run: what it needs could not be set up',
        '  unloadable.fixture.ts (as a whole): this file can not be loaded',
        '  outside of any test: nobody waits for this',
        '',
        'Skipped:',
        '  outcomes.fixture.ts > is skipped: needs a thing (get it: somewhere)',
        '  skipped.fixture.ts > is skipped: needs a thing (get it: somewhere)',
        '',
        '4 passed, 6 failed, 2 skipped',
        '',
      ].join('\n'),
    );
  });

  it('in which tests were skipped fails in CI, and passes elsewhere', () => {
    expect(run('skipped', '')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\n1 passed, 0 failed, 1 skipped\n$/),
    });
    expect(run('skipped', 'true')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/The run fails.*\n\n1 passed, 0 failed, 1 skipped\n$/s),
    });
  });

  it('one of whose processes ends names the file', () => {
    const { status, stdout } = run('', '', { FIXTURES: 'crashing.ts' });
    expect(status).toBe(1);
    expect(stdout).toContain('\n  crashing.ts > ends its process: never ended\n');
  });

  it('that hangs is ended, and what has not ended is named', () => {
    // Soon, since all that is awaited is that nothing more comes.
    const { status, stdout } = run('', '', { FIXTURES: 'endless.ts', SILENCE_MS: '5000' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/\n {2}endless\.ts > never gives way[^\n]*: never ended\n/);
    expect(stdout).toMatch(/\n {2}the run as a whole: nothing was heard of the run for 5 s/);
    expect(stdout).toMatch(/\n\d passed, \d failed\n$/);
  });
});
