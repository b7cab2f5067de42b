import type { Tracks } from '../wire/flv/flv-header.js';
import { GopCache } from './gop-cache.js';
import type { MediaPacket } from './packet.js';
import { PacketBatch, PacketWindow } from './packet-batch.js';
import type { Player } from './player.js';
import { type Moment, PlayerFeed, type PlayerLimits } from './player-feed.js';
import { PIECE_BYTES_MAX } from './player-queue.js';
import { pastOf, type Replay, replayBatches } from './replay.js';
import type { Traffic } from './stream-traffic.js';

export interface AudienceLimits extends PlayerLimits {
  readonly gopCacheBytesMax: number;
  /** How long packets are gathered for one write to each player; 0 or absent: not at all. */
  readonly mergeMs?: number;
}

/** A window is over when it holds this much, however short it was: what a source sends at once is not gathered. */
const WINDOW_BYTES_MAX = 1_048_576;

/** What a player is told and given when it begins. */
export interface Opening {
  /** What FLV players are to announce; null while it is not known, and they wait. */
  tracks(): Tracks | null;
  /** Metadata and codec headers of now, stamped with this time. */
  headersAt(timestampMs: number): readonly MediaPacket[];
  /** Those who are fed are other members' pulls, and no players; absent: they are players. */
  readonly isForPulls?: boolean;
}

/**
 * Players of one stream that are served alike. What comes within a window goes out in one write per player, since a
 * write costs far more than its bytes; who joins gets the cached GOP at once. While nobody plays there is that GOP alone.
 *
 * A batch begins at a start wherever one comes that is not in such a batch already. So the GOP cache begins at one, and
 * many starts in a row are still merged. Headers are in batches of their own, which are not cached: who joins gets the
 * newest ones first.
 */
