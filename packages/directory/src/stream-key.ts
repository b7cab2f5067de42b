/**
 * A stream's name in the whole mesh: `vhost/app/stream`. The app may hold slashes (`live/room`), the vhost and
 * the stream may not, so the key splits at its first and last slash without doubt.
 */
export type StreamKey = string;

export interface StreamName {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** The vhost of everybody who configures none, as SRS names it. */
export const DEFAULT_VHOST = '__defaultVhost__';

/** Longest allowed vhost, app or stream, in UTF-16 code units. */
export const NAME_LENGTH_MAX = 255;

// Control characters and blanks break logs and tables, `?` and `#` end a URL's path, `\` is a path on some hosts.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it rejects.
const FORBIDDEN = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff?#\\]/;

/** What most names are: one that matches has none of the problems. */
const PLAIN = new RegExp(`^[\\w-]{1,${NAME_LENGTH_MAX}}$`);

/** Why this part of a stream's name can't be used, as a sentence for its author; null where it can. */
export function nameProblem(what: 'vhost' | 'app' | 'stream', text: string): string | null {
  if (PLAIN.test(text)) return null;
  if (text.length === 0) return `the ${what} is empty`;
  if (text.length > NAME_LENGTH_MAX)
    return `the ${what} is ${text.length} characters long, at most ${NAME_LENGTH_MAX} are allowed`;
  if (FORBIDDEN.test(text)) return `the ${what} has a blank, a control character or one of ? # \\`;
  if (!text.isWellFormed()) return `the ${what} is not well-formed Unicode`;
  if (what !== 'app' && text.includes('/')) return `the ${what} has a slash`;
  for (const segment of text.split('/')) {
    if (segment === '' || segment === '.' || segment === '..')
      return `the ${what} has an empty or dotted part`;
  }
  return null;
}

/** Why this name can't be used; null where it can. */
export function streamNameProblem(name: StreamName): string | null {
  return (
    nameProblem('vhost', name.vhost) ?? nameProblem('app', name.app) ?? nameProblem('stream', name.stream)
  );
}

/** `vhost/app/stream`. The name must be valid by `streamNameProblem`. */
export function streamKey(name: StreamName): StreamKey {
  return `${name.vhost}/${name.app}/${name.stream}`;
}

/** The app of a key, which must be valid. */
export function appOf(key: StreamKey): string {
  return key.slice(key.indexOf('/') + 1, key.lastIndexOf('/'));
}

/** The parts of a key, or null where the text is no valid key. */
export function parseStreamKey(key: string): StreamName | null {
  const first = key.indexOf('/');
  const last = key.lastIndexOf('/');
  if (last === first) return null;
  const name = { vhost: key.slice(0, first), app: key.slice(first + 1, last), stream: key.slice(last + 1) };
  return streamNameProblem(name) === null ? name : null;
}

/** How people write the key: without the vhost where it is the default. */
export function displayStreamKey(key: StreamKey): string {
  return key.startsWith(`${DEFAULT_VHOST}/`) ? key.slice(DEFAULT_VHOST.length + 1) : key;
}
