import { claimsStand, type MemberId } from '@headwater/directory';
import { CONFIRM_MS, TICK_MS } from '@headwater/mesh/core';
import type { Member } from '../member.js';
import { RETRANSMIT_MS } from '../network/connection.js';
import type { RunningCore } from '../running-core.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';
import { bridgedUntil, slownessMs, witnessStandstillMs } from './reach.js';

/** Hung and cut-off members, and those whose machine died, are found within this time, ms. */
export const DETECTED_MS = 3_000;

/** So much more where it was met just now, and no round trip was measured with it yet, ms: the path may be a slow one. */
const UNMEASURED_MS = 1_500;

/**
 * Of a path that was measured with a late loop, and before that not without a disturbance, the lateness is taken for a part:
 * the silence of a suspect there is given up to 4 s more than elsewhere, of which `slownessMs` counts some, ms.
 */
const MEASURED_LATE_MS = 2_000;

/** Of so many measures, one with each heartbeat, the shortest is what a path takes, ms. */
const MEASURED_WITHIN_MS = 16 * 800;

/** Two looks, a tick, late packets. */
const SLACK_MS = 300 + TICK_MS;

/** No route to a member that ended, hangs or is cut off, for longer than it takes to notice. */
export const deadRoutes: Checker = {
  name: 'dead-routes',
  when: 'always',
  *check(world) {
    for (const observer of world.honest()) {
      if (observer.isStalled) continue;
      for (const { id, position, claims, liveness, through } of observer.states) {
        if (id === observer.id || claims === 0 || !claimsStand(liveness) || world.isBeyondRules(id)) continue;
        // Also when the last witness has ceased to hear it: it is suspect for a while then, and nobody is named any more.
        const witnesses = observer.lastThrough.get(id) ?? [];
        // Who means ill may say that it hears the dead; that counts for a limited time.
        const named = liveness === 'suspect' ? witnesses : through;
        if (named.some((one) => world.isBeyondRules(one))) continue;
        const silence = silenceOf(world, observer, id, position.generation);
        if (silence === null) continue;
        const lateWordsAts = [
          ...[observer.id, ...witnesses].map((by) => lateWordsAt(world, by, id)),
          // What a witness said of it may be late as well.
          ...witnesses.map((by) => lateWordsAt(world, observer.id, by)),
        ];
        // What an observer missed while it stood still, it can't be blamed for.
        const sinceMs =
          world.now - Math.max(silence.since, ...lateWordsAts, observer.resumedAt, observer.startedAt);
        // Who was lost just after a loop was late is waited for as before: the path was measured with that.
        const limitMs =
          silence.limitMs + SLACK_MS + slownessMs(world, undefined, Math.max(0, world.now - silence.since));
        if (sinceMs > limitMs)
          yield `${observer.id} routes to ${id}, ${silence.why} for ${Math.round(sinceMs)} ms`;
      }
    }
  },
};

/** What others say of whom they hear is as old as this, ms. */
const HEARSAY_MS = 2_000;

/**
 * Until when words of a member may come to somebody that a cut had kept back; or that waited in its sockets while it stood
 * still, and look like new ones since the member's clock jumped by no more than that meanwhile.
 */
function lateWordsAt(world: World, to: MemberId, member: MemberId): number {
  const { standstills = [] } = world.members.get(to)?.running ?? {};
  const { jumps = [] } = world.members.get(member)?.running ?? {};
  const wokenAt = standstills
    .filter(({ since, until }) =>
      jumps.some(({ at, ms }) => at > since - ECHO_MS && at < until && ms < until - since + ECHO_MS),
    )
    .map(({ until }) => until);
  return Math.max(...wokenAt, Math.min(world.now, world.healedAt(member, to) + RETRANSMIT_MS.max));
}

/** What a heartbeat echoes was sent so long ago, ms. */
const ECHO_MS = 1_000;

interface Silence {
  readonly since: number;
  readonly why: string;
  readonly limitMs: number;
}

