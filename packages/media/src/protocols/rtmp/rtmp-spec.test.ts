import { spawn } from 'node:child_process';
import { run } from '@headwater/testing/ffmpeg';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { needs } from '@headwater/testing/tools';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import { chunkMessage } from '../../wire/rtmp/chunk-writer.js';

const NAME = '__defaultVhost__/live/s';
/** Over one of our chunks, so that a player reads type 3 chunks too. */
const LARGE_BYTES = 70_000;

let mesh: MemoryMesh;
let member: TestMember;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  mesh = new MemoryMesh();
  member = await startMember('a', {}, mesh);
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await member.stop();
});

async function publisher(): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(member.rtmpPort);
  closers.push(() => client.close());
  client.publish('s');
  await client.status('NetStream.Publish.Start');
  return client;
}

async function player(of = member): Promise<RawRtmpClient> {
  const client = await RawRtmpClient.connected(of.rtmpPort);
  closers.push(() => client.close());
  client.play('s');
  await client.status('NetStream.Play.Start');
  return client;
}

const mediaOf = (client: RawRtmpClient) => client.messages.filter(({ type }) => type === 8 || type === 9);

describe('RTMP 1.0', () => {
  it('5.3.1.1: a publisher may use chunk streams of every size at once', async () => {
    const source = await publisher();
    const watcher = await player();
    source.message(9, VIDEO_HEADER().payload, 0, 1, 63);
    source.message(9, KEY(0, 1, 300).payload, 0, 1, 64);
    source.message(8, AUDIO(10, 2).payload, 10, 1, 319);
    source.message(9, INTER(40, 3, 300).payload, 40, 1, 320);
    source.message(9, INTER(80, 4, 300).payload, 80, 1, 65_599);
    await until(() => mediaOf(watcher).length === 5, 'all of it');
    expect(mediaOf(watcher).map(({ timestampMs }) => timestampMs)).toEqual([0, 0, 10, 40, 80]);
  });

  it('5.3.1.3: times past 16777215 ms go in and out, here and relayed, in messages of several chunks', async () => {
    const other = await startMember('b', {}, mesh);
    closers.push(() => other.stop());
    const source = await publisher();
    const times = [0xffffff - 40, 0xffffff, 0xffffff + 40, 0x7fffffff, 0x7fffffff + 40];
    source.message(9, VIDEO_HEADER().payload, times[0], 1, 4);
    source.message(9, KEY(0, 0, LARGE_BYTES).payload, times[0], 1, 4);
    await until(() => (member.media.stream(NAME)?.bytesIn ?? 0) > LARGE_BYTES, 'the keyframe');
    const players = [await player(), await player(other)];
    for (const watcher of players) await until(() => mediaOf(watcher).length === 2, 'the first picture');
    for (const [id, time] of times.entries()) {
      if (id > 0) source.message(9, INTER(0, id, LARGE_BYTES).payload, time, 1, 4);
    }
    for (const watcher of players) {
      await until(() => mediaOf(watcher).length === 1 + times.length, 'all pictures');
      const pictures = mediaOf(watcher).slice(1);
      const start = pictures[0]?.timestampMs ?? 0;
      expect(pictures.map(({ payload }) => payload[5])).toEqual(times.map((_, id) => id));
      expect(pictures.slice(0, 3).map(({ timestampMs }) => timestampMs - start)).toEqual([0, 40, 80]);
      expect(start).toBe(times[0]);
    }
  });

  it('5.4.3, 5.4.4: acknowledges what came, each time the window that the peer told is full', async () => {
    const source = await publisher();
    const window = Buffer.alloc(4);
    window.writeUInt32BE(50_000);
    source.message(5, window, 0, 0, 2);
    source.message(9, VIDEO_HEADER().payload);
    for (let i = 0; i < 3; i += 1) source.message(9, KEY(i, i, 60_000).payload, i * 40);
    const acknowledged = () =>
      source.messages.filter(({ type }) => type === 3).map(({ payload }) => payload.readUInt32BE());
    await until(() => (acknowledged().at(-1) ?? 0) >= 150_000, 'acknowledgements');
    expect(acknowledged()).toEqual([...acknowledged()].sort((one, two) => one - two));
    expect(acknowledged().every((bytes, index, all) => bytes - (all[index - 1] ?? 0) >= 50_000)).toBe(true);
  });

  it('5.4.5: answers Set Peer Bandwidth by a window where that is another one', async () => {
    const client = await RawRtmpClient.connected(member.rtmpPort);
    closers.push(() => client.close());
    const windows = () =>
      client.messages.filter(({ type }) => type === 5).map(({ payload }) => payload.readUInt32BE());
    const [first] = windows();
    const bandwidth = (bytes: number) => {
      const payload = Buffer.alloc(5, 2);
      payload.writeUInt32BE(bytes);
      client.message(6, payload, 0, 0, 2);
    };
    bandwidth(first ?? 0);
    bandwidth(1_000_000);
    bandwidth(1_000_000);
    bandwidth(first ?? 0);
    await until(() => windows().length >= 3, 'the windows');
    expect(windows()).toEqual([first, 1_000_000, first]);
  });

  it('5.4.2: a publisher may abort a message', async () => {
    const source = await publisher();
    const watcher = await player();
    source.message(9, VIDEO_HEADER().payload);
    const whole = chunkMessage(
      { chunkStream: 6, type: 9, timestampMs: 0, streamId: 1, payload: KEY(0, 9, 300).payload },
      128,
    );
    source.write(whole.subarray(0, 1 + 11 + 128));
    source.message(2, Buffer.of(0, 0, 0, 6), 0, 0, 2);
    source.message(9, KEY(0, 1).payload, 0, 1, 6);
    await until(() => mediaOf(watcher).length === 2, 'the second message');
    expect(mediaOf(watcher)[1]?.payload[5]).toBe(1);
  });

  it('7.1.6: an aggregate is what is in it, from the aggregate’s time on', async () => {
    const source = await publisher();
    const watcher = await player();
    source.message(9, VIDEO_HEADER().payload);
    const part = (type: number, timestampMs: number, payload: Buffer): Buffer => {
      const head = Buffer.alloc(11);
      head[0] = type;
      head.writeUIntBE(payload.length, 1, 3);
      head.writeUIntBE(timestampMs, 4, 3);
      const back = Buffer.alloc(4);
      back.writeUInt32BE(head.length + payload.length);
      return Buffer.concat([head, payload, back]);
    };
    const parts = [
      part(9, 500, KEY(0, 1).payload),
      part(8, 520, AUDIO(0, 2).payload),
      part(9, 540, INTER(0, 3).payload),
    ];
    source.message(22, Buffer.concat(parts), 2000);
    await until(() => mediaOf(watcher).length === 4, 'its parts');
    const seen = mediaOf(watcher).slice(1);
    expect(seen.map(({ type }) => type)).toEqual([9, 8, 9]);
    expect(seen.map(({ timestampMs }) => timestampMs - (seen[0]?.timestampMs ?? 0))).toEqual([0, 20, 40]);
  });
});

