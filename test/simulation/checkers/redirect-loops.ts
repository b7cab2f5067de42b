import type { MemberId, PlayMark, PlayRequest, StreamKey } from '@headwater/directory';
import type { World } from '../world.js';
import type { Checker } from './checker.js';

/** Streams walked at each look. */
const STREAMS_PER_LOOK = 40;

/** A play, a redirect, a pull through a member that reaches the owner: no way of a play is longer. */
export const HOPS_MAX = 4;

const REQUEST = {
  protocol: 'rtmp',
  mode: 'auto',
} satisfies Partial<PlayRequest>;

/** Wherever a play begins, and however much the directories differ, its way through the members ends. */
export const redirectLoops: Checker = {
  name: 'redirect-loops',
  when: 'always',
  *check(world) {
    for (const start of world.running()) {
      let left = STREAMS_PER_LOOK;
      for (const key of start.core.directory.streams()) {
        if (left-- === 0) break;
        const ways = [true, false].map((followsRedirect) => wayOf(world, start.id, key, followsRedirect));
        const way = ways.find(({ length }) => length > HOPS_MAX);
        if (way !== undefined) yield `a play of ${key} goes ${way.join(' -> ')}`;
      }
    }
  },
};

/** The members that a play goes through. */
function wayOf(world: World, start: MemberId, key: StreamKey, followsRedirect: boolean): MemberId[] {
  const way: MemberId[] = [];
  let mark: PlayMark = 'none';
  let relayOf: MemberId | undefined;
  for (let at: MemberId | undefined = start; at !== undefined && way.length <= HOPS_MAX; ) {
    way.push(at);
    const core = world.members.get(at)?.running?.core;
    if (core === undefined) break;
    const route = world.routeOf(core.directory, {
      ...REQUEST,
      key,
      mark,
      followsRedirect,
      ...(relayOf !== undefined && { relayOf }),
    });
    if (route.kind === 'redirect') {
      at = route.target.member;
      mark = 'redirected';
    } else if (route.kind === 'relay') {
      const [owner] = route.owners;
      relayOf = owner?.member;
      at = owner?.through ?? relayOf;
      mark = 'relay';
    } else break;
  }
  return way;
}
