import type { MemberId } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it } from 'vitest';
import { Fence } from '../fence.js';
import type { RelayAddress } from '../media-host.js';
import { type FakeRtmpConnection, FakeRtmpServer } from '../testing/fake-rtmp-server.js';
import { INTER, KEY } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { mediaOptions } from '../testing/media-options.js';
import type { Frame } from '../wire/frame.js';
import type { Link, LinkEnd } from './link.js';
import { rtmpLink } from './rtmp-link.js';

const STREAM = '__defaultVhost__/live/s';
const LOOK_MS = 250;
const STALL_MS = 1000;
const PING = [4, 6];
const ACCEPTS = { level: 'status', code: 'NetStream.Publish.Start' } as const;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A link to an origin that the test plays. */
class LinkTest {
  readonly timers = new ManualTimers();
  readonly log = new MemoryLog();
  readonly fence = new Fence(this.log);
  readonly told: (string | LinkEnd)[] = [];
  /** Called with each thing that is told. */
  onTold: (what: string) => void = () => {};
  server!: FakeRtmpServer;
  link!: Link;

  static async open(
    script: (connection: FakeRtmpConnection) => void = (origin) => origin.serve(ACCEPTS),
    more: { readonly replaces?: MemberId; readonly queueBytesMax?: number; readonly proof?: string } = {},
  ): Promise<LinkTest> {
    const test = new LinkTest();
    test.server = await FakeRtmpServer.open(script);
    closers.push(() => test.server.close());
    const address: RelayAddress = { host: '127.0.0.1', rtmpPort: test.server.port };
    test.#start(address, more);
    return test;
  }

  static withoutAddress(): LinkTest {
    const test = new LinkTest();
    test.#start(null, {});
    return test;
  }

  #start(
    address: RelayAddress | null,
    more: { readonly replaces?: MemberId; readonly queueBytesMax?: number; readonly proof?: string },
  ): void {
    const open = rtmpLink({
      options: mediaOptions('edge one'),
      host: { relayAddress: (member) => (member === 'o' ? address : null) },
      guard: {
        proveRelay: ({ action, asked, relayOf, key }) =>
          more.proof === undefined ? '' : `${more.proof}=${action}.${asked}.${relayOf}.${key}`,
      },
      timers: this.timers,
      fence: this.fence,
      stallMs: STALL_MS,
      queueBytesMax: more.queueBytesMax ?? 1_000_000,
    });
    const tell = (what: string | LinkEnd): void => {
      this.told.push(what);
      this.onTold(typeof what === 'string' ? what : what.code);
    };
    this.link = open('o', STREAM, more.replaces ?? null, {
      accepted: () => tell('accepted'),
      stalled: (isStalled) => tell(isStalled ? 'stalled' : 'goes on'),
      ended: tell,
    });
    closers.push(() => this.link.close());
  }

  get origin(): FakeRtmpConnection {
    const [connection] = this.server.connections;
    if (connection === undefined) throw new Error('nobody is connected');
    return connection;
  }

  get pings(): number {
    return this.origin.messages.filter(
      ({ type, payload }) => type === PING[0] && payload.readUInt16BE(0) === PING[1],
    ).length;
  }

  async accepted(): Promise<void> {
    await until(() => this.told.includes('accepted') || undefined, 'the publish to be accepted');
  }

  async pinged(count: number): Promise<void> {
    await until(() => this.pings >= count || undefined, `${count} pings`);
    expect(this.pings).toBe(count);
  }

  /** The origin answers, and that is here. `count` pings. */
  async pong(count: number): Promise<void> {
    for (let answer = 0; answer < count; answer += 1)
      this.origin.message(4, Buffer.from([0, 7, 0, 0, 0, 0]), 0, 0);
    await this.roundTrip();
  }

  /** What both sides sent before has arrived: the origin answers a ping that asks for no more than that. */
  async roundTrip(): Promise<void> {
    const before = this.origin.messages.length;
    this.origin.message(4, Buffer.from([0, 6, 0, 0, 0, 0]), 0, 0);
    const isAnswer = ({ type, payload }: { type: number; payload: Buffer }): boolean =>
      type === 4 && payload.readUInt16BE(0) === 7;
    await until(() => this.origin.messages.slice(before).some(isAnswer) || undefined, 'an answer to a ping');
  }

  async ended(): Promise<LinkEnd> {
    return until(() => this.told.find((what): what is LinkEnd => typeof what !== 'string'), 'its end');
  }
}

