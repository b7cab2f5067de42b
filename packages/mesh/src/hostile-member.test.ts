import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OFFENCES_MAX } from './core/limits.js';
import { type Identity, loadIdentity } from './identity.js';
import { meshKeys } from './mesh-key.js';
import { Meshes, type TestMember } from './testing/meshes.js';
import { Admission } from './transport/admission.js';
import { BROADCAST, DIRECT, frame } from './transport/frames.js';
import { TOPIC } from './transport/gossip.js';
import { KeyRing } from './transport/key-ring.js';
import { createNode, type Node } from './transport/libp2p-node.js';
import { PROTOCOL_NAME } from './transport/libp2p-transport.js';
import { encode } from './wire/codec.js';
import { Sealer } from './wire/envelope.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const position = { generation: 1, version: 0 };
const members: never[] = [];

/** A member that holds the mesh key and says what it likes. */
interface Hostile {
  readonly identity: Identity;
  readonly node: Node;
  readonly connection: Connection;
  readonly stream: Stream;
}

let meshes: Meshes;
let dir: string;
let node: Node | undefined;
beforeEach(async () => {
  meshes = new Meshes();
  dir = await mkdtemp(join(tmpdir(), 'headwater-hostile-'));
});
afterEach(async () => {
  await node?.stop();
  await meshes.close();
  await rm(dir, { recursive: true });
});

async function hostileTo({ mesh }: TestMember): Promise<Hostile> {
  const identity = await loadIdentity(dir, 1, quiet);
  const keys = meshKeys(undefined, '127.0.0.1');
  const options = { host: '127.0.0.1', port: 0, privateKey: identity.libp2pKey };
  const admission = new Admission(identity.id, quiet, () => performance.now());
  const made = await createNode(options, new KeyRing(keys, admission), admission);
  node = made;
  const connection = await made.dial(multiaddr(`/ip4/127.0.0.1/tcp/${mesh.port}`));
  const stream = await connection.newStream(PROTOCOL_NAME);
  const hello = { kind: 'hello', name: 'mallory', program: '', position, addresses: [], members } as const;
  stream.send(frame(DIRECT, encode(hello)));
  await awaitCondition('it is greeted', () => mesh.directory.member(identity.id)?.liveness === 'alive');
  return { identity, node: made, connection, stream };
}

const saying = ({ lines }: TestMember, msg: string): unknown[] =>
  lines.filter((line) => line.msg === msg).map(({ fields }) => fields);

describe('a member that holds the mesh key', () => {
  it('is cut off and refused when it goes on sending rubbish', async () => {
    const a = await meshes.start('a', []);
    const { identity, connection, stream, node } = await hostileTo(a);
    for (let count = 0; count <= OFFENCES_MAX; count += 1) stream.send(frame(DIRECT, Buffer.of(0xc1, count)));
    await awaitCondition('it is cut off', () => connection.status !== 'open');
    expect(saying(a, 'member cut off')).toMatchObject([{ member: identity.id }]);
    expect(saying(a, 'message dropped').length).toBeLessThan(7);
    const again = await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${a.mesh.port}`)).catch(() => null);
    await awaitCondition('it is refused', () => again === null || again.status !== 'open');
    expect(a.mesh.directory.member(identity.id)?.liveness).not.toBe('alive');
  });

  it('cannot put words in the mouth of another, directly or by gossip', async () => {
    const a = await meshes.start('a', []);
    const b = await meshes.start('b', [`127.0.0.1:${a.mesh.port}`]);
    await awaitCondition('they met', () => a.mesh.directory.member(b.mesh.id)?.liveness === 'alive');
    const { identity, stream, node } = await hostileTo(a);
    const generation = a.mesh.directory.member(b.mesh.id)?.position.generation ?? 0;
    const leave = encode({ kind: 'leave', generation });
    const bobsKey = (await loadIdentity(b.dataDir, Date.now(), quiet)).publicKeyBytes;
    const forged = new Sealer(identity.privateKey, bobsKey).seal(leave);
    node.services.pubsub.subscribe(TOPIC);
    for (let count = 0; count < 5; count += 1) {
      stream.send(frame(BROADCAST, forged));
      await node.services.pubsub.publish(TOPIC, Buffer.concat([forged, Buffer.of(count)]));
    }
    await awaitCondition('it is logged', () => saying(a, 'message dropped').length > 0);
    expect(saying(a, 'message dropped')[0]).toMatchObject({ member: identity.id });
    expect(a.mesh.directory.member(b.mesh.id)?.liveness).toBe('alive');
  });

  it('cannot keep a connection without speaking', async () => {
    const a = await meshes.start('a', []);
    const identity = await loadIdentity(dir, 1, quiet);
    const options = {
      host: '127.0.0.1',
      port: 0,
      privateKey: identity.libp2pKey,
    };
    const admission = new Admission(identity.id, quiet, () => performance.now());
    const keys = new KeyRing(meshKeys(undefined, '127.0.0.1'), admission);
    node = await createNode(options, keys, admission);
    const mute = await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${a.mesh.port}`));
    await awaitCondition('it is closed', () => mute.status !== 'open');
  });
});
