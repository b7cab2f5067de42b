import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readPlayMark, readRelayOf, readReplayMs } from '../desks/play/play-mark.js';
import { Fence } from '../fence.js';
import type { Upstream, UpstreamEnd } from '../stream/upstream.js';
import { type FakeRtmpConnection, FakeRtmpServer } from '../testing/fake-rtmp-server.js';
import { KEY } from '../testing/frames.js';
import { mediaOptions } from '../testing/media-options.js';
import { ownerOf, STREAM_KEY } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { relayTarget, rtmpUpstream } from './rtmp-upstream.js';

const ADDRESS = { host: '10.0.0.2', rtmpPort: 1936 };
const pull = (memberName = 'b', replayMs = 0, relayOf: string | null = null) => ({
  memberName,
  replayMs,
  relayOf,
});

describe('relayTarget', () => {
  it("names the stream at the owner's relay address, marked, with who pulls", () => {
    expect(relayTarget('__defaultVhost__/live/room/s1', ADDRESS, pull('origin b&c'))).toEqual({
      host: '10.0.0.2',
      port: 1936,
      app: 'live/room',
      stream: 's1',
      query: 'headwater=relay&member=origin%20b%26c',
    });
  });

  it('tells a vhost that is not the default', () => {
    expect(relayTarget('v.example/live/s', ADDRESS, pull())).toMatchObject({
      app: 'live',
      vhost: 'v.example',
    });
  });

  it('asks for a replay', () => {
    expect(relayTarget('__defaultVhost__/live/s', ADDRESS, pull('b', 5000)).query).toBe(
      'headwater=relay&member=b&replay=5000',
    );
  });

  it('names the owner whose media another member is to pass on', () => {
    const { query } = relayTarget('__defaultVhost__/live/s', ADDRESS, pull('b', 5000, 'Qm1'));
    expect(query).toBe('headwater=relay&member=b&owner=Qm1&replay=5000');
    expect([readPlayMark(query), readRelayOf(query), readReplayMs(query)]).toEqual(['relay', 'Qm1', 5000]);
  });

  it('takes valid keys only', () => {
    expect(() => relayTarget('live/s', ADDRESS, pull())).toThrow(new TypeError('"live/s" is no stream key'));
  });

  it('tells no vhost that is the default, and encodes names', () => {
    expect(relayTarget('__defaultVhost__/100%/50%25', ADDRESS, pull())).toStrictEqual({
      host: '10.0.0.2',
      port: 1936,
      app: '100%25',
      stream: '50%2525',
      query: 'headwater=relay&member=b',
    });
  });
});

