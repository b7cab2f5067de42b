import type { MemberId, StreamKey, StreamKeys } from '@headwater/directory';
import type { MediaEventListener } from '../media-event.js';
import type { MediaLog } from '../media-log.js';
import { LiveStream } from './live-stream.js';
import type { HeadOf } from './owner-ranking.js';
import type { RelayOwner } from './relay-owner.js';
import type { StreamLimits } from './stream-limits.js';
import type { TrafficWatch } from './stream-traffic.js';
import { StreamTraffic, type WholeTraffic } from './stream-traffic.js';
import type { Timers } from './timers.js';
import type { OpenUpstream } from './upstream.js';

export interface StreamTableParts {
  /** The limits of each stream. */
  readonly limitsOf: (key: StreamKey) => StreamLimits;
  /** Whom a stream can be pulled from now, best first: what is published in this process is left out. */
  readonly ownersOf: (key: StreamKey) => readonly RelayOwner[];
  readonly open: OpenUpstream;
  /** See `SwitchRules.headOf`. */
  readonly headOf?: HeadOf | undefined;
  /** Members through which an owner may be pulled that cannot be reached, best first. */
  readonly detours: (owner: MemberId) => readonly MemberId[];
  readonly timers: Timers;
  readonly log: MediaLog;
  readonly tell?: MediaEventListener;
  readonly newRelayId?: () => string;
  readonly watch?: TrafficWatch;
}

/** The streams of this member that have a source or players. */
export class StreamTable implements StreamKeys {
  readonly #parts: StreamTableParts;
  /** What came and was sent to all players, and what was not, since the start. */
  readonly traffic: WholeTraffic;
  /** A stream got a source, another one, or lost it. */
  onSourceChanged: (key: StreamKey, hasSource: boolean) => void = () => {};
  readonly #streams = new Map<StreamKey, LiveStream>();

  constructor(parts: StreamTableParts) {
    this.#parts = parts;
    this.traffic = {
      bytesOut: 0,
      bytesIn: { publisher: 0, relay: 0, worker: 0 },
      framesDropped: { queueBytes: 0, queueMs: 0 },
      ...(parts.watch !== undefined && { watch: parts.watch }),
    };
  }

  get size(): number {
    return this.#streams.size;
  }

  has(key: StreamKey): boolean {
    return this.#streams.has(key);
  }

  keys(): Iterable<StreamKey> {
    return this.#streams.keys();
  }

  get(key: StreamKey): LiveStream | undefined {
    return this.#streams.get(key);
  }

  /** The stream, made where there is none. Who opens it and then does not need it calls `tidy`. */
  open(key: StreamKey): LiveStream {
    const present = this.#streams.get(key);
    if (present !== undefined) return present;
    const { limitsOf, ownersOf, open, headOf, detours, timers, log, tell, newRelayId } = this.#parts;
    const stream = new LiveStream(key, {
      limits: limitsOf(key),
      traffic: new StreamTraffic(this.traffic),
      timers,
      open,
      ...(headOf === undefined ? {} : { headOf }),
      detours,
      log,
      ...(tell === undefined ? {} : { tell }),
      ...(newRelayId === undefined ? {} : { newRelayId }),
      onSourceChanged: (hasSource) => this.onSourceChanged(key, hasSource),
      onIdle: () => this.tidy(key),
    });
    stream.setOwners(ownersOf(key));
    this.#streams.set(key, stream);
    return stream;
  }

  /** The owners of a stream changed. */
  ownersChanged(key: StreamKey): void {
    this.#streams.get(key)?.setOwners(this.#parts.ownersOf(key));
  }

  /** Drops the stream if nobody needs it any more. */
  tidy(key: StreamKey): void {
    const stream = this.#streams.get(key);
    if (stream?.isIdle !== true) return;
    stream.close();
    this.#streams.delete(key);
  }

  /** Ends every relay, and forgets every stream. */
  close(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  values(): Iterable<LiveStream> {
    return this.#streams.values();
  }
}
