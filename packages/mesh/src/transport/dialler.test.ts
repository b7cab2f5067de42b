import { DnsServer } from '@headwater/testing/dns-server';
import { describe, expect, it } from 'vitest';
import { diallerIn } from '../testing/network-of-addresses.js';
import { Names } from './names.js';

describe('Dialler', () => {
  it('reaches a member behind an address that never answers, long before that gives up', async () => {
    const { dialler, ended } = diallerIn({ '10.0.0.1:7946': 'silent', '10.0.0.2:7946': 'peer' });
    expect(await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946'])).toBeNull();
    // The dial that nobody needs any more is ended, not by its own timeout.
    expect(ended).toEqual(['10.0.0.1:7946 AbortError']);
  });

  it('says of each address why it did not lead to the member, in their order', async () => {
    const { dialler } = diallerIn({ '10.0.0.2:7946': 'another' });
    const failure = await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946', 'no where']);
    expect(failure).toBe(
      '10.0.0.1:7946: connection refused, nothing listens there; 10.0.0.2:7946: another member answers there; ' +
        'no where: no host:port',
    );
  });

  it('says so where it knows no address of the member', async () => {
    expect(await diallerIn({}).dialler.dial('peer', [])).toBe('no address');
  });

  it('stops at the first address that leads to it', async () => {
    const { dialler, dialled } = diallerIn({ '10.0.0.1:7946': 'peer', '10.0.0.2:7946': 'peer' });
    expect(await dialler.dial('peer', ['10.0.0.1:7946', '10.0.0.2:7946'])).toBeNull();
    expect(dialled).toEqual(['10.0.0.1:7946']);
  });

  it('dials once for all who ask at the same time, and anew for who asks later', async () => {
    const { dialler, dialled } = diallerIn({ '10.0.0.2:7946': 'seed' });
    const asked = [dialler.dial('peer', ['10.0.0.1:7946']), dialler.dial('peer', ['10.0.0.1:7946'])];
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(dialled).toEqual(['10.0.0.1:7946']);
    await Promise.all([dialler.visit('10.0.0.2:7946'), dialler.visit('10.0.0.2:7946')]);
    expect(dialled).toEqual(['10.0.0.1:7946', '10.0.0.2:7946']);
    await dialler.dial('peer', ['10.0.0.1:7946']);
    expect(dialled).toEqual(['10.0.0.1:7946', '10.0.0.2:7946', '10.0.0.1:7946']);
    expect(dialler.gauges).toEqual({ dialTurns: 0, dialsWaiting: 0, dialsBegun: 3 });
  });

  it('tries all that a name leads to, also the last good addresses while it cannot be resolved', async () => {
    const server = await DnsServer.listen();
    try {
      const names = new Names({ servers: [server.address] });
      server.answers.set('mesh.example', ['10.0.0.1', '10.0.0.2']);
      const { dialler, dialled } = diallerIn({ '10.0.0.1:7946': 'a', '10.0.0.2:7946': 'b' }, names);
      const fresh = await dialler.visit('mesh.example:7946');
      expect([...fresh.reached].sort()).toEqual(['a', 'b']);
      server.answers.set('mesh.example', 'SERVFAIL');
      expect(await dialler.dial('b', ['mesh.example:7946'])).toBeNull();
      expect(await dialler.dial('c', ['mesh.example:7946'])).toContain(
        '10.0.0.1:7946 (its last good address, since the name mesh.example cannot be resolved (ESERVFAIL)): another member',
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
