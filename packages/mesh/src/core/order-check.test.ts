import { expect, it } from 'vitest';
import { VirtualMesh } from './testing/virtual-mesh.js';

const MSG = 'play.order differs between members';

it('warns on both sides, once per member, where members order owners differently', () => {
  const mesh = new VirtualMesh(1, ['a:1']);
  mesh.start('a');
  mesh.start('b', { order: 'spread' });
  mesh.start('c', { order: 'primary' });
  mesh.run(3_000);
  const told = (name: string): unknown[] =>
    mesh
      .member(name)
      .facts.filter(({ msg }) => msg === MSG)
      .map(({ level, fields: { member, ownOrder, otherOrder } }) => [level, member, ownOrder, otherOrder]);
  const expected = {
    a: [['warn', 'b', 'primary', 'spread']],
    b: [
      ['warn', 'a', 'spread', 'primary'],
      ['warn', 'c', 'spread', 'primary'],
    ],
    c: [['warn', 'b', 'primary', 'spread']],
  };
  const all = () => ({ a: told('a'), b: told('b').sort(), c: told('c') });
  expect(all()).toEqual(expected);

  // Greeted again after a cut, and after restarts with either order: nothing new.
  mesh.cut('a', 'b');
  mesh.run(5_000);
  mesh.heal();
  mesh.run(5_000);
  expect(all()).toEqual(expected);
  mesh.kill('b');
  mesh.start('b', { order: 'primary' });
  mesh.run(5_000);
  expect(all()).toEqual(expected);
  mesh.kill('b');
  mesh.start('b', { order: 'spread' });
  mesh.run(5_000);
  expect({ a: told('a'), c: told('c') }).toEqual({ a: expected.a, c: expected.c });
});
