import type { LogLine, OriginProcess } from './origin-process.js';

/** Name of the owner that the member's relay last began to take media from. */
export const relaysFrom = (origin: OriginProcess): unknown => origin.logged('relay flows').at(-1)?.owner;

/**
 * How the member's relays went over from one owner to another, each way once. How often is not for a test to say: where
 * the machine is busy for half a second a source is silent, and the stream goes on from another one.
 */
export const waysOver = (origin: OriginProcess): readonly unknown[] => [
  ...new Set(origin.logged('relay switched owner').map(({ splice }) => splice)),
];

/** The pulls that the member has begun, but for the first `before`, and not since a source was silent. */
export const pullsUnforced = (origin: OriginProcess, before: number): readonly LogLine[] =>
  origin
    .logged('relay pulls')
    .slice(before)
    .filter(({ reason }) => reason !== 'stalled');
