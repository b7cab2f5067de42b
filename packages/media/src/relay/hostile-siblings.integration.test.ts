import { createServer, type Server, type Socket } from 'node:net';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RtmpPublisher } from '../protocols/rtmp/rtmp-publisher.js';
import { KEY, VIDEO_HEADER } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { expectExact, grows, NAME, RelayWorld, rtmp, sendUntil } from '../testing/relay-world.js';
import {
  joinSiblingMessages,
  SIBLING,
  SIBLING_VERSION,
  type SiblingMessage,
  SiblingParser,
  siblingMessage,
} from '../wire/sibling-message.js';

const world = new RelayWorld();

beforeEach(() => world.open());
afterEach(() => world.close());

describe('hostile bytes at a worker’s socket', () => {
  it.each<[string, Buffer]>([
    ['no hello', joinSiblingMessages([siblingMessage(SIBLING.open, 1, NAME)])],
    ['another version', joinSiblingMessages([siblingMessage(SIBLING.hello, 0, 'headwater sibling 0', 1)])],
    ['a length of 4 GB', Buffer.alloc(32, 0xff)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    [
      'two pulls of one number',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.open, 1, NAME),
        siblingMessage(SIBLING.open, 1, NAME),
      ]),
    ],
    [
      'a key that is none',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.open, 1, 'no key'),
      ]),
    ],
    [
      'a frame',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        siblingMessage(SIBLING.video, 1, Buffer.of(0x17, 1)),
      ]),
    ],
    [
      'many pulls of one stream',
      joinSiblingMessages([
        siblingMessage(SIBLING.hello, 0, SIBLING_VERSION, 9),
        ...Array.from({ length: 10 }, (_, index) => siblingMessage(SIBLING.open, index, NAME, 5000)),
      ]),
    ],
  ])('%s: ends that connection alone', async (_, bytes) => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const source = await world.encoder([a1]);
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    const mad = await world.rawSibling('a1');
    mad.socket.write(bytes);
    await until(() => mad.isClosed() || undefined, 'the close');
    await sendUntil(source, grows(player, 5), 'more');
    expectExact(player);
    expect(world.logOf('a1').of('worker disconnected')).toHaveLength(1);
    expect(a1.stream(NAME)?.pulledByWorkers).toEqual([2]);
    expect(a1.faults()).toBe(0);
  });

  it('says no to a pull of what is not published on that worker, also where it is relayed there', async () => {
    const [a1, a2] = [await world.worker('a1'), await world.worker('a2')];
    const source = await world.encoder([a1]);
    const player = await world.play(a2);
    await sendUntil(source, grows(player, 5), 'pictures');
    const sibling = await world.rawSibling('a2');
    sibling.hello();
    sibling.say(
      siblingMessage(SIBLING.open, 7, NAME, 1000),
      siblingMessage(SIBLING.open, 8, '__defaultVhost__/live/none'),
    );
    await until(() => sibling.got.length === 2, 'the answers');
    expect(sibling.got.map(({ type, pull, body }) => [type, pull, body.toString()])).toEqual([
      [SIBLING.ended, 7, 'not-published'],
      [SIBLING.ended, 8, 'not-published'],
    ]);
  });

  describe('of the worker that is pulled from', () => {
    let server: Server;
    const sockets: Socket[] = [];
    /** What it answers to what comes. */
    let answer: (socket: Socket, message: SiblingMessage) => void = () => {};

    async function madWorker(): Promise<void> {
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        const parser = new SiblingParser(4096, (message) => answer(socket, message));
        socket.on('data', (bytes) => parser.feed(bytes));
      });
      await new Promise<void>((resolve) => server.listen(world.socketOf('a1').path, resolve));
      world.mesh.host('a', world.socketOf('a1')).claim({ key: NAME, sinceMs: 1, media: {} });
    }

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server.close();
    });

    it.each<[string, (pull: number) => Buffer]>([
      ['noise', () => Buffer.alloc(4096, 0xfe)],
      ['a frame before its start', (pull) => joinSiblingMessages([siblingMessage(9, pull, Buffer.of(1))])],
      ['an unknown type', (pull) => joinSiblingMessages([siblingMessage(77, pull)])],
      ['an end that means nothing', (pull) => joinSiblingMessages([siblingMessage(5, pull, '\u0000%')])],
    ])('%s: its players go on from another member', async (_, bytes) => {
      await madWorker();
      answer = (socket, { type, pull }) => {
        if (type === SIBLING.open) socket.write(bytes(pull));
      };
      const [a2, b1] = [await world.worker('a2'), await world.worker('b1')];
      const source = await world.encoder([b1]);
      const player = await world.play(a2);
      await sendUntil(source, grows(player, 10), 'pictures of b');
      expectExact(player);
      expect(a2.faults()).toBe(0);
    });

    it('one that never answers: its players go on from another member, before relay.connectMs is over', async () => {
      await madWorker();
      answer = () => {};
      const options = mediaOptions('a');
      const [a2, b1] = [
        await world.worker('a2', { relay: { ...options.relay, connectMs: 2000 } }),
        await world.worker('b1'),
      ];
      const source = await world.encoder([b1]);
      const player = await world.play(a2);
      await sendUntil(source, grows(player, 10), 'pictures of b');
      const asked = world.logOf('a2').of('relay pulls');
      // On a busy machine the other member may be late as well, and this one asked again.
      expect(asked.slice(0, 2).map(({ fromWorker, reason }) => [fromWorker, reason])).toEqual([
        [1, 'started'],
        [undefined, 'no-answer'],
      ]);
      // Nobody else can be asked to reach it.
      expect(
        world
          .logOf('a2')
          .of('relay pulls')
          .filter(({ through }) => through !== undefined),
      ).toEqual([]);
    });
  });
});

