import type { Fence } from '../fence.js';
import type { OwnerRoute, PulledOwners } from '../protocols/sibling/sibling-session.js';
import type { SiblingPull } from '../stream/sibling-pulls.js';
import type { OpenUpstream, Upstream, UpstreamEvents } from '../stream/upstream.js';
import { type SharedEvents, type SharedParts, SharedUpstream } from './shared-upstream.js';

/** Streams of other members that are pulled here once for all workers of this member that play them. */
export class SharedUpstreams implements PulledOwners {
  readonly #parts: SharedParts;
  readonly #fence: Fence;
  readonly #open = new Map<string, SharedUpstream>();

  constructor(parts: SharedParts, fence: Fence) {
    this.#parts = parts;
    this.#fence = fence;
  }

  /** Feeds this worker's own stream. As `OpenUpstream`. */
  readonly open: OpenUpstream = (owner, key, replayMs, events) => {
    const { member, through, relayId } = owner;
    const route = {
      key,
      owner: member,
      through: through ?? null,
      ...(relayId !== undefined && { relayId }),
    };
    return this.#feedHere(route, replayMs, events);
  };

  /** Feeds another worker. */
  feed(route: OwnerRoute, replayMs: number, pull: SiblingPull, events: SharedEvents): Upstream {
    const shared = this.#sharedOf(route);
    shared.add(pull, replayMs, events);
    return {
      close: () => {
        if (!shared.remove(pull) || shared.size > 0) return;
        shared.close();
        this.#forget(route, shared);
      },
    };
  }

  /** Ends every connection without a word. */
  stop(): void {
    for (const shared of this.#open.values()) shared.close();
    this.#open.clear();
  }

  /** A fault of the stream here is not the other workers'. */
  #feedHere(route: OwnerRoute, replayMs: number, events: UpstreamEvents): Upstream {
    const guarded = (handler: () => void): void =>
      this.#fence.run({ remote: route.owner, protocol: 'relay', key: route.key }, handler, () => {
        upstream.close();
        events.ended({ code: 'protocol', text: 'a fault of this member', isOrdinary: false });
      });
    const pull: SiblingPull = {
      worker: 0,
      send: (frame) => guarded(() => events.frame(frame)),
      end: () => {},
    };
    const upstream = this.feed(route, replayMs, pull, {
      started: () => guarded(() => events.started()),
      ended: (end) => this.#fence.runTask('end of a relay', () => events.ended(end)),
    });
    return upstream;
  }

  #sharedOf(route: OwnerRoute): SharedUpstream {
    const id = idOf(route);
    const present = this.#open.get(id);
    if (present?.isStale === false) return present;
    const shared: SharedUpstream = new SharedUpstream(route, this.#parts, () => this.#forget(route, shared));
    this.#open.set(id, shared);
    // Who waits on a connection that may be dead connects anew, at once perhaps, and must not meet the same one.
    present?.end({ code: 'stalled', text: 'the owner sent nothing for long', isOrdinary: false });
    return shared;
  }

  #forget(route: OwnerRoute, shared: SharedUpstream): void {
    const id = idOf(route);
    if (this.#open.get(id) === shared) this.#open.delete(id);
  }
}

const idOf = ({ key, owner, through }: OwnerRoute): string => `${owner} ${through ?? ''} ${key}`;
