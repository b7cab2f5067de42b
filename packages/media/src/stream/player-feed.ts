import { BOTH_TRACKS, type Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { MEDIA_STREAM_ID } from './packet.js';
import type { PacketBatch, PacketWindow, WireWish } from './packet-batch.js';
import type { Player, TrackWants } from './player.js';
import type { QueueItem } from './player-queue.js';
import type { FramesDropped, Traffic } from './stream-traffic.js';

export interface PlayerLimits {
  /** Bytes by which a player's queue may have grown before frames are dropped up to the next start. */
  readonly queueBytesMax: number;
  /** How much longer media may wait in it than it did at best before the same is done; absent: as long as it takes. */
  readonly queueMs?: number;
  /** How long a player with a queue may take nothing at all. */
  readonly stuckMs: number;
}

/** What came before a player joins: at least one packet. */
export interface Past {
  /** When the first packet was sent, by the monotonic clock. */
  readonly atMs: number;
  /** The first packet is a picture. */
  readonly startsWithVideo: boolean;
  /** What there is among it that is no header. */
  readonly kinds: ReadonlySet<Frame['kind']>;
  /** All of it in this form. */
  items(wish: WireWish): readonly QueueItem[];
}

/** What is true of a stream at the moment that it sends. */
export interface Moment {
  /** By the monotonic clock. */
  readonly nowMs: number;
  /** What FLV players are told; null: not known yet, who was told nothing waits. */
  readonly tracks: Tracks | null;
  /** Who is fed finds out itself where players may start: it gets pictures whatever came before them. */
  readonly isForPulls: boolean;
  /** What is delivered is past, all of it at once: who is fed is not late for it. */
  readonly isPast: boolean;
  /** Metadata and codec headers of now, stamped with this time: for who starts at any sound. */
  headersAt(timestampMs: number): PacketBatch;
}

/** Once frames are dropped, so many are that this part of the limits is left. */
const LEFT_AFTER_DROP = 1 / 2;

/**
 * One player's place in a stream: begins where decoding can start, falls behind by whole frames, and is found stuck.
 *
 * A player is behind by how much its queue has grown since it was shortest. So the past that it is given when it joins, or
 * when the stream goes on from another source, counts as little against it as the time that it takes to read it, as long as
 * it reads as fast as the stream comes.
 */
export class PlayerFeed {
  readonly player: Player;
  readonly #limits: PlayerLimits;
  readonly #traffic: Traffic;
  /** What FLV players were told when they began; null before they did. */
  #announced: Tracks | null = null;
  readonly #got = new Set<keyof Tracks>();
  #hasBoth = false;
  /**
   * What it is given at present; `nothing` up to a start. One that began with sound is given no pictures up to one that it can
   * start at.
   */
  #given: TrackWants = 'nothing';
  /** Nothing was given since it joined, or since the source changed, and what came before is of use as soon as it can begin. */
  #isNew = true;
  /** What it is told right before the first that it is given. */
  #mark: readonly PacketBatch[] = [];
  /** Why frames are dropped; null where the player merely waits for a start. */
  #behindBy: keyof FramesDropped | null = null;
  #framesDropped = 0;
  /** The shortest that its queue has been since it joined. */
  #leastBytes = 0;
  #leastMs = 0;
  #countedBytes = 0;
  #lastWish: WireWish | null = null;
  /** What was taken when `isStuck` was asked last, and since when it was no more; by the monotonic clock. */
  #takenBytes = 0;
  #takenAtMs = performance.now();
  #isOver = false;

  constructor(player: Player, limits: PlayerLimits, traffic: Traffic) {
    this.player = player;
    this.#limits = limits;
    this.#traffic = traffic;
  }

  get #wants(): TrackWants {
    return this.player.wants ?? 'all';
  }

  /** It was given something since it joined. */
  get hasBegun(): boolean {
    return this.#announced !== null;
  }

  /** Exactly those that were not sent because the player was behind. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** Whether it waits for a start and can be given one now. */
  isReadyToStart(moment: Moment): boolean {
    return this.#given === 'nothing' && this.#wants !== 'nothing' && this.#canStart(moment);
  }

  /** Begins, where it has not, with what came before, all of it at once: the same buffers for all players of a format. */
  open(headers: PacketBatch, past: Past, moment: Moment): void {
    const wants = this.#wants;
    const { queue } = this.player;
    if (!this.#isNew || wants === 'nothing' || !this.#canStart(moment)) return;
    if (wants === 'video' && !past.startsWithVideo) return;
    this.#begin(moment.tracks);
    const { queuedBytes } = queue;
    this.#start(wants, past.startsWithVideo, moment);
    const given = this.#given === 'audio' && past.kinds.has('video') ? 'audio' : wants;
    queue.add(headers.wire(this.#wish(wants)));
    for (const item of past.items(this.#wish(given))) queue.add(item);
    if (this.player.format !== 'rtmp') this.#noteKinds(past.kinds);
    this.#leastBytes += queue.queuedBytes - queuedBytes;
    this.#leastMs = Math.max(this.#leastMs, moment.nowMs - past.atMs);
    queue.send();
  }

  /** What the stream sends next. */
  deliver(window: PacketWindow, moment: Moment): void {
    if (this.#isOver) return;
    const wants = this.#wants;
    const { queue } = this.player;
    const behindBy = this.#lookBehind(moment.nowMs);
    const isGiven = this.#given === wants || (this.#lacksPictures(wants) && !window.hasVideo);
    if (
      !moment.isPast &&
      isGiven &&
      wants !== 'nothing' &&
      queue.queuedBytes === 0 &&
      window.isOneItem(this.#wish(wants))
    ) {
      queue.push(window.wire(this.#wish(wants)));
      for (const batch of window.batches) this.#note(batch);
      this.#count();
      return;
    }
    const { queuedBytes } = queue;
    for (const batch of window.batches) this.#add(batch, moment);
    if (moment.isPast) this.#forgivePast(queue.queuedBytes - queuedBytes, window, moment.nowMs);
    if (behindBy !== null && this.#given !== 'nothing') this.#dropWaiting(behindBy, moment.nowMs);
    queue.send();
    this.#count();
  }

  /** It waits for a start, without a past: before that it is given this. */
  startsAfter(mark: readonly PacketBatch[]): void {
    this.#mark = mark;
  }

  /** The source changed: nothing up to the next start belongs to what was sent. */
  pause(): void {
    this.#given = 'nothing';
    this.#isNew = true;
  }

  /** After `pause`: what came before is of no use to it, only the next start is. */
  skipPast(): void {
    this.#isNew = false;
  }

  /**
   * Ends an FLV player to which its FLV header turned out a lie, so that it reloads: a track is there that it was not told
   * of, or one that it was told of and never got is not. A track that it got may come and go.
   */
  endIfTracksDiffer(tracks: Tracks): void {
    const told = this.#announced;
    if (this.#isOver || told === null || this.player.format === 'rtmp') return;
    const isLie = (track: keyof Tracks) =>
      tracks[track] ? !told[track] : told[track] && !this.#got.has(track);
    if (!isLie('audio') && !isLie('video')) return;
    this.#isOver = true;
    this.#traffic.watch?.tracksChanged();
    this.player.end('tracks-changed');
  }

  /** The player has gone. */
  close(): void {
    this.#isOver = true;
    this.#count();
  }

  /** Whether the player has had bytes waiting for `stuckMs` of which the kernel took none. To be asked about once a second. */
  isStuck(nowMs: number): boolean {
    this.#count();
    const { queuedBytes, sentBytes } = this.player.queue;
    if (this.#isOver || queuedBytes === 0 || sentBytes !== this.#takenBytes) {
      this.#takenBytes = sentBytes;
      this.#takenAtMs = nowMs;
      return false;
    }
    return nowMs - this.#takenAtMs >= this.#limits.stuckMs;
  }

  #add(batch: PacketBatch, moment: Moment): void {
    const wants = this.#wants;
    const { queue } = this.player;
    if (wants !== this.#given) this.#change(wants, batch, moment);
    if (this.#given !== 'nothing') {
      // Where there are no pictures anyway, the form that all players get.
      const given = this.#lacksPictures(wants) && !batch.hasVideo ? wants : this.#given;
      queue.add(batch.wire(this.#wish(given)));
      this.#note(batch);
    } else if (wants !== 'nothing' && this.#behindBy !== null)
      this.#countDropped(this.#behindBy, batch.wire(this.#wish(wants)).frames);
  }

  /** Which tracks came, for `endIfTracksDiffer`. */
  #note(batch: PacketBatch): void {
    // Stryker disable next-line LogicalOperator,StringLiteral: nobody asks what RTMP players got, so it is a matter of speed.
    if (this.#hasBoth || this.player.format === 'rtmp') return;
    this.#noteKinds(batch.packets.filter(({ isHeader }) => !isHeader).map(({ kind }) => kind));
  }

  #noteKinds(kinds: Iterable<Frame['kind']>): void {
    const given = this.#given;
    for (const kind of kinds) if (kind !== 'data' && (given === 'all' || given === kind)) this.#got.add(kind);
    this.#hasBoth = this.#got.size === 2;
  }

  /** Goes over to what is wanted, where that is possible with this batch. */
  #change(wants: TrackWants, batch: PacketBatch, moment: Moment): void {
    if (wants === 'nothing') {
      this.#given = 'nothing';
      this.#behindBy = null;
      this.player.queue.clear();
      return;
    }
    if (this.#given === 'all') {
      this.#given = wants;
      return;
    }
    if (this.#lacksPictures(wants) && !batch.startsWithVideo) return;
    const headers = this.#headersFor(wants, batch, moment);
    if (headers === null || !this.#canStart(moment)) {
      // A picture that is wanted again comes with its next start; the sound goes on until then.
      if (wants !== 'all') this.#given = 'nothing';
      return;
    }
    this.#begin(moment.tracks);
    this.#start(wants, batch.startsWithVideo, moment);
    this.player.queue.add(headers);
    for (const each of this.#mark) this.player.queue.add(each.wire(this.#wish(wants)));
    this.#mark = [];
  }

  /** Gives what is wanted from a start on, with a picture or with sound. */
  #start(wants: Exclude<TrackWants, 'nothing'>, isPicture: boolean, { isForPulls }: Moment): void {
    this.#given = isPicture || isForPulls ? wants : 'audio';
    this.#isNew = false;
    this.#behindBy = null;
  }

  /** Pictures are wanted, and it waits for one that it can start at. */
  #lacksPictures(wants: TrackWants): wants is 'all' {
    return wants === 'all' && this.#given === 'audio';
  }

  /** What makes this batch a start; null where it is none. */
  #headersFor(wants: Exclude<TrackWants, 'nothing'>, batch: PacketBatch, moment: Moment): QueueItem | null {
    const wish = this.#wish(wants);
    const item = batch.wire(wish);
    if (item.headers !== null) return item.headers;
    if (wants !== 'audio' || item.frames === 0) return null;
    return moment.headersAt(batch.packets[0]?.timestampMs ?? 0).wire(wish);
  }

  #canStart({ nowMs, tracks }: Moment): boolean {
    // Who was told its tracks already goes on with the next source: should that have others, it is ended then.
    const isToBeTold = this.player.format !== 'rtmp' && this.#announced === null;
    if (this.#isOver || (isToBeTold && tracks === null)) return false;
    const { queueBytesMax } = this.#limits;
    return this.#behindBytes <= queueBytesMax * LEFT_AFTER_DROP && !this.#isLate(nowMs);
  }

  get #behindBytes(): number {
    return this.player.queue.queuedBytes - this.#leastBytes;
  }

  #isLate(nowMs: number): boolean {
    const { queueMs = Number.POSITIVE_INFINITY } = this.#limits;
    return this.player.queue.ageMs(nowMs) - this.#leastMs > queueMs;
  }

  #begin(tracks: Tracks | null): void {
    if (this.#announced !== null) return;
    this.#announced = tracks ?? BOTH_TRACKS;
    this.#traffic.watch?.began(this.player);
    this.player.begin(this.#announced);
  }

  /** Finds out how far the player is behind. Right before more comes, its queue is at its shortest. */
  #lookBehind(nowMs: number): keyof FramesDropped | null {
    const { queue } = this.player;
    this.#leastBytes = Math.min(this.#leastBytes, queue.queuedBytes);
    this.#leastMs = Math.min(this.#leastMs, queue.ageMs(nowMs));
    if (this.#isLate(nowMs)) return 'queueMs';
    return this.#behindBytes > this.#limits.queueBytesMax ? 'queueBytes' : null;
  }

  /** Once for each queue: who still reads the past of one source is behind by that of the next. */
  #forgivePast(bytes: number, { batches }: PacketWindow, nowMs: number): void {
    this.#leastBytes = Math.max(this.#leastBytes, bytes);
    this.#leastMs = Math.max(this.#leastMs, nowMs - (batches[0]?.atMs ?? nowMs));
  }

  /** Drops what was not sent, up to a start. */
  #dropWaiting(behindBy: keyof FramesDropped, nowMs: number): void {
    const { queueBytesMax, queueMs = Number.POSITIVE_INFINITY } = this.#limits;
    const { frames, goesOn } = this.player.queue.drop(
      queueBytesMax * LEFT_AFTER_DROP,
      nowMs - queueMs * LEFT_AFTER_DROP,
    );
    this.#behindBy = behindBy;
    this.#countDropped(behindBy, frames);
    this.#leastBytes = 0;
    this.#leastMs = 0;
    if (goesOn) this.#behindBy = null;
    else this.#given = 'nothing';
  }

  #countDropped(behindBy: keyof FramesDropped, frames: number): void {
    this.#framesDropped += frames;
    const dropped = this.#traffic.framesDropped;
    if (dropped !== undefined) dropped[behindBy] += frames;
  }

  #count(): void {
    const { sentBytes } = this.player.queue;
    this.#traffic.bytesOut += sentBytes - this.#countedBytes;
    this.#countedBytes = sentBytes;
  }

  #wish(wants: Exclude<TrackWants, 'nothing'>): WireWish {
    if (this.#lastWish?.wants === wants) return this.#lastWish;
    const { format, messageStreamId = MEDIA_STREAM_ID } = this.player;
    this.#lastWish = { format, wants, messageStreamId };
    return this.#lastWish;
  }
}
