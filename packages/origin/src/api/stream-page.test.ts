import { Directory, type MemberProfile, OwnLog, parseStreamKey } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { firstKeys } from '../plane/first-keys.js';
import { createApi } from './create-api.js';
import type { ApiStreamPage } from './schemas/stream.js';
import { madeSource, mediaOf, whole } from './testing/made-source.js';

const profile = (name: string): MemberProfile => {
  const address = { network: 'inside', host: name, rtmpPort: 1935, httpPort: 8080 };
  return { name, role: 'origin', addresses: [address], relayAddress: address, draining: false, program: '1' };
};

interface Published {
  readonly key: string;
  readonly owner?: string;
  readonly silent?: boolean;
}

/** A member that knows of these streams, and on which others are only waited for. */
function world(published: readonly Published[], waiting: readonly string[] = []) {
  const limits = { membersMax: 9, streamsPerMemberMax: 200_000 };
  const directory = new Directory('id-self', profile('self'), limits);
  const logs = new Map<string, OwnLog>();
  const publish = ({ key, owner = 'a', silent = false }: Published): void => {
    const log = logs.get(owner) ?? new OwnLog(`id-${owner}`, 1, 100);
    logs.set(owner, log);
    if (log.version === 0) log.setProfile(profile(owner));
    log.claim({ key, sinceMs: 1, media: {}, ...(silent && { silent }) });
  };
  const tell = (): void => {
    for (const log of logs.values()) directory.replace(log.snapshot());
  };
  for (const one of published) publish(one);
  tell();
  const here = new Set(waiting);
  const source = madeSource(directory, {
    media: mediaOf({
      streamKeys: async (from, max) => whole(await firstKeys(here, from, max)),
      playerCounts: async (asked) => whole(asked.map((key) => (here.has(key) ? 1 : 0))),
    }),
  });
  const api = createApi(source, (error) => {
    throw error;
  });
  const ask = async (query: string) => {
    const response = await api.request(`/api/v1/streams${query}`);
    return { status: response.status, body: (await response.json()) as ApiStreamPage & { error?: object } };
  };
  const keys = async (query: string) => (await ask(query)).body.streams.map(({ key }) => key);
  /** All pages, and what was done between them. */
  const pages = async (query: string, between: () => void = () => {}) => {
    const all: string[][] = [];
    for (let next: string | undefined = '', first = true; next !== undefined; first = false) {
      const { body } = await ask(`?${query}${first ? '' : `&cursor=${encodeURIComponent(next)}`}`);
      all.push(body.streams.map(({ key }) => key));
      next = body.next;
      between();
    }
    return all;
  };
  return { directory, logs, publish, tell, here, api, ask, keys, pages };
}

const D = '__defaultVhost__';
const many = (count: number): Published[] =>
  Array.from({ length: count }, (_, index) => ({ key: `${D}/live/s${String(index).padStart(5, '0')}` }));

