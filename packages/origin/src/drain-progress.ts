import { type DirectoryView, isLive, type MemberLoad, type StreamKey } from '@headwater/directory';

/**
 * Where a drain is. `relays-move`: other members' relays go to other owners. `publishers-leave`: publishers are closed, those
 * who were asked to reconnect at their next keyframe. `players-leave`: players are served until they leave. `over`: nobody
 * is left, or its deadline came.
 */
export type DrainStep = 'relays-move' | 'publishers-leave' | 'players-leave' | 'over';

/** Who is on a member that drains. */
export interface DrainFacts {
  /** Its players count other members' pulls. */
  readonly load: MemberLoad;
  /** The streams that other members pull, once for each pull. */
  readonly pulls: readonly StreamKey[];
  /** Publishers that were asked to reconnect. */
  readonly asked: number;
  /** Publishers that are published at another origin by now, through this member; as of the last second. */
  readonly forwarded: number;
  /** Workers that did not answer: whom they have is missing. */
  readonly unanswered: readonly number[];
}

/** Why somebody is still on a member that drains. */
export type LeftBecause =
  | 'waits-for-relays'
  | 'asked-to-reconnect'
  | 'forwarded'
  | 'closing'
  | 'moving'
  | 'no-other-owner'
  | 'plays-on';

/** Each reason as a sentence, for people. */
export const LEFT_BECAUSE: Readonly<Record<LeftBecause, string>> = {
  'waits-for-relays': 'closed as soon as the relays that can have moved to other owners',
  'asked-to-reconnect':
    'asked to reconnect to another member; closed at the next keyframe, or at half of the deadline',
  forwarded: 'forwarded to another origin, until it leaves or the deadline comes',
  closing: 'being closed',
  moving: 'another member has the stream, so the relay is moving there',
  'no-other-owner': 'no other member has the stream; the relay ends with its publisher here',
  'plays-on':
    'players cannot be sent elsewhere while they play; served until they leave or the deadline comes',
};

export interface StillHere {
  readonly kind: 'publisher' | 'relay' | 'player';
  readonly because: LeftBecause;
  readonly count: number;
}

/** Who is still here, and why. Pure. */
export function stillHere(
  step: DrainStep,
  facts: DrainFacts,
  directory: Pick<DirectoryView, 'self' | 'owners'>,
): readonly StillHere[] {
  const { load, pulls, asked } = facts;
  const forwarded = Math.min(facts.forwarded, load.publishers);
  const published = load.publishers - forwarded;
  const staying = pulls.filter((key) => isRelayLeft(directory, key, step === 'relays-move')).length;
  const all: readonly StillHere[] = [
    { kind: 'publisher', because: 'asked-to-reconnect', count: Math.min(asked, published) },
    { kind: 'publisher', because: 'forwarded', count: forwarded },
    {
      kind: 'publisher',
      because: step === 'relays-move' ? 'waits-for-relays' : 'closing',
      count: Math.max(0, published - asked),
    },
    { kind: 'relay', because: 'moving', count: pulls.length - staying },
    { kind: 'relay', because: 'no-other-owner', count: staying },
    { kind: 'player', because: 'plays-on', count: playersOf(facts) },
  ];
  return all.filter(({ count }) => count > 0);
}

/** Players alone: loads count pulls among them. */
export const playersOf = ({ load, pulls }: DrainFacts): number => Math.max(0, load.players - pulls.length);

/**
 * Where a stream goes that is on a member that drains. `moving`: another member has it. `beginning`: others have it, but send
 * nothing, or nothing yet, as one whose publisher has just come and waits for a keyframe. `staying`: nobody has it that it
 * would move to.
 */
export type WayOut = 'moving' | 'beginning' | 'staying';

export function wayOutOf(directory: Pick<DirectoryView, 'self' | 'owners'>, key: StreamKey): WayOut {
  const others = directory
    .owners(key)
    .filter(
      ({ member, liveness, profile }) =>
        member !== directory.self && isLive(liveness) && !profile.draining && profile.full !== true,
    );
  if (others.some(({ claim }) => claim.silent !== true)) return 'moving';
  return others.length > 0 ? 'beginning' : 'staying';
}

/** Whether a relay of it stays here. `isPatient`: others that send nothing yet are waited for. */
export function isRelayLeft(
  directory: Pick<DirectoryView, 'self' | 'owners'>,
  key: StreamKey,
  isPatient: boolean,
): boolean {
  const wayOut = wayOutOf(directory, key);
  return wayOut === 'staying' || (wayOut === 'beginning' && !isPatient);
}
