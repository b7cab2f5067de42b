import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_STREAMS } from '@headwater/directory';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Meshes, type TestMember } from './testing/meshes.js';
import { PENDING_CONNECTIONS_MAX } from './transport/guarded-tcp.js';

const KEY = '__defaultVhost__/live/s1';
const claim = { key: KEY, sinceMs: 1, media: { video: { codec: 'h264' } } };

let meshes: Meshes;
beforeEach(() => {
  meshes = new Meshes();
});
afterEach(() => meshes.close());

const addressOf = ({ mesh }: TestMember): string => `127.0.0.1:${mesh.port}`;
const ownersAt = ({ mesh }: TestMember, key = KEY): string[] =>
  mesh.directory.owners(key).map(({ profile }) => profile.name);
const livenessAt = ({ mesh }: TestMember, of: TestMember): string | undefined =>
  mesh.directory.member(of.mesh.id)?.liveness;
const isWhole = (members: readonly TestMember[]): boolean =>
  members.every(
    ({ mesh }) =>
      mesh.status().synced &&
      members.every((other) => mesh.directory.member(other.mesh.id)?.liveness === 'alive'),
  );

/** Both ends of each connection are in this process. */
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

async function three(): Promise<[TestMember, TestMember, TestMember]> {
  const a = await meshes.start('a', []);
  const b = await meshes.start('b', [addressOf(a)]);
  const c = await meshes.start('c', [addressOf(a)]);
  await awaitCondition('three members form', () => isWhole([a, b, c]));
  return [a, b, c];
}

