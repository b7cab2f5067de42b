import type { MemberId, PlayMark } from '@headwater/directory';

/** The query parameter by which members know each other's redirects and pulls. */
const PARAMETER = 'headwater';
/** The last of a publish that a member forwards (`forward-mark.ts`). */
const MARKS: ReadonlySet<string | null> = new Set(['relay', 'redirected', 'forward']);

/** The mark in a play's query (without `?`). */
export function readPlayMark(query: string): PlayMark {
  // Most plays have no query, and an empty one costs as much to parse as all the rest of a play's name.
  if (query === '') return 'none';
  const mark = new URLSearchParams(query).get(PARAMETER);
  return mark === 'relay' || mark === 'redirected' ? mark : 'none';
}

/**
 * Whether a member pulls, forwards or has sent the client here. It told the vhost where that is not the default one: the host
 * in the URL is only where this member is reached, even where it is the name of a vhost.
 */
export function isByMember(query: string): boolean {
  return query !== '' && MARKS.has(new URLSearchParams(query).get(PARAMETER));
}

/** The same query, carrying this mark, and `via`, and no others; everything else stays byte by byte. */
export function withPlayMark(query: string, mark: 'relay' | 'redirected', via?: string): string {
  const others = query.split('&').filter((part) => part !== '' && !OURS.has(part.split('=', 1)[0] ?? ''));
  return [...others, `${PARAMETER}=${mark}`, ...(via === undefined ? [] : [`${VIA_PARAMETER}=${via}`])].join(
    '&',
  );
}

/** The id of the play that was redirected here, or of the relay that pulls: by it people follow one play through members. */
const VIA_PARAMETER = 'headwater-via';
/** Ours are UUIDs. */
const VIA_FORM = /^[\w-]{8,64}$/;
const OURS: ReadonlySet<string> = new Set([PARAMETER, VIA_PARAMETER]);

/** Undefined where none came, or what is none. It is what the client says: nothing is decided by it. */
export function readVia(query: string): string | undefined {
  if (query === '') return undefined;
  const via = new URLSearchParams(query).get(VIA_PARAMETER);
  return via !== null && VIA_FORM.test(via) ? via : undefined;
}

/** How much of the stream's past a relay's pull asks for. */
const REPLAY_PARAMETER = 'replay';
/** Most that can be asked for, ms; the owner's own limit counts beside. */
const REPLAY_MS_MAX = 60_000;

/** Milliseconds of the past that a pull's query asks for; 0 where it asks for none. */
export function readReplayMs(query: string): number {
  const text = new URLSearchParams(query).get(REPLAY_PARAMETER) ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), REPLAY_MS_MAX) : 0;
}

/** Whose media a pull asks for that is made of another member than the owner. */
const OWNER_PARAMETER = 'owner';
/** What a member's id looks like: base58, and in tests names. */
const MEMBER_ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The owner whose media a pull asks for, where that is not simply what is published here; undefined where it names none, or
 * what is no member's id.
 */
export function readRelayOf(query: string): MemberId | undefined {
  const owner = new URLSearchParams(query).get(OWNER_PARAMETER);
  return owner !== null && MEMBER_ID_FORM.test(owner) ? owner : undefined;
}

/** What a member's pull says of itself. */
export interface RelayPull {
  /** Who pulls, for people. */
  readonly memberName: string;
  /** How much of the past to ask for; 0 asks for none. */
  readonly replayMs: number;
  /** The owner, where another member is asked for what that one publishes. */
  readonly relayOf: MemberId | null;
  /** The relay's id, for people who follow it; absent: it has none. */
  readonly via?: string;
  /** Parameters that prove who pulls; absent or empty where members prove nothing. */
  readonly proof?: string;
}

/**
 * The query of a pull. Older members know no `owner`: they answer with what is published there or refuse, as they do to any
 * pull.
 */
export function relayQuery({ memberName, replayMs, relayOf, via, proof = '' }: RelayPull): string {
  return [
    `${PARAMETER}=relay`,
    `member=${encodeURIComponent(memberName)}`,
    ...(relayOf === null ? [] : [`${OWNER_PARAMETER}=${encodeURIComponent(relayOf)}`]),
    ...(replayMs > 0 ? [`${REPLAY_PARAMETER}=${Math.round(replayMs)}`] : []),
    ...(via === undefined ? [] : [`${VIA_PARAMETER}=${encodeURIComponent(via)}`]),
    ...(proof === '' ? [] : [proof]),
  ].join('&');
}