const pictures = ({ messages }: FakeRtmpConnection): number[] =>
  messages.filter(({ type }) => type === 9).map(({ payload }) => payload[5] ?? -1);
const large = (bytes: number): Frame => ({ ...INTER(0), payload: Buffer.alloc(bytes, 0x27) });

describe('a link to an origin', () => {
  it('publishes the stream there as forwarded, with what it replaces and its proof', async () => {
    const test = await LinkTest.open(undefined, { replaces: 'x', proof: 'sig' });
    await test.accepted();
    const publish = test.origin.commands.find(([name]) => name === 'publish');
    expect(publish?.[3]).toBe(`s?headwater=forward&member=edge%20one&replaces=x&sig=forward.o.x.${STREAM}`);
    const connect = test.origin.commands.find(([name]) => name === 'connect');
    expect(connect?.[2]).toMatchObject({ app: 'live', flashVer: 'headwater forward (edge one)' });
    test.link.push(KEY(40, 1));
    test.link.push(INTER(80, 2));
    await until(() => pictures(test.origin).length === 2 || undefined, 'both pictures');
    expect(pictures(test.origin)).toEqual([1, 2]);
    expect(test.told).toEqual(['accepted']);
  });

  it('tells an unknown address later than the call, once, and not after it was closed', () => {
    const test = LinkTest.withoutAddress();
    test.link.push(KEY(0));
    expect(test.told).toEqual([]);
    test.timers.pass(0);
    expect(test.told).toEqual([{ code: 'unreachable', text: 'no address is known of o' }]);
    const closed = LinkTest.withoutAddress();
    closed.link.close();
    closed.timers.pass(1000);
    expect(closed.told).toEqual([]);
  });

  it('ends in the words of the origin', async () => {
    const test = await LinkTest.open((origin) =>
      origin.serve({ level: 'error', code: 'NetStream.Publish.BadName', description: 'not here' }),
    );
    expect(await test.ended()).toMatchObject({ code: 'refused', text: 'not here' });
    expect(test.told).toHaveLength(1);
    expect(test.timers.pending).toBe(0);
    test.link.push(KEY(0));
  });

  it('ends when the origin closes the connection, and looks at nothing after that', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    expect(test.timers.pending).toBe(1);
    test.origin.socket.end();
    await test.ended();
    expect(test.timers.pending).toBe(0);
    expect(test.told).toHaveLength(2);
    expect(test.told[1]).not.toHaveProperty('reason');
  });

  it('unpublishes when it is closed, and tells nothing any more', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    test.link.close();
    test.link.push(KEY(0));
    await until(() => test.origin.socket.readableEnded || undefined, 'the connection to end');
    expect(test.origin.commands.map(([name]) => name).slice(-2)).toEqual(['FCUnpublish', 'deleteStream']);
    expect(pictures(test.origin)).toEqual([]);
    expect([test.told, test.timers.pending]).toEqual([['accepted'], 0]);
  });

  it('tells nothing of a publish that is accepted after it was closed', async () => {
    let accept = (): void => {};
    const test = await LinkTest.open((origin) => {
      origin.serve(ACCEPTS);
      const answers = origin.onCommand;
      origin.onCommand = (name, ...more) => {
        if (name === 'publish') accept = () => answers(name, ...more);
        else answers(name, ...more);
        if (name === 'publish') test.link.close();
      };
    });
    await until(() => test.server.connections[0]?.socket.readableEnded || undefined, 'the connection to end');
    accept();
    expect([test.told, test.timers.pending]).toEqual([[], 0]);
  });
});

