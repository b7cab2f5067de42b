import { isLive, type Owner, type StreamKey } from '@headwater/directory';
import { addressOf, limitedAddress } from '../../arrival/limited-address.js';
import type { MediaHost } from '../../media-host.js';
import type { Publish } from './publish.js';
import { lostTo, othersOf, type PublishPolicy, sinceOf } from './publish-policy.js';
import { PublishRate } from './publish-rate.js';
import type { PublishRefusal, PublishSession } from './publish-session.js';
import { TakeoverPace } from './takeover-pace.js';

export interface PermissionRules {
  /** False on an edge. */
  readonly acceptsPublishers: boolean;
  /** Who may publish a stream that is published already; the same on every member. */
  readonly policy: (key: StreamKey) => PublishPolicy;
  /** How often one address may publish; absent: as often as it likes. */
  readonly publishesPerAddressPerMinute?: number;
}

/**
 * Decides who may publish a stream, and who has to give it up: by the policy, the claims of other members, and how often
 * a stream changed hands and an address has published. A stream has at most one publisher on this member.
 */
export class PublishPermission {
  readonly #host: Pick<MediaHost, 'member' | 'owners' | 'isDisputed' | 'workerOf'>;
  readonly #rules: PermissionRules;
  readonly #publishes: ReadonlyMap<StreamKey, Publish>;
  readonly #pace = new TakeoverPace();
  readonly #rate: PublishRate | null;

  /** `publishes`: those of this worker. */
  constructor(
    host: Pick<MediaHost, 'member' | 'owners' | 'isDisputed' | 'workerOf'>,
    rules: PermissionRules,
    publishes: ReadonlyMap<StreamKey, Publish>,
  ) {
    this.#host = host;
    this.#rules = rules;
    this.#publishes = publishes;
    const { publishesPerAddressPerMinute: perMinute } = rules;
    this.#rate = perMinute === undefined ? null : new PublishRate(perMinute);
  }

  /** Why it may not publish here; null where it may. */
  refusal(session: PublishSession): PublishRefusal | null {
    const { key } = session;
    if (!this.#rules.acceptsPublishers) return 'not-an-origin';
    if (this.#host.isDisputed()) return 'identity-disputed';
    const policy = this.#rules.policy(key);
    // A stream has one publisher on this member, whichever worker that came to.
    const isPublished = this.#publishes.has(key) || this.#host.workerOf(key) !== null;
    if (isPublished && policy !== 'takeover') return 'already-published';
    if (policy === 'backup') return null;
    if (!isPublished && !this.#others(session).some((owner) => isLive(owner.liveness))) return null;
    if (policy === 'reject') return 'owned-elsewhere';
    this.#countClaims(key);
    return this.#pace.allows(key, performance.now()) ? null : 'contended';
  }

  /** Counts who is accepted otherwise: nobody else is told to the mesh. */
  rateRefusal({ remote, forward }: PublishSession): PublishRefusal | null {
    // All that a member forwards comes from one address; it has counted its clients.
    if (this.#rate === null || forward !== undefined) return null;
    this.#rate.perMinute = this.#rules.publishesPerAddressPerMinute ?? Number.POSITIVE_INFINITY;
    const address = limitedAddress(addressOf(remote));
    return this.#rate.take(address, performance.now()) ? null : 'publish-rate';
  }

  /** When a publish that is accepted now begins: after what it takes the place of. */
  accept(session: PublishSession): number {
    const { key } = session;
    const before = this.#publishes.get(key)?.sinceMs ?? this.#ownSinceMs(key);
    const sinceMs = Math.max(sinceOf(this.#rules.policy(key), Date.now(), this.#others(session)), before + 1);
    this.#pace.claimed(key, sinceMs, performance.now());
    return sinceMs;
  }

  /** The claims on a stream have changed: two origins may have accepted a publisher at once, or apart from each other. */
  ownersChanged(key: StreamKey): void {
    if (this.#rules.policy(key) === 'takeover') this.#countClaims(key);
  }

  /** Why a publish has to end for another member's claim; null where it may stay. Each member compares the claims alike. */
  lost({ session, sinceMs }: Publish): 'owned-elsewhere' | 'taken-over' | null {
    const { key } = session;
    const own = { member: this.#host.member, claim: { key, sinceMs, media: {} } };
    return lostTo(this.#rules.policy(key), own, this.#others(session));
  }

  /** Whoever has the stream now, another worker of this member as well. */
  #countClaims(key: StreamKey): void {
    for (const { claim } of this.#host.owners(key)) this.#pace.claimed(key, claim.sinceMs, performance.now());
  }

  /** When this member's claim began that stands now; another worker's, where one is taken over from there. */
  #ownSinceMs(key: StreamKey): number {
    if (this.#host.workerOf(key) === null) return 0;
    return this.#host.owners(key).find(({ member }) => member === this.#host.member)?.claim.sinceMs ?? 0;
  }

  /** Without the one whose place a forward takes: its claim is of this very publisher. */
  #others({ key, forward }: PublishSession): readonly Owner[] {
    const others = othersOf(this.#host.owners(key), this.#host.member);
    return forward === undefined ? others : others.filter(({ member }) => member !== forward.replaces);
  }
}
