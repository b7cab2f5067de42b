import { describe, expect, it } from 'vitest';
import { DrainControl } from './drain-control.js';

const whole = <T>(value: T) => ({ value, unanswered: [] });

function controlOf(deadlineMs = 1000, players = 1, listener: 'refuse' | 'close' = 'refuse') {
  const told: string[] = [];
  let now = 0;
  const pauses: (() => void)[] = [];
  const control = new DrainControl({
    media: {
      ask: {
        publishersAsked: async () => whole(0),
        pulls: async () => whole([]),
        load: async () => whole({ players, publishers: 0, outboundKbps: 0 }),
      },
      refusePublishers: () => told.push('refuse'),
      acceptPublishers: () => told.push('accept'),
      askPublishersToReconnect: () => told.push('ask'),
      closePublishers: (which) => told.push(`close ${which}`),
      pauseRtmp: () => told.push('pause'),
      resumeRtmp: async () => void told.push('resume'),
      figures: () => ({ totals: {}, histograms: {}, gauges: {} }),
    },
    directory: { self: 's', owners: () => [], claimsOf: () => [] },
    announce: (isDraining) => told.push(isDraining ? 'draining' : 'staying'),
    log: () => {},
    stepped: (step) => told.push(step),
    resumeFailed: (error) => told.push(String(error)),
    listener,
    forwardsPublishers: false,
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
    expect(told).toEqual(['draining', 'refuse', 'ask', 'accept', 'staying']);
  });

  it('closes no publishers any more once it is taken back, also where another one began meanwhile', async () => {
    const { control, told, pass } = controlOf();
    control.drain();
    control.cancel();
    await pass();
    await pass();
    expect(told.filter((one) => one.startsWith('close'))).toEqual([]);
    control.drain();
    await pass();
    expect(told.filter((one) => one.startsWith('close'))).toEqual(['close others', 'close all']);
  });

  it('closes its RTMP ports where it is to, and opens them once it is taken back', () => {
    const { control, told } = controlOf(1000, 1, 'close');
    control.drain();
    control.cancel();
    expect(told).toEqual(['draining', 'refuse', 'pause', 'ask', 'accept', 'resume', 'staying']);
  });

  it('tells how it gets on: the step, the time, and who is left and why', async () => {
    const { control, pass } = controlOf(1000, 2);
    const none = { publishers: 0, relays: 0, unanswered: [] };
    expect(await control.progress()).toEqual({ draining: false, players: 2, ...none, stillHere: [] });
    control.drain();
    for (let count = 0; count < 3; count += 1) await pass();
    expect(await control.progress()).toMatchObject({
      draining: true,
      step: 'players-leave',
      ends: false,
      players: 2,
      stillHere: [{ kind: 'player', because: 'plays-on', count: 2 }],
    });
    for (let count = 0; count < 60; count += 1) await pass();
    expect(await control.progress()).toMatchObject({ step: 'over', leftMs: 0, players: 2 });
    void control.drainToEnd();
    expect(await control.progress()).toMatchObject({ ends: true });
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
