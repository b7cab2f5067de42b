import type { DirectoryView, MemberLoad, StreamKey } from '@headwater/directory';
import { type DrainFacts, type DrainStep, isRelayLeft, wayOutOf } from './drain-progress.js';
import type { Answer, MediaPlane, MediaQuestions } from './plane/media-plane.js';

/** What draining needs of the member that drains. */
export interface Draining {
  readonly media: Pick<
    MediaPlane,
    'refusePublishers' | 'askPublishersToReconnect' | 'closePublishers' | 'pauseRtmp' | 'figures'
  > & { readonly ask: Pick<MediaQuestions, 'pulls' | 'load' | 'publishersAsked'> };
  readonly directory: Pick<DirectoryView, 'self' | 'owners' | 'claimsOf'>;
  /** Tells all members, which from then on rank this one's claims last. */
  announce(): void;
  /** An operator wants it to stay. What was done till then stays done. */
  isCancelled(): boolean;
  log(fields: object, msg: string): void;
  /** A step begins. */
  stepped(step: DrainStep, facts: DrainFacts): void;
  /** Longest time for all of it, ms. */
  readonly deadlineMs: number;
  /** `drain.listener`: whether its RTMP ports refuse publishers in words, or are closed. */
  readonly listener: 'refuse' | 'close';
  /** `drain.forwardPublishers`: publishers are forwarded to another origin rather than refused and closed. */
  readonly forwardsPublishers: boolean;
  /** ms of a clock that never goes back. */
  now(): number;
  /** Resolves after so long, or sooner. */
  pause(ms: number): Promise<void>;
}

/** How often it is looked whether somebody is still there. */
const LOOK_EVERY_MS = 20;

/**
 * For so long a drain waits for other owners of its streams that send nothing: an encoder that was closed a moment ago, on
 * the member before this one of a rolling update, may be back there and wait for its keyframe. Who closes the last publisher
 * that sends before that loses what comes in between. Longest time between keyframes that is usual for live streams: 4 s.
 */
const BEGINNING_MS = 5_000;

/** Share of the deadline after which the publishers here are closed, whoever relays and whatever they were asked. */
const LEAVING_SHARE = 0.5;

/**
 * Leaves on purpose, step by step: tells everybody, refuses publishers and asks those here to reconnect elsewhere, gives
 * other members' relays time to move to another owner, and owners whose media has not begun a moment for it, closes the
 * publishers (whose encoders connect elsewhere; those who were asked at their next keyframe; with `forwardsPublishers` another
 * origin has them from then on), and serves its own players, from the other owners where there are any, until they left or the
 * deadline came. Whoever stops the process afterwards says leave.
 */
export async function drain(member: Draining): Promise<void> {
  const { media, log, deadlineMs } = member;
  const start = member.now();
  const until = async (limitMs: number, isDone: () => Promise<boolean>): Promise<void> => {
    while (!member.isCancelled() && !(await isDone()) && member.now() - start < limitMs)
      await member.pause(LOOK_EVERY_MS);
  };
  const step = async (name: DrainStep): Promise<DrainFacts> => {
    const facts = await factsOf(member);
    if (!member.isCancelled()) member.stepped(name, facts);
    return facts;
  };

  member.announce();
  media.refusePublishers(member.forwardsPublishers);
  if (member.listener === 'close') media.pauseRtmp();
  media.askPublishersToReconnect();
  const before = await step('relays-move');
  log(
    {
      players: before.load.players,
      publishers: before.load.publishers,
      asked: before.asked,
      pulls: before.pulls.length,
      deadlineMs,
    },
    'draining',
  );

  const leavingMs = deadlineMs * LEAVING_SHARE;
  const beginning = streamsThatBegin(member.directory);
  await until(leavingMs, async () => {
    const isPatient = member.now() - start < BEGINNING_MS;
    return (
      haveRelaysMoved(await media.ask.pulls(), member.directory, isPatient) &&
      !(isPatient && beginning.some((key) => wayOutOf(member.directory, key) === 'beginning'))
    );
  });
  if (member.isCancelled()) return;
  const { load, asked, pulls } = await step('publishers-leave');
  if (member.isCancelled()) return;
  if (load.publishers > 0)
    log(
      { publishers: load.publishers, asked, pulls: pulls.length },
      member.forwardsPublishers ? 'draining forwards publishers' : 'draining closes publishers',
    );
  media.closePublishers('others');
  await until(leavingMs, async () => hasNoPublishers(await media.ask.load(), forwardedBy(media)));
  if (member.isCancelled()) return;
  media.closePublishers('all');

  await step('players-leave');
  await until(deadlineMs, async () => isEmpty(await media.ask.load(), member.forwardsPublishers));
  if (member.isCancelled()) return;
  const { players } = (await step('over')).load;
  const tookMs = Math.round(member.now() - start);
  const reason = players === 0 ? 'nobody is left' : 'drain.deadlineMs is over';
  log({ players, tookMs, reason }, 'drained');
}

/** Who is here at the moment, as far as the parts of this member say. */
export async function factsOf({ media }: Pick<Draining, 'media'>): Promise<DrainFacts> {
  const [load, pulls, asked] = await Promise.all([
    media.ask.load(),
    media.ask.pulls(),
    media.ask.publishersAsked(),
  ]);
  const unanswered = [...new Set([load, pulls, asked].flatMap((answer) => answer.unanswered))];
  const forwarded = forwardedBy(media);
  return { load: load.value, pulls: pulls.value, asked: asked.value, forwarded, unanswered };
}

/** A worker that says nothing may have players still. What is forwarded from here needs this member as players do. */
const isEmpty = ({ value, unanswered }: Answer<MemberLoad>, forwardsPublishers: boolean): boolean =>
  value.players === 0 && unanswered.length === 0 && (!forwardsPublishers || value.publishers === 0);

/** All that can. A worker that says nothing may have some still. `isPatient`: also those whose other owners send nothing yet. */
const haveRelaysMoved = (
  { value, unanswered }: Answer<readonly StreamKey[]>,
  directory: Draining['directory'],
  isPatient: boolean,
): boolean => unanswered.length === 0 && value.every((key) => isRelayLeft(directory, key, isPatient));

/** Those that flow from here, for this member's own players too, and that others are about to have. */
function streamsThatBegin(directory: Draining['directory']): readonly StreamKey[] {
  const begin: StreamKey[] = [];
  for (const { key, silent } of directory.claimsOf(directory.self))
    if (silent !== true && wayOutOf(directory, key) === 'beginning') begin.push(key);
  return begin;
}

/** None that is published here. */
const hasNoPublishers = ({ value, unanswered }: Answer<MemberLoad>, forwarded: number): boolean =>
  value.publishers <= forwarded && unanswered.length === 0;

const forwardedBy = (media: Pick<MediaPlane, 'figures'>): number =>
  media.figures().gauges.forwards?.[''] ?? 0;
