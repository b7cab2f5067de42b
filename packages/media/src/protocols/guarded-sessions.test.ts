import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_VHOST } from '@headwater/directory';
import { readRules, relayKeysOf, signedQuery } from '@headwater/guard';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { mediaOptions } from '../testing/media-options.js';
import { MemoryMesh } from '../testing/memory-mesh.js';
import { startMember, type TestMember } from '../testing/test-member.js';
import { RtmpPublisher } from './rtmp/rtmp-publisher.js';

const KEY = 'the-key-of-these-tests';
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;
const signed = (action: 'publish' | 'play', name = 'live/s1', expires = IN_AN_HOUR): string =>
  signedQuery({ action, name, isPrefix: false, expires, address: '' }, KEY);
const TOKENS = rulesOf({ token: { keys: KEY } });

function rulesOf(...rules: readonly object[]) {
  const { rules: read, problems } = readRules(rules);
  expect(problems).toEqual([]);
  return read;
}

const members: TestMember[] = [];
const publishers: RtmpPublisher[] = [];
async function start(...args: Parameters<typeof startMember>): Promise<TestMember> {
  const member = await startMember(...args);
  members.push(member);
  return member;
}
async function publish(url: string): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.open(url);
  publishers.push(publisher);
  return publisher;
}

interface Call {
  readonly action: string;
  readonly stream: string;
  readonly param: string;
  readonly client_id: string;
  readonly server_id: string;
}

