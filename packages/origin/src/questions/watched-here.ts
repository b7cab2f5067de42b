import type { DirectoryView, StreamKey } from '@headwater/directory';
import type { MediaEvent, StreamView } from '@headwater/media';
import type { MemberView } from '@headwater/mesh';
import { EVENTS_KEPT_MAX, type EventLog } from '../events/event-log.js';
import type { RelayBook } from '../events/relay-book.js';
import type { MediaPlane } from '../plane/media-plane.js';
import { type AnswerTo, MEDIA_EVENT_KINDS } from './questions.js';

/** What a member tells of itself to who watches the whole mesh. */
export interface WatchedHere {
  readonly directory: Pick<DirectoryView, 'self' | 'owners'>;
  readonly events: EventLog;
  readonly relays: RelayBook;
  members(): readonly MemberView[];
}

/** Events that are looked at for one answer. */
const LOOKED_AT_MAX = 1000;

export function linksHere({ members, relays }: WatchedHere): AnswerTo<'links'> {
  const peers = members()
    .filter(({ isSelf }) => !isSelf)
    .map(({ id, liveness, connected, rttMs }) => ({
      member: id,
      liveness,
      connected,
      ...(rttMs === undefined ? {} : { rttMs }),
    }));
  return { peers, pulls: relays.pulls().map(({ keys, ...rest }) => ({ ...rest, keys: [...keys] })) };
}

/** How pictures come, where that is known. */
export function picturesOf(view: Pick<StreamView, 'frameRate' | 'keyframeMs'> | null) {
  return {
    ...(view?.frameRate === undefined ? {} : { frameRate: view.frameRate }),
    ...(view?.keyframeMs === undefined ? {} : { keyframeMs: view.keyframeMs }),
  };
}

export async function figuresHere(
  media: Pick<MediaPlane, 'ask'>,
  { directory, relays }: WatchedHere,
  keys: readonly StreamKey[],
): Promise<AnswerTo<'figures'>> {
  const counts = await media.ask.playerCounts(keys);
  const streams = await Promise.all(
    keys.map(async (key, index) => {
      const players = counts.value[index] ?? 0;
      const isOwner = directory.owners(key).some(({ member }) => member === directory.self);
      const lastSwitch = relays.lastSwitch(key);
      const isPulled = relays.ownerOf(key) !== undefined;
      if (players === 0 && !isOwner && !isPulled && lastSwitch === undefined) return null;
      const { value } = await media.ask.stream(key, 0);
      return {
        key,
        players,
        kbpsIn: value?.kbpsIn ?? 0,
        ...picturesOf(value),
        isPulled,
        ...(lastSwitch === undefined ? {} : { lastSwitch }),
      };
    }),
  );
  return { streams: streams.filter((one) => one !== null) };
}

const KINDS: ReadonlySet<string> = new Set(MEDIA_EVENT_KINDS);

export function happenedHere(
  { directory, events }: WatchedHere,
  since: Readonly<Record<string, string>>,
  max: number,
): AnswerTo<'happened'> {
  const place = Object.hasOwn(since, directory.self) ? since[directory.self] : undefined;
  const from =
    place === undefined ? Math.max(0, events.last - EVENTS_KEPT_MAX) : events.placeOf(place).number;
  const found: AnswerTo<'happened'>['events'] = [];
  for (const { atMs, event } of events.after(from, LOOKED_AT_MAX).events)
    if (KINDS.has(event.kind)) found.push({ atMs, event: event as MediaEvent });
  // Who comes late hears of the newest.
  return { events: found.slice(-max), last: events.idOf(events.last) };
}
