import { awaitCondition } from '@headwater/testing/await-condition';
import { Cluster } from '../support/cluster.js';
import { type FlvPlay, playHttp } from '../support/flv-client.js';
import { flag, whole } from '../support/options.js';
import type { OriginProcess } from '../support/origin-process.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { publishSample } from './sample-publisher.js';

const STREAM = 'live/everywhere';
const LISTED_MAX = 1_000;
const SEEDS_MAX = 3;
const STARTED_AT_ONCE = 3;
/** The last ones join a mesh of dozens on a machine of few cores. */
const START_MS = 300_000;
const LOOK_MS = 500;
/** Each player has to get on by so many. */
const PICTURES = 10;

/** How many copies of one stream its owner sends where it is played on all members of some zones; loopback. */
export const tree = bench(
  'copies that an owner sends of a stream that all members of some zones play, with relay.tree',
  {
    zones: whole('zones (3, or 2 with --quick)', { min: 1 }),
    members: whole('members of each (10, or 3 with --quick)', { min: 1 }),
    off: flag('without relay.tree as well'),
    quick: flag('fewer members'),
  },
  async (scope, values) => {
    const zones = values.zones ?? (values.quick ? 2 : 3);
    const members = values.members ?? (values.quick ? 3 : 10);
    return {
      what: `one stream played on all ${zones * members} members of ${zones} zones, one process each, loopback`,
      reach: { ownerCopies: zones + 2 },
      ...(values.off === true && { without: await measure(scope, zones, members, false) }),
      with: await measure(scope, zones, members, true),
    };
  },
);

async function measure(scope: Scope, zones: number, perZone: number, isTree: boolean): Promise<object> {
  const config = {
    relay: { tree: isTree },
    play: { mode: 'relay' },
    // One process each: dozens of them share this machine.
    workers: 0,
    // What is counted is copies: a machine that has not got the cores for them all must not take members for dead.
    mesh: { heartbeatMs: 5_000, suspectAfterMs: 120_000, deadAfterMs: 120_000 },
    log: { level: 'warn', format: 'json' },
  };
  const cluster = await Cluster.start(scope, { names: ['z0m0'], config: { ...config, zone: 'z0' } });
  const count = zones * perZone;
  for (let index = 1; index < count; index += STARTED_AT_ONCE) {
    const seeds = cluster.members.slice(0, SEEDS_MAX).map(({ seed }) => seed);
    const next = Array.from({ length: Math.min(STARTED_AT_ONCE, count - index) }, (_, more) => index + more);
    // A few at a time: how they start all at once is another bench's matter.
    const started = await Promise.all(
      next.map((number) => {
        const zone = `z${number % zones}`;
        return cluster.add(`${zone}m${Math.floor(number / zones)}`, seeds, { zone });
      }),
    );
    await allReady(started);
    console.error(`${cluster.members.length} of ${count} members are ready`);
  }
  const [owner, ...others] = cluster.members as [OriginProcess, ...OriginProcess[]];
  await allConnected(cluster.members);
  await publishSample(scope, owner.rtmpUrl(STREAM));
  await allKnow(others, owner.name);
  const plays: FlvPlay[] = [];
  for (const member of others) {
    const play = playHttp(scope, member.flvUrl(STREAM));
    plays.push(play);
    await allPlay([play]);
  }
  console.error(`${plays.length} members play`);
  await allPlay(plays);
  const copies: { readonly name: string; readonly pulls: number }[] = [];
  for (const member of [owner, ...others]) copies.push({ name: member.name, pulls: await pullsOf(member) });
  const [{ pulls: ownerCopies } = { pulls: 0 }, ...relays] = copies;
  const most = Math.max(0, ...relays.map(({ pulls }) => pulls));
  const direct = others.length - relays.reduce((sum, { pulls }) => sum + pulls, 0);
  for (const { end } of plays) if (end !== null) throw new Error('a player was disconnected');
  const figures = { ownerCopies, relaysThatPullFromTheOwner: direct, mostCopiesOfAnotherMember: most };
  await Promise.all(cluster.members.map((member) => member.kill()));
  return figures;
}

async function allReady(members: readonly OriginProcess[]): Promise<void> {
  await awaitCondition(
    'members to be ready',
    async () => {
      const answers = await Promise.all(members.map((member) => fetch(member.apiUrl('/readyz'))));
      return answers.every(({ status }) => status === 200);
    },
    { everyMs: LOOK_MS, deadlineMs: START_MS },
  );
}

/** Waits until everybody is connected with everybody. Each that is starts the deadline anew. */
async function allConnected(members: readonly OriginProcess[]): Promise<void> {
  const left = new Set(members);
  await awaitCondition(
    'all members to be connected with each other',
    async () => {
      for (const member of left) {
        const known = await member.members();
        const alive = known.filter(
          ({ liveness, self, connected }) => liveness === 'alive' && (self || connected),
        );
        if (alive.length < members.length) return false;
        left.delete(member);
      }
      return true;
    },
    { everyMs: LOOK_MS, progress: () => left.size },
  );
}

async function allKnow(members: readonly OriginProcess[], owner: string): Promise<void> {
  const left = new Set(members);
  await awaitCondition(
    'all members to know the owner',
    async () => {
      for (const member of left) {
        if (!(await member.ownerNames(STREAM)).includes(owner)) return false;
        left.delete(member);
      }
      return true;
    },
    { everyMs: LOOK_MS, progress: () => left.size },
  );
}

async function allPlay(plays: readonly FlvPlay[]): Promise<void> {
  const before = plays.map(({ reader }) => reader.pictures.length);
  await awaitCondition(
    'all of them to play',
    () => plays.every(({ reader }, index) => reader.pictures.length >= (before[index] ?? 0) + PICTURES),
    {
      everyMs: LOOK_MS,
      progress: () => plays.map(({ reader }) => reader.pictures.length).join(),
      instead: () => plays.map(({ reader, end }) => `${reader.pictures.length} ${end ?? ''}`).join(),
    },
  );
}

/** Other members' pulls of the stream that it feeds. */
async function pullsOf(member: OriginProcess): Promise<number> {
  const { here } = await member.stream(STREAM);
  if (here.players.length >= LISTED_MAX) throw new Error('more players than are listed');
  return here.players.filter(({ agent }) => agent.startsWith('headwater relay')).length;
}
