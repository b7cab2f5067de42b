import type { Whereabouts } from './input.js';
import { ADDRESSES_PER_MEMBER_MAX } from './limits.js';

/** Where one member may be dialled, as `host:port`: its own word first, then what others say. */
export class PeerAddresses {
  #whereabouts: Whereabouts = {};
  #told: readonly string[] = [];
  #hearsay: readonly string[] = [];

  get all(): readonly string[] {
    return [...new Set([...this.#told, ...this.#hearsay])];
  }

  /** What its present or last connection tells of where it is. */
  get whereabouts(): Whereabouts {
    return this.#whereabouts;
  }

  /** What a new connection tells. */
  seen(from: Whereabouts): void {
    this.#whereabouts = from;
    if (this.#told.length === 0 && from.dialled !== undefined) this.#told = [from.dialled];
  }

  /** Where others say that it is. Returns whether that is new. */
  heard(addresses: readonly string[]): boolean {
    const known = this.all;
    if (addresses.every((address) => known.includes(address))) return false;
    this.#hearsay = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX);
    return true;
  }

  /** Its own word about where it is. Where it was seen is tried last: it may stand behind another address. */
  announced(addresses: readonly string[]): void {
    const { dialled, seenAs } = this.#whereabouts;
    const port = /:(\d+)$/.exec(addresses[0] ?? '')?.[1];
    const host = seenAs?.includes(':') ? `[${seenAs}]` : seenAs;
    const seen = dialled ?? (host && port ? `${host}:${port}` : undefined);
    const announced = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX - 1);
    this.#told = [...new Set(seen === undefined ? announced : [...announced, seen])];
    this.#hearsay = [];
  }
}
