import { awaitCondition } from '@headwater/testing/await-condition';
import { DnsServer } from '@headwater/testing/dns-server';
import type { Connection, Libp2p } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { DIALS_MAX, DIALS_PER_SECOND_MAX, Dialler, type DiallerHost } from './dialler.js';
import { Names } from './names.js';

/** A network in which each address answers as some member, refuses, or never answers. */
function diallerIn(
  answers: Readonly<Record<string, string | 'refused' | 'silent' | 'no route'>>,
  names = new Names(),
  more: Partial<DiallerHost> = {},
) {
  const dialled: string[] = [];
  const ended: string[] = [];
  const node = {
    dial(address: Multiaddr, { signal }: { signal: AbortSignal }): Promise<Connection> {
      const [, , host, , port] = address.toString().split('/');
      const noRoute = () => Promise.reject(new Error(`connect ENETUNREACH ${host}`));
      const name = `${host}:${port}`;
      dialled.push(name);
      const answer = answers[name] ?? 'refused';
      if (answer === 'refused') return Promise.reject(new Error('connect ECONNREFUSED'));
      if (answer === 'no route') return noRoute();
      if (answer !== 'silent')
        return Promise.resolve({ remotePeer: { toString: () => answer } } as unknown as Connection);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          ended.push(`${name} ${signal.reason.name}`);
          reject(signal.reason);
        });
      });
    },
  } as unknown as Libp2p;
  const host = {
    self: 'm',
    port: 1,
    selfMet: () => 0,
    isConnected: () => false,
    hasMet: () => false,
    isAnswering: () => false,
    open: () => Promise.resolve(),
    ...more,
  };
  return { dialler: new Dialler(node, names, host), dialled, ended };
}

