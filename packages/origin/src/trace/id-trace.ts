import type { MemberId, StreamKey } from '@headwater/directory';
import type { EventLog, KeptEvent } from '../events/event-log.js';
import type { OriginEvent } from '../events/origin-event.js';
import { TRACED_MAX } from './stream-trace.js';

/** Ids and claims that one question may name. */
export const SOUGHT_IDS_MAX = 64;
export const SOUGHT_CLAIMS_MAX = 16;
/** What an id looks like, as a client or a member may give it. */
export const TRACE_ID_FORM = /^[\w-]{8,64}$/;

/** A publish that is followed: what other members see of it has no id, but the stream and its owner. */
export interface SoughtClaim {
  readonly key: StreamKey;
  readonly member: MemberId;
  /** Its name. */
  readonly name: string;
}

export interface Sought {
  readonly ids: readonly string[];
  readonly claims: readonly SoughtClaim[];
}

/** Fields of an event as far as following needs them, of whichever kind and release. */
type Fields = { readonly kind: string } & Readonly<Record<string, unknown>>;

const fieldsOf = (event: OriginEvent): Fields => event as unknown as Fields;

/** An event may name as many: itself, what it comes from, and what was before it. */
const idsOf = (event: Fields): readonly string[] =>
  [event.id, event.via, event.relay, event.fromRelay].filter((id) => typeof id === 'string');

/**
 * What this member keeps of them, oldest first: events that name one of the ids; of a play that a relay serves here, what
 * relays of the stream did meanwhile; of a publish on another member, what this one saw of its claim and pulled of it.
 */
export function eventsOfIds(log: Pick<EventLog, 'after'>, { ids, claims }: Sought): readonly KeptEvent[] {
  const { events } = log.after(0, Number.MAX_SAFE_INTEGER);
  const wanted = new Set(ids);
  const named = (event: Fields): boolean => idsOf(event).some((id) => wanted.has(id));
  const stretches = relayedStretches(events, named);
  const found = events.filter((kept) => {
    const event = fieldsOf(kept.event);
    return (
      named(event) || isRelayOf(kept, event, stretches) || claims.some((claim) => isOfClaim(event, claim))
    );
  });
  return found.slice(-TRACED_MAX);
}

/** When a play that is followed was served by a relay: of which stream, and between which numbers. */
interface Stretch {
  readonly key: unknown;
  from: number;
  to: number;
}

function relayedStretches(
  events: readonly KeptEvent[],
  named: (event: Fields) => boolean,
): readonly Stretch[] {
  const open = new Map<unknown, Stretch>();
  const all: Stretch[] = [];
  /** The relay that each stream had at that place. */
  const began = new Map<unknown, number>();
  for (const kept of events) {
    const event = fieldsOf(kept.event);
    const { key, kind } = event;
    if (kind === 'relay-started' && !began.has(key)) began.set(key, kept.number);
    if (kind === 'relay-ended') began.delete(key);
    if (!named(event)) continue;
    if (kind === 'route-given' && event.route === 'relay' && !open.has(event.id)) {
      const stretch = { key, from: began.get(key) ?? kept.number, to: Number.POSITIVE_INFINITY };
      open.set(event.id, stretch);
      all.push(stretch);
    }
    const stretch = open.get(event.id);
    if (kind === 'play-ended' && stretch !== undefined) stretch.to = kept.number;
  }
  return all;
}

const isRelayOf = ({ number }: KeptEvent, { kind, key }: Fields, stretches: readonly Stretch[]): boolean =>
  kind.startsWith('relay-') &&
  stretches.some((stretch) => stretch.key === key && number >= stretch.from && number <= stretch.to);

function isOfClaim(event: Fields, { key, member, name }: SoughtClaim): boolean {
  if (event.key !== key) return false;
  if (event.kind.startsWith('stream-')) return event.member === member;
  return (
    event.kind.startsWith('relay-') && (event.owner === name || event.to === name || event.from === name)
  );
}

/** One event, and who told of it. */
export interface ToldEvent {
  readonly member: MemberId;
  readonly name: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** What is to be asked for as well, now that these are known; null where that was all. */
export function nextSought(told: readonly ToldEvent[], sought: Sought): Sought | null {
  const ids = new Set(sought.ids);
  const claims = new Map(sought.claims.map((claim) => [`${claim.member} ${claim.key}`, claim]));
  const [idsBefore, claimsBefore] = [ids.size, claims.size];
  for (const { member, name, event } of told) {
    const { kind, key, id } = event;
    if (typeof kind !== 'string') continue;
    for (const one of idsOf({ ...event, kind }))
      if (ids.size < SOUGHT_IDS_MAX && TRACE_ID_FORM.test(one)) ids.add(one);
    const isPublish = kind === 'publish-started' && typeof id === 'string' && sought.ids.includes(id);
    if (isPublish && typeof key === 'string' && claims.size < SOUGHT_CLAIMS_MAX)
      claims.set(`${member} ${key}`, { key, member, name });
  }
  if (ids.size === idsBefore && claims.size === claimsBefore) return null;
  return { ids: [...ids], claims: [...claims.values()] };
}