describe('a sibling that is slow', () => {
  it('loses its pull, and gets the stream again once it reads; others notice nothing', async () => {
    const options = mediaOptions('a');
    const [a1, a2] = [
      await world.worker('a1', { play: { ...options.play, queueBytesMax: 300_000 } }),
      await world.worker('a2'),
    ];
    const publisher = await RtmpPublisher.open(rtmp(a1));
    world.clients.push(publisher);
    publisher.send(VIDEO_HEADER(1));
    const slow = await world.rawSibling('a1');
    slow.hello();
    slow.say(siblingMessage(SIBLING.open, 1, NAME, 0));
    const player = await world.play(a2);
    await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 2 || undefined, 'both pulls');
    slow.socket.pause();
    let sent = 0;
    const timer = setInterval(() => {
      publisher.send(KEY(sent * 40, sent % 256, 50_000));
      sent += 1;
    }, 5);
    try {
      await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 1 || undefined, 'the slow one to go');
      const before = player.pictures().length;
      await until(() => player.pictures().length > before + 10 || undefined, 'the other one to go on');
      slow.socket.resume();
      const ended = () => slow.got.find(({ type }) => type === SIBLING.ended)?.body.toString();
      await until(() => ended() ?? undefined, 'the end of its pull');
      expect(ended()).toBe('too-slow');
      expect(slow.isClosed()).toBe(false);
      slow.say(siblingMessage(SIBLING.open, 2, NAME, 1000));
      await until(() => slow.got.some(({ pull, type }) => pull === 2 && type === 9) || undefined, 'media');
    } finally {
      clearInterval(timer);
    }
    const numbers = player.pictures();
    expect(numbers).toEqual(numbers.map((_, index) => ((numbers[0] ?? 0) + index) % 256));
  });
});

describe('a sibling that takes nothing', () => {
  it('is disconnected after play.stuckMs, and its pulls end', async () => {
    const options = mediaOptions('a');
    const a1 = await world.worker('a1', { play: { ...options.play, stuckMs: 300 } });
    const publisher = await RtmpPublisher.open(rtmp(a1));
    world.clients.push(publisher);
    publisher.send(VIDEO_HEADER(1));
    const stuck = await world.rawSibling('a1');
    stuck.hello();
    stuck.say(siblingMessage(SIBLING.open, 1, NAME, 0));
    await until(() => a1.stream(NAME)?.pulledByWorkers?.length === 1 || undefined, 'the pull');
    stuck.socket.pause();
    // More than the kernel takes, and far less than the limits of the queues.
    for (let index = 0; index < 60; index += 1) publisher.send(KEY(index * 40, index, 50_000));
    await until(() => a1.stream(NAME)?.pulledByWorkers === undefined || undefined, 'the end of the pull');
    expect(world.logOf('a1').of('worker disconnected')).toMatchObject([
      { ofWorker: 9, detail: 'it takes nothing any more' },
    ]);
  });
});
