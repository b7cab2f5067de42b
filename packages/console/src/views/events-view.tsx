import { useSignal } from '@preact/signals';
import type { ApiEvent } from '../api/types.js';
import { EventRows } from '../list/event-rows.js';
import { EVENT_GROUPS, type EventGroup, groupOf, wordsOf } from '../parts/event-words.js';
import { count } from '../parts/format.js';
import { Notice } from '../parts/notice.js';
import { WordsFilter } from '../parts/words-filter.js';
import { events } from '../state/live.js';
import { useKept } from '../state/use-kept.js';

/** What happened lately on all members, newest first. */
export function EventsView() {
  const groups = useKept<ReadonlySet<EventGroup>>('groups', new Set(EVENT_GROUPS));
  const words = useKept('words', '');
  const held = useSignal<readonly ApiEvent[] | null>(null);
  const sought = words.value.toLowerCase();
  const found = (held.value ?? events.value).filter((event) => {
    const group = groupOf(event);
    if (group !== 'other' && !groups.value.has(group)) return false;
    return sought === '' || `${wordsOf(event)} ${event.seenBy ?? ''}`.toLowerCase().includes(sought);
  });
  const shown = found.toReversed();
  return (
    <section class="panel list" aria-labelledby="events-title">
      <div class="row filters">
        <h2 id="events-title" class="grow">
          Events <span class="quiet">{count(found.length)}</span>
        </h2>
        <fieldset class="row">
          <legend class="hidden">Kinds</legend>
          {EVENT_GROUPS.map((group) => (
            <label key={group} class="check">
              <input
                type="checkbox"
                checked={groups.value.has(group)}
                onChange={() => {
                  const next = new Set(groups.value);
                  if (!next.delete(group)) next.add(group);
                  groups.value = next;
                }}
              />
              {group}
            </label>
          ))}
        </fieldset>
        <WordsFilter words={words} />
        <button
          type="button"
          aria-pressed={held.value !== null}
          onClick={() => (held.value = held.value === null ? events.value : null)}
        >
          {held.value === null ? 'Hold' : 'Go on'}
        </button>
      </div>
      {shown.length === 0 ? (
        <Notice kind="empty">Nothing like that happened lately.</Notice>
      ) : (
        <EventRows events={shown} label="Events, newest first" />
      )}
    </section>
  );
}