/** SRS's hooks, answered as a test says. */
class Hooks {
  readonly calls: Call[] = [];
  answer: (call: Call, res: ServerResponse) => void = (_call, res) => res.end('0');
  readonly #server = createServer((req: IncomingMessage, res) => {
    let text = '';
    req.on('data', (part: Buffer) => {
      text += part.toString();
    });
    req.on('end', () => {
      const call: Call = JSON.parse(text);
      this.calls.push(call);
      this.answer(call, res);
    });
  });

  static async start(): Promise<Hooks> {
    const hooks = new Hooks();
    hooks.#server.listen(0, '127.0.0.1');
    await once(hooks.#server, 'listening');
    return hooks;
  }

  rules(more: object = {}) {
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
    const events = ['connect', 'close', 'publish', 'unpublish', 'play', 'stop'];
    return rulesOf({ hook: { ...Object.fromEntries(events.map((event) => [`on_${event}`, url])), ...more } });
  }

  actions(): readonly string[] {
    return this.calls.map(({ action }) => action);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let hooks: Hooks;
beforeEach(async () => {
  hooks = await Hooks.start();
});
afterEach(async () => {
  for (const publisher of publishers.splice(0)) publisher.close();
  await Promise.all(members.splice(0).map((member) => member.stop()));
  // After the members, which tell it all ends.
  hooks.stop();
});

const flv = (member: TestMember, query = '', scheme = 'http', name = 'live/s1'): string =>
  `${scheme}://127.0.0.1:${member.httpPort}/${name}.flv${query === '' ? '' : `?${query}`}`;

/** The id of the play that was sent away. */
const VIA = /&headwater-via=[\w-]{36}$/;

describe('a member whose streams are signed', () => {
  let member: TestMember;
  beforeEach(async () => {
    member = await start('a', {}, new MemoryMesh(), { publish: TOKENS, play: TOKENS });
  });

  it('takes a publisher and a player with a token, by each protocol', async () => {
    await publish(member.rtmp(`live/s1?${signed('publish')}`));
    const player = await RawRtmpClient.connected(member.rtmpPort);
    player.play(`s1?${signed('play')}`);
    await player.status('NetStream.Play.Start');
    const fetched = new AbortController();
    const waiting = fetch(flv(member, signed('play')), { signal: fetched.signal }).catch(() => null);
    const socket = new WebSocket(flv(member, signed('play'), 'ws'));
    await once(socket, 'open');
    await until(() => member.media.playerCount(`${DEFAULT_VHOST}/live/s1`) === 3, 'three players');
    socket.terminate();
    fetched.abort();
    await waiting;
    player.close();
  });

  it('answers an RTMP publisher without one by a status, and closes', async () => {
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.publish('s1');
    const status = await client.status('NetStream.Publish.Denied');
    expect(status).toMatchObject({
      level: 'error',
      description: expect.stringMatching(/^credentials-missing: /),
    });
    await client.closed();
    expect(member.log.of('publish refused')).toMatchObject([
      { key: 'live/s1', reason: 'credentials-missing' },
    ]);
  });

  it('answers an RTMP player with a wrong one by a status, and closes', async () => {
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.play(`s1?${signed('publish')}`);
    expect(await client.status('NetStream.Play.Failed')).toMatchObject({
      description: expect.stringMatching(/^token-signature: /),
    });
    await client.closed();
  });

  it.each([
    ['GET', '', 401, 'credentials-missing'],
    ['HEAD', '', 401, null],
    ['GET', 'expires=1&signature=00', 403, 'token-form'],
    ['GET', signed('play', 'live/s1', 1000), 403, 'token-expired'],
    ['GET', 'headwater=relay', 401, 'credentials-missing'],
    ['POST', signed('play'), 403, 'token-signature'],
  ])('answers %s with %s by %i', async (method, query, status, code) => {
    const answer = await fetch(flv(member, query), { method, ...(method === 'POST' ? { body: 'FLV' } : {}) });
    expect(answer.status).toBe(status);
    if (code !== null) expect(await answer.json()).toMatchObject({ code, message: expect.any(String) });
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="headwater"');
  });

  it.each([
    ['a player', undefined],
    ['a publisher', 'publisher'],
  ])('closes the WebSocket of %s with a code', async (_who, protocol) => {
    const socket = new WebSocket(flv(member, '', 'ws'), protocol);
    const [code, reason] = await once(socket, 'close');
    expect(code).toBe(4401);
    expect(String(reason)).toMatch(/^credentials-missing: /);
  });

  it('never writes a token into its log', async () => {
    const client = await RawRtmpClient.connected(member.rtmpPort, 'live?secret=in-the-app');
    client.publish('s1?expires=1&signature=secret-signature');
    await client.closed();
    await fetch(flv(member, 'jwt=secret-signature'));
    expect(JSON.stringify(member.log.lines)).not.toMatch(/secret-signature|in-the-app/);
  });
});

describe('a redirect between members', () => {
  it('hands the query on to the client alone, and the owner judges it', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh, { play: TOKENS, publish: [] });
    const other = await start('b', {}, mesh, { play: TOKENS });
    await publish(owner.rtmp('live/s1'));
    const refused = await fetch(flv(other), { redirect: 'manual' });
    expect(refused.status).toBe(401);
    const query = `${signed('play')}&mine=1`;
    const answer = await fetch(flv(other, query), { redirect: 'manual' });
    expect(answer.status).toBe(302);
    const location = answer.headers.get('location') ?? '';
    expect(location.replace(VIA, '')).toBe(flv(owner, `${query}&headwater=redirected`));
    expect(location).toMatch(VIA);
    const edge = await RawRtmpClient.connected(other.rtmpPort, 'live', {}, [
      { srs_sig: 'SRS', srs_version: '6' },
    ]);
    edge.play(`s1?${query}`);
    await edge.status('NetConnection.Connect.Rejected');
    for (const { log } of [owner, other]) expect(JSON.stringify(log.lines)).not.toContain('signature=');
  });

  it('has the parameters of the connect in it, for clients that follow one', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh);
    const other = await start('b', { play: { ...mediaOptions('b').play, mode: 'redirect' } }, mesh);
    await publish(owner.rtmp('live/s1'));
    const app = 'live?token=of-the-app';
    const client = await RawRtmpClient.connected(other.rtmpPort, app);
    client.play('s1?mine=1');
    const { ex } = await client.status('NetConnection.Connect.Rejected');
    expect(String((ex as { redirect2?: unknown }).redirect2).replace(VIA, '')).toBe(
      `rtmp://127.0.0.1:${owner.rtmpPort}/live/s1?mine=1&token=of-the-app&headwater=redirected`,
    );
    expect(JSON.stringify(other.log.lines)).not.toContain('of-the-app');
  });

  it('asks no hook where it is said, and one where the client is served', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh, { play: hooks.rules() });
    const other = await start('b', {}, mesh, { play: hooks.rules() });
    await publish(owner.rtmp('live/s1'));
    const aborted = new AbortController();
    const played = fetch(flv(other), { signal: aborted.signal }).catch(() => null);
    await until(() => owner.media.playerCount(`${DEFAULT_VHOST}/live/s1`) === 1, 'a player at the owner');
    aborted.abort();
    await played;
    await until(() => hooks.calls.length === 2, 'the end told');
    expect(hooks.calls).toMatchObject([
      { action: 'on_play', server_id: 'a' },
      { action: 'on_stop', server_id: 'a' },
    ]);
    expect(hooks.calls[0]?.param).toBe('');
  });

  it('does not come to who waits here and was asked about: the stream is relayed to it', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh);
    const other = await start('b', {}, mesh, { play: hooks.rules() });
    const aborted = new AbortController();
    const played = fetch(flv(other), { signal: aborted.signal, redirect: 'manual' }).catch(() => null);
    await until(() => other.media.playerCount(`${DEFAULT_VHOST}/live/s1`) === 1, 'a waiting player');
    await publish(owner.rtmp('live/s1'));
    await until(() => other.media.stream(`${DEFAULT_VHOST}/live/s1`)?.source === 'relay', 'a relay');
    expect(hooks.actions()).toEqual(['on_play']);
    aborted.abort();
    await played;
  });
});

