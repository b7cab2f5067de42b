import { claimsStand, hostPort, type MemberProfile, NO_LOAD } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import type { WorkerView } from '../plane/media-plane.js';
import { pulledBy } from '../pulled-at.js';
import type { ApiMember } from './schemas/member.js';

/** Self first, then by name, so that the list reads the same at each look. */
export function listMembers(
  members: readonly MemberView[],
  workers: readonly WorkerView[] = [],
): ApiMember[] {
  return members
    .map((member) => apiMember(member, members, workers))
    .sort(
      (a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
    );
}

const nameOf = (id: string, all: readonly MemberView[]): string =>
  all.find((one) => one.id === id)?.profile?.name ?? id;

function apiMember(
  member: MemberView,
  all: readonly MemberView[],
  workers: readonly WorkerView[],
): ApiMember {
  const profile = member.profile;
  // What the dead and the left had is remembered, but is not theirs any more.
  const isThere = claimsStand(member.liveness);
  return {
    id: member.id,
    name: profile?.name ?? '(not heard yet)',
    self: member.isSelf,
    role: profile?.role ?? 'origin',
    liveness: member.liveness,
    generation: member.generation,
    version: member.version,
    streams: isThere ? member.streams : 0,
    ...(isThere ? member.load : NO_LOAD),
    connected: member.connected,
    draining: profile?.draining ?? false,
    full: profile?.full ?? false,
    ...(member.through.length === 0 ? {} : { through: member.through.map((id) => nameOf(id, all)) }),
    program: profile?.program ?? '',
    ...(profile?.zone === undefined ? {} : { zone: profile.zone }),
    ...(member.rttMs === undefined ? {} : { rttMs: member.rttMs }),
    meshAddresses: [...member.meshAddresses],
    addresses: [...(profile?.addresses ?? [])],
    relayAddresses: relayAddressesOf(profile),
    ...pulledAtOf(member, all),
    ...(member.isSelf && workers.length > 0 ? { workers: [...workers] } : {}),
  };
}

function relayAddressesOf(profile: MemberProfile | null): ApiMember['relayAddresses'] {
  const told = profile?.relayAddresses ?? (profile === null ? [] : [profile.relayAddress]);
  return told.map(({ network, host, rtmpPort, rtmpsPort }) => ({
    network,
    host,
    rtmpPort,
    ...(rtmpsPort === undefined ? {} : { rtmpsPort }),
  }));
}

function pulledAtOf(
  member: MemberView,
  all: readonly MemberView[],
): Pick<ApiMember, 'pulledAt' | 'pulledByTls'> {
  // Where it has a key for relays itself, `relay.tls` is on.
  const relayTls = all.some(({ isSelf, profile }) => isSelf && profile?.relayKeyHash !== undefined);
  const address = member.isSelf ? null : pulledBy(member, relayTls);
  if (address === null) return {};
  const { host, rtmpPort, tls } = address;
  return { pulledAt: hostPort(host, tls?.port ?? rtmpPort), ...(tls !== undefined && { pulledByTls: true }) };
}
