import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import {
  DIALS_AHEAD_MAX,
  DIALS_AHEAD_URGENT,
  DIALS_PER_SECOND_MAX,
  PEERS_MAX,
  POLITE_DIAL_MS,
  TICK_MS,
} from './limits.js';
import { MemberCore } from './member-core.js';
import { acquaintanceOf, helloOf } from './testing/hello-of.js';

const SEED = 'seed:1';

/** A member that met `a` and `lost`, and was just told of as many others as it can know; none of them answers. */
function toldOfMany(): { readonly core: MemberCore; readonly now: number; readonly dialled: string[] } {
  const options = {
    self: 'own',
    generation: 1,
    profile: profileOf('own'),
    addresses: ['own:1'],
    seeds: [SEED],
  };
  const patience = { suspectAfterMs: 1_800, deadAfterMs: 900, heartbeatMs: 800, batchMs: 3 };
  const core = new MemberCore({ ...options, ...patience, random: () => 0 }, 0);
  const outcome = { reached: ['a'], isSelf: false };
  core.step({ kind: 'tick' }, 0);
  core.step({ kind: 'seed-visited', seed: SEED, outcome }, 0);
  for (const peer of ['a', 'lost']) {
    core.step({ kind: 'connected', peer, from: {} }, 0);
    core.step({ kind: 'direct', peer, message: helloOf(peer) }, 0);
  }
  const members = Array.from({ length: PEERS_MAX - 2 }, (_, index) => acquaintanceOf(`told${index}`));
  let now = 1_500;
  core.step({ kind: 'tick' }, now);
  const dialled = core
    .step({ kind: 'direct', peer: 'a', message: { kind: 'roster', members } }, now)
    .dials.map(({ peer }) => peer);
  now += 2 * POLITE_DIAL_MS;
  dialled.push(...core.step({ kind: 'tick' }, now).dials.map(({ peer }) => peer));
  return { core, now, dialled };
}

describe('dials', () => {
  it('go out to many at one moment, as far as they may, those first that somebody hears', () => {
    const { core, now, dialled } = toldOfMany();
    expect(dialled.length).toBeGreaterThanOrEqual(DIALS_AHEAD_MAX - DIALS_AHEAD_URGENT);
    expect(dialled.length).toBeLessThan(DIALS_AHEAD_MAX - DIALS_AHEAD_URGENT + 3);
    expect(new Set(dialled).size).toBe(dialled.length);
    expect(dialled.slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, index) => `told${index}`));
    let more = 0;
    for (let ms = TICK_MS; ms <= 10_000; ms += TICK_MS)
      more += core.step({ kind: 'tick' }, now + ms).dials.length;
    expect(more).toBeLessThanOrEqual(10 * DIALS_PER_SECOND_MAX + 1);
    expect(more).toBeGreaterThan(9 * DIALS_PER_SECOND_MAX);
    expect(core.gauges.dialsPerSecond).toBeLessThanOrEqual(DIALS_PER_SECOND_MAX + 1);
  });

  it('go to who was lost just now at once, however many wait', () => {
    const { core, now } = toldOfMany();
    const { dials } = core.step({ kind: 'disconnected', peer: 'lost', reason: 'reset' }, now);
    expect(dials.map(({ peer }) => peer)).toEqual(['lost']);
  });

  it('go to a seed at once, however many wait', () => {
    const { core, now } = toldOfMany();
    const { dials, visits } = core.step({ kind: 'disconnected', peer: 'a', reason: 'reset' }, now);
    expect([visits, dials.map(({ peer }) => peer)]).toEqual([[SEED], ['a']]);
  });
});