/** Why this start of a member cannot be heard by the observer; null where it can. */
function silenceOf(world: World, observer: RunningCore, id: MemberId, generation: number): Silence | null {
  const member = world.members.get(id);
  if (member === undefined) return { since: 0, why: 'which never was', limitMs: 0 };
  const end = member.endOf(generation);
  const missedMs = (since: number): number =>
    DETECTED_MS + HEARSAY_MS + witnessStandstillMs(world, observer, id, since, DETECTED_MS);
  if (end !== null) {
    // A reset comes only over a connection that stood on both sides, and from a machine that is still there. Who misses it
    // goes on to say that it hears the member, for as long as any silence may last.
    const brokenAt = Math.max(...thereSince(world, end.at).map((one) => world.lastBrokenAt(one.id, id)));
    // Who hung until it ended was not heard any more, here and there.
    const hungAt = Math.max(member.stalledAt, Math.min(member.hungUntil, end.at));
    const wasWell = Math.max(brokenAt, observer.resumedAt, hungAt) < end.at - DETECTED_MS;
    const isNoticed = end.ending === 'killed' && end.unnoticedBy.size === 0;
    const isTold =
      isNoticed &&
      wasWell &&
      world.network.isMachineUp(member.machine) &&
      !goesByTheGone(world, observer.lastThrough.get(id) ?? []);
    const isMeasured = observer.core.peer(id)?.rttMs != null;
    const isPlain = isRefused(world, observer, id) || !mayLookSlow(world, observer, id, end.at);
    const lostMs = isMeasured ? (isPlain ? CONFIRM_MS : DETECTED_MS) : DETECTED_MS + UNMEASURED_MS;
    return {
      since: end.at,
      why: `${end.ending} as ${generation}`,
      // On a slow path two dials are waited for.
      limitMs: isTold ? lostMs + slownessMs(world) : missedMs(end.at),
    };
  }
  if (member.running === null) return { since: 0, why: `which never was ${generation}`, limitMs: 0 };
  const { stalledSince } = member.running;
  if (stalledSince !== null) return { since: stalledSince, why: 'hung', limitMs: missedMs(stalledSince) };
  const cutSince = world.cutSince(id, observer.id);
  if (cutSince === null) return null;
  // Who is heard by others is not gone.
  const since = Math.max(cutSince, bridgedUntil(world, observer, id));
  const metAt = observer.endpoint.metAt(member.running.endpoint);
  const isMeasuredLate =
    metAt > cutSince - MEASURED_WITHIN_MS && world.lateMsWithin(world.now - cutSince) > 0;
  return {
    since,
    why: 'cut off',
    limitMs: missedMs(since) + (isMeasuredLate ? MEASURED_LATE_MS : 0),
  };
}

/** One who said that it hears the member has gone without a word, or hangs: what it said last counts until that is noticed. */
const goesByTheGone = (world: World, witnesses: readonly MemberId[]): boolean =>
  witnesses.some((id) => {
    const { running, ended = [] } = world.members.get(id) ?? {};
    return running?.isStalled ?? ended.at(-1)?.ending === 'silent';
  });

/** Who ran then, or does now. Of who has gone silent since, the word still counts. */
const thereSince = (world: World, at: number): Member[] =>
  [...world.members.values()].filter(
    ({ running, ended }) => running !== null || (ended.at(-1)?.at ?? 0) >= at,
  );

/**
 * What disturbed a path may be in its estimate for so long, ms: the longest round trip that is believed (5 s) needs 42 short
 * ones until `CONFIRM_MS` is enough for `CONFIRM_TRIPS` of what is expected, and one is measured with each heartbeat.
 */
const ESTIMATE_MS = 42 * 800;

/**
 * The observer may expect long round trips of that member, since a loop was late or stood still, or their path was cut. A connection that was
 * lost is given as much time where no dial is refused; then only the link's own silence bounds it (docs/decisions/0058).
 */
function mayLookSlow(world: World, observer: RunningCore, id: MemberId, endedAt: number): boolean {
  const isLate = world.lateMsWithin(ESTIMATE_MS + world.now - endedAt) > 0;
  const ended = world.members.get(id)?.ended.find(({ at }) => at === endedAt)?.core;
  const hasStood = [observer, ended].some((one) =>
    one?.standstills.some(({ until }) => until > endedAt - ESTIMATE_MS),
  );
  return isLate || hasStood || world.lastBrokenAt(observer.id, id) > endedAt - ESTIMATE_MS;
}

/** A dial of a member that ended fails at once: somebody answers at each address where the observer looks for it. */
function isRefused(world: World, { core, endpoint }: RunningCore, id: MemberId): boolean {
  const { network } = world;
  return (core.peer(id)?.addresses ?? []).every((address) => {
    const machine = network.machineAt(address);
    if (machine === undefined || !network.isMachineUp(machine)) return false;
    if (network.paths.isBroken(endpoint.machine, machine)) return false;
    // A mute process in its place takes the connection, and one that hangs leaves it waiting.
    const there = network.listenerAt(address)?.self;
    return there === undefined || world.members.get(there)?.running?.isStalled === false;
  });
}
