import { Cluster } from '../support/cluster.js';
import { RtmpClient } from '../support/rtmp-client.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { resultAt, statusAt } from './rtmp-timing.js';

const PLAYS = 300;
const AT_ONCE = 50;
const REDIRECTED = 'NetConnection.Connect.Rejected';

/** From `play` to the RTMP 302, as an SRS edge sees it on a member that does not own the stream; 3 members. */
export const redirect = bench(
  'from a play to the redirect of an SRS edge, on a member that does not own the stream',
  {},
  async (scope) => {
    // The publishers send nothing: only the answer to a play is measured.
    const cluster = await Cluster.start(scope, {
      config: { publish: { idleMs: 600_000 }, log: { level: 'info', format: 'json' } },
    });
    // A stream for each play: a client that comes back for the same one is relayed, by the rule against loops.
    const streams = Array.from({ length: 3 * PLAYS }, (_, index) => `bench${index}`);
    for (const stream of streams) await publish(scope, cluster.member(0).ports.rtmp, stream);
    await cluster.owned(`live/${streams.at(-1)}`, ['a']);
    const port = cluster.member(2).ports.rtmp;

    const oneByOne: number[] = [];
    const afterAnother: number[] = [];
    const floor: number[] = [];
    for (const [index, stream] of streams.slice(0, PLAYS).entries()) {
      floor.push(await answerMs(await edge(scope, port)));
      const client = await edge(scope, port);
      const another = await edge(scope, port);
      oneByOne.push(await playMs(client, stream));
      afterAnother.push(await playMs(another, streams[PLAYS + index] ?? ''));
      // Not before: the member would have had the close of the one to see to while it answers the other.
      for (const { socket } of [client, another]) socket.destroy();
    }
    const atOnce: number[] = [];
    for (let next = 2 * PLAYS; next < streams.length; next += AT_ONCE) {
      atOnce.push(...(await playAll(scope, port, streams.slice(next, next + AT_ONCE))));
    }
    return {
      what: 'RTMP play on a non-owner -> 302, loopback, 3 members',
      reach: { p50Ms: 1, p99Ms: 5 },
      oneByOne: spreadOf(oneByOne),
      oneByOneWithoutTheFirst50: spreadOf(oneByOne.slice(50)),
      // Its code and data are still in the core's caches: what is over the floor here is work, the rest of `oneByOne` memory.
      rightAfterAnother: spreadOf(afterAnother),
      floor: {
        what: 'a command that is answered without any work, in turn with the plays',
        ...spreadOf(floor),
      },
      [`${AT_ONCE}AtOnce`]: spreadOf(atOnce),
    };
  },
);

async function publish(scope: Scope, port: number, stream: string): Promise<void> {
  const publisher = await RtmpClient.open(scope, port);
  await publisher.connect(`rtmp://127.0.0.1:${port}/live`);
  const accepted = statusAt(publisher, 'NetStream.Publish.Start');
  publisher.publish(stream);
  await accepted;
}

async function playAll(scope: Scope, port: number, streams: readonly string[]): Promise<number[]> {
  const clients = await Promise.all(
    streams.map(async (stream) => [await edge(scope, port), stream] as const),
  );
  return Promise.all(
    clients.map(async ([client, stream]) => {
      const tookMs = await playMs(client, stream);
      client.socket.destroy();
      return tookMs;
    }),
  );
}

async function edge(scope: Scope, port: number): Promise<RtmpClient> {
  const client = await RtmpClient.open(scope, port);
  await client.connect(`rtmp://127.0.0.1:${port}/live`, 'srs-edge');
  return client;
}

/** What the machine takes for a question and an answer between two processes that have slept a moment. */
async function answerMs(client: RtmpClient): Promise<number> {
  const answered = resultAt(client, 9);
  const startMs = performance.now();
  client.command(0, 'getStreamLength', 9, null, 'none');
  const tookMs = (await answered) - startMs;
  client.socket.destroy();
  return tookMs;
}

async function playMs(client: RtmpClient, stream: string): Promise<number> {
  const redirected = statusAt(client, REDIRECTED);
  const startMs = performance.now();
  client.play(stream);
  return (await redirected) - startMs;
}
