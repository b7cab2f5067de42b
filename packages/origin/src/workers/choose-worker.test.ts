import { expect, it } from 'vitest';
import { type Choosable, chooseWorker, LATE_MS, UNTAKEN_MAX } from './choose-worker.js';

const worker = (open: number, more: Partial<Choosable> = {}): Choosable => ({
  open,
  untaken: 0,
  waitingMs: 0,
  ...more,
});

it('the worker with the fewest connections gets the next, the first of those that are equal', () => {
  const [a, b, c] = [worker(2), worker(1), worker(1)];
  expect(chooseWorker([a, b, c])).toBe(b);
  expect(chooseWorker([])).toBeNull();
});

it('one that does not take what it was given gets nothing more while another does', () => {
  const late = worker(0, { untaken: 1, waitingMs: LATE_MS });
  const busy = worker(50);
  expect(chooseWorker([late, busy])).toBe(busy);
  expect(chooseWorker([busy, late])).toBe(busy);
  expect(chooseWorker([late])).toBe(late);
  expect(chooseWorker([worker(0, { untaken: UNTAKEN_MAX }), busy])).toBe(busy);
  expect(chooseWorker([worker(0, { untaken: UNTAKEN_MAX })])).toBeNull();
});

it('1,000 joins leave no worker with more than 1.15 times the mean, whoever leaves meanwhile', () => {
  const workers = Array.from({ length: 7 }, () => ({ open: 0, untaken: 0, waitingMs: 0 }));
  for (let join = 0; join < 1000; join += 1) {
    const chosen = chooseWorker(workers);
    if (chosen !== null) chosen.open += 1;
    const leaver = workers[join % 3];
    if (join % 5 === 0 && leaver !== undefined) leaver.open -= 1;
  }
  const mean = workers.reduce((sum, { open }) => sum + open, 0) / workers.length;
  expect(Math.max(...workers.map(({ open }) => open))).toBeLessThanOrEqual(1.15 * mean);
});
