import type { ClientView } from '@headwater/media';
import { profileOf } from '@headwater/testing/profile-of';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { EVENTS_KEPT_MAX } from '../events/event-log.js';
import { firstClients } from '../plane/first-clients.js';
import type { WorkerView } from '../plane/media-plane.js';
import type { MemberControl } from '../questions/member-answers.js';
import { MeshWide } from '../questions/mesh-wide.js';
import type { ApiSource } from './api-source.js';
import { createApi } from './create-api.js';
import { CLIENT_PAGE } from './schemas/client.js';
import { STREAM_DETAIL } from './schemas/stream.js';
import { emptyDirectory, madeSource, mediaOf, questionsAlone, whole } from './testing/made-source.js';

const client = (id: string, more: Partial<ClientView> = {}): ClientView => ({
  id,
  kind: 'play',
  key: '__defaultVhost__/live/s1',
  protocol: 'rtmp',
  remote: '10.0.0.1:1',
  agent: 'LNX',
  sinceMs: 1,
  state: 'playing',
  bytes: 7,
  queueBytes: 0,
  framesDropped: 0,
  ...more,
});

function mediaWith(clients: readonly ClientView[], kicked: string[] = []): ReturnType<typeof mediaOf> {
  return mediaOf({
    clients: async (filter, after, max) =>
      whole(
        await firstClients(
          clients.map((one) => ({ ...one, view: () => one })),
          filter,
          after,
          max,
        ),
      ),
    kick: async (id) => {
      kicked.push(id);
      return whole(clients.some((one) => one.id === id));
    },
  });
}