describe('createMesh', () => {
  it('shows a claim to everybody, and its end', async () => {
    const [a, b, c] = await three();
    const told: string[] = [];
    const stopTelling = c.mesh.onOwnersChanged((key) => told.push(key), ALL_STREAMS);
    a.mesh.claim(claim);
    expect(ownersAt(a)).toEqual(['a']);
    await awaitCondition('the claim is everywhere', () =>
      [b, c].every((member) => ownersAt(member).length === 1),
    );
    expect(c.mesh.directory.owners(KEY)[0]?.claim).toEqual(claim);
    expect(told).toEqual([KEY]);
    stopTelling();
    b.mesh.claim({ ...claim, sinceMs: 0 });
    await awaitCondition('two owners everywhere', () =>
      [a, b, c].every((member) => ownersAt(member).length === 2),
    );
    for (const member of [a, b, c]) expect(ownersAt(member)).toEqual(['b', 'a']);
    b.mesh.claim({ ...claim, sinceMs: 0, silent: true });
    await awaitCondition('the silent one last everywhere', () =>
      [a, b, c].every((member) => ownersAt(member)[0] === 'a'),
    );
    for (const member of [a, b, c]) {
      const flags = member.mesh.directory.owners(KEY).map((owner) => owner.claim.silent);
      expect(flags).toEqual([undefined, true]);
    }
    a.mesh.release(KEY);
    await awaitCondition('one owner everywhere', () =>
      [a, b, c].every((member) => ownersAt(member).length === 1),
    );
    expect(told).toEqual([KEY]);
  });

  it('brings a late joiner all that there is, also what is claimed in the same moment', async () => {
    const [a] = await three();
    for (let index = 0; index < 3_000; index += 1) a.mesh.claim({ ...claim, key: `v/app/early${index}` });
    const late = await meshes.start('late', [addressOf(a)]);
    for (let index = 0; index < 200; index += 1) {
      a.mesh.claim({ ...claim, key: `v/app/meanwhile${index}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await awaitCondition('the late joiner is synced', () => late.mesh.status().synced);
    expect(late.mesh.directory.streamCount).toBeGreaterThanOrEqual(3_000);
    await awaitCondition('the late joiner has all', () => late.mesh.directory.streamCount === 3_200);
  });

  // Gossip would tell, too, but only after a second. A busy machine may be as slow now and then, but not each time.
  it('tells a new member of a claim at once, before gossip knows of the member', { retry: 5 }, async () => {
    const a = await meshes.start('a', []);
    const b = await meshes.start('b', [addressOf(a)]);
    await awaitCondition('they met', () => livenessAt(a, b) === 'alive');
    a.mesh.claim(claim);
    const start = performance.now();
    await awaitCondition('the claim is there', () => ownersAt(b).length === 1);
    expect(performance.now() - start).toBeLessThan(400);
  });

  it('finds seeds that start last, and says what it waits for', async () => {
    const proxy = await meshes.proxy();
    const a = await meshes.start('a', [proxy.address]);
    await awaitCondition('a fails to reach its seed', () =>
      a.lines.some(({ msg }) => msg === 'seed not reached'),
    );
    expect(a.mesh.status()).toMatchObject({ joined: false, synced: false });
    expect(a.mesh.status().waitingFor).toContain(proxy.address);
    const seed = await meshes.startBehind('seed', proxy, []);
    await awaitCondition('a joins', () => isWhole([a, seed]));
    expect(a.mesh.status()).toEqual({ joined: true, synced: true, disputed: false });
  });

  it('finds itself among the seeds and ignores that, quietly', async () => {
    const proxy = await meshes.proxy();
    const a = await meshes.startBehind('a', proxy, [proxy.address]);
    await awaitCondition('a is alone', () => a.mesh.status().synced);
    // That a busy machine lets it stand still for a while is no word about a seed.
    const complaints = a.lines.filter(
      ({ level, msg }) => (level === 'warn' || level === 'error') && msg !== 'event loop stalled',
    );
    expect(complaints).toEqual([]);
    expect(a.mesh.members()).toHaveLength(1);
    expect(a.mesh.isOwnSeed(proxy.address)).toBe(true);
    const b = await meshes.start('b', [proxy.address]);
    await awaitCondition('b found a', () => isWhole([a, b]));
    expect(b.mesh.isOwnSeed(proxy.address)).toBe(false);
  });

  it('refuses a wrong key, and says so once on both sides', async () => {
    const a = await meshes.start('a', [], { key: 'a'.repeat(32) });
    const b = await meshes.start('b', [addressOf(a)], { key: 'b'.repeat(32) });
    const refusals = ({ lines }: TestMember): unknown[] =>
      lines.filter(({ msg }) => msg === 'mesh handshake refused').map(({ fields }) => fields);
    await awaitCondition('both said it', () => refusals(a).length > 0 && refusals(b).length > 0);
    await awaitCondition(
      'b tried more often',
      () => b.mesh.status().waitingFor?.includes('mesh.key differs') === true,
    );
    for (const side of [a, b]) {
      expect(refusals(side)).toHaveLength(1);
      expect(refusals(side)[0]).toMatchObject({ hint: expect.stringContaining('mesh.key') });
    }
    expect(a.mesh.members()).toHaveLength(1);
  });

  it('drops a stopped member and its claims at once', async () => {
    const [a, b, c] = await three();
    c.mesh.claim(claim);
    await awaitCondition('the claim is everywhere', () =>
      [a, b].every((member) => ownersAt(member).length === 1),
    );
    await c.mesh.stop();
    await awaitCondition('it left', () => [a, b].every((member) => livenessAt(member, c) === 'left'));
    expect([ownersAt(a), ownersAt(b)]).toEqual([[], []]);
  });

  it('hears that members leave that all stop at one moment', async () => {
    const a = await meshes.start('a', []);
    const others = await Promise.all(['b', 'c', 'd', 'e'].map((name) => meshes.start(name, [addressOf(a)])));
    await awaitCondition('the members form', () => isWhole([a, ...others]));
    await Promise.all(others.map(({ mesh }) => mesh.stop()));
    await awaitCondition('they left', () => others.every((other) => livenessAt(a, other) === 'left'));
    expect(a.lines.filter(({ msg }) => msg === 'member dead')).toEqual([]);
  });

  it('takes a member that comes back with the same identity for a new start', async () => {
    const [a, b, c] = await three();
    c.mesh.claim(claim);
    await awaitCondition('the claim is everywhere', () =>
      [a, b].every((member) => ownersAt(member).length === 1),
    );
    await c.mesh.stop();
    const again = await meshes.start('c', [addressOf(a)], { dataDir: c.dataDir });
    expect(again.mesh.id).toBe(c.mesh.id);
    await awaitCondition('it is back', () => isWhole([a, b, again]));
    expect([ownersAt(a), ownersAt(b)]).toEqual([[], []]);
  });

  it('survives connections that are reset', async () => {
    const [toA, toB] = [await meshes.proxy(), await meshes.proxy()];
    const a = await meshes.startBehind('a', toA, []);
    const b = await meshes.startBehind('b', toB, [toA.address]);
    await awaitCondition('they form', () => isWhole([a, b]));
    b.mesh.claim(claim);
    await awaitCondition('the claim is there', () => ownersAt(a).length === 1);
    for (let round = 0; round < 5; round += 1) {
      const lost = a.lines.filter(({ msg }) => msg === 'connection with member lost').length;
      toA.reset();
      toB.reset();
      await awaitCondition(
        'a lost it',
        () => a.lines.filter(({ msg }) => msg === 'connection with member lost').length > lost,
      );
      await awaitCondition('it is back', () => livenessAt(a, b) === 'alive' && livenessAt(b, a) === 'alive');
    }
    expect(ownersAt(a)).toEqual(['b']);
  });

  it('notices a member that hangs, and has it back with its claims when it goes on', async () => {
    const [toA, toB] = [await meshes.proxy(), await meshes.proxy()];
    const a = await meshes.startBehind('a', toA, []);
    const b = await meshes.startBehind('b', toB, [toA.address]);
    await awaitCondition('they form', () => isWhole([a, b]));
    b.mesh.claim(claim);
    await awaitCondition('the claim is there', () => ownersAt(a).length === 1);
    const news: unknown[] = [];
    a.mesh.onMemberChanged(({ liveness }) => news.push([liveness, ownersAt(a)]));
    for (const proxy of [toA, toB]) proxy.hang(true);
    await awaitCondition('it is dead', () => livenessAt(a, b) === 'dead');
    expect(news).toEqual([
      ['suspect', ['b']],
      ['dead', []],
    ]);
    b.mesh.claim({ ...claim, key: 'v/app/meanwhile' });
    for (const proxy of [toA, toB]) proxy.hang(false);
    await awaitCondition(
      'it is back',
      () => ownersAt(a).length === 1 && ownersAt(a, 'v/app/meanwhile').length === 1,
    );
  });

  it('forms ten members, with one connection per pair in the end', async () => {
    // On a busy machine the ten of this one process have little time each: nobody is suspected for that.
    const patient = { suspectAfterMs: 60_000, deadAfterMs: 60_000 };
    const first = await meshes.start('m0', [], patient);
    const rest = await Promise.all(
      Array.from({ length: 9 }, (_, index) => meshes.start(`m${index + 1}`, [addressOf(first)], patient)),
    );
    const all = [first, ...rest];
    const met = () =>
      all.map((one) => all.filter((other) => livenessAt(one, other) === 'alive').length).join();
    await awaitCondition('ten members form', () => isWhole(all), { progress: met, instead: met });
    for (const [index, { mesh }] of all.entries()) mesh.claim({ ...claim, key: `v/app/${index}` });
    await awaitCondition('all claims are everywhere', () =>
      all.every(({ mesh }) => mesh.directory.streamCount === 10),
    );
    await awaitCondition('one connection per pair', () => openSockets() === 10 * 9);
  });

  it('says which port is taken, and what else keeps it from starting', async () => {
    const a = await meshes.start('a', []);
    await expect(meshes.start('b', [], { port: a.mesh.port })).rejects.toMatchObject({
      code: 'listen',
      message: expect.stringContaining(`127.0.0.1:${a.mesh.port}: the port is taken`),
    });
    await expect(meshes.start('b', [], { host: '0.0.0.0' })).rejects.toMatchObject({ code: 'key-missing' });
    await expect(meshes.start('b', ['no port:x'])).rejects.toMatchObject({ code: 'seed-invalid' });
  });

  it('lets members in while others hold more connections open than it has places, without a word', async () => {
    const a = await meshes.start('a', []);
    const sockets = new Set<Socket>();
    let isOver = false;
    let opened = 0;
    const hold = (): void => {
      if (isOver) return;
      const socket = connect(a.mesh.port, '127.0.0.1').on('error', () => {});
      sockets.add(socket);
      opened += 1;
      socket.on('close', () => {
        sockets.delete(socket);
        setTimeout(hold, 20);
      });
    };
    for (let count = 0; count < PENDING_CONNECTIONS_MAX + 44; count += 1) hold();
    await awaitCondition('the first had to make room', () => opened > PENDING_CONNECTIONS_MAX + 44);
    const b = await meshes.start('b', [addressOf(a)]);
    await awaitCondition('b joins', () => isWhole([a, b]));
    isOver = true;
    for (const socket of sockets) socket.destroy();
  });

  it('withstands rubbish and silence on its port', async () => {
    const a = await meshes.start('a', []);
    const rubbish = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(200_000, 0xff),
      Buffer.of(0x13, 0x2f, 0x00),
    ];
    const closed: Promise<unknown>[] = [];
    for (let index = 0; index < 30; index += 1) {
      const socket = connect(a.mesh.port, '127.0.0.1');
      socket.on('error', () => {});
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
      socket.write(rubbish[index % rubbish.length] as Buffer);
    }
    const silent = connect(a.mesh.port, '127.0.0.1');
    silent.on('error', () => {});
    closed.push(new Promise((resolve) => silent.once('close', resolve)));
    await Promise.all(closed);
    const strangers = a.lines.filter(({ msg }) => msg === 'stranger on the mesh port');
    expect(strangers.length).toBeGreaterThan(0);
    expect(strangers.length).toBeLessThan(8);
    const b = await meshes.start('b', [addressOf(a)]);
    await awaitCondition('a still takes members', () => isWhole([a, b]));
  });
});

describe('a copied data folder', () => {
  it('disputes the identity of the older member until its copy is gone; then that one is whole again', async () => {
    const [a, b, c] = await three();
    c.mesh.claim(claim);
    await awaitCondition('the claim is everywhere', () => [a, b].every((one) => ownersAt(one)[0] === 'c'));
    expect(c.mesh.disputed).toBeNull();
    const told: (string | undefined)[] = [];
    c.mesh.onMemberChanged(({ isSelf }) => {
      if (isSelf) told.push(c.mesh.disputed === null ? 'sound' : 'disputed');
    });
    const copy = await mkdtemp(join(tmpdir(), 'headwater-copy-'));
    await cp(c.dataDir, copy, { recursive: true });
    const twin = await meshes.start('twin', [addressOf(a)], { dataDir: copy });
    expect(twin.mesh.id).toBe(c.mesh.id);
    await awaitCondition('it knows', () => c.mesh.disputed !== null);
    await awaitCondition('its claims are void', () => [a, b].every((one) => ownersAt(one).length === 0));
    expect(twin.mesh.disputed).toBeNull();
    const { sinceMs, generation, by } = c.mesh.disputed ?? { sinceMs: 0, generation: 0, by: [] };
    expect(Math.abs(Date.now() - sinceMs)).toBeLessThan(3_600_000);
    expect(['a', 'b']).toEqual(expect.arrayContaining([...by]));
    await twin.mesh.stop();
    await awaitCondition('it is whole again', () =>
      [a, b].every((one) => livenessAt(one, c) === 'alive' && ownersAt(one)[0] === 'c'),
    );
    expect([c.mesh.disputed, told]).toEqual([null, ['disputed', 'sound']]);
    const taken = a.mesh.directory.member(c.mesh.id)?.position.generation ?? 0;
    expect(taken).toBeGreaterThan(generation);
    expect(await readFile(join(c.dataDir, 'generation'), 'utf8')).toBe(`${taken}\n`);
    await rm(copy, { recursive: true });
  });
});

describe('members that listen on both families', needs('IPv6'), () => {
  const key = 'k'.repeat(32);

  it('are reached by either, and tell IPv4 addresses as such', async () => {
    const a = await meshes.start('a', [], { host: '::', key });
    const b = await meshes.start('b', [`[::1]:${a.mesh.port}`], { host: '::', key, advertise: '[::1]' });
    const c = await meshes.start('c', [`127.0.0.1:${a.mesh.port}`], {
      host: '::',
      key,
      advertise: '127.0.0.1',
    });
    await awaitCondition('three members form', () => isWhole([a, b, c]));
    expect(a.mesh.member(b.mesh.id)?.remoteIp).toBe('::1');
    expect(a.mesh.member(c.mesh.id)?.remoteIp).toBe('127.0.0.1');
    // Whichever of the two dialled last: each knows the other by the host that was dialled, or by its IP.
    for (const [from, to] of [
      [b, a],
      [c, a],
    ] as const) {
      const seen = from.mesh.member(to.mesh.id);
      expect(seen?.dialledAt ?? seen?.remoteIp).toMatch(/./);
    }
    expect(a.mesh.member('nobody')).toBeUndefined();
    for (const { fields } of a.lines) expect(JSON.stringify(fields)).not.toContain('::ffff:');
  });
});
