import { randomBytes } from 'node:crypto';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { expect, it } from 'vitest';
import { playHttp } from '../support/flv-client.js';
import { OriginProcess } from '../support/origin-process.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

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

it(
  'a stream is told to be pulled as long as one worker does, and no longer where that one is killed',
  needs('ffmpeg'),
  async () => {
    const scope = testScope();
    const mesh = { key: randomBytes(32).toString('hex') };
    const a = await (await OriginProcess.spawn(scope, 'a', { mesh })).ready();
    const b = await OriginProcess.spawn(scope, 'b', {
      workers: 2,
      mesh: { ...mesh, seeds: [a.seed] },
      play: { mode: 'relay' },
      relay: { lingerMs: 1 },
    });
    await b.ready();
    await new SampleSource(scope).publish(a.rtmpUrl(STREAM));
    await awaitCondition('it to be known', async () => (await b.ownerNames(STREAM)).join() === 'a');
    const pulledFrom = async () => {
      const { members } = await b.api<Links>('/api/v1/links');
      return members.find(({ name }) => name === 'b')?.pulls.map(({ owner }) => owner);
    };
    const workers = async () => (await b.members()).find(({ self }) => self)?.workers ?? [];
    const first = playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('it to flow', () => b.logged('relay flows').length === 1);
    playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('both workers to have it', () => b.logged('relay flows').length === 2);
    // They tell of their players each second: before both have, one may seem to be the last that has left.
    await awaitCondition('both to have a player', async () =>
      (await workers()).every(({ players }) => players === 1),
    );
    first.leave();
    await awaitCondition(
      'one of them to have it',
      async () => (await workers()).reduce((sum, { players }) => sum + players, 0) === 1,
    );
    const ends = async (reason: string) =>
      (await b.api<Trace>(`/api/v1/trace/${STREAM}`)).events.filter(
        ({ kind, reason: why }) => kind === 'relay-ended' && why === reason,
      ).length;
    await awaitCondition('the other one to end its relay', async () => (await ends('no-players')) === 1);
    expect(await pulledFrom()).toEqual(['a']);
    const { pid } = (await workers()).find(({ players }) => players === 1) ?? {};
    if (pid === undefined) throw new Error('no worker has the player');
    process.kill(pid, 'SIGKILL');
    await awaitCondition('nobody to pull it', async () => (await pulledFrom())?.length === 0);
    expect(await ends('worker-ended')).toBe(1);
  },
);
