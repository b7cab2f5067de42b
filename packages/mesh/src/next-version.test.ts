import { awaitCondition } from '@headwater/testing/await-condition';
import { claimOf } from '@headwater/testing/claim-of';
import { nextBroadcastMessages, nextDirectMessages, nextEnvelope } from '@headwater/testing/next-version';
import { profileOf } from '@headwater/testing/profile-of';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Mesh } from './mesh.js';
import { type Line, Meshes } from './testing/meshes.js';
import { type NextMember, startNextMember } from './testing/next-member.js';

/** Offences that are enough for a cut-off several times over. */
const ROUNDS = 60;

let meshes: Meshes;
let next: NextMember | undefined;
beforeEach(() => {
  meshes = new Meshes();
});
afterEach(async () => {
  await next?.stop();
  await meshes.close();
});

const holds = (mesh: Mesh, stream: string, owner: string): boolean =>
  mesh.directory.owners(claimOf(stream).key).some(({ member }) => member === owner);

/** What one member holds against another. A busy machine may make them suspect each other; that is not meant here. */
const COMPLAINTS = new Set([
  'message dropped',
  'member cut off',
  'member refused',
  'member over a limit',
  'no common protocol version',
  'play.order differs between members',
]);

const complaints = (lines: readonly Line[]): unknown[] => lines.filter(({ msg }) => COMPLAINTS.has(msg));

it('a member of a later release and two of this one live together over the real network', async () => {
  const a = await meshes.start('a', [], { heartbeatMs: 200 });
  const b = await meshes.start('b', [`127.0.0.1:${a.mesh.port}`], { heartbeatMs: 200 });
  const late = await startNextMember('late', [`127.0.0.1:${a.mesh.port}`]);
  next = late;
  const all: readonly Mesh[] = [a.mesh, b.mesh, late.mesh];
  await awaitCondition('all to meet', () =>
    all.every((mesh) => mesh.members().filter(({ liveness }) => liveness === 'alive').length === 3),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const mesh of all) mesh.claim(claimOf(`s${round}`));
    late.mesh.setProfile(profileOf('late'));
    for (const to of [a.mesh.id, b.mesh.id])
      for (const bytes of nextDirectMessages()) late.transport.send(to, bytes);
    for (const bytes of nextBroadcastMessages()) late.transport.broadcast(late.sealer.seal(bytes));
    late.transport.broadcast(nextEnvelope());
    await awaitCondition('all to know all claims', () =>
      all.every((mesh) => all.every(({ id }) => holds(mesh, `s${round}`, id))),
    );
  }
  for (const { lines } of [a, b, late]) expect(complaints(lines)).toEqual([]);
  await awaitCondition('all to be connected', () =>
    all.every((mesh) => mesh.members().every(({ connected, id }) => connected || id === mesh.id)),
  );
});
