import { shortKey } from '../api/stream-key.js';
import type { ApiEvent } from '../api/types.js';
import { linkToStream } from '../state/read-place.js';
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
        <li key={event.place} data-weight={weightOf(event)}>
          <EventParts event={event} isKeyKnown={isKeyKnown} />
        </li>
      ))}
    </ol>
  );
}

/** The parts of an event's line. */
export const EventParts = ({
  event,
  isKeyKnown = false,
}: {
  readonly event: ApiEvent;
  readonly isKeyKnown?: boolean;
}) => (
  <>
    <time dateTime={event.at}>{clock(event.atMs)}</time>
    <span class="group">{groupOf(event)}</span>
    <span class="words">
      <Words event={event} isKeyKnown={isKeyKnown} />
    </span>
    <span class="seen-by">{event.seenBy ?? ''}</span>
  </>
);

/** The sentence, in which the stream's name leads to its page. */
function Words({ event, isKeyKnown }: { readonly event: ApiEvent; readonly isKeyKnown: boolean }) {
  const words = wordsOf(event, isKeyKnown);
  const name = isKeyKnown || !('key' in event) ? '' : shortKey(event.key);
  const at = name === '' ? -1 : words.lastIndexOf(name);
  if (at < 0 || !('key' in event)) return <>{words}</>;
  return (
    <>
      {words.slice(0, at)}
      <a href={linkToStream(event.key)}>{name}</a>
      {words.slice(at + name.length)}
    </>
  );
}
