import type { Delta, MemberId } from '@headwater/directory';
import { PART_BYTES_MAX, RETELL_BEFORE_MS, RETELL_DELTAS_MAX, RETELL_MS, SIGN_OF_LIFE_MS } from './limits.js';
import type { LocalState } from './local-state.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';
import { entryBytes, fitting } from './wire-size.js';

/** How often it is noted how far the own log was, and for how long that is kept, ms. */
const NOTE_MS = 1_000;

/**
 * What this member does for those that it can't reach while others hear them. They can't ask it, so its broadcasts, which
 * come to them through others, must be enough:
 * - what changed since before the link was cut is broadcast once more while that goes on, so that no lost broadcast leaves
 *   a gap there;
 * - where nothing changes, its profile is told again now and then: others' word for it counts only so long after its own.
 */
export class Retelling {
  readonly #peers: Peers;
  readonly #local: LocalState;
  /** How far the log was at times before, oldest first. */
  #notes: { readonly at: number; readonly version: number }[] = [];
  /** From which version on those are told that can't be reached. */
  readonly #from = new Map<MemberId, number>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldVersion = 0;
  #version = 0;
  #changedAt: number;

  constructor(peers: Peers, local: LocalState, now: number) {
    this.#peers = peers;
    this.#local = local;
    this.#changedAt = now;
  }

  tick(step: Step): void {
    this.#note(step.now);
    this.#noteUnreachable();
    if (this.#from.size === 0 || this.#local.flushAt !== null) return;
    if (step.now - this.#changedAt >= SIGN_OF_LIFE_MS) this.#local.tellProfileAgain(step);
    else if (step.now - this.#toldAt >= RETELL_MS && this.#version > this.#toldVersion) this.#retell(step);
  }

  #note(now: number): void {
    const { version } = this.#local.position;
    if (version !== this.#version) {
      this.#version = version;
      this.#changedAt = now;
    }
    if (now - (this.#notes.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < NOTE_MS) return;
    this.#notes.push({ at: now, version });
    while (now - (this.#notes[0]?.at ?? now) > RETELL_BEFORE_MS) this.#notes.shift();
  }

  #noteUnreachable(): void {
    for (const { id, state } of this.#peers) {
      if (state.life.kind !== 'unreachable') this.#from.delete(id);
      else if (!this.#from.has(id)) {
        this.#from.set(id, this.#notes[0]?.version ?? 0);
        // What was told before may not have come through.
        this.#toldVersion = 0;
      }
    }
    for (const id of this.#from.keys()) if (this.#peers.get(id) === undefined) this.#from.delete(id);
  }

  #retell(step: Step): void {
    this.#toldAt = step.now;
    this.#toldVersion = this.#version;
    const delta = this.#local.log.deltaSince(Math.min(...this.#from.values()));
    const deltas = delta === null ? [] : cut(delta);
    if (deltas.length > RETELL_DELTAS_MAX) return;
    for (const part of deltas) step.effects.broadcasts.push({ kind: 'delta', delta: part });
  }
}

/** As deltas that each fit in one message; no more than are told, and one. */
function cut(delta: Delta): readonly Delta[] {
  const { entries } = delta;
  const deltas: Delta[] = [];
  let from = delta.from;
  for (let start = 0; start < entries.length && deltas.length <= RETELL_DELTAS_MAX; ) {
    const end = start + fitting(entries, start, entryBytes, PART_BYTES_MAX);
    const part = entries.slice(start, end);
    const to = end === entries.length ? delta.to : (part.at(-1)?.version ?? delta.to);
    deltas.push({ ...delta, from, to, entries: part });
    from = to;
    start = end;
  }
  return deltas;
}
