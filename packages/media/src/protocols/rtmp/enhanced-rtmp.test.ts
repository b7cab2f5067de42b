import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { startMember, type TestMember } from '../../testing/test-member.js';
import type { Frame } from '../../wire/frame.js';
import { makeFrame } from '../../wire/make-frame.js';
import { FlvParser, type FlvTag } from '../../wire/nms/flv.js';
import { amfObject } from '../../wire/rtmp/amf0.js';
import { RtmpPublisher } from './rtmp-publisher.js';

const NAME = '__defaultVhost__/live/s';

let mesh: MemoryMesh;
let a: TestMember;
let b: TestMember;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  mesh = new MemoryMesh();
  [a, b] = [await startMember('a', {}, mesh), await startMember('b', {}, mesh)];
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await Promise.all([a.stop(), b.stop()]);
});

/** A tag with a fourcc (Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader). */
const ex = (kind: 'audio' | 'video', ms: number, first: number, fourcc: string, body = 'body'): Frame =>
  makeFrame(kind, ms, Buffer.concat([Buffer.of(first), Buffer.from(fourcc), Buffer.from(body)]));
const raw = (kind: 'audio' | 'video', ms: number, hex: string): Frame =>
  makeFrame(kind, ms, Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const HEVC = [
  ex('video', 0, 0x90, 'hvc1', 'HEVCDecoderConfigurationRecord'),
  ex('video', 0, 0x91, 'hvc1', '\0\0\0key'),
  ex('video', 40, 0xa3, 'hvc1', 'inter'),
];
const OPUS = [ex('audio', 0, 0x90, 'Opus', 'OpusHead\u0001\u0002'), ex('audio', 1, 0x91, 'Opus')];

/** What is published, with its headers first, and what the probe tells of it. */
const STREAMS: readonly (readonly [string, readonly Frame[], object])[] = [
  ['HEVC and Opus', [...HEVC, ...OPUS], { video: { codec: 'hevc' }, audio: { codec: 'opus', channels: 2 } }],
  [
    'AV1 and AC-3',
    [
      ex('video', 0, 0x90, 'av01', '\u0081\u0000'),
      ex('video', 0, 0x91, 'av01'),
      ex('video', 40, 0xa1, 'av01'),
      ex('audio', 1, 0x91, 'ac-3', '\u000b\u0077'),
    ],
    { video: { codec: 'av1' }, audio: { codec: 'ac3' } },
  ],
  [
    'VP9 and FLAC',
    [
      ex('video', 0, 0x90, 'vp09'),
      ex('audio', 0, 0x90, 'fLaC', 'STREAMINFO'),
      ex('video', 0, 0x91, 'vp09', 'key'),
      ex('audio', 1, 0x91, 'fLaC', 'frame'),
      ex('video', 40, 0xa1, 'vp09', 'inter'),
    ],
    { video: { codec: 'vp9' }, audio: { codec: 'flac' } },
  ],
  [
    'HEVC as it was sent before, by id 12, and AAC',
    [
      raw('video', 0, '1c00000000 01'),
      AUDIO_HEADER(),
      raw('video', 0, '1c01000000 02'),
      raw('video', 40, '2c01000000 03'),
      raw('audio', 40, 'af01 04'),
    ],
    { video: { codec: 'hevc' }, audio: { codec: 'aac' } },
  ],
  [
    'several tracks: one in a message, then two of one codec',
    [
      raw('video', 0, '96 00 68766331 00 c0'),
      raw('video', 0, '96 00 68766331 01 c1'),
      raw('video', 0, '96 01 68766331 00 d0'),
      raw('video', 40, 'a6 11 68766331 00 000001 e0 01 e1'),
    ],
    { video: { codec: 'hevc' } },
  ],
  [
    'ModEx before header and pictures, with nanoseconds',
    [
      raw('video', 0, '97 02 0001f4 00 68766331 c0'),
      raw('video', 0, '97 02 0001f4 01 68766331 d0'),
      raw('video', 40, 'a7 02 0001f4 03 68766331 d1'),
      raw('audio', 1, '97 02 0001f4 00 4f707573 4f707573486561640102380180bb0000000000'),
      raw('audio', 1, '97 02 0001f4 01 4f707573 e0'),
    ],
    { video: { codec: 'hevc' }, audio: { codec: 'opus' } },
  ],
];

const text = (kind: string, payload: Buffer): string => `${kind} ${payload.toString('latin1')}`;
const asSent = (frames: readonly Frame[]): string[] =>
  frames.map(({ kind, payload }) => text(kind, payload)).sort();

async function rtmpPlayer(member: TestMember): Promise<() => string[]> {
  const client = await RawRtmpClient.connected(member.rtmpPort);
  closers.push(() => client.close());
  client.play('s');
  await client.status('NetStream.Play.Start');
  return () =>
    client.messages
      .filter(({ type }) => type === 8 || type === 9)
      .map(({ type, payload }) => text(type === 9 ? 'video' : 'audio', payload));
}

async function flvPlayer(member: TestMember, query = ''): Promise<() => string[]> {
  const tags: FlvTag[] = [];
  const parser = new FlvParser(1_000_000, (tag) => tags.push(tag));
  const aborter = new AbortController();
  closers.push(() => aborter.abort());
  const response = await fetch(`http://127.0.0.1:${member.httpPort}/live/s.flv${query}`, {
    signal: aborter.signal,
  });
  void (async () => {
    for await (const bytes of response.body ?? []) parser.feed(Buffer.from(bytes));
  })().catch(() => {});
  return () => tags.filter(({ kind }) => kind !== 'data').map(({ kind, payload }) => text(kind, payload));
}

async function published(frames: readonly Frame[]): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.open(a.rtmp('live/s'));
  closers.push(() => publisher.close());
  for (const frame of frames) publisher.send(frame);
  await publisher.drained();
  await until(() => (a.media.stream(NAME)?.bytesIn ?? 0) > 0, 'the stream');
  return publisher;
}

