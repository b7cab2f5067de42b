import { type FocusPlace, focusNear, placeOf } from './focus-place.js';

/**
 * What has the focus may go: a row whose client left, a button of a member that died. The browser gives the focus to the
 * body then, and who works by the keyboard begins again at the top of the page. From now on it goes to the nearest place
 * instead. Not where somebody takes it away themselves, by a click beside everything.
 */
export function keepFocus(root: HTMLElement): void {
  let place: FocusPlace | null = null;
  addEventListener('focusin', ({ target }) => {
    place = target instanceof HTMLElement && root.contains(target) ? placeOf(target) : null;
  });
  addEventListener('focusout', ({ target, relatedTarget }) => {
    if (relatedTarget !== null) return;
    // Of what is being removed, some browsers tell it while it is still there.
    queueMicrotask(() => {
      if (target instanceof HTMLElement && target.isConnected && !target.matches(':disabled')) place = null;
    });
  });
  new MutationObserver(() => {
    if (place === null) return;
    if (document.activeElement === place.element) {
      // Rows above it come and go: its own has another place by now.
      if (place.row !== null) place = placeOf(place.element);
    } else if (document.activeElement === document.body) {
      const lost = place;
      place = null;
      focusNear(lost);
    }
  }).observe(root, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-index', 'disabled'],
  });
}
