import type { Act } from './act.js';
import { between } from './act.js';

const VIDEO = { video: { codec: 'h264', width: 1280, height: 720, frameRate: 25 } };

/** What publishers and operators do. */
export const publishing: readonly Act[] = [
  {
    trouble: null,
    weight: 10,
    run: (storm) => {
      const member = storm.anyRunning();
      if (member) storm.world.publish(member, storm.anyKey(), storm.random.chance(0.3) ? VIDEO : {});
    },
  },
  {
    trouble: null,
    weight: 8,
    run: (storm) => {
      const member = storm.anyRunning();
      const key = member && storm.random.pick([...member.claims.keys()]);
      if (member && key) storm.world.unpublish(member, key);
    },
  },
  {
    trouble: null,
    weight: 6,
    run: (storm) => {
      const member = storm.anyRunning();
      const claim = member && storm.random.pick([...member.claims.values()]);
      if (!member || !claim) return;
      storm.world.setSilent(member, claim.key, claim.silent !== true);
      // Often for a moment only.
      if (storm.random.chance(0.5))
        storm.later(between(storm, 0, 3_000), () =>
          storm.world.setSilent(member, claim.key, claim.silent === true),
        );
    },
  },
  {
    trouble: null,
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || member.running?.isStalled) return;
      const outboundKbps = storm.random.whole(0, 50_000);
      member.load = { players: storm.random.whole(0, 999), publishers: member.claims.size, outboundKbps };
      member.running?.input({ kind: 'load', load: member.load });
    },
  },
  {
    trouble: 'hot-backup',
    weight: 3,
    run: (storm) => {
      const key = storm.anyKey();
      const owners = [storm.anyRunning(), storm.anyRunning()];
      for (const member of owners) if (member) storm.world.publish(member, key);
      if (storm.random.chance(0.5)) return;
      // The encoder stops: for a moment, each owner believes that the other still has the stream.
      storm.later(between(storm, 50, 5_000), () => {
        for (const member of owners) if (member) storm.world.unpublish(member, key);
        storm.later(0.1, () => storm.world.lookNow());
      });
    },
  },
  {
    trouble: 'takeover',
    weight: 3,
    run: (storm) => {
      const key = storm.anyKey();
      const [from, to] = [storm.anyRunning(), storm.anyRunning()];
      if (!from || !to || from === to) return;
      storm.world.publish(from, key);
      storm.later(between(storm, 0, 500), () => storm.world.unpublish(from, key));
      storm.later(between(storm, 0, 500), () => storm.world.publish(to, key));
    },
  },
  {
    trouble: 'burst',
    weight: 0.6,
    run: (storm) => {
      const member = storm.anyRunning();
      if (!member || storm.burstsLeft === 0) return;
      storm.burstsLeft -= 1;
      const { burst } = storm.plan;
      const keys = Array.from({ length: burst }, (_, index) => `v/burst/${member.id}-${index}`);
      storm.world.trace(`burst of ${burst} at ${member.id}`);
      for (const key of keys) storm.world.publish(member, key);
      storm.later(between(storm, 0, 4_000), () => {
        for (const key of keys) if (storm.random.chance(0.9)) storm.world.unpublish(member, key);
      });
    },
  },
  {
    trouble: 'drain',
    weight: 1,
    run: (storm) => {
      const member = storm.anyRunning();
      if (member) storm.world.setProfile(member, { ...member.profile, draining: storm.random.chance(0.5) });
    },
  },
];
