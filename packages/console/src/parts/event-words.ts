import { shortKey } from '../api/stream-key.js';
import type { ApiEvent } from '../api/types.js';
import { bytes, roundTrip } from './format.js';

/** Groups that events are filtered by. */
export const EVENT_GROUPS = ['member', 'stream', 'publish', 'play', 'relay'] as const;
export type EventGroup = (typeof EVENT_GROUPS)[number];

export function groupOf({ kind }: Pick<ApiEvent, 'kind'>): EventGroup | 'other' {
  if (kind === 'route-given') return 'play';
  return EVENT_GROUPS.find((group) => kind.startsWith(`${group}-`)) ?? 'other';
}

/** How much an event matters to who watches. */
export function weightOf(event: ApiEvent): 'bad' | 'warn' | 'good' | 'plain' {
  switch (event.kind) {
    case 'member-dead':
    case 'publish-refused':
    case 'play-refused':
      return 'bad';
    case 'member-suspected':
    case 'member-unreachable':
    case 'member-left':
    case 'member-draining':
    case 'stream-silent':
      return 'warn';
    case 'relay-switched':
      return event.from === null ? 'plain' : 'warn';
    case 'member-joined':
    case 'member-alive':
    case 'stream-flowing':
    case 'member-drain-cancelled':
      return 'good';
    default:
      return 'plain';
  }
}

/** An event as a sentence, without its stream where that is known anyway. Of what has not the fields of its kind, the kind. */
export function wordsOf(event: ApiEvent, isKeyKnown = false): string {
  try {
    return sentenceOf(event, isKeyKnown);
  } catch {
    return event.kind;
  }
}

function sentenceOf(event: ApiEvent, isKeyKnown: boolean): string {
  const key = 'key' in event ? shortKey(event.key) : '';
  const it = isKeyKnown ? 'it' : key;
  const ofIt = isKeyKnown ? '' : ` of ${key}`;
  switch (event.kind) {
    case 'member-joined':
      return `${event.name} is in the mesh`;
    case 'member-suspected':
      return `${event.name} is suspected: it has not been heard`;
    case 'member-unreachable':
      return `${event.name} is unreachable from here; others hear it`;
    case 'member-alive':
      return `${event.name} is heard again`;
    case 'member-dead':
      return `${event.name} is dead`;
    case 'member-left':
      return `${event.name} left`;
    case 'member-draining':
      return `${event.name} drains`;
    case 'member-drain-cancelled':
      return `${event.name} stays: its drain was cancelled`;
    case 'stream-claimed':
      return `${event.name} owns ${it}`;
    case 'stream-silent':
      return `${event.name} has no media${ofIt} at the moment`;
    case 'stream-flowing':
      return `media${ofIt} flows to ${event.name}`;
    case 'stream-released':
      return `${event.name} no longer owns ${it}${event.reason === 'member-gone' ? ': the member is gone' : ''}`;
    case 'publish-started':
      return `publisher ${event.client}${ofIt} accepted (${event.protocol})`;
    case 'publish-forwarded':
      return event.from === undefined
        ? `publisher ${event.client}${ofIt} forwarded to ${event.origin}`
        : `publisher ${event.client}${ofIt} moved from ${event.from} to ${event.origin}: ${event.reason}`;
    case 'publish-refused':
      return `publisher ${event.client}${ofIt} refused: ${event.reason}`;
    case 'publish-ended':
      return `publisher ${event.client}${ofIt} is gone: ${event.reason}`;
    case 'route-given':
      return `player ${event.client}${ofIt}: ${event.route}${event.target === undefined ? '' : ` ${event.target}`} (${event.reason})`;
    case 'play-refused':
      return `player ${event.client}${ofIt} refused: ${event.reason}`;
    case 'play-ended':
      return `player ${event.client}${ofIt} is gone after ${bytes(event.bytesOut)}`;
    case 'relay-started':
      return `relay${ofIt} from ${event.owner} opened (${event.reason})`;
    case 'relay-switched':
      return event.from === null
        ? `relay${ofIt} flows from ${event.to}`
        : `players${ofIt} switched from ${event.from} to ${event.to}, ${event.isExact ? 'exactly' : 'at a keyframe'}, after ${roundTrip(event.gapMs)}`;
    case 'relay-ended':
      return `relay${ofIt} from ${event.owner} ended: ${event.reason}`;
    case 'log-level-changed':
      return `log level is ${event.level}`;
    case 'configuration-reloaded':
      return 'configuration was read anew';
    default:
      // Of a later release.
      return (event as { kind: string }).kind;
  }
}
