import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { awaitCondition } from '@headwater/testing/await-condition';
import { RawRtmpClient } from '@headwater/testing/raw-rtmp-client';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { certificateFolder } from '../support/certificates.js';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { freePorts } from '../support/free-port.js';
import { headwater, OriginProcess } from '../support/origin-process.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const run = promisify(execFile);

/** One member with TLS beside its plain ports. */
async function secureMember(scope: Scope, more = {}) {
  const files = await certificateFolder(scope);
  const [rtmps = 0, https = 0, apiTls = 0] = await freePorts(scope, 3);
  const member = await OriginProcess.spawn(scope, 'a', {
    rtmps: { host: '127.0.0.1', port: rtmps },
    https: { host: '127.0.0.1', port: https },
    api: { tlsPort: apiTls },
    tls: { certificates: [files.entry] },
    ...more,
  });
  await member.ready();
  return { member, files, rtmps, https, apiTls };
}

const published = (member: OriginProcess) =>
  awaitCondition(
    'the stream to be published',
    async () => (await member.stream('live/s1')).here.source === 'publisher',
  );

describe('real clients by TLS', needs('ffmpeg', 'curl'), () => {
  it('ffmpeg publishes and plays by rtmps and https, and checks the certificate', async () => {
    const scope = testScope();
    const { member, files, rtmps, https } = await secureMember(scope);
    publish(scope, `rtmps://127.0.0.1:${rtmps}/live/s1`);
    await published(member);
    const players = [
      play(scope, `rtmps://127.0.0.1:${rtmps}/live/s1`),
      play(scope, `https://127.0.0.1:${https}/live/s1.flv`),
    ];
    for (const player of players) await player.played(25);
    const { stdout } = await run('curl', [
      '-sS',
      '-I',
      '--cacert',
      files.ca,
      `https://localhost:${https}/live/s1.flv`,
    ]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 /);
    await expect(run('curl', ['-sS', '-I', `https://localhost:${https}/live/s1.flv`])).rejects.toThrow(
      /certificate/,
    );
    const old = ['-sS', '-I', '-k', '--tls-max', '1.1', `https://localhost:${https}/`];
    await expect(run('curl', old)).rejects.toThrow();
  });

  it('curl reads the stream and the API by https', async () => {
    const scope = testScope();
    const { member, files, https, apiTls } = await secureMember(scope);
    publish(scope, member.rtmpUrl('live/s1'));
    await published(member);
    const url = `https://localhost:${https}/live/s1.flv`;
    const got = await run('curl', ['-sS', '--cacert', files.ca, '--max-time', '2', '--range', '0-2', url], {
      encoding: 'buffer',
    }).catch((error: { stdout: Buffer }) => error);
    expect(got.stdout.subarray(0, 3).toString()).toBe('FLV');
    const api = await run('curl', ['-sS', '--cacert', files.ca, `https://localhost:${apiTls}/readyz`]);
    expect(JSON.parse(api.stdout)).toMatchObject({ ready: true });
  });

  it('curl reads metrics from a port of their own by https, with a token that a reload may change', async () => {
    const scope = testScope();
    const [metrics = 0] = await freePorts(scope, 1);
    const token = join(scratchFolder(scope), 'token');
    writeFileSync(token, 'a-scraper-of-this-test');
    const { member, files } = await secureMember(scope, {
      metrics: { port: metrics, tls: true, token: `file:${token}` },
    });
    const url = `https://localhost:${metrics}/metrics`;
    const read = async (sent: string): Promise<string> =>
      (await run('curl', ['-sS', '-i', '--cacert', files.ca, '-H', `Authorization: Bearer ${sent}`, url]))
        .stdout;
    expect(await read('a-scraper-of-this-test')).toMatch(/ 200 .*headwater_info/s);
    for (const wrong of ['', 'a-stranger-to-this-test'])
      expect(await read(wrong)).toMatch(/^HTTP\/1\.1 401 (?!.*headwater_info)/s);
    await expect(run('curl', ['-sS', url.replace('https', 'http')])).rejects.toThrow();
    writeFileSync(token, 'another-one-of-this-test');
    member.signal('SIGHUP');
    await awaitCondition('the new one counts', async () =>
      (await read('another-one-of-this-test')).includes(' 200 '),
    );
    expect(await read('a-scraper-of-this-test')).toContain(' 401 ');
    expect(JSON.stringify(member.logs)).not.toMatch(/of-this-test/);
  });

  it('who connects as OBS does publishes by rtmps', async () => {
    const scope = testScope();
    const { member, rtmps } = await secureMember(scope);
    const socket = connectTls({ host: '127.0.0.1', port: rtmps, rejectUnauthorized: false });
    scope.defer(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const obs = new RawRtmpClient(socket);
    await obs.handshake();
    const about = { type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)' };
    const tcUrl = `rtmps://localhost:${rtmps}/live`;
    obs.command(0, 'connect', 1, { app: 'live', ...about, swfUrl: tcUrl, tcUrl });
    await obs.answer('_result');
    obs.command(0, 'releaseStream', 2, null, 's1');
    obs.command(0, 'FCPublish', 3, null, 's1');
    obs.command(0, 'createStream', 4, null);
    await obs.answer('_result', 4);
    obs.command(1, 'publish', 5, null, 's1', 'live');
    await obs.status('NetStream.Publish.Start');
    await published(member);
  });
});

const PAGE = `<script>
const seen = {};
const tell = () => fetch('/told?' + new URLSearchParams(seen));
const start = (bytes) => String.fromCharCode(...new Uint8Array(bytes).slice(0, 3));
const at = location.hash.slice(1);
const socket = new WebSocket('wss://localhost:' + at + '/live/s1.flv');
socket.binaryType = 'arraybuffer';
socket.onmessage = ({ data }) => { seen.wss ??= start(data); tell(); };
socket.onerror = () => { seen.wss = 'error'; tell(); };
fetch('https://localhost:' + at + '/live/s1.flv').then(async (answer) => {
  const { value } = await answer.body.getReader().read();
  seen.https = start(value);
  tell();
}, (error) => { seen.https = String(error); tell(); });
</script>`;

describe('a browser', needs('chromium', 'ffmpeg'), () => {
  it('plays by wss and by fetch', async () => {
    const scope = testScope();
    const { member, https } = await secureMember(scope);
    publish(scope, member.rtmpUrl('live/s1'));
    await published(member);
    const told: Record<string, string> = {};
    const server = createServer((req, res) => {
      const url = new URL(req.url ?? '', 'http://x');
      Object.assign(told, Object.fromEntries(url.searchParams));
      res.setHeader('Content-Type', 'text/html');
      res.end(url.pathname === '/' ? PAGE : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    scope.defer(() => server.close().closeAllConnections());
    const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/#${https}`;
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--ignore-certificate-errors',
    ];
    const folder = scratchFolder(scope, 'chromium');
    new TestProcess(scope, 'chromium', [
      ...flags,
      `--user-data-dir=${folder}`,
      '--remote-debugging-port=0',
      page,
    ]);
    await awaitCondition(
      'the browser to have media',
      () => told.wss !== undefined && told.https !== undefined,
      {
        instead: () => told,
      },
    );
    expect(told).toEqual({ wss: 'FLV', https: 'FLV' });
  });
});

/** Ports that the member found free, by its log. */
const portsOf = (member: OriginProcess) =>
  (member.logged('origin ready')[0]?.ports ?? {}) as { readonly rtmps: number; readonly https: number };

describe('members with TLS', needs('ffmpeg', 'curl'), () => {
  it('redirect https to https, explain it, and pull by TLS from each other', async () => {
    const scope = testScope();
    const files = await certificateFolder(scope);
    const cluster = await Cluster.start(scope, {
      names: ['a', 'b'],
      config: {
        rtmps: { host: '127.0.0.1', port: 0 },
        https: { host: '127.0.0.1', port: 0 },
        tls: { certificates: [files.entry] },
        relay: { tls: true },
      },
    });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    publish(scope, a.rtmpUrl('live/s1'));
    await published(a);
    await cluster.owned('live/s1', ['a']);
    const url = `https://localhost:${portsOf(b).https}/live/s1.flv?token=x`;
    const { stdout } = await run('curl', ['-sS', '-I', '--cacert', files.ca, url]);
    expect(stdout).toMatch(/^HTTP\/1\.1 302 /);
    expect(stdout).toContain(`https://127.0.0.1:${portsOf(a).https}/live/s1.flv?token=x`);
    const routes = (await b.stream('live/s1')).routes.map(({ client, route, address }) => [
      client,
      route,
      address,
    ]);
    expect(routes).toContainEqual(['https-flv', 'redirect', `127.0.0.1:${portsOf(a).https}`]);
    const player = play(scope, b.rtmpUrl('live/s1'));
    await player.played(10);
    expect((await b.members()).find(({ name }) => name === 'a')).toMatchObject({
      pulledAt: `127.0.0.1:${portsOf(a).rtmps}`,
      pulledByTls: true,
    });
  });

  it('need no plain port, where relays go by TLS', async () => {
    const scope = testScope();
    const files = await certificateFolder(scope);
    const cluster = await Cluster.start(scope, {
      names: ['a', 'b'],
      config: {
        rtmp: { port: 'off' },
        http: { port: 'off' },
        rtmps: { host: '127.0.0.1', port: 0 },
        tls: { certificates: [files.entry] },
        relay: { tls: true },
      },
    });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    const port = (member: OriginProcess) => portsOf(member).rtmps;
    publish(scope, `rtmps://127.0.0.1:${port(a)}/live/s1`);
    await published(a);
    await play(scope, `rtmps://127.0.0.1:${port(b)}/live/s1`).played(10);
  });
});

it('headwater config check looks at the certificates', async () => {
  const scope = testScope();
  const [one, two] = [await certificateFolder(scope), await certificateFolder(scope)];
  const member = await OriginProcess.spawn(scope, 'a', {
    https: { port: 0 },
    tls: { certificates: [`${one.cert}:${two.key}`] },
  });
  const exit = await member.exited;
  expect(exit.code).toBe(2);
  expect(member.output).toContain('the key belongs to another certificate');
  const checked = await headwater(scope, 'config', 'check', member.configFile);
  expect([checked.code, checked.output]).toEqual([
    2,
    expect.stringContaining('the key belongs to another certificate'),
  ]);
});
