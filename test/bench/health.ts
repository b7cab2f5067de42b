import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whole } from '../support/options.js';
import { cleanEnvironment, OriginProcess } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { bench } from './bench.js';

/** How often the image's health check runs, s. */
const INTERVAL_S = 5;

/** Checks and node alone are run in turn, so that a busy machine is busy for both. */
const ROUNDS = 4;

/** What one health check of a container costs: CPU of `headwater health` against a member that is ready, and of node alone. */
export const health = bench(
  'CPU of one health check of a container, against a member that is ready',
  { runs: whole(`checks in each of ${ROUNDS} rounds`, { default: 10, min: 1 }) },
  async (scope, { runs }) => {
    const origin = await OriginProcess.spawn(scope, 'a');
    await origin.ready();
    const check = [HEADWATER, 'health', '--api', origin.apiUrl()];
    const nodeAlone = ['--input-type=module', '--eval', ''];
    const cpuMs = { check: 0, nodeAlone: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      cpuMs.nodeAlone += await cpuOf(nodeAlone, runs);
      cpuMs.check += await cpuOf(check, runs);
    }
    const perRun = { check: round1(cpuMs.check / ROUNDS), nodeAlone: round1(cpuMs.nodeAlone / ROUNDS) };
    return {
      what: `CPU (user and system) of one health check, mean of ${ROUNDS * runs}`,
      reach: { aboveNodeAloneMs: 50 },
      checkMs: perRun.check,
      nodeAloneMs: perRun.nodeAlone,
      aboveNodeAloneMs: round1(perRun.check - perRun.nodeAlone),
      corePercentInTheContainer: round1(perRun.check / (INTERVAL_S * 10)),
    };
  },
);

/** User and system time of one run, ms, as the shell tells it of its children (POSIX `times`); the mean of some. */
async function cpuOf(words: readonly string[], runs: number): Promise<number> {
  const loop = `i=0; while [ $i -lt ${runs} ]; do "$@" > /dev/null || exit 1; i=$((i + 1)); done; times`;
  const { stdout } = await promisify(execFile)('sh', ['-c', loop, 'sh', process.execPath, ...words], {
    env: cleanEnvironment(),
  });
  const [, children = ''] = stdout.trim().split('\n');
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return (seconds.reduce((sum, each) => sum + each, 0) * 1000) / runs;
}

const round1 = (value: number): number => Math.round(value * 10) / 10;
