import { decodeAmf } from '@headwater/testing/amf0';
import { awaitCondition } from '@headwater/testing/await-condition';
import type { RtmpMessage } from '@headwater/testing/rtmp-chunks';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { publish } from '../support/ffmpeg.js';
import type { OriginProcess } from '../support/origin-process.js';
import { RtmpClient, type RtmpKind } from '../support/rtmp-client.js';
import { type Scope, sharedScope, testScope } from '../support/scope.js';
import { SRS_MESSAGES_BEFORE_REDIRECT, SRS_REDIRECT_PAYLOAD, srsRedirectTo } from './srs-redirect.fixture.js';

describe('a play by an SRS edge', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(scope);
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    publish(scope, cluster.member(0).rtmpUrl('live/s2'));
    await cluster.owned('live/s1', ['a']);
    await cluster.owned('live/s2', ['a']);
  });

  it('on an origin that does not own the stream gets the redirect that SRS sends, byte for byte', async () => {
    const owner = cluster.member(0);
    const edge = await connected(testScope(), cluster.member(1), 'srs-edge');
    edge.play('s1');
    const redirect = await awaitCondition('the redirect', () => edge.messages.find(isRedirect), {
      instead: () => edge.commands,
    });
    expect(redirect.payload.toString('hex')).toBe(srsRedirectTo(owner.ports.rtmp).toString('hex'));
    expect(redirect.payload.length).toBe(SRS_REDIRECT_PAYLOAD.length);
    expect(edge.media).toEqual([]);
    const shapes = (messages: readonly (readonly unknown[])[]) =>
      messages.map((message) => message.slice(0, 3));
    expect(edge.messages.map(({ chunkStream, type, streamId }) => [chunkStream, type, streamId])).toEqual(
      shapes(SRS_MESSAGES_BEFORE_REDIRECT),
    );
    expect(edge.statuses).toEqual([
      'NetStream.Play.Reset',
      'NetStream.Play.Start',
      'NetConnection.Connect.Rejected',
    ]);
  });

  it('is let go some seconds after the redirect where the edge does not close by itself', async () => {
    const edge = await connected(testScope(), cluster.member(2), 'srs-edge');
    edge.play('s1');
    await awaitCondition('the redirect', () => edge.messages.find(isRedirect));
    await edge.awaitClose();
  });

  it('is served where the redirect sent it', async () => {
    const edge = await connected(testScope(), cluster.member(0), 'srs-edge');
    edge.play('s1');
    await edge.awaitMedia(50);
    expect(edge.messages.some(isRedirect)).toBe(false);
  });

  it('that comes back after a redirect is relayed, not sent round in a loop', async () => {
    const own = testScope();
    const first = await connected(own, cluster.member(1), 'srs-edge');
    first.play('s2');
    await awaitCondition('the redirect', () => first.messages.find(isRedirect));
    first.socket.destroy();
    const again = await connected(own, cluster.member(1), 'srs-edge');
    again.play('s2');
    await again.awaitMedia(50);
    expect(again.messages.some(isRedirect)).toBe(false);
  });

  it('of a stream that nobody publishes waits, and is redirected or served once somebody does', async () => {
    const own = testScope();
    const edge = await connected(own, cluster.member(2), 'srs-edge');
    edge.play('later');
    publish(own, cluster.member(1).rtmpUrl('live/later'));
    const met = await awaitCondition(
      'a redirect or media',
      () => edge.messages.find(isRedirect) ?? (edge.media.length > 20 ? 'media' : null),
    );
    if (met === 'media') return;
    expect(decodeAmf(met.payload)[3]).toMatchObject({
      ex: { code: 302, redirect2: cluster.member(1).rtmpUrl('live/later') },
    });
  });

  it('by any other RTMP client is relayed', async () => {
    const client = await connected(testScope(), cluster.member(1), 'plain');
    client.play('s1');
    await client.awaitMedia(50);
    expect(client.messages.some(isRedirect)).toBe(false);
    const stamps = client.media.filter(({ type }) => type === 9).map(({ timestampMs }) => timestampMs);
    expect(stamps.every((stamp, index) => stamp >= (stamps[index - 1] ?? 0))).toBe(true);
  });
});

describe('play.mode', needs('ffmpeg'), () => {
  it('redirect redirects every RTMP client, and an app of its own can say relay', async () => {
    const scope = testScope();
    const config = { play: { mode: 'redirect' }, apps: { stay: { play: { mode: 'relay' } } } };
    const cluster = await Cluster.start(scope, { names: ['a', 'b'], config });
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    publish(scope, cluster.member(0).rtmpUrl('stay/s1'));
    await cluster.owned('live/s1', ['a']);
    await cluster.owned('stay/s1', ['a']);
    const plain = await connected(scope, cluster.member(1), 'plain');
    plain.play('s1');
    await awaitCondition('the redirect', () => plain.messages.find(isRedirect));
    const edge = await connected(scope, cluster.member(1), 'srs-edge', 'stay');
    edge.play('s1');
    await edge.awaitMedia(25);
    const http = await fetch(cluster.member(1).flvUrl('stay/s1'), { redirect: 'manual' });
    expect(http.status).toBe(200);
    await http.body?.cancel();
  });
});

async function connected(
  scope: Scope,
  origin: OriginProcess,
  kind: RtmpKind,
  app = 'live',
): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, origin.ports.rtmp);
  await client.connect(`rtmp://127.0.0.1:${origin.ports.rtmp}/${app}`, kind);
  return client;
}

function isRedirect({ type, payload }: RtmpMessage): boolean {
  return type === 20 && payload.includes('RTMP 302 Redirect');
}
