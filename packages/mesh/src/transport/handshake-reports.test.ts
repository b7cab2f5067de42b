import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it } from 'vitest';
import { HandshakeReports } from './handshake-reports.js';

const remote = (host: string, port = 40_000): string => `/ip4/${host}/tcp/${port}`;

/** What was said up to the last of so many times: powers of two. */
const ROUND = [1, 2, 4, 8];

let log: MemoryLog;
let reports: HandshakeReports;
beforeEach(() => {
  log = new MemoryLog();
  reports = new HandshakeReports(log);
});

/** Each time from another port of the same host, as connections come. */
const times = (count: number, report: (from: string) => void): void => {
  for (let port = 40_000; port < 40_000 + count; port += 1) report(remote('192.0.2.7', port));
};

const countsOf = (msg: string): unknown[] => log.of(msg).map(({ count }) => count);

describe('HandshakeReports', () => {
  describe('of a stranger', () => {
    it('warns with the host alone: the port that it comes from says nothing', () => {
      reports.stranger(remote('192.0.2.7'));
      expect(log.lines).toEqual([
        {
          level: 'warn',
          msg: 'stranger on the mesh port',
          fields: {
            remote: '192.0.2.7',
            count: 1,
            reason: 'what it sent is nothing that a member of this release sends',
          },
        },
      ]);
    });

    it('says so ever more seldom, however often it comes', () => {
      times(15, (from) => reports.stranger(from));
      expect(countsOf('stranger on the mesh port')).toEqual(ROUND);
    });
  });

  describe('of a key that differs', () => {
    it('is an error that says what to do, at once where this member dialled', () => {
      reports.keyDiffers('outbound', remote('192.0.2.7', 7_946));
      expect(log.lines).toEqual([
        {
          level: 'error',
          msg: 'mesh handshake refused',
          fields: {
            remote: '192.0.2.7:7946',
            direction: 'outbound',
            reason: 'mesh.key differs between this member and that one',
            hint: 'set the same mesh.key (HEADWATER_MESH_KEY) on every member, and reload or restart the one that differs',
          },
        },
      ]);
    });

    it('waits for a second time where the other side dialled, which may have been stopped amid its offers', () => {
      times(1, (from) => reports.keyDiffers('inbound', from));
      expect(log.lines).toEqual([]);
      times(1, (from) => reports.keyDiffers('inbound', from));
      expect(log.of('mesh handshake refused')).toMatchObject([{ remote: '192.0.2.7', direction: 'inbound' }]);
    });

    it('says so once for each remote and direction, however often it is tried', () => {
      times(20, (from) => reports.keyDiffers('inbound', from));
      for (let count = 0; count < 20; count += 1)
        for (const port of [7_946, 7_947]) reports.keyDiffers('outbound', remote('192.0.2.7', port));
      const said = log.of('mesh handshake refused').map((fields) => `${fields.direction} ${fields.remote}`);
      expect(said).toEqual(['inbound 192.0.2.7', 'outbound 192.0.2.7:7946', 'outbound 192.0.2.7:7947']);
    });
  });

  describe('of what cannot be decrypted', () => {
    it('warns of damage, or of somebody who names the key without having it', () => {
      reports.undecryptable('outbound', remote('192.0.2.7', 7_946));
      expect(log.lines).toEqual([
        {
          level: 'warn',
          msg: 'mesh handshake failed',
          fields: {
            remote: '192.0.2.7:7946',
            direction: 'outbound',
            count: 1,
            reason:
              'what it sent cannot be decrypted: damaged on the way, or from somebody who names our mesh.key without having it',
          },
        },
      ]);
    });

    it('says so ever more seldom, however often it comes', () => {
      times(15, (from) => reports.undecryptable('inbound', from));
      expect(countsOf('mesh handshake failed')).toEqual(ROUND);
    });
  });

  it('only notes a handshake that was broken off, which happens, each time', () => {
    for (const direction of ['inbound', 'outbound'] as const)
      reports.brokenOff(direction, remote('192.0.2.7', 7_946), 'closed');
    const fields = { direction: 'inbound', remote: '192.0.2.7', reason: 'closed' };
    expect(log.lines).toEqual([
      { level: 'debug', msg: 'mesh handshake failed', fields },
      {
        level: 'debug',
        msg: 'mesh handshake failed',
        fields: { ...fields, direction: 'outbound', remote: '192.0.2.7:7946' },
      },
    ]);
  });

  it('counts each remote, and each kind of trouble with it, for itself', () => {
    for (const host of ['192.0.2.7', '192.0.2.8']) {
      reports.stranger(remote(host));
      reports.undecryptable('inbound', remote(host));
    }
    expect(log.lines.map(({ fields }) => [fields.remote, fields.count])).toEqual([
      ['192.0.2.7', 1],
      ['192.0.2.7', 1],
      ['192.0.2.8', 1],
      ['192.0.2.8', 1],
    ]);
  });

  it('tells again once the keys were replaced', () => {
    const report = (): void => reports.keyDiffers('outbound', remote('192.0.2.7'));
    report();
    reports.begin();
    report();
    expect(log.of('mesh handshake refused')).toHaveLength(2);
  });

  it('names a remote that is no address as it is', () => {
    reports.brokenOff('inbound', 'unknown', 'closed');
    expect(log.lines).toMatchObject([{ fields: { remote: 'unknown' } }]);
  });

  it('remembers a thousand remotes, and forgets all of them at one more', () => {
    const host = (index: number): string => remote(`10.0.${index >> 8}.${index & 255}`, 7_946);
    const report = (index: number): void => reports.keyDiffers('outbound', host(index));
    const said = (): number => log.of('mesh handshake refused').length;
    for (let index = 0; index < 1_023; index += 1) report(index);
    report(0);
    expect(said()).toBe(1_023);
    report(1_023);
    report(0);
    expect(said()).toBe(1_025);
  });
});
