import { comparePositions, type LogPosition } from '@headwater/directory';
import { RETELL_MS, TICK_MS } from '@headwater/mesh/core';
import type { Member } from '../member.js';
import type { RunningCore } from '../running-core.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';
import { bridge, conversingSince, settledMs, slownessMs } from './reach.js';

/** What a member changed is known to all who can know it after this time, also where broadcasts were lost, ms. */
const KNOWN_MS = 5_000;

/** And in so many round trips: a heartbeat tells of it, a question, two answers. */
const KNOWN_TRIPS = 3;

/** Of a core's peer. */
interface Envelopes {
  since(position: LogPosition): readonly Uint8Array[];
}

/** Entries that one repetition of a log tells at least. */
const ENTRIES_RETOLD_LEAST = 500;

/** A part of an answer holds at least so many. */
const ENTRIES_PER_PART_LEAST = 500;

/** What a burst told is still being asked for by parts after so long, ms. */
const BURST_MS = 30_000;

/** Whoever hears a member has its claims as they were some seconds ago, or newer. */
export const visibleClaims: Checker = {
  name: 'visible-claims',
  when: 'always',
  check: (world) =>
    lagging(
      world,
      partsMs,
      (observer, member) => conversingSince(world, observer, member) <= world.now - settledMs(world),
    ),
};

/** So has whoever hears somebody that hears it. */
export const claimsThroughOthers: Checker = {
  name: 'claims-through-others',
  when: 'always',
  check: (world) =>
    lagging(world, throughOthersMs, (observer, member, then, knownMs) => {
      if (bridge(world, observer, member) === null) return false;
      // It knows a later start of the observer, a copy that is gone, and nobody is there to tell the observer.
      const known = member.running?.core.directory.position(observer.id).generation ?? 0;
      if (known > (observer.running?.generation ?? 0)) return false;
      // Where broadcasts get lost, those that are repeated do too: what others can hand on is known all the same.
      if (!world.network.gossip.hasLost) return true;
      return canBeHandedOn(world, observer, member, then, world.now - knownMs);
    }),
};

function* lagging(
  world: World,
  moreMs: (
    world: World,
    held: LogPosition,
    told: LogPosition | null,
    member: Member,
    observer: RunningCore,
  ) => number,
  canKnow: (observer: Member, member: Member, then: LogPosition, knownMs: number) => boolean,
): Iterable<string> {
  const leastMs = KNOWN_MS + slownessMs(world, KNOWN_TRIPS);
  for (const observer of world.honest()) {
    if (observer.isStalled) continue;
    for (const { id, position } of observer.states) {
      const member = world.members.get(id);
      if (id === observer.id || member?.running == null || world.isBeyondRules(id)) continue;
      // Nothing that it ever said is missing.
      if (comparePositions(position, member.past.at(-1)?.position ?? position) >= 0) continue;
      const knownMs =
        leastMs + moreMs(world, position, member.positionAt(world.now - leastMs), member, observer);
      const then = member.positionAt(world.now - knownMs);
      if (then === null || comparePositions(position, then) >= 0) continue;
      if ((observer.standingSince.get(id)?.at ?? world.now) > world.now - knownMs) continue;
      if (canKnow(world.member(observer.id), member, then, knownMs))
        yield `${observer.id} holds ${position.generation}/${position.version} of ${id}, who was at ${then.generation}/${then.version} ${Math.round(knownMs)} ms ago`;
    }
  }
}

/**
 * What a long log adds, ms: who can't ask its owner is told some messages of it at a time, of what it held at the beginning
 * of that; also where it just can again. Who can is slower where its loop is late.
 */
function throughOthersMs(
  world: World,
  held: LogPosition,
  told: LogPosition | null,
  member: Member,
  observer: RunningCore,
): number {
  const lost = observer.heldWhenLost.get(member.id);
  const isStill = lost !== undefined && (lost.backAt ?? world.now) > world.now - settledMs(world);
  const most = Math.max(missing(held, told), isStill ? missing(lost.position, told) : 0);
  const retoldMs = RETELL_MS * Math.floor(most / ENTRIES_RETOLD_LEAST);
  return Math.max(retoldMs, partsMs(world, held, told, member)) + askedMs(observer);
}

/** One that hears few others asks one of them for one owner at a time, with each tick, ms. */
const askedMs = ({ states }: RunningCore): number =>
  TICK_MS * states.filter(({ liveness }) => liveness === 'unreachable' || liveness === 'suspect').length;

/** And who can: each turn of a loop tells a part, and takes as long as the loop is late; also what it holds by now. */
function partsMs(world: World, held: LogPosition, told: LogPosition | null, member: Member): number {
  const lateMs = world.lateMsWithin(KNOWN_MS);
  if (lateMs === 0) return 0;
  const before = member.positionAt(world.now - BURST_MS) ?? { generation: 0, version: 0 };
  const most = Math.max(missing(held, told), missing(before, told));
  return lateMs * Math.floor(most / ENTRIES_PER_PART_LEAST);
}

const missing = (held: LogPosition, told: LogPosition | null): number =>
  told === null ? 0 : Math.max(0, told.version - (held.generation === told.generation ? held.version : 0));

/** All that the observer is told to hear the member through have had its signed news for so long. */
function canBeHandedOn(
  world: World,
  observer: Member,
  { id }: Member,
  then: LogPosition,
  since: number,
): boolean {
  const { core } = observer.running ?? {};
  const held = core?.directory.position(id);
  const through = core?.directory.member(id)?.through ?? [];
  if (held === undefined || through.length === 0) return false;
  return through.every((one) => {
    const between = world.members.get(one)?.running;
    // What came before it had met the member was not kept.
    const kept = between?.core.peer(id) as unknown as { readonly envelopes: Envelopes } | undefined;
    if (!between || !kept || kept.envelopes.since(held).length === 0) return false;
    const news = between.newsOf(id);
    let reached = held.generation === then.generation ? held.version : 0;
    for (const { generation, from, to, at } of [...news].sort((a, b) => a.to - b.to))
      if (generation === then.generation && at <= since && from <= reached) reached = Math.max(reached, to);
    return reached >= then.version;
  });
}
