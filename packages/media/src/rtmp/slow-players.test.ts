import { expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { RawRtmpClient } from '../testing/raw-rtmp-client.js';
import { startMember } from '../testing/test-member.js';
import { until } from '../testing/until.js';

const KEY_S = '__defaultVhost__/live/s';
const QUEUE_BYTES_MAX = 500_000;

it('a player that stops reading is bounded, then disconnected; who reads misses nothing', async () => {
  const { play } = mediaOptions('a');
  const member = await startMember('a', { play: { ...play, queueBytesMax: QUEUE_BYTES_MAX, stuckMs: 2000 } });
  const source = await RawRtmpClient.connected(member.rtmpPort);
  source.publish('s');
  await source.status('NetStream.Publish.Start');
  source.message(9, VIDEO_HEADER().payload);
  source.message(9, KEY(0).payload);
  const reader = await RawRtmpClient.connected(member.rtmpPort);
  const hung = await RawRtmpClient.connected(member.rtmpPort);
  for (const player of [reader, hung]) {
    player.play('s');
    await player.status('NetStream.Play.Start');
  }
  hung.pause();
  const hungView = () => member.media.stream(KEY_S)?.players[1];
  const pictures = () => reader.messages.filter(({ type, payload }) => type === 9 && payload.length > 6);
  let sent = 0;
  await until(
    async () => {
      const isKey = sent % 25 === 0;
      source.message(9, (isKey ? KEY(0, 1, 50_000) : INTER(0, 2, 50_000)).payload, sent * 40);
      sent += 1;
      const now = sent;
      await until(() => pictures().length === now, 'the picture at the reader');
      return member.log.of('player disconnected').length > 0;
    },
    'the end of the hung player',
    30_000,
  );
  expect(member.log.of('player disconnected')).toMatchObject([{ reason: 'stuck', key: KEY_S }]);
  expect(hungView()).toBeUndefined();
  expect(reader.isClosed).toBe(false);
  expect(member.media.stream(KEY_S)?.players).toMatchObject([{ framesDropped: 0 }]);
  for (const client of [source, reader, hung]) client.close();
  await member.stop();
});
