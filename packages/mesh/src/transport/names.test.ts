import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsServer } from '@headwater/testing/dns-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADDRESSES_PER_NAME_MAX, Names } from './names.js';

let server: DnsServer;
let dir: string;
let names: Names;

beforeEach(async () => {
  server = await DnsServer.listen();
  dir = await mkdtemp(join(tmpdir(), 'headwater-names-'));
  names = new Names({
    servers: [server.address],
    hostsFile: join(dir, 'hosts'),
    resolvConf: join(dir, 'resolv.conf'),
  });
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

describe('Names', () => {
  it('finds all addresses of a name, both families, as far as they count', async () => {
    server.answers.set('mesh.example', ['10.0.0.1', '10.0.0.2', 'fd00::1']);
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'] });
    const many = Array.from({ length: 24 }, (_, index) => `10.0.1.${index}`);
    server.answers.set('pods.example', many);
    const { addresses } = await names.resolve('pods.example');
    expect([...addresses].sort()).toEqual([...many].sort());
    expect(ADDRESSES_PER_NAME_MAX).toBeGreaterThan(many.length);
  });

  it('follows an answer that changes', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    await names.resolve('mesh.example');
    server.answers.set('mesh.example', ['10.0.0.9']);
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.9'] });
    expect(names.lastGood('mesh.example')).toEqual(['10.0.0.9']);
  });

  it('goes on with the last good addresses while its server fails', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    await names.resolve('mesh.example');
    server.answers.set('mesh.example', 'SERVFAIL');
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1'], failure: 'ESERVFAIL' });
    server.answers.set('other.example', 'SERVFAIL');
    expect(await names.resolve('other.example')).toEqual({ addresses: [], failure: 'ESERVFAIL' });
  });

  it('comes to the end of the search list where nothing is said of IPv6', async () => {
    const domains = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `${letter}.example`);
    await writeFile(join(dir, 'resolv.conf'), `search ${domains.join(' ')}\noptions ndots:5\n`);
    for (const domain of domains) server.answers6.set(`mesh.${domain}`, 'silence');
    server.answers.set('mesh.f.example', ['10.0.0.1']);
    expect(await names.resolve('mesh')).toEqual({ addresses: ['10.0.0.1'] });
  });

  it('does not take the word of IPv6 that there is no such name for more than it is', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    server.answers6.set('mesh.example', 'NXDOMAIN');
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1'] });
    server.answers.set('mesh.example', 'SERVFAIL');
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1'], failure: 'ESERVFAIL' });
  });

  it('believes a server that says there is nothing', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    await names.resolve('mesh.example');
    server.answers.delete('mesh.example');
    expect(await names.resolve('mesh.example')).toEqual({ addresses: [], failure: 'ENOTFOUND' });
    server.answers.set('empty.example', []);
    expect(await names.resolve('empty.example')).toEqual({ addresses: [], failure: 'ENODATA' });
  });

  it('reads the hosts file first, whenever it has changed, and asks nobody then', async () => {
    server.answers.set('origin-a', ['10.0.0.1']);
    await writeFile(join(dir, 'hosts'), '10.9.9.9 origin-a\n');
    expect(await names.resolve('Origin-A')).toEqual({ addresses: ['10.9.9.9'] });
    await writeFile(join(dir, 'hosts'), '10.9.9.10 origin-a origin-b\n');
    expect(await names.resolve('origin-a')).toEqual({ addresses: ['10.9.9.10'] });
    expect(server.asked).toEqual([]);
    await rm(join(dir, 'hosts'));
    expect(await names.resolve('origin-a')).toEqual({ addresses: ['10.0.0.1'] });
  });

  it.each(['localhost', 'LocalHost.', 'origin-a.localhost'])('knows loopback by itself: %s', async (name) => {
    expect(await names.resolve(name)).toEqual({ addresses: ['127.0.0.1', '::1'] });
    expect(server.asked).toEqual([]);
  });

  it.each(['localhost.example', 'notlocalhost'])('does not take %s for loopback', async (name) => {
    server.answers.set(name, ['10.0.0.1']);
    expect(await names.resolve(name)).toEqual({ addresses: ['10.0.0.1'] });
  });

  it('takes no more addresses of one name than count, each once', async () => {
    const many = Array.from({ length: ADDRESSES_PER_NAME_MAX + 1 }, (_, index) => `10.0.1.${index}`);
    await writeFile(join(dir, 'hosts'), many.map((address) => `${address} pods\n`).join(''));
    expect(await names.resolve('pods')).toEqual({ addresses: many.slice(0, ADDRESSES_PER_NAME_MAX) });
  });

  it('keeps the last good addresses of 1,024 names, and begins anew with one more', async () => {
    const all = Array.from({ length: 1_024 }, (_, index) => `origin-${index}.localhost`);
    await Promise.all(all.map((name) => names.resolve(name)));
    await names.resolve('origin-7.localhost');
    for (const name of all) expect(names.lastGood(name)).toEqual(['127.0.0.1', '::1']);
    await names.resolve('one-more.localhost');
    expect(names.lastGood('one-more.localhost')).toEqual(['127.0.0.1', '::1']);
    expect(all.filter((name) => names.lastGood(name).length > 0)).toEqual([]);
  });

  it('completes names by the search list, as in Kubernetes', async () => {
    await writeFile(
      join(dir, 'resolv.conf'),
      'search live.svc.cluster.local svc.cluster.local\noptions ndots:5\n',
    );
    server.answers.set('headwater-mesh.live.svc.cluster.local', ['10.0.0.1', '10.0.0.2']);
    expect((await names.resolve('headwater-mesh')).addresses).toHaveLength(2);
    server.answers.set('other.svc.cluster.local', ['10.0.0.3']);
    expect(await names.resolve('other')).toEqual({ addresses: ['10.0.0.3'] });
    server.answers.set('mesh.example', ['10.0.0.4']);
    expect(await names.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.4'] });
  });

  it('asks for no further name of the search list once one leads somewhere', async () => {
    await writeFile(join(dir, 'resolv.conf'), 'search a.example b.example c.example\n');
    server.answers.set('mesh.a.example', 'SERVFAIL');
    server.answers.set('mesh.b.example', ['10.0.0.1']);
    expect(await names.resolve('mesh')).toEqual({ addresses: ['10.0.0.1'] });
    expect(new Set(server.asked)).toEqual(new Set(['mesh.a.example', 'mesh.b.example']));
  });

  it.each([
    ['a failure of a server', 'SERVFAIL' as const, 'ESERVFAIL'],
    ['that there is such a name at least', [], 'ENODATA'],
  ])('of several names that lead nowhere it says %s', async (_, answer, failure) => {
    await writeFile(join(dir, 'resolv.conf'), 'search a.example b.example c.example\n');
    server.answers.set('mesh.b.example', answer);
    expect(await names.resolve('mesh')).toEqual({ addresses: [], failure });
  });

  it('asks the servers of the system where it is given none', async () => {
    const ofSystem = new Names({
      hostsFile: join(dir, 'hosts'),
      resolvConf: join(dir, 'resolv.conf'),
      timeoutMs: 50,
    });
    // Whatever they say: that they were asked at all is what counts.
    await expect(ofSystem.resolve('headwater.invalid')).resolves.toHaveProperty('addresses');
  });

  it('asks once for who asks at the same time', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    await Promise.all([1, 2, 3].map(() => names.resolve('mesh.example')));
    expect(server.asked).toEqual(['mesh.example']);
  });

  it('says so where no server can be reached', async () => {
    const { address } = server;
    await server.close();
    const lost = new Names({ servers: [address], timeoutMs: 1_000 });
    const { addresses, failure } = await lost.resolve('mesh.example');
    expect(addresses).toEqual([]);
    expect(['ECONNREFUSED', 'ETIMEOUT']).toContain(failure);
    server = await DnsServer.listen();
  });
});
