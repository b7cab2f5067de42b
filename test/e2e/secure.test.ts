import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EventClient } from '../support/event-client.js';
import { playHttp } from '../support/flv-client.js';
import { HookService } from '../support/hook-service.js';
import { type Config, headwater, OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const STREAM = 'live/s1';

/** Changes what is in the member's file, key by key of its first level. */
function rewrite(origin: OriginProcess, change: Config): void {
  const before = JSON.parse(readFileSync(origin.configFile, 'utf8')) as Config;
  writeFileSync(origin.configFile, JSON.stringify({ ...before, ...change }));
}

async function published(origin: OriginProcess, stream: string): Promise<boolean> {
  const names = await origin.ownerNames(stream).catch(() => []);
  return names.length > 0;
}

describe.each(amount({ short: [1], long: [0, 1] }))('a reload with %i workers', (workers) => {
  it('puts rules in force, and who plays and publishes stays', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a', { workers });
    await origin.ready();
    const source = new SampleSource(scope);
    await source.publish(origin.rtmpUrl(STREAM));
    const player = playHttp(scope, origin.flvUrl(STREAM));
    await awaitCondition('media', () => player.reader.tags.length > 10);
    const events = await EventClient.follow(scope, origin.apiUrl('/api/v1/events'));

    rewrite(origin, {
      publish: { auth: [{ deny: 'all' }] },
      play: { auth: [{ deny: 'all' }] },
      log: { level: 'info', format: 'json' },
      limits: { messageBytesMax: 1_000_000 },
    });
    origin.signal('SIGHUP');
    await awaitCondition(
      'word of it',
      () =>
        events.kinds.includes('configuration-reloaded') && origin.logged('configuration reloaded').length > 0,
    );
    expect(origin.logged('configuration reloaded')).toMatchObject([
      {
        applied: expect.arrayContaining(['publish.auth', 'play.auth', 'log.level']),
        needsRestart: ['limits.messageBytesMax'],
      },
    ]);
    await expect(new SampleSource(scope).publish(origin.rtmpUrl('live/s2'))).rejects.toThrow();
    expect((await fetch(origin.flvUrl(STREAM))).status).toBe(403);
    await awaitCondition(
      'both refusals as events',
      () => events.kinds.includes('publish-refused') && events.kinds.includes('play-refused'),
    );
    const tags = player.reader.tags.length;
    await awaitCondition('more media', () => player.reader.tags.length > tags + 10);
    expect(player.end).toBeNull();

    writeFileSync(origin.configFile, 'rtmp: {port: -1}\nno.such.key: 1\n');
    const refused = await headwater(scope, 'reload', '--api', origin.apiUrl());
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/rtmp\.port.*no\.such/s);
    expect((await fetch(origin.flvUrl(STREAM))).status).toBe(403);
    expect(player.end).toBeNull();
  });
});

describe('a browser page of a stranger', () => {
  it('publishes nothing, by HTTP or WebSocket, and changes nothing by the API', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a', {
      publish: { origins: ['https://studio.example'] },
    });
    await origin.ready();
    const attack = { origin: 'https://evil.example', 'content-type': 'text/plain' };
    const post = await fetch(origin.flvUrl(STREAM), { method: 'POST', headers: attack, body: 'FLV' });
    expect([post.status, await post.json()]).toMatchObject([403, { code: 'origin-foreign' }]);

    const closed = await new Promise<number>((resolve) => {
      const socket = new WebSocket(origin.wsUrl(STREAM), ['publisher'], { origin: 'https://evil.example' });
      scope.defer(() => socket.terminate());
      socket.on('close', resolve);
    });
    expect(closed).toBe(4403);
    expect(await published(origin, STREAM)).toBe(false);

    for (const headers of [attack, { ...attack, 'content-type': 'application/json' }]) {
      const path = '/api/v1/members/self/drain';
      const answer = await fetch(origin.apiUrl(path), { method: 'POST', headers, body: '{}' });
      expect([403, 415]).toContain(answer.status);
    }
    expect((await fetch(origin.apiUrl('/readyz'))).status).toBe(200);

    const own = new WebSocket(origin.wsUrl(STREAM), ['publisher'], { origin: 'https://studio.example' });
    scope.defer(() => own.terminate());
    await awaitCondition('a page that may', () => published(origin, STREAM));
  });
});

