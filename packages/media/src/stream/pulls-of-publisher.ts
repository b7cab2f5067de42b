import { Audience, type AudienceLimits } from './audience.js';
import { replayEnd } from './frame-history.js';
import { MediaPacket, packetAt } from './packet.js';
import type { Player } from './player.js';
import type { PlayerFeed, Traffic } from './player-feed.js';
import type { StreamSource, TakenPacket } from './stream-source.js';

/**
 * Other members' pulls of a stream. They get what the publisher here sends, by its own line of time, each frame at once,
 * and never what a relay brings: a member asks an owner for what is published there.
 */
export class PullsOfPublisher {
  readonly #audience: Audience;
  #publisher: StreamSource | null = null;

  constructor(limits: AudienceLimits, traffic: Traffic) {
    this.#audience = new Audience({ ...limits, mergeMs: 0, gopCacheBytesMax: 0 }, traffic, {
      tracks: () => null,
      headersAt: (timestampMs) => this.#publisher?.headersAt(timestampMs) ?? [],
    });
  }

  get size(): number {
    return this.#audience.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#audience.feeds();
  }

  add(player: Player, replayMs: number, nowMs: number): void {
    const history = this.#publisher?.history;
    const past = replayMs > 0 ? history?.since(nowMs - replayMs) : history?.fromStart();
    const packets = (past ?? []).map(({ frame }) => packetAt(frame, frame.timestampMs));
    const end = replayMs > 0 ? new MediaPacket(replayEnd(), 0) : null;
    this.#audience.add(player, { packets, end });
  }

  remove(player: Player): void {
    this.#audience.remove(player);
  }

  begin(publisher: StreamSource): void {
    this.#audience.pause();
    this.#publisher = publisher;
  }

  end(publisher: StreamSource): void {
    if (this.#publisher !== publisher) return;
    this.#audience.pause();
    this.#publisher = null;
  }

  take({ frame, isStart, startsAnew }: TakenPacket): void {
    if (startsAnew) this.#audience.pause();
    this.#audience.send(frame, isStart);
  }
}
