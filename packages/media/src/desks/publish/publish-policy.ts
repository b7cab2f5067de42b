import {
  type Claim,
  isLive,
  type MemberId,
  type Owner,
  parseStreamKey,
  type StreamKey,
} from '@headwater/directory';

/**
 * Who may publish a stream that is published already. `backup`: one publisher on each origin. `reject`: nobody else.
 * `takeover`: the newest, and the older one is closed; see `TakeoverPace` for where that ends.
 */
export type PublishPolicy = 'backup' | 'reject' | 'takeover';

/** Where the policy is set: for all streams, and for those of an app. */
interface PolicySettings {
  readonly publish: { readonly policy?: PublishPolicy };
  readonly apps: Readonly<Record<string, { readonly publish?: { readonly policy?: PublishPolicy } }>>;
}

/** `publish.policy` in force for a stream: its app's, else that of the app's part before the first slash, else the general. */
export function policyOf(key: StreamKey, { apps, publish }: PolicySettings): PublishPolicy {
  // Stryker disable next-line StringLiteral: a session's key is valid.
  const app = parseStreamKey(key)?.app ?? '';
  // Stryker disable next-line StringLiteral: there is a first part, always.
  const root = app.split('/', 1)[0] ?? '';
  const own = (name: string) => (Object.hasOwn(apps, name) ? apps[name]?.publish?.policy : undefined);
  return own(app) ?? own(root) ?? publish.policy ?? 'backup';
}

/** A claim with who made it. */
export type Claimed = Pick<Owner, 'member' | 'claim'>;

/** Which of two claims counts where only one may. Every member that knows both says the same, whatever its clock. */
export function prevails(policy: 'reject' | 'takeover', a: Claimed, b: Claimed): boolean {
  const age = a.claim.sinceMs - b.claim.sinceMs || (a.member < b.member ? -1 : 1);
  return policy === 'reject' ? age < 0 : age > 0;
}

/** The code under which this member's claim has to go; null where it stands beside the others' or before them. */
export function lostTo(
  policy: PublishPolicy,
  own: Claimed,
  others: readonly Owner[],
): 'owned-elsewhere' | 'taken-over' | null {
  if (policy === 'backup') return null;
  const hasLost = others.some((other) => isLive(other.liveness) && prevails(policy, other, own));
  if (!hasLost) return null;
  return policy === 'reject' ? 'owned-elsewhere' : 'taken-over';
}

/**
 * When a new publish began. One that takes over is newer than those it knows of, also where another origin's clock is
 * ahead; the times of others are never compared otherwise.
 */
export function sinceOf(policy: PublishPolicy, nowMs: number, others: readonly Owner[]): Claim['sinceMs'] {
  if (policy !== 'takeover') return nowMs;
  return others.reduce((since, other) => Math.max(since, other.claim.sinceMs + 1), nowMs);
}

export const othersOf = (owners: readonly Owner[], self: MemberId): readonly Owner[] =>
  owners.filter((owner) => owner.member !== self);
