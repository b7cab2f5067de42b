import type { MemberLoad } from './member.js';

/** Outbound load at which level 1 begins; each further level begins at twice that of the one before. */
const FIRST_KBPS = 1_000;

/** Highest level; FIRST_KBPS x 2^31 is more than anybody sends. */
export const LOAD_LEVEL_MAX = 32;

/** How far the load has to be beyond a level's bound before the level changes, so that it does not go to and fro. */
const HYSTERESIS = 1.25;

const levelOf = (kbps: number): number =>
  kbps < FIRST_KBPS ? 0 : Math.min(LOAD_LEVEL_MAX, 1 + Math.floor(Math.log2(kbps / FIRST_KBPS)));

/**
 * The level that a member of this load tells of itself, when `level` was the last one: about the logarithm of what it
 * sends. It changes only where the load is clearly outside of the present level.
 */
export function nextLoadLevel(level: number, { outboundKbps }: MemberLoad): number {
  const least = levelOf(outboundKbps / HYSTERESIS);
  const most = levelOf(outboundKbps * HYSTERESIS);
  return Math.min(Math.max(level, least), most);
}
