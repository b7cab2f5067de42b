import type { Random } from '@headwater/testing/random';
import type { Sends } from './encoder.js';
import type { Pace } from './made-encode.js';
import type { Fault } from './plan.js';

/** One output of an encoder to one member. */
export interface OutputPlan {
  readonly name: string;
  readonly member: number;
  readonly clockMs: number;
  readonly lagMs: number;
}

/** A stream, and the members that own it. */
export interface StreamPlan {
  readonly name: string;
  /** All outputs carry one encode; else each has an encoder of its own. */
  readonly isSame: boolean;
  readonly gopFrames: number;
  readonly pace?: Pace;
  readonly outputs: readonly OutputPlan[];
}

export interface StreamPlanOptions {
  readonly name: string;
  readonly isSame: boolean;
  readonly untilMs: number;
  /** Fewer faults, since members have their own. */
  readonly isRare: boolean;
}

const MEMBER_INDEXES = [0, 1, 2];
/** The shortest silence that members promise to notice is 500 ms; a loaded machine notices it later. */
const SHORT_MS = [1_600, 4_000] as const;
/** Longer than a switch may take, so that a player that was left behind is seen to be. */
const LONG_MS = [6_000, 8_500] as const;
const SHORT_SHARE = 0.35;
/** After an output came back, it is settled again. */
const SETTLE_MS = [800, 3_500] as const;

/**
 * `held` outputs of one encode lag for a while: then players may see some frames twice. `faded` ones fall silent and
 * then close, `mute` ones connect again and send no media at first.
 */
type Harm = 'silent' | 'held' | 'faded' | 'closed' | 'moved' | 'restarted' | 'mute';

interface Out {
  readonly name: string;
  member: number;
  /** How often its encoder was started. */
  start: number;
}

export interface DrawnStream {
  readonly stream: StreamPlan;
  /** What happens to its outputs. */
  readonly faults: readonly Fault[];
}

export function streamFaults(random: Random, options: StreamPlanOptions): DrawnStream {
  const { name, isSame } = options;
  const [first = 0, second = 1] = random.shuffled(MEMBER_INDEXES);
  const lags = drawLags(random, isSame);
  const outputs = [first, second].map((member, index) => ({
    name: `${name} output ${index + 1}`,
    member,
    clockMs: random.chance(0.5) ? 0 : random.whole(0, 90_000),
    lagMs: lags[index] ?? 0,
  }));
  const gopFrames = random.whole(25, 40);
  const faults = new Incidents(random, options, outputs).faults;
  return { stream: { name, isSame, gopFrames, outputs }, faults };
}

/** Mostly little; rarely more than a relay waits for. Nothing between, where either is right. */
function drawLags(random: Random, isSame: boolean): readonly [number, number] {
  if (!isSame) return [0, random.whole(0, 500)];
  const lagMs = random.weighted([
    [5, random.whole(0, 80)],
    [4, random.whole(80, 700)],
    [1, random.whole(2000, 2800)],
  ]);
  return random.chance(0.5) ? [0, lagMs] : [lagMs, 0];
}

/** Draws incidents one after the other, mostly with time to settle between them. */
class Incidents {
  readonly faults: Fault[] = [];
  readonly #random: Random;
  readonly #isSame: boolean;
  readonly #outs: readonly Out[];

  constructor(random: Random, { untilMs, isSame, isRare }: StreamPlanOptions, outs: readonly OutputPlan[]) {
    this.#random = random;
    this.#isSame = isSame;
    this.#outs = outs.map(({ name, member }) => ({ name, member, start: 1 }));
    let atMs = random.between(1_500, isRare ? 8_000 : 3_000);
    while (atMs < untilMs) {
      const healedMs = this.#incident(atMs);
      atMs = healedMs + random.between(...SETTLE_MS);
      if (isRare) atMs += random.between(2_000, 6_000);
    }
  }

