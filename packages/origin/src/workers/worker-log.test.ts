import { expect, it } from 'vitest';
import { WorkerLog } from './worker-log.js';

it('loses lines where main takes none, says how many, and never loses why its worker ends', () => {
  const lines: string[] = [];
  let backlogBytes = 1_000_000_000;
  const log = new WorkerLog(
    'info',
    ({ msg, fields }) => void lines.push(`${msg} ${JSON.stringify(fields)}`),
    () => backlogBytes,
  );
  log.info({}, 'play routed');
  log.error({}, 'api bug');
  expect(lines).toEqual([]);
  log.fatal({}, 'worker ended by a fault');
  expect(lines.at(-1)).toBe('worker ended by a fault {}');
  backlogBytes = 0;
  log.info({}, 'play routed');
  expect(lines.filter((line) => line.startsWith('log lines lost'))).toEqual([
    'log lines lost {"lines":2,"reason":"main-too-slow"}',
  ]);
});
