import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from './repository.js';

/** As package.json's scripts start them, and with what they must be started. Each bench: test/bench/benches.test.ts. */
const PROGRAMS = [
  ['simulation'],
  ['fuzz'],
  ['chaos'],
  ['soak'],
  ['mutation', 'packages/directory'],
  ['busy'],
  ['bench'],
];

const run = (folder: string, args: readonly string[]) => {
  const main = join(REPOSITORY, 'test', 'dist', folder, 'main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe.each(
  PROGRAMS.map(([folder = '', ...args]) => ({ name: [folder, ...args].join(' '), folder, args })),
)('the program $name', ({ folder, args }) => {
  it('explains itself', () => {
    const { status, stdout, stderr } = run(folder, [...args, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^usage: npm run [a-z:]+ -- /);
    expect(stdout).toMatch(/\n {2}--help +print this\n$/);
  });

  it('tells an unknown option without a stack trace', () => {
    const { status, stdout, stderr } = run(folder, [...args, '--no-such-option', '1']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^unknown option --no-such-option\n/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
