import { setTimeout as sleep } from 'node:timers/promises';
import { FlvFile, type Frame, RtmpPublisher } from '@headwater/media';
import { awaitCondition } from '@headwater/testing/await-condition';
import { WebSocket } from 'ws';
import { Cluster } from '../support/cluster.js';
import { FlvReader } from '../support/flv-reader.js';
import { whole } from '../support/options.js';
import { SampleTags } from '../support/sample-tags.js';
import { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { SAMPLE } from './sample-publisher.js';

const RUNS = 20;
/** Played before the owner's end; the moment within the next second is random. */
const BEFORE_MS = 1500;
const AFTER_PICTURES = 75;
/** The second output's clock is another one, as of an encoder that was connected later. */
const CLOCK_OFFSET_MS = 12_345;

/** How an owner ends: killed, hung, or its encoder sends nothing any more while both stay connected. */
const ENDS = ['kill', 'silent', 'hung'] as const;
type End = (typeof ENDS)[number];
type Encodes = 'sameEncode' | 'differentEncodes';
const SIGNAL = { kill: 'SIGKILL', hung: 'SIGSTOP' } as const;

/**
 * A stream on two owners, of one encode and of two, and a player on a third member by WebSocket: its longest time without a
 * picture from just before the end of the owner that it is relayed from, and what was lost or doubled.
 */
export const failover = bench(
  'an owner of a relayed stream ends: the longest time without a picture at a player, and what was lost',
  { runs: whole('how often each owner ends in each way', { default: RUNS, min: 1 }) },
  async (scope, values) => {
    const cluster = await Cluster.start(scope, { config: { log: { level: 'info', format: 'json' } } });
    const figures: Record<Encodes, Record<string, object>> = { sameEncode: {}, differentEncodes: {} };
    for (const encodes of ['sameEncode', 'differentEncodes'] as const) {
      for (const end of ENDS) {
        const gapsMs: number[] = [];
        const breaks: string[] = [];
        for (let run = 0; run < values.runs; run += 1) {
          const inner = new Scope();
          try {
            const stream = `live/${encodes}-${end}-${run}`;
            const { gapMs, found } = await failoverOnce(inner, cluster, stream, encodes, end);
            gapsMs.push(gapMs);
            breaks.push(...found);
          } finally {
            await inner.close();
          }
          await heal(cluster);
        }
        figures[encodes][end] = { gap: spreadOf(gapsMs), breaks };
      }
    }
    return {
      what: 'owner of a relayed stream ends -> longest time without a picture at the player, other owner there, loopback, 3 members; breaks: pictures or sounds lost, doubled or out of order (different encodes: timestamps that go back)',
      reach: {
        sameEncode: { kill: { p99Ms: 300 }, silent: { p99Ms: 1500 }, hung: { p99Ms: 1500 }, breaks: 0 },
        differentEncodes: {
          what: 'beside the time to the next keyframe that can be had',
          kill: { maxMs: 500 },
          silent: { maxMs: 2000 },
          hung: { maxMs: 2000 },
        },
      },
      ...figures,
    };
  },
);

async function failoverOnce(
  scope: Scope,
  cluster: Cluster,
  stream: string,
  encodes: Encodes,
  end: End,
): Promise<{ readonly gapMs: number; readonly found: readonly string[] }> {
  const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
  const outputs = await publishTwice(scope, [a.rtmpUrl(stream), b.rtmpUrl(stream)], encodes);
  await awaitCondition('two owners', async () => (await c.ownerNames(stream)).length === 2);
  const reader = new FlvReader();
  const arrivals: number[] = [];
  const player = new WebSocket(c.wsUrl(stream));
  scope.defer(() => player.terminate());
  player.on('error', () => {});
  player.on('message', (data: Buffer) => {
    const before = reader.pictures.length;
    reader.push(data);
    if (reader.pictures.length > before) arrivals.push(performance.now());
  });
  await awaitCondition('pictures', () => reader.pictures.length > 0);
  await sleep(BEFORE_MS + Math.random() * 1000);
  const index = c.logged('relay flows').at(-1)?.owner === 'a' ? 0 : 1;
  const before = arrivals.length - 1;
  if (end === 'silent') outputs.silence(index);
  else [a, b][index]?.signal(SIGNAL[end]);
  const seen = reader.pictures.length;
  await awaitCondition('the player to go on', () => reader.pictures.length > seen + AFTER_PICTURES);
  const times = arrivals.slice(before);
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const found = encodes === 'sameEncode' ? breaksOf(reader) : stepsBack(reader);
  return { gapMs: Math.max(...gaps), found: found.map((text) => `${stream}: ${text}`) };
}

function breaksOf(reader: FlvReader): readonly string[] {
  const sample = new SampleTags(SAMPLE);
  return [...sample.pictureBreaks(reader), ...sample.soundBreaks(reader)];
}

function stepsBack({ pictures }: FlvReader): readonly string[] {
  const times = pictures.map(({ timestampMs }) => timestampMs);
  return times.flatMap((time, at) => (time < (times[at - 1] ?? 0) ? [`${times[at - 1]} -> ${time}`] : []));
}

/** One encoder with two outputs, or two encoders; goes on while either of them takes it. */
async function publishTwice(
  scope: Scope,
  urls: readonly string[],
  encodes: Encodes,
): Promise<{ silence(index: number): void }> {
  const file = await FlvFile.read(SAMPLE);
  const publishers = await Promise.all(urls.map((url) => RtmpPublisher.open(url)));
  const silent = new Set<number>();
  const stopping = new AbortController();
  scope.defer(async () => {
    stopping.abort();
    // A hung origin never answers the goodbye.
    await Promise.race([Promise.all(publishers.map((publisher) => publisher.close())), sleep(1000)]);
  });
  const push = async () => {
    const startMs = performance.now();
    for (const frame of file.loop()) {
      await sleep(Math.max(0, startMs + frame.timestampMs - performance.now()));
      if (stopping.signal.aborted) return;
      for (const [index, publisher] of publishers.entries()) {
        if (silent.has(index)) continue;
        const timestampMs = frame.timestampMs + index * CLOCK_OFFSET_MS;
        const isOther = encodes === 'differentEncodes' && index === 1;
        publisher.send({ ...(isOther ? otherwise(frame) : frame), timestampMs });
      }
    }
  };
  void push();
  return { silence: (index) => void silent.add(index) };
}

/** A filler NAL unit (ITU-T H.264, 7.4.1 and 7.3.2.7) behind the picture: other bytes, as another encoder's. */
const FILLER = Buffer.from('000000030cff80', 'hex');

function otherwise(frame: Frame): Frame {
  if (frame.isHeader || frame.kind === 'data') return frame;
  const more = frame.kind === 'video' ? FILLER : Buffer.of(0);
  return { ...frame, payload: Buffer.concat([frame.payload, more]) };
}

/** Brings the owner back, and waits until all are connected and nothing is owned. */
async function heal(cluster: Cluster): Promise<void> {
  for (const member of cluster.members) {
    member.signal('SIGCONT');
    if (member.exit === null && (await Promise.race([member.exited, sleep(200, null)])) === null) continue;
    member.restart();
  }
  await cluster.whole();
}