describe('Enhanced RTMP v2', () => {
  it.each(STREAMS)(
    '%s: every header and frame goes to players, here and relayed',
    async (_name, frames, media) => {
      await published(frames);
      const players = await Promise.all([
        rtmpPlayer(a),
        rtmpPlayer(b),
        flvPlayer(a),
        flvPlayer(b, '?headwater=redirected'),
      ]);
      const headers = asSent(frames.filter(({ isHeader }) => isHeader));
      for (const seen of players) {
        await until(
          () => seen().length >= frames.length,
          `${frames.length} messages, got ${seen().join('\n')}`,
        );
        expect([...seen()].sort()).toEqual(asSent(frames));
        expect(seen().slice(0, headers.length).sort()).toEqual(headers);
        const firstFrame = seen().find((each) => each.startsWith('video') && !headers.includes(each));
        expect(asSent(frames.filter(({ isKeyframe }) => isKeyframe))).toContain(firstFrame);
      }
      expect(a.media.stream(NAME)?.media).toMatchObject(media);
      expect(b.media.stream(NAME)?.media).toMatchObject(media);
    },
  );

  it('drops ends of sequence, in every form: players stop at them, the stream may go on', async () => {
    const publisher = await published([VIDEO_HEADER(), AUDIO_HEADER(), KEY(0, 1), AUDIO(10, 1)]);
    const players = await Promise.all([rtmpPlayer(a), rtmpPlayer(b), flvPlayer(a)]);
    const ends = [
      raw('video', 40, '1702000000'),
      raw('video', 40, '2702000000'),
      raw('video', 40, '1c02000000'),
      ex('video', 40, 0x92, 'hvc1', ''),
      ex('audio', 40, 0x92, 'Opus', ''),
      raw('video', 40, '97 02 0001f4 02 68766331'),
    ];
    for (const frame of [...ends, INTER(80, 2), AUDIO(80, 3)]) publisher.send(frame);
    const sent = [VIDEO_HEADER(), AUDIO_HEADER(), KEY(0, 1), AUDIO(10, 1), INTER(80, 2), AUDIO(80, 3)];
    const frames = asSent(sent);
    for (const seen of players) {
      await until(() => seen().length >= frames.length, 'what came after the ends');
      expect([...seen()].sort()).toEqual(frames);
    }
  });

  it.each([
    ['fourCcList', { fourCcList: ['hvc1', 'av01'] }],
    ['videoFourCcInfoMap', { videoFourCcInfoMap: { '*': 1 } }],
    ['audioFourCcInfoMap', { audioFourCcInfoMap: { Opus: 3 } }],
    ['capsEx', { capsEx: 2 }],
  ])('answers connect by its capabilities where the client offered %s', async (_name, offered) => {
    const client = await RawRtmpClient.connected(a.rtmpPort, 'live', offered);
    closers.push(() => client.close());
    const properties = amfObject((await client.answer('_result', 1))[2]);
    expect(properties).toMatchObject({
      videoFourCcInfoMap: { '*': 4 },
      audioFourCcInfoMap: { '*': 4 },
      capsEx: 14,
    });
    expect(properties?.fourCcList).toEqual(
      expect.arrayContaining(['hvc1', 'av01', 'vp09', 'Opus', 'fLaC', 'ac-3']),
    );
  });

  it('answers everybody else as ever', async () => {
    const client = await RawRtmpClient.connected(a.rtmpPort);
    closers.push(() => client.close());
    const properties = amfObject((await client.answer('_result', 1))[2]);
    expect(Object.keys(properties ?? {})).toEqual(['fmsVer', 'capabilities', 'mode']);
  });
});
