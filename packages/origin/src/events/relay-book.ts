import type { StreamKey } from '@headwater/directory';
import type { OriginEvent } from './origin-event.js';

/** Players of one stream here went on from another source. */
export interface LastSwitch {
  /** Unix ms, by this member's clock. */
  readonly atMs: number;
  /** Names of members; `publisher`: this member's own; null: none lately. */
  readonly from: string | null;
  readonly to: string;
  readonly gapMs: number;
  readonly isExact: boolean;
}

/** What this member pulls from one owner. */
export interface PullsFrom {
  /** The owner's name. */
  readonly owner: string;
  readonly streams: number;
  /** The first of them. */
  readonly keys: readonly StreamKey[];
}

/** Streams of which the last switch is remembered; the oldest go first. */
const SWITCHES_MAX = 10_000;
/** Streams that are named for each owner. */
const PULLS_NAMED_MAX = 8;

/**
 * What this member's relays pull from whom, and each stream's last switch, read from its events: those of all workers, each of
 * which has a relay of its own.
 */
export class RelayBook {
  /** Of each stream, by the relay's id, the owner's name. */
  readonly #relays = new Map<StreamKey, Map<string, string>>();
  readonly #switches = new Map<StreamKey, LastSwitch>();

  /** `atMs`: Unix ms. */
  note(event: OriginEvent, atMs: number): void {
    if (event.kind === 'relay-switched') {
      const { key, relay = '', fromRelay = '', from, to, gapMs, isExact } = event;
      if (from !== null) this.#end(key, fromRelay, from);
      if (to !== 'publisher') this.#feeds(key, relay, to);
      this.#remember(key, { atMs, from, to, gapMs, isExact });
    } else if (event.kind === 'relay-ended') this.#end(event.key, event.relay ?? '', event.owner);
  }

  /** Name of the owner that feeds this stream here by a relay. */
  ownerOf(key: StreamKey): string | undefined {
    return this.#relays.get(key)?.values().next().value;
  }

  lastSwitch(key: StreamKey): LastSwitch | undefined {
    return this.#switches.get(key);
  }

  /** By owner, whose names are in order. */
  pulls(): readonly PullsFrom[] {
    const found = new Map<string, { streams: number; keys: StreamKey[] }>();
    for (const [key, relays] of this.#relays) {
      for (const owner of new Set(relays.values())) {
        const one = found.get(owner) ?? { streams: 0, keys: [] };
        one.streams += 1;
        if (one.keys.length < PULLS_NAMED_MAX) one.keys.push(key);
        found.set(owner, one);
      }
    }
    return [...found].map(([owner, one]) => ({ owner, ...one })).sort((a, b) => (a.owner < b.owner ? -1 : 1));
  }

  #feeds(key: StreamKey, relay: string, owner: string): void {
    const relays = this.#relays.get(key) ?? new Map<string, string>();
    relays.set(relay, owner);
    this.#relays.set(key, relays);
  }

  #end(key: StreamKey, relay: string, owner: string): void {
    const relays = this.#relays.get(key);
    if (relays?.get(relay) !== owner) return;
    relays.delete(relay);
    if (relays.size === 0) this.#relays.delete(key);
  }

  #remember(key: StreamKey, last: LastSwitch): void {
    this.#switches.delete(key);
    this.#switches.set(key, last);
    if (this.#switches.size <= SWITCHES_MAX) return;
    const [oldest] = this.#switches.keys();
    if (oldest !== undefined) this.#switches.delete(oldest);
  }
}
