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
    log: { level: 'warn', format: 'json' },
  };
  const cluster = await Cluster.start(scope, { names: ['z0m0'], config: { ...config, zone: 'z0' } });
  for (let index = 1; index < zones * perZone; index += 1) {
    const zone = `z${index % zones}`;
    const seeds = cluster.members.slice(0, SEEDS_MAX).map(({ seed }) => seed);
    const member = await cluster.add(`${zone}m${Math.floor(index / zones)}`, seeds, { zone });
    // One after the other: how they start all at once is another bench's matter.
    await member.ready();
  }
  await cluster.whole();
  const [owner, ...others] = cluster.members as [OriginProcess, ...OriginProcess[]];
  await publishSample(scope, owner.rtmpUrl(STREAM));
  await cluster.owned(STREAM, [owner.name]);
  const plays = others.map((member) => playHttp(scope, member.flvUrl(STREAM)));
  await allPlay(plays, 25);
  const copies = await Promise.all(
    [owner, ...others].map(async (member) => [member.name, await pullsOf(member)] as const),
  );
  const [[, ownerCopies] = ['', 0], ...relays] = copies;
  const most = Math.max(0, ...relays.map(([, count]) => count));
  const direct = others.length - relays.reduce((sum, [, count]) => sum + count, 0);
  for (const { end } of plays) if (end !== null) throw new Error('a player was disconnected');
  const figures = { ownerCopies, relaysThatPullFromTheOwner: direct, mostCopiesOfAnotherMember: most };
  await Promise.all(cluster.members.map((member) => member.kill()));
  return figures;
}

async function allPlay(plays: readonly FlvPlay[], pictures: number): Promise<void> {
  await awaitCondition(
    'all of them to play',
    () => plays.every(({ reader }) => reader.pictures.length >= pictures),
    { progress: () => plays.map(({ reader }) => reader.pictures.length).join() },
  );
}

/** Other members' pulls of the stream that it feeds. */
async function pullsOf(member: OriginProcess): Promise<number> {
  const { here } = await member.stream(STREAM);
  if (here.players.length >= LISTED_MAX) throw new Error('more players than are listed');
  return here.players.filter(({ agent }) => agent.startsWith('headwater relay')).length;
}
