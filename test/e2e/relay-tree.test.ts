import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { type Player, play, publishTee } from '../support/ffmpeg.js';
import type { OriginProcess } from '../support/origin-process.js';
import { SampleOrder } from '../support/sample-order.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/s';
const CONFIG = { relay: { tree: true, connectMs: 1_000 }, play: { mode: 'relay' } };

/** The owner `o` and some others in one zone, three members in another. */
async function twoZones(scope: ReturnType<typeof testScope>, others: readonly string[]) {
  const cluster = await Cluster.start(scope, { names: ['o'], config: { ...CONFIG, zone: 'near' } });
  for (const name of others) await cluster.add(name);
  for (const name of ['a', 'b', 'c']) await cluster.add(name, undefined, { zone: 'far' });
  await cluster.whole();
  const near = cluster.members.slice(1, 1 + others.length);
  return { cluster, o: cluster.member(0), near, far: cluster.members.slice(1 + others.length) };
}

const pulls = async (member: OriginProcess): Promise<number> =>
  (await member.stream(STREAM)).here.players.length;

/** Whom each of them pulls through; undefined: nobody. */
const ways = (members: readonly OriginProcess[]) =>
  Promise.all(members.map(async (member) => (await member.stream(STREAM)).here.relayThroughName));

const breaks = (players: readonly Player[]): unknown[] =>
  players.flatMap((player) => [...new SampleOrder().breaks(player.frames), ...player.stepsBack]);

describe('members of two zones that all play one stream', needs('ffmpeg'), () => {
  it('pull it once into the other zone, and go on from the next member when that one is killed', async () => {
    const scope = testScope();
    const { cluster, o, near, far } = await twoZones(scope, ['p', 'q']);
    publishTee(scope, [o.rtmpUrl(STREAM)]);
    await cluster.owned(STREAM, ['o']);
    const members = [...near, ...far];
    const players = new Map(members.map((member) => [member, play(scope, member.rtmpUrl(STREAM))]));
    await Promise.all([...players.values()].map((player) => player.played(25)));

    // Two into its own zone, where they are so few, and one into the other.
    expect(await ways(near)).toEqual([undefined, undefined]);
    const head = far[(await ways(far)).indexOf(undefined)] as OriginProcess;
    const others = far.filter((member) => member !== head);
    expect(await ways(others)).toEqual([head.name, head.name]);
    expect(await pulls(o)).toBe(3);
    expect((await head.stream(STREAM)).here.passesOn).toHaveLength(1);
    const { routes } = await (others[0] as OriginProcess).stream(STREAM);
    expect(routes.find(({ client }) => client === 'rtmp')).toMatchObject({
      target: 'o',
      through: head.name,
    });

    await head.kill();
    const staying = [...near, ...others].map((member) => players.get(member) as Player);
    await Promise.all(staying.map((player) => player.playsOn(50)));
    expect(breaks(staying)).toEqual([]);
    expect(staying.every(({ isRunning }) => isRunning)).toBe(true);
    const now = await ways(others);
    const next = others[now.indexOf(undefined)] as OriginProcess;
    expect(new Set(now)).toEqual(new Set([undefined, next.name]));
    expect(await pulls(o)).toBe(3);
    for (const member of others)
      expect(member.logged('relay switched owner')).toMatchObject([{ owner: 'o', splice: 'exact' }]);

    // One that hangs says nothing of it.
    next.signal('SIGSTOP');
    const last = others.find((member) => member !== next) as OriginProcess;
    const player = players.get(last) as Player;
    await player.playsOn(50);
    expect(breaks([player])).toEqual([]);
    expect(await ways([last])).toEqual([undefined]);
    next.signal('SIGCONT');
  });

  it('leave a member that drains, and lose no frame by it', async () => {
    const scope = testScope();
    const { cluster, o, far } = await twoZones(scope, []);
    publishTee(scope, [o.rtmpUrl(STREAM)]);
    await cluster.owned(STREAM, ['o']);
    const players = new Map(far.map((member) => [member, play(scope, member.rtmpUrl(STREAM))]));
    await Promise.all([...players.values()].map((player) => player.played(25)));
    const head = far[(await ways(far)).indexOf(undefined)] as OriginProcess;
    const others = far.filter((member) => member !== head);
    head.signal('SIGTERM');
    await awaitCondition('the others to have left it', async () =>
      (await ways(others)).every((through) => through !== head.name),
    );
    const staying = others.map((member) => players.get(member) as Player);
    await Promise.all(staying.map((player) => player.playsOn(50)));
    expect(breaks(staying)).toEqual([]);
    // The head itself has players still.
    expect(await pulls(o)).toBeLessThanOrEqual(2);
  });
});
