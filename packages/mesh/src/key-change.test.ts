import { createServer } from 'node:net';
import { ALL_STREAMS } from '@headwater/directory';
import { awaitCondition } from '@headwater/testing/await-condition';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Meshes, type TestMember } from './testing/meshes.js';

const OLD = 'the old key of the mesh, 32 bytes and more';
const NEW = 'the new key of the mesh, 32 bytes and more';
const NAMES = ['a', 'b', 'c', 'd', 'e'];

let meshes: Meshes;
beforeEach(() => {
  meshes = new Meshes();
});
afterEach(() => meshes.close());

/** Members leave in good order here: on a busy machine nobody is suspected for being late. */
const PATIENT = { suspectAfterMs: 60_000, deadAfterMs: 60_000 };

const claimOf = (name: string) => ({ key: `v/live/${name}`, sinceMs: 1, media: {} });

/** Each of them is connected with each other one, and all know the claims of all. */
const isWhole = (members: readonly TestMember[]): boolean =>
  members.every(({ mesh }) => {
    const others = mesh.members().filter(({ isSelf }) => !isSelf);
    const alive = others.filter(({ liveness, connected }) => liveness === 'alive' && connected);
    const owned = members.every(({ name }) => mesh.directory.owners(`v/live/${name}`).length === 1);
    return alive.length === members.length - 1 && owned;
  });

/** What each of them sees of the others, and what it last said. */
const views = (members: readonly TestMember[]): unknown =>
  members.map(({ name, mesh, lines }) => ({
    name,
    members: mesh.members().map((one) => `${one.profile?.name} ${one.liveness} ${one.connected}`),
    owned: members.filter((one) => mesh.directory.owners(claimOf(one.name).key).length === 1).length,
    lines: lines.slice(-12).map(({ msg, fields }) => `${msg} ${JSON.stringify(fields)}`),
  }));

const refusals = (members: readonly TestMember[]): unknown[] =>
  members.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'mesh handshake refused'));

const restarted = async (member: TestMember, key: readonly string[], seeds: readonly string[]) => {
  await member.mesh.stop();
  const again = await meshes.start(member.name, seeds, { ...PATIENT, key, dataDir: member.dataDir });
  again.mesh.claim(claimOf(member.name));
  return again;
};

