/**
 * Media without its sockets, for whoever brings players of his own: the bench of slices. Everybody else uses
 * `createMedia`.
 */
export { PlayDesk } from './desks/play/play-desk.js';
export type { PlaySession } from './desks/play/play-session.js';
export { PlayerQueue } from './stream/player-queue.js';
export { StreamTable } from './stream/stream-table.js';
