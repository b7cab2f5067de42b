import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { seededRandom } from '@headwater/testing/seeded-random';
import { until } from '@headwater/testing/until';
import { expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { startMember } from '../../testing/test-member.js';
import { type AmfValue, encodeAmf0 } from '../../wire/rtmp/amf0.js';
import { chunkMessage } from '../../wire/rtmp/chunk-writer.js';

const SESSIONS = 400;
const AT_ONCE = 40;
const SEED = 20_260_729;

const message = (type: number, payload: Buffer, chunkStream = 3, timestampMs = 0) =>
  chunkMessage({ chunkStream, type, timestampMs, streamId: 1, payload }, 128);
const command = (...values: readonly AmfValue[]) => message(20, encodeAmf0(...values));

/** What honest clients send, message by message. */
function honest(what: 'publish' | 'play', stream: string): Buffer[] {
  const connect = { app: 'live', tcUrl: 'rtmp://127.0.0.1/live', flashVer: 'x', capabilities: 15 };
  const start = [
    Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]),
    Buffer.alloc(1536),
    command('connect', 1, connect),
    message(1, Buffer.from('00000080', 'hex'), 2),
    command('createStream', 2, null),
    command(what, 3, null, stream, 'live'),
  ];
  if (what === 'play') return start;
  const frames = [METADATA(), VIDEO_HEADER(), AUDIO_HEADER(), KEY(0, 1, 400), AUDIO(10), INTER(40, 2, 300)];
  const types = { audio: 8, video: 9, data: 18 } as const;
  return [
    ...start,
    ...frames.map((frame) => message(types[frame.kind], frame.payload, 4, frame.timestampMs)),
  ];
}

/** The session with some of it cut, flipped, repeated, reordered, or made of noise. */
function mutate(parts: Buffer[], random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  // Half of them keep the handshake, so that the commands are reached.
  const first = random() < 0.5 ? 2 : 0;
  const list = [...parts];
  for (let i = below(4); i >= 0; i -= 1) {
    const at = first + below(list.length - first);
    const part = Buffer.from(list[at] ?? Buffer.alloc(0));
    switch (below(6)) {
      case 0:
        for (let flips = below(8); flips >= 0; flips -= 1) part[below(part.length)] = below(256);
        list[at] = part;
        break;
      case 1:
        list[at] = part.subarray(0, below(part.length));
        break;
      case 2:
        list.splice(at, 0, part);
        break;
      case 3:
        list.splice(at, 1);
        break;
      case 4:
        list[at] = Buffer.from(Array.from({ length: below(300) }, () => below(256)));
        break;
      default:
        list.splice(at, 0, list.splice(first + below(list.length - first), 1)[0] ?? part);
    }
    if (list.length <= first + 1) break;
  }
  return Buffer.concat(list);
}

it(`survives ${SESSIONS} mutated sessions (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', onUncaught);
  const { limits } = mediaOptions('a');
  const member = await startMember('a', {
    limits: { ...limits, handshakeMs: 3000 },
    publish: { idleMs: 3000 },
  });
  const bystander = await RawRtmpClient.connected(member.rtmpPort);
  bystander.publish('bystander');
  await bystander.status('NetStream.Publish.Start');
  const beat = setInterval(() => bystander.message(9, KEY(0).payload), 50);
  try {
    for (let done = 0; done < SESSIONS; done += AT_ONCE) {
      const clients = await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, i) => {
          const client = await RawRtmpClient.open(member.rtmpPort);
          client.write(mutate(honest(i % 2 === 0 ? 'publish' : 'play', `s${i % 5}`), random));
          return client;
        }),
      );
      await Promise.all(clients.map((client) => client.finish()));
    }
    await until(() => member.media.streams().length === 1, 'the end of all hostile sessions');
    const view = member.media.stream('__defaultVhost__/live/bystander');
    const before = view?.bytesIn ?? 0;
    expect(view?.source).toBe('publisher');
    await until(
      () => (member.media.stream('__defaultVhost__/live/bystander')?.bytesIn ?? 0) > before,
      'its media',
    );
    expect(uncaught).toEqual([]);
    const reasons = new Set(member.log.of('connection closed').map(({ reason }) => reason));
    // The mutations reach deep enough to meet different checks.
    expect(reasons.size).toBeGreaterThan(5);
  } finally {
    clearInterval(beat);
    process.off('uncaughtException', onUncaught);
    bystander.close();
    await member.stop();
  }
});
