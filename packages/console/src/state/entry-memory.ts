/** Entries of the browser's history of which something is kept in memory. */
const ENTRIES_MAX = 8;

const kept = new Map<string, unknown>();

/**
 * What belongs to the entry of the browser's history and is too large to be written there: who goes back finds it, who loads
 * the page anew does not. `name`: unlike others of the same view.
 */
export function keptInEntry<T>(name: string): { value: T | null } {
  const key = `${entryId()} ${name}`;
  return {
    get value() {
      return (kept.get(key) as T | undefined) ?? null;
    },
    set value(value) {
      kept.delete(key);
      if (value === null) return;
      kept.set(key, value);
      for (const oldest of kept.keys()) {
        if (kept.size <= ENTRIES_MAX) break;
        kept.delete(oldest);
      }
    },
  };
}

function entryId(): string {
  const state: { readonly entry?: unknown } = history.state ?? {};
  if (typeof state.entry === 'string') return state.entry;
  const entry = Math.random().toString(36).slice(2);
  history.replaceState({ ...state, entry }, '');
  return entry;
}
