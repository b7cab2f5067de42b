import { awaitCondition } from '@headwater/testing/await-condition';
import type { RtmpMessage } from '@headwater/testing/rtmp-chunks';
import { Cluster } from '../support/cluster.js';
import { flag, whole } from '../support/options.js';
import type { OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { LoadProcess } from './load-process.js';
import { publishSample } from './sample-publisher.js';

const MERGE_MS = 30;
const PLAYS = 40;
const LATENCY_FRAMES = 250;
const VIDEO = 9;
/** From the last player's end to the end of the pull. */
const LINGER_MS = 0;

/** A stream with a GOP of 1 s, published on one member and played from another that relays it; loopback. */
export const relay = bench(
  'a stream played from a member that relays it: first frames, latency, cost',
  {
    players: whole('players on the relaying member (1000, or 200 with --quick)', { min: 1 }),
    quick: flag('fewer players and plays'),
  },
  async (scope, values) => {
    const players = values.players ?? (values.quick ? 200 : 1000);
    const plays = values.quick ? PLAYS / 4 : PLAYS;
    const cluster = await Cluster.start(scope, {
      names: ['owner', 'relay'],
      config: {
        play: { mergeMs: MERGE_MS },
        relay: { lingerMs: LINGER_MS },
        log: { level: 'info', format: 'json' },
      },
    });
    const [owner, other] = [cluster.member(0), cluster.member(1)];
    await publishSample(scope, owner.rtmpUrl('live/bench'));
    await cluster.owned('live/bench', [owner.name]);

    const local = await firstFrames(scope, owner, plays);
    const cold = await firstFrames(scope, other, plays, () => relayPulls(owner) === 0);
    const frames = values.quick ? LATENCY_FRAMES / 4 : LATENCY_FRAMES;
    const added = await latencyAdded(scope, owner, other, frames);
    const warm = await withPlayer(scope, other, () => firstFrames(scope, other, plays));
    return {
      what: 'RTMP play through a relay, 2 members, GOP 1 s, loopback',
      reach: { firstFrameP95Ms: 100, latencyAddedP95Ms: 20 + MERGE_MS, pulls: 1 },
      mergeMs: MERGE_MS,
      firstFrameAfterPlay: { local, relayThatMustPullFirst: cold, relayThatPullsAlready: warm },
      latencyAddedAgainstLocal: added,
      joinsAtOnce: await joinsAtOnce(scope, owner, other, players),
    };
  },
);

/** From `play` to the first picture, one player after the other. `isReady` holds each back. */
async function firstFrames(
  scope: Scope,
  member: OriginProcess,
  plays: number,
  isReady: () => boolean = () => true,
): Promise<object> {
  const timesMs: number[] = [];
  for (let play = 0; play < plays; play += 1) {
    await awaitCondition('the pull before to end', isReady);
    const client = await connected(scope, member);
    const picture = messageAt(client, isPicture);
    const startMs = performance.now();
    client.play('bench');
    timesMs.push((await picture) - startMs);
    client.socket.destroy();
  }
  return spreadOf(timesMs);
}

/** The same frames at a player of each member: by how much later they come through the relay. */
async function latencyAdded(
  scope: Scope,
  owner: OriginProcess,
  other: OriginProcess,
  frames: number,
): Promise<object> {
  const [local, relayed] = await Promise.all([owner, other].map((member) => playing(scope, member)));
  if (local === undefined || relayed === undefined) throw new Error('no players');
  const localMs = arrivals(local);
  const relayedMs = arrivals(relayed);
  const both = () => [...relayedMs.keys()].filter((timestampMs) => localMs.has(timestampMs));
  await awaitCondition(`${frames} frames at both players`, () => both().length >= frames, {
    deadlineMs: 60_000,
    everyMs: 100,
  });
  for (const client of [local, relayed]) client.socket.destroy();
  return spreadOf(
    both().map((timestampMs) => (relayedMs.get(timestampMs) ?? 0) - (localMs.get(timestampMs) ?? 0)),
  );
}

/** When each video frame came, by its timestamp; from now on. */
function arrivals(client: RtmpClient): Map<number, number> {
  const atMs = new Map<number, number>();
  let read = client.messages.length;
  client.socket.on('data', () => {
    const nowMs = performance.now();
    for (const message of client.messages.slice(read)) {
      if (isPicture(message)) atMs.set(message.timestampMs, nowMs);
    }
    read = client.messages.length;
  });
  return atMs;
}

async function joinsAtOnce(
  scope: Scope,
  owner: OriginProcess,
  other: OriginProcess,
  players: number,
): Promise<object> {
  await awaitCondition('the pull before to end', () => relayPulls(owner) === 0);
  const before = owner.logged('play routed').filter(({ mark }) => mark === 'relay').length;
  const startMs = performance.now();
  const load = await LoadProcess.start(scope, {
    protocol: 'rtmp',
    port: other.ports.rtmp,
    app: 'live',
    stream: 'bench',
    players,
  });
  const allHaveMediaMs = Math.round(performance.now() - startMs);
  const pulls = owner.logged('play routed').filter(({ mark }) => mark === 'relay').length - before;
  const { closed } = await load.report();
  await load.stop();
  return { players, pulls, playersLost: closed, allHaveMediaMs };
}

/** Pulls of other members that this one serves now, by its log. */
function relayPulls(owner: OriginProcess): number {
  const pulls = owner.logged('play routed').filter(({ mark }) => mark === 'relay');
  const clients = new Set(pulls.map(({ client }) => client));
  return clients.size - owner.logged('play ended').filter(({ client }) => clients.has(client)).length;
}

async function withPlayer<T>(scope: Scope, member: OriginProcess, work: () => Promise<T>): Promise<T> {
  const player = await playing(scope, member);
  try {
    return await work();
  } finally {
    player.socket.destroy();
  }
}

async function playing(scope: Scope, member: OriginProcess): Promise<RtmpClient> {
  const client = await connected(scope, member);
  const picture = messageAt(client, isPicture);
  client.play('bench');
  await picture;
  return client;
}

async function connected(scope: Scope, member: OriginProcess): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, member.ports.rtmp);
  await client.connect(member.rtmpUrl('live'));
  return client;
}

/** `performance.now()` at the read that brought the first such message. */
function messageAt(client: RtmpClient, matches: (message: RtmpMessage) => boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const nowMs = performance.now();
      if (!client.messages.some(matches)) return;
      client.socket.off('data', look);
      resolve(nowMs);
    };
    client.socket.on('data', look);
    client.socket.once('close', () => reject(new Error('the server closed the connection before a picture')));
  });
}

/** AVC pictures: packet type 1 (FLV 10.1, E.4.3.1). */
function isPicture({ type, payload }: RtmpMessage): boolean {
  return type === VIDEO && payload[1] === 1;
}
