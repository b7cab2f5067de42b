/**
 * The pure core by itself, for whoever brings a clock and a network of his own: the simulator. Everybody else uses
 * `createMesh`.
 */
export { Effects, type Fact } from './effects.js';
export type { Input, SeedOutcome, Whereabouts } from './input.js';
export {
  ADDRESSES_PER_MEMBER_MAX,
  CONFIRM_MS,
  ENTRIES_PER_MESSAGE_MAX,
  ENVELOPES_KEPT_BYTES_MAX,
  ENVELOPES_KEPT_MAX,
  GONE_KEPT_MS,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PARTS_WINDOW,
  PENDING_DELTAS_MAX,
  RELEASES_MAX,
  TICK_MS,
} from './limits.js';
export { type CoreOptions, MemberCore } from './member-core.js';
export type { BroadcastMessage, DirectMessage } from './messages.js';
