import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import type { Frame } from '../wire/frame.js';
import { FlvParser } from '../wire/nms/flv.js';

const TYPES = { audio: 8, video: 9, data: 18 } as const;

let members: TestMember[];
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  const mesh = new MemoryMesh();
  members = await Promise.all(['a', 'b', 'c'].map((name) => startMember(name, {}, mesh)));
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await Promise.all(members.map((member) => member.stop()));
});

function member(index: number): TestMember {
  const found = members[index];
  if (found === undefined) throw new Error(`no member ${index}`);
  return found;
}

/** Sends numbered pictures and sound, 25 a second. `keyBytes`: by this the two encodes differ. */
async function encoder(to: TestMember, keyBytes: number) {
  const client = await RawRtmpClient.connected(to.rtmpPort);
  closing.push(() => client.close());
  client.publish('s');
  await client.status('NetStream.Publish.Start');
  const send = ({ kind, payload, timestampMs }: Frame) =>
    client.message(TYPES[kind], payload, timestampMs, 1, TYPES[kind]);
  const state = { hasPictures: true };
  for (const header of [METADATA(), VIDEO_HEADER(keyBytes), AUDIO_HEADER(1)]) send(header);
  let id = 0;
  const timer = setInterval(() => {
    if (state.hasPictures) send(id % 10 === 0 ? KEY(id * 40, id, keyBytes) : INTER(id * 40, id, keyBytes));
    send(AUDIO(id * 40 + 10, id));
    id += 1;
  }, 40);
  closing.push(() => clearInterval(timer));
  return state;
}

/** Bytes behind the number of each picture that came: whose encode it is. */
type Seen = { readonly pictures: number[]; readonly sounds: () => number };

async function byRtmp(from: TestMember): Promise<Seen> {
  const client = await RawRtmpClient.connected(from.rtmpPort);
  closing.push(() => client.close());
  client.play('s');
  return {
    get pictures() {
      return client.media
        .filter(({ type, payload }) => type === TYPES.video && payload[1] === 1)
        .map(({ payload }) => payload.length - 6);
    },
    sounds: () => client.media.filter(({ type }) => type === TYPES.audio).length,
  };
}

async function byHttp(from: TestMember): Promise<Seen> {
  const pictures: number[] = [];
  let sounds = 0;
  const parser = new FlvParser(1_000_000, ({ kind, payload }) => {
    if (kind === 'audio') sounds += 1;
    if (kind === 'video' && payload[1] === 1) pictures.push(payload.length - 6);
  });
  const aborter = new AbortController();
  closing.push(() => aborter.abort());
  const { body } = await fetch(`http://127.0.0.1:${from.httpPort}/live/s.flv`, { signal: aborter.signal });
  if (body === null) throw new Error('no body');
  const read = async () => {
    for await (const piece of body) parser.feed(Buffer.from(piece));
  };
  read().catch(() => {});
  return { pictures, sounds: () => sounds };
}

it('players everywhere go on with the picture of the other owner, and who comes later has it too', async () => {
  const a = await encoder(member(0), 1);
  await encoder(member(1), 2);
  const seen = await Promise.all(members.flatMap((one) => [byRtmp(one), byHttp(one)]));
  const all = (bytes: number, of = seen) => of.every(({ pictures }) => pictures.at(-1) === bytes);
  await until(() => seen.every(({ pictures }) => pictures.length > 12), 'pictures');
  a.hasPictures = false;
  await until(() => all(2), 'the pictures of the other owner');
  // By RTMP and HTTP, at the owner that lost its pictures, at the other one, and at a member that relays or redirects.
  const late = await Promise.all(members.flatMap((one) => [byRtmp(one), byHttp(one)]));
  await until(() => all(2, late), 'the same for who came later');
  const sounds = seen.map((one) => one.sounds());
  await until(() => seen.every((one, i) => one.sounds() > (sounds[i] ?? 0)), 'the sound');
  expect([...seen, ...late].map(({ pictures }) => pictures.at(-1))).toEqual(Array(12).fill(2));
});
