import { Directory, type MemberProfile, OwnLog } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import type { ApiSource } from './api-source.js';
import { createApi } from './create-api.js';
import { madeSource, mediaOf, OPEN_ACCESS, whole } from './testing/made-source.js';

const profile = (name: string, rtmpPort: number): MemberProfile => {
  const outside = { network: 'outside', host: 'localhost', rtmpPort, httpPort: rtmpPort + 100 };
  const inside = { network: 'inside', host: name, rtmpPort: 1935, httpPort: 8080 };
  return {
    name,
    role: 'origin',
    addresses: [inside, outside],
    relayAddress: inside,
    draining: false,
    program: '1',
  };
};

/** A member `c` that heard of `a`, which owns live/s1. */
function sourceOf(overrides: Partial<ApiSource> = {}): ApiSource {
  const directory = new Directory('id-c', profile('c', 1937), { membersMax: 9, streamsPerMemberMax: 9 });
  const log = new OwnLog('id-a', 1, 9);
  log.setProfile(profile('a', 1935));
  log.claim({ key: '__defaultVhost__/live/s1', sinceMs: 0, media: { video: { codec: 'h264' } } });
  directory.replace(log.snapshot());
  return madeSource(directory, overrides);
}

const bugs: Error[] = [];
const get = async (path: string, source = sourceOf(), host = 'localhost:1987') => {
  const response = await createApi(source, (error) => bugs.push(error)).request(path, { headers: { host } });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
};

