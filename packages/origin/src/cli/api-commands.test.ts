import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryIo } from './memory-io.fixture.js';
import { runCli } from './run-cli.js';

const answering = (body: unknown, status = 200) => ({
  answer: () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }),
});
const run = async (words: string[], overrides: Parameters<typeof memoryIo>[0] = {}) => {
  const io = memoryIo(overrides);
  return { status: await runCli(words, io), out: io.out(), err: io.err(), requests: io.requests };
};

const member = {
  id: 'id-a',
  name: 'origin-a',
  self: true,
  role: 'origin',
  liveness: 'alive',
  generation: 1,
  version: 2,
  streams: 3,
  players: 40,
  publishers: 3,
  outboundKbps: 1234.5,
  connected: false,
  draining: false,
  program: '0.1.0',
  meshAddresses: ['127.0.0.1:7946'],
  addresses: [],
  relayAddresses: [{ network: 'in', host: '127.0.0.1', rtmpPort: 1935 }],
};
const owner = {
  member: 'id-a',
  name: 'origin-a',
  liveness: 'alive',
  sinceMs: 1_000_000 - 192_000,
  media: {
    video: { codec: 'h264', width: 640, height: 360, frameRate: 25 },
    audio: { codec: 'aac', sampleRateHz: 48_000 },
  },
};

describe('members', () => {
  const members = [
    member,
    {
      ...member,
      id: 'id-b',
      name: 'b',
      self: false,
      liveness: 'suspect',
      rttMs: 0.42,
      pulledAt: '203.0.113.5:1936',
    },
    {
      ...member,
      id: 'id-c',
      name: 'evil\u001b[2Jname',
      self: false,
      connected: true,
      relayAddresses: [{ network: 'in', host: '2001:db8::1', rtmpPort: 1935 }],
    },
  ];

  it('prints an aligned table', async () => {
    const { status, out } = await run(['members'], answering({ members }));
    expect(status).toBe(0);
    expect(out).toBe(
      [
        'MEMBER            ROLE    STATE    STREAMS  PUBLISHERS  PLAYERS  OUT kbit/s  RTT ms  MESH ADDRESS    PULLED AT           PROGRAM',
        'origin-a (asked)  origin  alive          3           3       40        1235       -  127.0.0.1:7946  127.0.0.1:1935      0.1.0',
        'b                 origin  suspect        3           3       40        1235     0.4  127.0.0.1:7946  203.0.113.5:1936    0.1.0',
        'evil\ufffd[2Jname      origin  alive          3           3       40        1235       -  127.0.0.1:7946  [2001:db8::1]:1935  0.1.0',
        '',
      ].join('\n'),
    );
  });

  it('shows who is full, and through whom one is reached that is out of reach', async () => {
    const some = [
      { ...member, self: false, connected: true, full: true },
      { ...member, id: 'id-b', liveness: 'unreachable', through: ['c', 'd'] },
      { ...member, id: 'id-c', liveness: 'unreachable' },
      { ...member, id: 'id-d', full: true, draining: true },
    ];
    const { out } = await run(['members'], answering({ members: some }));
    const states = out
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(/ {2,}/)[2]);
    expect(states).toEqual(['full', 'unreachable, through c, d', 'unreachable', 'draining']);
  });

  it('shows the workers of the member that was asked', async () => {
    const sinceMs = 1_000_000 - 65_000;
    const told = { sinceMs, players: 3, publishers: 1, outboundKbps: 1234.5 };
    const workers = [
      { ...told, worker: 1, state: 'listening', pid: 71, connections: 4, rssBytes: 73_400_320, restarts: 0 },
      {
        ...told,
        worker: 2,
        state: 'hung',
        connections: 5,
        rssBytes: 0,
        restarts: 2,
        lastEnd: 'signal SIGKILL',
      },
    ];
    const { out } = await run(['members'], answering({ members: [{ ...member, workers }] }));
    const [, table = ''] = out.split('\n\n');
    expect(table.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      'WORKER,STATE,PID,FOR,CONNECTIONS,PUBLISHERS,PLAYERS,OUT kbit/s,MEMORY MB,RESTARTS,LAST END'.split(','),
      ['1', 'listening', '71', '1m 5s', '4', '1', '3', '1235', '70', '0', '-'],
      ['2', 'hung', '-', '1m 5s', '5', '1', '3', '1235', '0', '2', 'signal SIGKILL'],
      [''],
    ]);
  });

  it('prints the raw answer for machines', async () => {
    const { out } = await run(['members', '--json'], answering({ members }));
    expect(JSON.parse(out)).toEqual({ members });
  });

  it('is coloured on a terminal, unless NO_COLOR is set', async () => {
    let out = '';
    const stdout = { write: (text: string) => (out += text), isTTY: true };
    await run(['members'], { ...answering({ members }), stdout });
    expect(out).toContain('\u001b[33msuspect');
    out = '';
    await run(['members'], { ...answering({ members }), stdout, env: { NO_COLOR: '1' } });
    expect(out).not.toContain('\u001b');
  });
});

