import type { MediaInfo, MemberId, PlayProtocol } from '@headwater/directory';
import type { Frame } from '../wire/frame.js';
import { FrameHistory, type HistoryLimits, type Kept } from './frame-history.js';
import { MediaPacket } from './packet.js';
import { SourceIntake, type TakenFrame } from './source-intake.js';
import type { SourceId } from './source-switch.js';

export interface TakenPacket extends TakenFrame {
  readonly frame: MediaPacket;
}

/** Where frames come from, as people are told. */
export type SourceAbout =
  | {
      readonly kind: 'publisher';
      readonly remote: string;
      readonly agent: string;
      readonly protocol: PlayProtocol;
    }
  | {
      readonly kind: 'relay';
      readonly from: MemberId;
      readonly name: string;
      /** The member through which the owner is pulled; null: it is pulled itself. */
      readonly through: MemberId | null;
      /** Of the relay; absent: it has none. */
      readonly id?: string;
      /** The worker of this member that it is pulled from; absent: the owner is another member. */
      readonly worker?: number;
    };

/**
 * One source of a stream, whether it feeds it or is a standby: what it sent lately, on its own line of time, and what is
 * known of it.
 */
export class StreamSource {
  readonly id: SourceId;
  readonly about: SourceAbout;
  readonly intake: SourceIntake;
  /** What it sent lately: all that its own pulls and a switch to it need. */
  readonly history: FrameHistory;
  /** What a relay brings is its owner's past, all of that at once, up to a mark. */
  isReplaying = false;
  #hasHistory = true;

  constructor(id: SourceId, about: SourceAbout, limits: HistoryLimits, nowMs: number) {
    this.id = id;
    this.about = about;
    this.intake = new SourceIntake(nowMs, about.kind === 'relay');
    this.history = new FrameHistory(limits);
  }

  /** It has a frame that players can start at. */
  get isReady(): boolean {
    return this.history.hasStart;
  }

  get media(): MediaInfo {
    return this.intake.media;
  }

  /** The headers of now, as each new player gets them first. */
  headersAt(timestampMs: number): readonly MediaPacket[] {
    return this.intake.headersAt(timestampMs).map((frame) => new MediaPacket(frame, frame.timestampMs));
  }

  /** From the newest start on; without sound of long ago, which nobody could play with the headers of now. */
  fromStart(): readonly Kept[] {
    return this.#playable(this.history.fromStart());
  }

  /** The same from `sinceMs` on, from the newest start at the least. */
  since(sinceMs: number): readonly Kept[] {
    return this.#playable(this.history.since(sinceMs));
  }

  /** All that is kept of it, with the headers of now before it; empty where it has no frame that players can start at. */
  past(): readonly MediaPacket[] {
    const all = this.#playable(this.history.all);
    const [first] = all;
    if (first === undefined || !all.some(({ isStart }) => isStart)) return [];
    const kept = all.map(({ frame }) => new MediaPacket(frame, frame.timestampMs));
    return [...this.headersAt(first.frame.timestampMs), ...kept];
  }

  /** What is to reach the stream; a packet of it may be sent as it is by who is on the same line of time. */
  take(frame: Frame, nowMs: number): readonly TakenPacket[] {
    const taken = this.intake
      .take(frame, nowMs)
      .map((one) => ({ ...one, frame: new MediaPacket(one.frame, one.frame.timestampMs) }));
    if (!this.#hasHistory) return taken;
    for (const { frame: own, isStart, startsAnew } of taken) {
      if (startsAnew && own.kind === 'audio') this.history.forgetSound();
      else if (startsAnew) this.history.clear();
      // Headers of now are given to each who begins, before anything else.
      if (!own.isHeader) this.history.push(own, isStart, nowMs, this.isReplaying);
    }
    return taken;
  }

  #playable(past: readonly Kept[]): readonly Kept[] {
    return this.intake.hasLostSound ? past.filter(({ frame }) => frame.kind !== 'audio') : past;
  }

  /**
   * Nothing of it is kept from now on. A relay that feeds the stream keeps nothing of its own, since what was sent to players is
   * kept with the stream; and each source ends by it.
   */
  endHistory(): void {
    this.#hasHistory = false;
    this.history.clear();
  }
}
