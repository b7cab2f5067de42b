import {
  hostPort,
  type MediaInfo,
  type MemberId,
  type Owner,
  type PlayRequest,
  parseStreamKey,
  portAt,
  ROUTE_REASONS,
  type Route,
  type StreamKey,
} from '@headwater/directory';
import type { StreamView } from '@headwater/media';
import type { ApiSource } from './api-source.js';

/** One owner, in the order in which players are sent to them. */
export interface ApiOwner {
  readonly member: string;
  readonly name: string;
  readonly liveness: string;
  /** The member that this one would pull the stream through; absent: directly. */
  readonly through?: string;
  readonly draining: boolean;
  /** Its connections or its outbound limit are used up; it comes after those that have room. */
  readonly full: boolean;
  /** `silent`: no media at the moment; it comes after all that flow. */
  readonly state: 'flowing' | 'silent';
  /** ISO 8601, by the owner's own clock. */
  readonly since: string;
  readonly sinceMs: number;
  readonly media: MediaInfo;
}

/** One stream in `GET /api/v1/streams`. */
export interface ApiStream {
  readonly key: StreamKey;
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  readonly owners: readonly ApiOwner[];
  /** Players on this member. */
  readonly players: number;
}

/** The route that this member would give one kind of client. */
export interface ApiRoute {
  /** The last two where this member tells of ports for TLS. */
  readonly client: 'rtmp' | 'srs-edge' | 'http-flv' | 'ws-flv' | 'srs-edge-tls' | 'https-flv';
  readonly route: Route['kind'];
  readonly reason: Route['reason'];
  /** `reason` as a sentence. */
  readonly why: string;
  /** Name of the member redirected to or relayed from. */
  readonly target?: string;
  /** Name of the member that a relay would pull through; absent: directly. */
  readonly through?: string;
  /** `host:port` that a redirected client is told. */
  readonly address?: string;
}

/** Answer of `GET /api/v1/streams/{app}/{stream}`. */
export interface ApiStreamDetail extends ApiStream {
  readonly here: Pick<
    StreamView,
    'source' | 'relayFrom' | 'relayThrough' | 'passesOn' | 'publisher' | 'bytesIn'
  > & {
    /** The first `PLAYERS_SHOWN_MAX`; `players` above counts all. */
    readonly players: StreamView['players'];
    /** Name of the member `relayThrough`. */
    readonly relayThroughName?: string;
  };
  readonly routes: readonly ApiRoute[];
  /** Workers of this member that did not answer in time: what they have is missing. Absent: none. */
  readonly unanswered?: readonly number[];
}

/** Players that are listed one by one; to list thousands would hold everything else up. */
export const PLAYERS_SHOWN_MAX = 1000;

/** Everything about one stream, also about one that nobody publishes. */
export async function describeStream(
  source: ApiSource,
  key: StreamKey,
  reachedBy: string | undefined,
): Promise<ApiStreamDetail> {
  const [{ value: view, unanswered }, { value: players }] = await Promise.all([
    source.media.stream(key, PLAYERS_SHOWN_MAX),
    source.media.playerCounts([key]),
  ]);
  return {
    ...apiStream(source, key, players[0] ?? 0),
    here: {
      source: view?.source ?? 'none',
      ...(view?.relayFrom === undefined ? {} : { relayFrom: view.relayFrom }),
      ...relayThroughOf(source, view?.relayThrough),
      ...(view?.passesOn === undefined ? {} : { passesOn: view.passesOn }),
      ...(view?.publisher === undefined ? {} : { publisher: view.publisher }),
      bytesIn: view?.bytesIn ?? 0,
      players: view?.players ?? [],
    },
    routes: clientsOf(source).map(([client, protocol, followsRedirect, isSecure]) =>
      apiRoute(
        source,
        client,
        isSecure,
        source.route({
          key,
          protocol,
          followsRedirect,
          mark: 'none',
          ...(isSecure && { isSecure }),
          ...(reachedBy === undefined ? {} : { reachedBy }),
        }),
      ),
    ),
    ...(unanswered.length > 0 && { unanswered }),
  };
}

function relayThroughOf(source: ApiSource, member: MemberId | undefined) {
  if (member === undefined) return {};
  const name = source.members().find(({ id }) => id === member)?.profile?.name;
  return { relayThrough: member, ...(name === undefined ? {} : { relayThroughName: name }) };
}

/** Who plays, on what, whether it follows a redirect there, and whether it came by TLS. */
type Asking = readonly [ApiRoute['client'], PlayRequest['protocol'], boolean, boolean];

const CLIENTS: readonly Asking[] = [
  ['rtmp', 'rtmp', false, false],
  ['srs-edge', 'rtmp', true, false],
  ['http-flv', 'http-flv', true, false],
  ['ws-flv', 'ws-flv', false, false],
];
/** Those who follow redirects: for the others TLS makes no difference. */
const SECURE_RTMP: Asking = ['srs-edge-tls', 'rtmp', true, true];
const SECURE_HTTP: Asking = ['https-flv', 'http-flv', true, true];

function clientsOf({ directory }: ApiSource): readonly Asking[] {
  const { addresses } = directory.profile;
  return [
    ...CLIENTS,
    ...(addresses.some(({ rtmpsPort }) => rtmpsPort !== undefined) ? [SECURE_RTMP] : []),
    ...(addresses.some(({ httpsPort }) => httpsPort !== undefined) ? [SECURE_HTTP] : []),
  ];
}

/** `players`: those on this member. */
export function apiStream(source: ApiSource, key: StreamKey, players: number): ApiStream {
  const name = parseStreamKey(key);
  if (name === null) throw new Error(`no stream key: ${key}`);
  return {
    key,
    ...name,
    owners: source.directory.owners(key).map((owner) => apiOwner(source, owner)),
    players,
  };
}

function apiOwner({ directory }: ApiSource, owner: Owner): ApiOwner {
  return {
    member: owner.member,
    name: owner.profile.name,
    liveness: owner.liveness,
    ...throughOf(directory, owner),
    draining: owner.profile.draining,
    full: owner.profile.full === true,
    state: owner.claim.silent === true ? 'silent' : 'flowing',
    since: isoTime(owner.claim.sinceMs),
    sinceMs: owner.claim.sinceMs,
    media: owner.claim.media,
  };
}

/** By name, for people. */
function throughOf(directory: ApiSource['directory'], { through }: Owner): { readonly through?: string } {
  if (through === undefined || through === null) return {};
  return { through: directory.member(through)?.profile?.name ?? through };
}

/** A peer's clock may say anything; what is no date is shown as text. */
function isoTime(unixMs: number): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString();
}

function apiRoute(source: ApiSource, client: ApiRoute['client'], isSecure: boolean, route: Route): ApiRoute {
  const common = { client, route: route.kind, reason: route.reason, why: ROUTE_REASONS[route.reason] };
  if (route.kind === 'redirect') {
    const protocol = client === 'http-flv' || client === 'https-flv' ? 'http-flv' : 'rtmp';
    const port = portAt(route.address, protocol, isSecure) ?? 0;
    return { ...common, target: route.target.profile.name, address: hostPort(route.address.host, port) };
  }
  const from = route.kind === 'relay' ? route.owners[0] : undefined;
  return from === undefined
    ? common
    : { ...common, target: from.profile.name, ...throughOf(source.directory, from) };
}
