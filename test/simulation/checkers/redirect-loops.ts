import type { MemberId, PlayMark, PlayRequest, Route, StreamKey } from '@headwater/directory';
import type { World } from '../world.js';
import type { Checker } from './checker.js';

/** Streams walked from each member at each look. */
const STREAMS_PER_LOOK = 40;

/** A play, a redirect, a pull through a member that reaches the owner: no way of a play is longer. */
export const HOPS_MAX = 4;

/**
 * Wherever a play begins, and however much the directories differ, its way through the members ends. Only streams are
 * walked whose owners may have changed since the last look: the ways of the others are as they were.
 */
export const redirectLoops: Checker = {
  name: 'redirect-loops',
  when: 'always',
  *check(world) {
    for (const start of world.running()) {
      let left = STREAMS_PER_LOOK;
      for (const key of world.touched ?? start.core.directory.streams()) {
        if (left-- === 0) break;
        for (const followsRedirect of [true, false]) {
          if (endsInTime(world, start.id, key, followsRedirect, null)) continue;
          const way: MemberId[] = [];
          endsInTime(world, start.id, key, followsRedirect, way);
          yield `a play of ${key} goes ${way.join(' -> ')}`;
        }
      }
    }
  },
};

/** Whether a play goes through no more than so many members; they are noted in `way`. */
function endsInTime(
  world: World,
  start: MemberId,
  key: StreamKey,
  followsRedirect: boolean,
  way: MemberId[] | null,
): boolean {
  let mark: PlayMark = 'none';
  let relayOf: MemberId | undefined;
  let at: MemberId = start;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    way?.push(at);
    const core = world.members.get(at)?.running?.core;
    if (core === undefined) return true;
    const route: Route = world.routeOf(core.directory, requestOf(key, mark, followsRedirect, relayOf));
    if (route.kind === 'redirect') {
      at = route.target.member;
      mark = 'redirected';
    } else if (route.kind === 'relay') {
      const [owner] = route.owners;
      if (owner === undefined) return true;
      relayOf = owner.member;
      at = owner.through ?? relayOf;
      mark = 'relay';
    } else return true;
  }
  way?.push(at);
  return false;
}

function requestOf(
  key: StreamKey,
  mark: PlayMark,
  followsRedirect: boolean,
  relayOf: MemberId | undefined,
): PlayRequest {
  return relayOf === undefined
    ? { protocol: 'rtmp', mode: 'auto', key, mark, followsRedirect }
    : { protocol: 'rtmp', mode: 'auto', key, mark, followsRedirect, relayOf };
}
