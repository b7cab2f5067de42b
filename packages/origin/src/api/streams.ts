import {
  hostPort,
  type MediaInfo,
  type MemberId,
  type Owner,
  type PlayRequest,
  parseStreamKey,
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
  readonly draining: boolean;
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
  readonly client: 'rtmp' | 'srs-edge' | 'http-flv' | 'ws-flv';
  readonly route: Route['kind'];
  readonly reason: Route['reason'];
  /** `reason` as a sentence. */
  readonly why: string;
  /** Name of the member redirected to or relayed from. */
  readonly target?: string;
  /** `host:port` that a redirected client is told. */
  readonly address?: string;
}

/** Answer of `GET /api/v1/streams/{app}/{stream}`. */
export interface ApiStreamDetail extends ApiStream {
  readonly here: Pick<
    StreamView,
    'source' | 'relayFrom' | 'relayThrough' | 'passesOn' | 'publisher' | 'bytesIn'
  > & {
    readonly players: StreamView['players'];
    /** Name of the member `relayThrough`. */
    readonly relayThroughName?: string;
  };
  readonly routes: readonly ApiRoute[];
}

/** Every stream that somebody owns, or that somebody plays or waits for on this member. */
export function listStreams(source: ApiSource): ApiStream[] {
  const here = new Map(source.hereStreams().map((view) => [view.key, view]));
  const keys = new Set([...source.directory.streams(), ...here.keys()]);
  return [...keys].sort().map((key) => apiStream(source, key, here.get(key)));
}

/** Everything about one stream, also about one that nobody publishes. */
export function describeStream(
  source: ApiSource,
  key: StreamKey,
  reachedBy: string | undefined,
): ApiStreamDetail {
  const view = source.hereStream(key);
  return {
    ...apiStream(source, key, view),
    here: {
      source: view?.source ?? 'none',
      ...(view?.relayFrom === undefined ? {} : { relayFrom: view.relayFrom }),
      ...throughOf(source, view?.relayThrough),
      ...(view?.passesOn === undefined ? {} : { passesOn: view.passesOn }),
      ...(view?.publisher === undefined ? {} : { publisher: view.publisher }),
      bytesIn: view?.bytesIn ?? 0,
      players: view?.players ?? [],
    },
    routes: CLIENTS.map(([client, protocol, followsRedirect]) =>
      apiRoute(
        client,
        source.route({
          key,
          protocol,
          followsRedirect,
          mark: 'none',
          ...(reachedBy === undefined ? {} : { reachedBy }),
        }),
      ),
    ),
  };
}

function throughOf(source: ApiSource, member: MemberId | undefined) {
  if (member === undefined) return {};
  const name = source.members().find(({ id }) => id === member)?.profile?.name;
  return { relayThrough: member, ...(name === undefined ? {} : { relayThroughName: name }) };
}

/** Who plays, on what, and whether it follows a redirect there. */
const CLIENTS: readonly (readonly [ApiRoute['client'], PlayRequest['protocol'], boolean])[] = [
  ['rtmp', 'rtmp', false],
  ['srs-edge', 'rtmp', true],
  ['http-flv', 'http-flv', true],
  ['ws-flv', 'ws-flv', false],
];

function apiStream(source: ApiSource, key: StreamKey, view: StreamView | undefined): ApiStream {
  const name = parseStreamKey(key);
  if (name === null) throw new Error(`no stream key: ${key}`);
  return {
    key,
    ...name,
    owners: source.directory.owners(key).map(apiOwner),
    players: view?.players.length ?? 0,
  };
}

function apiOwner(owner: Owner): ApiOwner {
  return {
    member: owner.member,
    name: owner.profile.name,
    liveness: owner.liveness,
    draining: owner.profile.draining,
    state: owner.claim.silent === true ? 'silent' : 'flowing',
    since: isoTime(owner.claim.sinceMs),
    sinceMs: owner.claim.sinceMs,
    media: owner.claim.media,
  };
}

/** A peer's clock may say anything; what is no date is shown as text. */
function isoTime(unixMs: number): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString();
}

function apiRoute(client: ApiRoute['client'], route: Route): ApiRoute {
  const common = { client, route: route.kind, reason: route.reason, why: ROUTE_REASONS[route.reason] };
  if (route.kind === 'redirect') {
    const port = client === 'http-flv' ? route.address.httpPort : route.address.rtmpPort;
    return { ...common, target: route.owner.profile.name, address: hostPort(route.address.host, port) };
  }
  const from = route.kind === 'relay' ? route.owners[0] : undefined;
  return from === undefined ? common : { ...common, target: from.profile.name };
}
