import type { Whereabouts } from './input.js';
import { ADDRESSES_PER_MEMBER_MAX } from './limits.js';

/** Where one member may be dialled, as `host:port`: its own word first, then what others say. */
export class PeerAddresses {
  /** Of the connections that stand. */
  #dialled: string | null = null;
  #seenAs: string | null = null;
  #latest: Whereabouts = {};
  #announced: readonly string[] = [];
  #told: readonly string[] = [];
  /** What others said last, and before that: one that means ill does not keep it from being dialled where it is. */
  #hearsay: readonly string[] = [];
  #lastWord: readonly string[] = [];
  /** Of both; null: to be put together anew. */
  #all: readonly string[] | null = null;

  get all(): readonly string[] {
    this.#all ??= [...new Set([...this.#told, ...this.#hearsay])];
    return this.#all;
  }

  /** Its own word about where it is, and nothing else. */
  get announcedByItself(): readonly string[] {
    return this.#announced;
  }

  /**
   * Where it certainly is: addresses that it announced itself, and that led here to it, or whose host its connection comes
   * from. Empty while it is not connected.
   */
  get proved(): readonly string[] {
    return this.#announced.filter(
      (address) => address === this.#dialled || (this.#seenAs !== null && hostOf(address) === this.#seenAs),
    );
  }

  /** What its present or last connection tells of where it is. */
  get whereabouts(): Whereabouts {
    return this.#latest;
  }

  /** What a new connection tells. */
  seen(from: Whereabouts): void {
    this.#latest = from;
    this.#dialled = from.dialled ?? this.#dialled;
    this.#seenAs = from.seenAs === undefined ? this.#seenAs : plainHost(from.seenAs);
    if (this.#told.length > 0 || from.dialled === undefined) return;
    this.#told = [from.dialled];
    this.#all = null;
  }

  /** The last connection is gone. */
  disconnected(): void {
    this.#dialled = null;
    this.#seenAs = null;
  }

  /** Where others say that it is. Returns whether that is new. */
  heard(addresses: readonly string[]): boolean {
    const known = this.all;
    const before = this.#lastWord;
    const word = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX);
    this.#lastWord = word;
    if (addresses.every((address) => known.includes(address))) return false;
    this.#hearsay = [...word, ...before.filter((address) => !word.includes(address))];
    this.#all = null;
    return true;
  }

  /** Its own word about where it is. Where it was seen is tried last: it may stand behind another address. */
  announced(addresses: readonly string[]): void {
    const { dialled, seenAs } = this.#latest;
    const port = /:(\d+)$/.exec(addresses[0] ?? '')?.[1];
    const host = seenAs?.includes(':') ? `[${seenAs}]` : seenAs;
    const seen = dialled ?? (host && port ? `${host}:${port}` : undefined);
    this.#announced = addresses.slice(0, ADDRESSES_PER_MEMBER_MAX - 1);
    this.#told = [...new Set(seen === undefined ? this.#announced : [...this.#announced, seen])];
    this.#hearsay = [];
    this.#lastWord = [];
    this.#all = null;
  }
}

/** An IPv4 peer of a socket for both families is seen as `::ffff:10.0.0.1`. */
const plainHost = (host: string): string => host.replace(/^::ffff:(?=\d+\.)/i, '');

const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