describe('a member with tokens', () => {
  it('wants one from this machine too; the command sends it, from a file or the environment', async () => {
    const scope = testScope();
    const tokenFile = join(scratchFolder(scope), 'token');
    writeFileSync(tokenFile, 'an-operator-of-this-test\n');
    const origin = await OriginProcess.spawn(scope, 'a', {
      api: { token: `file:${tokenFile}`, readToken: 'a-reader-of-this-test' },
    });
    await awaitCondition('it to be ready', async () => {
      const answer = await fetch(origin.apiUrl('/readyz')).catch(() => null);
      return answer?.status === 200;
    });
    const api = ['--api', origin.apiUrl()];
    const without = await headwater(scope, 'members', ...api);
    expect([without.code === 0, without.output]).toEqual([false, expect.stringContaining('--token-file')]);
    expect((await headwater(scope, 'members', ...api, '--token-file', tokenFile)).code).toBe(0);
    expect((await headwater(scope, 'reload', ...api, '--token-file', tokenFile)).output).toContain(
      'nothing changed',
    );
    writeFileSync(tokenFile, 'a-reader-of-this-test');
    expect((await headwater(scope, 'members', ...api, '--token-file', tokenFile)).code).toBe(0);
    expect((await headwater(scope, 'drain', ...api, '--token-file', tokenFile)).output).toContain('may read');
    expect((await headwater(scope, 'health', ...api)).code).toBe(0);
  });
});

/** Stands in every secret of the test below. */
const MARK = 'MARKEDxSECRET';

