import { PART_BYTES_MAX } from '../limits.js';

/** So many claims of such streams fit in one message, so that a short log is a long answer. */
export const LONG_PER_PART = 3;

export const longStream = (index: number): string =>
  `${index}-`.padEnd(Math.floor(PART_BYTES_MAX / LONG_PER_PART) - 1_000, 'long');
