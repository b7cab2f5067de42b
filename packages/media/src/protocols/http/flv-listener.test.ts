import { request } from 'node:http';
import { connect } from 'node:net';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMedia } from '../../create-media.js';
import type { Media } from '../../media.js';
import type { MediaOptions } from '../../media-options.js';
import { AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { BOTH_TRACKS, flvHeader } from '../../wire/flv/flv-header.js';
import { flvTag } from '../../wire/flv/flv-tag.js';
import { FlvParser, type FlvTag } from '../../wire/nms/flv.js';
import { RtmpPublisher } from '../rtmp/rtmp-publisher.js';

const NAME = '__defaultVhost__/live/s';
const HEADERS = [METADATA(), VIDEO_HEADER(), AUDIO_HEADER()];

let mesh: MemoryMesh;
let log: MemoryLog;
const members: Media[] = [];

async function member(name: string, more: Partial<MediaOptions> = {}): Promise<Media> {
  const media = createMedia(mediaOptions(name, more), mesh.host(name), log);
  await media.start();
  mesh.setPorts(name, media.ports.rtmp, media.ports.http);
  members.push(media);
  return media;
}

beforeEach(() => {
  mesh = new MemoryMesh();
  log = new MemoryLog();
});
afterEach(async () => {
  await Promise.all(members.splice(0).map((media) => media.stop()));
});

const url = (media: Media, path = '/live/s.flv', scheme = 'http') =>
  `${scheme}://127.0.0.1:${media.ports.http}${path}`;

/** A stream with a picture in its GOP cache. */
async function publish(media: Media, name = 's'): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.open(`rtmp://127.0.0.1:${media.ports.rtmp}/live/${name}`);
  for (const frame of [...HEADERS, KEY(0), INTER(40)]) publisher.send(frame);
  await until(() => (media.stream(`__defaultVhost__/live/${name}`)?.bytesIn ?? 0) > 0, 'the stream');
  return publisher;
}

/** Sends bytes as they are, and gives all that is answered until the close. */
function raw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** Collects tags of a body that never ends. */
class Tags {
  readonly tags: FlvTag[] = [];
  readonly #parser = new FlvParser(1_000_000, (tag) => this.tags.push(tag));

  take(bytes: Uint8Array): void {
    this.#parser.feed(Buffer.from(bytes));
  }

  get story(): string[] {
    return this.tags.map(({ kind, timestampMs }) => `${kind} ${timestampMs}`);
  }
}

/** A socket to a member's HTTP port: all that is answered on it, and the tags of the first body of FLV. */
function reader(media: Media) {
  let got: Buffer = Buffer.alloc(0);
  const socket = connect(media.ports.http, '127.0.0.1');
  socket.on('data', (part) => {
    got = Buffer.concat([got, part]);
  });
  return {
    socket,
    text: () => got.toString('latin1'),
    story() {
      const tags = new Tags();
      const at = got.indexOf('FLV');
      if (at >= 0) tags.take(got.subarray(at));
      return tags.story;
    },
  };
}

async function playHttp(address: string): Promise<{ tags: Tags; response: Response; stop: () => void }> {
  const abort = new AbortController();
  const response = await fetch(address, { signal: abort.signal, redirect: 'manual' });
  const tags = new Tags();
  void (async () => {
    for await (const bytes of response.body ?? []) tags.take(bytes);
  })().catch(() => {});
  return { tags, response, stop: () => abort.abort() };
}

