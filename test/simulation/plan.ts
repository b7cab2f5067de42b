import type { OwnerPolicy } from '@headwater/directory';
import type { Random } from '@headwater/testing/random';
import { FAIR, type Weather } from './network/paths.js';
import { isDrawn } from './not-yet.js';

interface TroubleKind {
  readonly about: string;
  /** How many of all seeds have it, 0..1. */
  readonly share: number;
  /** The storm lasts at least so long, so that it comes to an end, ms. */
  readonly leastMs?: number;
  /** No more members than this, as above. */
  readonly membersMax?: number;
}

const OFTEN = 0.45;
const SELDOM = 0.1;

const KINDS = {
  kill: { about: 'processes are killed and restarted', share: OFTEN },
  'power-off': { about: 'machines go off without a word, and come back', share: OFTEN },
  'clock-back': { about: 'wall clocks go back at restarts', share: OFTEN },
  stall: { about: 'processes stand still for up to 1.5 s', share: OFTEN },
  hang: { about: 'processes stand still for up to 14 s', share: OFTEN },
  'clock-jump': { about: 'monotonic clocks jump ahead', share: OFTEN },
  cut: { about: 'paths between two are cut for some seconds', share: OFTEN },
  'one-way-cut': { about: 'the same in one direction', share: OFTEN },
  split: { about: 'the network is split in two', share: OFTEN },
  join: { about: 'new members join', share: OFTEN },
  leave: { about: 'members leave in good order', share: OFTEN },
  'rolling-restart': { about: 'all members are restarted, one after the other', share: OFTEN },
  move: { about: 'members come back at other addresses', share: OFTEN },
  burst: { about: 'hundreds of streams are published at once', share: OFTEN },
  'hot-backup': { about: 'one stream is published to two members', share: OFTEN },
  takeover: { about: 'publishers move from one member to another', share: OFTEN },
  drain: { about: 'members say that they drain', share: OFTEN },
  'bad-gossip': { about: 'broadcasts are lost, late and repeated', share: OFTEN },
  'slow-network': { about: 'up to 200 ms of round trip', share: OFTEN },
  hostile: { about: 'an admitted member means ill', share: OFTEN },
  ghosts: {
    about: 'members lose their data directory and come back as others at the same address',
    share: SELDOM,
    leastMs: 30_000,
  },
  'lasting-one-way-cut': {
    about: 'one direction of one path is cut for up to a minute',
    share: SELDOM,
    leastMs: 30_000,
  },
  'cut-link': { about: 'one path is cut for up to a minute', share: SELDOM, leastMs: 30_000 },
  'long-paths': { about: '300 to 500 ms of round trip with 2 % loss, and resets', share: SELDOM },
  resets: { about: 'connections are reset, of two members or all at once', share: SELDOM },
  'late-loops': { about: 'members whose every turn of the loop is 300 ms late', share: SELDOM },
  twins: { about: 'copies of an identity run for a while and go', share: SELDOM },
  mute: {
    about: 'processes that take connections of a member that died, and never say a word',
    share: SELDOM,
  },
  'next-version': { about: 'half of the members speak as the next version will', share: SELDOM },
  full: { about: 'members say that they are full', share: SELDOM },
  'key-change': {
    about: 'the mesh key is changed by two rolling restarts',
    share: SELDOM,
    leastMs: 25_000,
    membersMax: 8,
  },
} as const satisfies Record<string, TroubleKind>;

/** Kinds of trouble. Each seed has some of them, so that each meets the others with and without it. */
export type Trouble = keyof typeof KINDS;

export const TROUBLES = Object.keys(KINDS) as Trouble[];

export const kindOf = (trouble: Trouble): TroubleKind => KINDS[trouble];

/** Members that may join during a storm. */
export const JOINERS_MAX = 3;

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

/** What is not drawn. */
export interface PlanOptions {
  readonly members?: number | undefined;
  /** These and no others. */
  readonly troubles?: readonly Trouble[] | undefined;
  /** How long the storm lasts. */
  readonly stormMs?: number | undefined;
  /** Also what the core is known not to stand yet. */
  readonly isStrict?: boolean | undefined;
}

/** What one seed will be like. */
export function planOf(random: Random, options: PlanOptions = {}): Plan {
  const drawn = TROUBLES.filter((trouble) => random.chance(kindOf(trouble).share));
  const troubles = new Set(
    options.troubles ?? drawn.filter((trouble) => options.isStrict === true || isDrawn(trouble)),
  );
  const size = random.weighted([
    [60, () => random.whole(3, 5)],
    [30, () => random.whole(6, 10)],
    [8, () => random.whole(11, 20)],
    [2, () => random.whole(21, 30)],
  ])();
  const kinds = [...troubles].map(kindOf);
  const members = options.members ?? Math.min(size, ...kinds.map(({ membersMax = size }) => membersMax));
  const isHeavy = random.chance(0.04);
  const stormMs = Math.max(random.between(8_000, 40_000), ...kinds.map(({ leastMs = 0 }) => leastMs));
  return {
    members,
    troubles,
    stormMs: options.stormMs ?? stormMs,
    paceMs: random.between(80, 700),
    streams: random.whole(3, 40),
    burst: isHeavy ? 25_000 : random.whole(20, 600),
    codecShare: random.chance(0.1) || troubles.has('next-version') ? 1 : 0.05,
    weather: weatherOf(random, troubles),
    seeds: random.whole(1, Math.min(3, members)),
    hasDnsSeed: random.chance(0.2),
    addressesPerMember: random.chance(0.2) ? random.whole(2, 3) : 1,
    order: random.chance(0.3) ? 'spread' : 'primary',
    zones: random.chance(0.2) ? random.whole(1, 3) : 0,
  };
}

function weatherOf(random: Random, troubles: ReadonlySet<Trouble>): Weather {
  const isBad = troubles.has('bad-gossip');
  const gossip = {
    gossipLoss: isBad ? random.between(0, 0.4) : FAIR.gossipLoss,
    gossipRepetition: isBad ? random.between(0, 0.4) : FAIR.gossipRepetition,
    gossipJitterMs: isBad ? random.between(1, 400) : FAIR.gossipJitterMs,
  };
  if (troubles.has('long-paths')) {
    const delayMs = random.between(150, 240);
    return { ...gossip, delayMs, jitterMs: 250 - delayMs, loss: 0.02 };
  }
  if (!troubles.has('slow-network')) return { ...FAIR, ...gossip };
  return { ...FAIR, ...gossip, delayMs: random.between(1, 40), jitterMs: random.between(1, 60) };
}
