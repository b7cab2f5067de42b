import type { ApiEvent } from '../api/types.js';
import { linkToStream } from '../state/place.js';
import { groupOf, weightOf, wordsOf } from './event-words.js';
import { clock } from './format.js';

/** Events, newest first. */
export function EventList({
  events,
  isKeyKnown = false,
  label,
}: {
  readonly events: readonly ApiEvent[];
  readonly isKeyKnown?: boolean;
  readonly label: string;
}) {
  return (
    <ol class="events" aria-label={label} reversed>
      {events.map((event) => (
        <li key={event.id} data-weight={weightOf(event)}>
          <time dateTime={event.at}>{clock(event.atMs)}</time>
          <span class="group">{groupOf(event)}</span>
          <span class="words">
            {wordsOf(event, isKeyKnown)}
            {!isKeyKnown && 'key' in event && (
              <>
                {' '}
                <a href={linkToStream(event.key)} aria-label={`Open ${event.key}`}>
                  open
                </a>
              </>
            )}
          </span>
          <span class="seen-by">{event.seenBy ?? ''}</span>
        </li>
      ))}
    </ol>
  );
}
