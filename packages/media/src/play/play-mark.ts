import type { PlayMark } from '@headwater/directory';

/** The query parameter by which members know each other's redirects and pulls. */
const PARAMETER = 'headwater';

/** The mark in a play's query (without `?`). */
export function readPlayMark(query: string): PlayMark {
  const mark = new URLSearchParams(query).get(PARAMETER);
  return mark === 'relay' || mark === 'redirected' ? mark : 'none';
}

/** The same query, carrying this mark and no other; everything else stays byte by byte. */
export function withPlayMark(query: string, mark: 'relay' | 'redirected'): string {
  const others = query.split('&').filter((part) => part !== '' && part.split('=', 1)[0] !== PARAMETER);
  return [...others, `${PARAMETER}=${mark}`].join('&');
}
