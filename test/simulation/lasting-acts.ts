import { type Act, between } from './act.js';
import type { Member } from './member.js';
import { MuteProcess } from './mute-process.js';
import { JOINERS_MAX } from './plan.js';
import type { Storm } from './storm.js';
import { withFull } from './with-full.js';

/** How late a loop is whose every turn is late, ms. */
const LATE_MS = 300;

/** The mesh key before and after it is changed. */
const OLD_KEY = 'key';
const NEW_KEY = 'new-key';

/** From one member's restart to the next one's, and how long each is down, ms. */
const ROLLING_MS = 900;
const DOWN_MS = 300;

/** What goes on for long, as it does on real networks, disks and upgrades. */
export const lasting: readonly Act[] = [
  {
    trouble: 'ghosts',
    weight: 5,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || member.disputedUntil > storm.world.now) return;
      storm.world.end(member, storm.random.chance(0.7) ? 'killed' : 'silent');
      storm.later(between(storm, 200, 4_000), () => storm.reborn(member));
    },
  },
  {
    trouble: 'lasting-one-way-cut',
    weight: 1,
    run: (storm) => {
      const [a, b] = storm.pair();
      if (!a || !b || storm.world.network.paths.hasCuts) return;
      storm.cut(a, b);
      storm.later(between(storm, 20_000, 60_000), () => storm.heal(a, b));
    },
  },
  {
    trouble: 'cut-link',
    weight: 1,
    run: (storm) => {
      const [a, b] = storm.pair();
      if (!a || !b || storm.world.network.paths.hasCuts) return;
      storm.cut(a, b);
      storm.cut(b, a);
      storm.later(between(storm, 20_000, 60_000), () => {
        storm.heal(a, b);
        storm.heal(b, a);
      });
    },
  },
  { trouble: 'resets', weight: 1, run: reset },
  { trouble: 'long-paths', weight: 0.3, run: reset },
  {
    trouble: 'late-loops',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || (member.running?.lateMs ?? 0) > 0) return;
      storm.world.setLate(member, LATE_MS);
      if (storm.random.chance(0.5))
        storm.later(between(storm, 3_000, 20_000), () => storm.world.setLate(member, 0));
    },
  },
  {
    trouble: 'twins',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || member.running?.isStalled) return;
      storm.world.startTwin(member);
      storm.notLater(between(storm, 500, 12_000), () => storm.world.endTwin(member));
    },
  },
  {
    trouble: 'full',
    weight: 3,
    run: (storm) => {
      const member = storm.anyRunning();
      if (member) storm.world.setProfile(member, withFull(member.profile, storm.random.chance(0.5)));
    },
  },
  {
    trouble: 'mute',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || member.disputedUntil > storm.world.now) return;
      storm.world.end(member, 'killed');
      storm.world.trace(`a mute process answers for ${member.id}`);
      const mute = new MuteProcess(storm.world, member, () => between(storm, 300, 800));
      member.isPortTaken = true;
      storm.notLater(between(storm, 2_000, 8_000), () => {
        mute.end();
        member.isPortTaken = false;
        storm.world.start(member);
      });
    },
  },
  { trouble: 'key-change', weight: 0.5, run: changeKey },
];

function reset(storm: Storm): void {
  const [a, b] = storm.pair();
  const isAll = storm.random.chance(0.3);
  storm.world.trace(isAll ? 'all connections are reset' : `connections of ${a} and ${b} are reset`);
  storm.world.network.breakConnections(
    (one, other) => isAll || (one === a && other === b) || (one === b && other === a),
  );
}

/** By two rolling restarts: all take both keys, then all have the new one alone. */
function changeKey(storm: Storm): void {
  const phases = [[OLD_KEY, NEW_KEY], [NEW_KEY]];
  // Some may join in the meantime.
  const phaseMs = (storm.world.members.size + JOINERS_MAX) * ROLLING_MS;
  if (storm.keys.includes(NEW_KEY) || storm.leftMs < phases.length * phaseMs) return;
  phases.forEach((keys, phase) => {
    storm.later(phase * phaseMs, () => {
      storm.keys = keys;
      const members = [...storm.world.members.values()].filter(
        ({ isRetired, isHostile }) => !isRetired && !isHostile,
      );
      storm.random.shuffled(members).forEach((member, index) => {
        storm.later(index * ROLLING_MS, () => restartWith(storm, member, keys));
      });
    });
  });
}

function restartWith(storm: Storm, member: Member, keys: readonly string[]): void {
  // Its config; also where it is down for the moment, or has lost its data directory: then another one runs there.
  const there = [...storm.world.members.values()].filter(({ machine }) => machine === member.machine);
  for (const one of there) one.keys = keys;
  const running = there.find((one) => one.running !== null);
  if (running === undefined) return;
  storm.world.trace(`${running.id} restarts with the keys ${keys.join(' ')}`);
  storm.world.end(running, storm.random.chance(0.5) ? 'left' : 'killed');
  storm.later(DOWN_MS, () => storm.world.start(running));
}
