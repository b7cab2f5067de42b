import type { MediaEvent, MediaEventListener } from '@headwater/media';

/** Most events are told while no more than so much waits on the pipe, bytes. */
const BACKLOG_BYTES_MAX = 1024 * 1024;

/**
 * Of these main keeps what has not ended (`Unfinished`, `RelayBook`): one that is lost would be kept for good. They come as
 * publishers and owners come and go, not as players do, and a worker ends whose main reads nothing (`MainWatch`).
 */
const NEVER_LOST: ReadonlySet<MediaEvent['kind']> = new Set<MediaEvent['kind']>([
  'publish-started',
  'publish-ended',
  'relay-started',
  'relay-switched',
  'relay-ended',
]);

/** Tells main of a worker's events. Where main is too slow to take them, those are left out on which nothing depends. */
export const tellEvents =
  (post: MediaEventListener, backlogBytes: () => number): MediaEventListener =>
  (event) => {
    if (NEVER_LOST.has(event.kind) || backlogBytes() < BACKLOG_BYTES_MAX) post(event);
  };
