import { describe, expect, it } from 'vitest';
import { cpuSeconds } from './cpu-seconds.js';
import { memberUse } from './member-use.js';
import type { WorkerView } from './plane/media-plane.js';

const worker = (rssBytes: number, used: number): WorkerView => ({
  worker: 1,
  state: 'listening',
  sinceMs: 0,
  connections: 0,
  players: 0,
  publishers: 0,
  outboundKbps: 0,
  rssBytes,
  cpuSeconds: used,
  restarts: 0,
});

/** As the media plane is: it has its workers in itself. */
class Plane {
  readonly #views: WorkerView[] = [];

  workers(): readonly WorkerView[] {
    return this.#views;
  }

  add(view: WorkerView): void {
    this.#views.push(view);
  }
}

describe('What a member uses', () => {
  it('is what this process and all its workers use', () => {
    const plane = new Plane();
    const use = memberUse(plane);
    const alone = { bytes: use.residentBytes(), seconds: use.cpuSeconds() };
    expect(alone.bytes).toBeGreaterThan(2 ** 20);
    expect(alone.seconds).toBeLessThanOrEqual(cpuSeconds());
    plane.add(worker(2 ** 50, 1e6));
    plane.add(worker(2 ** 49, 1e5));
    expect(use.residentBytes()).toBeGreaterThan(2 ** 50 + 2 ** 49);
    expect(use.residentBytes()).toBeLessThan(2 ** 50 + 2 ** 49 + 2 ** 40);
    expect(use.cpuSeconds()).toBeGreaterThan(1.1e6);
    expect(use.cpuSeconds()).toBeLessThan(1.1e6 + 1e4);
  });
});
