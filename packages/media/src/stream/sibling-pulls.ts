import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';
import { packetAt } from './packet.js';
import type { StreamSource, TakenPacket } from './stream-source.js';

/** Another worker's pull, as a stream feeds it. Neither method throws. */
export interface SiblingPull {
  /** The worker that pulls. */
  readonly worker: number;
  /** The next frame. `isPast`: it was sent to others before, and comes at once with more such. */
  send(frame: Frame, isPast: boolean): void;
  /** The publisher has ended; nothing is called after that. */
  end(): void;
}

/**
 * Pulls of this member's other workers. As other members' pulls they get what the publisher here sends, by its own line of
 * time, each frame at once, and never what another source brings. So what a worker gets from a sibling came from a
 * publisher there, and is never passed on to a third: pulls cannot go round in circles.
 *
 * Frames go as they are, without a wire form of players: there is nothing to be built or taken apart. A pull that does not
 * keep up is ended rather than given less, so what it gets has no gap.
 */
export class SiblingPulls {
  #source: StreamSource | null = null;
  /** Whether each has come to a frame that players can start at. */
  readonly #hasStarted = new Map<SiblingPull, boolean>();

  get workers(): readonly number[] {
    return [...this.#hasStarted.keys()].map(({ worker }) => worker);
  }

  begin(source: StreamSource): void {
    this.#source = source;
  }

  end(source: StreamSource): void {
    if (this.#source !== source) return;
    this.#source = null;
    const pulls = [...this.#hasStarted.keys()];
    this.#hasStarted.clear();
    for (const pull of pulls) pull.end();
  }

  /**
   * Feeds a pull until it is removed or ended: first the past that it asks for, and then a mark where the present begins.
   * `replayMs` 0: from the newest start, without a mark. False where nobody publishes here.
   */
  add(pull: SiblingPull, replayMs: number, nowMs: number): boolean {
    const source = this.#source;
    if (source === null) return false;
    const past = replayMs > 0 ? source.since(nowMs - replayMs) : source.fromStart();
    const [first] = past;
    this.#hasStarted.set(pull, first !== undefined);
    if (first !== undefined) {
      for (const header of source.headersAt(first.frame.timestampMs)) this.#give(pull, header, true);
      for (const { frame } of past) this.#give(pull, packetAt(frame, frame.timestampMs), true);
    }
    if (replayMs > 0) this.#give(pull, replayEnd(), true);
    return true;
  }

  remove(pull: SiblingPull): void {
    this.#hasStarted.delete(pull);
  }

  /** Another configuration is no pause: its header comes before the first frame of it, as players get it here. */
  take({ frame, isStart }: TakenPacket): void {
    for (const [pull, hasStarted] of this.#hasStarted) {
      if (hasStarted) pull.send(frame, false);
      else if (isStart) this.#start(pull, frame);
    }
  }

  #start(pull: SiblingPull, frame: Frame): void {
    this.#hasStarted.set(pull, true);
    for (const header of this.#source?.headersAt(frame.timestampMs) ?? []) this.#give(pull, header, false);
    this.#give(pull, frame, false);
  }

  /** One that was removed for what it got a moment ago gets no more: a fault in a frame, or it did not keep up. */
  #give(pull: SiblingPull, frame: Frame, isPast: boolean): void {
    if (this.#hasStarted.has(pull)) pull.send(frame, isPast);
  }
}
