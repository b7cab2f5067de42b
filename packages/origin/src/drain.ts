import { type DirectoryView, isLive, type MemberLoad, type StreamKey } from '@headwater/directory';
import type { Answer, MediaPlane } from './plane/media-plane.js';

/** What draining needs of the member that drains. */
export interface Draining {
  readonly media: Pick<MediaPlane, 'refusePublishers' | 'closePublishers' | 'pulls' | 'load'>;
  readonly directory: Pick<DirectoryView, 'self' | 'owners'>;
  /** Tells all members, which from then on rank this one's claims last. */
  announce(): void;
  /** An operator wants it to stay. What was done till then stays done. */
  isCancelled(): boolean;
  log(fields: object, msg: string): void;
  /** Longest time for all of it, ms. */
  readonly deadlineMs: number;
  /** ms of a clock that never goes back. */
  now(): number;
  /** Resolves after so long, or sooner. */
  pause(ms: number): Promise<void>;
}

/** How often it is looked whether somebody is still there. */
const LOOK_EVERY_MS = 20;

/** Share of the deadline that other members' relays get to move away before the publishers here are closed. */
const MOVING_SHARE = 0.5;

/**
 * Leaves on purpose, step by step: tells everybody, refuses publishers, gives other members' relays time to move to
 * another owner, closes the publishers (whose encoders connect elsewhere), and serves its own players, from the other
 * owners where there are any, until they left or the deadline came. Whoever stops the process afterwards says leave.
 */
export async function drain(member: Draining): Promise<void> {
  const { media, log, deadlineMs } = member;
  const start = member.now();
  const until = async (limitMs: number, isDone: () => Promise<boolean>): Promise<void> => {
    while (!member.isCancelled() && !(await isDone()) && member.now() - start < limitMs)
      await member.pause(LOOK_EVERY_MS);
  };
  member.announce();
  media.refusePublishers();
  const before = (await media.load()).value;
  log(
    {
      players: before.players,
      publishers: before.publishers,
      pulls: (await media.pulls()).value.length,
      deadlineMs,
    },
    'draining',
  );

  await until(
    deadlineMs * MOVING_SHARE,
    async () => !(await media.pulls()).value.some((key) => hasAnotherOwner(member, key)),
  );
  if (member.isCancelled()) return;
  const stayed = (await media.pulls()).value.length;
  const { publishers } = (await media.load()).value;
  if (publishers > 0) log({ publishers, pulls: stayed }, 'draining closes publishers');
  media.closePublishers();

  await until(deadlineMs, async () => isEmpty(await media.load()));
  if (member.isCancelled()) return;
  const { players } = (await media.load()).value;
  const tookMs = Math.round(member.now() - start);
  const reason = players === 0 ? 'nobody is left' : 'drain.deadlineMs is over';
  log({ players, tookMs, reason }, 'drained');
}

/** A worker that says nothing may have players still. */
const isEmpty = ({ value, unanswered }: Answer<MemberLoad>): boolean =>
  value.players === 0 && unanswered.length === 0;

/** One that relays would move to: they stay here rather than go to a silent one. */
function hasAnotherOwner({ directory }: Draining, key: StreamKey): boolean {
  return directory
    .owners(key)
    .some(
      ({ member, liveness, profile, claim }) =>
        member !== directory.self &&
        isLive(liveness) &&
        !profile.draining &&
        profile.full !== true &&
        claim.silent !== true,
    );
}
