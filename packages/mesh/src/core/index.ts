/**
 * The pure core by itself, for whoever brings a clock and a network of his own: the simulator. Everybody else uses
 * `createMesh`.
 */
export type { Disputed } from './dispute.js';
export { Effects, type Fact } from './effects.js';
export { nextGeneration } from './generation.js';
export type { Input, SeedOutcome, Whereabouts } from './input.js';
export {
  ADDRESSES_PER_MEMBER_MAX,
  CONFIRM_MS,
  DIALS_AHEAD_MAX,
  DIALS_PER_SECOND_MAX,
  ENTRIES_PER_MESSAGE_MAX,
  ENVELOPES_KEPT_BYTES_MAX,
  ENVELOPES_KEPT_MAX,
  HUSH_MS,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PARTS_WINDOW,
  PEERS_MAX,
  PENDING_DELTAS_MAX,
  RELEASES_MAX,
  RETELL_MS,
  TICK_MS,
} from './limits.js';
export { type CoreOptions, MemberCore } from './member-core.js';
export type { BroadcastMessage, DirectMessage } from './messages.js';
