import { isDeepStrictEqual } from 'node:util';
import { claimsStand, type MemberProfile } from '@headwater/directory';
import type { Member } from '../member.js';
import { ownerText, type RunningCore } from '../running-core.js';
import { ownersByTruth } from '../truth.js';
import type { World } from '../world.js';
import type { Checker } from './checker.js';

/** When it is quiet, every member's directory is the truth: who lives, who owns what in which order, whether it flows, profiles. */
export const agreement: Checker = {
  name: 'agreement',
  when: 'quiet',
  *check(world) {
    const observers = world.honest().filter((running) => world.inMesh?.has(running) ?? running.core.isJoined);
    const truths = new Map<string | undefined, ReturnType<typeof ownersByTruth>>();
    const unsure = new Set(
      world.running().flatMap((running) => (observers.includes(running) ? [] : [running.id])),
    );
    for (const observer of observers) {
      yield* aboutMembers(world, observer, observers);
      const { zone } = world.member(observer.id).profile;
      const truth = truths.get(zone) ?? ownersByTruth(world, observers, zone);
      truths.set(zone, truth);
      yield* aboutOwners(observer, truth, unsure);
    }
  },
};

function* aboutMembers(
  world: World,
  observer: RunningCore,
  joined: readonly RunningCore[],
): Iterable<string> {
  const { directory } = observer.core;
  for (const member of world.members.values()) {
    if (world.isBeyondRules(member.id) || member.id === observer.id) continue;
    const state = directory.member(member.id);
    const isThere = member.running !== null && joined.includes(member.running);
    if (isThere) {
      if (state?.liveness !== 'alive')
        yield `${observer.id} believes ${member.id} ${state?.liveness ?? 'unknown'}, who is alive`;
      else yield* aboutWords(observer, member);
    } else if (member.running === null && state !== undefined && claimsStand(state.liveness))
      yield `${observer.id} believes ${member.id} ${state.liveness}, who is gone`;
  }
}

function* aboutWords(observer: RunningCore, member: Member): Iterable<string> {
  const state = observer.core.directory.member(member.id);
  const own = member.running?.core.directory.position(member.id);
  const { generation, version } = state?.position ?? { generation: 0, version: 0 };
  if (own && (generation !== own.generation || version !== own.version))
    yield `${observer.id} holds ${generation}/${version} of ${member.id}, who is at ${own.generation}/${own.version}`;
  else if (!isSameProfile(member, state?.profile, member.running?.core.directory.profile))
    yield `${observer.id} holds another profile of ${member.id} than it has`;
}

/** Of the next version's profiles this one holds what it can take. */
function isSameProfile(member: Member, held?: MemberProfile | null, own?: MemberProfile): boolean {
  if (!member.isNextVersion) return isDeepStrictEqual(held, own);
  return held?.name === own?.name && held?.draining === own?.draining && held?.zone === own?.zone;
}

function* aboutOwners(
  { id, core }: RunningCore,
  truth: ReturnType<typeof ownersByTruth>,
  unsure: ReadonlySet<string>,
): Iterable<string> {
  const known = new Set([...core.directory.streams(), ...truth.keys()]);
  for (const key of known) {
    const owners = core.directory
      .owners(key)
      .filter(({ member }) => !unsure.has(member))
      .map(({ member, claim }) => ownerText(member, claim.silent === true));
    const expected = (truth.get(key) ?? []).map(({ member, isSilent }) => ownerText(member, isSilent));
    if (owners.join(' ') !== expected.join(' '))
      yield `${id} lists [${owners.join(' ')}] for ${key}; it is on [${expected.join(' ')}]`;
  }
}
