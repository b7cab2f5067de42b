import type { Connection, Libp2p } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { DnsServer } from '../testing/dns-server.js';
import { Dialler, type DiallerHost } from './dialler.js';
import { Names } from './names.js';

/** A network in which each address answers as some member, refuses, or never answers. */
function diallerIn(
  answers: Readonly<Record<string, string | 'refused' | 'silent'>>,
  names = new Names(),
  more: Partial<DiallerHost> = {},
) {
  const dialled: string[] = [];
  const ended: string[] = [];
  const node = {
    dial(address: Multiaddr, { signal }: { signal: AbortSignal }): Promise<Connection> {
      const [, , host, , port] = address.toString().split('/');
      const name = `${host}:${port}`;
      dialled.push(name);
      const answer = answers[name] ?? 'refused';
      if (answer === 'refused') return Promise.reject(new Error('connect ECONNREFUSED'));
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
});