  /** Returns when it is over. */
  #incident(atMs: number): number {
    const random = this.#random;
    const [one, other] = random.shuffled(this.#outs) as [Out, Out];
    const shape = random.weighted([
      [70, 'one'],
      [18, 'both'],
      [12, 'one after the other'],
      [this.#isSame ? 10 : 0, 'encoder'],
    ] as const);
    if (shape === 'encoder') return this.#restartEncoder(atMs);
    const oneBackMs = this.#harm(one, atMs);
    if (shape === 'one') return oneBackMs;
    if (shape === 'both') return Math.max(oneBackMs, this.#harm(other, atMs + random.between(50, 900)));
    return this.#harm(other, oneBackMs + random.between(100, 1_200));
  }

  /** The one encoder of both outputs: they close, and come back with a new encode. */
  #restartEncoder(atMs: number): number {
    const random = this.#random;
    const openMs = atMs + random.between(500, 2_500);
    for (const out of this.#outs) {
      this.#add(atMs + random.between(0, 50), { kind: 'closed', output: out.name, how: this.#how() });
      out.start += 1;
      this.#add(openMs + random.between(0, 400), this.#opened(out, 'flowing'));
    }
    return openMs + 400;
  }

  /** Harms an output and heals it. Returns when it is healed. */
  #harm(out: Out, atMs: number): number {
    const random = this.#random;
    const harm = random.weighted<Harm>([
      [32, 'silent'],
      [12, 'faded'],
      [14, 'mute'],
      [18, 'closed'],
      [10, 'moved'],
      [6, 'held'],
      [this.#isSame ? 0 : 8, 'restarted'],
    ]);
    const output = out.name;
    const backMs = atMs + this.#lastsMs();
    if (harm === 'silent' || harm === 'held') {
      this.#add(atMs, { kind: harm, output });
      this.#add(backMs, { kind: 'resumed', output });
      return backMs;
    }
    if (harm === 'faded') this.#add(atMs, { kind: 'silent', output });
    const closedMs = harm === 'faded' ? atMs + random.between(...SHORT_MS) : atMs;
    this.#add(closedMs, { kind: 'closed', output, how: this.#how() });
    if (harm === 'moved') {
      out.member = this.#freeMember();
      const openMs = atMs + random.between(50, 700);
      this.#add(openMs, this.#opened(out, 'flowing'));
      return openMs;
    }
    const openMs = harm === 'mute' ? atMs + random.between(100, 600) : closedMs + backMs - atMs;
    if (harm === 'restarted') out.start += 1;
    const mute = random.chance(0.5) ? 'silent' : 'headers';
    this.#add(openMs, this.#opened(out, harm === 'mute' ? mute : 'flowing'));
    if (harm !== 'mute') return openMs;
    const resumedMs = openMs + this.#lastsMs();
    this.#add(resumedMs, { kind: 'resumed', output });
    return resumedMs;
  }

  #opened({ name, member, start }: Out, sends: Sends): FaultWithoutTime {
    return { kind: 'opened', output: name, member, start, sends };
  }

  #lastsMs(): number {
    const [min, max] = this.#random.chance(SHORT_SHARE) ? SHORT_MS : LONG_MS;
    return this.#random.between(min, max);
  }

  #how(): 'reset' | 'closed' | 'unpublished' {
    return this.#random.pick(['reset', 'closed', 'unpublished'] as const) ?? 'closed';
  }

  /** The one that neither output is on. */
  #freeMember(): number {
    const taken = this.#outs.map(({ member }) => member);
    return MEMBER_INDEXES.find((member) => !taken.includes(member)) ?? 0;
  }

  #add(atMs: number, fault: FaultWithoutTime): void {
    this.faults.push({ ...fault, atMs: Math.round(atMs) } as Fault);
  }
}

type WithoutTime<F> = F extends unknown ? Omit<F, 'atMs'> : never;
type FaultWithoutTime = WithoutTime<Fault>;
