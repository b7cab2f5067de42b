import { describe, expect, it } from 'vitest';
import { TWIN_ALONE_MS, TWIN_TOLD_EVERY_MS, TWIN_WORDS_MAX } from './limits.js';
import { type VirtualMember, VirtualMesh } from './testing/virtual-mesh.js';

/** The older holder is whole again within this time after the other one is gone: found dead, the pause, and the ways. */
const WHOLE_MS = 10_000;

const OLD = 'v/app/old';
const NEW = 'v/app/new';
const OTHERS = ['s', 'a', 'b'];

/** `x` with one stream, among others; from now on its copy runs beside it, with another one. */
function meshWithTwin(others = OTHERS): VirtualMesh {
  const mesh = new VirtualMesh(3, ['s:1']);
  for (const name of others) mesh.start(name);
  mesh.start('x');
  claim(mesh, 'x', OLD);
  mesh.run(5_000);
  startTwin(mesh);
  return mesh;
}

function startTwin(mesh: VirtualMesh): VirtualMember {
  const twin = mesh.start('twin', { self: 'x', host: 'twin' });
  claim(mesh, 'twin', NEW);
  return twin;
}

const claim = (mesh: VirtualMesh, name: string, key: string): void =>
  mesh.input(name, { kind: 'claim', claim: { key, sinceMs: 1, media: {} } });

const disputed = (mesh: VirtualMesh, name: string) => mesh.member(name).core.disputed;

/** Generation and streams of `x`, as each of the others has it. */
const viewsOf = (mesh: VirtualMesh, others = OTHERS) =>
  others.map((name) => {
    const { directory } = mesh.member(name).core;
    const state = directory.member('x');
    return [state?.liveness, state?.position.generation, ...[...directory.streams()].sort()].join(' ');
  });

const generationOf = (mesh: VirtualMesh, name: string): number => mesh.member(name).core.generation;

