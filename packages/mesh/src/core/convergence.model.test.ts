import type { DirectoryView } from '@headwater/directory';
import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { LEFT_REST_MS, STRANGER_RETRY_MAX_MS } from './limits.js';
import { VirtualMesh } from './testing/virtual-mesh.js';

const SEEDS = amount({ short: 20, long: 60 });

/**
 * How long a quiet mesh may need to agree: some stand still for up to 4 s yet, and members that left and came back while
 * all seeds are away are found by those that dial them now and then.
 */
const QUIET_MS = 4_000 + LEFT_REST_MS + STRANGER_RETRY_MAX_MS + 5_000;

const KEYS = Array.from({ length: 12 }, (_, index) => `v/app/s${index}`);

/**
 * A mesh that had a bad day, by its seed: everything that may happen, in any order. `truth`: what each member claims, and
 * whether that is silent.
 */
function badDay(seed: number): { mesh: VirtualMesh; truth: Map<string, Map<string, boolean>> } {
  const mesh = new VirtualMesh(seed, ['m0:1', 'm1:1']);
  const { random } = mesh;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const names = Array.from({ length: 3 + Math.floor(random() * 5) }, (_, index) => `m${index}`);
  const truth = new Map<string, Map<string, boolean>>();
  const start = (name: string): void => {
    mesh.start(name);
    truth.set(name, new Map());
  };
  for (const name of names) start(name);
  Object.assign(mesh.weather, {
    loss: random() * 0.3,
    repetition: random() * 0.3,
    delayMaxMs: random() * 400,
  });
  for (let act = 0; act < 150; act += 1) {
    const name = pick(names);
    const { isRunning } = mesh.member(name);
    const dice = random();
    if (!isRunning) {
      if (dice < 0.3) start(name);
    } else if (dice < 0.55) {
      const key = pick(KEYS);
      const silent = random() < 0.3;
      truth.get(name)?.set(key, silent);
      const sinceMs = Math.floor(random() * 5);
      mesh.input(name, { kind: 'claim', claim: { key, sinceMs, media: {}, ...(silent && { silent }) } });
    } else if (dice < 0.8) {
      const key = pick(KEYS);
      truth.get(name)?.delete(key);
      mesh.input(name, { kind: 'release', key });
    } else if (dice < 0.84) mesh.kill(name);
    else if (dice < 0.86) {
      mesh.input(name, { kind: 'leave' });
      mesh.kill(name);
    } else if (dice < 0.91) mesh.cut(name, pick(names), random() < 0.3);
    else if (dice < 0.95) mesh.heal();
    else mesh.stall(name, random() * 4_000);
    mesh.run(random() < 0.8 ? random() * 50 : random() * 3_000);
  }
  mesh.heal();
  // Members that started anew while all seeds were away know nobody: one live seed is needed, and enough.
  if (!mesh.member('m0').isRunning && !mesh.member('m1').isRunning) start('m1');
  for (const name of names) if (!mesh.member(name).isRunning) truth.delete(name);
  return { mesh, truth };
}

/** Owners in order, each with whether it is silent. */
const ownersOf = (directory: DirectoryView, key: string): string[] =>
  directory.owners(key).map(({ member, claim }) => `${member} ${claim.silent === true}`);

describe('after a bad day, when it is quiet', () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'all members agree with the truth (seed %i)',
    (seed) => {
      const { mesh, truth } = badDay(seed);
      mesh.run(QUIET_MS);
      const expected = KEYS.map((key) => [
        key,
        [...truth]
          .flatMap(([name, claims]) => (claims.has(key) ? [`${name} ${claims.get(key)}`] : []))
          .sort(),
      ]);
      const [first] = mesh.running();
      for (const member of mesh.running()) {
        const { directory } = member.core;
        const alive = [...directory.members()]
          .filter(({ liveness }) => liveness === 'alive')
          .map(({ id }) => id);
        expect(alive.sort(), `members alive at ${member.name}`).toEqual([...truth.keys()].sort());
        const owners = KEYS.map((key) => [key, ownersOf(directory, key)] as const);
        expect(
          owners.map(([key, list]) => [key, [...list].sort()]),
          `owners at ${member.name}`,
        ).toEqual(expected);
        expect(
          owners.map(([, list]) => list),
          `order of owners at ${member.name}`,
        ).toEqual(KEYS.map((key) => first && ownersOf(first.core.directory, key)));
      }
    },
  );
});
