import { MemoryLog } from '@headwater/testing/memory-log';
import { beforeEach, describe, expect, it } from 'vitest';
import { Admission } from './admission.js';

let now: number;
let log: MemoryLog;
let admission: Admission;
beforeEach(() => {
  now = 1_000;
  log = new MemoryLog();
  admission = new Admission('self', log, () => now);
});

describe('a member that is refused', () => {
  it('stays so until its time is over, and nobody else is', () => {
    expect(admission.isRefused('peer')).toBe(false);
    admission.refuse('peer', 500);
    expect([admission.isRefused('peer'), admission.isRefused('another')]).toEqual([true, false]);
    now += 499;
    expect(admission.isRefused('peer')).toBe(true);
    now += 1;
    expect(admission.isRefused('peer')).toBe(false);
  });

  it('stays so where others are refused meanwhile', () => {
    admission.refuse('long', 500);
    admission.refuse('short', 10);
    now += 10;
    admission.refuse('another', 500);
    expect(['long', 'short', 'another'].map((peer) => admission.isRefused(peer))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is not let in sooner by being refused for no time at all', () => {
    admission.refuse('peer', 500);
    admission.refuse('peer', 0);
    expect(admission.isRefused('peer')).toBe(true);
  });
});

it('counts how often this process itself was at the other end of a dial', () => {
  admission.answered('peer');
  expect(admission.selfMet).toBe(0);
  admission.answered('self');
  admission.answered('self');
  expect(admission.selfMet).toBe(2);
});

it('knows how many connections are not secured yet', () => {
  expect(admission.pendingConnections).toBe(0);
  admission.pending(3);
  expect(admission.pendingConnections).toBe(3);
});

describe('what is logged of those that do not get in', () => {
  const remote = '/ip4/10.0.0.7/tcp/7946';

  it.each<[string, string, () => void]>([
    ['a stranger', 'warn stranger on the mesh port', () => admission.stranger(remote)],
    ['another key', 'error mesh handshake refused', () => admission.keyDiffers('outbound', remote)],
    ['a false key', 'warn mesh handshake failed', () => admission.undecryptable('inbound', remote)],
    ['who went away', 'debug mesh handshake failed', () => admission.brokenOff('inbound', remote, 'reset')],
  ])('%s: %s', (_, line, happens) => {
    happens();
    expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([line]);
    expect(log.lines[0]?.fields.remote).toMatch(/^10\.0\.0\.7/);
  });

  it('says of one that went away why it did', () => {
    admission.brokenOff('inbound', remote, 'reset');
    expect(log.lines[0]?.fields).toEqual({ remote: '10.0.0.7', direction: 'inbound', reason: 'reset' });
  });

  it('is said again once the keys are others', () => {
    for (let count = 0; count < 3; count += 1) admission.keyDiffers('outbound', remote);
    expect(log.lines.length).toBe(1);
    admission.keysReplaced();
    admission.keyDiffers('outbound', remote);
    expect(log.lines.length).toBe(2);
  });
});