describe('a hook', () => {
  it('is asked before Publish.Start, and told the end once', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules() });
    let allow = (): void => {};
    hooks.answer = (call, res) => {
      if (call.action === 'on_publish') allow = () => res.end('0');
      else res.end('0');
    };
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.publish('s1?token=x');
    await until(() => hooks.actions().includes('on_publish'), 'the hook asked');
    expect([...member.media.streamKeys()]).toEqual([]);
    allow();
    await client.status('NetStream.Publish.Start');
    client.close();
    await until(() => hooks.actions().includes('on_close'), 'the end told');
    expect(hooks.actions()).toEqual(['on_connect', 'on_publish', 'on_unpublish', 'on_close']);
    expect(new Set(hooks.calls.map(({ client_id }) => client_id)).size).toBe(1);
    expect(hooks.calls[1]?.param).toBe('?token=x');
  });

  it('hears of the end of who left while it thought', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules(), play: hooks.rules() });
    const held: (() => void)[] = [];
    hooks.answer = (call, res) => {
      if (call.action === 'on_publish' || call.action === 'on_play') held.push(() => res.end('0'));
      else res.end('0');
    };
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.publish('s1');
    const aborted = new AbortController();
    const played = fetch(flv(member), { signal: aborted.signal }).catch(() => null);
    // What is broken off before it was open is an error to it.
    const socket = new WebSocket(flv(member, '', 'ws')).on('error', () => {});
    await until(() => held.length === 3, 'the hook asked thrice');
    client.close();
    aborted.abort();
    socket.terminate();
    await played;
    await until(() => member.media.connections === 0, 'all gone');
    for (const answer of held) answer();
    await until(() => hooks.calls.length === 8, 'the ends told');
    expect([...hooks.actions()].sort()).toEqual(
      [
        'on_close',
        'on_connect',
        'on_play',
        'on_play',
        'on_publish',
        'on_stop',
        'on_stop',
        'on_unpublish',
      ].sort(),
    );
    expect([...member.media.streamKeys()]).toEqual([]);
  });

  it('hears of the end of who was refused after it said yes', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules() });
    await publish(member.rtmp('live/s1'));
    const second = await RawRtmpClient.connected(member.rtmpPort);
    second.publish('s1');
    await second.status('NetStream.Publish.BadName');
    await second.closed();
    await until(() => hooks.actions().includes('on_close'), 'the end told');
    expect(hooks.actions().filter((action) => action === 'on_unpublish')).toHaveLength(1);
  });

  it('is told all ends when the member stops', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules(), play: hooks.rules() });
    await publish(member.rtmp('live/s1'));
    const player = await RawRtmpClient.connected(member.rtmpPort);
    player.play('s1');
    await player.status('NetStream.Play.Start');
    members.splice(0);
    await member.stop();
    expect(hooks.actions().filter((action) => action === 'on_unpublish')).toHaveLength(1);
    expect(hooks.actions().filter((action) => action === 'on_stop')).toHaveLength(1);
    expect(hooks.actions().filter((action) => action === 'on_close')).toHaveLength(2);
  });

  it('that says no closes the client, and is told of no end', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules(), play: hooks.rules() });
    hooks.answer = (call, res) => res.end(call.action === 'on_connect' ? '0' : '1');
    const client = await RawRtmpClient.connected(member.rtmpPort);
    client.publish('s1');
    expect(await client.status('NetStream.Publish.Denied')).toMatchObject({
      description: expect.stringMatching(/^hook-refused: /),
    });
    await client.closed();
    expect((await fetch(flv(member))).status).toBe(403);
    await until(() => hooks.actions().includes('on_close'), 'the end told');
    expect(hooks.actions()).toEqual(expect.not.arrayContaining(['on_unpublish', 'on_stop']));
  });

  it('that hangs for one holds up nobody else', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules({ timeoutMs: 60_000 }) });
    hooks.answer = (call, res) => {
      if (call.stream !== 'slow') res.end('0');
    };
    const slow = await RawRtmpClient.connected(member.rtmpPort);
    slow.publish('slow');
    await until(() => hooks.calls.some(({ stream }) => stream === 'slow'), 'the hook asked');
    await publish(member.rtmp('live/s1'));
    slow.close();
  });

  it('reads nothing of a publisher before it has answered, and all of it then', async () => {
    const member = await start('a', {}, new MemoryMesh(), { publish: hooks.rules() });
    const held: (() => void)[] = [];
    hooks.answer = (_call, res) => held.push(() => res.end('0'));
    const socket = new WebSocket(flv(member, '', 'ws'), 'publisher');
    await once(socket, 'open');
    socket.send(Buffer.from('this is no FLV, which is told only to who may publish'));
    const closed = once(socket, 'close');
    const posted = fetch(flv(member, '', 'http', 'live/s2'), { method: 'POST', body: 'neither is this' });
    await until(() => held.length === 2, 'the hook asked twice');
    hooks.answer = (_call, res) => res.end('0');
    for (const answer of held) answer();
    expect((await closed)[0]).toBe(1007);
    expect((await posted).status).toBe(400);
  });
});