describe('the API', () => {
  it('lists streams with their owners in order', async () => {
    const { body } = await get('/api/v1/streams');
    expect(body.streams).toHaveLength(1);
    expect(body.streams[0]).toMatchObject({
      key: '__defaultVhost__/live/s1',
      app: 'live',
      stream: 's1',
      owners: [{ member: 'id-a', name: 'a', state: 'flowing', since: '1970-01-01T00:00:00.000Z' }],
    });
  });

  it('says which owners are silent, after those that flow, in the list and of one stream', async () => {
    const source = sourceOf();
    const { directory } = source;
    const silent = { key: '__defaultVhost__/live/s1', sinceMs: -1, media: {}, silent: true };
    for (const [id, name] of [
      ['id-0', 'older'],
      ['id-b', 'b'],
    ] as const) {
      const log = new OwnLog(id, 1, 9);
      log.setProfile(profile(name, 1938));
      log.claim(name === 'b' ? { ...silent, sinceMs: 5 } : silent);
      (directory as Directory).replace(log.snapshot());
    }
    const expected = [
      { name: 'a', state: 'flowing' },
      { name: 'older', state: 'silent' },
      { name: 'b', state: 'silent' },
    ];
    expect((await get('/api/v1/streams', source)).body.streams[0].owners).toMatchObject(expected);
    const { body } = await get('/api/v1/streams/live/s1', source);
    expect(body.owners).toMatchObject(expected);
    expect(body.routes.map(({ target }: { target?: string }) => target)).toEqual(['a', 'a', 'a', 'a']);
  });

  it('tells who is full, who is out of reach, and through whom', async () => {
    const source = sourceOf();
    const directory = source.directory as Directory;
    const log = new OwnLog('id-b', 1, 9);
    log.setProfile({ ...profile('b', 1936), full: true });
    log.claim({ key: '__defaultVhost__/live/s1', sinceMs: 0, media: {} });
    directory.replace(log.snapshot());
    const via = new OwnLog('id-d', 1, 9);
    via.setProfile(profile('d', 1938));
    directory.replace(via.snapshot());
    directory.setReach('id-a', ['id-d']);
    directory.setLiveness('id-a', 'unreachable');
    const { body } = await get('/api/v1/streams/live/s1', source);
    expect(body.owners).toMatchObject([
      { name: 'a', liveness: 'unreachable', through: 'd', full: false },
      { name: 'b', liveness: 'alive', full: true },
    ]);
    expect(body.owners[1]).not.toHaveProperty('through');
    expect(body.routes[0]).toMatchObject({ route: 'relay', target: 'a', through: 'd' });
    expect(body.routes[1]).toMatchObject({ route: 'redirect', target: 'a' });
    const view = (id: string, more: object) => {
      const state = directory.member(id);
      if (state === undefined) throw new Error(id);
      const { position, claims, ...rest } = state;
      return {
        ...rest,
        ...position,
        isSelf: false,
        streams: claims,
        connected: true,
        meshAddresses: [],
        ...more,
      };
    };
    const members = [view('id-a', { connected: false }), view('id-b', {}), view('id-d', {})];
    const list = await get('/api/v1/members', sourceOf({ members: () => members }));
    expect(list.body.members).toMatchObject([
      { name: 'a', liveness: 'unreachable', through: ['d'], streams: 1, full: false },
      { name: 'b', full: true },
      { name: 'd', full: false },
    ]);
    expect(list.body.members[1]).not.toHaveProperty('through');
  });

  it('tells the route of each kind of client, and the address in the asker’s network', async () => {
    const { body } = await get('/api/v1/streams/live/s1');
    expect(body.routes).toMatchObject([
      { client: 'rtmp', route: 'relay', reason: 'client-follows-no-redirects', target: 'a' },
      { client: 'srs-edge', route: 'redirect', target: 'a', address: 'localhost:1935' },
      { client: 'http-flv', route: 'redirect', target: 'a', address: 'localhost:2035' },
      { client: 'ws-flv', route: 'relay', reason: 'websocket' },
    ]);
    const inside = await get(
      '/api/v1/streams/live/s1',
      sourceOf({ access: () => ({ ...OPEN_ACCESS, hosts: ['c'] }) }),
      'c:1985',
    );
    expect(inside.body.routes[1]).toMatchObject({ address: 'a:1935' });
  });

  it('lists no more players of a stream than it can at once, and counts all', async () => {
    const player = {
      id: 'p',
      protocol: 'rtmp',
      remote: 'r',
      agent: '',
      sinceMs: 1,
      state: 'playing',
    } as const;
    const asked: number[] = [];
    const source = sourceOf({
      media: mediaOf({
        playerCounts: async () => whole([9000]),
        stream: async (key, playersMax) => {
          asked.push(playersMax);
          const players = [{ ...player, bytesOut: 0, queueBytes: 0, framesDropped: 0 }];
          return whole({
            key,
            source: 'relay',
            relayFrom: 'id-a',
            media: {},
            bytesIn: 0,
            kbpsIn: 0,
            players,
          });
        },
      }),
    });
    const { body } = await get('/api/v1/streams/live/s1', source);
    expect(new Set(asked)).toEqual(new Set([1000]));
    expect([body.players, body.here.players.length, body.here.relayFrom]).toEqual([9000, 1, 'id-a']);
  });

  it('answers for a stream that nobody publishes, in an app with slashes, with a name in UTF-8', async () => {
    const { status, body } = await get(`/api/v1/streams/live/room/${encodeURIComponent('直播')}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      app: 'live/room',
      stream: '直播',
      owners: [],
      here: { source: 'none', players: [] },
    });
    expect(body.routes.every((each: { route: string }) => each.route === 'wait')).toBe(true);
  });

  it.each([
    '/api/v1/streams/live',
    '/api/v1/streams/live/',
    '/api/v1/streams/live/%00',
    '/api/v1/streams/%ff/s1',
  ])('refuses %s with a code and a hint', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'STREAM_NAME_INVALID' });
    expect(body.error.hint).not.toBe('');
  });

  it.each(['streams', 'clients', 'streams/live/s1', 'versions', 'members', 'clusters'])(
    'takes %s with a slash behind it, as SRS writes it',
    async (path) => {
      const query = path === 'clusters' ? '?app=live&stream=s1' : '';
      const [with_, without] = [await get(`/api/v1/${path}/${query}`), await get(`/api/v1/${path}${query}`)];
      expect(without.status).toBe(200);
      expect(Object.keys(with_.body)).toEqual(Object.keys(without.body));
    },
  );

  it('takes a stream as lists and logs write it, its vhost before it', async () => {
    const resolveVhost = (vhost: string | undefined) => (vhost === 'v.example' ? vhost : '__defaultVhost__');
    const source = sourceOf({ resolveVhost });
    const keyOf = async (path: string) => (await get(`/api/v1/streams/${path}`, source)).body.key;
    expect(await keyOf('__defaultVhost__/live/s1')).toBe('__defaultVhost__/live/s1');
    expect(await keyOf('v.example/live/s1')).toBe('v.example/live/s1');
    expect(await keyOf('v.example/s1')).toBe('__defaultVhost__/v.example/s1');
    expect(await keyOf('other.example/live/s1')).toBe('__defaultVhost__/other.example/live/s1');
    expect(await keyOf('v.example/live/s1?vhost=__defaultVhost__')).toBe(
      '__defaultVhost__/v.example/live/s1',
    );
  });

  it('says of a member that is known and not there what became of it', async () => {
    const source = sourceOf();
    const directory = source.directory as Directory;
    const messageOf = async (name: string) =>
      (await get(`/api/v1/explain/live/s1?from=${name}`, source)).body.error;
    expect(await messageOf('nobody')).toMatchObject({
      code: 'MEMBER_UNKNOWN',
      message: 'no member is called nobody',
    });
    directory.setLiveness('id-a', 'dead');
    expect((await messageOf('a')).message).toBe('a is not there: it is taken for dead');
    directory.setLiveness('id-a', 'left');
    expect((await messageOf('a')).message).toBe('a is not there: it has left');
    for (const id of ['id-x', 'id-y']) {
      const log = new OwnLog(id, 1, 9);
      log.setProfile(profile('twin', 1938));
      directory.replace(log.snapshot());
    }
    expect((await messageOf('twin')).message).toBe('2 members are called twin: say which by its id');
  });

  it('speaks SRS: the owner of a stream, or null', async () => {
    const query = 'vhost=__defaultVhost__&ip=10.0.0.9&app=live&coworker=localhost:1985';
    const known = await get(`/api/v1/clusters?${query}&stream=s1`);
    expect(known.body).toEqual({
      code: 0,
      data: {
        query: { ip: '10.0.0.9', vhost: '__defaultVhost__', app: 'live', stream: 's1' },
        origin: {
          ip: 'localhost',
          port: 1935,
          vhost: '__defaultVhost__',
          api: 'localhost:1985',
          routers: ['localhost:1985'],
        },
      },
    });
    expect((await get(`/api/v1/clusters?${query}&stream=s2`)).body.data.origin).toBeNull();
  });

  it('answers SRS by POST with an empty body as by GET', async () => {
    const query = 'vhost=__defaultVhost__&ip=10.0.0.9&app=live&coworker=localhost:1985';
    const api = createApi(sourceOf(), (error) => bugs.push(error));
    for (const stream of ['s1', 's2', 'a%20b']) {
      const [posted, got] = await Promise.all(
        ['POST', 'GET'].map((method) =>
          api.request(`/api/v1/clusters?${query}&stream=${stream}`, { method }),
        ),
      );
      expect(posted?.status).toBe(got?.status);
      expect(await posted?.json()).toEqual(await got?.json());
    }
    expect((await api.request('/api/v1/streams', { method: 'POST' })).status).toBe(404);
  });

  it('is ready only when joined and synced, and says what it waits for', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { ready: true } });
    const waiting = sourceOf({
      status: () => ({ joined: false, synced: false, disputed: false, waitingFor: 'a seed' }),
    });
    expect(await get('/readyz', sourceOf({ isDraining: () => true }))).toMatchObject({
      status: 503,
      body: { ready: false, draining: true, joined: true },
    });
    expect(await get('/readyz', waiting)).toMatchObject({
      status: 503,
      body: { ready: false, waitingFor: 'a seed' },
    });
    const twin = { joined: true, synced: true, disputed: true, waitingFor: 'its twin' };
    expect(await get('/readyz', sourceOf({ status: () => twin }))).toMatchObject({
      status: 503,
      body: { ready: false, disputed: true, waitingFor: 'its twin' },
    });
    expect(await get('/healthz', waiting)).toMatchObject({ status: 200, body: { status: 'ok', faults: 3 } });
  });

  it('answers checks by OPTIONS as those by GET, also where they name no path', async () => {
    for (const isDraining of [false, true]) {
      const source = sourceOf({ isDraining: () => isDraining });
      const ask = (path: string, method: string) =>
        createApi(source, (error) => bugs.push(error)).request(path, { method });
      const ready = await ask('/readyz', 'GET');
      const body = await ready.json();
      for (const path of ['/', '/readyz']) {
        const checked = await ask(path, 'OPTIONS');
        expect(checked.status).toBe(ready.status);
        expect(await checked.json()).toEqual(body);
      }
      expect((await ask('/healthz', 'OPTIONS')).status).toBe(200);
      expect((await ask('/api/v1/members', 'OPTIONS')).status).toBe(404);
    }
  });

  it('says what is there where nothing is, and keeps its own faults to the log', async () => {
    expect(await get('/nothing')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    const broken = sourceOf({
      members: () => {
        throw new Error('secret detail');
      },
    });
    const { status, body } = await get('/api/v1/members', broken);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(bugs.map((error) => error.message)).toEqual(['secret detail']);
  });
});