describe('streams', () => {
  it('shows owners in order, how long, and what is in it', async () => {
    const streams = [
      { key: '__defaultVhost__/live/s1', owners: [owner, { ...owner, name: 'b' }], players: 2 },
      { key: '__defaultVhost__/live/waiting', owners: [], players: 1 },
    ];
    const { out } = await run(['streams'], answering({ streams }));
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['STREAM', 'OWNERS', 'FOR', 'MEDIA', 'PLAYERS HERE'],
      ['live/s1', 'origin-a, b', '3m 12s', 'h264 640x360 25 fps, aac 48 kHz', '2'],
      ['live/waiting', 'nobody', '-', '-', '1'],
      [''],
    ]);
  });

  it('marks owners that are silent, and a stream that nobody can play now', async () => {
    const silent = { ...owner, name: 'b', state: 'silent' };
    const streams = [
      { key: '__defaultVhost__/live/s1', owners: [{ ...owner, state: 'flowing' }, silent], players: 0 },
      { key: '__defaultVhost__/live/s2', owners: [silent], players: 0 },
    ];
    let out = '';
    const stdout = { write: (text: string) => (out += text), isTTY: true };
    await run(['streams'], { ...answering({ streams }), stdout });
    const [, first, second] = out.split('\n');
    expect(first).toContain('origin-a, b (silent)');
    expect(first).not.toContain('\u001b[33m');
    expect(second).toContain('\u001b[33mb (silent)');
  });

  const paged = (pages: readonly unknown[]) => {
    let page = -1;
    return {
      answer: () => {
        page += 1;
        return new Response(JSON.stringify(pages[page]));
      },
    };
  };
  const listed = (stream: string) => ({
    key: `__defaultVhost__/live/${stream}`,
    owners: [owner],
    players: 0,
    extra: 1,
  });

  it('reads page after page, whatever comes, and prints one list', async () => {
    const pages = [{ streams: [listed('a'), listed('b')], next: 'n/1' }, { streams: [listed('c')] }];
    const { out, requests } = await run(['streams'], paged(pages));
    expect(out.match(/live\/\w/g)).toEqual(['live/a', 'live/b', 'live/c']);
    expect(requests).toEqual([
      'http://127.0.0.1:1985/api/v1/streams?limit=1000',
      'http://127.0.0.1:1985/api/v1/streams?limit=1000&cursor=n%2F1',
    ]);
    const { out: json } = await run(['streams', '--json'], paged(pages));
    expect(JSON.parse(json)).toEqual({ streams: ['a', 'b', 'c'].map(listed) });
  });

  it('asks for what is wanted, and for no more than that', async () => {
    const pages = [
      { streams: [listed('a')], next: 'n' },
      { streams: [listed('b'), listed('c')], next: 'm' },
    ];
    const words = [
      '--limit',
      '2',
      '--app',
      'live',
      '--owner',
      'a b',
      '--prefix',
      'live/',
      '--state',
      'silent',
    ];
    const { out, requests } = await run(['streams', ...words], paged(pages));
    expect(out.match(/live\/\w/g)).toEqual(['live/a', 'live/b']);
    const filters = 'app=live&owner=a+b&prefix=live%2F&state=silent';
    expect(requests).toEqual([
      `http://127.0.0.1:1985/api/v1/streams?limit=2&${filters}`,
      `http://127.0.0.1:1985/api/v1/streams?limit=1&${filters}&cursor=n`,
    ]);
    expect((await run(['streams', '--app', 'x'], answering({ streams: [] }))).out).toBe('No such stream.\n');
  });

  it.each(['0', '-1', '1.5', 'ten', ''])('refuses to show %j streams', async (limit) => {
    const { status, err, requests } = await run(['streams', `--limit=${limit}`], answering({ streams: [] }));
    expect([status, requests]).toEqual([2, []]);
    expect(err).toContain('--limit');
  });

  it('says so where there are none', async () => {
    expect((await run(['streams'], answering({ streams: [] }))).out).toContain('Nobody publishes anything');
  });
});

