import { expect, it } from 'vitest';
import { MEMBERS, planOf, WORKERS } from './plan.js';

const SEEDS = 300;
const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

it('draws the same plan of the same seed, and another of another', () => {
  for (const membersDie of [false, true]) {
    const options = { membersDie, hasFaults: true };
    expect(planOf(7, options)).toEqual(planOf(7, options));
    expect(planOf(7, options)).not.toEqual(planOf(8, options));
  }
});

it('never has two outputs of a stream on one member, and heals all that it harms', () => {
  for (const seed of seeds) {
    const { streams, faults } = planOf(seed, { membersDie: false, hasFaults: true });
    for (const { name, outputs } of streams) {
      const at = new Map(outputs.map((output) => [output.name, { member: output.member, state: 'flowing' }]));
      for (const fault of faults) {
        if (!('output' in fault) || !fault.output.startsWith(name)) continue;
        const out = at.get(fault.output);
        if (out === undefined) throw new Error(`no output ${fault.output}`);
        if (fault.kind === 'opened') {
          expect(out.state).toBe('closed');
          out.member = fault.member;
          out.state = fault.sends;
        } else {
          // Only who is silent may close as well.
          const isDown = out.state !== 'flowing';
          expect(isDown).toBe(
            fault.kind === 'resumed' || (fault.kind === 'closed' && out.state === 'silent'),
          );
          out.state = fault.kind === 'resumed' ? 'flowing' : fault.kind;
        }
        const connected = [...at.values()].filter(({ state }) => state !== 'closed');
        expect(new Set(connected.map(({ member }) => member)).size).toBe(connected.length);
      }
      expect([...at.values()].map(({ state }) => state)).toEqual(['flowing', 'flowing']);
    }
  }
});

it('has all kinds of faults within a few hundred seeds, on every member', () => {
  const faults = seeds.flatMap((seed) => planOf(seed, { membersDie: true, hasFaults: true }).faults);
  const kinds = new Set(faults.map(({ kind }) => kind));
  expect(kinds).toEqual(
    new Set(
      'silent held resumed closed opened killed restarted stopped continued joins leaves'.split(
        ' ',
      ) as never[],
    ),
  );
  const hit = new Set(faults.flatMap((fault) => (fault.kind === 'killed' ? [fault.member] : [])));
  expect(hit.size).toBe(MEMBERS);
});

it('has workers that crash and that hang, on every member, where they are to die', () => {
  const faults = seeds.flatMap(
    (seed) => planOf(seed, { membersDie: false, workersDie: true, hasFaults: true }).faults,
  );
  const lost = faults.flatMap((fault) =>
    'worker' in fault ? [`${fault.kind} ${fault.member} ${fault.worker}`] : [],
  );
  expect(new Set(lost).size).toBe(2 * MEMBERS * WORKERS);
});

it('leaves members alone, and everything, where it is told to', () => {
  for (const seed of seeds) {
    const calm = planOf(seed, { membersDie: false, hasFaults: true });
    expect(calm.faults.some((fault) => 'member' in fault && !('output' in fault))).toBe(false);
    expect(planOf(seed, { membersDie: true, hasFaults: false }).faults).toEqual([]);
  }
});

it('brings each member back before the next one falls', () => {
  for (const seed of seeds) {
    let down: number | null = null;
    for (const fault of planOf(seed, { membersDie: true, hasFaults: true }).faults) {
      if (fault.kind === 'killed' || fault.kind === 'stopped') {
        expect(down).toBeNull();
        down = fault.member;
      } else if (fault.kind === 'restarted' || fault.kind === 'continued') {
        expect(fault.member).toBe(down);
        down = null;
      }
    }
    expect(down).toBeNull();
  }
});
