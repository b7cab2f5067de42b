import { useCallback } from 'preact/hooks';
import type { ApiEvent } from '../api/types.js';
import { EventParts } from '../parts/event-list.js';
import { weightOf } from '../parts/event-words.js';
import { RowBox } from './row-box.js';
import { useRows } from './use-rows.js';

/** Many events, in a box of their own that scrolls. Of them, only those in view and some around them are in the document. */
export function EventRows({
  events,
  label,
}: {
  readonly events: readonly ApiEvent[];
  readonly label: string;
}) {
  const inBox = useRows({
    count: events.length,
    idOf: useCallback((index) => events[index]?.place ?? '', [events]),
  });
  return (
    <RowBox label="Box of events" rows={inBox}>
      <ol class="events" aria-label={label} reversed style={{ paddingBottom: `${inBox.restPx}px` }}>
        {inBox.items.map(({ index, gapPx }) => {
          const event = events[index];
          return event === undefined ? null : (
            <li
              key={event.place}
              ref={inBox.measure}
              data-index={index}
              data-weight={weightOf(event)}
              aria-setsize={events.length}
              aria-posinset={index + 1}
              style={{ marginTop: `${gapPx}px` }}
            >
              <EventParts event={event} />
            </li>
          );
        })}
      </ol>
    </RowBox>
  );
}
