import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { startMember } from '../../testing/test-member.js';

const KEY_S = '__defaultVhost__/live/s';
const QUEUE_BYTES_MAX = 500_000;
/** Longer than any test. */
const NEVER_MS = 600_000;
/** Of memory; together more frames than a queue holds. */
const SAMPLES = 8;
const FRAMES_PER_SAMPLE = 10;

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
  const pictures = () =>
    reader.messages.filter(({ type, payload }) => type === 9 && payload[1] !== 0 && payload.length > 6);
  let sent = 0;
  await until(async () => {
    const isKey = sent % 25 === 0;
    source.message(9, (isKey ? KEY(0, 1, 50_000) : INTER(0, 2, 50_000)).payload, sent * 40);
    sent += 1;
    const now = sent;
    await until(() => pictures().length === now, 'the picture at the reader');
    return member.log.of('player disconnected').length > 0;
  }, 'the end of the hung player');
  expect(member.log.of('player disconnected')).toMatchObject([{ reason: 'stuck', key: KEY_S }]);
  expect(hungView()).toBeUndefined();
  expect(reader.isClosed).toBe(false);
  expect(member.media.stream(KEY_S)?.players).toMatchObject([{ framesDropped: 0 }]);
  for (const client of [source, reader, hung]) client.close();
  await member.stop();
});

const CROWD = 30;

/** A crowd that reads and one that stopped, at one stream; `send` sends a frame, and resolves when all that read have it. */
async function twoCrowds(stuckMs: number) {
  const { play, relay } = mediaOptions('a');
  const member = await startMember('a', {
    play: { ...play, queueBytesMax: QUEUE_BYTES_MAX, stuckMs },
    relay: { ...relay, replayMs: 0 },
  });
  const source = await RawRtmpClient.connected(member.rtmpPort);
  source.publish('s');
  await source.status('NetStream.Publish.Start');
  source.message(9, VIDEO_HEADER().payload);
  source.message(9, KEY(0).payload);
  const open = () => RawRtmpClient.connected(member.rtmpPort);
  const readers = await Promise.all(Array.from({ length: CROWD }, open));
  const stuck = await Promise.all(Array.from({ length: CROWD }, open));
  for (const player of [...readers, ...stuck]) {
    player.play('s');
    await player.status('NetStream.Play.Start');
  }
  for (const player of stuck) player.pause();
  let sent = 0;
  const send = async (): Promise<void> => {
    sent += 1;
    expect(sent, 'frames sent').toBeLessThan(5000);
    const frame = sent % 25 === 0 ? KEY : INTER;
    source.message(9, frame(0, sent % 256, 50_000).payload, sent * 40);
    await until(
      () => readers.every(({ messages }) => messages.some(({ timestampMs }) => timestampMs === sent * 40)),
      'the picture at all readers',
    );
    for (const { messages } of readers) {
      // Each picture by itself, so none is missed and none comes twice.
      const times = messages.map(({ timestampMs }) => timestampMs).filter((timestampMs) => timestampMs > 0);
      expect(times).toEqual([sent * 40]);
      messages.length = 0;
    }
  };
  const stop = async (): Promise<void> => {
    for (const client of [source, ...readers, ...stuck]) client.close();
    await member.stop();
  };
  return { member, send, stop };
}

it('a crowd that stops reading takes nothing from the crowd that reads, and no memory', async () => {
  // None of them is ended, however long the samples take.
  const { member, send, stop } = await twoCrowds(NEVER_MS);
  const framesBehind = () =>
    (member.media.stream(KEY_S)?.players ?? []).filter(({ framesDropped }) => framesDropped > 0).length;
  while (framesBehind() < CROWD) await send();
  const fullMb: number[] = [];
  while (fullMb.length < SAMPLES) {
    for (let frame = 0; frame < FRAMES_PER_SAMPLE; frame += 1) await send();
    fullMb.push(await bufferMb());
  }
  // Queues are shortened by half and grow again, and samples hold what is on its way to the readers: more is growth only
  // where the least of later is more than the most of before.
  const half = SAMPLES / 2;
  const growthMb = Math.min(...fullMb.slice(half)) - Math.max(...fullMb.slice(0, half));
  expect(growthMb, `MB: ${fullMb.join()}`).toBeLessThan(10);
  expect(framesBehind()).toBe(CROWD);
  expect(member.media.figures().totals.framesDropped?.['play.queueBytesMax']).toBeGreaterThan(CROWD);
  await stop();
});

it('a crowd that stops reading is disconnected in time, and who reads misses nothing', async () => {
  const { member, send, stop } = await twoCrowds(2000);
  while ((member.media.figures().totals.disconnects?.stuck ?? 0) < CROWD) await send();
  expect(member.media.figures().totals.disconnects).toEqual({ stuck: CROWD });
  expect(member.log.of('player disconnected')).toHaveLength(CROWD);
  expect(member.media.stream(KEY_S)?.players.map((player) => player.framesDropped)).toEqual(
    Array.from({ length: CROWD }, () => 0),
  );
  await stop();
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What all buffers of this process hold, clients' included. They are freed beside the collection, and some time after it. */
async function bufferMb(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 10; turn += 1) {
    collectGarbage();
    await nextTurn();
    least = Math.min(least, process.memoryUsage().arrayBuffers / 1_048_576);
  }
  return least;
}
