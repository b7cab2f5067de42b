import { Directory, OwnLog, route } from '@headwater/directory';
import { profileOf } from '@headwater/testing/profile-of';
import { describe, expect, it } from 'vitest';
import { createApi } from '../api/create-api.js';
import { madeSource, mediaOf, questionsAlone } from '../api/testing/made-source.js';
import { EventLog } from '../events/event-log.js';
import { ASKING_CLIENT_NAMES } from './asking-client.js';
import { type ExplainView, explainPlay } from './explain-play.js';

const KEY = '__defaultVhost__/live/s1';

/** Member c, which knows of two owners, and what it is asked about. */
function viewOf(more: Partial<ExplainView> = {}): ExplainView {
  const directory = new Directory('id-c', profileOf('c'), { membersMax: 9, streamsPerMemberMax: 9 });
  for (const [name, sinceMs] of [
    ['a', 20_000],
    ['b', 10_000],
  ] as const) {
    const log = new OwnLog(`id-${name}`, 1, 9);
    log.setProfile(profileOf(name, name === 'b' ? { draining: true } : {}));
    log.claim({ key: KEY, sinceMs, media: {} });
    directory.replace(log.snapshot());
  }
  return {
    name: 'c',
    order: 'primary',
    rules: { publish: [], play: [], apps: {} },
    limits: { connectionsMax: 100, outboundKbpsMax: 0 },
    directory,
    members: () => [],
    status: () => ({ joined: true, synced: true, disputed: false }),
    isDraining: () => false,
    told: () => ({ players: 0, publishers: 0, outboundKbps: 0, connections: 7, isFull: false, faults: 0 }),
    route: (request) => route(directory, { ...request, mode: 'auto' }),
    ...more,
  };
}

const textOf = (view: ExplainView, more: object = {}): string =>
  explainPlay(view, { key: KEY, app: 'live', client: 'ffmpeg', ...more }, 80_000)
    .steps.map(({ about, text }) => `${about}: ${text}`)
    .join('\n');

describe('what would happen to a play', () => {
  it('is told with the owners, their order and the rule that made it', () => {
    const text = textOf(viewOf());
    for (const sentence of [
      'claims: a claims it since 1m and has media; it is alive.',
      'order: a comes before b: a stays and b drains.',
      'access: There are no rules for play: everybody may.',
      'capacity: c has room: 7 of 100 connections.',
      'drain: Owners that drain: b.',
      'would be served by c, which pulls the stream from a; should it end, from b',
    ])
      expect(text).toContain(sentence);
  });

  it.each([
    ['srs-edge', 'would be sent to a at'],
    ['flv', 'would be sent to a at'],
    ['browser', 'which pulls the stream from a'],
  ])('is another thing for each kind of player: %s', (client, sentence) => {
    expect(textOf(viewOf(), { client })).toContain(sentence);
  });

  it('names the rule that refuses it', () => {
    const rules = {
      publish: [],
      play: [{ kind: 'deny', addresses: ['10.0.0.0/8'], required: false } as const],
      apps: {},
    };
    const text = textOf(viewOf({ rules }), { address: '10.1.1.1' });
    expect(text).toContain('Rule 1 of play.auth (deny) refuses it: 10.1.1.1 is one of 10.0.0.0/8.');
    expect(text).toContain('would be refused by the rules');
  });

  it('says what the member itself lacks', () => {
    const text = textOf(
      viewOf({
        isDraining: () => true,
        status: () => ({ joined: true, synced: false, disputed: true }),
        told: () => ({
          players: 0,
          publishers: 0,
          outboundKbps: 0,
          connections: 101,
          isFull: true,
          faults: 0,
        }),
      }),
    );
    for (const sentence of ['c drains', 'not in step', 'identity of c', 'c is full: 101 of 100 connections'])
      expect(text).toContain(sentence);
  });

  it('names the member through which a relay would pull, and why it is that one', () => {
    const view = viewOf({ zone: 'z1', relay: { tree: true } });
    const directory = new Directory('id-c', profileOf('c', { zone: 'z1' }), {
      membersMax: 9,
      streamsPerMemberMax: 9,
    });
    const keys = ['s1', 's2', 's3', 's4', 's5', 's6'].map((name) => `__defaultVhost__/live/${name}`);
    const join = (name: string, more: object, claims: readonly string[] = []) => {
      const log = new OwnLog(`id-${name}`, 1, 9);
      log.setProfile(profileOf(name, more));
      for (const key of claims) log.claim({ key, sinceMs: 1, media: {} });
      directory.replace(log.snapshot());
    };
    const inTree: ExplainView = {
      ...view,
      directory,
      route: (request) => route(directory, { ...request, mode: 'auto' }),
    };
    join('a', { zone: 'z2' }, keys);
    expect(textOf(inTree)).toContain(
      'tree: A relay on c would pull from a itself: nobody else of zone z1 has room',
    );
    join('d', { zone: 'z1' });
    const all = keys.map((key) => textOf(inTree, { key })).join(' ');
    expect(all).toContain('A relay on c would pull through d, which pulls this stream from a for zone z1');
    expect(all).toContain('A relay on c would pull from a itself, and others of zone z1 through c');
    // As without it.
    expect(textOf(viewOf())).not.toContain('tree:');
  });

  it('is a wait where nobody publishes', () => {
    const text = textOf(viewOf(), { key: '__defaultVhost__/live/none' });
    expect(text).toContain('c knows of no member that publishes it.');
    expect(text).toContain('would wait on c');
  });
});

describe('the API', () => {
  const view = viewOf();
  const events = new EventLog('e', () => 5);
  events.tell({ kind: 'stream-claimed', key: KEY, member: 'id-a', name: 'a' });
  events.tell({ kind: 'configuration-reloaded' });
  const media = mediaOf();
  const directory = view.directory as Directory;
  const mesh = questionsAlone('id-c', media, {}, { explain: () => view, events });
  const api = createApi(madeSource(directory, { mesh, media }), (error) => {
    throw error;
  });
  const get = async (path: string) => {
    const response = await api.request(path);
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };

  it.each(ASKING_CLIENT_NAMES)('explains what %s would get', async (client) => {
    const { status, body } = await get(`/api/v1/explain/live/s1?client=${client}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: KEY, name: 'c', client, access: 'open', target: 'a' });
  });

  it.each([
    ['/api/v1/explain/live', 400, 'STREAM_NAME_INVALID'],
    ['/api/v1/explain/live/s1?client=vlc', 400, 'QUERY_INVALID'],
    ['/api/v1/explain/live/s1?address=here', 400, 'QUERY_INVALID'],
    ['/api/v1/explain/live/s1?from=nobody', 404, 'MEMBER_UNKNOWN'],
    ['/api/v1/explain/live/s1?from=a', 502, 'MEMBER_SILENT'],
    ['/api/v1/trace/live/s1?since=yesterday', 400, 'QUERY_INVALID'],
  ])('%s is answered %d %s', async (path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { error: { code } } });
  });

  it('traces a stream over all members, and names those that do not answer', async () => {
    const { body } = await get('/api/v1/trace/live/s1');
    expect(body).toMatchObject({
      key: KEY,
      events: [
        { id: 'e-1', by: 'id-c', byName: 'c', kind: 'stream-claimed', member: 'id-a', name: 'a', ownAtMs: 5 },
      ],
      clocks: [{ member: 'id-c', name: 'c' }],
    });
    expect((body.missing as unknown as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      'a',
      'b',
    ]);
  });
});
