import { type MemberProfile, streamKey } from '@headwater/directory';
import type { Random } from '@headwater/testing/random';
import type { Act } from './act.js';
import { actsOf } from './acts.js';
import type { Member, MemberTraits } from './member.js';
import type { Machine } from './network/paths.js';
import { JOINERS_MAX, type Plan } from './plan.js';
import type { World } from './world.js';

/** A name that stands for the first members, as DNS has it. */
const MESH_NAME = 'mesh:7946';

export const profileOf = (name: string): MemberProfile => {
  const address = { network: 'inside', host: name, rtmpPort: 1935, httpPort: 8080 };
  return {
    name,
    role: 'origin',
    addresses: [address],
    relayAddress: address,
    draining: false,
    program: 'simulated',
  };
};

/** The seeds of everybody's config, by the plan. */
export const seedsOf = (plan: Plan): readonly string[] =>
  plan.hasDnsSeed ? [MESH_NAME] : Array.from({ length: plan.seeds }, (_, index) => `m${index}:7946`);

/** Brings a plan's trouble upon a world, act after act. */
export class Storm {
  readonly world: World;
  readonly plan: Plan;
  readonly random: Random;
  moves = 0;
  rebirths = 0;
  /** Mesh keys of everybody's config at the moment. */
  keys: readonly string[] = ['key'];
  burstsLeft: number;
  readonly #acts: readonly (readonly [number, Act])[];
  #joiners = 0;
  readonly #toEnd: (() => void)[] = [];
  #isOver = false;

  constructor(world: World, plan: Plan, random: Random) {
    this.world = world;
    this.plan = plan;
    this.random = random;
    this.burstsLeft = plan.burst > 1_000 ? 1 : 4;
    this.#acts = actsOf(plan.troubles).map((act) => [act.weight, act]);
    if (plan.hasDnsSeed)
      world.network.name(
        MESH_NAME,
        Array.from({ length: Math.min(3, plan.members) }, (_, index) => `m${index}:7946`),
      );
  }

  /** Everybody starts, in any order, within a few seconds; then one act after the other. */
  begin(): void {
    for (let index = 0; index < this.plan.members; index += 1) {
      const member = this.#add(`m${index}`, { isNextVersion: this.#isNextVersion() });
      this.later(this.random.between(0, this.random.chance(0.2) ? 8_000 : 500), () =>
        this.world.start(member),
      );
    }
    if (this.plan.troubles.has('hostile')) {
      const villain = this.#add('villain', { isHostile: true });
      // Some keep to themselves what they hear.
      if (this.random.chance(0.5)) this.world.network.gossip.mute.add(villain.id);
      this.later(this.random.between(0, 5_000), () => this.world.start(villain));
    }
    this.world.network.paths.weather = this.plan.weather;
    this.#nextAct();
  }

  /** Nothing new happens from now on, and what stands still goes on; cuts stay. */
  end(): void {
    this.#isOver = true;
    for (const member of this.world.members.values()) {
      member.running?.resume();
      if ((member.running?.lateMs ?? 0) > 0) this.world.setLate(member, 0);
    }
    for (const run of this.#toEnd) run();
    const { weather } = this.plan;
    this.world.network.paths.weather = {
      ...weather,
      gossipLoss: 0,
      gossipRepetition: 0,
      gossipJitterMs: 20,
      loss: 0,
    };
    // Who comes back needs a seed that lives.
    for (const member of this.world.members.values()) if (this.isSeed(member)) this.world.start(member);
  }

  later(ms: number, run: () => void): void {
    this.world.timeline.after(ms, () => {
      if (!this.#isOver) run();
    });
  }

  /** After so long, or at the end of the storm where that comes first. */
  notLater(ms: number, run: () => void): void {
    let isRun = false;
    const once = (): void => {
      if (!isRun) run();
      isRun = true;
    };
    this.world.timeline.after(ms, once);
    this.#toEnd.push(once);
  }

  /** Until the end, ms. */
  get leftMs(): number {
    return this.plan.stormMs - this.world.now;
  }

  restartLater(member: Member, ms: number): void {
    if (this.plan.troubles.has('clock-back') && this.random.chance(0.5))
      member.wallSkewMs -= this.random.between(0, 1e9);
    this.later(ms, () => this.world.start(member));
  }

  anyRunning(): Member | undefined {
    return this.random.pick(
      [...this.world.members.values()].filter(({ running, isHostile }) => running !== null && !isHostile),
    );
  }

  /** Those on which members run, or did. */
  machines(): Machine[] {
    return [...new Set([...this.world.members.values()].map(({ machine }) => machine))];
  }

  pair(): readonly [Machine, Machine] | readonly [] {
    const [a, b] = this.random.shuffled(this.machines());
    return a && b ? [a, b] : [];
  }

  anyKey(): string {
    return streamKey({ vhost: 'v', app: 'live', stream: `s${this.random.whole(1, this.plan.streams)}` });
  }

  isSeed(member: Member): boolean {
    const names = seedsOf(this.plan).flatMap((seed) => this.world.network.resolve(seed));
    return member.addresses.some((address) => names.includes(address));
  }

  join(): void {
    if (this.#joiners === JOINERS_MAX) return;
    this.#joiners += 1;
    this.world.start(this.#add(`n${this.#joiners + 99}`, { isNextVersion: this.#isNextVersion() }));
  }

  /** Its data directory is lost: what starts at its addresses is another member. */
  reborn(member: Member): void {
    if (member.running !== null || member.isRetired) return;
    member.isRetired = true;
    this.rebirths += 1;
    const { machine, isNextVersion, addresses, profile } = member;
    const other = this.world.add(`${machine}-reborn${this.rebirths}`, profile, member.wallSkewMs, {
      machine,
      isNextVersion,
    });
    other.addresses = addresses;
    other.keys = member.keys;
    this.world.start(other);
  }

  cut(from: Machine, to: Machine): void {
    this.world.trace(`cut ${from} > ${to}`);
    this.world.network.paths.cut(from, to);
  }

  heal(from: Machine, to: Machine): void {
    this.world.trace(`heal ${from} > ${to}`);
    this.world.network.paths.heal(from, to);
  }

  #isNextVersion(): boolean {
    return this.plan.troubles.has('next-version') && this.random.chance(0.5);
  }

  #add(id: string, traits: MemberTraits): Member {
    const { zones } = this.plan;
    const zone = zones === 0 ? {} : { zone: `zone-${this.random.whole(1, zones)}` };
    const profile = { ...profileOf(id), ...zone };
    const member = this.world.add(id, profile, this.random.between(-1e6, 1e6), traits);
    member.keys = this.keys;
    for (let index = 1; index < this.plan.addressesPerMember; index += 1)
      member.addresses = [`${id}-spare${index}:7946`, ...member.addresses];
    return member;
  }

  #nextAct(): void {
    // Mostly soon, sometimes after a pause: faults come in bursts.
    const ms = this.random.chance(0.1)
      ? this.random.between(0, 4_000)
      : this.random.fraction() * 2 * this.plan.paceMs;
    this.later(ms, () => {
      this.random.weighted(this.#acts).run(this);
      this.#nextAct();
    });
  }
}
