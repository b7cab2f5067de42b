import { beforeEach, describe, expect, it } from 'vitest';
import { INTRODUCE_AFTER_MS } from './limits.js';
import { acquaintanceOf } from './testing/hello-of.js';
import { LoneCore } from './testing/lone-core.js';
import { VirtualMesh } from './testing/virtual-mesh.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

/** `a` reaches these alone; then `f` leaves, which it hears of, and starts again. */
function restarted(bridges: readonly string[]): VirtualMesh {
  const mesh = new VirtualMesh(1, ['b:1']);
  mesh.weather.areHandedOn = true;
  for (const name of NAMES) mesh.start(name);
  mesh.run(4_000);
  for (const name of NAMES.slice(1)) if (!bridges.includes(name)) mesh.cut('a', name);
  mesh.run(30_000);
  mesh.input('f', { kind: 'leave' });
  mesh.run(100);
  mesh.kill('f');
  expect(mesh.member('a').core.directory.member('f')?.liveness).toBe('left');
  mesh.weather.loss = 1;
  mesh.start('f');
  mesh.run(500);
  for (const { sent } of mesh.running()) sent.length = 0;
  return mesh;
}

/** Who told `a` of that start, and of nobody else. */
const tellers = (mesh: VirtualMesh): readonly string[] =>
  mesh.running().flatMap(({ name, sent }) =>
    sent.flatMap(({ to, message }) => {
      if (to !== 'a' || message.kind !== 'roster' || message.members.length !== 1) return [];
      const [one] = message.members;
      return one?.id === 'f' && one.heard === true ? [name] : [];
    }),
  );

describe('a new start of a member', () => {
  it('is told to who does not hear it, once, by the one that both hear', () => {
    const mesh = restarted(['c']);
    mesh.run(INTRODUCE_AFTER_MS - 700);
    expect(tellers(mesh)).toEqual([]);
    mesh.run(1_000);
    expect(tellers(mesh)).toEqual(['c']);
    mesh.run(20_000);
    expect(tellers(mesh)).toEqual(['c']);
  });

  it('is told by the one with the smallest id where several could', () => {
    const mesh = restarted(['c', 'd', 'e']);
    mesh.run(4_000);
    expect(tellers(mesh)).toEqual(['c']);
  });

  it('is told to nobody where all hear it', () => {
    const mesh = restarted(NAMES);
    mesh.run(10_000);
    expect(tellers(mesh)).toEqual([]);
  });
});

describe('who tells of a new start, and to whom', () => {
  let core: LoneCore;
  const introduce = () => core.step((step) => core.introductions.tick(step)).sends;
  const told = (): string[] => introduce().map(({ to }) => to);
  const introductionTo = (to: string, generation = 1) => ({
    to,
    message: { kind: 'roster', members: [acquaintanceOf('new', { generation })] },
  });

  /** These know each other for long, and `new` has been heard here for long enough; then each says whom it hears. */
  function meet(words: Readonly<Record<string, readonly string[]>>): void {
    const ids = Object.keys(words);
    for (const id of ids) core.greet(id);
    core.now += INTRODUCE_AFTER_MS;
    core.speak(...ids);
    introduce();
    core.greet('new');
    core.now += INTRODUCE_AFTER_MS;
    core.speak('new');
    for (const id of ids) core.hears(id, ...(words[id] ?? []));
  }

  beforeEach(() => {
    core = new LoneCore();
  });

  it('is this one, to a member that does not hear it, once', () => {
    meet({ z: [] });
    expect(introduce()).toEqual([introductionTo('z')]);
    expect(introduce()).toEqual([]);
  });

  it('is nobody before a while is over', () => {
    meet({ z: [] });
    core.now -= 1;
    expect(told()).toEqual([]);
    core.now += 1;
    expect(told()).toEqual(['z']);
  });

  it('is nobody where this one does not hear it itself any more', () => {
    meet({ z: [] });
    core.disconnect('new');
    expect(told()).toEqual([]);
  });

  it('is this one again where it starts anew', () => {
    meet({ z: [] });
    introduce();
    core.greet('new', { generation: 2 });
    core.now += INTRODUCE_AFTER_MS;
    core.speak('new');
    core.hears('z', 'new');
    expect(introduce()).toEqual([introductionTo('z', 2)]);
  });

  it('is nobody to a member that hears it', () => {
    meet({ y: [], z: ['new'] });
    expect(told()).toEqual(['y']);
  });

  it('is nobody to a member that has not said yet whom it hears', () => {
    core.greet('z');
    core.greet('new');
    core.now += INTRODUCE_AFTER_MS;
    core.speak('new', 'z');
    expect(told()).toEqual([]);
  });

  it('is not this one to the new start itself', () => {
    meet({ z: [] });
    core.hears('new');
    expect(told()).toEqual(['z']);
  });

  it.each([
    ['is a member with a smaller id that hears both, and is heard', { a: ['new', 'z'], z: ['a'] }, []],
    ['is this one where that one does not hear the new start', { a: ['z'], z: ['a'] }, ['a', 'z']],
    ['is this one where that one is not heard by whom it is told', { a: ['new', 'z'], z: [] }, ['z']],
    ['is this one where that one has a greater id', { x: ['new', 'z'], z: ['x'] }, ['z']],
  ])('%s', (_, words, to) => {
    meet(words);
    expect(told()).toEqual(to);
  });

  it('is this one where the member with a smaller id has not said yet whom it hears', () => {
    meet({ a: [], z: ['a'] });
    core.disconnect('a');
    core.greet('a');
    expect(told()).toContain('z');
  });

  it('is this one where the member with a smaller id is not heard here, whatever it said before', () => {
    meet({ a: ['new', 'z'], z: ['a'] });
    core.disconnect('a');
    expect(told()).toEqual(['z']);
  });
});
