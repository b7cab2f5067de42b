import { setTimeout as sleep } from 'node:timers/promises';
import { FlvFile, RtmpPublisher } from '@headwater/media';
import { awaitCondition } from '@headwater/testing/await-condition';
import { WebSocket } from 'ws';
import { Cluster } from '../support/cluster.js';
import { FlvReader } from '../support/flv-reader.js';
import { SampleTags } from '../support/sample-tags.js';
import { Scope } from '../support/scope.js';
import { spreadOf } from './figures.js';
import { SAMPLE } from './sample-publisher.js';

const RUNS = 20;
/** Played before the owner's end; the moment within the next second is random. */
const BEFORE_MS = 1500;
const AFTER_PICTURES = 75;
/** The second output's clock is another one, as of an encoder that was connected later. */
const CLOCK_OFFSET_MS = 12_345;

/**
 * One encode on two owners, a player on a third member by WebSocket: its longest silence from just before the owner's end
 * on, and whether each picture and sound came once. A run is `kill -9` or SIGSTOP of the owner that is relayed from.
 */
export async function failover(scope: Scope, [runs = String(RUNS)]: readonly string[]): Promise<object> {
  const cluster = await Cluster.start(scope, { config: { log: { level: 'info', format: 'json' } } });
  const figures: Record<string, object> = {};
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const gapsMs: number[] = [];
    const breaks: string[] = [];
    for (let run = 0; run < Number(runs); run += 1) {
      const inner = new Scope();
      try {
        const { gapMs, found } = await failoverOnce(
          inner,
          cluster,
          `live/${signal.toLowerCase()}${run}`,
          signal,
        );
        gapsMs.push(gapMs);
        breaks.push(...found);
      } finally {
        await inner.close();
      }
      await heal(cluster);
    }
    figures[signal] = { gap: spreadOf(gapsMs), breaks };
  }
  return {
    what: 'owner of a relayed stream ends -> longest silence at the player, same encode on another owner, loopback, 3 members; breaks: pictures or sounds lost, doubled or out of order',
    reach: { SIGKILL: { p99Ms: 300, breaks: 0 }, SIGSTOP: { p99Ms: 1500, breaks: 0 } },
    ...figures,
  };
}

async function failoverOnce(
  scope: Scope,
  cluster: Cluster,
  stream: string,
  signal: NodeJS.Signals,
): Promise<{ readonly gapMs: number; readonly found: readonly string[] }> {
  const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
  await publishTwice(scope, [a.rtmpUrl(stream), b.rtmpUrl(stream)]);
  await awaitCondition('two owners', async () => (await c.ownerNames(stream)).length === 2);
  const reader = new FlvReader();
  const arrivals: number[] = [];
  const player = new WebSocket(c.wsUrl(stream));
  scope.defer(() => player.terminate());
  player.on('error', () => {});
  player.on('message', (data: Buffer) => {
    arrivals.push(performance.now());
    reader.push(data);
  });
  await awaitCondition('pictures', () => reader.pictures.length > 0);
  await sleep(BEFORE_MS + Math.random() * 1000);
  const owner = c.logged('relay flows').at(-1)?.owner;
  const before = arrivals.length - 1;
  (owner === 'a' ? a : b).signal(signal);
  const seen = reader.pictures.length;
  await awaitCondition('the player to go on', () => reader.pictures.length > seen + AFTER_PICTURES);
  const times = arrivals.slice(before);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const sample = new SampleTags(SAMPLE);
  const found = [...sample.pictureBreaks(reader), ...sample.soundBreaks(reader)];
  return { gapMs: Math.max(...gaps), found: found.map((text) => `${stream}: ${text}`) };
}

/** One encoder with two outputs; goes on while either of them takes it. */
async function publishTwice(scope: Scope, urls: readonly string[]): Promise<void> {
  const file = await FlvFile.read(SAMPLE);
  const publishers = await Promise.all(urls.map((url) => RtmpPublisher.open(url)));
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
        publisher.send({ ...frame, timestampMs: frame.timestampMs + index * CLOCK_OFFSET_MS });
      }
    }
  };
  void push();
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
