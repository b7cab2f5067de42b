import { type Delta, Directory, type Entry, OwnLog } from '@headwater/directory';
import { claimOf } from '@headwater/testing/claim-of';
import { profileOf } from '@headwater/testing/profile-of';
import type { Answer } from '../answer.js';
import { BroadcastPace } from '../broadcast-pace.js';
import { Follower } from '../follower.js';
import type { DeltaPart, SnapshotPart } from '../messages.js';
import { Outbox } from '../outbox.js';

/** The start of the owner whose log is followed. */
export const GENERATION = 7;

/** A log, and another member that follows it. */
export function followedLog(releasesMax = 100, streamsPerMemberMax = 100_000) {
  const log = new OwnLog('owner', GENERATION, releasesMax);
  const outbox = new Outbox(log, new BroadcastPace(0));
  const directory = new Directory('self', profileOf('self'), { membersMax: 8, streamsPerMemberMax });
  const follower = new Follower('owner', directory);
  outbox.put(log.setProfile(profileOf('owner')));
  const change = (key: string, isClaim: boolean): void => {
    const entry = isClaim ? log.claim({ key, sinceMs: 1, media: {} }) : log.release(key);
    if (entry) outbox.put(entry);
  };
  const position = () => ({ generation: log.generation, version: log.version });
  const claimed = () => log.snapshot().claims.map(({ key }) => key);
  return { log, outbox, directory, follower, change, position, claimed };
}

/** The parts of one window. */
export function windowOf(answer: Answer): (DeltaPart | SnapshotPart)[] {
  const parts: (DeltaPart | SnapshotPart)[] = [];
  answer.more();
  while (answer.isDue && parts.at(-1)?.last !== true) {
    const part = answer.next();
    if (part === null) break;
    parts.push(part);
  }
  return parts;
}

/** The owner's news from one version to another: a claim of stream `sVERSION` with each. */
export function claimsDelta(from: number, to: number, generation = GENERATION): Delta {
  const entries = Array.from({ length: to - from }, (_, index): Entry => {
    const version = from + 1 + index;
    return { kind: 'claim', version, claim: claimOf(`s${version}`) };
  });
  return { member: 'owner', generation, from, to, entries };
}

/** The same, and the owner's profile with the first version. */
export function withProfile(delta: Delta): Delta {
  const profile: Entry = { kind: 'profile', version: delta.from + 1, profile: profileOf('owner') };
  return { ...delta, entries: [profile, ...delta.entries.slice(1)] };
}
