import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StreamPlan } from '../chaos/stream-plan.js';
import { sharedScope, testScope } from '../support/scope.js';
import { StatefulSet } from './stateful-set.js';
import { Traffic } from './traffic.js';

const MOST = 6;

/** Two with a hot backup, one alone. */
const STREAMS: readonly StreamPlan[] = [
  streamOn('live/backed-up', [0, 1]),
  streamOn('live/backed-up-too', [1, 2]),
  streamOn('live/alone', [0]),
];

function streamOn(name: string, members: readonly number[]): StreamPlan {
  const outputs = members.map((member, index) => ({
    name: `${name} output ${index + 1}`,
    member,
    clockMs: index * 3000,
    lagMs: 0,
  }));
  return { name, isSame: true, gopFrames: 5, pace: 'slow', outputs };
}

describe('the StatefulSet of conf/k8s', needs('network namespaces'), () => {
  const scope = sharedScope();
  let set: StatefulSet;
  let traffic: Traffic;
  const ids = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(
      await Promise.all(
        set.pods.map(async (pod) => {
          const self = (await pod.members()).find((member) => member.self);
          return [pod.name, self?.id ?? ''] as const;
        }),
      ),
    );
  /** One mesh of all that there are, everybody plays, and nothing was wrong until now. */
  const isWell = async (): Promise<void> => {
    await set.whole();
    await traffic.published();
    await traffic.allPlay();
    expect(traffic.log.violations).toEqual([]);
  };

  scope.witness(() => traffic.story());

  beforeAll(async () => {
    const addressOf = (ordinal: number): string | undefined =>
      set.pods.find(({ name }) => name === `headwater-${ordinal}`)?.address;
    traffic = await Traffic.open(scope, MOST, STREAMS, addressOf);
    set = await StatefulSet.open(scope, {
      changed: (ordinal, state) => {
        traffic.log.note(`** headwater-${ordinal} is ${state}`);
        traffic.states.become(ordinal, state, traffic.log.nowMs());
      },
    });
    await set.scale(3);
    await set.whole();
    await traffic.publish();
    for (const ordinal of [0, 1, 2]) traffic.join(ordinal);
    await isWell();
  });

  it('is scaled to six and back to three, and nobody who plays notices', async () => {
    await set.scale(6);
    await set.whole();
    for (const ordinal of [3, 4, 5]) traffic.join(ordinal);
    // One copy on pods that go, and a stream that is on one of them alone.
    traffic.moveTo('live/backed-up output 2', 4);
    traffic.moveTo('live/alone output 1', 5);
    await isWell();
    const before = await ids();
    await set.scale(3);
    await isWell();
    expect(traffic.memberOf('live/alone output 1')).toBeLessThan(3);
    const gone = async (): Promise<readonly string[]> =>
      (await set.pod(0).members()).map(({ liveness }) => liveness).filter((liveness) => liveness !== 'alive');
    await awaitCondition(
      'those that went to be gone',
      async () => (await gone()).every((liveness) => liveness === 'left' || liveness === 'dead'),
      { instead: gone },
    );
    traffic.log.note(`those that went are ${(await gone()).join()}`);
    // With the volumes of before, they are who they were.
    await set.scale(6);
    await isWell();
    expect(await ids()).toEqual(before);
    await set.scale(3);
    await isWell();
  });

  it('has pods that were lost back as the same members, at other addresses', async () => {
    const before = await ids();
    for (const ordinal of [1, 0, 2]) {
      await set.lose(ordinal);
      await set.start(ordinal);
      await set.ready(ordinal);
      await isWell();
      await set.forgetStale();
    }
    expect(await ids()).toEqual(before);
    // Relays go where it is now: its stream is played from the others.
    const pulled = (await set.pod(1).members()).find(({ name }) => name === 'headwater-0')?.pulledAt;
    expect(pulled).toBe(`${set.pod(0).address}:1935`);
  });

  it('has two pods back at each other’s addresses', async () => {
    const before = await ids();
    const [one, two] = [set.pod(1).address, set.pod(2).address];
    await Promise.all([set.lose(1), set.lose(2)]);
    await set.forgetStale();
    await Promise.all([set.start(1, two), set.start(2, one)]);
    await Promise.all([set.ready(1), set.ready(2)]);
    await isWell();
    expect(await ids()).toEqual(before);
  });

  it('takes a pod without its volume for a new member, and the old one is no owner of anything', async () => {
    const before = await ids();
    await set.lose(2);
    set.loseVolume(2);
    await set.start(2);
    await set.ready(2);
    await isWell();
    const old = before.get('headwater-2');
    expect((await ids()).get('headwater-2')).not.toBe(old);
    for (const pod of set.pods)
      expect((await pod.members()).filter(({ id, liveness }) => id === old && liveness === 'alive')).toEqual(
        [],
      );
    await set.forgetStale();
  });

  it('is found again by a pod whose seeds were all replaced, and by all where each was', async () => {
    await Promise.all([set.lose(0), set.lose(1)]);
    for (const ordinal of [0, 1]) set.loseVolume(ordinal);
    await set.forgetStale();
    await Promise.all([set.start(0), set.start(1)]);
    await Promise.all([set.ready(0), set.ready(1)]);
    await isWell();
    await Promise.all([set.lose(0), set.lose(1), set.lose(2)]);
    await set.forgetStale();
    await Promise.all([set.start(0), set.start(1), set.start(2)]);
    await Promise.all([set.ready(0), set.ready(1), set.ready(2)]);
    await isWell();
  });

  it('is updated pod by pod', async () => {
    await set.roll();
    await isWell();
    expect(traffic.end()).toEqual([]);
  });
});

describe('a StatefulSet whose pods start in order', needs('network namespaces'), () => {
  it('has a first pod that is ready alone, and others that find it', async () => {
    const set = await StatefulSet.open(testScope());
    await set.scaleInOrder(3);
    await set.whole();
  });

  it('says what it waits for where its Service does not name it before it is ready', async () => {
    const set = await StatefulSet.open(testScope(), { publishesNotReady: false });
    await set.start(0);
    const pod = set.pod(0);
    await awaitCondition('it to say what it waits for', async () => {
      const response = await pod.get('/readyz');
      return response.status === 503 && (await response.text()).includes('headwater-mesh');
    });
    expect(await pod.probe('/healthz')).toBe(true);
  });
});
