import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { cleanEnvironment, HEADWATER, OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';

/** How often the image's health check runs, s. */
const INTERVAL_S = 5;

/** What one health check of a container costs: CPU of `headwater health` against a member that is ready, and of node alone. */
export async function health(scope: Scope, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '40' } } });
  const runs = Number(values.runs);
  const origin = await OriginProcess.spawn(scope, 'a');
  await origin.ready();
  const check = [HEADWATER, 'health', '--api', origin.apiUrl()];
  const nodeAlone = ['--input-type=module', '--eval', ''];
  // In turn, so that a busy machine is busy for both.
  const cpuMs = { check: 0, nodeAlone: 0 };
  const rounds = 4;
  for (let round = 0; round < rounds; round += 1) {
    cpuMs.nodeAlone += await cpuOf(nodeAlone, runs / rounds);
    cpuMs.check += await cpuOf(check, runs / rounds);
  }
  const perRun = { check: round1(cpuMs.check / rounds), nodeAlone: round1(cpuMs.nodeAlone / rounds) };
  return {
    what: `CPU (user and system) of one health check, mean of ${runs}`,
    reach: { aboveNodeAloneMs: 50 },
    checkMs: perRun.check,
    nodeAloneMs: perRun.nodeAlone,
    aboveNodeAloneMs: round1(perRun.check - perRun.nodeAlone),
    corePercentInTheContainer: round1(perRun.check / (INTERVAL_S * 10)),
  };
}

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
