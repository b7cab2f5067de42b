import { DEFAULT_VHOST, NAME_LENGTH_MAX, type StreamName, streamNameProblem } from '@headwater/directory';

/** What a client says of a stream, by whatever protocol. */
export interface NamedStream {
  /** `app/stream`, without slashes around it and without its query. The app may have slashes; percent-encoded. */
  readonly path: string;
  /** Values of `vhost` parameters, the one that counts most first. */
  readonly vhosts: readonly (string | null)[];
  /** The host by which the client reached us; null where it does not say. */
  readonly host: string | null;
}

/**
 * The stream that a client means: the one place where a path becomes a name, so that publishers and players of every
 * protocol mean the same. The path splits at its last slash, wherever a client splits it into app and key. Each part is
 * percent-decoded. SRS's `app...vhost...v` names a vhost. Nothing else is changed: names are compared letter by letter,
 * case and trailing dots count, and what has an empty part, an encoded slash or a lone `%` is a problem, told as a
 * sentence, rather than another name.
 */
export function readStreamName(
  { path, vhosts, host }: NamedStream,
  configured: readonly string[],
): StreamName | { readonly problem: string } {
  const common = configured.length === 0 && vhosts.every(isNull) ? COMMON_PATH.exec(path) : null;
  if (common !== null) return { vhost: DEFAULT_VHOST, app: common[1] ?? '', stream: common[2] ?? '' };
  const plain = path.includes('%') ? decodePath(path) : path;
  if (plain === null) return { problem: ENCODING_PROBLEM };
  const cut = plain.lastIndexOf('/');
  const [stream, streamVhost] = splitVhost(plain.slice(cut + 1));
  const [app, appVhost] = splitVhost(plain.slice(0, Math.max(0, cut)));
  const named = [...vhosts, streamVhost, appVhost];
  // By some clients the rest of the path: `rtmp://h/live?vhost=v/room/s`.
  if (named.some((vhost) => vhost?.includes('/'))) return { problem: 'the vhost has a slash' };
  const name = { vhost: vhostOf([...named, host], configured), app, stream };
  const problem = streamNameProblem(name);
  return problem === null ? name : { problem };
}

/** A name as part of a path that is decoded again by `readStreamName`. Only what decoding would change is encoded. */
export function encodeName(name: string): string {
  return name.replaceAll('%', '%25');
}

/** A host as it is compared and looked up: in small letters, without the dot that ends a full name. */
export function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

/** `live...vhost...v` into the name and the vhost; null where it names none. */
export function splitVhost(text: string): [name: string, vhost: string | null] {
  const found = text.includes(SRS_VHOST_MARK) ? SRS_VHOST.exec(text) : null;
  return found === null ? [text, null] : [text.slice(0, found.index), found[1] ?? null];
}

/** What a client tells of itself, made fit for logs and tables. */
export function cleanAgent(agent: unknown): string {
  if (typeof agent !== 'string') return '';
  return agent.slice(0, AGENT_LENGTH_MAX).replace(CONTROL_CHARACTERS, '').toWellFormed();
}

/**
 * The first candidate that is a configured vhost, as it is configured; whatever else a client names means the default one.
 * Vhosts are host names: compared as such.
 */
export function vhostOf(candidates: readonly (string | null)[], configured: readonly string[]): string {
  if (configured.length === 0) return DEFAULT_VHOST;
  const plain = new Map(configured.map((vhost) => [plainHost(vhost), vhost]));
  for (const candidate of candidates) {
    const vhost = candidate === null ? undefined : plain.get(plainHost(candidate));
    if (vhost !== undefined) return vhost;
  }
  return DEFAULT_VHOST;
}

/** Each part by itself. Null where the encoding of one is wrong, or hides a slash. */
function decodePath(path: string): string | null {
  try {
    const parts = path.split('/').map(decodeURIComponent);
    return parts.some((part) => part.includes('/')) ? null : parts.join('/');
  } catch {
    return null;
  }
}

const ENCODING_PROBLEM =
  'the path has a % that is no valid encoding, or an encoded slash; a % of the name itself is written %25';
/** What most paths are: nothing of what is looked for is in them. */
const COMMON_PATH = new RegExp(`^([\\w-]{1,${NAME_LENGTH_MAX}})/([\\w-]{1,${NAME_LENGTH_MAX}})$`);
const isNull = (value: unknown): boolean => value === null;
const SRS_VHOST_MARK = '...vhost...';
const SRS_VHOST = /\.\.\.vhost\.\.\.([^/]+)$/;
const AGENT_LENGTH_MAX = 128;
const CONTROL_CHARACTERS = /\p{Cc}/gu;
