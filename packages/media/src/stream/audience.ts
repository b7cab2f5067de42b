import type { MediaInfo } from '@headwater/directory';
import { GopCache } from './gop-cache.js';
import type { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';
import type { Player } from './player.js';
import { PlayerFeed, type PlayerLimits, type Traffic } from './player-feed.js';

export interface AudienceLimits extends PlayerLimits {
  readonly gopCacheBytesMax: number;
  /** How long packets are gathered for one write to each player; 0 or absent: not at all. */
  readonly mergeMs?: number;
}

/** A window is over when it holds this much, however short it was: what a source sends at once is not gathered. */
const WINDOW_BYTES_MAX = 1_048_576;

/** What a player is told and given when it begins. */
export interface Opening {
  media(): MediaInfo;
  /** Metadata and codec headers, stamped with this time. */
  headersAt(timestampMs: number): readonly MediaPacket[];
}

/** The last seconds of a stream, for another member's pull that has to find its place. */
export interface Replay {
  readonly packets: readonly MediaPacket[];
  /** Says that the replay is over; what follows is live. */
  readonly end: MediaPacket | null;
}

/**
 * The players of one stream. What comes within a window goes out in one write per player, since a write costs far more
 * than its bytes; who joins gets the cached GOP at once.
 */
export class Audience {
  readonly #limits: AudienceLimits;
  readonly #traffic: Traffic;
  readonly #opening: Opening;
  readonly #feeds = new Map<string, PlayerFeed>();
  readonly #gop: GopCache;
  /** Gathered in the present window, and the first of them that decoding can start at. */
  #pending: MediaPacket[] = [];
  #pendingStart = -1;
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #immediate = 0;
  /** Headers and cached GOP, the same for all who join between two windows. */
  #welcome: PacketBatch | null = null;

  constructor(limits: AudienceLimits, traffic: Traffic, opening: Opening) {
    this.#limits = limits;
    this.#traffic = traffic;
    this.#opening = opening;
    this.#gop = new GopCache(limits.gopCacheBytesMax);
  }

  get size(): number {
    return this.#feeds.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#feeds.values();
  }

  /**
   * Feeds a player from now on; the cached GOP comes at once, or the replay where that is longer. Does nothing where it
   * is fed already.
   */
  add(player: Player, isImmediate: boolean, replay: Replay | null = null): void {
    if (this.#feeds.has(player.id)) return;
    if (isImmediate) {
      this.flush();
      this.#immediate += 1;
    }
    const feed = new PlayerFeed(player, isImmediate, this.#limits, this.#traffic);
    this.#feeds.set(player.id, feed);
    const gop = this.#gop.packets;
    const past = replay !== null && replay.packets.length > gop.length ? replay.packets : gop;
    if (past.length === 0) return;
    const batch =
      replay === null
        ? this.#welcomed()
        : this.#opened([...past, ...(replay.end === null ? [] : [replay.end])]);
    feed.start(this.#opening.media(), batch.wire(player.format));
  }

  remove(player: Player): void {
    if (this.#feeds.get(player.id)?.isImmediate) this.#immediate -= 1;
    this.#feeds.delete(player.id);
  }

  /** `isStart`: players may begin at this packet. */
  send(packet: MediaPacket, isStart: boolean): void {
    if (this.#immediate > 0) this.#deliver([packet], isStart ? 0 : -1, true);
    let isAwaited = false;
    if (isStart && this.#pendingStart < 0) {
      this.#pendingStart = this.#pending.length;
      isAwaited = this.#isStartAwaited();
    }
    this.#pending.push(packet);
    this.#pendingBytes += packet.payload.length;
    const { mergeMs = 0 } = this.#limits;
    const isOver = isAwaited || mergeMs === 0 || this.#pendingBytes >= WINDOW_BYTES_MAX;
    if (isOver || this.#feeds.size === this.#immediate) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), mergeMs);
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#welcome = null;
    const packets = this.#pending;
    const start = this.#pendingStart;
    if (packets.length === 0) return;
    this.#pending = [];
    this.#pendingStart = -1;
    this.#pendingBytes = 0;
    for (const packet of packets) if (!packet.isHeader) this.#gop.add(packet);
    this.#deliver(packets, start, false);
  }

  /** The cached pictures cannot open the stream any more; who joins now starts at the next keyframe. */
  forgetGop(): void {
    this.flush();
    this.#gop.clear();
  }

  /** The source is gone: everybody waits for the start of the next. */
  pause(): void {
    this.forgetGop();
    for (const feed of this.#feeds.values()) feed.pause();
  }

  #deliver(packets: readonly MediaPacket[], start: number, isImmediate: boolean): void {
    const batch = new PacketBatch(packets);
    let opened: PacketBatch | null = null;
    for (const feed of this.#feeds.values()) {
      if (feed.isImmediate !== isImmediate) continue;
      if (start >= 0 && feed.isReadyToStart) {
        opened ??= this.#opened(packets.slice(start));
        feed.start(this.#opening.media(), opened.wire(feed.player.format));
      } else {
        feed.deliver(batch);
      }
    }
  }

  /** Whether somebody has no picture yet: the first one is worth a write of its own. */
  #isStartAwaited(): boolean {
    for (const feed of this.#feeds.values()) if (!feed.isImmediate && feed.isReadyToStart) return true;
    return false;
  }

  #welcomed(): PacketBatch {
    this.#welcome ??= this.#opened(this.#gop.packets);
    return this.#welcome;
  }

  #opened(packets: readonly MediaPacket[]): PacketBatch {
    return new PacketBatch([...this.#opening.headersAt(packets[0]?.timestampMs ?? 0), ...packets]);
  }
}
