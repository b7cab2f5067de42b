import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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
import { OriginProcess } from '../support/origin-process.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const run = promisify(execFile);

/** Where clients are, who are no proxies. */
const CLIENT = '127.0.0.7';
const CURL = ['-sS', '--interface', CLIENT, '--max-time', '60'];

const published = (member: OriginProcess) =>
  awaitCondition(
    'the stream to be published',
    async () => (await member.stream('live/s1')).here.source === 'publisher',
  );

/** Addresses, without ports, of those who play on the member. */
async function playersOf(member: OriginProcess): Promise<readonly string[]> {
  const { players } = (await member.stream('live/s1')).here;
  return players.map(({ remote }) => remote.replace(/:\d+$/, ''));
}

/** curl plays the URL from the client's address until the scope closes. */
function curl(scope: Scope, url: string, ...more: string[]): TestProcess {
  return new TestProcess(scope, 'curl', [...CURL, ...more, '-o', '/dev/null', url]);
}

async function seenAs(member: OriginProcess, address: string, count = 1): Promise<void> {
  const seen: { now: readonly string[] } = { now: [] };
  await awaitCondition(
    `${count} players from ${address}`,
    async () => {
      seen.now = await playersOf(member);
      return seen.now.filter((each) => each === address).length === count;
    },
    { instead: () => seen.now },
  );
}

async function member(scope: Scope, more = {}): Promise<OriginProcess> {
  const origin = await OriginProcess.spawn(scope, 'a', {
    trustedProxies: ['127.0.0.1'],
    limits: { connectionsPerAddressMax: 2 },
    ...more,
  });
  await origin.ready();
  publish(scope, origin.rtmpUrl('live/s1'));
  await published(origin);
  return origin;
}

async function haproxy(scope: Scope, config: string): Promise<void> {
  const file = join(scratchFolder(scope, 'haproxy'), 'haproxy.cfg');
  const head = 'defaults\n  timeout connect 5s\n  timeout client 10m\n  timeout server 10m\n  mode tcp\n';
  writeFileSync(file, `${head}${config}`);
  new TestProcess(scope, 'haproxy', ['-f', file, '-db']);
}

