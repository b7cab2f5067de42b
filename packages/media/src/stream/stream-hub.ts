import type { Tracks } from '../wire/flv/flv-header.js';
import type { Frame } from '../wire/frame.js';
import { Audience } from './audience.js';
import { FrameHistory, type Kept } from './frame-history.js';
import { type KeptPacket, KeptSet, packetAt } from './packet.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import type { TakenFrame } from './source-intake.js';
import { findSplice, type Splice } from './splice.js';
import type { StreamLimits } from './stream-limits.js';
import { StreamLine } from './stream-line.js';
import type { StreamSource } from './stream-source.js';
import type { Traffic } from './stream-traffic.js';

/**
 * What a stream's players get: the frames of the source that feeds it, on one line of time. The source may change under
 * it: exactly, and then nothing is noticed, or from a start, and then new headers come first.
 */
export class StreamHub {
  readonly #audience: Audience;
  readonly #line = new StreamLine();
  /** What was sent lately: where it goes on is found in another source's frames. */
  readonly #sent: FrameHistory;
  #source: StreamSource | null = null;
  /** Whether the source has come to a frame that players can start at. */
  #hasStarted = false;
  /** What FLV players are told of; null while it is not known. */
  #tracks: Tracks | null = null;
  #sentAtMs = 0;

  constructor(limits: StreamLimits, traffic: Traffic) {
    this.#sent = new FrameHistory(limits);
    this.#audience = new Audience(limits, traffic, {
      tracks: () => this.#tracks,
      headersAt: (timestampMs) => this.#source?.headersAt(timestampMs) ?? [],
    });
  }

  get size(): number {
    return this.#audience.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#audience.feeds();
  }

  add(player: Player): void {
    this.#audience.add(player);
  }

  remove(player: Player): void {
    this.#audience.remove(player);
  }

  /** How long ago the last frame was sent, ms. */
  silentMs(nowMs: number): number {
    return nowMs - this.#sentAtMs;
  }

  /** Where the source goes on from what was sent. */
  splice(source: StreamSource, nowMs: number): Splice<KeptPacket> {
    const hints = { offsetMs: this.#line.offsetMs, elapsedMs: this.silentMs(nowMs) };
    const sent = this.#sent.frames;
    const splice = findSplice(sent, source.history.frames, hints);
    if (splice.kind === 'exact') return splice;
    // It may have lost frames in a pause: what came before that lies elsewhere.
    const resumed = source.history.framesSincePause;
    const again = resumed === null ? splice : findSplice(sent, resumed, hints);
    return again.kind === 'exact' ? again : splice;
  }

  /**
   * Goes on from the source's newest start; from its next one where it has none yet. `isSilent`: nothing follows that start for
   * now. Who had media of the stream had it later than that, or just as late, and goes on from the next one.
   */
  start(source: StreamSource, nowMs: number, isSilent = false): void {
    this.#leave();
    this.#source = source;
    this.#tracks = source.intake.tracksAt(nowMs);
    // Whose FLV header is a lie from here on gets nothing of it.
    this.#audience.tracksChanged();
    const start = source.fromStart();
    if (start.length === 0) return;
    if (isSilent) this.#audience.keep(() => this.#sendAll(start, nowMs));
    else this.#sendPast(start, nowMs);
    this.#recall(source, nowMs);
    this.#audience.tracksChanged();
  }

  /** Keeps also what came before the start: it tells where other sources of the same frames go on. */
  #recall(source: StreamSource, nowMs: number): void {
    const { offsetMs } = this.#line;
    this.#sent.clear();
    for (const { frame, isStart } of source.history.all) {
      const timestampMs = (frame.timestampMs + offsetMs) >>> 0;
      this.#sent.push(frame.at(timestampMs), isStart, nowMs);
    }
  }

  /** Goes on with the source's frames that follow those sent. */
  goOn(source: StreamSource, splice: Extract<Splice<KeptPacket>, { kind: 'exact' }>, nowMs: number): void {
    const next = new KeptSet(splice.frames);
    this.#source = source;
    this.#line.joinExactly(splice.offsetMs);
    this.lookAtTracks(nowMs);
    const past = source.history.all.filter(({ frame }) => next.has(frame));
    this.#sendPast(past, nowMs);
  }

  /** A frame of the source that feeds the stream. */
  take(taken: TakenFrame, nowMs: number): void {
    if (taken.startsAnew && taken.frame.kind === 'audio') this.#audience.forgetSound();
    else if (taken.startsAnew) this.#audience.forgetGop();
    this.lookAtTracks(nowMs);
    this.#send(taken, nowMs);
  }

  /** Which tracks there are may become clear, or change, with each frame and with time. */
  lookAtTracks(nowMs: number): void {
    const tracks = this.#source?.intake.tracksAt(nowMs) ?? null;
    if (tracks?.audio === this.#tracks?.audio && tracks?.video === this.#tracks?.video) return;
    this.#tracks = tracks;
    // Its header is given to no joiner any more.
    if (this.#source?.intake.hasLostSound) this.#audience.forgetSound();
    this.#audience.tracksChanged();
  }

  /** The stream has no source, and nothing goes on from what was sent. */
  detach(): void {
    this.#leave();
    this.#source = null;
    this.#sent.clear();
  }

  #leave(): void {
    this.#hasStarted = false;
    this.#audience.pause();
    this.#line.join();
  }

  #sendPast(past: readonly Kept[], nowMs: number): void {
    this.#audience.catchUp(() => this.#sendAll(past, nowMs));
  }

  #sendAll(past: readonly Kept[], nowMs: number): void {
    for (const kept of past) this.#send(kept, nowMs, nowMs - kept.atMs);
  }

  #send({ frame, isStart }: Pick<TakenFrame, 'frame' | 'isStart'>, nowMs: number, ageMs = 0): void {
    if (!this.#hasStarted) {
      if (!isStart) return;
      this.#hasStarted = true;
    }
    const timestampMs = this.#timeOf(frame);
    if (timestampMs === null) return;
    const packet = packetAt(frame, timestampMs);
    this.#sentAtMs = nowMs;
    if (!frame.isHeader) this.#sent.push(packet, isStart, nowMs);
    this.#audience.send(packet, isStart, ageMs);
  }

  #timeOf(frame: Frame): number | null {
    // Metadata has no time (FLV 10.1 E.4.4.1); ffmpeg takes it for subtitles where it has one.
    if (frame.kind === 'data' && frame.isHeader) return 0;
    if (frame.isHeader || frame.kind === 'data') return this.#line.timeOf(frame.timestampMs);
    return this.#line.place(frame.kind, frame.timestampMs);
  }
}