describe('an origin that gives no sign of life', () => {
  it('is asked for one at each look, is told when it gave none for long, and again when it does', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    await test.pinged(1);
    test.timers.pass(LOOK_MS);
    await test.pinged(2);
    test.timers.pass(STALL_MS - LOOK_MS - 1);
    expect(test.told).toEqual(['accepted']);
    test.timers.pass(1);
    expect(test.told).toEqual(['accepted', 'stalled']);
    test.timers.pass(2 * LOOK_MS);
    expect(test.told).toEqual(['accepted', 'stalled']);
    await test.pong(1);
    test.timers.pass(LOOK_MS);
    expect(test.told).toEqual(['accepted', 'stalled', 'goes on']);
  });

  it('is well as long as it answers one question after the other', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    for (let look = 0; look < 12; look += 1) {
      await test.pong(1);
      test.timers.pass(LOOK_MS);
    }
    expect(test.told).toEqual(['accepted']);
  });

  it('is well while it answers questions of long ago', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    for (let look = 0; look < 12; look += 1) {
      if (look % 3 === 2) await test.pong(1);
      test.timers.pass(LOOK_MS);
    }
    expect(test.told).toEqual(['accepted']);
  });

  it('is not blamed where it was this process that stood still', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    test.timers.freeze(5 * STALL_MS);
    test.timers.pass(0);
    expect(test.told).toEqual(['accepted']);
    test.timers.pass(LOOK_MS);
    expect(test.told).toEqual(['accepted', 'stalled']);
  });

  it('is asked within what is sent as well, each 64 KiB', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    await test.pinged(1);
    test.link.push(large(65_535));
    await test.roundTrip();
    await test.pinged(1);
    test.link.push(large(1));
    await test.pinged(2);
    test.link.push(large(65_535));
    await test.roundTrip();
    await test.pinged(2);
    test.link.push(large(70_000));
    await test.pinged(3);
  });

  it('is asked a limited number of times', async () => {
    const test = await LinkTest.open();
    await test.accepted();
    for (let look = 1; look < 4200; look += 1) test.timers.pass(LOOK_MS);
    await test.roundTrip();
    await test.pinged(4096);
    await test.pong(1);
    test.timers.pass(LOOK_MS);
    await test.pinged(4097);
  });
});

describe('an origin that takes less than is sent', () => {
  it('is left at the next look, and nothing is added to what waits', async () => {
    const test = await LinkTest.open((origin) => origin.serve(ACCEPTS), { queueBytesMax: 100_000 });
    await test.accepted();
    test.origin.socket.pause();
    // More than the kernel takes on both sides.
    for (let pushed = 0; pushed < 400; pushed += 1) test.link.push(large(100_000));
    expect(test.told).toEqual(['accepted']);
    test.timers.pass(LOOK_MS);
    expect(await test.ended()).toMatchObject({ code: 'stuck' });
    expect(test.timers.pending).toBe(0);
    test.origin.socket.resume();
    await until(() => test.origin.socket.destroyed || undefined, 'the connection to end');
    expect(test.origin.messages.filter(({ type }) => type === 9).length).toBeLessThan(200);
  });
});

describe('a fault in who listens', () => {
  it.each(['accepted', 'stalled'])('to "%s" ends the link, and nothing else', async (what) => {
    const test = await LinkTest.open();
    test.onTold = (told) => {
      if (told === what) throw new Error('a fault');
    };
    await test.accepted();
    if (what === 'stalled') test.timers.pass(STALL_MS);
    expect(await test.ended()).toEqual({ code: 'protocol', text: 'a fault of this member' });
    expect(test.fence.faults).toBe(1);
    expect(test.log.of('connection ended by a fault')[0]).toMatchObject({
      client: `127.0.0.1:${test.server.port}`,
      protocol: 'forward',
      key: STREAM,
    });
  });
});