/** All that is under a folder, but for the identity, which is a secret itself. */
function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('identity'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

/** What others of this machine see of the member and its workers, and what a worker could tell who breaks into it. Linux only. */
function processesOf(origin: OriginProcess): string {
  const main = String(origin.pid);
  if (!existsSync(`/proc/${main}/task`)) return '';
  const workers = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').split(' ').filter(Boolean);
  const files = [`${main}/cmdline`, ...workers.flatMap((pid) => [`${pid}/cmdline`, `${pid}/environ`])];
  return files.map((file) => readFileSync(`/proc/${file}`, 'latin1').replaceAll('\0', '\n')).join('\n');
}

async function askEverything(origin: OriginProcess): Promise<string> {
  const paths = [
    ...['members', 'streams', `streams/${STREAM}`, 'clients', 'summaries', 'vhosts', 'openapi.json', 'links'],
    ...[
      `explain/${STREAM}`,
      'explain/other/s2',
      `explain/other/s2?client=ffmpeg`,
      `trace/${STREAM}`,
      'trace/other/s2',
    ],
  ];
  const urls = [...paths.map((path) => `/api/v1/${path}`), '/metrics', '/healthz', '/readyz', '/api/docs'];
  const headers = { authorization: `Bearer ${MARK}-operates-here` };
  const answers = await Promise.all(
    [...urls, `/api/v1/nothing?token=${MARK}`].map(async (path) =>
      (await fetch(origin.apiUrl(path), { headers })).text(),
    ),
  );
  const wrong = await fetch(origin.apiUrl('/api/v1/members'), {
    headers: { authorization: `Bearer ${MARK}-wrong` },
  });
  expect(wrong.status).toBe(401);
  return [...answers, await wrong.text()].join('\n');
}

async function tellSecrets(scope: Scope, origin: OriginProcess): Promise<string> {
  const said: string[] = [];
  const { rtmp } = origin.ports;
  for (const kind of ['publish', 'play'] as const) {
    const client = await RtmpClient.open(scope, rtmp);
    await client.connect(`rtmp://me:${MARK}@127.0.0.1:${rtmp}/other?k=${MARK}`);
    client[kind](`s2?token=${MARK}&signature=${MARK}`);
    const code = kind === 'play' ? 'NetStream.Play.Failed' : 'NetStream.Publish.Denied';
    said.push(JSON.stringify(await client.awaitStatus(code)));
  }
  const headers = { authorization: `Bearer ${MARK}`, referer: `http://p/?k=${MARK}` };
  for (const method of ['GET', 'POST', 'HEAD'])
    said.push(await (await fetch(`${origin.flvUrl('other/s2')}?jwt=${MARK}`, { method, headers })).text());
  said.push(await (await fetch(`${origin.flvUrl('live/%00')}?jwt=${MARK}`, { headers })).text());
  const source = new SampleSource(scope);
  await source.publish(`${origin.rtmpUrl(STREAM)}?key=${MARK}`);
  await awaitCondition('the publisher', async () => (await filed(origin)).includes('live/s1'));
  playHttp(scope, `${origin.flvUrl(STREAM)}?key=${MARK}`);
  return said.join('\n');
}

const filed = async (origin: OriginProcess): Promise<string> =>
  (
    await fetch(origin.apiUrl('/api/v1/streams'), {
      headers: { authorization: `Bearer ${MARK}-operates-here` },
    })
  ).text();

describe('secrets', () => {
  it.each(amount({ short: [1], long: [0, 1] }))('come out nowhere, with %i workers', async (workers) => {
    const scope = testScope();
    const folder = scratchFolder(scope);
    const hook = await HookService.start(scope);
    hook.answer = ({ path }, res) => {
      if (path.startsWith('/yes')) {
        res.end('0');
        return;
      }
      res.statusCode = 500;
      res.end(`no, ${MARK}`);
    };
    const hookUrl = `${hook.url('/no')}?k=${MARK}`;
    const yesUrl = `${hook.url('/yes')}?k=${MARK}`;
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, `${MARK}-${'k'.repeat(32)}\n`);
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${MARK}-operates-here`);
    const origin = await OriginProcess.spawn(
      scope,
      'a',
      {
        workers,
        dataDir: join(folder, 'data'),
        log: { level: 'trace', format: 'json' },
        api: { token: `${MARK}-operates-here` },
        publish: {
          auth: [
            { token: { keys: [`${MARK}-signs`] } },
            { hook: { on_publish: hookUrl, secret: `${MARK}-hmac`, onFailure: 'refuse' } },
          ],
        },
        play: { auth: [{ hook: { on_play: hookUrl, on_stop: hookUrl, onFailure: 'refuse' } }] },
        apps: {
          live: {
            publish: { auth: [{ hook: { on_publish: yesUrl, on_unpublish: hookUrl, onFailure: 'refuse' } }] },
          },
        },
      },
      { environment: { HEADWATER_MESH_KEY_FILE: keyFile, HEADWATER_METRICS_TOKEN: `${MARK}-scrapes-here` } },
    );
    await awaitCondition('it to be ready', async () => {
      const answer = await fetch(origin.apiUrl('/readyz')).catch(() => null);
      return answer?.status === 200;
    });
    const told = await tellSecrets(scope, origin);
    const answers = await askEverything(origin);
    const commands: string[] = [];
    const api = ['--api', origin.apiUrl(), '--token-file', tokenFile];
    for (const words of [
      ['config', 'print', '--config', origin.configFile],
      ['config', 'print', '--json', '--config', origin.configFile],
      ['config', 'check', origin.configFile],
      ['config', 'check', origin.configFile, '--set', `mesh.key=${MARK}`, '--set', `nothing=${MARK}`],
      ['config', 'check', '--set', `publish.auth=[{"hook":{"on_publish":"ftp://me:${MARK}@h/?k=${MARK}"}}]`],
      ...['members', 'streams', 'clients', 'doctor', 'reload'].map((name) => [name, ...api]),
      ...['explain', 'trace'].map((name) => [name, STREAM, ...api]),
    ])
      commands.push((await headwater(scope, ...words)).output);
    const processes = processesOf(origin);
    rewrite(origin, { api: { token: MARK }, rtmp: { port: -1 } });
    origin.signal('SIGHUP');
    await awaitCondition('the reload', () => origin.logged('configuration not reloaded').length === 1);
    await origin.stop();
    for (const [what, text] of Object.entries({
      told,
      answers,
      output: origin.output,
      commands: commands.join('\n'),
      processes,
      data: filesIn(join(folder, 'data')),
    }))
      expect(
        text.split('\n').filter((line) => line.includes(MARK)),
        what,
      ).toEqual([]);
    expect(hook.calls.length).toBeGreaterThan(0);
  });
});
