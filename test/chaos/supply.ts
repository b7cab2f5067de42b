import type { Track } from './frame-mark.js';
import type { MadeEncode } from './made-encode.js';
import type { MemberStates } from './member-states.js';

/** While a publisher sends, without a pause. */
interface Flow {
  readonly fromMs: number;
  toMs: number | null;
}

/** One publisher's connection that was accepted: what of which encode went to which member, and when. */
export interface Feed {
  readonly name: string;
  readonly encode: MadeEncode;
  readonly member: number;
  readonly flows: Flow[];
}

interface Sent {
  readonly feed: Feed;
  readonly atMs: number;
}

/** A source has carried on alone for so long, and one GOP, before what it has must not be lost. */
const SETTLED_MS = 1500;
/** It goes on for so long after the frame. */
const AFTER_MS = 1000;

/** What all publishers sent: what players can have, and since when. */
export class Supply {
  readonly #feeds = new Map<string, Set<Feed>>();
  readonly #sent = new Map<string, Sent[]>();
  readonly #members: MemberStates;

  constructor(members: MemberStates) {
    this.#members = members;
  }

  open(name: string, encode: MadeEncode, member: number): Feed {
    const feed: Feed = { name, encode, member, flows: [] };
    this.#keep(feed);
    return feed;
  }

  sent(feed: Feed, track: Track, number: number, atMs: number): void {
    if (feed.flows.at(-1)?.toMs !== null) {
      feed.flows.push({ fromMs: atMs, toMs: null });
      this.#keep(feed);
    }
    const key = keyOf(feed.encode.id, track, number);
    const all = this.#sent.get(key);
    if (all === undefined) this.#sent.set(key, [{ feed, atMs }]);
    else all.push({ feed, atMs });
  }

  paused(feed: Feed, atMs: number): void {
    const flow = feed.flows.at(-1);
    if (flow !== undefined) flow.toMs ??= atMs;
  }

  /** When a frame went out first; undefined where it never did. */
  firstSentMs(encode: string, track: Track, number: number): number | undefined {
    return this.#sent.get(keyOf(encode, track, number))?.[0]?.atMs;
  }

  /** Since when the longest-lasting source that can be reached sends without a pause; null where there is none. */
  usableSinceMs(stream: string): number | null {
    const begins = [...(this.#feeds.get(stream) ?? [])].flatMap((feed) => {
      const flow = feed.flows.at(-1);
      if (flow === undefined || flow.toMs !== null) return [];
      const { state, atMs } = this.#members.now(feed.member);
      return state === 'up' ? [Math.max(flow.fromMs, atMs)] : [];
    });
    return begins.length === 0 ? null : Math.min(...begins);
  }

  /** Whether somebody sends this encode now, or did until just before. */
  isAlive(encode: string, nowMs: number, withinMs: number): boolean {
    return [...this.#feeds.values()].some((feeds) =>
      [...feeds].some((feed) => {
        const flow = feed.flows.at(-1);
        if (feed.encode.id !== encode || flow === undefined) return false;
        return (flow.toMs ?? nowMs) >= nowMs - withinMs;
      }),
    );
  }

  /**
   * How many of these frames were sent by the very connection whose next frame came: a player that is put on to a new
   * source must have that from its first frame on.
   */
  sentByNext(encode: string, track: Track, first: number, last: number): number {
    const next = this.#sent.get(keyOf(encode, track, last + 1)) ?? [];
    const counts = next.map(({ feed }) => {
      let count = 0;
      for (let number = first; number <= last; number += 1)
        if (this.#sent.get(keyOf(encode, track, number))?.some((each) => each.feed === feed)) count += 1;
      return count;
    });
    // From any other source, they were to be had no sooner.
    return counts.length === 0 ? 0 : Math.min(...counts);
  }

  /** Lets go of all that went out before then, for runs of hours: nobody may ask for it again. */
  forget(beforeMs: number): void {
    for (const [key, all] of this.#sent) {
      // They stand in the order in which they first went out.
      if ((all[0]?.atMs ?? 0) >= beforeMs) break;
      this.#sent.delete(key);
    }
    for (const feeds of this.#feeds.values())
      for (const feed of feeds) {
        const flow = feed.flows.at(-1);
        if (flow !== undefined && flow.toMs !== null && flow.toMs < beforeMs) feeds.delete(feed);
      }
  }

  #keep(feed: Feed): void {
    const { stream } = feed.encode;
    const feeds = this.#feeds.get(stream);
    if (feeds === undefined) this.#feeds.set(stream, new Set([feed]));
    else feeds.add(feed);
  }

  /**
   * How many of these frames a source had for certain and could have been asked for, and which source: one that had
   * sent for a while before the first, so that players could be put on to the very next frame, that went on sending,
   * and whose member was up all the time, `fromMs` included, where it says when the player had the frame before: one that
   * begins with old frames can have none of who is gone by then. Ask later than a second after the last.
   */
  hadOf(
    encode: string,
    track: Track,
    first: number,
    last: number,
    fromMs = 0,
  ): { count: number; feed: Feed } | null {
    const sources = this.#sent.get(keyOf(encode, track, first)) ?? [];
    for (const { feed, atMs } of sources) {
      const flow = feed.flows.find((each) => each.fromMs <= atMs && (each.toMs ?? Infinity) >= atMs);
      const sinceMs = atMs - SETTLED_MS - feed.encode.gopMs;
      if (flow === undefined || flow.fromMs > sinceMs) continue;
      let count = 0;
      for (let number = first; number <= last; number += 1) {
        const sent = this.#sent.get(keyOf(encode, track, number))?.find((each) => each.feed === feed);
        if (sent === undefined) break;
        const untilMs = Math.max(sent.atMs, fromMs) + AFTER_MS;
        if ((flow.toMs ?? Infinity) < untilMs || !this.#members.wasUp(feed.member, sinceMs, untilMs)) break;
        count += 1;
      }
      if (count > 0) return { count, feed };
    }
    return null;
  }
}

function keyOf(encode: string, track: Track, number: number): string {
  return `${encode} ${track} ${number}`;
}
