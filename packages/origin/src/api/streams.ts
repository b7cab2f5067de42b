import {
  hostPort,
  type MemberId,
  type Owner,
  type PlayRequest,
  parseStreamKey,
  portAt,
  ROUTE_REASONS,
  type Route,
  type StreamKey,
} from '@headwater/directory';
import { picturesOf } from '../questions/watched-here.js';
import type { ApiSource } from './api-source.js';
import type { ApiOwner, ApiRoute, ApiStream, ApiStreamDetail } from './schemas/stream.js';

/** Players that are listed one by one; to list thousands would hold everything else up. */
export const PLAYERS_SHOWN_MAX = 1000;

/** Everything about one stream, also about one that nobody publishes. */
export async function describeStream(
  source: ApiSource,
  key: StreamKey,
  reachedBy: string | undefined,
): Promise<ApiStreamDetail> {
  const [{ value: view, unanswered }, { value: players }, { answers, missing }] = await Promise.all([
    source.media.ask.stream(key, PLAYERS_SHOWN_MAX),
    source.media.ask.playerCounts([key]),
    source.mesh.askAll('stream', { key }),
  ]);
  const names = namesOf(source);
  const there = answers.filter(({ answer }) => answer.source !== 'none' || answer.players > 0);
  return {
    ...apiStream(source, key, players[0] ?? 0),
    here: {
      source: view?.source ?? 'none',
      ...(view?.relayFrom === undefined ? {} : { relayFrom: view.relayFrom }),
      ...relayThroughOf(source, view?.relayThrough),
      ...(view?.passesOn === undefined ? {} : { passesOn: [...view.passesOn] }),
      ...(view?.publisher === undefined ? {} : { publisher: view.publisher }),
      bytesIn: view?.bytesIn ?? 0,
      kbpsIn: view?.kbpsIn ?? 0,
      ...picturesOf(view),
      players: [...(view?.players ?? [])],
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
    members: there.map(({ member, answer }) => ({ member, name: names(member), ...answer })),
    playersInMesh: answers.reduce((sum, { answer }) => sum + answer.players, 0),
    missing: missing.map(({ member, reason }) => ({ member, name: names(member), reason })),
    ...(unanswered.length > 0 && { unanswered: [...unanswered] }),
  };
}

/** Names of members by their ids; the id itself where it is not known. */
export function namesOf({ directory }: Pick<ApiSource, 'directory'>): (member: MemberId) => string {
  return (member) => directory.member(member)?.profile?.name ?? member;
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
