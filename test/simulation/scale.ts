import type { Traffic } from './network/network.js';
import { profileOf } from './storm.js';
import { World } from './world.js';

/** What a mesh of some size costs, counted in a quiet network. Virtual times, so the machine does not matter. */
export interface ScaleFigures {
  readonly members: number;
  /** All start within a second: from the last start until everybody holds the words of everybody, ms. */
  readonly joinMs: number;
  /** Of one member, in one direction, while nothing happens. */
  readonly idleMessagesPerSecond: number;
  readonly idleBytesPerSecond: number;
  /** Of the whole mesh, for one publish beyond what is sent anyway; hops of the gossip included. */
  readonly messagesPerPublish: number;
  readonly bytesPerPublish: number;
  /** From a publish until the last directory has it, ms; the network needs 0.2 to 0.8 ms from one to the next. */
  readonly publishP50Ms: number;
  readonly publishP99Ms: number;
  /** 5,000 streams published at one moment by one member. */
  readonly burstMessages: number;
  readonly burstBytes: number;
  readonly burstMs: number;
}

const IDLE_MS = 10_000;
const PUBLISHES = 60;
const BURST = 5_000;
const DEADLINE_MS = 120_000;

export function scaleOf(members: number): ScaleFigures {
  const world = new World({ seed: members, seeds: [addressOf(0)], codecShare: 0.01 });
  const all = Array.from({ length: members }, (_, index) =>
    world.add(idOf(index), profileOf(`origin-${index}`)),
  );
  for (const member of all) world.timeline.after(world.random.between(0, 1_000), () => world.start(member));
  world.run(1_000);
  const joinMs = until(world, () =>
    world.running().every(({ core }) => core.isSynced && [...core.directory.members()].length === members),
  );
  world.run(5_000);

  const idle = counted(world, () => world.run(IDLE_MS));
  const times: number[] = [];
  const publishing = counted(world, () => {
    for (let count = 0; count < PUBLISHES; count += 1) {
      const owner = world.random.pick(all);
      const key = `v/live/s${count}`;
      if (owner) world.publish(owner, key);
      const hasAll = (): boolean =>
        world.running().every(({ core }) => core.directory.owners(key).length === 1);
      times.push(until(world, hasAll));
      world.run(Math.max(0, 100 - (times.at(-1) ?? 0)));
    }
  });
  let burstMs = 0;
  const burst = counted(world, () => {
    const [owner] = all;
    for (let index = 0; owner && index < BURST; index += 1) world.publish(owner, `v/burst/s${index}`);
    burstMs = until(world, () =>
      world.running().every(({ core }) => core.directory.streamCount === PUBLISHES + BURST),
    );
  });
  const beyondIdle = (one: Counted, what: keyof Traffic): number =>
    Math.max(0, one[what] - (idle[what] * one.ms) / idle.ms);
  times.sort((a, b) => a - b);
  const round = (value: number): number => Number(value.toFixed(1));
  return {
    members,
    joinMs: Math.round(joinMs),
    idleMessagesPerSecond: round((idle.messages * 1_000) / idle.ms / members),
    idleBytesPerSecond: Math.round((idle.bytes * 1_000) / idle.ms / members),
    messagesPerPublish: round(beyondIdle(publishing, 'messages') / PUBLISHES),
    bytesPerPublish: Math.round(beyondIdle(publishing, 'bytes') / PUBLISHES),
    publishP50Ms: round(times[Math.floor(times.length * 0.5)] ?? 0),
    publishP99Ms: round(times.at(-1) ?? 0),
    burstMessages: Math.round(beyondIdle(burst, 'messages')),
    burstBytes: Math.round(beyondIdle(burst, 'bytes')),
    burstMs: round(burstMs),
  };
}

/** As long as a real id. */
const idOf = (index: number): string => `12D3KooW${String(index).padStart(44, '0')}`;
const addressOf = (index: number): string => `${idOf(index)}:7946`;

/** Virtual ms until it is so, looked at each tenth of a ms. */
function until(world: World, isSo: () => boolean): number {
  const start = world.now;
  for (let step = 0.1; !isSo(); step = Math.min(step * 1.05, 5)) {
    world.run(step);
    if (world.now - start > DEADLINE_MS) throw new Error(`not within ${DEADLINE_MS} ms`);
  }
  return world.now - start;
}

interface Counted extends Traffic {
  readonly ms: number;
}

function counted(world: World, run: () => void): Counted {
  const total = (what: keyof Traffic): number =>
    [...world.network.traffic.values()].reduce((sum, traffic) => sum + traffic[what], 0);
  const before = { messages: total('messages'), bytes: total('bytes'), at: world.now };
  run();
  return {
    messages: total('messages') - before.messages,
    bytes: total('bytes') - before.bytes,
    ms: world.now - before.at,
  };
}
