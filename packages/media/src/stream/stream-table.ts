import type { StreamKey } from '@headwater/directory';
import { LiveStream, type StreamLimits } from './live-stream.js';
import type { FramesDropped, Traffic } from './player-feed.js';

/** The streams of this member that have a source, players or a pull. */
export class StreamTable {
  readonly #limitsOf: (key: StreamKey) => StreamLimits;
  /** What was sent to all players, and what was not, since the start. */
  readonly traffic: Traffic & { readonly framesDropped: FramesDropped } = {
    bytesOut: 0,
    framesDropped: { queueBytes: 0, queueMs: 0 },
  };
  /** A stream got a source, another one, or lost it. */
  onSourceChanged: (key: StreamKey, hasSource: boolean) => void = () => {};
  readonly #streams = new Map<StreamKey, LiveStream>();

  /** `limits`: for all streams, or those of each. */
  constructor(limits: StreamLimits | ((key: StreamKey) => StreamLimits)) {
    this.#limitsOf = typeof limits === 'function' ? limits : () => limits;
  }

  get(key: StreamKey): LiveStream | undefined {
    return this.#streams.get(key);
  }

  /** The stream, made where there is none. Who opens it and then does not need it calls `tidy`. */
  open(key: StreamKey): LiveStream {
    const present = this.#streams.get(key);
    if (present !== undefined) return present;
    const stream = new LiveStream(key, this.#limitsOf(key), this.traffic, (hasSource) =>
      this.onSourceChanged(key, hasSource),
    );
    this.#streams.set(key, stream);
    return stream;
  }

  /** Drops the stream if nobody needs it any more. */
  tidy(key: StreamKey): void {
    if (this.#streams.get(key)?.isIdle) this.#streams.delete(key);
  }

  values(): Iterable<LiveStream> {
    return this.#streams.values();
  }
}
