import { MemoryLog } from '@headwater/testing/memory-log';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMedia } from '../../create-media.js';
import type { MediaHost } from '../../media-host.js';
import type { MediaOptions } from '../../media-options.js';
import { KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import type { PublishPolicy } from './publish-policy.js';
import { TAKEOVERS_MAX } from './takeover-pace.js';

const NAME = '__defaultVhost__/live/s';

let mesh: MemoryMesh;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  mesh = new MemoryMesh();
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Starts a member with this policy for the app `live`. `host`: how it sees the mesh. */
async function member(
  name: string,
  policy: PublishPolicy,
  host: (host: MediaHost) => MediaHost = (own) => own,
) {
  const options: MediaOptions = mediaOptions(name, { apps: { live: { publish: { policy } } } });
  const media = createMedia(options, host(mesh.host(name)), new MemoryLog());
  await media.start();
  mesh.setPorts(name, media.ports.rtmp, media.ports.http);
  stops.push(() => media.stop());
  return media;
}

async function publisher(port: number, app = 'live'): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(port, app);
  client.publish('s');
  return client;
}

async function flowing(port: number): Promise<RawRtmpClient> {
  const client = await publisher(port);
  await client.status('NetStream.Publish.Start');
  for (const frame of [VIDEO_HEADER(), KEY(0, 1)]) client.message(9, frame.payload, frame.timestampMs);
  return client;
}

const owners = () => mesh.owners(NAME).map((owner) => owner.member);

describe('publish.policy', () => {
  it('reject: tells a second origin’s publisher, and leaves the first and other apps alone', async () => {
    const [a, b] = [await member('a', 'reject'), await member('b', 'reject')];
    const first = await flowing(a.ports.rtmp);
    const second = await publisher(b.ports.rtmp);
    await second.status('NetStream.Publish.BadName');
    await second.closed();
    expect([owners(), first.isClosed]).toEqual([['a'], false]);
    const backups = [await publisher(a.ports.rtmp, 'other'), await publisher(b.ports.rtmp, 'other')];
    for (const backup of backups) await backup.status('NetStream.Publish.Start');
    first.close();
    await until(() => owners().length === 0, 'the release');
    await flowing(b.ports.rtmp);
    expect(owners()).toEqual(['b']);
  });

  it('takeover: the newest wins, the older is told and closed, and its players come along', async () => {
    const [a, b] = [await member('a', 'takeover'), await member('b', 'takeover')];
    const first = await flowing(a.ports.rtmp);
    const player = await RawRtmpClient.connected(a.ports.rtmp);
    player.play('s');
    await until(() => player.messages.some(({ type }) => type === 9), 'pictures');
    await flowing(b.ports.rtmp);
    await first.status('NetStream.Publish.BadName');
    await first.closed();
    expect(owners()).toEqual(['b']);
    await until(() => a.stream(NAME)?.relayFrom === 'b', 'the relay');
    expect(player.isClosed).toBe(false);
    player.close();
  });

  it.each(['reject', 'takeover'] as const)('%s: of two at once, exactly one stays', async (policy) => {
    // Neither hears of the other's claim before both have accepted, as in a race or a partition.
    const deaf = new Set<() => void>();
    let isApart = true;
    const apart = (host: MediaHost): MediaHost => ({
      ...host,
      owners: (key) => host.owners(key).filter((owner) => !isApart || owner.member === host.member),
      onOwnersChanged: (listener, interest) => {
        deaf.add(() => listener(NAME));
        return host.onOwnersChanged((key) => {
          if (!isApart) listener(key);
        }, interest);
      },
    });
    const [a, b] = [await member('a', policy, apart), await member('b', policy, apart)];
    const both = [await flowing(a.ports.rtmp), await flowing(b.ports.rtmp)];
    expect(owners().sort()).toEqual(['a', 'b']);
    const bySince = mesh
      .owners(NAME)
      .sort((x, y) => x.claim.sinceMs - y.claim.sinceMs || (x.member < y.member ? -1 : 1));
    const winner = (policy === 'reject' ? bySince[0] : bySince.at(-1))?.member;
    isApart = false;
    for (const tell of deaf) tell();
    expect(owners()).toEqual([winner]);
    const [loser, other] = winner === 'a' ? [both[1], both[0]] : [both[0], both[1]];
    await loser?.status('NetStream.Publish.BadName');
    await loser?.closed();
    expect(other?.isClosed).toBe(false);
  });

  it('takeover: two encoders that reconnect at once come to rest, on one origin and on two', async () => {
    for (const origins of [1, 2]) {
      const members = await Promise.all(['a', 'b'].slice(0, origins).map((name) => member(name, 'takeover')));
      const ports = [members[0]?.ports.rtmp ?? 0, members.at(-1)?.ports.rtmp ?? 0];
      const accepted = [0, 0];
      /** The encoder that is let in last; it and the one who is refused then, by what it is told. */
      let refusal: string | null = null;
      const encoders: (RawRtmpClient | null)[] = [null, null];
      const dial = async (which: 0 | 1): Promise<void> => {
        const encoder = await publisher(ports[which] ?? 0);
        encoders[which] = encoder;
        const started = () => encoder.statuses.includes('NetStream.Publish.Start');
        await until(() => started() || encoder.isClosed, 'an answer');
        if (started()) accepted[which] = (accepted[which] ?? 0) + 1;
        else refusal = String(encoder.statuses[0]);
      };
      await dial(0);
      for (let turn = 1; refusal === null; turn += 1) {
        expect(turn, 'takeovers').toBeLessThanOrEqual(TAKEOVERS_MAX + 1);
        const holder = encoders[turn % 2 === 1 ? 0 : 1];
        await dial(turn % 2 === 1 ? 1 : 0);
        if (refusal === null) await holder?.closed();
      }
      expect(refusal).toBe('NetStream.Publish.BadName');
      expect((accepted[0] ?? 0) + (accepted[1] ?? 0)).toBe(1 + TAKEOVERS_MAX);
      const stays = encoders.filter((encoder) => encoder?.isClosed === false);
      expect([stays.length, owners().length]).toEqual([1, 1]);
      // Where the one who has it goes, the other is let in.
      for (const encoder of stays) encoder?.close();
      await until(() => owners().length === 0, 'the release');
      await flowing(ports[0] ?? 0);
      await Promise.all(members.map((each) => each.stop()));
      mesh = new MemoryMesh();
    }
  });
});
