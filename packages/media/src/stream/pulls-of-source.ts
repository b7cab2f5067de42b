import { Audience, type AudienceLimits } from './audience.js';
import { replayEnd } from './frame-history.js';
import { MediaPacket, packetAt } from './packet.js';
import type { Player } from './player.js';
import type { PlayerFeed } from './player-feed.js';
import type { StreamSource, TakenPacket } from './stream-source.js';
import type { Traffic } from './stream-traffic.js';

/**
 * Other members' pulls that one source feeds. They get what it sends, by its own line of time, each frame at once, and
 * never what another source brings: a member asks for what one owner publishes.
 */
export class PullsOfSource {
  readonly #audience: Audience;
  #source: StreamSource | null = null;

  constructor(limits: AudienceLimits, traffic: Traffic) {
    this.#audience = new Audience({ ...limits, mergeMs: 0, gopCacheBytesMax: 0 }, traffic, {
      tracks: () => null,
      headersAt: (timestampMs) => this.#source?.headersAt(timestampMs) ?? [],
      isForPulls: true,
    });
  }

  get size(): number {
    return this.#audience.size;
  }

  feeds(): Iterable<PlayerFeed> {
    return this.#audience.feeds();
  }

  add(player: Player, replayMs: number, nowMs: number): void {
    const source = this.#source;
    const past = replayMs > 0 ? source?.since(nowMs - replayMs) : source?.fromStart();
    const packets = (past ?? []).map(({ frame }) => packetAt(frame, frame.timestampMs));
    const end = replayMs > 0 ? new MediaPacket(replayEnd(), 0) : null;
    this.#audience.add(player, { packets, end });
  }

  remove(player: Player): void {
    this.#audience.remove(player);
  }

  begin(source: StreamSource): void {
    this.#audience.pause();
    this.#source = source;
  }

  end(source: StreamSource): void {
    if (this.#source !== source) return;
    this.#audience.pause();
    this.#source = null;
  }

  /** Another configuration is no pause: its header comes before the first frame of it, as players get it here. */
  take({ frame, isStart }: TakenPacket): void {
    this.#audience.send(frame, isStart);
  }
}