async function nginx(scope: Scope, config: string): Promise<void> {
  const folder = scratchFolder(scope, 'nginx');
  const file = join(folder, 'nginx.conf');
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const head = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
`;
  const paths = temps.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n');
  writeFileSync(file, head + config.replace('http {', `http {\n  access_log off;\n${paths}`));
  new TestProcess(scope, 'nginx', ['-p', folder, '-c', file, '-e', 'stderr']);
}

const answers = (url: string, ...more: string[]) =>
  awaitCondition(`an answer of ${url}`, async () =>
    run('curl', [...CURL, ...more, '-o', '/dev/null', '-I', url]).then(
      () => true,
      () => false,
    ),
  );

describe('behind HAProxy', needs('haproxy', 'ffmpeg', 'curl'), () => {
  it.each(['send-proxy', 'send-proxy-v2'])(
    'in tcp mode with %s, a member knows the real client',
    async (word) => {
      const scope = testScope();
      const origin = await member(scope);
      const [rtmp = 0, http = 0] = await freePorts(scope, 2);
      await haproxy(
        scope,
        `
listen rtmp
  bind 127.0.0.1:${rtmp}
  server a 127.0.0.1:${origin.ports.rtmp} ${word} check inter 100ms
listen http
  bind 127.0.0.1:${http}
  server a 127.0.0.1:${origin.ports.http} ${word} check inter 100ms
`,
      );
      const url = `http://127.0.0.1:${http}/live/s1.flv`;
      await answers(url);
      curl(scope, url);
      await seenAs(origin, CLIENT);
      const raw = await RawRtmpClient.open(rtmp, CLIENT);
      scope.defer(() => raw.close());
      await raw.handshake();
      raw.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://x/live' });
      await raw.answer('_result');
      raw.command(0, 'createStream', 2, null);
      await raw.answer('_result', 2);
      raw.play('s1');
      await seenAs(origin, CLIENT, 2);
      // The limit is the client's, and neither the proxy's nor its health checks'.
      const third = await RawRtmpClient.open(rtmp, CLIENT);
      await third.closed();
      await awaitCondition('the refusal in the log', () => origin.logged('connection refused').length > 0);
      const reason = 'connections-per-address-max';
      await expect
        .poll(() => origin.logged('connection refused'))
        .toEqual([expect.objectContaining({ client: CLIENT, reason })]);
      await play(scope, `rtmp://127.0.0.1:${rtmp}/live/s1`).played(5);
    },
  );

  it('that ends TLS, redirects keep https and rtmps', async () => {
    const scope = testScope();
    const files = await certificateFolder(scope);
    const cluster = await Cluster.start(scope, {
      names: ['a', 'b'],
      config: { trustedProxies: ['127.0.0.1'], advertise: ['out=live.example.com:1:2:443:8443'] },
    });
    const [a, b] = [cluster.member(0), cluster.member(1)];
    publish(scope, a.rtmpUrl('live/s1'));
    await published(a);
    await cluster.owned('live/s1', ['a']);
    const [http = 0, tcp = 0, rtmps = 0] = await freePorts(scope, 3);
    await haproxy(
      scope,
      `
frontend http
  mode http
  bind 127.0.0.1:${http} ssl crt ${files.both}
  option forwardfor
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  default_backend b
backend b
  mode http
  server b 127.0.0.1:${b.ports.http}
listen tcp
  bind 127.0.0.1:${tcp} ssl crt ${files.both}
  server b 127.0.0.1:${b.ports.http} send-proxy-v2-ssl
listen rtmps
  bind 127.0.0.1:${rtmps} ssl crt ${files.both}
  server b 127.0.0.1:${b.ports.rtmp} send-proxy-v2-ssl
`,
    );
    for (const port of [http, tcp]) {
      const url = `https://localhost:${port}/live/s1.flv`;
      await answers(url, '--cacert', files.ca);
      const { stdout } = await run('curl', [...CURL, '-I', '--cacert', files.ca, url]);
      expect(stdout).toContain('https://live.example.com:8443/live/s1.flv?headwater=redirected');
    }
    expect(b.logged('play routed').every(({ client }) => String(client).startsWith(CLIENT))).toBe(true);
    const socket = connectTls({ host: '127.0.0.1', port: rtmps, rejectUnauthorized: false });
    scope.defer(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const edge = new RawRtmpClient(socket);
    await edge.handshake();
    edge.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://x/live' }, { srs_sig: 'x' });
    await edge.answer('_result');
    edge.command(0, 'createStream', 2, null);
    await edge.answer('_result', 2);
    edge.play('s1');
    await awaitCondition('the redirect', () =>
      JSON.stringify(edge.commands).includes('rtmps://live.example.com:443/live'),
    );
  });

  it('in http mode with forwardfor, limits are the client’s', async () => {
    const scope = testScope();
    const origin = await member(scope);
    const [http = 0] = await freePorts(scope, 1);
    await haproxy(
      scope,
      `
listen http
  mode http
  bind 127.0.0.1:${http}
  option forwardfor
  server a 127.0.0.1:${origin.ports.http}
`,
    );
    const url = `http://127.0.0.1:${http}/live/s1.flv`;
    await answers(url);
    // What the client says of itself stands before what HAProxy adds.
    curl(scope, url, '-H', 'X-Forwarded-For: 203.0.113.1');
    curl(scope, url);
    await seenAs(origin, CLIENT, 2);
    const { stdout } = await run('curl', [...CURL, '-o', '/dev/null', '-w', '%{http_code}', url]);
    expect(stdout).toBe('503');
  });
});

describe('behind nginx', needs('nginx with its stream module', 'ffmpeg', 'curl'), () => {
  it('a member knows the real client by proxy_protocol and by X-Forwarded-For', async () => {
    const scope = testScope();
    const origin = await member(scope, { limits: { connectionsPerAddressMax: 10 } });
    const files = await certificateFolder(scope);
    const [rtmp = 0, tcp = 0, http = 0, https = 0] = await freePorts(scope, 4);
    const forwarding = `proxy_pass http://127.0.0.1:${origin.ports.http};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;`;
    await nginx(
      scope,
      `
stream {
  server { listen 127.0.0.1:${rtmp}; proxy_pass 127.0.0.1:${origin.ports.rtmp}; proxy_protocol on; }
  server { listen 127.0.0.1:${tcp}; proxy_pass 127.0.0.1:${origin.ports.http}; proxy_protocol on; }
}
http {
  server {
    listen 127.0.0.1:${http};
    listen 127.0.0.1:${https} ssl;
    ssl_certificate ${files.cert};
    ssl_certificate_key ${files.key};
    location / {
      ${forwarding}
    }
  }
}
`,
    );
    const urls = [
      `http://127.0.0.1:${tcp}/live/s1.flv`,
      `http://127.0.0.1:${http}/live/s1.flv`,
      `https://localhost:${https}/live/s1.flv`,
    ];
    for (const [index, url] of urls.entries()) {
      await answers(url, '--cacert', files.ca);
      curl(scope, url, '--cacert', files.ca);
      await seenAs(origin, CLIENT, index + 1);
    }
    await play(scope, `rtmp://127.0.0.1:${rtmp}/live/s1`).played(5);
  });
});