describe('Dialler', () => {
  it('reaches a member behind an address that never answers, long before that gives up', async () => {
    const { dialler, ended } = diallerIn({ '10.0.0.1:7946': 'silent', '10.0.0.2:7946': 'peer' });
    expect(await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946'])).toBeNull();
    // The dial that nobody needs any more is ended, not by its own timeout.
    expect(ended).toEqual(['10.0.0.1:7946 AbortError']);
  });

  it('says of each address why it did not lead to the member, in their order', async () => {
    const { dialler } = diallerIn({ '10.0.0.2:7946': 'another' });
    const failure = await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946', 'nowhere']);
    expect(failure).toMatch(
      /10\.0\.0\.1:7946: connection refused.*10\.0\.0\.2:7946: another member.*nowhere/,
    );
  });

  it('stops at the first address that leads to it', async () => {
    const { dialler, dialled } = diallerIn({ '10.0.0.1:7946': 'peer', '10.0.0.2:7946': 'peer' });
    expect(await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946'])).toBeNull();
    expect(dialled).toEqual(['10.0.0.1:7946']);
  });

  it('tries all that a name leads to, also the last good addresses while it cannot be resolved', async () => {
    const server = await DnsServer.listen();
    try {
      const names = new Names({ servers: [server.address], timeoutMs: 300 });
      server.answers.set('mesh.example', ['10.0.0.1', '10.0.0.2']);
      const { dialler, dialled } = diallerIn({ '10.0.0.1:7946': 'a', '10.0.0.2:7946': 'b' }, names);
      const fresh = await dialler.visit('mesh.example:7946');
      expect([...fresh.reached].sort()).toEqual(['a', 'b']);
      server.answers.set('mesh.example', 'silence');
      expect(await dialler.dial('b', ['mesh.example:7946'])).toBeNull();
      expect(await dialler.dial('c', ['mesh.example:7946'])).toContain(
        '10.0.0.1:7946 (its last good address, since the name mesh.example cannot be resolved (ETIMEOUT)): another member',
      );
      server.answers.set('mesh.example', ['10.0.0.3']);
      dialled.length = 0;
      expect(await dialler.visit('mesh.example:7946')).toMatchObject({ reached: [] });
      expect(dialled).toEqual(['10.0.0.3:7946']);
    } finally {
      await server.close();
    }
  });

  it('does not blame a seed for addresses of a family that this machine has not, where another answers', async () => {
    const server = await DnsServer.listen();
    try {
      const names = new Names({ servers: [server.address] });
      const answers = { 'fd00::1:7946': 'no route', '10.0.0.1:7946': 'a' } as const;
      const { dialler } = diallerIn(answers, names);
      server.answers.set('mesh.example', ['10.0.0.1', 'fd00::1']);
      expect(await dialler.visit('mesh.example:7946')).toEqual({ reached: ['a'], isSelf: false });
      server.answers.set('mesh.example', ['10.0.0.1', 'fd00::1', '10.0.0.2']);
      const { failure } = await dialler.visit('mesh.example:7946');
      expect(failure).toMatch(/^10\.0\.0\.2: connection refused/);
      server.answers.set('mesh.example', ['fd00::1']);
      expect(await dialler.visit('mesh.example:7946')).toMatchObject({
        reached: [],
        failure: 'this machine has no route there by IPv6',
      });
    } finally {
      await server.close();
    }
  });

  it('begins no more dials at once than it may, and each once', async () => {
    const { dialler, dialled } = diallerIn({});
    const many = Array.from({ length: 3 * DIALS_MAX }, (_, index) => `10.0.0.${index}:7946`);
    const { dialler: silent, dialled: begun } = diallerIn(
      Object.fromEntries(many.map((address) => [address, 'silent' as const])),
    );
    for (const address of many) silent.dial(`peer at ${address}`, [address]);
    for (const address of many) silent.dial(`peer at ${address}`, [address]);
    await awaitCondition('some begin', () => begun.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(silent.gauges).toEqual({
      dialTurns: DIALS_MAX,
      dialsWaiting: 2 * DIALS_MAX,
      dialsBegun: DIALS_MAX,
    });
    await awaitCondition('who is slow keeps nobody waiting', () => begun.length === many.length);
    expect(new Set(begun).size).toBe(many.length);
    const asked = [dialler.dial('refuses', ['10.0.1.1:1']), dialler.dial('refuses', ['10.0.1.1:1'])];
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(dialled).toEqual(['10.0.1.1:1']);
  });

  it('keeps to its rate, however many fail at once', async () => {
    const { dialler } = diallerIn({});
    const since = performance.now();
    const many = Array.from({ length: 2 * DIALS_PER_SECOND_MAX }, (_, index) => `peer ${index}`);
    await Promise.all(many.map((peer, index) => dialler.dial(peer, [`10.0.0.${index}:1`])));
    const ahead = DIALS_PER_SECOND_MAX;
    expect(dialler.gauges.dialsBegun - ahead).toBeLessThanOrEqual(
      ((performance.now() - since) / 1_000) * DIALS_PER_SECOND_MAX,
    );
  });

  it('lets the smaller id dial while somebody is at the door, but not for ever', async () => {
    let isAnswering = true;
    const { dialler, dialled } = diallerIn({ '10.0.0.1:7946': 'a', '10.0.0.2:7946': 'z' }, new Names(), {
      isAnswering: () => isAnswering,
    });
    const [toSmaller, toGreater] = [
      dialler.dial('a', ['10.0.0.1:7946']),
      dialler.dial('z', ['10.0.0.2:7946']),
    ];
    expect(await toGreater).toBeNull();
    expect(dialled).toEqual(['10.0.0.2:7946']);
    isAnswering = false;
    expect(await toSmaller).toBeNull();
    expect(dialled).toEqual(['10.0.0.2:7946', '10.0.0.1:7946']);
  });

  it('does not dial whom it let dial', async () => {
    let isConnected = false;
    const { dialler, dialled } = diallerIn({}, new Names(), {
      isAnswering: () => !isConnected,
      isConnected: () => isConnected,
    });
    const dialling = dialler.dial('a', ['10.0.0.1:7946']);
    isConnected = true;
    expect(await dialling).toBeNull();
    expect(dialled).toEqual([]);
  });

  it('dials at once whom it met before, whoever is at the door', async () => {
    const { dialler } = diallerIn({ '10.0.0.1:7946': 'a' }, new Names(), {
      isAnswering: () => true,
      hasMet: () => true,
    });
    expect(await dialler.dial('a', ['10.0.0.1:7946'])).toBeNull();
  });
});
