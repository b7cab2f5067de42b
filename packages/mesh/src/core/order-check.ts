import type { OwnerPolicy } from '@headwater/directory';
import type { Peer } from './peer.js';
import type { Peers } from './peers.js';
import type { Step } from './step.js';

/**
 * Tells people, once per member, that it orders owners by another policy than this one: then the two prefer different
 * owners of one stream for good. `order`: undefined where the member is of a version that does not say.
 */
export function checkOrder(
  own: OwnerPolicy,
  order: OwnerPolicy | undefined,
  peer: Peer,
  peers: Peers,
  step: Step,
): void {
  if (order === undefined || order === own || !peer.orderWarning.take(step.now)) return;
  step.effects.log('warn', 'play.order differs between members', {
    ...peers.naming(peer),
    ownOrder: own,
    otherOrder: order,
    reason: 'these two members prefer different owners of one stream',
    hint: 'set play.order to the same value on every member, and reload those that had another one',
  });
}
