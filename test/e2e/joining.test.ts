import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { freePort } from '../support/free-port.js';
import { freeOriginPorts, OriginProcess } from '../support/origin-process.js';
import { testScope } from '../support/scope.js';
import { TcpBalancer } from '../support/tcp-balancer.js';

/** Longer than any test. */
const SILENCE_MS = 600_000;

describe('joining', needs('ffmpeg'), () => {
  it('succeeds where the seed starts last, and says meanwhile what it waits for', async () => {
    const scope = testScope();
    const seedPorts = await freeOriginPorts(scope);
    const cluster = await Cluster.start(scope, { names: [] });
    const seeds = [`127.0.0.1:${seedPorts.mesh}`];
    const b = await cluster.add('b', seeds);
    const c = await cluster.add('c', seeds);
    for (const member of [b, c]) {
      await awaitCondition(`${member.name} to wait for a seed`, async () => {
        const response = await fetch(member.apiUrl('/readyz'));
        const body = (await response.json()) as { ready: boolean; waitingFor?: string };
        return response.status === 503 && !body.ready && (body.waitingFor ?? '').length > 0;
      });
      expect((await fetch(member.apiUrl('/healthz'))).status).toBe(200);
    }
    const config = cluster.configFor(seeds);
    cluster.members.push(await OriginProcess.spawn(scope, 'a', config, { ports: seedPorts }));
    await cluster.whole();
  });

  it('needs any one live seed, and the list may be the same on every member, itself included', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: [] });
    const ports = await Promise.all([freeOriginPorts(scope), freeOriginPorts(scope), freeOriginPorts(scope)]);
    const nobody = [`127.0.0.1:${await freePort(scope)}`, 'no-such-host.invalid:7946'];
    const seeds = [...nobody, ...ports.map(({ mesh }) => `localhost:${mesh}`)];
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      const own = ports[index];
      if (own === undefined) continue;
      const config = cluster.configFor(seeds);
      cluster.members.push(await OriginProcess.spawn(scope, name, config, { ports: own }));
    }
    await cluster.whole();
    await cluster.member(0).kill('SIGKILL');
    await cluster.member(2).kill('SIGKILL');
    await cluster.add('d', seeds);
    await cluster.whole();
  });

  it('lets a member started later serve at once, with no change to the others', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    const d = await (await cluster.add('d', [cluster.member(2).seed])).ready();
    // Ready means that it has the whole directory: no waiting here.
    expect(await d.ownerNames('live/s1')).toEqual(['a']);
    const player = play(scope, d.rtmpUrl('live/s1'));
    await player.played(25);
    publish(scope, d.rtmpUrl('live/s2'));
    await cluster.owned('live/s2', ['d']);
    await play(scope, cluster.member(1).flvUrl('live/s2')).played(25);
  });

  it('drops a member that stops by itself by its word, and one that was killed by its closed connection', async () => {
    const scope = testScope();
    // Nobody is found by silence.
    const config = { mesh: { suspectAfterMs: SILENCE_MS, deadAfterMs: SILENCE_MS } };
    const cluster = await Cluster.start(scope, { config });
    for (const [index, end] of [
      [1, 'SIGTERM'],
      [2, 'SIGKILL'],
    ] as const) {
      const leaver = cluster.member(index);
      publish(scope, leaver.rtmpUrl('live/s1'));
      await cluster.owned('live/s1', [leaver.name]);
      const exit = await leaver.kill(end);
      if (end === 'SIGTERM') expect(exit.code).toBe(0);
      await cluster.owned('live/s1', []);
      const members = await cluster.member(0).members();
      const liveness = members.find(({ name }) => name === leaver.name)?.liveness;
      expect(['dead', 'left', undefined]).toContain(liveness);
    }
  });

  it('survives a rolling restart of every member, the seed included', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope);
    for (const member of cluster.members) {
      const before = (await member.members()).find(({ self }) => self);
      expect((await member.kill('SIGTERM')).code).toBe(0);
      member.restart();
      await cluster.whole();
      const after = (await member.members()).find(({ self }) => self);
      expect(after?.id).toBe(before?.id);
      expect(after?.generation).toBeGreaterThan(before?.generation ?? Number.POSITIVE_INFINITY);
      const stream = `live/after-${member.name}`;
      publish(scope, member.rtmpUrl(stream));
      await cluster.owned(stream, [member.name]);
    }
    // Everybody came back once and took its streams' publishers down with it, but for the last.
    await cluster.owned('live/after-c', ['c']);
    await cluster.owned('live/after-a', ['a']);
  });
});

describe('the mesh key', () => {
  it('keeps out who has another, and says so once on both sides', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    const a = cluster.member(0);
    const gate = await TcpBalancer.start(scope, [a.ports.mesh]);
    const seeds = [`127.0.0.1:${gate.port}`];
    const config = { mesh: { key: 'another key, also at least 32 bytes long', seeds } };
    const stranger = await OriginProcess.spawn(scope, 'stranger', config);
    const complaints = (origin: OriginProcess) =>
      origin.logs.filter((line) => line.level === 'error' && JSON.stringify(line).includes('mesh.key'));
    await awaitCondition(
      'a word about the key on both sides',
      () => complaints(stranger).length > 0 && complaints(a).length > 0,
    );
    await awaitCondition(
      'the stranger to say that it is not ready',
      async () => (await fetch(stranger.apiUrl('/readyz')).catch(() => null))?.status === 503,
    );
    // It goes on trying, and no later try is told again.
    const [triesBefore = 0] = gate.taken;
    await awaitCondition('two more tries', () => (gate.taken[0] ?? 0) >= triesBefore + 2);
    expect(complaints(stranger)).toHaveLength(1);
    expect(complaints(a)).toHaveLength(1);
    for (const member of cluster.members) {
      expect((await member.members()).map(({ name }) => name).sort()).toEqual(['a', 'b']);
    }
  });

  it('must be there where the mesh listens on more than loopback', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'open', { mesh: { host: '0.0.0.0' } });
    expect(await origin.exited).toMatchObject({ code: 2 });
    expect(origin.output).toContain('mesh.key');
    expect(origin.output).toContain('headwater key');
  });

  it('must have 32 bytes', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'short', { mesh: { key: 'too short' } });
    expect(await origin.exited).toMatchObject({ code: 2 });
    expect(origin.output).toContain('mesh.key');
    expect(origin.output).toContain('32');
    expect(origin.output).not.toContain('too short');
  });
});