describe('the key of a mesh', () => {
  it.each([
    ['[old, new], then [new]', [OLD, NEW], [NEW]],
    ['[new, old], then [new]', [NEW, OLD], [NEW]],
    ['[old, new], then [new, old]', [OLD, NEW], [NEW, OLD]],
  ])('is changed by two rolling restarts, %s, without a lost claim', async (_, first, second) => {
    let members: TestMember[] = [];
    const addresses = () => members.map(({ mesh }) => `127.0.0.1:${mesh.port}`);
    for (const name of NAMES) members.push(await meshes.start(name, addresses(), { ...PATIENT, key: OLD }));
    for (const { mesh, name } of members) mesh.claim(claimOf(name));
    await awaitCondition('all are one mesh', () => isWhole(members));

    /** Owners missed anywhere but of the member that restarts. */
    const lost: string[] = [];
    for (const keys of [first, second]) {
      for (const name of NAMES) {
        const member = members.find((one) => one.name === name) as TestMember;
        const others = members.filter((one) => one !== member);
        const stops = others.flatMap((watching) =>
          others.map((owner) =>
            watching.mesh.onOwnersChanged((key) => {
              if (key !== claimOf(owner.name).key || watching.mesh.directory.owners(key).length > 0) return;
              lost.push(`${watching.name} lost ${key} while ${name} restarted`);
            }, ALL_STREAMS),
          ),
        );
        const seeds = others.map(({ mesh }) => `127.0.0.1:${mesh.port}`);
        const again = await restarted(member, keys, seeds);
        members = members.map((one) => (one === member ? again : one));
        await awaitCondition(`all are one mesh after the restart of ${name}`, () => isWhole(members), {
          instead: () => views(members),
        });
        for (const stop of stops) stop();
      }
    }
    expect(lost).toEqual([]);
    expect(refusals(members)).toEqual([]);
  });

  it('is changed while members run: connections stay, and who comes later needs the new one', async () => {
    const members: TestMember[] = [];
    const seeds = () => members.map(({ mesh }) => `127.0.0.1:${mesh.port}`);
    for (const name of NAMES.slice(0, 3)) members.push(await meshes.start(name, seeds(), { key: OLD }));
    for (const { mesh, name } of members) mesh.claim(claimOf(name));
    await awaitCondition('all are one mesh', () => isWhole(members));
    const lost: string[] = [];
    for (const { mesh, name } of members)
      mesh.onOwnersChanged((key) => {
        if (mesh.directory.owners(key).length === 0) lost.push(`${name} lost ${key}`);
      }, ALL_STREAMS);
    for (const key of [[OLD, NEW], [NEW, OLD], [NEW]]) {
      for (const { mesh } of members) {
        mesh.configure({ seeds: seeds(), key });
        expect(isWhole(members)).toBe(true);
      }
    }
    const late = await meshes.start('late', seeds(), { key: [NEW] });
    late.mesh.claim(claimOf('late'));
    await awaitCondition('who has the new one is let in', () => isWhole([...members, late]));
    const old = await meshes.start('old', seeds(), { key: [OLD] });
    await awaitCondition('who has the old one is not', () => refusals([old]).length > 0);
    expect([lost, old.mesh.members().length]).toEqual([[], 1]);
  });

  it('that cannot be one changes nothing while a member runs', async () => {
    const a = await meshes.start('a', [], { key: OLD });
    expect(() => a.mesh.configure({ seeds: [], key: 'short' })).toThrow('at least 32 are needed');
    expect(() => a.mesh.configure({ seeds: ['no port'], key: NEW })).toThrow('no host:port');
    const b = await meshes.start('b', [`127.0.0.1:${a.mesh.port}`], { key: OLD });
    await awaitCondition('the one before counts', () => b.mesh.status().joined);
  });

  it('is found by seeds that are given while it runs, and orders owners as it is told then', async () => {
    const a = await meshes.start('a', [], { key: OLD });
    const b = await meshes.start('b', [], { key: OLD });
    for (const { mesh, name } of [a, b])
      mesh.claim({ key: 'v/live/both', sinceMs: name === 'a' ? 1 : 2, media: {} });
    b.mesh.configure({ seeds: [`127.0.0.1:${a.mesh.port}`], key: OLD });
    const owners = ({ mesh }: TestMember) => mesh.directory.owners('v/live/both').map(({ member }) => member);
    await awaitCondition('both are owners', () => owners(a).length === 2 && owners(b).length === 2);
    expect([owners(a)[0], owners(b)[0]]).toEqual([a.mesh.id, a.mesh.id]);
    for (const { mesh } of [a, b]) mesh.configure({ seeds: [], key: OLD, order: 'spread' });
    a.mesh.setLoad({ players: 500, publishers: 1, outboundKbps: 900_000 });
    await awaitCondition('the one with less to do is first', () =>
      [a, b].every((one) => owners(one)[0] === b.mesh.id),
    );
    for (const { mesh } of [a, b]) mesh.configure({ seeds: [], key: OLD, order: 'primary' });
    expect([owners(a)[0], owners(b)[0]]).toEqual([a.mesh.id, a.mesh.id]);
  });

  it('keeps out who has only the old one, once it is changed', async () => {
    const a = await meshes.start('a', [], { key: [NEW] });
    const late = await meshes.start('late', [`127.0.0.1:${a.mesh.port}`], { key: OLD });
    await awaitCondition('both said it', () => refusals([a]).length === 1 && refusals([late]).length === 1);
    expect(JSON.stringify([a.lines, late.lines])).not.toMatch(/the (old|new) key/);
    expect(a.mesh.members()).toHaveLength(1);
  });

  it('is not blamed for a handshake that was broken off', async () => {
    const sockets: { destroy(): void }[] = [];
    const hangUp = createServer((socket) => {
      sockets.push(socket);
      socket.once('data', () => socket.destroy());
    });
    await new Promise<void>((resolve) => hangUp.listen(0, '127.0.0.1', resolve));
    const { port } = hangUp.address() as { port: number };
    const a = await meshes.start('a', [`127.0.0.1:${port}`], { key: OLD });
    await awaitCondition('it was tried some times', () => sockets.length >= 3);
    hangUp.close();
    expect(refusals([a])).toEqual([]);
    expect(a.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(a.mesh.status().waitingFor).not.toContain('mesh.key');
  });
});
