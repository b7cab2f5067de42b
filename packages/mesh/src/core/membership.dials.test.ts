import { beforeEach, describe, expect, it } from 'vitest';
import type { Effects } from './effects.js';
import {
  CUT_OFF_MS,
  DIALS_AHEAD_MAX,
  DIALS_AHEAD_URGENT,
  POLITE_DIAL_MS,
  VERSIONS_REST_MS,
} from './limits.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { LoneCore } from './testing/lone-core.js';

const SEED = 'seed:1';

let core: LoneCore;
beforeEach(() => {
  core = new LoneCore();
});

const dial = (): Effects => core.step((step) => core.membership.dial(step));
const dialled = (): string[] => dial().dials.map(({ peer }) => peer);

/** `by` tells of these, each at an address of its own; `heard`: whether it hears them. */
const tell = (by: string, heard: boolean, ...ids: readonly string[]): Effects =>
  core.step((step) =>
    core.membership.learn(
      ids.map((id) => acquaintanceOf(id, { heard })),
      core.peer(by),
      step,
    ),
  );

const fail = (id: string, startedAt = core.peer(id).redial.startedAt): Effects =>
  core.step((step) => core.membership.dialFailed(core.peer(id), 'refused', startedAt, step));

describe('a dial', () => {
  it('goes to who was named, where others say that it is, once', () => {
    core.greet('a');
    const { now } = core;
    expect(tell('a', true, 'z').dials).toEqual([{ peer: 'z', addresses: ['z:1'], startedAt: now }]);
    core.now += 1_000;
    expect(dialled()).toEqual([]);
  });

  it('to a smaller id waits a moment, as that one dials too', () => {
    core.greet('a');
    expect(tell('a', true, 'b').dials).toEqual([]);
    core.now += POLITE_DIAL_MS - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['b']);
  });

  it('goes to nobody of whom it is not known where it is', () => {
    core.greet('a');
    const nowhere = acquaintanceOf('z', { addresses: [] });
    const { dials } = core.step((step) => core.membership.learn([nowhere], core.peer('a'), step));
    expect(dials).toEqual([]);
  });

  it('goes to nobody who is connected', () => {
    core.greet('a');
    tell('a', true, 'z');
    fail('z');
    core.connect('z');
    core.now += 10_000;
    expect(dialled()).toEqual([]);
  });

  it('goes to nobody who was cut off, for a while', () => {
    core.greet('a');
    tell('a', true, 'z');
    fail('z');
    while (core.peer('z').offences.add(core.now) !== 'cut-off');
    core.now += CUT_OFF_MS - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['z']);
  });

  it('goes to nobody who speaks no common version, for a while', () => {
    core.greet('z');
    core.peer('z').incompatible('name of z', 'versions', core.now);
    core.disconnect('z');
    core.now += VERSIONS_REST_MS - 1;
    expect(dialled()).toEqual([]);
    core.now += 1;
    expect(dialled()).toEqual(['z']);
  });

  it('goes first to who was lost just now, then to whom others hear, then to the rest', () => {
    for (const id of ['a', 'b', 'lost']) core.greet(id);
    tell('a', false, 'y-named');
    tell('a', true, 'z-heard');
    for (const id of ['y-named', 'z-heard']) fail(id);
    core.cutOff('cut', 'b');
    expect(core.livenessOf('cut')).toBe('unreachable');
    core.disconnect('lost');
    core.now += 10_000;
    expect(dialled()).toEqual(['lost', 'z-heard', 'cut', 'y-named']);
  });

  it('goes first to who waits for longest, of those that are alike', () => {
    core.greet('a');
    tell('a', true, 'y');
    core.now += 10;
    tell('a', true, 'x');
    core.now += 10;
    fail('x');
    core.now += 10;
    fail('y');
    core.now += 10_000;
    expect(dialled()).toEqual(['x', 'y']);
  });

  it('goes out to many at one moment, but leaves room for who is lost after that', () => {
    core.greet('a');
    core.greet('lost');
    const many = Array.from({ length: DIALS_AHEAD_MAX }, (_, index) => `x${index}`);
    expect(core.membership.dialsPerSecond(core.now)).toBe(0);
    expect(tell('a', true, ...many).dials).toHaveLength(DIALS_AHEAD_MAX - DIALS_AHEAD_URGENT);
    expect(core.membership.dialsPerSecond(core.now)).toBe((DIALS_AHEAD_MAX - DIALS_AHEAD_URGENT) / 10);
    core.disconnect('lost');
    core.peer('lost').redial.hasten(core.now);
    expect(dialled()).toEqual(['lost']);
  });
});

describe('a visit', () => {
  it('goes to each seed at once, and counts as a dial', () => {
    core = new LoneCore({ seeds: [SEED, 'other:1'] });
    expect(dial().visits).toEqual([SEED, 'other:1']);
    expect(core.membership.dialsPerSecond(core.now)).toBe(0.2);
    expect(dial().visits).toEqual([]);
  });

  it('goes to a seed also where as many members are dialled as may be', () => {
    core = new LoneCore({ seeds: [SEED] });
    dial();
    core.greet('a');
    tell('a', true, ...Array.from({ length: DIALS_AHEAD_MAX }, (_, index) => `x${index}`));
    core.seeds.visited(SEED, { reached: ['a'], isSelf: false }, core.now, 0);
    expect(core.disconnect('a').visits).toEqual([SEED]);
  });

  it('is repeated at once where a member is lost that the seed led to', () => {
    core = new LoneCore({ seeds: [SEED] });
    dial();
    for (const id of ['a', 'b']) core.greet(id);
    core.seeds.visited(SEED, { reached: ['a'], isSelf: false }, core.now, 0);
    expect(core.disconnect('b').visits).toEqual([]);
    expect(core.disconnect('a').visits).toEqual([SEED]);
  });
});
