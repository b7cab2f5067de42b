import { isLive } from './member.js';
import type { Owner, OwnerPolicy } from './owner.js';

/** The rule by which one owner of a stream comes before another. A stable code, explained in `ORDER_REASONS`. */
export type OrderReason =
  | 'flows'
  | 'alive'
  | 'has-room'
  | 'reachable'
  | 'stays'
  | 'zone'
  | 'load'
  | 'older-claim'
  | 'lower-id';

/** What each means; `{first}` and `{second}` stand for the owners. */
export const ORDER_REASONS: Readonly<Record<OrderReason, string>> = {
  flows: '{first} has media and {second} has none at the moment',
  alive: '{first} is known to live and {second} is not',
  'has-room': '{first} has room and {second} is full',
  reachable: '{first} is reached directly and {second} is not',
  stays: '{first} stays and {second} drains',
  zone: '{first} is in the zone of the asked member and {second} is not',
  load: '{first} has less to do than {second} (play.order is spread)',
  'older-claim': '{first} has the older claim',
  'lower-id': 'their claims are equally old, and {first} has the lower id',
};

/** Why `first` comes before `second` in the order that `ownerOrder` makes of this policy and zone. */
export function orderReason(
  first: Owner,
  second: Owner,
  policy: OwnerPolicy,
  zone: string | undefined,
): OrderReason {
  const differs = (test: (owner: Owner) => boolean): boolean => test(first) && !test(second);
  if (differs(({ claim }) => claim.silent !== true)) return 'flows';
  if (differs(({ liveness }) => isLive(liveness))) return 'alive';
  if (differs(({ profile }) => profile.full !== true)) return 'has-room';
  if (differs(({ liveness }) => liveness !== 'unreachable')) return 'reachable';
  if (differs(({ profile }) => !profile.draining)) return 'stays';
  if (zone !== undefined && differs(({ profile }) => profile.zone === zone)) return 'zone';
  const level = ({ profile }: Owner): number => profile.loadLevel ?? 0;
  if (policy === 'spread' && level(first) !== level(second)) return 'load';
  return first.claim.sinceMs !== second.claim.sinceMs ? 'older-claim' : 'lower-id';
}
