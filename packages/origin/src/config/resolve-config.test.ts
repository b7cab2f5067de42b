import { describe, expect, it } from 'vitest';
import { LIST_LENGTH_MAX } from './option-type.js';
import { type ConfigInputs, type Resolution, resolveConfig } from './resolve-config.js';
import { problemText, sourceText } from './setting.js';

const KEY = 'k'.repeat(32);
const OTHER_KEY = 'o'.repeat(32);

const resolve = (inputs: Partial<ConfigInputs> & { yaml?: string }): Resolution =>
  resolveConfig({
    env: { HEADWATER_MESH_KEY: KEY },
    set: [],
    hostName: 'host-1',
    ...(inputs.yaml === undefined ? {} : { file: { name: 'origin.yml', text: inputs.yaml } }),
    ...inputs,
  });

const configOf = (inputs: Parameters<typeof resolve>[0]) => {
  const resolution = resolve(inputs);
  if (!resolution.ok) throw new Error(resolution.problems.map(problemText).join('\n'));
  return resolution.config;
};

const problemsOf = (inputs: Parameters<typeof resolve>[0]): string[] => {
  const resolution = resolve(inputs);
  return resolution.ok ? [] : resolution.problems.map(problemText);
};

const warningsOf = (inputs: Parameters<typeof resolve>[0]): string[] =>
  resolve(inputs).warnings.map(problemText);

describe('defaults', () => {
  it('stand for everything not given', () => {
    const config = configOf({});
    expect(config).toMatchObject({
      name: 'host-1',
      role: 'origin',
      dataDir: './data',
      rtmp: { host: '::', port: 1935 },
      http: { port: 8080 },
      api: { host: '127.0.0.1', port: 1985 },
      mesh: { port: 7946, seeds: [], key: [KEY] },
      play: { mode: 'auto', waitMs: 60_000 },
    });
    expect('zone' in config).toBe(false);
    expect('advertise' in config.mesh).toBe(false);
    expect(Object.keys(config.apps)).toEqual([]);
  });

  it('serve an empty file, one with comments alone, and groups without keys', () => {
    for (const yaml of ['', '\n', '# nothing\n', '---\n', 'mesh:\nplay:\n', 'zone:\nmesh:\n  seeds:\n'])
      expect(configOf({ yaml })).toEqual(configOf({}));
  });

  it('are frozen, and have no prototype that an app could name', () => {
    const config = configOf({ yaml: 'apps: { __proto__: { play: { mode: relay } } }' });
    expect(Object.isFrozen(config.mesh)).toBe(true);
    const modes = Object.entries(config.apps).map(([app, { play }]) => [app, play?.mode]);
    expect(modes).toEqual([['__proto__', 'relay']]);
    expect(({} as { play?: unknown }).play).toBeUndefined();
  });
});

describe('precedence', () => {
  const yaml = 'rtmp:\n  port: 1\nmesh:\n  seeds: [file:1, file:2]\n';
  const env = { HEADWATER_MESH_KEY: KEY, HEADWATER_RTMP_PORT: '2', HEADWATER_MESH_SEEDS: 'env:1' };

  it('is --set, environment, file, default', () => {
    expect(configOf({ yaml }).rtmp.port).toBe(1);
    expect(configOf({ yaml, env }).rtmp.port).toBe(2);
    expect(configOf({ yaml, env, set: ['rtmp.port=3'] }).rtmp.port).toBe(3);
    expect(configOf({ yaml, env, set: ['rtmp.port=3', 'rtmp.port=4'] }).rtmp.port).toBe(4);
    expect(configOf({ yaml, env, set: ['rtmp.port='] }).rtmp.port).toBe(1935);
  });

  it('replaces whole lists', () => {
    expect(configOf({ yaml }).mesh.seeds).toEqual(['file:1', 'file:2']);
    expect(configOf({ yaml, env }).mesh.seeds).toEqual(['env:1']);
    expect(configOf({ yaml, env, set: ['mesh.seeds=set:1, set:2'] }).mesh.seeds).toEqual(['set:1', 'set:2']);
    expect(configOf({ yaml, env, set: ['mesh.seeds='] }).mesh.seeds).toEqual([]);
  });

  it('is told for each key', () => {
    const resolution = resolve({ yaml, env, set: ['http.port=9', 'apps.a.b/c.play.mode=relay'] });
    if (!resolution.ok) throw new Error('not resolved');
    const sources = new Map(resolution.effective.map(({ path, source }) => [path, sourceText(source)]));
    expect(sources.get('http.port')).toBe('--set');
    expect(sources.get('rtmp.port')).toBe('env HEADWATER_RTMP_PORT');
    expect(sources.get('api.port')).toBe('default');
    expect(sources.get('apps.a.b/c.play.mode')).toBe('--set');
    expect(resolution.config.apps['a.b/c']?.play?.mode).toBe('relay');
    const fromFile = resolve({ yaml });
    if (!fromFile.ok) throw new Error('not resolved');
    expect(sourceText(fromFile.effective.find(({ path }) => path === 'mesh.seeds')!.source)).toBe(
      'origin.yml:4',
    );
  });
});