describe('ffmpeg', needs('ffmpeg', 'ffprobe'), () => {
  it('publishes and plays past 16777215 ms, with pictures of several chunks', {}, async () => {
    const args = [
      ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25', '-t', '12'],
      ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-qp', '4', '-g', '12'],
      ['-output_ts_offset', '16774', '-f', 'flv', member.rtmp('live/s')],
    ].flat();
    const encoder = spawn('ffmpeg', args, { stdio: 'ignore' });
    closers.push(() => encoder.kill('SIGKILL'));
    await until(() => (member.media.stream(NAME)?.bytesIn ?? 0) > LARGE_BYTES, 'the stream');
    const entries = ['-v', 'error', '-show_entries', 'packet=dts_time,size', '-of', 'csv=p=0'];
    const { stdout, stderr } = await run('ffprobe', [
      ...entries,
      '-read_intervals',
      '%+6',
      member.rtmp('live/s'),
    ]);
    const packets = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(',').map(Number));
    const times = packets.map(([time = 0]) => time);
    expect(stderr).toBe('');
    expect(times[0]).toBeLessThan(16_777);
    expect(times.at(-1)).toBeGreaterThan(16_777.3);
    const steps = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) * 1000));
    expect(new Set(steps)).toEqual(new Set([40]));
    const afterwards = packets.filter(([time = 0]) => time > 16_777.3);
    expect(Math.max(...afterwards.map(([, bytes = 0]) => bytes))).toBeGreaterThan(60_000);
  });
});