describe('a pull', () => {
  const relayKeys = relayKeysOf(['the mesh key of these members, 32 bytes']);

  it('proves itself, and no rule for players concerns it', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh, { play: TOKENS, relayKeys });
    const other = await start('b', {}, mesh, { relayKeys });
    await publish(owner.rtmp('live/s1'));
    const player = await RawRtmpClient.connected(other.rtmpPort);
    player.play('s1');
    await until(() => other.media.stream(`${DEFAULT_VHOST}/live/s1`)?.source === 'relay', 'a relay');
    await until(() => owner.media.pulls().length === 1, 'a pull');
    player.close();
  });

  it('from a stranger is a plain player', async () => {
    const mesh = new MemoryMesh();
    const owner = await start('a', {}, mesh, { play: TOKENS, relayKeys });
    await publish(owner.rtmp('live/s1'));
    const stranger = await RawRtmpClient.connected(owner.rtmpPort);
    stranger.play('s1?headwater=relay&member=b');
    await stranger.status('NetStream.Play.Failed');
    const open = await start('c', {}, mesh, {
      relayKeys: relayKeysOf(['the key of another mesh, 32 bytes..']),
    });
    const player = await RawRtmpClient.connected(open.rtmpPort);
    player.play('s1');
    await until(
      () => owner.log.of('pull not believed').some(({ reason }) => reason === 'invalid'),
      'it told',
    );
    expect(owner.media.pulls()).toEqual([]);
    player.close();
  });
});
