import { describe, expect, it } from 'vitest';
import { DrainControl } from './drain-control.js';

const whole = <T>(value: T) => ({ value, unanswered: [] });

function controlOf(deadlineMs = 1000, players = 1) {
  const told: string[] = [];
  let now = 0;
  const pauses: (() => void)[] = [];
  const control = new DrainControl({
    media: {
      refusePublishers: () => told.push('refuse'),
      acceptPublishers: () => told.push('accept'),
      closePublishers: () => told.push('close'),
      pulls: async () => whole([]),
      load: async () => whole({ players, publishers: 0, outboundKbps: 0 }),
    },
    directory: { self: 's', owners: () => [] },
    announce: (isDraining) => told.push(isDraining ? 'draining' : 'staying'),
    log: () => {},
    deadlineMs,
    now: () => now,
    pause: (ms) =>
      new Promise((resolve) => {
        pauses.push(() => {
          now += ms;
          resolve();
        });
      }),
  });
  const pass = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    for (const pause of pauses.splice(0)) pause();
  };
  return { control, told, pass };
}

describe('draining by an operator', () => {
  it('begins once, and is taken back once', () => {
    const { control, told } = controlOf();
    expect([control.cancel(), control.drain(), control.drain(), control.isDraining]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect([control.cancel(), control.cancel(), control.isDraining]).toEqual([true, false, false]);
    expect(told).toEqual(['draining', 'refuse', 'accept', 'staying']);
  });

  it('closes no publishers any more once it is taken back, also where another one began meanwhile', async () => {
    const { control, told, pass } = controlOf();
    control.drain();
    control.cancel();
    await pass();
    await pass();
    expect(told).not.toContain('close');
    control.drain();
    await pass();
    expect(told.filter((one) => one === 'close')).toHaveLength(1);
  });

  it('is not taken back once the process is to end, and holds its end up no longer than configured', async () => {
    const { control, pass } = controlOf(40);
    control.drain(86_400_000);
    let isOver = false;
    const end = control.drainToEnd().then(() => {
      isOver = true;
    });
    expect(control.cancel()).toBe(false);
    expect(isOver).toBe(false);
    for (let count = 0; count < 3; count += 1) await pass();
    await end;
    expect(isOver).toBe(true);
  });

  it('does not keep a process that has no time for it', async () => {
    const { control, told } = controlOf(0);
    await control.drainToEnd();
    expect(told).toEqual([]);
  });
});
