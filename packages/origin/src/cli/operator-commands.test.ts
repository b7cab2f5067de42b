import { describe, expect, it } from 'vitest';
import { memoryIo } from './memory-io.fixture.js';
import { runCli } from './run-cli.js';

async function run(words: string[], body: unknown, status = 200, env: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const io = memoryIo({ env, answer: () => new Response(text, { status }) });
  return { status: await runCli(words, io), out: io.out(), err: io.err(), requests: io.requests };
}
const API = 'http://127.0.0.1:1985/api/v1';

describe('what operators do', () => {
  const MISSING = [
    { name: 'origin-c', reason: 'deadline' },
    { name: 'origin-d', reason: 'workers' },
  ];
  const PARTLY = 'some workers of origin-d did not answer: what they have is not shown\n';

  it('shows clients, that there are more, and who did not answer', async () => {
    const client = {
      id: 'abc',
      name: 'origin-b',
      kind: 'play',
      key: '__defaultVhost__/live/s1',
      protocol: 'rtmp',
      remote: '10.0.0.1:5',
      agent: 'evil\u001b[2J',
      sinceMs: 940_000,
      state: 'playing',
      queueBytes: 12,
    };
    const answer = { clients: [client], next: 'abc', missing: MISSING };
    const { status, out, err, requests } = await run(
      ['clients', '--stream', 'live/s1', '--limit', '1'],
      answer,
    );
    expect([status, requests]).toEqual([0, [`${API}/clients?stream=live%2Fs1&limit=1`]]);
    expect(out).toMatch(/abc +live\/s1 +play +playing +origin-b/);
    expect(out).not.toContain('\u001b[2J');
    expect(err).toBe(`There are more: --cursor abc\norigin-c did not answer: deadline\n${PARTLY}`);
    expect((await run(['clients'], { clients: [], missing: [] })).out).toBe('Nobody.\n');
  });

  it('ends a client, with the token where there is one', async () => {
    const { out, requests } = await run(['kick', 'a b'], { code: 0, name: 'b' }, 200, {
      HEADWATER_API_TOKEN: 't',
    });
    expect([out, requests]).toEqual(['Ended on b.\n', [`DELETE ${API}/clients/a%20b t`]]);
    const error = { code: 'CLIENT_UNKNOWN', message: 'no client has the id x', hint: 'look' };
    const refused = await run(['kick', 'x'], { error }, 404);
    expect([refused.status, refused.err]).toEqual([1, expect.stringContaining('no client has the id x')]);
  });

  it('drains the asked member or another one, and takes that back', async () => {
    const done = { member: 'id-b', name: 'b', done: true };
    expect((await run(['drain'], done)).requests).toEqual([`POST ${API}/members/self/drain {}`]);
    expect((await run(['drain', 'b'], done)).out).toContain('b is draining');
    const cancelled = await run(['drain', 'b', '--cancel'], done);
    expect(cancelled.requests).toEqual([`DELETE ${API}/members/b/drain`]);
  });

  it('waits where it is to, and tells who is left and why', async () => {
    const left = { kind: 'player', count: 2, text: 'they play on' };
    const given = { name: 'b', draining: true, step: 'over', stillHere: [left] };
    const waited = await run(['drain', 'b', '--wait'], given);
    expect(waited.requests).toEqual([`POST ${API}/members/b/drain {}`, `${API}/members/b/drain`]);
    expect(waited.out).toContain('Its time is over. Still there:\n  2 players: they play on\n');
    expect(waited.status).toBe(0);
    expect((await run(['drain', '--wait'], { ...given, stillHere: [] })).out).toContain('Nobody is left.');
    const cancelled = await run(['drain', '--wait'], { name: 'b', draining: false, stillHere: [] });
    expect([cancelled.status, cancelled.err]).toEqual([1, expect.stringContaining('cancelled')]);
  });

  it('shows events line by line', async () => {
    const event = {
      id: 'x-1',
      at: '2026-01-01T00:00:00.000Z',
      atMs: 1,
      kind: 'member-dead',
      name: 'b\u001b[2J\u202e',
    };
    const sent = `retry: 1000\n\nid: x-1\nevent: member-dead\ndata: ${JSON.stringify(event)}\n\n`;
    const shown = await run(['events', '--all', '--kinds', 'member'], sent);
    expect(shown.requests).toEqual([`${API}/events?since=all&kinds=member`]);
    expect(shown.out).toBe('2026-01-01T00:00:00.000Z member-dead name=b\ufffd[2J\ufffd\n');
    expect(shown.status).toBe(1);
    expect((await run(['events', '--json'], sent)).out).toBe(`${JSON.stringify(event)}\n`);
    expect((await run(['events'], '{}', 503)).err).toMatch(/API_ANSWER_UNKNOWN .*503/);
    expect((await run(['events'], 'data: \u001b[2J\n')).out).toBe('\ufffd[2J\n');
    const refusal = {
      error: { code: 'QUERY_INVALID', message: 'no kind is\u001b[2J called so', hint: 'do\u0007 this' },
    };
    const refused = await run(['events'], JSON.stringify(refusal), 400);
    expect([refused.out, refused.err]).toEqual([
      '',
      expect.stringMatching(/no kind is\ufffd\[2J called so\n +do\ufffd this/),
    ]);
  });
});
