import type { MemberId, Owner } from '@headwater/directory';
import type { RelayHandle, RelayOrder, RelayPuller } from '../relay/relay-contract.js';
import type { SourceFeed } from '../stream/source-seat.js';

/** A pull that a test drives by hand. */
export class MemoryPull implements RelayHandle {
  readonly order: RelayOrder;
  owners: readonly Owner[];
  from: MemberId | null = null;
  isStopped = false;
  feed: SourceFeed | null = null;

  constructor(order: RelayOrder) {
    this.order = order;
    this.owners = order.owners;
  }

  /** Media begins to come from this member. */
  flow(from: MemberId): SourceFeed {
    this.from = from;
    this.feed = this.order.stream.attach({ kind: 'relay', from });
    return this.feed;
  }

  /** The connection breaks, and there is nobody else. */
  starve(): void {
    this.from = null;
    this.feed?.detach();
    this.order.onStarved();
  }

  update(owners: readonly Owner[]): void {
    this.owners = owners;
  }

  stop(): void {
    this.isStopped = true;
    this.from = null;
    this.feed?.detach();
  }
}

export class MemoryPuller implements RelayPuller {
  readonly pulls: MemoryPull[] = [];

  start(order: RelayOrder): MemoryPull {
    const pull = new MemoryPull(order);
    this.pulls.push(pull);
    return pull;
  }

  /** The pulls that run. */
  get running(): MemoryPull[] {
    return this.pulls.filter((pull) => !pull.isStopped);
  }
}
