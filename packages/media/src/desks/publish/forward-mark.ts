import type { MemberId } from '@headwater/directory';

/** The same parameter by which members know each other's redirects and pulls (`play-mark.ts`). */
const PARAMETER = 'headwater';
const MARK = 'forward';
/** Whose place this publish takes. */
const REPLACES_PARAMETER = 'replaces';
/** What a member's id looks like: base58, and in tests names. */
const MEMBER_ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;

/** What a member says of a publish that it forwards. */
export interface ForwardMark {
  /** The origin that had it before, whose claim may stand yet: this publish takes its place. Null: none had. */
  readonly replaces: MemberId | null;
}

/** Null where the parameters of a publish (without `?`) say nothing of the kind. */
export function readForwardMark(query: string): ForwardMark | null {
  const parameters = new URLSearchParams(query);
  if (parameters.get(PARAMETER) !== MARK) return null;
  const replaces = parameters.get(REPLACES_PARAMETER);
  return { replaces: replaces !== null && MEMBER_ID_FORM.test(replaces) ? replaces : null };
}

/** The query of a publish that this member forwards. `proof`: parameters that prove that; empty where members prove nothing. */
export function forwardQuery(memberName: string, { replaces }: ForwardMark, proof: string): string {
  return [
    `${PARAMETER}=${MARK}`,
    `member=${encodeURIComponent(memberName)}`,
    ...(replaces === null ? [] : [`${REPLACES_PARAMETER}=${encodeURIComponent(replaces)}`]),
    ...(proof === '' ? [] : [proof]),
  ].join('&');
}