describe('environment', () => {
  const withEnv = (env: Record<string, string>) => ({ env: { HEADWATER_MESH_KEY: KEY, ...env } });

  it('names keys in capitals with _ for dots and humps', () => {
    const { mesh, limits, apps } = configOf(
      withEnv({
        HEADWATER_MESH_SUSPECT_AFTER_MS: '2000',
        HEADWATER_LIMITS_CONNECTIONS_PER_ADDRESS_MAX: ' 7 ',
        HEADWATER_APPS_MY_APP_PLAY_MODE: 'relay',
      }),
    );
    expect([mesh.suspectAfterMs, limits.connectionsPerAddressMax]).toEqual([2000, 7]);
    expect(apps.my_app?.play?.mode).toBe('relay');
  });

  it('takes an empty variable for one not set', () => {
    expect(configOf(withEnv({ HEADWATER_RTMP_PORT: '', HEADWATER_MESH_SEEDS: ' ' }))).toEqual(configOf({}));
  });

  it('reports unknown names with the nearest', () => {
    expect(problemsOf(withEnv({ HEADWATER_MESH_SEED: 'a:1' }))).toEqual([
      'env HEADWATER_MESH_SEED: no such variable; did you mean HEADWATER_MESH_SEEDS?',
    ]);
    expect(problemsOf(withEnv({ HEADWATER_PORT: '1935' }))).toHaveLength(1);
  });

  it('leaves HEADWATER_API and the variables of Kubernetes alone', () => {
    const env = withEnv({
      HEADWATER_API: 'http://127.0.0.1:1',
      HEADWATER_SERVICE_HOST: '10.0.0.1',
      HEADWATER_SERVICE_PORT: '1935',
      HEADWATER_SERVICE_PORT_HTTP_FLV: '8080',
      HEADWATER_PORT: 'tcp://10.0.0.1:1935',
      HEADWATER_PORT_1985_TCP: 'tcp://10.0.0.1:1985',
      HEADWATER_PORT_1985_TCP_ADDR: '10.0.0.1',
      HEADWATER_PORT_1985_TCP_PROTO: 'tcp',
      HEADWATER_MESH_SERVICE_HOST: '10.0.0.2',
      HEADWATER_MESH_PORT: 'tcp://10.0.0.2:7946',
      HEADWATER_MESH_PORT_7946_TCP_PORT: '7946',
    });
    expect(configOf(env)).toEqual(configOf({}));
  });
});

