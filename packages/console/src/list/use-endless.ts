import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { read } from '../api/request.js';
import type { ApiEvent } from '../api/types.js';
import { keptInEntry } from '../state/entry-memory.js';
import { news, pulses } from '../state/live.js';
import { token } from '../state/session.js';
import { useKept } from '../state/use-kept.js';
import { EndlessList, type EndlessSource, type ShownList } from './endless-list.js';

/**
 * The list that the API has under this path, as far as somebody scrolled in it. Read again where an event says that it
 * changed, and after so many pulses for what changes without. Not while nobody looks. Who goes back finds it as it was.
 */
export function useEndless<A, R>(
  path: string,
  query: string,
  source: Pick<EndlessSource<A, R>, 'rowsOf' | 'idOf'>,
  { isChangedBy, everyPulses }: { isChangedBy: (event: ApiEvent) => boolean; everyPulses: number },
): EndlessList<A, R> {
  const memory = useRef(keptInEntry<ShownList<A, R>>(path)).current;
  const rows = useKept(`${path} rows`, 0);
  const held = useRef<EndlessList<A, R> | null>(null);
  held.current ??= new EndlessList<A, R>(
    {
      ...source,
      read: (asked, cursor, limit) => {
        const words = new URLSearchParams(asked);
        words.set('limit', String(limit));
        if (cursor !== '') words.set('cursor', cursor);
        return read<A>(`${path}?${words}`);
      },
    },
    memory.value,
    rows.value,
  );
  const list = held.current;
  useEffect(() => list.ask(query), [list, query, token.value]);
  useEffect(() => () => list.stop(), [list]);
  useSignalEffect(() => {
    memory.value = list.shown.value;
    rows.value = list.shown.value?.rows.length ?? rows.peek();
  });
  useSignalEffect(() => {
    if (news.value.some(isChangedBy)) list.refresh();
  });
  useSignalEffect(() => {
    if (pulses.value % everyPulses === 0 && document.visibilityState === 'visible') list.refresh();
  });
  return list;
}
