import type { DirectMessage } from '@headwater/mesh/core';
import { encode } from '@headwater/mesh/wire';
import type { Act } from './act.js';
import { signedBytesOf } from './parcel.js';
import { proofOf } from './seal.js';
import type { Storm } from './storm.js';

/** What a member does that was admitted and means ill. It has its own key, and nobody else's. */
const hostile = (weight: number, run: (storm: Storm, self: string) => void): Act => ({
  trouble: 'hostile',
  weight,
  run: (storm) => {
    const self = storm.random.pick(storm.world.running().filter(({ id }) => storm.world.isHostile(id)));
    if (self && !self.isStalled) run(storm, self.id);
  },
});

const FAR = Number.MAX_SAFE_INTEGER;

/** Says it to one member, or to all. */
function say(storm: Storm, self: string, message: DirectMessage): void {
  const endpoint = storm.world.member(self).running?.endpoint;
  for (const peer of storm.random.shuffled(endpoint?.connected ?? []).slice(0, storm.random.whole(1, 4)))
    endpoint?.send(peer, { author: self, message, encoded: null, bytes: 100 });
}

export const hostilities: readonly Act[] = [
  // Plays again what others once signed.
  hostile(4, (storm, self) => {
    const endpoint = storm.world.member(self).running?.endpoint;
    for (const parcel of storm.random.shuffled(storm.world.overheard).slice(0, 10))
      endpoint?.broadcast(parcel);
  }),
  // Speaks in another's name: its own signature, or its own connection, with another member inside.
  hostile(3, (storm, self) => {
    const victim = storm.anyRunning();
    if (!victim) return;
    const { generation, version } = victim.running?.core.directory.position(victim.id) ?? {
      generation: 1,
      version: 1,
    };
    const claim = { key: 'v/stolen/stream', sinceMs: 1, media: {} };
    const delta = {
      member: victim.id,
      generation: generation + storm.random.whole(0, 1),
      from: version,
      to: version + 1,
      entries: [{ kind: 'claim', version: version + 1, claim } as const],
    };
    storm.world.member(self).running?.endpoint.broadcast({
      author: self,
      message: { kind: 'delta', delta },
      encoded: null,
      bytes: 100,
    });
    say(storm, self, { kind: 'delta-part', pull: storm.random.whole(1, 50), index: 0, last: true, delta });
  }),
  // Has a member prove who it is, with a message as the words to sign, and hands the proof on as that member's broadcast.
  hostile(3, (storm, self) => {
    const victim = storm.anyRunning();
    if (!victim?.running) return;
    const { generation, version } = victim.running.core.directory.position(victim.id);
    const claim = { key: 'v/stolen/stream', sinceMs: 1, media: {} };
    const message = {
      kind: 'delta',
      delta: {
        member: victim.id,
        generation,
        from: version,
        to: version + 1,
        entries: [{ kind: 'claim', version: version + 1, claim }],
      },
    } as const;
    const handMade = proofOf(victim.id, encode(message), storm.world.sealing);
    const parcel = { author: victim.id, message, encoded: null, bytes: 200, handMade };
    storm.world.member(self).running?.endpoint.broadcast(parcel);
  }),
  // Tells of members that are not, and of others at wrong places and with wrong positions.
  hostile(2, (storm, self) => {
    const ghosts = Array.from({ length: storm.random.whole(1, 30) }, () => ({
      id: `ghost-${storm.random.whole(0, 400)}`,
      position: { generation: FAR, version: FAR },
      addresses: storm.random.chance(0.2) ? [`${storm.anyRunning()?.id}:7946`] : ['nowhere:7946'],
    }));
    const liars = [...storm.world.members.keys()].map((id) => ({
      id,
      position: { generation: FAR, version: FAR },
      addresses: ['nowhere:7946', `${self}:7946`],
    }));
    say(storm, self, { kind: 'roster', members: [...ghosts, ...liars] });
  }),
  // Says nonsense about itself.
  hostile(2, (storm, self) => {
    const position = { generation: storm.random.pick([1, FAR]) ?? 1, version: FAR };
    const load = { players: 1, publishers: 1, outboundKbps: 1 };
    say(storm, self, { kind: 'heartbeat', position, load, sentAt: 0, echo: { sentAt: FAR, heldMs: FAR } });
    say(storm, self, {
      kind: 'words',
      ask: storm.random.whole(0, 20),
      last: storm.random.chance(0.5),
      envelopes: storm.world.overheard
        .slice(0, 3)
        .map((parcel) => signedBytesOf(parcel, storm.world.sealing)),
    });
    say(storm, self, { kind: 'more', pull: storm.random.whole(0, 100) });
    say(storm, self, {
      kind: 'snapshot-part',
      pull: storm.random.whole(0, 100),
      index: storm.random.whole(0, 3),
      last: storm.random.chance(0.5),
      position,
      profile: null,
      claims: [],
    });
  }),
  // Asks for more than is its share.
  hostile(1, (storm, self) => {
    for (let count = 0; count < 60; count += 1) {
      say(storm, self, { kind: 'pull', pull: count, held: { generation: 0, version: 0 } });
      say(storm, self, { kind: 'ask', ask: count, owner: 'm0', held: { generation: 0, version: 0 } });
    }
  }),
  // Says that it leaves, and goes on; or leaves in a start that it never had.
  hostile(1, (storm, self) =>
    say(storm, self, { kind: 'leave', generation: storm.random.pick([1, FAR]) ?? 1 }),
  ),
  // Sends what is no message at all.
  hostile(1, (storm, self) => {
    const victim = storm.anyRunning();
    for (let count = storm.random.whole(1, 30); count > 0; count -= 1)
      victim?.running?.input({ kind: 'offence', peer: self, reason: 'garbage' });
  }),
];
