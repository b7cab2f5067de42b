import type { PlayMark } from '@headwater/directory';

/** The query parameter by which members know each other's redirects and pulls. */
const PARAMETER = 'headwater';

/** The mark in a play's query (without `?`). */
export function readPlayMark(query: string): PlayMark {
  // Most plays have no query, and an empty one costs as much to parse as all the rest of a play's name.
  if (query === '') return 'none';
  const mark = new URLSearchParams(query).get(PARAMETER);
  return mark === 'relay' || mark === 'redirected' ? mark : 'none';
}

/** The same query, carrying this mark and no other; everything else stays byte by byte. */
export function withPlayMark(query: string, mark: 'relay' | 'redirected'): string {
  const others = query.split('&').filter((part) => part !== '' && part.split('=', 1)[0] !== PARAMETER);
  return [...others, `${PARAMETER}=${mark}`].join('&');
}

/** How much of the stream's past a relay's pull asks for. */
const REPLAY_PARAMETER = 'replay';
/** Most that can be asked for, ms; the owner's own limit counts beside. */
const REPLAY_MS_MAX = 60_000;

/** Milliseconds of the past that a pull's query asks for; 0 where it asks for none. */
export function readReplayMs(query: string): number {
  const text = new URLSearchParams(query).get(REPLAY_PARAMETER) ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), REPLAY_MS_MAX) : 0;
}

/** The same query, asking for so much of the past; 0 asks for nothing. */
export function withReplayMs(query: string, replayMs: number): string {
  return replayMs > 0 ? `${query}&${REPLAY_PARAMETER}=${Math.round(replayMs)}` : query;
}
