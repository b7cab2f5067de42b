import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type PlayMark, type StreamKey, streamKey } from '@headwater/directory';
import type { Asker } from '../arrival/client.js';
import { readVia } from '../desks/play/play-mark.js';
import { PlayerQueue } from '../stream/player-queue.js';
import { cutHalfClosed } from './half-closed.js';
import type { FlvTarget } from './http/flv-target.js';
import type { SocketWriter } from './socket-writer.js';

/** What plays over HTTP and over WebSocket have in common: who plays what, and the queue towards the client. */
export abstract class FlvPlay {
  readonly id = randomUUID();
  /** The mark travels in the redirect's query, or there is no redirect. */
  readonly forgetsMark = false;
  readonly sinceMs = Date.now();
  readonly queue = new PlayerQueue();
  readonly key: StreamKey;
  readonly mark: PlayMark;
  readonly reachedBy?: string;
  readonly via?: string;
  readonly remote: string;
  readonly agent: string;
  readonly isSecure: boolean;
  /** Null before the first media. */
  protected writer: SocketWriter | null = null;
  protected isOver = false;

  constructor(stream: Duplex, target: FlvTarget, client: Asker) {
    this.key = streamKey(target.name);
    this.mark = target.mark;
    this.remote = client.remote;
    this.agent = client.agent;
    this.isSecure = client.isSecure;
    if (target.reachedBy !== undefined) this.reachedBy = target.reachedBy;
    const via = target.mark === 'none' ? undefined : readVia(target.query);
    if (via !== undefined) this.via = via;
    cutHalfClosed(stream, () => this.close());
  }

  wait(): void {}

  /** The client is gone, or sends nothing more and is cut off. */
  close(): void {
    this.isOver = true;
    this.queue.close();
    this.queue.clear();
  }
}
