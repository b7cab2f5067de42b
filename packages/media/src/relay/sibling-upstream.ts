import type { Fence } from '../fence.js';
import type { MediaOptions, WorkerAddress } from '../media-host.js';
import { SiblingLink } from '../protocols/sibling/sibling-link.js';
import type { OpenUpstream, UpstreamEvents } from '../stream/upstream.js';

/** Beside `limits.messageBytesMax`: metadata is written anew, and may come out longer. */
const FRAME_BYTES_SLACK = 65_536;

/** Pulls from the other workers of this member: one connection to each, whatever is pulled from there. */
export class SiblingUpstreams {
  readonly #options: Pick<MediaOptions, 'worker' | 'relay' | 'limits'>;
  readonly #fence: Fence;
  readonly #links = new Map<string, SiblingLink>();

  constructor(options: Pick<MediaOptions, 'worker' | 'relay' | 'limits'>, fence: Fence) {
    this.#options = options;
    this.#fence = fence;
  }

  /** As `OpenUpstream`. */
  open(
    sibling: WorkerAddress,
    key: Parameters<OpenUpstream>[1],
    replayMs: number,
    events: UpstreamEvents,
  ): ReturnType<OpenUpstream> {
    const { path } = sibling;
    const link = this.#links.get(path) ?? this.#connect(path);
    const remote = `worker ${sibling.worker}`;
    const guarded = (handler: () => void): void =>
      this.#fence.run({ remote, protocol: 'relay', key }, handler, () => {
        upstream.close();
        events.ended({ code: 'protocol', text: 'a fault of this worker', isOrdinary: false });
      });
    const upstream = link.open(key, replayMs, {
      started: () => guarded(() => events.started()),
      frame: (frame) => guarded(() => events.frame(frame)),
      ended: (end) => this.#fence.runTask('end of a relay', () => events.ended(end)),
    });
    return upstream;
  }

  /** Ends every connection without a word to who pulls. */
  stop(): void {
    for (const link of [...this.#links.values()]) link.stop();
  }

  #connect(path: string): SiblingLink {
    const { worker, relay, limits } = this.#options;
    const link: SiblingLink = new SiblingLink(
      {
        path,
        worker: worker?.worker ?? 0,
        deadlineMs: relay.connectMs,
        frameBytesMax: limits.messageBytesMax + FRAME_BYTES_SLACK,
      },
      () => {
        if (this.#links.get(path) === link) this.#links.delete(path);
      },
    );
    this.#links.set(path, link);
    return link;
  }
}
