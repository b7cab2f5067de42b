import { type Act, between } from './act.js';
import { hostilities } from './hostilities.js';
import { lasting } from './lasting-acts.js';
import type { Trouble } from './plan.js';
import { publishing } from './publishing.js';

/** Ends of processes and machines. */
const endings: readonly Act[] = [
  {
    trouble: 'kill',
    weight: 3,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member) return;
      storm.world.end(member, 'killed');
      storm.restartLater(member, between(storm, 50, 12_000));
    },
  },
  {
    trouble: 'power-off',
    weight: 2,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member) return;
      storm.world.end(member, 'silent');
      storm.restartLater(member, between(storm, 500, 15_000));
    },
  },
  {
    trouble: 'leave',
    weight: 2,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || member.running?.isStalled) return;
      storm.world.end(member, 'left');
      storm.restartLater(member, between(storm, 10, 15_000));
    },
  },
  {
    trouble: 'move',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || storm.isSeed(member)) return;
      storm.world.end(member, 'killed');
      storm.moves += 1;
      member.addresses = [`${member.id}-${storm.moves}:7946`];
      storm.restartLater(member, between(storm, 10, 3_000));
    },
  },
  {
    trouble: 'rolling-restart',
    weight: 0.3,
    run: (storm) => {
      let at = 0;
      for (const member of storm.random.shuffled([...storm.world.members.values()])) {
        storm.later(at, () => storm.world.end(member, storm.random.chance(0.7) ? 'left' : 'killed'));
        storm.later(at + 600, () => storm.world.start(member));
        at += 1_500;
      }
    },
  },
  { trouble: 'join', weight: 1, run: (storm) => storm.join() },
];

/** Processes that stand still, and clocks that do not keep time. */
const standstills: readonly Act[] = [
  {
    trouble: 'stall',
    weight: 3,
    run: (storm) => {
      const member = storm.anyRunning();
      // Two stalls in a row are one longer one for everybody else.
      if (!member || member.stalledAt > storm.world.now - 4_000 || member.hungUntil > storm.world.now - 2_000)
        return;
      storm.world.stall(member, between(storm, 20, 1_500));
    },
  },
  {
    trouble: 'hang',
    weight: 1.5,
    run: (storm) => {
      const member = storm.anyRunning();
      if (member) storm.world.stall(member, between(storm, 1_600, 14_000));
    },
  },
  {
    trouble: 'clock-jump',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      const ms = between(storm, 100, 20_000);
      storm.world.trace(`clock of ${member?.id} jumps ${Math.round(ms)} ms`);
      member?.running?.jumpAhead(ms);
    },
  },
];

/** Paths that are cut. */
const cuts: readonly Act[] = [
  {
    trouble: 'cut',
    weight: 3,
    run: (storm) => {
      const [a, b] = storm.pair();
      if (!a || !b) return;
      storm.cut(a, b);
      storm.cut(b, a);
      storm.later(between(storm, 100, 15_000), () => {
        storm.heal(a, b);
        storm.heal(b, a);
      });
    },
  },
  {
    trouble: 'one-way-cut',
    weight: 2,
    run: (storm) => {
      const [a, b] = storm.pair();
      if (!a || !b) return;
      storm.cut(a, b);
      storm.later(between(storm, 100, 15_000), () => storm.heal(a, b));
    },
  },
  {
    trouble: 'split',
    weight: 1,
    run: (storm) => {
      const all = storm.random.shuffled(storm.machines());
      const here = all.slice(0, storm.random.whole(1, Math.max(1, all.length - 1)));
      const there = all.filter((id) => !here.includes(id));
      storm.world.trace(`split ${here.join(' ')} | ${there.join(' ')}`);
      const paths = here.flatMap((a) => there.map((b) => [a, b] as const));
      const isOneWay = storm.random.chance(0.15);
      for (const [a, b] of paths) {
        storm.cut(a, b);
        if (!isOneWay) storm.cut(b, a);
      }
      storm.later(between(storm, 1_000, 25_000), () => {
        for (const [a, b] of paths) {
          storm.heal(a, b);
          storm.heal(b, a);
        }
      });
    },
  },
];

/** All that these troubles may do. */
export const actsOf = (troubles: ReadonlySet<Trouble>): readonly Act[] =>
  [...publishing, ...endings, ...standstills, ...cuts, ...lasting, ...hostilities].filter(
    ({ trouble }) => trouble === null || troubles.has(trouble),
  );
