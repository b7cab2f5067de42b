import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whole } from '../support/options.js';
import { cleanEnvironment, OriginProcess } from '../support/origin-process.js';
import { HEADWATER, HEALTH_CHECK, HEALTH_CHECK_EVERY_S } from '../support/program.js';
import { bench } from './bench.js';

/** Checks and node alone are run in turn, so that a busy machine is busy for both. */
const ROUNDS = 4;

/** What a health check costs: CPU of the image's own, of `headwater health`, and of node alone, against a member that is ready. */
export const health = bench(
  "CPU of one health check, against a member that is ready: the image's own, and the command",
  { runs: whole(`checks in each of ${ROUNDS} rounds`, { default: 10, min: 1 }) },
  async (scope, { runs }) => {
    const origin = await OriginProcess.spawn(scope, 'a');
    await origin.ready();
    const ways = {
      image: ['/bin/bash', HEALTH_CHECK],
      command: [process.execPath, HEADWATER, 'health', '--api', origin.apiUrl()],
      nodeAlone: [process.execPath, '--input-type=module', '--eval', ''],
    };
    // Where the image's own would not find the member, there is no command that it could leave the question to.
    const environment = { HEADWATER_API_PORT: new URL(origin.apiUrl()).port, PATH: '/usr/bin:/bin' };
    const cpuMs = { image: 0, command: 0, nodeAlone: 0 };
    for (let round = 0; round < ROUNDS; round += 1)
      for (const way of ['nodeAlone', 'command', 'image'] as const)
        cpuMs[way] += (await cpuOf(ways[way], runs, environment)) / ROUNDS;
    return {
      what: `CPU (user and system) of one health check, mean of ${ROUNDS * runs}`,
      reach: { imageMs: 50 },
      imageMs: round2(cpuMs.image),
      commandMs: round2(cpuMs.command),
      nodeAloneMs: round2(cpuMs.nodeAlone),
      corePercentInTheContainer: round2(cpuMs.image / (HEALTH_CHECK_EVERY_S * 10)),
    };
  },
);

/** User and system time of one run, ms, as the shell tells it of its children (POSIX `times`); the mean of some. */
async function cpuOf(
  words: readonly string[],
  runs: number,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const loop = `i=0; while [ $i -lt ${runs} ]; do "$@" > /dev/null || exit 1; i=$((i + 1)); done; times`;
  const { stdout } = await promisify(execFile)('sh', ['-c', loop, 'sh', ...words], {
    env: { ...cleanEnvironment(), ...environment },
  });
  const [, children = ''] = stdout.trim().split('\n');
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return (seconds.reduce((sum, each) => sum + each, 0) * 1000) / runs;
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