describe('explain', () => {
  const detail = {
    key: '__defaultVhost__/live/s1',
    owners: [owner],
    here: {
      source: 'relay',
      relayFrom: 'id-a',
      players: [
        { protocol: 'rtmp', remote: '10.0.0.9:5', agent: 'ffmpeg', sinceMs: 999_000, state: 'playing' },
      ],
    },
    routes: [
      { client: 'rtmp', route: 'relay', reason: 'r', why: 'because', target: 'origin-a' },
      {
        client: 'srs-edge',
        route: 'redirect',
        reason: 'r',
        why: 'it follows',
        target: 'origin-a',
        address: 'a:1935',
      },
    ],
  };

  it('shows owners, routes with their reasons, and players', async () => {
    const { status, out, requests } = await run(
      ['explain', 'live/room 1/s1'.replace(' ', '-')],
      answering(detail),
    );
    expect(status).toBe(0);
    expect(requests[0]).toBe('http://127.0.0.1:1985/api/v1/streams/live/room-1/s1');
    for (const text of [
      /^live\/s1\n/,
      /1 {2}origin-a {2}alive {2}flowing {2}3m 12s/,
      /srs-edge {2}redirect {2}origin-a at a:1935 {2}it follows/,
      /On this member: relayed from origin-a, 1 players/,
      /10\.0\.0\.9:5 {2}rtmp {6}playing {2}1s {3}ffmpeg/,
    ])
      expect(out).toMatch(text);
    expect(out).not.toContain('ilent');
  });

  it('shows through whom a relay goes, and which owner is full', async () => {
    const { out } = await run(
      ['explain', 'live/s1'],
      answering({
        ...detail,
        owners: [
          { ...owner, liveness: 'unreachable', through: 'c' },
          { ...owner, name: 'b', full: true },
        ],
        routes: [
          { client: 'rtmp', route: 'relay', reason: 'r', why: 'because', target: 'origin-a', through: 'c' },
        ],
      }),
    );
    expect(out).toMatch(/1 {2}origin-a {2}unreachable, through c {2}flowing/);
    expect(out).toMatch(/2 {2}b {9}full/);
    expect(out).toMatch(/relay {2}origin-a, through c {2}because/);
  });

  it('says how many play where not all of them are listed', async () => {
    const { out } = await run(['explain', 'live/s1'], answering({ ...detail, players: 9000 }));
    expect(out).toContain(
      'On this member: relayed from origin-a, 9000 players, of whom the first 1 are shown.',
    );
  });

  it('says through whom a stream is relayed whose owner is out of reach', async () => {
    const here = { ...detail.here, relayThrough: 'id-m', relayThroughName: 'origin-m' };
    const { out } = await run(['explain', 'live/s1'], answering({ ...detail, here }));
    expect(out).toMatch(/relayed from origin-a through origin-m, 1 players/);
  });

  it('says which owners are silent, and what that means', async () => {
    const silent = { ...owner, name: 'b', state: 'silent' };
    const { out } = await run(['explain', 'live/s1'], answering({ ...detail, owners: [owner, silent] }));
    expect(out).toMatch(/1 {2}origin-a {2}alive {2}flowing {2}3m/);
    expect(out).toMatch(/2 {2}b {9}alive {2}silent {3}3m/);
    expect(out).toContain('Silent: its publisher is connected, but no media comes from it now.');
  });

  it('asks for a vhost, with names made safe for a URL', async () => {
    const { requests } = await run(['explain', 'live/直播', '--vhost', 'a.example'], answering(detail));
    expect(requests[0]).toBe(
      `http://127.0.0.1:1985/api/v1/streams/live/${encodeURIComponent('直播')}?vhost=a.example`,
    );
  });

  it('tells of a stream that nobody publishes', async () => {
    const nobody = { ...detail, owners: [], here: { source: 'none', players: [] } };
    expect((await run(['explain', 'live/s1'], answering(nobody))).out).toContain('Nobody publishes it');
  });

  it.each(['live', '/s1', 'live/', 'live/a b', 'live/../s1'])(
    'refuses the name %j without asking',
    async (name) => {
      const { status, err, requests } = await run(['explain', name], answering(detail));
      expect({ status, requests }).toEqual({ status: 2, requests: [] });
      expect(err).toContain('STREAM_NAME_INVALID');
    },
  );
});

