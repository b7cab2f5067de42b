import { expect, it } from 'vitest';
import { type End, EndDesk } from './end-desk.js';
import type { HookClient } from './hook-client.js';

it('is stopped for each who asks for it, once all ends are told', async () => {
  const told: (() => void)[] = [];
  const caller = {
    tell: () => new Promise((resolve) => told.push(() => resolve({ kind: 'yes' }))),
  } as unknown as End['caller'];
  const client = { inTurn: (_server: string, task: () => Promise<void>) => void task() };
  const warned: unknown[] = [];
  const log = { info: () => {}, warn: (fields: object) => void warned.push(fields) };
  const desk = new EndDesk(log as never);
  const facts = { event: 'close', client: { remote: 'x' } } as unknown as End['facts'];
  const urls = ['http://a/', 'http://b/'];
  desk.tell(client as unknown as HookClient, { caller, urls, facts, retryMs: 1000 });
  expect(desk.pending).toBe(2);
  const stopped: number[] = [];
  const stops = [1, 2].map((which) => desk.stop(1_000_000).then(() => stopped.push(which)));
  told[0]?.();
  await new Promise((done) => setImmediate(done));
  expect(stopped).toEqual([]);
  told[1]?.();
  await Promise.all(stops);
  expect([stopped, desk.pending, warned]).toEqual([[1, 2], 0, []]);
});