describe('playing by HTTP', () => {
  it('sends the FLV header by what is in the stream, headers, and the GOP so far', async () => {
    const a = await member('a');
    await publish(a);
    const { tags, response, stop } = await playHttp(url(a));
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'video/x-flv',
      'access-control-allow-origin': '*',
      'cache-control': 'no-cache, no-store',
    });
    // The end of the connection ends the stream: no framing of HTTP's own around what all players share.
    expect(response.headers.get('transfer-encoding')).toBeNull();
    // Nor the sound's header: no sound came.
    await until(() => tags.tags.length === 4, 'four tags');
    expect(tags.story).toEqual(['data 0', 'video 0', 'video 0', 'video 40']);
    expect(a.stream(NAME)?.players).toMatchObject([{ protocol: 'http-flv', state: 'playing' }]);
    stop();
    await until(() => a.stream(NAME)?.players.length === 0, 'the player to be gone');
  });

  it('plays on a connection whose answer before is still on its way', async () => {
    const a = await member('a');
    const publisher = await publish(a);
    const { socket, story, text } = reader(a);
    const head = 'HEAD /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(head + head.replace('HEAD', 'GET'));
    await until(() => story().length === 4, 'four tags');
    publisher.send(INTER(80));
    await until(() => story().at(-1) === 'video 80', 'what came later');
    expect(story()).toEqual(['data 0', 'video 0', 'video 0', 'video 40', 'video 80']);
    expect(text().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    socket.destroy();
  });

  it('redirects to the owner, query kept and marked, readable from any page', async () => {
    const a = await member('a');
    const b = await member('b');
    await publish(a);
    const { response } = await playHttp(url(b, '/live/s.flv?token=a%2Bb'));
    expect(response.status).toBe(302);
    const location = response.headers.get('location') ?? '';
    expect(location.replace(/&headwater-via=[\w-]{36}$/, '')).toBe(
      url(a, '/live/s.flv?token=a%2Bb&headwater=redirected'),
    );
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-expose-headers')).toContain('Location');
  });

  it('relays to who was redirected once already', async () => {
    const a = await member('a');
    const b = await member('b');
    await publish(a);
    const { tags, response, stop } = await playHttp(url(b, '/live/s.flv?headwater=redirected'));
    expect(response.status).toBe(200);
    await until(() => tags.tags.length === 4, 'the relayed tags');
    expect(b.stream(NAME)).toMatchObject({ source: 'relay', relayFrom: 'a' });
    stop();
  });

  it('holds the answer until somebody publishes here, or redirects when it is published elsewhere', async () => {
    const a = await member('a');
    const b = await member('b');
    const here = playHttp(url(a));
    const there = playHttp(url(b));
    await until(
      () => log.of('play routed').filter(({ route }) => route === 'wait').length === 2,
      'two waiting',
    );
    await publish(a);
    expect((await here).response.status).toBe(200);
    expect((await there).response.status).toBe(302);
    (await here).stop();
  });

  it('answers 404 with the reason when nobody publishes within play.waitMs', async () => {
    const { play } = mediaOptions('a');
    const a = await member('a', { play: { ...play, waitMs: 50 } });
    const response = await fetch(url(a));
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('within 50 ms');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('forgets a waiting client that left', async () => {
    const a = await member('a');
    const abort = new AbortController();
    const answer = fetch(url(a), { signal: abort.signal }).catch(() => 'aborted');
    await until(() => a.stream(NAME)?.players.length === 1, 'the waiting player');
    abort.abort();
    expect(await answer).toBe('aborted');
    await until(() => a.stream(NAME) === undefined, 'nothing left');
  });

  it('drops frames towards who reads no more, then disconnects it, while others get every one', async () => {
    const { play } = mediaOptions('a');
    const a = await member('a', { play: { ...play, queueBytesMax: 200_000, stuckMs: 500 } });
    const publisher = await publish(a);
    const reader = await playHttp(url(a));
    const stuck = connect(a.ports.http, '127.0.0.1', () =>
      stuck.write('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    stuck.on('error', () => {});
    stuck.pause();
    const players = () => a.stream(NAME)?.players ?? [];
    await until(() => players().length === 2, 'two players');
    let sent = 2;
    await until(async () => {
      publisher.send(KEY(sent * 40, 0, 100_000));
      sent += 1;
      await publisher.drained();
      return players().some(({ framesDropped }) => framesDropped > 5);
    }, 'dropped frames');
    await until(() => players().length === 1, 'the stuck player to be gone');
    expect(log.of('player disconnected')).toMatchObject([{ protocol: 'http-flv', reason: 'stuck' }]);
    expect(players()).toMatchObject([{ framesDropped: 0 }]);
    await until(
      () => reader.tags.tags.filter(({ kind }) => kind === 'video').length === sent + 1,
      'every frame',
    );
    reader.stop();
    stuck.destroy();
  });

  it('tells apart vhosts by the Host header', async () => {
    const a = await member('a', { vhosts: ['v.example'] });
    const asked = request({
      port: a.ports.http,
      host: '127.0.0.1',
      path: '/live/s.flv',
      headers: { Host: 'v.example' },
    });
    asked.on('error', () => {});
    asked.end();
    await until(() => a.stream('v.example/live/s')?.players.length === 1, 'the player of the vhost');
    asked.destroy();
  });
});

describe('other requests', () => {
  it('answers HEAD, preflights, and the root', async () => {
    const a = await member('alpha');
    await publish(a);
    const head = await fetch(url(a), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'video/x-flv']);
    const preflight = await fetch(url(a), { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('GET');
    const root = await (await fetch(url(a, '/'))).text();
    expect(root).toContain('member alpha');
    expect(root).toContain(`http://127.0.0.1:${a.ports.http}/APP/STREAM.flv`);
  });

  it('answers HEAD as GET would be answered, and holds no player for it', async () => {
    const a = await member('a');
    const b = await member('b');
    const elsewhere = await member('c', { play: { ...mediaOptions('c').play, mode: 'relay' } });
    const head = async (media: Media, path?: string) => {
      const response = await fetch(url(media, path), { method: 'HEAD', redirect: 'manual' });
      expect(response.headers.get('access-control-allow-origin'), `${response.status}`).toBe('*');
      return [response.status, response.headers.get('location')];
    };
    expect(await head(a)).toEqual([404, null]);
    await publish(a);
    expect(await head(a)).toEqual([200, null]);
    const marked = url(a, '/live/s.flv?token=x&headwater=redirected');
    expect(await head(b, '/live/s.flv?token=x')).toEqual([302, marked]);
    expect(await head(b, '/live/s.flv?headwater=redirected')).toEqual([200, null]);
    expect(await head(b, '/live/s.flv?headwater=relay')).toEqual([404, null]);
    expect(await head(elsewhere)).toEqual([200, null]);
    expect(await head(a, '/live/other.flv')).toEqual([404, null]);
    expect(log.of('play routed')).toEqual([]);
    expect([b, elsewhere].map((media) => media.streams())).toEqual([[], []]);
    expect(a.stream(NAME)?.players).toEqual([]);
  });

  it('serves who offers another protocol in this one', async () => {
    const a = await member('a');
    const b = await member('b');
    const publisher = await publish(a);
    const offering = (method: string, path: string) =>
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`;
    const answers = await Promise.all([
      raw(a.ports.http, offering('HEAD', '/live/s.flv')),
      raw(a.ports.http, offering('GET', '/')),
      raw(a.ports.http, offering('OPTIONS', '/live/s.flv')),
      raw(b.ports.http, offering('GET', '/live/s.flv')),
      raw(a.ports.http, offering('GET', '/nothing')),
      raw(a.ports.http, offering('POST', '/live/t.flv')),
    ]);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['200', '200', '204', '302', '404', '400']);
    const { socket, story } = reader(a);
    socket.write(offering('GET', '/live/s.flv'));
    await until(() => story().length === 4, 'four tags');
    publisher.send(INTER(80));
    await until(() => story().at(-1) === 'video 80', 'what came later');
    socket.end();
    await until(() => a.stream(NAME)?.players.length === 0, 'the player to be gone');
  });

  it.each([
    ['/nothing', 404, '/app/stream.flv'],
    ['/live/a%20b.flv', 400, 'blank'],
    ['/live/%zz.flv', 400, '%'],
  ])('answers %s with a reason', async (path, status, text) => {
    const a = await member('a');
    const response = await fetch(url(a, path));
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
  });

  it('reads no endless URLs', async () => {
    const a = await member('a');
    expect((await fetch(url(a, `/live/${'x'.repeat(5000)}.flv`))).status).toBe(414);
  });

  it('answers garbage by 400 and closes, and goes on for others', async () => {
    const a = await member('a');
    const answers = await Promise.all([
      raw(a.ports.http, Buffer.alloc(2000, 0xff)),
      raw(a.ports.http, '\u0003'.padEnd(1537, 'x')),
      raw(a.ports.http, `GET /live/s.flv HTTP/1.1\r\nHost: x\r\nA: ${'y'.repeat(20_000)}\r\n\r\n`),
      raw(
        a.ports.http,
        'GET /live/%.flv HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      ),
      raw(a.ports.http, 'DELETE /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n'),
    ]);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['400', '400', '431', '400', '405']);
    expect((await fetch(url(a, '/'))).status).toBe(200);
  });

  it('closes who never finishes a request', async () => {
    const { limits } = mediaOptions('a');
    const a = await member('a', { limits: { ...limits, handshakeMs: 100 } });
    expect(await raw(a.ports.http, 'GET /live/s.flv HT')).toContain('408');
    expect(await raw(a.ports.http, '')).not.toContain('200');
  });

  it('refuses connections over the limits', async () => {
    const { limits } = mediaOptions('a');
    const a = await member('a', { limits: { ...limits, connectionsPerAddressMax: 1 } });
    const first = connect(a.ports.http, '127.0.0.1');
    await until(() => first.readyState === 'open', 'the first');
    expect(await raw(a.ports.http, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toContain('503');
    first.destroy();
    await until(
      async () => (await raw(a.ports.http, 'GET / HTTP/1.0\r\n\r\n')).includes('200'),
      'the place to be free',
    );
  });

  it('cuts a connection that asks for a second stream while it has one', async () => {
    const a = await member('a');
    const ask = 'GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(await raw(a.ports.http, ask.repeat(100))).toBe('');
    await until(() => a.streams().length === 0, 'nothing left');
  });
});

describe('publishing by HTTP', () => {
  const tags = [...HEADERS, KEY(0), INTER(40)].map((frame) =>
    flvTag(frame.kind, frame.timestampMs, frame.payload),
  );
  const body = Buffer.concat([flvHeader(BOTH_TRACKS), ...tags]);

  it('owns the stream as long as the body goes on, and no longer', async () => {
    const a = await member('a');
    const b = await member('b');
    const post = request({ method: 'POST', port: a.ports.http, host: '127.0.0.1', path: '/live/s.flv' });
    const answered = new Promise<number>((resolve) => {
      post.on('response', (response) => resolve(response.statusCode ?? 0));
    });
    post.write(body);
    const { tags: got, stop } = await playHttp(url(b, '/live/s.flv?headwater=redirected'));
    await until(() => got.tags.length === 4, 'the tags at another member');
    expect(a.stream(NAME)).toMatchObject({ source: 'publisher', publisher: { protocol: 'http-flv' } });
    post.end();
    expect(await answered).toBe(200);
    expect(mesh.owners(NAME)).toEqual([]);
    stop();
  });

  it('refuses a second publisher, an edge, and what is no FLV', async () => {
    const a = await member('a');
    const edge = await member('edge', { acceptsPublishers: false });
    const publisher = await publish(a);
    const post = (media: Media, path: string, bytes: Buffer) =>
      fetch(url(media, path), { method: 'POST', body: new Uint8Array(bytes) });
    expect((await post(a, '/live/s.flv', body)).status).toBe(409);
    expect((await post(edge, '/live/s.flv', body)).status).toBe(403);
    const bad = await post(a, '/live/t.flv', Buffer.alloc(200_000, 'x'));
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('flv-signature')]);
    const large = Buffer.from(body);
    large.writeUIntBE(0xffffff, flvHeader(BOTH_TRACKS).length + 1, 3);
    expect((await post(a, '/live/t.flv', large)).status).toBe(400);
    expect(publisher.isEnded).toBe(false);
    expect(mesh.owners('__defaultVhost__/live/t')).toEqual([]);
    expect(log.of('publisher broke the protocol').map(({ reason }) => reason)).toEqual([
      'flv-signature',
      'flv-tag-too-large',
    ]);
  });

  it('closes a publisher that sends nothing', async () => {
    const a = await member('a', { publish: { idleMs: 50 } });
    const post = request({ method: 'POST', port: a.ports.http, host: '127.0.0.1', path: '/live/s.flv' });
    const answered = new Promise<number>((resolve) => {
      post.on('response', (response) => resolve(response.statusCode ?? 0));
    });
    post.on('error', () => {});
    post.write(flvHeader(BOTH_TRACKS));
    expect(await answered).toBe(408);
    await until(() => mesh.owners(NAME).length === 0, 'the claim to be released');
  });
});

describe('WebSocket', () => {
  function open(media: Media, path?: string, protocols: string[] = []) {
    const socket = new WebSocket(url(media, path, 'ws'), protocols);
    const tags = new Tags();
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => {});
    socket.on('message', (bytes: Buffer) => tags.take(bytes));
    return { socket, tags, closed };
  }

  it('plays local streams, and relays those of others', async () => {
    const a = await member('a');
    const b = await member('b');
    await publish(a);
    for (const media of [a, b]) {
      const { socket, tags } = open(media);
      await until(() => tags.tags.length === 4, 'four tags');
      expect(tags.story).toEqual(['data 0', 'video 0', 'video 0', 'video 40']);
      expect(media.stream(NAME)?.players.some(({ protocol }) => protocol === 'ws-flv')).toBe(true);
      socket.close();
    }
    await until(
      () => a.stream(NAME)?.players.every(({ protocol }) => protocol !== 'ws-flv'),
      'the player to be gone',
    );
  });

  it('publishes by subprotocol, and refuses a second one by a close code', async () => {
    const a = await member('a');
    const first = open(a, '/live/s.flv', ['publisher']);
    await until(() => first.socket.readyState === WebSocket.OPEN, 'the publisher');
    expect(first.socket.protocol).toBe('publisher');
    first.socket.send(flvHeader(BOTH_TRACKS));
    for (const frame of [...HEADERS, KEY(0)])
      first.socket.send(flvTag(frame.kind, frame.timestampMs, frame.payload));
    const { tags, stop } = await playHttp(url(a));
    await until(() => tags.tags.length === 3, 'three tags');
    stop();
    expect(await open(a, '/live/s.flv', ['post']).closed).toMatchObject({ code: 4409 });
    first.socket.terminate();
    await until(() => mesh.owners(NAME).length === 0, 'the claim to be released');
  });

  it('closes with a reason on bad FLV, text, and too much from a player', async () => {
    const a = await member('a');
    const bad = open(a, '/live/t.flv', ['publisher']);
    bad.socket.on('open', () => bad.socket.send(Buffer.from('RIFF')));
    expect(await bad.closed).toMatchObject({ code: 1007, reason: expect.stringContaining('flv-signature') });
    const text = open(a, '/live/t.flv', ['publisher']);
    text.socket.on('open', () => text.socket.send('hello'));
    expect(await text.closed).toMatchObject({ code: 1003 });
    const loud = open(a);
    loud.socket.on('open', () => loud.socket.send(Buffer.alloc(100_000)));
    expect(await loud.closed).toMatchObject({ code: 1009 });
    await until(() => a.streams().length === 0, 'nothing left');
  });

  it('closes a player that waited in vain', async () => {
    const { play } = mediaOptions('a');
    const a = await member('a', { play: { ...play, waitMs: 50 } });
    expect(await open(a).closed).toEqual({ code: 4404, reason: expect.stringContaining('within 50 ms') });
  });
});

describe('stop', () => {
  it('ends everybody, and a taken port is told by name', async () => {
    const a = await member('a');
    await publish(a);
    const { tags } = await playHttp(url(a));
    await until(() => tags.tags.length === 4, 'four tags');
    const idle = connect(a.ports.http, '127.0.0.1');
    idle.on('error', () => {});
    await until(() => idle.readyState === 'open', 'the idle connection');
    const closed = new Promise((resolve) => idle.on('close', resolve));
    const second = createMedia(
      mediaOptions('x', { http: { host: '127.0.0.1', port: a.ports.http } }),
      mesh.host('x'),
      log,
    );
    await expect(second.start()).rejects.toMatchObject({
      name: 'ListenError',
      what: 'http',
      systemCode: 'EADDRINUSE',
    });
    await a.stop();
    await a.stop();
    await closed;
    await expect(fetch(url(a, '/'))).rejects.toThrow();
  });
});