describe('problems', () => {
  it.each([
    [
      'rtmp: { port: 70000 }',
      'origin.yml:1: rtmp.port: found 70000, expected a whole number from 0 to 65535, or off',
    ],
    [
      'rtmp: { port: -1 }',
      'origin.yml:1: rtmp.port: found -1, expected a whole number from 0 to 65535, or off',
    ],
    [
      'rtmp: { port: 1.5 }',
      'origin.yml:1: rtmp.port: found 1.5, expected a whole number from 0 to 65535, or off',
    ],
    [
      'rtmp: { port: .inf }',
      'origin.yml:1: rtmp.port: found Infinity, expected a whole number from 0 to 65535, or off',
    ],
    [
      'rtmp: { port: "1935" }',
      'origin.yml:1: rtmp.port: found "1935" (in quotes, so no number), expected a whole number from 0 to 65535, or off',
    ],
    [
      'name: 7',
      'origin.yml:1: name: found 7 (without quotes, so no text), expected 1 to 63 letters, digits, dots, hyphens or underscores, the first a letter or digit',
    ],
    ['role: [origin]', 'origin.yml:1: role: found a list of 1, expected one of origin, edge'],
    ['role: boss', 'origin.yml:1: role: found "boss", expected one of origin, edge'],
    [
      'mesh: { seeds: a:1 }',
      'origin.yml:1: mesh.seeds: found "a:1" (no list, which has brackets in YAML, or a line with - for each entry), expected a list of host:port, such as origin-a:7946',
    ],
    [
      'mesh: { seeds: ["http://a:7946"] }',
      'origin.yml:1: mesh.seeds[0]: found "http://a:7946", expected host:port, such as origin-a:7946, without http://',
    ],
    ['relay: { tree: "1" }', 'origin.yml:1: relay.tree: found "1", expected true or false'],
    ['role: edge\n---\nrole: origin', 'origin.yml:2: found --- and a second document, expected one'],
    [
      'listen 1935;\nmax_connections 1000;\nvhost __defaultVhost__ {\n  cluster {\n    mode local;\n  }\n}',
      'origin.yml:1: it looks like a configuration of SRS or nginx; expected YAML, with keys such as rtmp: or mesh: (headwater config example prints all)',
    ],
    [
      'http_api { listen 1985; }\r\nlisten 1935;\r\n',
      'origin.yml:1: it looks like a configuration of SRS or nginx; expected YAML, with keys such as rtmp: or mesh: (headwater config example prints all)',
    ],
    [
      'http_api: { listen: 1985 }',
      'origin.yml:1: http_api: unknown key; what SRS or nginx-rtmp calls so is here api.port',
    ],
    [
      'apps: { live: { hls: true } }',
      'origin.yml:1: apps.live.hls: unknown key; what SRS or nginx-rtmp calls so is here nothing: run ffmpeg beside it, as a player',
    ],
    [
      'apps: { live: { push: "rtmp://b/live" } }',
      'origin.yml:1: apps.live.push: unknown key; what SRS or nginx-rtmp calls so is here nothing: members find streams on each other by themselves',
    ],
    [
      'apps: { live: { on_publish: "http://h/" } }',
      'origin.yml:1: apps.live.on_publish: unknown key; what SRS or nginx-rtmp calls so is here a hook rule in publish.auth',
    ],
    [
      'api: { listen: 1985 }',
      'origin.yml:1: api.listen: unknown key; what SRS or nginx-rtmp calls so is here rtmp.port',
    ],
    [
      'max_connections: 9',
      'origin.yml:1: max_connections: unknown key; what SRS or nginx-rtmp calls so is here limits.connectionsMax',
    ],
    [
      'mesh:\n  seeds:\n    - a:1\n    - b: 2',
      'origin.yml:4: mesh.seeds[1]: found a map (a colon with a blank after it makes one), expected host:port, such as origin-a:7946',
    ],
    [
      'advertise:\n- in=a\n- out=0.0.0.0',
      'origin.yml:3: advertise[1]: found "out=0.0.0.0", expected network=host[:rtmpPort[:httpPort[:rtmpsPort[:httpsPort]]]] with a host that clients can reach (not 0.0.0.0)',
    ],
    [
      'advertise: [a=x, a=y]',
      'origin.yml:1: advertise: found the network a twice, expected one entry for each network',
    ],
    ['mesh: 5', 'origin.yml:1: mesh: found the value 5, expected keys below it'],
    ['- a', 'origin.yml:1: found a list, expected keys such as rtmp: or mesh:'],
    ['\n\nsedes: []', 'origin.yml:3: sedes: unknown key; did you mean mesh.seeds?'],
    ['mesh.port: 1', 'origin.yml:1: mesh.port: a key with dots; expected mesh: and below it port:'],
    ['zone: a\nzone: b', 'origin.yml:2: zone: given twice, first in line 1'],
    [
      'apps: { a b: { play: { mode: relay } } }',
      'origin.yml:1: apps.a b: found no name of an app: the app has a blank, a control character or one of ? # \\',
    ],
    [
      'vhosts: [a/b]',
      'origin.yml:1: vhosts[0]: found "a/b", expected vhost names without blanks and slashes',
    ],
    [
      'api: { port: 1935 }',
      'origin.yml:1: api.port: found 1935, which rtmp.port has already; expected a port of its own',
    ],
    [
      'mesh: { suspectAfterMs: 500 }',
      'origin.yml:1: mesh.suspectAfterMs: found 500, which is no more than one heartbeat (800 ms): every member would be suspect; expected at least two heartbeats',
    ],
  ])('%j', (yaml, expected) => expect(problemsOf({ yaml })).toEqual([expected]));

  it('come all at once, in the order of their places', () => {
    const problems = problemsOf({
      yaml: 'x: 1\nrtmp:\n  port: no\nmesh:\n  key: short\n',
      env: { HEADWATER_HTTP_PORT: 'x' },
      set: ['role=boss', 'foo', 'foo.bar=1'],
    });
    expect(problems.map((problem) => problem.replace(/(, expected|;).*/, ''))).toEqual([
      'origin.yml:1: x: unknown key',
      'origin.yml:3: rtmp.port: found "no"',
      'origin.yml:5: mesh.key: found 5 bytes',
      'env HEADWATER_HTTP_PORT: http.port: found "x"',
      '--set: foo: found no =',
      '--set: foo.bar: unknown key',
      '--set: role: found "boss"',
    ]);
  });

  it('never show a secret', () => {
    const secret = 'hunter2-hunter2';
    const problems = [
      ...problemsOf({ yaml: `mesh: { key: ${secret} }`, env: {} }),
      ...problemsOf({ env: { HEADWATER_MESH_KEY: secret } }),
      ...problemsOf({ env: {}, set: [`mesh.key=${secret}`] }),
    ];
    expect(problems).toHaveLength(3);
    const lists = [
      ...problemsOf({ yaml: `mesh: { key: [${KEY}, ${secret}] }`, env: {} }),
      ...problemsOf({ env: { HEADWATER_MESH_KEY: `${KEY},${secret}` } }),
      ...problemsOf({ env: {}, set: [`mesh.key=${secret},${KEY}`] }),
    ];
    expect(
      lists.map((problem) => problem.replace(/^.*(mesh\.key)/, '$1').replace(/, expected.*/, '')),
    ).toEqual(['mesh.key[1]: found 15 bytes', 'mesh.key[1]: found 15 bytes', 'mesh.key[0]: found 15 bytes']);
    expect([...problems, ...lists].join()).not.toMatch(/hunter2|kkk/);
  });

  it('take one mesh key or a list, from anywhere', () => {
    const both = [KEY, OTHER_KEY];
    const keysOf = (given: Parameters<typeof resolve>[0]) => configOf(given).mesh.key;
    expect(keysOf({ env: { HEADWATER_MESH_KEY: KEY } })).toEqual([KEY]);
    expect(keysOf({ env: { HEADWATER_MESH_KEY: ` ${KEY} , ${OTHER_KEY},` } })).toEqual(both);
    expect(keysOf({ env: {}, yaml: `mesh: { key: "${KEY}" }` })).toEqual([KEY]);
    expect(keysOf({ env: {}, yaml: `mesh:\n  key:\n    - ${KEY}\n    - ${OTHER_KEY}\n` })).toEqual(both);
    expect(keysOf({ env: {}, set: [`mesh.key=${KEY},${OTHER_KEY}`] })).toEqual(both);
    // A comma within one key is nothing special where a list can be written as such.
    expect(keysOf({ env: {}, yaml: `mesh: { key: "${KEY},${KEY}" }` })).toEqual([`${KEY},${KEY}`]);
    expect(problemsOf({ env: {}, yaml: 'mesh: { key: [] }' })[0]).toContain('mesh.key: found a list of 0');
    const many = Array.from({ length: 5 }, (_, index) => `${KEY}${index}`).join();
    expect(problemsOf({ env: { HEADWATER_MESH_KEY: many } })[0]).toContain('at most 4 entries');
  });

  it('tell of a missing mesh key, unless the mesh keeps to this machine', () => {
    expect(problemsOf({ env: {} })[0]).toMatch(/^mesh\.key: found none, .*headwater key.*HEADWATER_MESH_KEY/);
    expect(problemsOf({ env: {}, set: ['mesh.host=127.0.0.1'] })).toEqual([]);
    expect(problemsOf({ env: {}, set: ['mesh.host=::1'] })).toEqual([]);
  });

  it('tell of networks named twice, and of more addresses than members take', () => {
    expect(problemsOf({ set: ['relay.advertise=a=h:1,a=i:2'] })).toEqual([
      expect.stringContaining('found the network a twice'),
    ]);
    expect(problemsOf({ set: ['relay.advertise=h:1,i:2'] })[0]).toContain('twice');
    expect(problemsOf({ set: ['relay.advertise=0.0.0.0:1'] })[0]).toContain('not 0.0.0.0');
    for (const path of ['advertise', 'relay.advertise']) {
      const entries = (count: number) => Array.from({ length: count }, (_, i) => `n${i}=h`).join(',');
      expect(problemsOf({ set: [`${path}=${entries(16)}`] })).toEqual([]);
      expect(problemsOf({ set: [`${path}=${entries(17)}`] })[0]).toContain('at most 16 entries');
    }
  });

  it('want certificates for ports by TLS, and a way for pulls', () => {
    const certificate = 'tls.certificates=c.pem:k.pem';
    for (const key of ['rtmps.port', 'https.port', 'api.tlsPort']) {
      expect(problemsOf({ set: [`${key}=8443`] })[0]).toContain('tls.certificates is empty');
      expect(problemsOf({ set: [`${key}=8443`, certificate] })).toEqual([]);
      expect(problemsOf({ set: [`${key}=1935`, certificate] })[0]).toContain('which rtmp.port has already');
    }
    expect(problemsOf({ set: ['relay.tls=true'] })[0]).toContain('rtmps.port is off');
    expect(problemsOf({ set: ['relay.tls=true', 'rtmps.port=1443'] })).toEqual([]);
    expect(problemsOf({ set: ['relay.tls=yes'] })[0]).toContain('expected true or false');
    expect(problemsOf({ set: ['rtmp.port=off'] })[0]).toContain('other members cannot pull from here');
    expect(problemsOf({ set: ['rtmp.port=off', 'relay.tls=true', 'rtmps.port=1443'] })).toEqual([]);
    expect(problemsOf({ set: ['http.port=off', 'api.port=off'] })).toEqual([]);
    for (const wrong of ['c.pem:k.pem:more', ':k.pem', 'c.pem:'])
      expect(problemsOf({ set: [`tls.certificates=${wrong}`] })).toHaveLength(1);
  });

  it('take addresses and networks as proxies, and nothing else', () => {
    const right = '10.0.0.1,10.0.0.0/8,::1,fd00::/8,0.0.0.0/0';
    expect(problemsOf({ set: [`trustedProxies=${right}`] })).toEqual([]);
    for (const wrong of ['10.0.0', '10.0.0.1/33', 'fd00::/129', 'localhost', '10.0.0.1/', 'fe80::1%eth0'])
      expect(problemsOf({ set: [`trustedProxies=${wrong}`] })).toHaveLength(1);
  });

  it('allow the same port on different addresses, and free ports', () => {
    expect(problemsOf({ set: ['rtmp.host=10.0.0.1', 'http.host=10.0.0.2', 'http.port=1935'] })).toEqual([]);
    expect(problemsOf({ set: ['rtmp.port=0', 'http.port=0', 'api.port=0', 'mesh.port=0'] })).toEqual([]);
    expect(problemsOf({ set: ['http.port=1935'] })).toHaveLength(1);
  });
});

