import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import {
  DIALS_PER_SECOND_MAX,
  FORGET_AFTER_MS,
  GONE_KEPT_MS,
  MEMBERS_MAX,
  PEERS_MAX,
  RECENTLY_LOST_MS,
} from './limits.js';
import { VirtualMesh } from './testing/virtual-mesh.js';

const MINUTE = 60_000;
/** Nothing but the CPU's time is taken here. */
const HANG_MS = 600_000;
const SEED = 's:1';
const GHOSTS = amount({ short: 60, long: 300 });
/** More than what is kept for an hour, twice: what it comes to and whether it stays there. */
const HALF_MINUTES = amount({ short: 15, long: 75 });

interface Measured {
  readonly peers: number;
  readonly records: number;
  /** Of all members together. */
  readonly dialsPerSecond: number;
}

/** The most that anybody held, and what all dialled, from now on for so many minutes; `act` at the start of each. */
function watch(mesh: VirtualMesh, minutes: number, act: (minute: number) => void): Measured {
  const before = mesh.dials + mesh.visits;
  let [peers, records] = [0, 0];
  for (let minute = 0; minute < minutes; minute += 1) {
    act(minute);
    for (let part = 0; part < 6; part += 1) {
      mesh.run(MINUTE / 6);
      for (const { core } of mesh.running()) {
        peers = Math.max(peers, core.gauges.peers);
        records = Math.max(records, core.gauges.records);
      }
    }
  }
  return { peers, records, dialsPerSecond: (mesh.dials + mesh.visits - before) / (minutes * 60) };
}

function meshOf(members: number): VirtualMesh {
  const mesh = new VirtualMesh(7, [SEED]);
  mesh.keepsSent = false;
  mesh.start('s');
  for (let index = 0; index < members; index += 1) mesh.start(`m${index}`);
  mesh.run(5_000);
  return mesh;
}

const aliveAt = (mesh: VirtualMesh, name: string): string[] =>
  [...mesh.member(name).core.directory.members()]
    .filter(({ liveness }) => liveness === 'alive')
    .map(({ id }) => id)
    .sort();

const expectWhole = (mesh: VirtualMesh): void => {
  const everybody = mesh
    .running()
    .map(({ id }) => id)
    .sort();
  for (const { name } of mesh.running()) expect(aliveAt(mesh, name), name).toEqual(everybody);
};

/** One member crashes and comes back as somebody else. `isElsewhere`: at another address, too. */
function reborn(mesh: VirtualMesh, index: number, life: number, isElsewhere: boolean): void {
  mesh.remove(life === 0 ? `m${index}` : `m${index}-${life}`);
  mesh.run(2_000);
  const name = `m${index}-${life + 1}`;
  mesh.start(name, { host: isElsewhere ? name : `m${index}` });
}

describe('members that lose their data folder at each crash, one a minute', () => {
  it.each([
    // One that was there before may be known until its successor is.
    ['at the addresses where they were', false, { peers: 5, records: 6, dialsPerSecond: 1.5 }],
    // An hour's, and each of the 5 dials those of the last minutes: not flat before.
    ...amount({
      short: [],
      long: [['at other addresses', true, { peers: 66, records: 67, dialsPerSecond: 10 }] as const],
    }),
  ] as const)(
    'leave nothing that grows: %s',
    (_, isElsewhere, most) => {
      const mesh = meshOf(4);
      let crash = 0;
      const act = (): void => {
        reborn(mesh, crash % 4, Math.floor(crash / 4), isElsewhere);
        crash += 1;
      };
      const settling = watch(mesh, HALF_MINUTES, act);
      const settled = watch(mesh, HALF_MINUTES, act);
      for (const what of ['peers', 'records', 'dialsPerSecond'] as const) {
        expect(settled[what], what).toBeLessThanOrEqual(most[what]);
        // Flat: the second half is as the first one was at its end.
        expect(settled[what], what).toBeLessThanOrEqual(settling[what] * 1.35);
      }
      mesh.run(5_000);
      expectWhole(mesh);
    },
    HANG_MS,
  );
});

describe(`${GHOSTS} ghosts`, () => {
  it(
    'keep no live member out',
    () => {
      const mesh = meshOf(2);
      for (let index = 0; index < GHOSTS; index += 1) {
        mesh.start(`ghost${index}`);
        mesh.run(1_000);
        mesh.remove(`ghost${index}`);
      }
      expect(mesh.member('s').core.gauges).toMatchObject({
        peers: Math.min(PEERS_MAX, GHOSTS + 2),
        records: Math.min(MEMBERS_MAX, GHOSTS + 3),
      });
      for (let index = 0; index < 20; index += 1) mesh.start(`live${index}`);
      mesh.run(20_000);
      expectWhole(mesh);
      for (const { core } of mesh.running()) {
        expect(core.gauges.peers).toBeLessThanOrEqual(PEERS_MAX);
        expect(core.gauges.records).toBeLessThanOrEqual(MEMBERS_MAX);
        expect(core.gauges.dialsPerSecond).toBeLessThanOrEqual(2 * DIALS_PER_SECOND_MAX);
      }
    },
    HANG_MS,
  );
});

describe('who is gone', () => {
  it('is dialled with growing pauses, and forgotten after an hour', () => {
    const mesh = meshOf(1);
    mesh.remove('m0');
    const dialsIn = (ms: number): number => {
      const before = mesh.dials;
      mesh.run(ms);
      return mesh.dials - before;
    };
    const first = dialsIn(RECENTLY_LOST_MS);
    mesh.run(GONE_KEPT_MS);
    const later = dialsIn(10 * MINUTE);
    mesh.run(FORGET_AFTER_MS - 11 * MINUTE - GONE_KEPT_MS - 5_000);
    expect(mesh.member('s').core.gauges.gone).toBe(1);
    mesh.run(10_000);
    expect(mesh.member('s').core.gauges).toMatchObject({ peers: 0, records: 1 });
    expect(dialsIn(10 * MINUTE)).toBe(0);
    expect(first).toBeGreaterThan(10);
    expect(later).toBeLessThan(20);
  });

  it('and was left behind a cut is found within an eighth of that time, without any seed', () => {
    const mesh = meshOf(4);
    mesh.remove('s');
    mesh.run(MINUTE);
    for (const a of ['m0', 'm1']) for (const b of ['m2', 'm3']) mesh.cut(a, b);
    mesh.run(8 * MINUTE);
    mesh.heal();
    mesh.run(MINUTE + 5_000);
    expectWhole(mesh);
  });

  it(
    'from one member alone is dialled often while others hear it, and never forgotten',
    () => {
      const mesh = meshOf(3);
      mesh.cut('m0', 'm1');
      mesh.run(2 * FORGET_AFTER_MS);
      expect(mesh.member('m0').core.directory.member('m1')?.liveness).toBe('unreachable');
      mesh.heal();
      mesh.run(4_000);
      expectWhole(mesh);
    },
    HANG_MS,
  );

  it(
    'everywhere is not kept for the sake of those who name it',
    () => {
      const mesh = meshOf(5);
      mesh.remove('m4');
      mesh.run(FORGET_AFTER_MS + 10_000);
      for (const { core } of mesh.running()) expect(core.peer('m4')).toBeUndefined();
      // Who comes later does not hear of it at all.
      mesh.start('late');
      mesh.run(5_000);
      expectWhole(mesh);
      for (const { core } of mesh.running()) expect(core.gauges).toMatchObject({ peers: 5, gone: 0 });
    },
    HANG_MS,
  );
});
