import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { LOAD_LEVEL_INTERVAL_MS } from './limits.js';
import { VirtualMesh } from './testing/virtual-mesh.js';

const KEY = '__defaultVhost__/live/s1';
const NAMES = ['a', 'b', 'c', 'd'];
const loadOf = (outboundKbps: number) =>
  ({ kind: 'load', load: { players: 1, publishers: 1, outboundKbps } }) as const;

function meshOf(order: 'primary' | 'spread', zoneOf: (name: string) => string | undefined = () => undefined) {
  const mesh = new VirtualMesh(7, ['a:1']);
  for (const name of NAMES) {
    const zone = zoneOf(name);
    mesh.start(name, { order, profile: { ...profileOf(name), ...(zone !== undefined && { zone }) } });
  }
  mesh.run(3_000);
  for (const [index, name] of ['a', 'b', 'c'].entries())
    mesh.input(name, { kind: 'claim', claim: { key: KEY, sinceMs: index, media: {} } });
  mesh.run(200);
  return mesh;
}

const ordersIn = (mesh: VirtualMesh): string[] =>
  NAMES.map((name) =>
    mesh
      .member(name)
      .core.directory.owners(KEY)
      .map(({ member }) => member)
      .join(''),
  );
const versionOf = (mesh: VirtualMesh, name: string): number =>
  mesh.member('d').core.directory.position(name).version;

describe('the order of owners by load', () => {
  it('is one and the same on all members, though heartbeats bring loads at different times', () => {
    const mesh = meshOf('spread');
    expect(ordersIn(mesh)).toEqual(Array(4).fill('abc'));
    mesh.input('a', loadOf(50_000));
    mesh.input('b', loadOf(9_000));
    // Long before each heartbeat has come: the levels are news, as claims are.
    mesh.run(20);
    expect(ordersIn(mesh)).toEqual(Array(4).fill('cba'));
  });

  it('tells of a level at most every LOAD_LEVEL_INTERVAL_MS, and never of a load that stays within one', () => {
    const mesh = meshOf('spread');
    const before = versionOf(mesh, 'a');
    for (let step = 0; step < 50; step += 1) {
      mesh.input('a', loadOf(step % 2 === 0 ? 500_000 : 0));
      mesh.run(100);
    }
    expect(versionOf(mesh, 'a') - before).toBeLessThanOrEqual(1 + 5_000 / LOAD_LEVEL_INTERVAL_MS);
    const settled = versionOf(mesh, 'b');
    for (let step = 0; step < 100; step += 1) {
      mesh.input('b', loadOf(step % 2 === 0 ? 900 : 1_100));
      mesh.run(200);
    }
    expect(versionOf(mesh, 'b')).toBe(settled);
  });

  it('tells nothing where owners are ordered by their claims', () => {
    const mesh = meshOf('primary');
    const before = versionOf(mesh, 'a');
    mesh.input('a', loadOf(500_000));
    mesh.run(1_000);
    expect(versionOf(mesh, 'a')).toBe(before);
    expect(ordersIn(mesh)).toEqual(Array(4).fill('abc'));
  });

  it('puts those of the own zone first', () => {
    const mesh = meshOf('primary', (name) => ({ a: 'west', b: 'east', d: 'east' })[name]);
    expect(ordersIn(mesh)).toEqual(['abc', 'bac', 'abc', 'bac']);
  });

  it('keeps its level through a change of the profile', () => {
    const mesh = meshOf('spread');
    mesh.input('a', loadOf(50_000));
    mesh.run(200);
    mesh.input('a', { kind: 'profile', profile: { ...profileOf('a'), program: 'next' } });
    mesh.run(200);
    expect(ordersIn(mesh)).toEqual(Array(4).fill('bca'));
    expect(mesh.member('d').core.directory.member('a')?.profile).toMatchObject({
      program: 'next',
      loadLevel: 6,
    });
  });
});
