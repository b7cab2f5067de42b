import { describe, expect, it } from 'vitest';
import type { Checkup } from './checkup.js';
import { diagnose, type Examined } from './diagnose.js';

const WELL: Checkup = {
  nowMs: 0,
  program: '1.0.0',
  node: 'v20',
  filesMax: 65_536,
  filesOpen: 50,
  connectionsMax: 20_000,
  diskFreeBytes: 1e11,
  disputed: false,
  seedsUnreached: [],
  seedsForeign: [],
  unreached: [],
  settings: { 'play.order': 'primary', 'play.auth': 'abc' },
};

const of = (name: string, more: Partial<Checkup> = {}, aheadMs = 0): Examined => ({
  member: `id-${name}`,
  name,
  checkup: { ...WELL, ...more },
  clock: { aheadMs, withinMs: 5 },
});

const told = (...all: readonly Examined[]): string[] =>
  diagnose(all, [], (id) => id.slice(3)).map(
    ({ weight, code, name, text }) => `${weight} ${code} ${name}: ${text}`,
  );

describe('a diagnosis', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(told(of('a'), of('b'), of('c', {}, 1500))).toEqual([]);
  });

  it('names who is taken for dead', () => {
    expect(diagnose([of('a')], [], String, ['b'])).toMatchObject([
      { weight: 'warning', code: 'member-dead', name: 'b' },
    ]);
  });

  it.each<[string, Partial<Checkup>, number, RegExp]>([
    ['a twin', { disputed: true }, 0, /^critical identity-disputed a/],
    [
      'a worker that ends at each start',
      { workersDown: [{ worker: 2, why: 'status 1' }] },
      0,
      /^critical worker-down a: its media worker 2 takes no connections \(status 1\)/,
    ],
    [
      'no mesh',
      { waitingFor: 'no seed has answered yet (b:7946: refused)' },
      0,
      /^critical not-joined a: it is not in the mesh yet: no seed has answered yet \(b:7946: refused\)$/,
    ],
    ['another key', { seedsForeign: ['s:7946'] }, 0, /^critical seed-foreign a: .*mesh\.key/],
    ['a seed that is down', { seedsUnreached: ['s:7946'] }, 0, /^warning seed-unreached a: the seed s:7946/],
    [
      'a closed port',
      { unreached: [{ member: 'id-b', address: 'b:1935' }] },
      0,
      /^critical member-unreached a: .* b at b:1935/,
    ],
    ['a clock', {}, -9000, /^warning clock-off a: its clock is 9000 ms behind/],
    ['few files', { filesMax: 1024 }, 0, /^warning files-few a: .* 20200$/],
    ['no files', { filesMax: 1024, filesOpen: 1000 }, 0, /^critical files-used-up a/],
    ['a full disk', { diskFreeBytes: 5e6 }, 0, /^warning disk-full a: 4 MiB/],
    [
      'an older release',
      { program: '0.9.0' },
      0,
      /^note release-differs a: it runs release 0\.9\.0, most run 1\.0\.0/,
    ],
    [
      'another order',
      { settings: { 'play.order': 'spread' } },
      0,
      /^warning config-differs a: play\.order .*: spread here, primary/,
    ],
    [
      'other rules',
      { settings: { 'play.auth': 'xyz' } },
      0,
      /^warning config-differs a: play\.auth differs from other members'$/,
    ],
  ])('names %s', (_, more, aheadMs, line) => {
    const lines = told(of('a', more, aheadMs), of('b'), of('c'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(line);
  });

  it('begins with what weighs most, and with who did not answer', () => {
    const all = diagnose(
      [of('a', { program: '2', seedsUnreached: ['s:1'], disputed: true }), of('b'), of('c')],
      [
        { name: 'd', reason: 'deadline' },
        { name: 'e', reason: 'unknown-question' },
      ],
      String,
    );
    expect(all.map(({ weight, name }) => `${weight} ${name}`)).toEqual([
      'critical d',
      'critical a',
      'warning a',
      'note e',
      'note a',
    ]);
  });
});
