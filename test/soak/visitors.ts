import { ChaosPlayer, type PlayerWorld, type ServedGap } from '../chaos/chaos-player.js';
import { type SoakOptions, type Visit, visitsOf } from './plan.js';

interface Slot {
  readonly visits: Generator<Visit, never>;
  /** When the next one comes, or the one that is here leaves. */
  nextMs: number;
  here: { readonly player: ChaosPlayer; readonly visit: Visit } | null;
}

export interface PlayerGap {
  readonly player: string;
  readonly gap: ServedGap;
}

/** Players that come and go: one at a time in each slot. */
export class Visitors {
  plays = 0;
  frames = 0;
  switches = 0;
  reconnects = 0;
  /** Left since they were last looked at. */
  readonly #left: ChaosPlayer[] = [];
  readonly #slots: readonly Slot[];
  readonly #worldOf: (stream: string) => PlayerWorld;

  /** The first ones come one by one within `rampMs`. */
  constructor(
    options: SoakOptions,
    worldOf: (stream: string) => PlayerWorld,
    { startMs, rampMs }: { readonly startMs: number; readonly rampMs: number },
  ) {
    this.#worldOf = worldOf;
    this.#slots = Array.from({ length: options.players }, (_, slot) => ({
      visits: visitsOf(options, slot),
      nextMs: startMs + (rampMs * slot) / options.players,
      here: null,
    }));
  }

  get here(): readonly ChaosPlayer[] {
    return this.#slots.flatMap(({ here }) => (here === null ? [] : [here.player]));
  }

  /** Call it some times a second. `look` sees all that are here, and once those that have just left. */
  tick(nowMs: number, look: (players: readonly ChaosPlayer[]) => void): readonly PlayerGap[] {
    for (const slot of this.#slots) if (nowMs >= slot.nextMs) this.#turn(slot, nowMs);
    const players = [...this.here, ...this.#left];
    for (const player of players) player.tick();
    look(players);
    const gaps = gapsOf(players);
    this.#count();
    return gaps;
  }

  /** All leave, and nobody comes any more. Returns what is not judged yet. */
  close(): readonly PlayerGap[] {
    for (const slot of this.#slots) {
      if (slot.here !== null) this.#leave(slot, slot.here.player);
      slot.nextMs = Number.POSITIVE_INFINITY;
    }
    const gaps = gapsOf(this.#left);
    this.#count();
    return gaps;
  }

  #turn(slot: Slot, nowMs: number): void {
    if (slot.here !== null) {
      slot.nextMs = nowMs + slot.here.visit.awayMs;
      this.#leave(slot, slot.here.player);
      return;
    }
    const visit = slot.visits.next().value;
    slot.nextMs = nowMs + visit.lastsMs;
    slot.here = { visit, player: new ChaosPlayer(visit.player, this.#worldOf(visit.player.stream)) };
    this.plays += 1;
  }

  #leave(slot: Slot, player: ChaosPlayer): void {
    player.leave();
    slot.here = null;
    this.#left.push(player);
  }

  #count(): void {
    for (const { frames, switches, reconnects } of this.#left.splice(0)) {
      this.frames += frames;
      this.switches += switches;
      this.reconnects += reconnects;
    }
  }
}

function gapsOf(players: readonly ChaosPlayer[]): readonly PlayerGap[] {
  return players.flatMap((player) => player.takeGaps().map((gap) => ({ player: player.name, gap })));
}
