import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { expect, inject, it } from 'vitest';
import { type FlvPlay, playHttp } from '../support/flv-client.js';
import { HookService } from '../support/hook-service.js';
import { type Config, OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { SampleTags } from '../support/sample-tags.js';
import { type Scope, testScope } from '../support/scope.js';

const STREAM = 'live/pulled';

interface Links {
  readonly members: readonly {
    readonly name: string;
    readonly pulls: readonly { readonly owner: string }[];
  }[];
}

interface Trace {
  readonly events: readonly { readonly kind: string; readonly reason?: string }[];
}

/** A stream that is published on `a`, and a member of two workers whose players it is pulled for. */
async function playedElsewhere(
  scope: Scope,
  config: Config = {},
): Promise<{ readonly a: OriginProcess; readonly b: OriginProcess }> {
  const mesh = { key: randomBytes(32).toString('hex') };
  const a = await (await OriginProcess.spawn(scope, 'a', { mesh })).ready();
  const b = await OriginProcess.spawn(scope, 'b', {
    workers: 2,
    mesh: { ...mesh, seeds: [a.seed] },
    play: { mode: 'relay' },
    ...config,
  });
  await b.ready();
  await new SampleSource(scope).publish(a.rtmpUrl(STREAM));
  await awaitCondition('it to be known', async () => (await b.ownerNames(STREAM)).join() === 'a');
  return { a, b };
}

it(
  'a stream is told to be pulled as long as one worker does, and no longer where that one is killed',
  needs('ffmpeg'),
  async () => {
    const scope = testScope();
    const { b } = await playedElsewhere(scope, { relay: { lingerMs: 1 } });
    const pulledFrom = async () => {
      const { members } = await b.api<Links>('/api/v1/links');
      return members.find(({ name }) => name === 'b')?.pulls.map(({ owner }) => owner);
    };
    const first = playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('it to flow', () => b.logged('relay flows').length === 1);
    playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('both workers to have it', () => b.logged('relay flows').length === 2);
    // They tell of their players each second: before both have, one may seem to be the last that has left.
    await awaitCondition('both to have a player', async () =>
      (await b.workers()).every(({ players }) => players === 1),
    );
    first.leave();
    await awaitCondition(
      'one of them to have it',
      async () => (await b.workers()).reduce((sum, { players }) => sum + players, 0) === 1,
    );
    const ends = async (reason: string) =>
      (await b.api<Trace>(`/api/v1/trace/${STREAM}`)).events.filter(
        ({ kind, reason: why }) => kind === 'relay-ended' && why === reason,
      ).length;
    await awaitCondition('the other one to end its relay', async () => (await ends('no-players')) === 1);
    expect(await pulledFrom()).toEqual(['a']);
    const { pid } = (await b.workers()).find(({ players }) => players === 1) ?? {};
    if (pid === undefined) throw new Error('no worker has the player');
    process.kill(pid, 'SIGKILL');
    await awaitCondition('nobody to pull it', async () => (await pulledFrom())?.length === 0);
    expect(await ends('worker-ended')).toBe(1);
  },
);

it(
  'the publisher of a worker that is killed is told to have ended, and counted',
  needs('ffmpeg'),
  async () => {
    const scope = testScope();
    const member = await (await OriginProcess.spawn(scope, 'a', { workers: 2 })).ready();
    await new SampleSource(scope).publish(member.rtmpUrl(STREAM));
    const { pid } = await member.publishingWorker();
    process.kill(pid ?? 0, 'SIGKILL');
    await awaitCondition('the end of the worker', () => member.logged('worker ended').length === 1);
    const { events } = await member.api<Trace>(`/api/v1/trace/${STREAM}`);
    expect(events.filter(({ kind }) => kind === 'publish-ended')).toMatchObject([{ reason: 'worker-ended' }]);
    const metrics = await (await fetch(member.apiUrl('/metrics'))).text();
    expect(metrics).toContain('headwater_publish_ends_total{reason="worker-ended"} 1');
  },
);

it(
  'players go on with every frame where the worker that pulls for theirs hangs, before that one is killed',
  needs('ffmpeg'),
  async () => {
    const scope = testScope();
    const { a, b } = await playedElsewhere(scope);
    const flows = () => b.logged('relay flows');
    const players: { readonly play: FlvPlay; readonly worker: unknown }[] = [];
    const routed = () => b.logged('play routed');
    await awaitCondition('a player on each worker', async () => {
      const play = playHttp(scope, b.flvUrl(STREAM));
      await awaitCondition('its pictures', () => play.reader.pictures.length > 5);
      await awaitCondition('its line in the log', () => routed().length > players.length);
      players.push({ play, worker: routed().at(-1)?.worker });
      return new Set(players.map(({ worker }) => worker)).size === 2;
    });
    await awaitCondition('both relays in the log', () => flows().length === 2);
    const puller = (await b.workers()).find(({ pid = 0 }) => connectionsTo(a.ports.rtmp, pid) > 0);
    const other = players.find(({ worker }) => worker !== puller?.worker)?.play.reader;
    process.kill(puller?.pid ?? 0, 'SIGSTOP');
    await awaitCondition('the other worker to pull for itself', () => flows().length > 2);
    // It is killed after 5 s.
    expect(b.logged('worker killed')).toEqual([]);
    const seen = other?.pictures.length ?? 0;
    await awaitCondition('pictures', () => (other?.pictures.length ?? 0) > seen + 40);
    const sample = new SampleTags(inject('sampleFlv'));
    expect(other && [...sample.pictureBreaks(other), ...sample.soundBreaks(other)]).toEqual([]);
  },
);

it('a worker that ends with its member takes connections no more, while a hook is told of its publisher', async () => {
  const scope = testScope();
  const hook = await HookService.start(scope);
  // The worker waits for the answer to the end until its deadline, and hears meanwhile that its claim is released.
  hook.answer = ({ body }, res) => {
    if (JSON.parse(body).action !== 'on_unpublish') res.end('0');
  };
  const member = await OriginProcess.spawn(scope, 'a', {
    workers: 1,
    publish: { auth: [{ hook: { on_publish: hook.url('/'), on_unpublish: hook.url('/') } }] },
  });
  await member.ready();
  const client = await RtmpClient.open(scope, member.ports.rtmp);
  await client.connect(member.rtmpUrl('live').replace(/\/$/, ''));
  client.publish('ends');
  await client.awaitStatus('NetStream.Publish.Start');
  await awaitCondition('the claim', async () => (await member.ownerNames('live/ends')).join() === 'a');
  expect((await member.kill('SIGTERM')).code).toBe(0);
  expect(hook.of('on_unpublish')).toHaveLength(1);
  expect(member.logged('worker ready')).toHaveLength(1);
});

/** How many connections of this process there are to that port (Linux). */
function connectionsTo(port: number, pid: number): number {
  const inodes = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote]) => remote?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`))
    .map(([, , , , , , , , , inode]) => inode);
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    return inodes.some((inode) => target === `socket:[${inode}]`);
  }).length;
}