describe('hostile YAML', () => {
  it.each([
    ['a: &a [x]\nb: *a', /aliases/],
    ['a: *nothing', /alias/],
    ['a: [', /not YAML/],
    ['a: b: c', /not YAML/],
    ['\tmesh:\n  port: 1', /not YAML/],
    ['a: 1\n---\nb: 2', /second document/],
    ['zone: !!binary aGk=', /not YAML/],
    ['zone: !ruby/object x', /not YAML/],
    ['? [a, b]\n: c', /no words/],
    ['<<: { port: 1 }', /unknown key/],
    [`zone: ${'x'.repeat(100_000)}`, /found "x{60}\.\.\."/],
  ])('%# is a problem with its line, and nothing worse', (yaml, expected) => {
    const problems = problemsOf({ yaml });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toMatch(expected);
    expect(problems[0]).toMatch(/^origin\.yml:\d+: /);
  });

  it('does not guess at the rest of a file that is no YAML', () => {
    expect(
      problemsOf({ yaml: 'mesh: {key: [', env: {} }).every((problem) => problem.includes('not YAML')),
    ).toBe(true);
  });

  it('bounds the length of lists', () => {
    const seeds = (count: number) => [`mesh.seeds=${Array.from({ length: count }, () => 'a:1').join(',')}`];
    expect(problemsOf({ set: seeds(LIST_LENGTH_MAX) })).toEqual([]);
    expect(problemsOf({ set: seeds(LIST_LENGTH_MAX + 1) })).toEqual([
      '--set: mesh.seeds: found a list of 1001, expected at most 1000 entries',
    ]);
  });

  it('takes deep nesting, many keys and many aliases in its stride', () => {
    const deep = '['.repeat(100_000);
    const wide = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n');
    const laughs = 'a: &a [x,x,x,x,x,x,x,x,x]\n'.concat(
      ...Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n`),
    );
    for (const yaml of [deep, wide, laughs]) expect(problemsOf({ yaml }).length).toBeGreaterThan(0);
  });
});

describe('warnings', () => {
  it.each([
    ['mesh.suspectAfterMs=900', /mesh\.suspectAfterMs: 900 ms is less than two heartbeats/],
    ['relay.stallMs=200', /relay\.stallMs: below 500 ms/],
    ['play.queueBytesMax=65536', /play\.queueBytesMax: less than limits\.messageBytesMax/],
    ['limits.connectionsMax=10', /limits\.connectionsPerAddressMax: more than limits\.connectionsMax/],
  ])('%s', (flag, expected) => {
    const warnings = warningsOf({ set: [flag] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(expected);
    expect(problemsOf({ set: [flag] })).toEqual([]);
  });

  it('tell of a mapped port that members would not know of', () => {
    const mesh = 'mesh.advertise=203.0.113.5:7946';
    const warnings = (...set: string[]) => warningsOf({ set: [mesh, ...set] });
    expect(warnings('advertise=out=live.example.com:1936')).toEqual([
      expect.stringMatching(/relay\.advertise: .*203\.0\.113\.5 and port 1935/),
    ]);
    expect(warnings('advertise=out=203.0.113.5:1936')).toEqual([]);
    expect(warnings('advertise=out=live.example.com')).toEqual([]);
    expect(warnings('advertise=out=live.example.com:1935')).toEqual([]);
    expect(warnings('advertise=out=live.example.com:1936', 'relay.advertise=203.0.113.5:1936')).toEqual([]);
  });

  it('tell of seeds at a port that is no mesh port', () => {
    const warned = (seeds: string) => warningsOf({ yaml: `mesh: { seeds: [${seeds}] }` }).join();
    expect(warned('a:1985')).toContain(
      'a:1985 has the port of api.port here; a seed is asked at its mesh.port',
    );
    expect(warned('b:7946, "[fd00::1]:1935"')).toContain('[fd00::1]:1935 has the port of rtmp.port');
    expect(warned('a:7946, b:11985')).toBe('');
  });

  it.each(['mesh.advertise', 'relay.advertise'])('tell of loopback as %s, where others are far', (key) => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect(warningsOf({ set: [`${key}=${host}`, 'mesh.seeds=a:7946'] })).toEqual([
        expect.stringMatching(`${key}: found .*, which members on other machines take for themselves`),
      ]);
      expect(warningsOf({ set: [`${key}=${host}`, 'mesh.seeds=127.0.0.1:7947'] })).toEqual([]);
    }
    expect(warningsOf({ set: [`${key}=10.0.0.1`, 'mesh.seeds=a:7946'] })).toEqual([]);
  });

  it('tell of far seeds that a mesh on loopback hears nothing of', () => {
    expect(warningsOf({ set: ['mesh.host=127.0.0.1', 'mesh.seeds=a:1'] })[0]).toMatch(
      /can't reach this member/,
    );
    expect(warningsOf({ set: ['mesh.host=127.0.0.1', 'mesh.seeds=127.0.0.1:1,[::1]:2'] })).toEqual([]);
    expect(warningsOf({})).toEqual([]);
  });
});
