import {
  claimsStand,
  forwardTarget,
  type MemberId,
  plainAddress,
  publishElsewhere,
  type RouteView,
  relayWay,
  route,
  sameHost,
} from '@headwater/directory';
import type { MediaHost } from '@headwater/media';
import type { MemberView, Mesh } from '@headwater/mesh';
import { pulledBy } from './pulled-at.js';

/** Members through which an owner is pulled that cannot be reached: each costs a connection before the next is tried. */
const DETOURS_MAX = 3;

/** What is asked of the mesh, by media in this process or in a worker, which has copies of it. */
interface HostSource {
  /** Other members and this one. */
  members(): readonly HostMember[];
  member(id: MemberId): HostMember | undefined;
}

/** What is used of a member. */
export type HostMember = Pick<
  MemberView,
  'id' | 'isSelf' | 'liveness' | 'connected' | 'profile' | 'rttMs' | 'dialledAt' | 'remoteIp'
>;

/** The one place where media and mesh meet. `relay.tree` is looked at for each relay: a reload may change it. */
export function mediaHost(mesh: Mesh, relay: { readonly tls: boolean; readonly tree: boolean }): MediaHost {
  const heads = relayHeads(() => mesh.directory);
  return {
    ...memberPlaces(mesh, relay.tls),
    get relayHead() {
      return relay.tree ? heads : undefined;
    },
    member: mesh.id,
    route: (request) => route(mesh.directory, request),
    publishElsewhere: (move) => publishElsewhere(mesh.directory, move),
    forwardTarget: (forward) => forwardTarget(mesh.directory, forward),
    owners: (key) => mesh.directory.owners(key),
    onOwnersChanged: (listener, interest) => mesh.onOwnersChanged(listener, interest),
    claim: (claim) => mesh.claim(claim),
    release: (key) => mesh.release(key),
    isDisputed: () => mesh.status().disputed,
    workerOf: () => null,
  };
}

/** Through whom relays are pulled with `relay.tree`. `view`: what is known at the moment. */
export function relayHeads(view: () => RouteView): NonNullable<MediaHost['relayHead']> {
  return (owner, avoided) => {
    const way = relayWay(view(), owner, avoided);
    return way.kind === 'through' ? way.head.member : null;
  };
}

/** Where members are, and how they are reached. */
export function memberPlaces(
  source: HostSource,
  relayTls: boolean,
): Pick<MediaHost, 'relayAddress' | 'detours' | 'isMemberAddress'> {
  return {
    relayAddress: (id) => {
      const member = source.member(id);
      return member === undefined ? null : pulledBy(member, relayTls);
    },
    detours: (owner) => detoursTo(owner, source.members()),
    isMemberAddress: (ip) => source.members().some((member) => !member.isSelf && isAt(member, ip)),
  };
}

/** Those that have room come first, and the near ones of them. */
function detoursTo(owner: MemberId, members: readonly HostMember[]): readonly MemberId[] {
  return members
    .filter(
      ({ id, isSelf, liveness, connected, profile }) =>
        id !== owner && !isSelf && liveness === 'alive' && connected && profile?.draining === false,
    )
    .sort(
      (a, b) =>
        isFull(a) - isFull(b) ||
        (a.rttMs ?? Number.POSITIVE_INFINITY) - (b.rttMs ?? Number.POSITIVE_INFINITY),
    )
    .slice(0, DETOURS_MAX)
    .map(({ id }) => id);
}

const isFull = ({ profile }: HostMember): number => Number(profile?.full === true);

/** It is connected from there, or says that it is there. Names are not looked up. */
function isAt({ liveness, remoteIp, profile }: HostMember, ip: string): boolean {
  if (profile === null || !claimsStand(liveness)) return false;
  const told = [profile.relayAddress, ...(profile.relayAddresses ?? []), ...profile.addresses];
  const hosts = [...(remoteIp === undefined ? [] : [remoteIp]), ...told.map(({ host }) => host)];
  return hosts.some((host) => sameHost(plainAddress(host), ip));
}
