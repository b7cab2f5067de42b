import type { OwnerPolicy } from '@headwater/directory';
import type { Random } from '@headwater/testing/random';
import type { Weather } from './network/paths.js';

/** Kinds of trouble. Each seed has some of them, so that each meets the others with and without it. */
export const TROUBLES = [
  'kill',
  'power-off',
  'clock-back',
  'stall',
  'hang',
  'clock-jump',
  'cut',
  'one-way-cut',
  'split',
  'join',
  'leave',
  'rolling-restart',
  'move',
  'burst',
  'hot-backup',
  'takeover',
  'drain',
  'bad-gossip',
  'slow-network',
  'hostile',
] as const;

export type Trouble = (typeof TROUBLES)[number];

export interface Plan {
  readonly members: number;
  readonly troubles: ReadonlySet<Trouble>;
  readonly stormMs: number;
  /** Mean time between two acts, ms. */
  readonly paceMs: number;
  readonly streams: number;
  /** Most streams published at once. */
  readonly burst: number;
  readonly codecShare: number;
  readonly weather: Weather;
  /** Seeds of everybody's config; more than one of them is a name of several members. */
  readonly seeds: number;
  readonly hasDnsSeed: boolean;
  readonly addressesPerMember: number;
  readonly order: OwnerPolicy;
  /** Availability zones that members say they are in; 0: they say nothing. */
  readonly zones: number;
}

/** What one seed will be like. */
export function planOf(random: Random, members?: number): Plan {
  const troubles = new Set(TROUBLES.filter(() => random.chance(0.45)));
  const size = random.weighted([
    [60, () => random.whole(3, 5)],
    [30, () => random.whole(6, 10)],
    [8, () => random.whole(11, 20)],
    [2, () => random.whole(21, 30)],
  ])();
  const isSlow = troubles.has('slow-network');
  const isBad = troubles.has('bad-gossip');
  const isHeavy = random.chance(0.04);
  return {
    members: members ?? size,
    troubles,
    stormMs: random.between(8_000, 40_000),
    paceMs: random.between(80, 700),
    streams: random.whole(3, 40),
    burst: isHeavy ? 25_000 : random.whole(20, 600),
    codecShare: random.chance(0.1) ? 1 : 0.05,
    weather: {
      delayMs: isSlow ? random.between(1, 40) : 0.2,
      jitterMs: isSlow ? random.between(1, 60) : 0.6,
      gossipLoss: isBad ? random.between(0, 0.4) : 0,
      gossipRepetition: isBad ? random.between(0, 0.4) : 0,
      gossipJitterMs: isBad ? random.between(1, 400) : 1,
    },
    seeds: random.whole(1, Math.min(3, members ?? size)),
    hasDnsSeed: random.chance(0.2),
    addressesPerMember: random.chance(0.2) ? random.whole(2, 3) : 1,
    order: random.chance(0.3) ? 'spread' : 'primary',
    zones: random.chance(0.2) ? random.whole(1, 3) : 0,
  };
}
