import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { play, publish, publishTee } from '../support/ffmpeg.js';
import { NetLab } from '../support/net-lab.js';
import { type Config, freeOriginPorts, OriginProcess, type Ports } from '../support/origin-process.js';
import { type Scope, testScope } from '../support/scope.js';
import { TcpBalancer } from '../support/tcp-balancer.js';

const STREAM = 'live/s';
const KEY = 'k'.repeat(32);

/** Waits until both members hear each other, and the stream's owner is known. */
async function whole(...members: readonly OriginProcess[]): Promise<void> {
  await awaitCondition('the members to be connected', async () => {
    const lists = await Promise.all(members.map((member) => member.members()));
    return lists.every((list) => list.filter(({ connected }) => connected).length === members.length);
  });
}

const knows = (member: OriginProcess, owner: string) =>
  awaitCondition('the owner to be known', async () => (await member.ownerNames(STREAM)).includes(owner));

const pulledAt = async (member: OriginProcess, from: string) =>
  (await member.members()).find(({ name }) => name === from)?.pulledAt;

describe('a member behind port mapping', needs('ffmpeg'), () => {
  /** Member `b`, whose RTMP port is reached by another one, and `a`, which pulls from it. */
  async function mapped(scope: Scope, configOf: (port: number, ports: Ports) => Config) {
    const ports = await freeOriginPorts(scope);
    const mapping = await TcpBalancer.start(scope, [ports.rtmp]);
    const b = await OriginProcess.spawn(
      scope,
      'b',
      { mesh: { key: KEY }, ...configOf(mapping.port, ports) },
      { ports },
    );
    const a = await OriginProcess.spawn(scope, 'a', { mesh: { key: KEY, seeds: [b.seed] } });
    await Promise.all([a.ready(), b.ready()]);
    await whole(a, b);
    publish(scope, b.rtmpUrl(STREAM));
    await knows(a, 'b');
    await play(scope, a.rtmpUrl(STREAM)).played(10);
    expect(await pulledAt(a, 'b')).toBe(`127.0.0.1:${mapping.port}`);
    return { taken: mapping.taken, b };
  }

  it('is pulled from the port that it advertises for the host by which the mesh reaches it', async () => {
    const { taken } = await mapped(testScope(), (port, ports) => ({
      advertise: [`inside=10.9.9.9`, `outside=127.0.0.1:${port}`],
      mesh: { key: KEY, advertise: `127.0.0.1:${ports.mesh}` },
    }));
    expect(taken).toEqual([1]);
  });

  it('is pulled from where relay.advertise says, whatever clients are told', async () => {
    const { taken, b } = await mapped(testScope(), (port, ports) => ({
      advertise: [`outside=127.0.0.1:${ports.rtmp}`],
      relay: { advertise: [`outside=127.0.0.1:${port}`, 'far=192.0.2.1:1935'] },
    }));
    expect(taken).toEqual([1]);
    const [self] = await b.members();
    expect(self?.relayAddresses.map(({ host }) => host)).toEqual(['127.0.0.1', '192.0.2.1']);
    expect(self?.pulledAt).toBeUndefined();
  });
});

const BOTH: Config = { rtmp: { host: '::' }, http: { host: '::' } };

describe('members that listen on both families', needs('IPv6', 'ffmpeg'), () => {
  it('find each other, pull, and redirect by IPv6, and serve IPv4 beside it', async () => {
    const scope = testScope();
    const ports = await freeOriginPorts(scope);
    const six: Config = { ...BOTH, advertise: ['six=[::1]'] };
    const b = await OriginProcess.spawn(
      scope,
      'b',
      {
        ...six,
        mesh: { key: KEY, host: '::', advertise: '[::1]' },
        advertise: [`six=[::1]:${ports.rtmp}:${ports.http}`],
      },
      { ports },
    );
    const a = await OriginProcess.spawn(scope, 'a', {
      ...six,
      mesh: { key: KEY, host: '::', advertise: '[::1]', seeds: [`[::1]:${ports.mesh}`] },
    });
    await Promise.all([a.ready(), b.ready()]);
    await whole(a, b);
    expect(await pulledAt(a, 'b')).toBe(`[::1]:${ports.rtmp}`);
    publish(scope, `rtmp://[::1]:${ports.rtmp}/${STREAM}`);
    await knows(a, 'b');
    await Promise.all([
      play(scope, a.rtmpUrl(STREAM)).played(20),
      play(scope, `rtmp://[::1]:${a.ports.rtmp}/${STREAM}`).played(20),
    ]);
    const redirect = await fetch(`http://[::1]:${a.ports.http}/${STREAM}.flv`, { redirect: 'manual' });
    const location = redirect.headers.get('location') ?? '';
    expect([redirect.status, location.replace(/&headwater-via=.*/, '')]).toEqual([
      302,
      `http://[::1]:${ports.http}/${STREAM}.flv?headwater=redirected`,
    ]);
    const remotes = async (member: OriginProcess) =>
      (await member.stream(STREAM)).here.players.map(({ remote }) => remote.replace(/\d+$/, '')).sort();
    expect(await remotes(a)).toEqual(['127.0.0.1:', '[::1]:']);
    expect(await remotes(b)).toEqual(['[::1]:']);
    for (const line of [...a.logs, ...b.logs]) expect(JSON.stringify(line)).not.toContain('::ffff:');
  });
});

describe('members on machines without IPv6', needs('network namespaces', 'ffmpeg'), () => {
  it('take :: for all of IPv4, and say nothing of it', async () => {
    const scope = testScope();
    const lab = NetLab.open(scope, 3);
    const members: OriginProcess[] = [];
    for (const [host, name] of ['a', 'b'].entries()) {
      lab.withoutIpv6(host);
      const seeds = members.map(({ seed }) => seed);
      const config = { ...BOTH, mesh: { host: '::', key: KEY, seeds } };
      const place = { host: lab.address(host), within: lab.within(host) };
      members.push(await OriginProcess.spawn(scope, name, config, { place }));
    }
    const [a, b] = members as [OriginProcess, OriginProcess];
    await Promise.all(members.map((member) => member.ready()));
    await whole(a, b);
    publishTee(scope, [b.rtmpUrl(STREAM)], lab.within(2));
    await knows(a, 'b');
    await play(scope, a.rtmpUrl(STREAM), lab.within(2)).played(20);
    expect(await pulledAt(a, 'b')).toBe(`${lab.address(1)}:${b.ports.rtmp}`);
    expect([...a.logs, ...b.logs].filter(({ level }) => level === 'error')).toEqual([]);
  });
});
