import { Random } from '@headwater/testing/random';
import { look } from './checkers/index.js';
import { slownessMs } from './checkers/reach.js';
import type { Traffic } from './network/network.js';
import type { Violation } from './observations.js';
import { type Plan, type PlanOptions, planOf } from './plan.js';
import { Storm, seedsOf } from './storm.js';
import { World, type WorldOptions } from './world.js';

/** How often the checkers look while the storm goes on, virtual ms. */
const LOOK_MS = 250;

/** After the storm: time to find who died in it, with the cuts still there. */
const SETTLED_MS = 6_000;

/**
 * After the last cut is healed everybody agrees within this time: both sides may have begun a dial just before, which is
 * waited for (2 s), and then comes the longest pause (1.5 s), and ticks.
 */
const HEALED_MS = 4_000;

/** Whose copy is gone holds its identity alone within this time. */
const TWIN_HEALED_MS = 8_000;

/** Who never met the others finds them within this time, once a seed can be reached. */
const JOINED_MS = 12_000;

/** Nothing happens for so long, at the end. */
const QUIET_MS = 5_000;

/** In place of what the seed says, and of the parts that are right. */
export interface SeedOptions
  extends PlanOptions,
    Pick<WorldOptions, 'makeCore' | 'routeOf' | 'sealing' | 'trace'> {
  /** Before anybody starts. */
  readonly prepare?: (world: World) => void;
}

export interface SeedResult {
  readonly seed: number;
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  readonly steps: number;
  readonly messages: number;
  readonly bytes: number;
}

/** One whole life of a mesh, by its seed: the same seed is the same life. Ends with the first violation. */
export function runSeed(seed: number, options: SeedOptions = {}): SeedResult {
  const random = new Random(seed);
  const plan = planOf(random, options);
  const world = new World({
    ...options,
    seed: random.next(),
    seeds: seedsOf(plan),
    codecShare: plan.codecShare,
    order: plan.order,
    isStrict: options.isStrict === true,
  });
  options.prepare?.(world);
  const storm = new Storm(world, plan, random.fork());
  const isBroken = (): boolean => world.violations.length > 0;
  world.trace(`plan ${JSON.stringify({ ...plan, troubles: [...plan.troubles] })}`);

  world.lookNow = () => look(world, 'always');
  const lookOn = (): void => {
    world.lookNow();
    world.timeline.after(LOOK_MS, lookOn);
  };
  world.timeline.after(LOOK_MS, lookOn);
  storm.begin();
  world.run(plan.stormMs, isBroken);
  world.trace('the storm is over');
  storm.end();
  world.run(SETTLED_MS, isBroken);
  world.trace('all cuts are healed');
  world.network.paths.healAll();
  // Whose copy ran on the other side learns only now that it is gone.
  for (const member of world.members.values())
    if (member.disputedUntil > Number.NEGATIVE_INFINITY)
      member.disputedUntil = Math.max(member.disputedUntil, world.now + TWIN_HEALED_MS + slownessMs(world));
  world.inMesh = new Set(world.honest().filter(({ core }) => core.isJoined));
  world.run(HEALED_MS + slownessMs(world), isBroken);
  if (!isBroken()) look(world, 'quiet');
  world.inMesh = null;
  world.run(JOINED_MS + slownessMs(world), isBroken);
  const before = copyOf(world.network.traffic);
  world.run(QUIET_MS, isBroken);
  world.quiet = { ms: QUIET_MS, traffic: difference(world.network.traffic, before) };
  if (!isBroken()) look(world, 'always', 'quiet', 'calm');

  const traffic = [...world.network.traffic.values()];
  return {
    seed,
    plan,
    violations: world.violations,
    virtualMs: world.now,
    steps: world.steps,
    messages: traffic.reduce((sum, { messages }) => sum + messages, 0),
    bytes: traffic.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const copyOf = (traffic: ReadonlyMap<string, Traffic>): Map<string, Traffic> =>
  new Map([...traffic].map(([id, one]) => [id, { ...one }]));

function difference(
  after: ReadonlyMap<string, Traffic>,
  before: ReadonlyMap<string, Traffic>,
): Map<string, Traffic> {
  return new Map(
    [...after].map(([id, { messages, bytes }]) => {
      const old = before.get(id) ?? { messages: 0, bytes: 0 };
      return [id, { messages: messages - old.messages, bytes: bytes - old.bytes }];
    }),
  );
}