export class Audience {
  readonly #limits: AudienceLimits;
  readonly #traffic: Traffic;
  readonly #opening: Opening;
  readonly #feeds = new Map<string, PlayerFeed>();
  readonly #gop: GopCache;
  /** Gathered in the present window: whole batches, and the packets of the last. */
  #sealed: PacketBatch[] = [];
  #pending: MediaPacket[] = [];
  /** What comes before `pending` for who starts there; null where it is no start. */
  #pendingHeaders: readonly MediaPacket[] | null = null;
  #pendingAtMs = 0;
  #pendingBytes = 0;
  #windowBytes = 0;
  /** What comes is past: see `catchUp`. */
  #isPast = false;
  /** It is, and for nobody who has begun: see `keep`. */
  #isKept = false;
  #timer: NodeJS.Timeout | null = null;
  /** What comes before the cached GOP, the same for all who join while neither changes. */
  #gopHeaders: PacketBatch | null = null;

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
   * Feeds a player from now on; the cached GOP comes at once, or the replay where there is one. Does nothing where it is
   * fed already.
   */
  add(player: Player, replay: Replay | null = null): void {
    if (this.#feeds.has(player.id)) return;
    // What was gathered for those who have gone is past, and a replay has what waits in the window.
    if (this.#feeds.size === 0 || replay !== null) this.flush();
    const feed = new PlayerFeed(player, this.#limits, this.#traffic);
    this.#feeds.set(player.id, feed);
    if (replay === null) this.#openFromGop(feed, this.#moment());
    else this.#openFromReplay(feed, replay);
  }

  remove(player: Player): void {
    this.#feeds.get(player.id)?.close();
    this.#feeds.delete(player.id);
  }

  /**
   * What `send` sends is past, and goes out all at once: another source goes on with what it has. It is no fault of the
   * players that it is much, so it makes nobody late.
   */
  catchUp(send: () => void): void {
    this.flush();
    this.#isPast = true;
    try {
      send();
      this.flush();
    } finally {
      this.#isPast = false;
    }
  }

  /** What `send` sends is past, and nothing follows it for now: it is for who joins, and for who was given nothing yet. */
  keep(send: () => void): void {
    this.flush();
    this.#isKept = true;
    try {
      send();
    } finally {
      this.#isKept = false;
    }
    const moment = this.#moment();
    for (const feed of this.#feeds.values()) {
      this.#guard(feed, () => {
        if (feed.hasBegun) feed.skipPast();
        else this.#openFromGop(feed, moment);
      });
    }
  }

  /** `isStart`: players may begin at this packet. `ageMs`: how long ago it came. */
  send(packet: MediaPacket, isStart: boolean, ageMs = 0): void {
    if (this.#feeds.size === 0 || this.#isKept) {
      this.#keep(packet, isStart, ageMs);
      return;
    }
    if (packet.isHeader !== this.#pending[0]?.isHeader) this.#seal();
    let isAwaited = false;
    if (isStart && (this.#pendingHeaders === null || this.#bringsPicture(packet))) {
      this.#seal();
      isAwaited = !this.#isPast && this.#isStartAwaited();
    }
    if (isStart) this.#pendingHeaders ??= this.#opening.headersAt(packet.timestampMs);
    if (packet.isHeader) this.#gopHeaders = null;
    const nowMs = performance.now();
    if (this.#pending.length === 0) this.#pendingAtMs = nowMs - ageMs;
    this.#pending.push(packet);
    this.#pendingBytes += packet.payload.length;
    this.#windowBytes += packet.payload.length;
    const { mergeMs = 0 } = this.#limits;
    if (this.#isPast) {
      if (this.#pendingBytes >= PIECE_BYTES_MAX) this.#seal();
    } else if (isAwaited || mergeMs === 0 || this.#windowBytes >= WINDOW_BYTES_MAX) {
      this.flush();
    } else {
      this.#timer ??= setTimeout(() => this.flush(), mergeMs);
    }
  }

  /** For nobody who plays: who joins later starts at the newest start. */
  #keep(packet: MediaPacket, isStart: boolean, ageMs: number): void {
    if (this.#pending.length + this.#sealed.length > 0) this.flush();
    if (packet.isHeader) this.#gopHeaders = null;
    if (packet.isHeader || this.#limits.gopCacheBytesMax === 0) return;
    const atMs = performance.now() - ageMs;
    if (isStart) {
      this.#gop.begin(packet, atMs, this.#opening.headersAt(packet.timestampMs));
      this.#gopHeaders = null;
    } else this.#gop.push(packet, atMs);
  }

  /** The first picture to start at after a start with sound: who has none yet starts here. */
  #bringsPicture({ kind }: MediaPacket): boolean {
    return kind === 'video' && this.#pending[0]?.kind !== 'video';
  }

  /** Sends what was gathered. */
  flush(): void {
    this.#seal();
    const batches = this.#sealed;
    this.#forgetWindow();
    if (batches.length === 0) return;
    for (const batch of batches) this.#cache(batch);
    if (this.#feeds.size === 0) return;
    const window = new PacketWindow(batches);
    const moment = this.#moment();
    for (const feed of this.#feeds.values()) {
      // As `#guard`, without a closure for each player and window.
      try {
        feed.deliver(window, moment);
      } catch (error) {
        this.#drop(feed, error);
      }
    }
  }

  /** The cached pictures cannot open the stream any more; who joins now starts at the next start. */
  forgetGop(): void {
    this.flush();
    this.#gop.clear();
    this.#gopHeaders = null;
  }

  /** The cached sound cannot be played with what follows; who joins now gets the cached pictures, and the sound from here on. */
  forgetSound(): void {
    this.flush();
    this.#gop.forgetSound((timestampMs) => this.#opening.headersAt(timestampMs));
    this.#gopHeaders = null;
  }

  /** The source is gone: everybody waits for the start of the next. */
  pause(): void {
    this.forgetGop();
    for (const feed of this.#feeds.values()) this.#guard(feed, () => feed.pause());
  }

  /**
   * What `Opening.tracks` says has changed: FLV players that were told otherwise are ended, so that they reload, and
   * those that waited for it begin.
   */
  tracksChanged(): void {
    const moment = this.#moment();
    this.#gopHeaders = null;
    if (moment.tracks === null) return;
    for (const feed of [...this.#feeds.values()]) {
      const { tracks } = moment;
      this.#guard(feed, () => {
        feed.endIfTracksDiffer(tracks);
        if (feed.player.format !== 'rtmp') this.#openFromGop(feed, moment);
      });
    }
  }

  /** One player's fault is not the others', nor the source's. */
  #guard(feed: PlayerFeed, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#drop(feed, error);
    }
  }

  #drop(feed: PlayerFeed, error: unknown): void {
    this.remove(feed.player);
    feed.player.fault(error);
  }

  #cache(batch: PacketBatch): void {
    if (batch.packets[0]?.isHeader) return;
    this.#gop.add(batch);
    if (batch.headers !== null) this.#gopHeaders = null;
  }

  #openFromGop(feed: PlayerFeed, moment: Moment): void {
    if (this.#gop.isEmpty) return;
    this.#gopHeaders ??= this.#headersOf(this.#gop);
    feed.open(this.#gopHeaders, this.#gop, moment);
  }

  #openFromReplay(feed: PlayerFeed, { packets, end }: Replay): void {
    const moment = this.#moment();
    const mark = end === null ? [] : [new PacketBatch([end], moment.nowMs)];
    const past = replayBatches(packets, moment.nowMs);
    const [first] = past;
    if (first === undefined) {
      feed.startsAfter(mark);
      return;
    }
    const { atMs } = first;
    const headers = this.#headersOf({ atMs, timestampMs: packets[0]?.timestampMs ?? 0 });
    feed.open(headers, pastOf([...past, ...mark]), moment);
  }

  /** What comes before a packet of this time. */
  #headersOf({ timestampMs, atMs }: { readonly timestampMs: number; readonly atMs: number }): PacketBatch {
    return new PacketBatch(this.#opening.headersAt(timestampMs), atMs);
  }

  /** Ends the batch that is being gathered. */
  #seal(): void {
    if (this.#pending.length === 0) return;
    this.#sealed.push(new PacketBatch(this.#pending, this.#pendingAtMs, this.#pendingHeaders));
    this.#forgetPending();
  }

  #forgetWindow(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sealed = [];
    this.#forgetPending();
    this.#windowBytes = 0;
  }

  #forgetPending(): void {
    this.#pending = [];
    this.#pendingHeaders = null;
    this.#pendingBytes = 0;
  }

  #moment(): Moment {
    const opening = this.#opening;
    const nowMs = performance.now();
    return {
      nowMs,
      tracks: opening.tracks(),
      isForPulls: opening.isForPulls === true,
      isPast: this.#isPast,
      headersAt: (timestampMs) => new PacketBatch(opening.headersAt(timestampMs), nowMs),
    };
  }

  /** Whether somebody has no picture yet: the first one is worth a write of its own. */
  #isStartAwaited(): boolean {
    if (this.#feeds.size === 0) return false;
    const moment = this.#moment();
    for (const feed of this.#feeds.values()) if (feed.isReadyToStart(moment)) return true;
    return false;
  }
}
