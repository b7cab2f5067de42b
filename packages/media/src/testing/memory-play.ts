import type { MediaAddress, PlayMark, PlayProtocol, StreamKey } from '@headwater/directory';
import type { PlayRefusal, PlaySession } from '../desks/play/play-session.js';
import type { PlayerEnd } from '../stream/player.js';
import type { Tracks } from '../wire/flv/flv-header.js';
import { MemoryPlayer } from './memory-player.js';

let plays = 0;

/** A play in memory, and everything that it was told. */
export class MemoryPlay extends MemoryPlayer implements PlaySession {
  readonly key: StreamKey;
  readonly followsRedirect: boolean;
  readonly mark: PlayMark;
  readonly forgetsMark: boolean;
  override readonly remote: string;
  canRedirectNow = true;
  /** In the order they came: `begin`, `wait`, `redirect HOST`, `refuse CODE`, `end REASON`. */
  readonly told: string[] = [];
  /** What people were told with each `refuse`. */
  readonly texts: string[] = [];
  readonly reachedBy?: string;
  readonly relayOf?: string;
  readonly via?: string;
  readonly replayMs?: number;

  constructor(
    more: {
      key?: StreamKey;
      followsRedirect?: boolean;
      mark?: PlayMark;
      remote?: string;
      forgetsMark?: boolean;
      protocol?: PlayProtocol;
      reachedBy?: string;
      relayOf?: string;
      via?: string;
      replayMs?: number;
    } = {},
  ) {
    plays += 1;
    super(`play-${plays}`);
    this.key = more.key ?? '__defaultVhost__/live/s';
    this.followsRedirect = more.followsRedirect ?? false;
    this.mark = more.mark ?? 'none';
    this.forgetsMark = more.forgetsMark ?? true;
    if (more.reachedBy !== undefined) this.reachedBy = more.reachedBy;
    if (more.relayOf !== undefined) this.relayOf = more.relayOf;
    if (more.via !== undefined) this.via = more.via;
    if (more.replayMs !== undefined) this.replayMs = more.replayMs;
    this.remote = more.remote ?? `10.0.0.1:${plays}`;
  }

  override begin(tracks: Tracks): void {
    super.begin(tracks);
    this.told.push('begin');
  }
  wait(): void {
    this.told.push('wait');
  }
  redirect(address: MediaAddress): void {
    this.told.push(`redirect ${address.host}`);
  }
  refuse(code: PlayRefusal, text: string): void {
    this.told.push(`refuse ${code}`);
    this.texts.push(text);
  }
  override end(reason: PlayerEnd): void {
    this.told.push(`end ${reason}`);
  }
}
