import type { StreamKey } from '@headwater/directory';
import type { Fence } from '../fence.js';
import type { WorkerAddress } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { SiblingLink } from '../protocols/sibling/sibling-link.js';
import type { OwnerRoute } from '../protocols/sibling/sibling-session.js';
import type { Timers } from '../stream/timers.js';
import type { Upstream, UpstreamEvents } from '../stream/upstream.js';
import type { Frame } from '../wire/frame.js';

/** Beside `limits.messageBytesMax`: metadata is written anew, and may come out longer. */
const FRAME_BYTES_SLACK = 65_536;

/** One that hung is not asked to pull for this worker for so long, ms: main ends it, and another takes its place. */
const HUNG_MS = 10_000;

/** Pulls from the other workers of this member: one connection to each, whatever is pulled from there. */
export class SiblingUpstreams {
  readonly #options: Pick<MediaOptions, 'worker' | 'relay' | 'limits'>;
  readonly #fence: Fence;
  readonly #received: (frame: Frame) => void;
  readonly #links = new Map<string, SiblingLink>();
  readonly #timers: Pick<Timers, 'nowMs'>;
  /** Until when each counts as hung, by its path; monotonic, ms. */
  readonly #hungUntilMs = new Map<string, number>();

  /** `received` hears of each frame that came, to count it. */
  constructor(
    options: Pick<MediaOptions, 'worker' | 'relay' | 'limits'>,
    fence: Fence,
    timers: Pick<Timers, 'nowMs'>,
    received: (frame: Frame) => void = () => {},
  ) {
    this.#timers = timers;
    this.#options = options;
    this.#fence = fence;
    this.#received = received;
  }

  /** What is published on that worker. As `OpenUpstream`. */
  open(sibling: WorkerAddress, key: StreamKey, replayMs: number, events: UpstreamEvents): Upstream {
    return this.#pull(sibling, key, events, (link, own) => link.open(key, replayMs, own));
  }

  /** Another member's stream, which that worker pulls for all. As `OpenUpstream`. */
  openOwner(sibling: WorkerAddress, route: OwnerRoute, replayMs: number, events: UpstreamEvents): Upstream {
    return this.#pull(sibling, route.key, events, (link, own) => link.openOwner(route, replayMs, own));
  }

  /** It gave no sign of life lately, though it was to pull for this worker. */
  isHung({ path }: WorkerAddress): boolean {
    const untilMs = this.#hungUntilMs.get(path);
    if (untilMs === undefined) return false;
    if (this.#timers.nowMs() < untilMs) return true;
    this.#hungUntilMs.delete(path);
    return false;
  }

  #pull(
    sibling: WorkerAddress,
    key: StreamKey,
    events: UpstreamEvents,
    open: (link: SiblingLink, events: UpstreamEvents) => Upstream,
  ): Upstream {
    const { path } = sibling;
    const link = this.#links.get(path) ?? this.#connect(path);
    const remote = `worker ${sibling.worker}`;
    const guarded = (handler: () => void): void =>
      this.#fence.run({ remote, protocol: 'relay', key }, handler, () => {
        upstream.close();
        events.ended({ code: 'protocol', text: 'a fault of this worker', isOrdinary: false });
      });
    const upstream = open(link, {
      started: () => guarded(() => events.started()),
      frame: (frame) => {
        this.#received(frame);
        guarded(() => events.frame(frame));
      },
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
      {
        over: () => {
          if (this.#links.get(path) === link) this.#links.delete(path);
        },
        hung: () => this.#hungUntilMs.set(path, this.#timers.nowMs() + HUNG_MS),
      },
    );
    this.#links.set(path, link);
    return link;
  }
}
