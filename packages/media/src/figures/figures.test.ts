import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { describe, expect, it } from 'vitest';
import { tellRefusals } from '../desks/tell-refusals.js';
import { MediaTally } from './media-tally.js';
import { addFigures, endedFigures, NO_FIGURES } from './merge-figures.js';
import { talliedGuard } from './tallied-guard.js';
import { LABEL_SETS_MAX, Tally } from './tally.js';

const worker = (count: number) => {
  const tally = new MediaTally();
  tally.hookCalled('play', 'yes', 20);
  tally.add('joins', 'rtmp', count);
  return tally.figures({ bytesOut: { '': count } }, { queueBytes: { '': count } });
};

describe('figures of several workers', () => {
  it('add up, and what an ended one had counted stays', () => {
    const both = addFigures(worker(2), endedFigures(worker(5)));
    expect(both.totals).toMatchObject({
      joins: { rtmp: 7 },
      bytesOut: { '': 7 },
      hookCalls: { 'play yes': 2 },
    });
    expect(both.gauges.queueBytes).toEqual({ '': 2 });
    expect(both.histograms.hookTime?.play?.sum).toBeCloseTo(0.04);
    expect(both.histograms.hookTime?.play?.counts.slice(0, 4)).toEqual([0, 0, 2, 0]);
    expect(addFigures(NO_FIGURES, worker(1))).toEqual(worker(1));
  });
});

describe('a tally', () => {
  it('has no more sets of labels than is good for Prometheus', () => {
    const tally = new Tally<'t', 'h'>({ h: [1] });
    for (let index = 0; index < LABEL_SETS_MAX + 9; index += 1) tally.add('t', `play reason-${index}`);
    tally.add('t', 'play reason-0');
    const sets = tally.totals().t ?? {};
    expect(Object.keys(sets)).toHaveLength(LABEL_SETS_MAX + 1);
    expect(sets['other other']).toBe(9);
    expect(sets['play reason-0']).toBe(2);
  });

  it('puts a value on a bound below it, and what is above all bounds last', () => {
    const tally = new Tally<'t', 'h'>({ h: [1, 2] });
    for (const value of [0, 1, 1.5, 2, 9]) tally.observe('h', '', value);
    expect(tally.histograms().h?.['']).toEqual({ counts: [2, 2, 1], sum: 13.5 });
  });
});

describe('a guard whose refusals are told', () => {
  const name = { vhost: '__defaultVhost__', app: 'live', stream: 's1' };
  const ask = { action: 'publish', name, query: '', asksHooks: true } as const;
  const about = { id: '7', protocol: 'rtmp', ip: '10.0.0.1', remote: '10.0.0.1:5', agent: '' } as const;

  it.each([
    ['token-expired', 1],
    // Whoever floods would have all other events forgotten.
    ['refusals-per-address', 0],
  ] as const)('%s: counted once', async (reason, told) => {
    const tally = new MediaTally();
    const events: unknown[] = [];
    const refused = { allowed: false, reason, status: 403, text: '' } as const;
    const refusing: Guard = {
      client: () => ({
        lets: () => false,
        judge: () => Promise.resolve(refused),
        refuse: () => refused,
        closed: () => {},
      }),
      proveRelay: () => '',
      checkRelay: () => 'unproven',
      configure: () => {},
      stop: async () => {},
    };
    const guard = tellRefusals(talliedGuard(refusing, tally), (event) => {
      events.push(event);
      tally.take(event);
    });
    expect(await guard.client(about).judge(ask)).toBe(refused);
    expect(events).toHaveLength(told);
    expect(tally.figures({}, {}).totals).toMatchObject({
      verdicts: { 'publish refused': 1 },
      refusals: { [`publish ${reason}`]: 1 },
    });
  });

  it('that lets all play without being asked: counted as allowed, each time; pages of strangers are asked about', () => {
    const tally = new MediaTally();
    const guard = tellRefusals(talliedGuard(OPEN_GUARD, tally), () => {});
    expect(guard.client(about).lets('play', name)).toBe(true);
    expect(guard.client(about).lets('play', name)).toBe(true);
    expect(guard.client(about, true).lets('publish', name)).toBe(false);
    expect(tally.figures({}, {}).totals).toMatchObject({ verdicts: { 'play allowed': 2 } });
  });
});
