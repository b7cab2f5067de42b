import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNextVersion } from '@headwater/testing/next-version';
import { profileOf } from '@headwater/testing/profile-of';
import { MemberCore } from '../core/member-core.js';
import { loadIdentity } from '../identity.js';
import { meshKeys } from '../mesh-key.js';
import { RunningMember } from '../running-member.js';
import { createLibp2pTransport } from '../transport/libp2p-transport.js';
import { Names } from '../transport/names.js';
import type { Transport } from '../transport/transport.js';
import { Opener, Sealer } from '../wire/envelope.js';
import type { Line } from './meshes.js';

/** Signs what a member of a later release would say. */
class NextSealer extends Sealer {
  override seal(message: Uint8Array): Uint8Array {
    return super.seal(asNextVersion(message));
  }
}

/** A real member on loopback that speaks as a later release may; all that it reads, it reads as this one does. */
export interface NextMember {
  readonly mesh: RunningMember;
  readonly lines: readonly Line[];
  /** Bytes of its own making, beside what its core says. */
  readonly transport: Transport;
  readonly sealer: Sealer;
  stop(): Promise<void>;
}

export async function startNextMember(name: string, seeds: readonly string[]): Promise<NextMember> {
  const dataDir = await mkdtemp(join(tmpdir(), 'headwater-next-'));
  const lines: Line[] = [];
  const write =
    (level: Line['level']) =>
    (fields: object, msg: string): void => {
      lines.push({ level, msg, fields: fields as Record<string, unknown> });
    };
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const { id, generation, privateKey, publicKeyBytes, libp2pKey } = await loadIdentity(dataDir, 1, log);
  const mesh = new RunningMember(new NextSealer(privateKey, publicKeyBytes), new Opener(), log);
  const keys = meshKeys(undefined, '127.0.0.1');
  const node = { host: '127.0.0.1', port: 0, privateKey: libp2pKey, keys, names: new Names() };
  const transport = await createLibp2pTransport(id, node, mesh.transportEvents, log);
  const core = new MemberCore(
    {
      self: id,
      generation,
      profile: profileOf(name),
      addresses: [`127.0.0.1:${transport.port}`],
      seeds,
      heartbeatMs: 200,
      suspectAfterMs: 1_800,
      deadAfterMs: 900,
      batchMs: 3,
      random: Math.random,
    },
    performance.now(),
  );
  mesh.start(core, {
    self: id,
    port: transport.port,
    dial: (peer, addresses, startedAt) => transport.dial(peer, addresses, startedAt),
    visit: (seed) => transport.visit(seed),
    send: (peer, bytes) => transport.send(peer, asNextVersion(bytes)),
    broadcast: (bytes) => transport.broadcast(bytes),
    disconnect: (peer, reason, refuseMs) => transport.disconnect(peer, reason, refuseMs),
    close: () => transport.close(),
  });
  const stop = async (): Promise<void> => {
    await mesh.stop();
    await rm(dataDir, { recursive: true });
  };
  return { mesh, lines, transport, sealer: new Sealer(privateKey, publicKeyBytes), stop };
}