describe('health', () => {
  it('is 0 where the member is ready', async () => {
    const { status, out } = await run(['health'], answering({ ready: true }));
    expect({ status, out }).toEqual({ status: 0, out: 'ready\n' });
  });
  it.each([
    [{ ready: false, waitingFor: 'a seed' }, 'a seed'],
    [{ ready: false, draining: true, disputed: false }, 'it drains'],
    [{ ready: false, draining: true, disputed: true }, 'another process runs with its identity'],
    [{ ready: false, draining: false, waitingFor: 7 }, 'it answers with status 503'],
    [[], 'it answers with status 503'],
  ])('is 1 where it is not, with the reason: %j', async (answer, reason) => {
    const { status, out } = await run(['health'], answering(answer, 503));
    expect({ status, out }).toEqual({ status: 1, out: `not ready: ${reason}\n` });
  });
  it('is 1 where nobody answers', async () => {
    expect((await run(['health'])).status).toBe(1);
  });
});

describe('the API', () => {
  it.each([
    [['--api', 'http://h:1'], {}, 'http://h:1/'],
    [['--api', 'h:1'], {}, 'http://h:1/'],
    [[], { HEADWATER_API: 'http://env:2' }, 'http://env:2/'],
    [['--api', 'flag:1'], { HEADWATER_API: 'http://env:2' }, 'http://flag:1/'],
    [[], { HEADWATER_API: '', HEADWATER_API_PORT: '1986' }, 'http://127.0.0.1:1986/'],
    [[], { HEADWATER_API_PORT: 'tcp://10.0.0.1:1985' }, 'http://127.0.0.1:1985/'],
  ])('is found by %j %j', async (flags, env, base) => {
    const { requests } = await run(['health', ...flags], { ...answering({ ready: true }), env });
    expect(requests).toEqual([`${base}readyz`]);
  });

  it.each([
    ['', 'is empty'],
    ['two words\n', 'has blanks'],
    ['caf\u00e9', 'not ASCII'],
  ])('is sent no token that a file does not hold: %j', async (text, problem) => {
    const file = join(mkdtempSync(join(tmpdir(), 'headwater-token-')), 'token');
    writeFileSync(file, text);
    const own = { ...answering({}), env: { HEADWATER_API_TOKEN: `file:${file}` } };
    for (const [flags, more] of [
      [['--token-file', file], {}],
      [[], own],
    ] as const) {
      const { status, err, requests } = await run(['members', ...flags], { ...answering({}), ...more });
      expect([status, requests]).toEqual([2, []]);
      expect(err).toMatch(new RegExp(`USAGE the token in ${file} .*${problem}`));
    }
    rmSync(dirname(file), { recursive: true });
  });

  it('out of reach is told with what to do', async () => {
    const { status, out, err } = await run(['members']);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toContain('error API_UNREACHABLE no API answers at http://127.0.0.1:1985: ECONNREFUSED');
    expect(err).toContain('--api URL');
  });

  it('passes its refusals on', async () => {
    const error = { code: 'INTERNAL', message: 'it broke', hint: 'mend it' };
    const { status, err } = await run(['members'], answering({ error }, 500));
    expect(status).toBe(1);
    expect(err).toBe('error API_REFUSED it broke\n  mend it\n');
  });

  it.each(['<html>', '{"members":[{"id":1}]}', '[]', 'null', ''])(
    'that is not ours (%j) is told',
    async (body) => {
      const { status, err } = await run(['members'], answering(body));
      expect(status).toBe(1);
      expect(err).toContain('API_ANSWER_UNKNOWN');
    },
  );

  it.each(['ftp://h', 'http://', 'http://h:99999'])('%s is no URL for it', async (url) => {
    const { status, err } = await run(['members', '--api', url]);
    expect(status).toBe(2);
    expect(err).toContain('expected a URL such as');
  });
});
