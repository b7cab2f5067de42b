import { useLayoutEffect, useRef } from 'preact/hooks';
import { type FocusPlace, focusNear, placeOf } from './focus-place.js';

/** A dialog that is modal as long as it is in the page. Who leaves it goes on where they were, or near that. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const { activeElement } = document;
    const before: FocusPlace | null =
      activeElement instanceof HTMLElement && activeElement !== document.body ? placeOf(activeElement) : null;
    const shown = dialog.current;
    if (shown?.open === false) shown.showModal();
    return () => {
      shown?.close();
      const isElsewhere =
        document.activeElement !== document.body && shown?.contains(document.activeElement) === false;
      if (before !== null && !isElsewhere) focusNear(before);
    };
  }, []);
  return dialog;
}