describe('pages of streams', () => {
  it('are 100 streams each unless told otherwise, in order, all of them once', async () => {
    const published = many(250);
    const { ask, pages } = world([...published].reverse());
    const { body } = await ask('');
    expect([body.streams.length, body.total, typeof body.next]).toEqual([100, 250, 'string']);
    const all = await pages('');
    expect(all.map((page) => page.length)).toEqual([100, 100, 50]);
    expect(all.flat()).toEqual(published.map(({ key }) => key));
    expect((await pages('limit=125')).map((page) => page.length)).toEqual([125, 125]);
    expect((await ask('?limit=1000')).body).not.toHaveProperty('next');
  });

  it('move nothing when streams come and go between them', async () => {
    const published = many(40);
    const { pages, publish, logs, tell } = world(published);
    let round = 0;
    const all = await pages('limit=10', () => {
      round += 1;
      // Before the cursor, and what the cursor itself stands on.
      publish({ key: `${D}/live/a-new-${round}` });
      logs.get('a')?.release(`${D}/live/s${String(round * 10 - 1).padStart(5, '0')}`);
      tell();
    });
    expect(all.flat()).toEqual(published.map(({ key }) => key));
  });

  it('hold what is only played or waited for here in its place, and how many play', async () => {
    const { ask, pages } = world(
      [{ key: `${D}/live/b` }, { key: `${D}/live/d` }],
      ['e', 'a', 'c', 'd'].map((stream) => `${D}/live/${stream}`),
    );
    const { body } = await ask('');
    expect(body.streams.map(({ stream, players, owners }) => [stream, players, owners.length])).toEqual([
      ['a', 1, 0],
      ['b', 0, 1],
      ['c', 1, 0],
      ['d', 1, 1],
      ['e', 1, 0],
    ]);
    expect(body.total).toBe(2);
    const two = (await pages('limit=2')).map((page) => page.map((key) => key.slice(-1)).join(''));
    expect(two).toEqual(['ab', 'cd', 'e']);
  });

  it('skip the streams of members that are gone', async () => {
    const { directory, keys } = world([{ key: `${D}/live/a`, owner: 'x' }, { key: `${D}/live/b` }]);
    directory.setLiveness('id-x', 'dead');
    expect(await keys('')).toEqual([`${D}/live/b`]);
  });

  describe('by filter', () => {
    const streams: Published[] = [
      { key: `${D}/live/a`, owner: 'x' },
      { key: `${D}/live/b`, owner: 'y', silent: true },
      { key: `${D}/live/b`, owner: 'z' },
      { key: `${D}/live/room/a`, owner: 'y' },
      { key: `${D}/live2/a`, owner: 'y', silent: true },
      { key: `${D}/a-live/a`, owner: 'y' },
      { key: 'cdn.example/live/a', owner: 'x' },
      { key: 'cdn.example/other/a', owner: 'x' },
      { key: 'zone.example/live/z', owner: 'x' },
      { key: 'zone.example/live!/z', owner: 'x' },
    ];
    const waiting = [`${D}/live/waiting`, 'cdn.example/live/waiting', `${D}/other/waiting`];
    const all = [...new Set([...streams.map(({ key }) => key), ...waiting])].sort();
    const shown = (key: string) => key.replace(`${D}/`, '');
    const ofApp = (app: string) => (key: string) => parseStreamKey(key)?.app === app;

    it.each<[string, (key: string) => boolean]>([
      ['app=live', ofApp('live')],
      ['app=live/room', ofApp('live/room')],
      ['app=none', () => false],
      ['app=', () => false],
      ['prefix=live', (key) => shown(key).startsWith('live')],
      ['prefix=live/', (key) => shown(key).startsWith('live/')],
      ['prefix=live/b', (key) => shown(key).startsWith('live/b')],
      ['prefix=cdn.example/live', (key) => key.startsWith('cdn.example/live')],
      [`prefix=${D}/a`, (key) => key.startsWith(`${D}/a`)],
      ['prefix=', () => true],
      ['prefix=zzz', () => false],
      ['owner=x', (key) => streams.some((one) => one.key === key && one.owner === 'x')],
      ['owner=id-y', (key) => streams.some((one) => one.key === key && one.owner === 'y')],
      ['owner=nobody', () => false],
      ['state=unowned', (key) => waiting.includes(key)],
      ['state=silent', (key) => key === `${D}/live2/a`],
      ['state=flowing', (key) => !waiting.includes(key) && key !== `${D}/live2/a`],
      [
        'app=live&owner=x',
        (key) => ofApp('live')(key) && /live\/[az]$/.test(key) && !key.endsWith('waiting'),
      ],
      ['app=live&prefix=cdn', (key) => ofApp('live')(key) && key.startsWith('cdn')],
      ['state=unowned&owner=x', () => false],
    ])('%s', async (query, matches) => {
      const { keys, pages } = world(streams, waiting);
      const expected = all.filter(matches);
      expect(await keys(`?${query}`)).toEqual(expected);
      // Page by page, they are the same.
      const byOne = await pages(`limit=1&${query}`);
      expect(byOne.flat()).toEqual(expected);
    });
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=-1', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?cursor=none', 'cursor'],
    ['?state=live', 'state'],
  ])('are refused for %s, with what it may be', async (query, what) => {
    const { status, body } = await world([]).ask(query);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringMatching(new RegExp(`^${what} `)),
    });
  });

  it('take their turns, so that whatever else there is to do is done in between', async () => {
    const { ask } = world(many(5_000));
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const pages = await Promise.all(Array.from({ length: 20 }, () => ask('?owner=nobody')));
    isOver = true;
    for (const { body } of pages) expect(body.streams).toEqual([]);
    expect(turns).toBeGreaterThanOrEqual(20);
  });
});