describe('a copy of a running member', () => {
  it('shuts the older one out, which knows it within seconds', () => {
    const mesh = meshWithTwin();
    expect(disputed(mesh, 'x')).toBeNull();
    mesh.run(5_000);
    const generation = generationOf(mesh, 'twin');
    expect(disputed(mesh, 'x')).toMatchObject({ generation, since: expect.any(Number) });
    expect([...(disputed(mesh, 'x')?.by ?? [])].sort()).toEqual(['a', 'b', 's']);
    expect(disputed(mesh, 'twin')).toBeNull();
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} ${NEW}`));
  });

  it.each([
    ['is killed', (mesh: VirtualMesh) => mesh.kill('twin')],
    [
      'hangs',
      (mesh: VirtualMesh) => {
        mesh.stall('twin', 3_600_000);
      },
    ],
    [
      'leaves',
      (mesh: VirtualMesh) => {
        mesh.input('twin', { kind: 'leave' });
        mesh.run(5);
        mesh.kill('twin');
      },
    ],
    [
      'is cut off',
      (mesh: VirtualMesh) => {
        for (const name of OTHERS) mesh.cut('twin', name);
      },
    ],
  ])('leaves the older one whole after 30 s, when it %s', (_, goes) => {
    const mesh = meshWithTwin();
    mesh.run(30_000);
    const other = generationOf(mesh, 'twin');
    goes(mesh);
    mesh.run(WHOLE_MS);
    expect(disputed(mesh, 'x')).toBeNull();
    const generation = generationOf(mesh, 'x');
    expect(generation).toBeGreaterThan(other);
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} ${OLD}`));
    // What it claims from then on is seen, too.
    claim(mesh, 'x', 'v/app/next');
    mesh.run(1_000);
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} v/app/next ${OLD}`));
  });

  it('stays in force while it is there: nobody flips, nothing grows', () => {
    const mesh = meshWithTwin();
    mesh.run(20_000);
    const before = [generationOf(mesh, 'x'), generationOf(mesh, 'twin')];
    const views = viewsOf(mesh);
    const gauges = mesh.member('s').core.gauges;
    for (const member of mesh.running()) member.facts.length = 0;
    const minutes = 10;
    for (let second = 0; second < 60 * minutes; second += 1) {
      mesh.run(1_000);
      expect(disputed(mesh, 'x'), `after ${second} s`).not.toBeNull();
      expect(disputed(mesh, 'twin')).toBeNull();
      expect(viewsOf(mesh)).toEqual(views);
    }
    expect([generationOf(mesh, 'x'), generationOf(mesh, 'twin')]).toEqual(before);
    expect(mesh.member('s').core.gauges).toEqual({ ...gauges, dialsPerSecond: expect.any(Number) });
    // Both hear the others on, and are not dialled again and again.
    for (const { name, facts } of mesh.running()) {
      expect(
        facts.filter(({ msg }) => /suspect|dead|lost|gone/.test(msg)),
        name,
      ).toEqual([]);
      expect(facts.length).toBeLessThanOrEqual((minutes * 60_000) / TWIN_TOLD_EVERY_MS + 1);
    }
  });

  it('that was cut off waits in its turn: the one that stands is not voided', () => {
    const mesh = meshWithTwin();
    mesh.run(10_000);
    for (const name of OTHERS) mesh.cut('twin', name);
    mesh.run(WHOLE_MS);
    const generation = generationOf(mesh, 'x');
    mesh.heal();
    mesh.run(120_000);
    expect([disputed(mesh, 'x'), disputed(mesh, 'twin')?.generation]).toEqual([null, generation]);
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} ${OLD}`));
    mesh.kill('x');
    mesh.run(2 * WHOLE_MS);
    expect(disputed(mesh, 'twin')).toBeNull();
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generationOf(mesh, 'twin')} ${NEW}`));
  });

  it('on an unsteady network flips more and more seldom', () => {
    const mesh = meshWithTwin();
    mesh.run(10_000);
    const first = generationOf(mesh, 'twin');
    for (let round = 0; round < 60; round += 1) {
      const standing = disputed(mesh, 'x') === null ? 'x' : 'twin';
      for (const name of OTHERS) mesh.cut(standing, name);
      mesh.run(20_000);
      mesh.heal();
      mesh.run(10_000);
    }
    const taken = Math.max(generationOf(mesh, 'x'), generationOf(mesh, 'twin')) - first;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(12);
  });

  it('is not taken for gone by an older one that stood still', () => {
    const mesh = meshWithTwin();
    mesh.run(10_000);
    const generation = generationOf(mesh, 'twin');
    mesh.stall('x', 20_000);
    mesh.run(30_000);
    expect(disputed(mesh, 'x')).not.toBeNull();
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} ${NEW}`));
  });

  it('in a mesh of two leaves the older one whole again, too', () => {
    const mesh = meshWithTwin(['s']);
    mesh.run(10_000);
    expect(disputed(mesh, 'x')).not.toBeNull();
    mesh.kill('twin');
    mesh.run(WHOLE_MS);
    expect(disputed(mesh, 'x')).toBeNull();
    expect(viewsOf(mesh, ['s'])).toEqual([`alive ${generationOf(mesh, 'x')} ${OLD}`]);
  });
});

describe('copies of all members at once', () => {
  it('leave all of them whole again', () => {
    const mesh = new VirtualMesh(3, ['a:1', 'b:1', 'x:1']);
    const names = ['a', 'b', 'x'];
    for (const name of names) {
      mesh.start(name);
      claim(mesh, name, `v/app/${name}`);
    }
    mesh.run(5_000);
    for (const name of names) mesh.start(`twin of ${name}`, { self: name, host: `twin of ${name}` });
    mesh.run(10_000);
    for (const name of names) mesh.kill(`twin of ${name}`);
    mesh.run(2 * WHOLE_MS);
    const streams = names.map((name) => `v/app/${name}`);
    for (const name of names) {
      expect(disputed(mesh, name), name).toBeNull();
      expect([...mesh.member(name).core.directory.streams()].sort(), name).toEqual(streams);
    }
  });
});

