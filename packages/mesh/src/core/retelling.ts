import type { Delta, MemberId } from '@headwater/directory';
import { PART_BYTES_MAX, RETELL_BEFORE_MS, RETELL_DELTAS_MAX, RETELL_MS, SIGN_OF_LIFE_MS } from './limits.js';
import type { LocalState } from './local-state.js';
import type { Peers } from './peers.js';
import type { Reachability } from './reachability.js';
import type { Step } from './step.js';
import { entryBytes, Parts } from './wire-size.js';

/** How often it is noted how far the own log was, ms. */
const NOTE_MS = 1_000;

/**
 * What this member does for those that it can't reach while others hear them. They can't ask it, so its broadcasts, which
 * come to them through others, must be enough:
 * - what changed beyond what they told to hold is broadcast once more, some messages at a time, and again with growing
 *   pauses while that goes on, so that no lost broadcast, and no restart of either, leaves a gap there;
 * - where nothing changes, its profile is told again now and then: others' word for it counts only so long after its own.
 */
export class Retelling {
  readonly #peers: Peers;
  readonly #local: LocalState;
  readonly #reachability: Reachability;
  /** How far the log was at times before, oldest first; the first is from before `RETELL_BEFORE_MS`. */
  readonly #notes: { readonly at: number; readonly version: number }[] = [];
  /** Whom it tells, as which start: what they are known to hold, and how far the log was at times shortly before. */
  readonly #told = new Map<
    MemberId,
    { readonly generation: number; readonly holds: number; readonly lately: readonly number[] }
  >();
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldVersion = 0;
  /** Of a log too long for one repetition: how far it was told. The next one goes on from there; 0: from the beginning. */
  #toldUpTo = 0;
  #pauseMs = RETELL_MS;
  #version = 0;
  #changedAt: number;

  constructor(peers: Peers, local: LocalState, reachability: Reachability, now: number) {
    this.#peers = peers;
    this.#local = local;
    this.#reachability = reachability;
    this.#changedAt = now;
  }

  /** Versions of this member's older generation mean nothing any more. */
  beginGeneration(): void {
    this.#notes.length = 0;
    this.#told.clear();
    this.#version = 0;
    this.#toldVersion = 0;
    this.#toldUpTo = 0;
  }

  tick(step: Step): void {
    this.#note(step.now);
    this.#noteWhom(step.now);
    if (this.#told.size === 0 || this.#local.flushAt !== null) return;
    if (step.now - this.#changedAt >= SIGN_OF_LIFE_MS) this.#local.tellProfileAgain(step);
    else if (step.now - this.#toldAt >= (this.#isNews ? RETELL_MS : this.#pauseMs)) this.#retell(step);
  }

  get #isNews(): boolean {
    return this.#toldUpTo > 0 || this.#version > this.#toldVersion;
  }

  #note(now: number): void {
    const { version } = this.#local.position;
    if (version !== this.#version) {
      this.#version = version;
      this.#changedAt = now;
    }
    if (now - (this.#notes.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < NOTE_MS) return;
    this.#notes.push({ at: now, version });
    while (now - (this.#notes[1]?.at ?? now) > RETELL_BEFORE_MS) this.#notes.shift();
  }

  /** Whoever comes is told once even if nothing changes; who is suspect for a moment stays. */
  #noteWhom(now: number): void {
    for (const peer of this.#peers) {
      if (!this.#reachability.isOnlyHeardByOthers(peer, now)) {
        if (peer.state.life.kind !== 'suspect') this.#told.delete(peer.id);
        continue;
      }
      const generation = Math.max(this.#peers.directory.position(peer.id).generation, peer.namedAs);
      if (this.#told.get(peer.id)?.generation === generation) continue;
      const holds = peer.greetedAs === generation ? peer.holds : 0;
      this.#told.set(peer.id, { generation, holds, lately: this.#lately });
      this.#toldVersion = 0;
      this.#toldUpTo = 0;
    }
    for (const id of this.#told.keys()) if (this.#peers.get(id) === undefined) this.#told.delete(id);
  }

  #retell(step: Step): void {
    this.#toldAt = step.now;
    const those = [...this.#told.values()];
    // Who holds less than the log reaches back to is told what changed lately; nobody else has to wait for it.
    const holds = those.map((one) => one.holds).filter((version) => this.#local.log.reachesBackTo(version));
    const start = Math.max(this.#toldUpTo, Math.min(this.#version, ...holds));
    const deltas = this.#deltas(start);
    const to = deltas.at(-1)?.to ?? this.#version;
    deltas.push(
      ...this.#latest(
        holds.length > 0 ? to : 0,
        those.flatMap((one) => one.lately),
      ),
    );
    for (const delta of deltas) step.effects.broadcasts.push({ kind: 'delta', delta });
    this.#toldUpTo = to < this.#version ? to : 0;
    if (this.#toldUpTo > 0) return;
    // Once more where nothing changed, since broadcasts get lost, but less and less often.
    this.#pauseMs = this.#version > this.#toldVersion ? RETELL_MS : 2 * this.#pauseMs;
    this.#toldVersion = this.#version;
  }

  /** How far the log was at times of late, the oldest first. */
  get #lately(): readonly number[] {
    return this.#notes.length > 0 ? this.#notes.map(({ version }) => version) : [0];
  }

  /**
   * The whole of a long log takes long: what changed lately does not wait for that. As far back as it fits, beyond `least`:
   * a burst, of which the log forgets or is too long to tell, does not hide what came after it.
   */
  #latest(least: number, lately: readonly number[]): readonly Delta[] {
    const starts = new Set([...lately, ...this.#lately].map((version) => Math.max(least, version)));
    for (const start of [...starts].sort((a, b) => a - b)) {
      const deltas = this.#deltas(start);
      if (deltas.at(-1)?.to === this.#version) return deltas;
    }
    return [];
  }

  /** The first changes after a version, as deltas that each fit in one message; none where those are forgotten. */
  #deltas(version: number): Delta[] {
    const { log } = this.#local;
    const { member, generation } = log;
    const deltas: Delta[] = [];
    if (version >= this.#version || !log.reachesBackTo(version)) return deltas;
    const parts = new Parts(log.cut(version).entries(), entryBytes, PART_BYTES_MAX);
    let from = version;
    for (let last = false; !last && deltas.length < RETELL_DELTAS_MAX; ) {
      const part = parts.next();
      last = part.last;
      const to = last ? this.#version : (part.items.at(-1)?.version ?? this.#version);
      deltas.push({ member, generation, from, to, entries: part.items });
      from = to;
    }
    return deltas;
  }
}
