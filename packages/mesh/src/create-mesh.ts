import type { MemberProfile } from '@headwater/directory';
import { advertisedAddresses, formatAll, listenHost } from './advertised.js';
import { checkSeeds } from './check-seeds.js';
import { MemberCore } from './core/member-core.js';
import { keepGeneration, loadIdentity } from './identity.js';
import { KnownMembers } from './known-members.js';
import type { Mesh, MeshLog, MeshOptions } from './mesh.js';
import { meshKeys } from './mesh-key.js';
import { RunningMember } from './running-member.js';
import { createLibp2pTransport } from './transport/libp2p-transport.js';
import { Names } from './transport/names.js';
import { Opener, Sealer } from './wire/envelope.js';

export interface MeshComponents {
  readonly log: MeshLog;
  /**
   * Makes what this member says of itself; `hosts`: the names and IPs under which the others reach this machine, the best
   * first; at least one.
   */
  readonly profile: (hosts: readonly string[]) => MemberProfile;
}

/**
 * Starts a member of the mesh: reads or makes its identity, listens, and goes looking for the others, which never ends.
 * Resolves once it listens; `status()` tells whether it has found the others.
 *
 * @throws MeshError where it cannot start.
 */
export async function createMesh(options: MeshOptions, { log, profile }: MeshComponents): Promise<Mesh> {
  checkSeeds(options.seeds);
  const keys = meshKeys(options.key, options.host);
  const identity = await loadIdentity(options.dataDir, Date.now(), log);
  const known = await KnownMembers.load(options.dataDir, log);
  const member = new RunningMember(
    new Sealer(identity.privateKey, identity.publicKeyBytes),
    new Opener(),
    log,
    (generation) => keepGeneration(options.dataDir, generation),
    options.host,
  );
  const names = new Names();
  const host = listenHost(options.host);
  const transport = await createLibp2pTransport(
    identity.id,
    { host, port: options.port, privateKey: identity.libp2pKey, keys, names },
    member.transportEvents,
    log,
  );
  const listening = { host, port: transport.port };
  const addresses = advertisedAddresses(listening, options.advertise);
  const core = new MemberCore(
    {
      ...options,
      self: identity.id,
      generation: identity.generation,
      profile: profile(addresses.map(({ host }) => host)),
      addresses: formatAll(addresses),
      random: Math.random,
    },
    performance.now(),
  );
  log.info(
    { member: identity.id, generation: identity.generation, listening, addresses: formatAll(addresses) },
    'mesh listening',
  );
  member.start(core, transport, transport.queries);
  known.follow(
    member,
    (address) => transport.visit(address),
    (name) => names.lastGood(name),
  );
  member.atStop(() => known.close());
  return member;
}