function apiOf(
  overrides: Partial<ApiSource> = {},
  media = mediaWith([]),
  control: Partial<MemberControl> = {},
) {
  const source = madeSource(emptyDirectory(profileOf('c')), {
    media,
    mesh: questionsAlone('id-c', media, control),
    ...overrides,
  });
  const api = createApi(source, (error) => {
    throw error;
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { host: 'localhost', 'content-type': 'application/json', ...init.headers };
    const response = await api.request(
      path,
      { ...init, headers },
      { incoming: { socket: { remoteAddress: '::1' } } },
    );
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };
  return { api, source, ask };
}

describe('clients of the mesh', () => {
  const clients = ['c', 'a', 'e', 'b', 'd'].map((id) => client(id));

  it('come page by page in the order of their ids', async () => {
    const { ask } = apiOf({}, mediaWith(clients));
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 9; page += 1) {
      const { body } = await ask(`/api/v1/clients?limit=2&cursor=${cursor}`);
      const read = v.parse(CLIENT_PAGE, body);
      seen.push(...read.clients.map(({ id }) => id));
      if (read.next === undefined) break;
      cursor = read.next;
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are filtered, and what is no filter is refused', async () => {
    const { ask } = apiOf(
      {},
      mediaWith([client('p', { kind: 'publish' }), client('w', { protocol: 'ws-flv', remote: '[::1]:9' })]),
    );
    const ids = async (query: string) =>
      v.parse(CLIENT_PAGE, (await ask(`/api/v1/clients?${query}`)).body).clients.map(({ id }) => id);
    expect(await ids('kind=publish')).toEqual(['p']);
    expect(await ids('protocol=ws-flv')).toEqual(['w']);
    expect(await ids('address=[::1]')).toEqual(['w']);
    expect(await ids('stream=live/s1')).toEqual(['p', 'w']);
    expect(await ids('stream=__defaultVhost__/live/s1')).toEqual(['p', 'w']);
    expect(await ids('stream=live/s2')).toEqual([]);
    expect(await ids('member=self')).toEqual(['p', 'w']);
    for (const [query, code] of [
      ['kind=player', 'QUERY_INVALID'],
      ['limit=0', 'QUERY_INVALID'],
      ['limit=501', 'QUERY_INVALID'],
      [`cursor=${'x'.repeat(300)}`, 'QUERY_INVALID'],
      ['member=nobody', 'MEMBER_UNKNOWN'],
      ['stream=s1', 'STREAM_NAME_INVALID'],
    ])
      expect((await ask(`/api/v1/clients?${query}`)).body, query).toMatchObject({ error: { code } });
  });

  it('are let go by their ids, and SRS’s tools hear it in their way', async () => {
    const kicked: string[] = [];
    const { ask } = apiOf({}, mediaWith(clients, kicked));
    const init = { method: 'DELETE' };
    expect(await ask('/api/v1/clients/b', init)).toMatchObject({
      status: 200,
      body: { code: 0, member: 'id-c' },
    });
    expect(await ask('/api/v1/clients/x', init)).toMatchObject({
      status: 404,
      body: { error: { code: 'CLIENT_UNKNOWN' } },
    });
    expect((await ask('/api/v1/clients/b?format=srs', init)).body).toMatchObject({ code: 0 });
    expect(await ask('/api/v1/clients/x?format=srs', init)).toMatchObject({
      status: 200,
      body: { code: 2049 },
    });
    expect(kicked).toEqual(['b', 'x', 'b', 'x']);
  });

  it('are not said to be unknown by a member of which a worker does not answer', async () => {
    const silent = { value: false, unanswered: [2] };
    const { ask } = apiOf({}, mediaOf({ kick: async () => silent, endPublish: async () => silent }));
    const kicked = await ask('/api/v1/clients/x', { method: 'DELETE' });
    expect(kicked.body).toMatchObject({
      error: { message: expect.stringMatching(/no answer from/) },
    });
    const ended = await ask('/api/v1/streams/live/s', { method: 'DELETE' });
    expect(ended).toMatchObject({ status: 200, body: { ended: [], missing: [{ reason: 'failed' }] } });
  });

  it('name who did not answer, and who answered what is none', async () => {
    const mesh = new MeshWide({
      ask: async () => ({ isAnswered: false, reason: 'deadline' }),
      askAll: async () => ({
        answers: [
          { member: 'id-a', payload: { clients: 'rubbish' } },
          { member: 'id-b', payload: { clients: [{ ...client('z'), news: 1 }], news: 2 } },
        ],
        missing: [{ member: 'id-d', reason: 'not-supported' }],
      }),
      onQuestion: () => () => {},
    });
    const { ask } = apiOf({ mesh });
    const page = v.parse(CLIENT_PAGE, (await ask('/api/v1/clients')).body);
    expect(page.clients.map(({ id, member }) => [id, member])).toEqual([['z', 'id-b']]);
    expect(page.missing.map(({ member, reason }) => `${member} ${reason}`).sort()).toEqual([
      'id-a failed',
      'id-d not-supported',
    ]);
    expect((await ask('/api/v1/clients?member=self')).body).toMatchObject({
      missing: [{ reason: 'deadline' }],
    });
  });
});

describe('what members are asked to do', () => {
  it('is done, or refused with a stable code', async () => {
    const done: string[] = [];
    const { ask } = apiOf({}, mediaWith([]), {
      drain: (deadlineMs) => {
        done.push(`drain ${deadlineMs}`);
        return done.length === 1;
      },
      drainProgress: async () => ({
        draining: true,
        step: 'players-leave',
        ends: false,
        tookMs: 5,
        leftMs: 10,
        publishers: 0,
        relays: 0,
        players: 2,
        stillHere: [{ kind: 'player', because: 'plays-on', count: 2 }],
        unanswered: [],
      }),
      cancelDrain: () => true,
      setLogLevel: (level) => void done.push(level),
    });
    const send = (method: string, path: string, body: unknown = {}) =>
      ask(`/api/v1/members/${path}`, { method, ...(method !== 'DELETE' && { body: JSON.stringify(body) }) });
    expect((await send('POST', 'self/drain', { deadlineMs: 5 })).body).toMatchObject({
      member: 'id-c',
      done: true,
    });
    expect((await send('POST', 'c/drain')).body).toMatchObject({ error: { code: 'DRAIN_STATE' } });
    expect(await ask('/api/v1/members/c/drain')).toMatchObject({
      status: 200,
      body: {
        member: 'id-c',
        step: 'players-leave',
        players: 2,
        stillHere: [{ kind: 'player', because: 'plays-on', count: 2, text: expect.stringContaining('play') }],
      },
    });
    expect((await ask('/api/v1/members/nobody/drain')).body).toMatchObject({
      error: { code: 'MEMBER_UNKNOWN' },
    });
    expect((await send('DELETE', 'id-c/drain')).status).toBe(200);
    expect((await send('PUT', 'c/log-level', { level: 'debug' })).status).toBe(200);
    expect((await send('PUT', 'c/log-level', { level: 'loud' })).body).toMatchObject({
      error: { code: 'BODY_INVALID' },
    });
    expect((await send('PUT', 'c/log-level', [])).body).toMatchObject({ error: { code: 'BODY_INVALID' } });
    expect((await send('POST', 'c/drain', { deadlineMs: -1 })).body).toMatchObject({
      error: { code: 'BODY_INVALID' },
    });
    expect(await send('POST', 'c/reload')).toMatchObject({
      status: 501,
      body: { error: { code: 'NOT_IMPLEMENTED' } },
    });
    expect((await send('POST', 'nobody/drain')).body).toMatchObject({ error: { code: 'MEMBER_UNKNOWN' } });
    expect((await send('POST', 'c/drain', { fill: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await ask('/api/v1/members/c/drain', { method: 'POST', body: '{' })).status).toBe(400);
    expect((await ask('/api/v1/streams/live/s1', { method: 'DELETE' })).body).toMatchObject({
      error: { code: 'PUBLISH_UNKNOWN' },
    });
    expect(done).toEqual(['drain 5', 'drain undefined', 'debug']);
  });

  it('leaves the answer about one stream as its schema has it', async () => {
    const { body } = await apiOf().ask('/api/v1/streams/live/s1');
    expect(v.parse(v.strictObject(STREAM_DETAIL.entries), body)).toEqual(body);
  });
});

describe('events', () => {
  async function follow(
    { api }: ReturnType<typeof apiOf>,
    query: string,
    count: number,
    lastEventId?: string,
  ): Promise<
    readonly { readonly event: string; readonly id: string; readonly data: Record<string, unknown> }[]
  > {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const response = await api.request(`/api/v1/events${query}`, { headers });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const found = [];
    let text = '';
    while (found.length < count) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, id = '', event = '', data] = /id: (.*)\nevent: (.*)\ndata: (.*)/.exec(block) ?? [];
        if (data !== undefined) found.push({ id, event, data: JSON.parse(data) });
      }
    }
    await reader.cancel();
    return found;
  }

  const level = (name: string) => ({ kind: 'log-level-changed', level: name }) as const;

  it('are replayed from the last one that was read', async () => {
    const made = apiOf();
    for (const name of ['a', 'b', 'c']) made.source.events.tell(level(name));
    const all = await follow(made, '?since=all', 3);
    expect(all.map(({ data }) => data.level)).toEqual(['a', 'b', 'c']);
    const rest = await follow(made, '', 2, all[0]?.id);
    expect(rest.map(({ data }) => data.level)).toEqual(['b', 'c']);
    expect(rest.map(({ id }) => id)).toEqual(all.slice(1).map(({ id }) => id));
  });

  it('tell of a gap where more was missed than is kept, and after a restart', async () => {
    const made = apiOf();
    for (let index = 0; index < EVENTS_KEPT_MAX + 5; index += 1)
      made.source.events.tell(level(String(index)));
    const [gap, first] = await follow(made, `?since=${made.source.events.idOf(2)}`, 2);
    expect(gap).toMatchObject({ event: 'gap', data: { missed: 3 } });
    expect(first?.data.level).toBe('5');
    const [strange] = await follow(made, '', 2, 'another-7');
    expect(strange).toMatchObject({ event: 'gap', data: { missed: null } });
  });

  it('are those of some kinds, or of one stream', async () => {
    const made = apiOf();
    const about = { key: '__defaultVhost__/live/s1', member: 'm', name: 'm' };
    made.source.events.tell(level('a'));
    made.source.events.tell({ kind: 'stream-claimed', ...about });
    made.source.events.tell({ kind: 'stream-claimed', ...about, key: '__defaultVhost__/live/s2' });
    const kinds = await follow(made, '?since=all&kinds=stream', 2);
    expect(kinds.map(({ event }) => event)).toEqual(['stream-claimed', 'stream-claimed']);
    const [one] = await follow(made, '?since=all&stream=live/s2', 1);
    expect(one?.data.key).toBe('__defaultVhost__/live/s2');
  });

  it.each([
    ['memebr-dead', /memebr-dead; did you mean member-dead\?/],
    ['member,nothing', /nothing$/],
  ])('of kinds that there are not are an error: %s', async (kinds, message) => {
    expect(await apiOf().ask(`/api/v1/events?kinds=${kinds}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'QUERY_INVALID', message: expect.stringMatching(message) } },
    });
  });

  it('reach no more followers than there is room for, and those that left make room', async () => {
    const { api } = apiOf();
    const responses = await Promise.all(Array.from({ length: 65 }, () => api.request('/api/v1/events')));
    expect(responses.filter(({ status }) => status === 503)).toHaveLength(1);
    await Promise.all(responses.map(({ body }) => body?.cancel()));
    await new Promise((resolve) => setImmediate(resolve));
    const again = await api.request('/api/v1/events');
    expect(again.status).toBe(200);
    await again.body?.cancel();
  });
});

describe('SRS’s tools', () => {
  it('find versions, summaries, vhosts, streams and clients in SRS’s shapes', async () => {
    const { ask } = apiOf({}, mediaWith([client('p', { kind: 'publish' })]));
    const envelope = {
      code: 0,
      server: expect.stringMatching(/^vid-/),
      service: expect.any(String),
      pid: String(process.pid),
    };
    expect((await ask('/api/v1/versions')).body).toMatchObject({
      ...envelope,
      data: { major: expect.any(Number) },
    });
    expect((await ask('/api/v1/summaries')).body).toMatchObject({
      ...envelope,
      data: { ok: true, self: { pid: process.pid } },
    });
    const { body } = await ask('/api/v1/vhosts');
    const [vhost] = (body as unknown as { vhosts: { id: string }[] }).vhosts;
    expect((await ask(`/api/v1/vhosts/${vhost?.id}`)).body).toMatchObject({
      vhost: { name: '__defaultVhost__' },
    });
    expect((await ask('/api/v1/vhosts/none')).body).toMatchObject({ code: 2014 });
    expect((await ask('/api/v1/streams?format=srs')).body).toMatchObject({ ...envelope, streams: [] });
    expect((await ask('/api/v1/streams/vid-1?format=srs')).body).toMatchObject({ code: 2048 });
    expect((await ask('/api/v1/clients?format=srs')).body).toMatchObject({
      clients: [{ id: 'p', type: 'fmle-publish', publish: true, ip: '10.0.0.1', recv_bytes: 7 }],
    });
    expect((await ask('/api/v1/clients/p?format=srs')).body).toMatchObject({ client: { id: 'p' } });
    expect((await ask('/api/v1/clients/x?format=srs')).body).toMatchObject({ code: 2049 });
  });
});

describe('SRS’s summaries', () => {
  it('tell of all processes: SRS is one', async () => {
    const selfOf = async (workers: readonly Pick<WorkerView, 'rssBytes' | 'cpuSeconds'>[]) => {
      const media = { ...mediaWith([]), workers: () => workers as readonly WorkerView[] };
      const { body } = await apiOf({}, media).ask('/api/v1/summaries');
      const { data } = body as unknown as { data: { self: { mem_kbyte: number; cpu_percent: number } } };
      return data.self;
    };
    const alone = await selfOf([]);
    const withTwo = await selfOf([
      { rssBytes: 2 ** 40, cpuSeconds: 1_000 * process.uptime() },
      { rssBytes: 2 ** 40, cpuSeconds: 1_000 * process.uptime() },
    ]);
    expect(alone.mem_kbyte).toBeLessThan(2 ** 30);
    expect(withTwo.mem_kbyte).toBeGreaterThan(2 ** 31);
    expect(alone.cpu_percent).toBeLessThan(100);
    expect(withTwo.cpu_percent).toBeGreaterThan(1_900);
  });
});

describe('the configuration of a member', () => {
  const key = { key: 'zone', isSecret: false, applies: 'restart', value: 'east', source: 'file' } as const;
  const mesh = (config: () => readonly (typeof key)[]) =>
    questionsAlone('id-c', mediaWith([]), {}, { config });

  it('is told by the member itself, by name, id or self', async () => {
    const { ask } = apiOf({ mesh: mesh(() => [key]) });
    for (const member of ['self', 'id-c'])
      expect(await ask(`/api/v1/members/${member}/config`)).toEqual({
        status: 200,
        body: { member: 'id-c', name: 'c', keys: [key] },
      });
  });

  it('of nobody, of one that fails, and of an earlier release are errors in words', async () => {
    const { ask } = apiOf({ mesh: mesh(() => [key]) });
    expect(await ask('/api/v1/members/nobody/config')).toMatchObject({
      status: 404,
      body: { error: { code: 'MEMBER_UNKNOWN' } },
    });
    const older = {
      ask: async (member: string) => ({ member, reason: 'unknown-question' as const }),
      askAll: async () => ({ answers: [], missing: [] }),
    };
    expect(await apiOf({ mesh: older }).ask('/api/v1/members/self/config')).toMatchObject({
      body: { error: { code: 'NOT_IMPLEMENTED' } },
    });
  });
});
