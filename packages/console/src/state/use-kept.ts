import { type Signal, useSignal, useSignalEffect } from '@preact/signals';

/**
 * A signal whose value belongs to the entry of the browser's history, so who goes back, or loads the page anew, finds filters and
 * the page of a list as they were left. `name`: unlike others of the same view. The value is one that can be cloned.
 */
export function useKept<T>(name: string, initial: T): Signal<T> {
  const kept = useSignal<T>(stateOfEntry()[name] === undefined ? initial : (stateOfEntry()[name] as T));
  useSignalEffect(() => {
    try {
      history.replaceState({ ...stateOfEntry(), [name]: kept.value }, '');
    } catch {
      // Browsers refuse what comes too often: then it is kept with the next change.
    }
  });
  return kept;
}

const stateOfEntry = (): Readonly<Record<string, unknown>> =>
  typeof history.state === 'object' && history.state !== null ? history.state : {};