describe('a member that lost count of its starts', () => {
  it('takes a newer generation than others know of it', () => {
    const mesh = new VirtualMesh(3, ['s:1']);
    for (const name of OTHERS) mesh.start(name);
    mesh.start('x');
    mesh.run(5_000);
    const { generation } = mesh.member('x');
    mesh.kill('x');
    mesh.run(5_000);
    mesh.start('x', { generation: generation - 500 });
    claim(mesh, 'x', OLD);
    mesh.run(2 * TWIN_ALONE_MS + 1_000);
    expect(disputed(mesh, 'x')).toBeNull();
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation + 1} ${OLD}`));
  });

  it('also where few know of it', () => {
    const mesh = new VirtualMesh(3, ['s:1']);
    for (const name of OTHERS) mesh.start(name);
    mesh.start('x');
    claim(mesh, 'x', OLD);
    mesh.run(5_000);
    const { generation } = mesh.member('x');
    // Only b ever met the copy.
    for (const name of ['s', 'a', 'x']) mesh.cut('b', name);
    mesh.run(5_000);
    const twin = mesh.start('twin', { self: 'x', host: 'twin', seeds: ['b:1'] });
    for (const name of ['s', 'a']) mesh.cut('twin', name);
    mesh.run(5_000);
    mesh.kill('twin');
    mesh.run(5_000);
    mesh.heal();
    mesh.run(30_000);
    expect(generationOf(mesh, 'x')).toBe(twin.generation + 1);
    expect(generation).toBeLessThan(twin.generation);
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${twin.generation + 1} ${OLD}`));
  });
});

describe('a member that lies', () => {
  it('about the identity of another one does it no harm', () => {
    const mesh = new VirtualMesh(3, ['s:1']);
    for (const name of [...OTHERS, 'x', 'liar']) mesh.start(name);
    claim(mesh, 'x', OLD);
    mesh.run(5_000);
    const { generation } = mesh.member('x');
    for (let second = 0; second < 120; second += 1) {
      for (const [told, heard] of [
        [Number.MAX_SAFE_INTEGER, true],
        [Number.MAX_SAFE_INTEGER, false],
        [2 ** 47, false],
      ] as const) {
        const members = [
          { id: 'x', position: { generation: told, version: 1 }, addresses: ['liar:1'], heard },
        ];
        mesh.input('x', { kind: 'direct', peer: 'liar', message: { kind: 'roster', members } });
      }
      mesh.run(1_000);
      expect(disputed(mesh, 'x')).toBeNull();
    }
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generation} ${OLD}`));
  });

  it('so that it may be true moves it to a newer generation a few times an hour, and hides nothing', () => {
    const mesh = new VirtualMesh(3, ['s:1']);
    for (const name of [...OTHERS, 'x', 'liar']) mesh.start(name);
    claim(mesh, 'x', OLD);
    mesh.run(5_000);
    const generations = new Set<number>();
    for (let second = 0; second < 600; second += 1) {
      const generation = generationOf(mesh, 'x');
      generations.add(generation);
      const members = [
        {
          id: 'x',
          position: { generation: generation + 10, version: 1 },
          addresses: ['liar:1'],
          heard: false,
        },
      ];
      mesh.input('x', { kind: 'direct', peer: 'liar', message: { kind: 'roster', members } });
      mesh.run(1_000);
      expect(disputed(mesh, 'x')).toBeNull();
    }
    expect(generations.size).toBe(1 + TWIN_WORDS_MAX);
    expect(viewsOf(mesh)).toEqual(OTHERS.map(() => `alive ${generationOf(mesh, 'x')} ${OLD}`));
  });
});

describe('words of a connection that hung, which do not tell which start says them', () => {
  it('take no suspicion back: they may be of an older start', () => {
    const mesh = new VirtualMesh(1, ['s:1']);
    for (const name of ['s', 'a']) mesh.start(name);
    mesh.run(5_000);
    const livenessOfA = () => mesh.member('s').core.directory.member('a')?.liveness;
    mesh.cut('a', 's', true);
    while (livenessOfA() === 'alive') mesh.run(10);
    const { generation } = mesh.member('a');
    const held = { generation: 1, version: 0 };
    mesh.input('s', { kind: 'direct', peer: 'a', message: { kind: 'pull', pull: 1, held } });
    expect(livenessOfA()).toBe('suspect');
    const load = { players: 0, publishers: 0, outboundKbps: 0 };
    const position = { generation, version: 1 };
    mesh.input('s', {
      kind: 'direct',
      peer: 'a',
      message: { kind: 'heartbeat', position, load, sentAt: 1, echo: null },
    });
    expect(livenessOfA()).toBe('alive');
  });
});
