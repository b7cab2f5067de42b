import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const UNIT = join(REPOSITORY, 'conf', 'systemd', 'headwater.service');

/** Most exposure, in tenths of systemd's 0 (best) to 10. */
const EXPOSURE_MAX = 20;

describe('the unit for systemd', needs('systemd-analyze'), () => {
  it('has no mistake', () => {
    const copy = join(scratchFolder(testScope(), 'unit'), 'headwater.service');
    // The command need not be installed here: another one stands for it.
    writeFileSync(copy, readFileSync(UNIT, 'utf8').replaceAll('/usr/bin/headwater', '/bin/true'));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], {
      encoding: 'utf8',
    });
    // Of other units on this machine it may say something too.
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('headwater'))).toEqual([]);
    expect(status).toBe(0);
  });

  it('gives the member little to touch', () => {
    const verdict = execFileSync(
      'systemd-analyze',
      ['security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager', UNIT],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    expect(verdict).toContain('Overall exposure level for headwater.service');
  });

  it('lets main make its workers nicer than itself', () => {
    const filters = [...readFileSync(UNIT, 'utf8').matchAll(/^SystemCallFilter=(.*)$/gm)].map(
      ([, set]) => set,
    );
    expect(filters.lastIndexOf('setpriority')).toBeGreaterThan(
      filters.findLastIndex((set) => set?.startsWith('~') && set.includes('@resources')),
    );
  });

  it('starts the command that the program has, and waits longer than a drain', () => {
    const unit = readFileSync(UNIT, 'utf8');
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/headwater origin --config \/etc\/headwater\/origin\.yml$/m);
    const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    const drainMs = Number(
      /drain:\s*\n(?:\s*#.*\n)*\s*deadlineMs: (\d+)/.exec(
        readFileSync(join(REPOSITORY, 'conf/origin.yml'), 'utf8'),
      )?.[1],
    );
    expect(stopSeconds * 1000).toBeGreaterThan(drainMs);
  });
});
