import { Cluster } from '../support/cluster.js';
import { RtmpClient } from '../support/rtmp-client.js';
import type { Scope } from '../support/scope.js';
import { bench } from './bench.js';
import { spreadOf } from './figures.js';
import { statusAt } from './rtmp-timing.js';

const PUBLISHES = 300;
const REDIRECTED = 'NetConnection.Connect.Rejected';

/**
 * From a publish accepted on one member to the route on every other, as clients see it: an SRS edge waits for the stream
 * on each other member, and is redirected when its member has heard of the claim. 3 members.
 */
export const convergence = bench(
  'from a publish on one member to the route on every other, as clients see it',
  {},
  async (scope) => {
    const cluster = await Cluster.start(scope, { config: { log: { level: 'info', format: 'json' } } });
    const everywhere: number[] = [];
    for (let publish = 0; publish < PUBLISHES; publish += 1) {
      everywhere.push(await convergenceMs(scope, cluster, `bench${publish}`));
    }
    return {
      what: 'publish accepted (NetStream.Publish.Start at the publisher) -> every other member routes to it, loopback, 3 members',
      reach: { p99Ms: 10 },
      convergence: spreadOf(everywhere),
    };
  },
);

async function convergenceMs(scope: Scope, cluster: Cluster, stream: string): Promise<number> {
  const [first, ...others] = cluster.members;
  if (first === undefined) throw new Error('a cluster without members');
  const waiting = await Promise.all(
    others.map(async ({ ports }) => {
      const client = await RtmpClient.open(scope, ports.rtmp);
      await client.connect(`rtmp://127.0.0.1:${ports.rtmp}/live`, 'srs-edge');
      client.play(stream);
      await client.awaitStatus('NetStream.Play.Start');
      return client;
    }),
  );
  const publisher = await RtmpClient.open(scope, first.ports.rtmp);
  await publisher.connect(`rtmp://127.0.0.1:${first.ports.rtmp}/live`);
  const routed = waiting.map((client) => statusAt(client, REDIRECTED));
  const accepted = statusAt(publisher, 'NetStream.Publish.Start');
  publisher.publish(stream);
  const acceptedMs = await accepted;
  const lastMs = Math.max(...(await Promise.all(routed)));
  for (const client of [...waiting, publisher]) client.socket.destroy();
  // The others may well hear of it before the publisher's own answer has arrived.
  return Math.max(0, lastMs - acceptedMs);
}
