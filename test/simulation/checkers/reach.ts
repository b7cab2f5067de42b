import type { MemberId } from '@headwater/directory';
import { HUSH_MS } from '@headwater/mesh/core';
import type { Member } from '../member.js';
import type { RunningCore } from '../running-core.js';
import type { World } from '../world.js';

/**
 * Who hears whom, by the paths and processes as they are. Within this time of undisturbed conversation two members hear
 * each other: redials, greetings, and what was believed before is taken back, ms.
 */
export const SETTLED_MS = 6_000;

/**
 * Since when two have been there, awake, and with nothing between them; `Infinity` where that is not so now, or they have
 * not met: who restarted at another address may know nobody who knows the other.
 */
export function conversingSince(world: World, one: Member, other: Member): number {
  const { running: a } = one;
  const { running: b } = other;
  if (a === null || b === null || a.isStalled || b.isStalled) return Number.POSITIVE_INFINITY;
  const brokenAt = world.lastBrokenAt(one.id, other.id);
  if (brokenAt === world.now) return Number.POSITIVE_INFINITY;
  const metAt = Math.max(a.endpoint.metAt(b.endpoint), b.endpoint.metAt(a.endpoint));
  return Math.max(brokenAt, metAt, a.resumedAt, b.resumedAt);
}

/** A member that the observer and this one both hear, for long enough; null where there is none. */
export function bridge(world: World, observer: Member, member: Member): Member | null {
  for (const between of world.members.values()) {
    if (between === observer || between === member || world.isBeyondRules(between.id)) continue;
    if (isConversing(world, observer, between) && isConversing(world, between, member)) return between;
  }
  return null;
}

/** They hear each other for long enough, on a connection that stands. */
function isConversing(world: World, one: Member, other: Member): boolean {
  const ms = settledMs(world);
  if (conversingSince(world, one, other) > world.now - ms) return false;
  return (one.running?.endpoint.connectedForMs(other.id) ?? 0) >= ms;
}

/**
 * Until when somebody was there that both heard, as far back as that matters; `-Infinity` where nobody was. Also one that
 * means ill may have said what is true.
 */
export function bridgedUntil(world: World, observer: RunningCore, id: MemberId): number {
  let until = Number.NEGATIVE_INFINITY;
  for (const between of world.members.values()) {
    if (between.id === observer.id || between.id === id) continue;
    // A copy of it has paths of its own.
    until = Math.max(until, Math.min(world.now, between.disputedUntil));
    const paths = [
      [observer.id, between.id],
      [between.id, observer.id],
      [between.id, id],
      [id, between.id],
    ] as const;
    const cutAt = Math.min(...paths.map(([from, to]) => world.cutSince(from, to) ?? world.now));
    const goneAt = between.running
      ? (between.running.stalledSince ?? world.now)
      : (between.ended.at(-1)?.at ?? Number.NEGATIVE_INFINITY);
    until = Math.max(until, Math.min(cutAt, goneAt));
  }
  return until;
}

/**
 * Who stood still when the silence began, or before it had to notice it (`noticedMs`), does not say whom it hears for a
 * while afterwards, and what it said before stands: it has as much time more. Not so who stood still for so long that it
 * was not heard itself any more. The longest such time of any that the observer may go by, ms; also where it stands still
 * again since, before it has said whom it hears.
 */
export function witnessStandstillMs(
  world: World,
  observer: RunningCore,
  id: MemberId,
  since: number,
  noticedMs: number,
): number {
  let longest = 0;
  // Who stood still meanwhile itself had missed nobody for as long.
  const ownMs = (from: number, to: number): number =>
    pausesOf(world, observer).reduce(
      (sum, pause) => sum + Math.max(0, Math.min(pause.until, to) - Math.max(pause.since, from)),
      0,
    );
  // Also who has ended since: its last word counts for a while.
  const ended = [...world.members.values()].flatMap(({ ended }) =>
    ended.filter(({ at }) => at >= since).map(({ core }) => core),
  );
  for (const running of [...world.running(), ...ended]) {
    if (running === observer || running.id === id) continue;
    let first = Number.NEGATIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const { since: stalledAt, until } of pausesOf(world, running)) {
      if (until - stalledAt > noticedMs + ownMs(stalledAt, until)) continue;
      if (stalledAt > last + HUSH_MS) first = stalledAt;
      last = Math.max(last, until);
      if (first > since + noticedMs) continue;
      // Of more than one the first is in what silence is given anyhow.
      const chainedMs = first < stalledAt ? last - since - HUSH_MS : 0;
      longest = Math.max(longest, until - Math.max(stalledAt, since), chainedMs);
    }
  }
  return longest;
}

/** Standstills, and jumps of its clock, which it takes for such: oldest first. */
function pausesOf(world: World, { standstills, stalledSince, jumps }: RunningCore) {
  const present = stalledSince === null ? [] : [{ since: stalledSince, until: world.now }];
  const jumped = jumps.map(({ at }) => ({ since: at, until: at }));
  return [...standstills, ...present, ...jumped].sort((a, b) => a.since - b.since);
}

/** Long paths and late loops take longer for everything: two dials with all that follows, one after the other, are some ten round trips. */
export const settledMs = (world: World): number => SETTLED_MS + slownessMs(world);

/**
 * What paths and loops add to a limit, ms: so many of the longest round trips, a lost packet, and what two late members
 * give each other in some turns. `agoMs`: what is limited began so long ago, and patience is what it was then.
 */
export function slownessMs(world: World, trips = SETTLED_TRIPS, agoMs = 0): number {
  const { paths } = world.network;
  const { delayMs, jitterMs } = paths.weather;
  const lateMs = world.lateMsWithin(LATELY_MS + agoMs);
  return trips * 2 * (delayMs + jitterMs) + (paths.hasLostWithin(LATELY_MS + agoMs) ? 2_000 : 0) + 6 * lateMs;
}

/**
 * What was lost waits so long yet, and who was late, or hears that another one was that has ended since, goes on with that
 * patience, ms: see `Lateness`.
 */
const LATELY_MS = 3_000;

const SETTLED_TRIPS = 10;