describe('rtmpUpstream', () => {
  const servers: FakeRtmpServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  const START = { level: 'status', code: 'NetStream.Play.Start' } as const;

  /** A pull from an owner that answers the play like this, after `beforeAnswer`. */
  async function pulled(
    answer: Parameters<FakeRtmpConnection['serve']>[0],
    beforeAnswer: (upstream: Upstream, connection: FakeRtmpConnection) => void = () => {},
    through: string | null = null,
  ) {
    const server = await FakeRtmpServer.open((connection) => {
      connection.serve(answer);
      const { onCommand } = connection;
      connection.onCommand = (name, ...rest) => {
        if (name === 'play') beforeAnswer(upstream, connection);
        onCommand(name, ...rest);
      };
    });
    servers.push(server);
    const asked: string[] = [];
    const relayAddress = (member: string) => {
      asked.push(member);
      return { host: '127.0.0.1', rtmpPort: server.port };
    };
    /** What came, in order. */
    const told: string[] = [];
    const frames: Frame[] = [];
    const upstream = rtmpUpstream(mediaOptions('member c'), { relayAddress }, new Fence(new MemoryLog()))(
      ownerOf('b', { through }),
      STREAM_KEY,
      5000,
      {
        started: () => told.push('started'),
        frame: (frame) => {
          told.push('frame');
          frames.push(frame);
        },
        ended: ({ code, text, isOrdinary }) =>
          told.push(`ended ${code}, ${text}${isOrdinary ? ', ordinary' : ''}`),
      },
    );
    const connection = await until(() => server.connections[0], 'the connection');
    return { upstream, told, frames, connection, asked };
  }

  async function playing() {
    const pull = await pulled(START);
    await until(() => pull.told.length > 0, 'the start');
    return pull;
  }

  it('plays the stream by its mark, says who it is and gives the frames', async () => {
    const { told, frames, connection } = await playing();
    const { payload } = KEY(0, 1);
    connection.message(9, payload, 40);
    await until(() => frames.length === 1, 'the frame');
    expect(told).toEqual(['started', 'frame']);
    expect(frames[0]).toMatchObject({ kind: 'video', timestampMs: 40, payload, isKeyframe: true });
    const [connect, , play] = connection.commands;
    expect(connect?.[2]).toMatchObject({ app: 'live', flashVer: 'headwater relay (member c)' });
    expect(play?.slice(0, 1)).toEqual(['play']);
    expect(play?.[3]).toBe('s?headwater=relay&member=member%20c&replay=5000');
  });

  it('goes to the owner, or to the member through which it is pulled, and tells that one the owner', async () => {
    const direct = await playing();
    const through = await pulled(START, () => {}, 'm');
    await until(() => through.told.length > 0, 'the start');
    expect([direct.asked, through.asked]).toEqual([['b'], ['m']]);
    expect(through.connection.commands[2]?.[3]).toBe(
      's?headwater=relay&member=member%20c&owner=b&replay=5000',
    );
  });

  it('ends, later, where nobody knows the address of that member any more', async () => {
    const ends: UpstreamEnd[] = [];
    const events = { started: () => {}, frame: () => {}, ended: (end: UpstreamEnd) => ends.push(end) };
    const open = rtmpUpstream(mediaOptions('c'), { relayAddress: () => null }, new Fence(new MemoryLog()));
    open(ownerOf('b'), STREAM_KEY, 0, events);
    open(ownerOf('b'), STREAM_KEY, 0, events).close();
    expect(ends).toEqual([]);
    await until(() => ends.length > 0, 'the end');
    await new Promise(setImmediate);
    expect(ends).toEqual([{ code: 'unreachable', text: 'no address is known of b', isOrdinary: false }]);
  });

  it('ends no more than itself where that end meets a fault', async () => {
    const log = new MemoryLog();
    const fence = new Fence(log);
    const ended = (): void => {
      throw new TypeError('planted');
    };
    const open = rtmpUpstream(mediaOptions('c'), { relayAddress: () => null }, fence);
    open(ownerOf('b'), STREAM_KEY, 0, { started: () => {}, frame: () => {}, ended });
    await until(() => fence.faults > 0, 'the fault');
    expect(log.of('task ended by a fault')).toMatchObject([
      { task: 'end of a relay', err: { message: 'planted' } },
    ]);
  });

  it.each(['NetStream.Play.UnpublishNotify', 'NetStream.Play.Stop', 'NetStream.Play.StreamNotFound'])(
    'takes %s of a stream that played for the ordinary end of its publisher',
    async (code) => {
      const { told, connection } = await playing();
      connection.status('status', code, 'it is over');
      await until(() => told.length > 1, 'the end');
      expect(told).toEqual(['started', 'ended publisher-ended, it is over, ordinary']);
    },
  );

  it('takes an error of that kind for the same, and words from its code where it has none', async () => {
    const error = await playing();
    error.connection.status('error', 'NetStream.Play.StreamNotFound', 'gone');
    await until(() => error.told.length > 1, 'the end');
    expect(error.told[1]).toBe('ended publisher-ended, gone, ordinary');
    const wordless = await playing();
    wordless.connection.status('status', 'NetStream.Play.Stop', '');
    await until(() => wordless.told.length > 1, 'the end');
    expect(wordless.told[1]).toBe('ended publisher-ended, NetStream.Play.Stop, ordinary');
  });

  it('plays on at any other status, and takes another error for a fault', async () => {
    const { told, frames, connection } = await playing();
    connection.status('status', 'NetStream.Play.Reset');
    connection.message(9, KEY(0, 1).payload);
    await until(() => frames.length === 1, 'the frame');
    connection.status('error', 'NetStream.Play.Failed', 'no');
    await until(() => told.length > 2, 'the end');
    expect(told).toEqual(['started', 'frame', 'ended refused, no']);
  });

  it('takes a refusal before it played for no ordinary end', async () => {
    const { told } = await pulled({
      level: 'error',
      code: 'NetStream.Play.StreamNotFound',
      description: 'unknown',
    });
    await until(() => told.length > 0, 'the end');
    expect(told).toEqual(['ended refused, unknown']);
  });

  it('takes a lost connection for no ordinary end', async () => {
    const { told, connection } = await playing();
    connection.socket.destroy();
    await until(() => told.length > 1, 'the end');
    expect(told[1]).toMatch(/^ended closed-by-server, /);
    expect(told[1]).not.toContain('ordinary');
  });

  it('tells nothing once it is closed', async () => {
    const { upstream, told, connection } = await playing();
    const isClosed = new Promise((resolve) => connection.socket.once('close', resolve));
    upstream.close();
    connection.message(9, KEY(0, 1).payload);
    connection.status('status', 'NetStream.Play.Stop');
    await isClosed;
    expect(told).toEqual(['started']);
  });

  it.each([START, { level: 'error', code: 'NetStream.Play.Failed' }] as const)(
    'tells nothing of an answer that comes after it was closed: %j',
    async (answer) => {
      let close = (): void => {};
      const isClosed = new Promise<void>((resolve) => {
        close = resolve;
      });
      const { told } = await pulled(answer, (upstream, connection) => {
        connection.socket.once('close', close);
        upstream.close();
      });
      await isClosed;
      expect(told).toEqual([]);
    },
  );

  it('says by which relay it is followed, and proves who asks whom for what', async () => {
    const server = await FakeRtmpServer.open((connection) => connection.serve(START));
    servers.push(server);
    const asked: object[] = [];
    const guard = {
      proveRelay: (pull: object) => {
        asked.push(pull);
        return 'proof=p1';
      },
    };
    const relayAddress = () => ({ host: '127.0.0.1', rtmpPort: server.port });
    const open = rtmpUpstream(mediaOptions('c'), { relayAddress }, new Fence(new MemoryLog()), guard);
    const told: string[] = [];
    const events = { started: () => told.push('started'), frame: () => {}, ended: () => {} };
    const pulls = [
      open({ ...ownerOf('b'), relayId: 'r-1' }, STREAM_KEY, 0, events),
      open(ownerOf('b', { through: 'm' }), STREAM_KEY, 0, events),
    ];
    await until(() => told.length === 2, 'the starts');
    expect(asked).toEqual([
      { asked: 'b', relayOf: null, key: STREAM_KEY },
      { asked: 'm', relayOf: 'b', key: STREAM_KEY },
    ]);
    expect(server.connections.map(({ commands }) => commands[2]?.[3]).sort()).toEqual([
      's?headwater=relay&member=c&headwater-via=r-1&proof=p1',
      's?headwater=relay&member=c&owner=b&proof=p1',
    ]);
    for (const pull of pulls) pull.close();
  });

  it.each([
    ['an owner', null, true, 3000, 3000],
    ['a member on the way around', 'm', false, 3000, 3000],
    ['a head, which has the stream at once or not at all', 'm', true, 3000, 1400],
    ['a head, where every answer is awaited for less', 'm', true, 700, 700],
  ])('waits for the answer of %s', async (_name, through, isTree, connectMs, ms) => {
    const server = await FakeRtmpServer.open((connection) => {
      connection.shakes = false;
    });
    servers.push(server);
    const options = mediaOptions('c');
    const host = {
      relayAddress: () => ({ host: '127.0.0.1', rtmpPort: server.port }),
      ...(isTree && { relayHead: () => null }),
    };
    const told: string[] = [];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const open = rtmpUpstream(
        { ...options, relay: { ...options.relay, connectMs } },
        host,
        new Fence(new MemoryLog()),
      );
      open(ownerOf('b', { through }), STREAM_KEY, 0, {
        started: () => told.push('started'),
        frame: () => told.push('frame'),
        ended: ({ code, text }) => told.push(`${code}: ${text}`),
      });
      vi.advanceTimersByTime(ms - 1);
      expect(told).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(told).toEqual([`deadline: no answer from 127.0.0.1:${server.port} within ${ms} ms`]);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['started', 'frame'])(
    'ends where a fault of ours meets what came, and says so: %s',
    async (place) => {
      const server = await FakeRtmpServer.open((connection) => connection.serve(START));
      servers.push(server);
      const log = new MemoryLog();
      const fence = new Fence(log);
      const told: string[] = [];
      const hear = (what: string): void => {
        told.push(what);
        if (what === place) throw new TypeError('planted');
      };
      rtmpUpstream(
        mediaOptions('c'),
        { relayAddress: () => ({ host: '127.0.0.1', rtmpPort: server.port }) },
        fence,
      )(ownerOf('b'), STREAM_KEY, 0, {
        started: () => hear('started'),
        frame: () => hear('frame'),
        ended: ({ code, text, isOrdinary }) => hear(`${code}, ${text}, ${isOrdinary}`),
      });
      await until(() => told.length > 0, 'the start');
      for (const frame of [KEY(0, 1), KEY(40, 2)]) server.connections[0]?.message(9, frame.payload);
      await until(() => told.length > (place === 'frame' ? 2 : 1), 'the end');
      expect(told).toEqual([
        ...(place === 'frame' ? ['started', 'frame'] : ['started']),
        'protocol, a fault of this member, false',
      ]);
      expect(log.of('connection ended by a fault')).toMatchObject([
        { client: `127.0.0.1:${server.port}`, protocol: 'relay', key: STREAM_KEY },
      ]);
      expect(fence.faults).toBe(1);
    },
  );

  it('goes to the port for TLS where the owner has one, and names it in the log', async () => {
    const server = await FakeRtmpServer.open((connection) => {
      connection.shakes = false;
    });
    servers.push(server);
    const tls = { port: server.port, keyHash: 'ab'.repeat(32) };
    const log = new MemoryLog();
    const planted = (): void => {
      throw new TypeError('planted');
    };
    const options = mediaOptions('c');
    const pull = rtmpUpstream(
      { ...options, relay: { ...options.relay, connectMs: 50 } },
      { relayAddress: () => ({ host: '127.0.0.1', rtmpPort: 1, tls }) },
      new Fence(log),
    )(ownerOf('b'), STREAM_KEY, 0, { started: () => {}, frame: () => {}, ended: planted });
    await until(() => log.lines.length > 0, 'the fault at its end');
    pull.close();
    expect(log.of('connection ended by a fault')[0]).toMatchObject({ client: `127.0.0.1:${server.port}` });
    expect(server.connections).toHaveLength(1);
  });

  it('has words for a refusal that comes without any', async () => {
    const { told } = await pulled({ level: 'error', code: 'NetStream.Play.Failed', description: '' });
    await until(() => told.length > 0, 'the end');
    expect(told[0]).toMatch(/^ended refused, ./);
  });
});
