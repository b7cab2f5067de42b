import { describe, expect, it } from 'vitest';
import { faultsOf, type SoakOptions, streamsOf, visitsOf } from './plan.js';

const OPTIONS: SoakOptions = {
  seed: 3,
  members: 5,
  streams: 100,
  players: 10,
  minutes: 60,
  faultEverySeconds: 60,
  rollings: 2,
};

function visits(options: SoakOptions, slot: number, count: number) {
  const all = visitsOf(options, slot);
  return Array.from({ length: count }, () => all.next().value);
}

describe('the plan of a soak', () => {
  it('is drawn from the seed alone', () => {
    const streams = streamsOf(OPTIONS);
    expect(streamsOf(OPTIONS)).toEqual(streams);
    expect(faultsOf(OPTIONS, streams)).toEqual(faultsOf(OPTIONS, streams));
    expect(visits(OPTIONS, 7, 20)).toEqual(visits(OPTIONS, 7, 20));
    const other = { ...OPTIONS, seed: 4 };
    expect(streamsOf(other)).not.toEqual(streams);
    expect(faultsOf(other, streams)).not.toEqual(faultsOf(OPTIONS, streams));
    expect(visits(other, 7, 20)).not.toEqual(visits(OPTIONS, 7, 20));
  });

  it('has rolling restarts alone where it is calm', () => {
    const calm = { ...OPTIONS, isCalm: true };
    expect(faultsOf(calm, streamsOf(calm)).map(({ kind }) => kind)).toEqual([
      'rolling-restart',
      'rolling-restart',
    ]);
  });

  it('backs up half of the streams, on two members each, some with different encodes', () => {
    const streams = streamsOf(OPTIONS);
    const backedUp = streams.filter(({ outputs }) => outputs.length === 2);
    expect(backedUp).toHaveLength(50);
    for (const { outputs } of backedUp) expect(outputs[0]?.member).not.toBe(outputs[1]?.member);
    const different = streams.filter(({ isSame }) => !isSame);
    expect(different.length).toBeGreaterThan(3);
    expect(different.length).toBeLessThan(30);
    expect(different.every((stream) => backedUp.includes(stream))).toBe(true);
  });

  it('has nothing to back up on where there is one member', () => {
    expect(streamsOf({ ...OPTIONS, members: 1 }).every(({ outputs }) => outputs.length === 1)).toBe(true);
  });

  it('has one fault a minute, of every kind, two rolling restarts, and publishers that move', () => {
    const faults = faultsOf(OPTIONS, streamsOf(OPTIONS));
    const drawn = faults.filter(({ kind }) => kind !== 'moved' && kind !== 'rolling-restart');
    expect(drawn.map(({ atMs }) => Math.floor(atMs / 60_000))).toEqual(
      Array.from({ length: 60 }, (_, at) => at),
    );
    expect(new Set(drawn.map(({ kind }) => kind))).toEqual(
      new Set(['killed', 'hung', 'restarted', 'worker-killed', 'silent', 'closed']),
    );
    expect(faults.filter(({ kind }) => kind === 'rolling-restart').map(({ atMs }) => atMs / 60_000)).toEqual([
      20, 40,
    ]);
    expect(faults.filter(({ kind }) => kind === 'moved').length).toBeGreaterThan(150);
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  it('leaves the first member alone, so that its memory can be judged', () => {
    const faults = faultsOf(OPTIONS, streamsOf(OPTIONS));
    const members = faults.flatMap((fault) => ('member' in fault ? [fault.member] : []));
    expect(new Set(members)).toEqual(new Set([1, 2, 3, 4]));
  });

  it('sends players of every protocol to every member', () => {
    const all = visits(OPTIONS, 1, 300);
    expect(new Set(all.map(({ player }) => player.protocol)).size).toBe(4);
    expect(new Set(all.map(({ player }) => player.home)).size).toBe(5);
    expect(new Set(all.map(({ player }) => player.name)).size).toBe(300);
  });
});
