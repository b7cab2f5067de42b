import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BareMember, Transports } from '../testing/transports.js';
import { ENVELOPE_BYTES_MAX } from '../wire/envelope.js';
import { TOPIC } from './gossip.js';

let transports: Transports;
beforeEach(() => {
  transports = new Transports();
});
afterEach(() => transports.close());

/** Both speak gossip with each other. */
async function connect(one: BareMember, other: BareMember): Promise<void> {
  one.gossipOn(await one.dial(other));
  const [back] = await until(() => {
    const connections = other.node.getConnections(one.node.peerId);
    return connections.length > 0 && connections;
  }, 'the connection is taken');
  if (back) other.gossipOn(back);
}

/** And know that they do. */
async function join(one: BareMember, other: BareMember): Promise<void> {
  await connect(one, other);
  await until(() => knows(one, other) && knows(other, one), 'they know each other');
}

const knows = (one: BareMember, other: BareMember): boolean =>
  one.node.services.pubsub.getSubscribers(TOPIC).some((peer) => peer.equals(other.node.peerId));

const publish = async ({ node }: BareMember, text: string): Promise<number> =>
  (await node.services.pubsub.publish(TOPIC, Buffer.from(text))).recipients.length;

describe('gossip', () => {
  it('reaches all at once, with many members on one host', async () => {
    const hub = await transports.bare('hub');
    const members = await Promise.all(
      Array.from({ length: 15 }, (_, index) => transports.bare(`member ${index}`)),
    );
    for (const member of members) await join(hub, member);
    expect(await publish(hub, 'news')).toBe(members.length);
    await until(() => members.every(({ gossip }) => gossip.length > 0), 'all hear of it');
    for (const { gossip } of members) expect(gossip).toEqual(['news']);
  });

  it('carries the largest message that a member may send', async () => {
    const [a, b] = [await transports.bare('a'), await transports.bare('b')];
    await join(a, b);
    const text = 'x'.repeat(ENVELOPE_BYTES_MAX);
    await publish(a, text);
    await until(() => b.gossip.length > 0, 'it arrives');
    expect(b.gossip[0] === text).toBe(true);
  });

  it('tells a member nothing of what it said itself, and takes the same twice without complaint', async () => {
    const [a, b] = [await transports.bare('a'), await transports.bare('b')];
    await join(a, b);
    expect(await publish(a, 'news')).toBe(1);
    expect(await publish(a, 'news')).toBe(0);
    await publish(a, 'more');
    await until(() => b.gossip.includes('more'), 'all of it arrives');
    expect([a.gossip, b.gossip]).toEqual([[], ['news', 'more']]);
  });

  it('takes what a lone member says, though nobody hears it', async () => {
    expect(await publish(await transports.bare('a'), 'is anybody there')).toBe(0);
  });

  it('speaks its own protocol alone, of one topic', async () => {
    const { node } = await transports.bare('a');
    expect(node.getProtocols().filter((protocol) => !protocol.startsWith('/meshsub/'))).toEqual([]);
    expect(node.services.pubsub.getTopics()).toEqual(['headwater/1/deltas']);
  });

  it('passes over what tells of more topics at once than any member has', async () => {
    const [a, greedy] = [await transports.bare('a'), await transports.bare('greedy')];
    for (let index = 0; index < 9; index += 1) greedy.node.services.pubsub.subscribe(`topic ${index}`);
    await connect(greedy, a);
    await until(() => knows(greedy, a), 'it is told of');
    await publish(greedy, 'what it says later');
    await until(() => a.gossip.length > 0, 'that counts');
    expect(knows(a, greedy)).toBe(false);
  });
});
