import { lookup } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { DnsServer } from '@headwater/testing/dns-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADDRESSES_PER_NAME_MAX, Names } from './names.js';

let server: DnsServer;
let dir: string;
let names: Names;

const namesWith = (timeoutMs?: number): Names =>
  new Names({
    servers: [server.address],
    hostsFile: join(dir, 'hosts'),
    resolvConf: join(dir, 'resolv.conf'),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });

beforeEach(async () => {
  server = await DnsServer.listen();
  dir = await mkdtemp(join(tmpdir(), 'headwater-names-'));
  names = namesWith();
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

  it.each([['SERVFAIL', 'ESERVFAIL'] as const, ['silence', 'ETIMEOUT'] as const])(
    'goes on with the last good addresses while its server answers with %s',
    async (answer, failure) => {
      const hasty = namesWith(300);
      server.answers.set('mesh.example', ['10.0.0.1']);
      await hasty.resolve('mesh.example');
      server.answers.set('mesh.example', answer);
      expect(await hasty.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1'], failure });
      server.answers.set('other.example', answer);
      expect(await hasty.resolve('other.example')).toEqual({ addresses: [], failure });
    },
  );

  it('keeps an answer that comes too late for who asked, for who asks next', async () => {
    const hasty = namesWith(300);
    server.answers.set('mesh.example', 'held');
    expect(await hasty.resolve('mesh.example')).toEqual({ addresses: [], failure: 'ETIMEOUT' });
    // Those that nobody waits for any more, and the one that is waited for apart from them.
    await awaitCondition('it to be asked again', () => server.asked.length >= 2);
    server.answers.set('mesh.example', ['10.0.0.1']);
    server.letGo();
    await awaitCondition('the late answer', () => hasty.lastGood('mesh.example').includes('10.0.0.1'));
    server.answers.set('mesh.example', 'silence');
    expect(await hasty.resolve('mesh.example')).toEqual({ addresses: ['10.0.0.1'], failure: 'ETIMEOUT' });
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

  it('knows loopback by itself', async () => {
    expect((await names.resolve('localhost')).addresses).toContain('127.0.0.1');
    expect(server.asked).toEqual([]);
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

  it('asks once for who asks at the same time', async () => {
    server.answers.set('mesh.example', ['10.0.0.1']);
    await Promise.all([1, 2, 3].map(() => names.resolve('mesh.example')));
    expect(server.asked).toEqual(['mesh.example']);
  });

  it('leaves the resolver of the system alone, however many names are never answered', async () => {
    const hasty = namesWith(1_000);
    const waiting = Array.from({ length: 100 }, (_, index) => {
      server.answers.set(`never-${index}.example`, 'silence');
      return hasty.resolve(`never-${index}.example`);
    });
    let isAnswered = false;
    const all = Promise.all(waiting).then((outcomes) => {
      // None of them has come to its end when the system's resolver has answered.
      expect(isAnswered).toBe(true);
      return outcomes;
    });
    await lookup('localhost');
    isAnswered = true;
    for (const outcome of await all) expect(outcome).toEqual({ addresses: [], failure: 'ETIMEOUT' });
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
