import { describe, expect, it } from 'vitest';
import { createGuard, GuardConfigError } from '../guard.js';
import { askOf, clientOf, GuardWorld, guardConfigOf, NAME, rulesOf } from '../testing/guard-world.js';
import { signedQuery } from '../tokens/signed-url.js';
import { AddressList, isAddressEntry } from './address-list.js';
import { readRules } from './read-rules.js';

const KEY = 'a-key-of-a-token-rule';
const QUERY = signedQuery(
  { action: 'publish', name: 'live/s1', isPrefix: false, expires: 1_900_000_000, address: '' },
  KEY,
);

describe('addresses', () => {
  it('are single ones and networks of both families', () => {
    const list = new AddressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
    for (const ip of ['10.255.0.1', '192.0.2.7', '2001:db8:1::9', '::1', '::ffff:10.1.1.1'])
      expect(list.has(ip)).toBe(true);
    for (const ip of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'x', '::2'])
      expect(list.has(ip)).toBe(false);
    expect(new AddressList(['all']).has('')).toBe(true);
  });

  it('of IPv4 are the same within IPv6, and in no network of IPv6', () => {
    const within = new AddressList(['::ffff:10.0.0.0/104', '::FFFF:c000:0207']);
    for (const ip of ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '192.0.2.7'])
      expect(within.has(ip), ip).toBe(true);
    for (const ip of ['11.0.0.1', '::10.1.2.3', '192.0.2.8']) expect(within.has(ip), ip).toBe(false);
    for (const network of ['::/0', '::/8', '::ffff:0:0/95']) {
      const ipv6 = new AddressList([network]);
      expect([ipv6.has('::1'), ipv6.has('10.1.2.3'), ipv6.has('::ffff:10.1.2.3')], network).toEqual([
        network !== '::ffff:0:0/95',
        false,
        false,
      ]);
    }
    expect(new AddressList(['0.0.0.0/0']).has('::1')).toBe(false);
  });

  it('are nothing else', () => {
    for (const text of [
      '',
      '10.0.0.0/33',
      '10.0.0',
      '::/129',
      '::1%lo',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '1.2.3.4/-1',
      'ALL',
    ])
      expect(isAddressEntry(text), text).toBe(false);
  });
});

describe('a list of rules', () => {
  it('lets everybody in where it is empty, and nobody where no rule allows', async () => {
    expect(await new GuardWorld({}).said()).toBe('allowed');
    const world = new GuardWorld({ publish: rulesOf({ allow: '10.0.0.0/8' }) });
    expect(await world.said()).toBe('address-not-allowed');
    expect(await world.said({}, { ip: '10.1.2.3' })).toBe('allowed');
    expect(await world.said({ action: 'play' })).toBe('allowed');
    expect(await new GuardWorld({ publish: rulesOf({ deny: '10.0.0.0/8' }) }).said()).toBe('no-rule-allows');
  });

  it('is gone through in order: the first that allows or denies is the last', async () => {
    const world = new GuardWorld({
      publish: rulesOf({ deny: '192.0.2.1' }, { allow: '192.0.2.0/24' }, { token: { keys: KEY } }),
    });
    expect(await world.said({ query: QUERY })).toBe('address-denied');
    expect(await world.said({}, { ip: '192.0.2.2' })).toBe('allowed');
    expect(await world.said({}, { ip: '198.51.100.1' })).toBe('credentials-missing');
    expect(await world.said({ query: QUERY }, { ip: '198.51.100.1' })).toBe('allowed');
  });

  it('needs both rules where one is required', async () => {
    const world = new GuardWorld({
      publish: rulesOf({ allow: '192.0.2.0/24', required: true }, { token: { keys: KEY } }),
    });
    expect(await world.said({ query: QUERY }, { ip: '198.51.100.1' })).toBe('address-not-allowed');
    expect(await world.said()).toBe('credentials-missing');
    expect(await world.said({ query: QUERY })).toBe('allowed');
    const both = new GuardWorld({
      publish: rulesOf({ deny: '10.0.0.0/8' }, { token: { keys: KEY }, required: true }),
    });
    expect(await both.said({ query: QUERY })).toBe('allowed');
  });

  it('of an app takes the place of that for all, also for what is below it', async () => {
    const world = new GuardWorld({
      publish: rulesOf({ deny: 'all' }),
      apps: { open: { publish: rulesOf({ allow: 'all' }) }, free: { publish: [] } },
    });
    expect(await world.said()).toBe('address-denied');
    expect(await world.said({ name: { ...NAME, app: 'open' } })).toBe('allowed');
    expect(await world.said({ name: { ...NAME, app: 'open/room' } })).toBe('allowed');
    expect(await world.said({ name: { ...NAME, app: 'free' } })).toBe('allowed');
    expect(await world.said({ name: { ...NAME, app: 'opened' } })).toBe('address-denied');
    expect(await world.said({ name: { ...NAME, app: '__proto__' } })).toBe('address-denied');
  });

  it('is known to be empty without anybody being judged', () => {
    const { guard } = new GuardWorld({
      publish: rulesOf({ allow: ['10.0.0.0/8'] }),
      apps: { live: { play: rulesOf({ allow: ['10.0.0.0/8'] }) }, open: { publish: [] } },
    });
    const client = guard.client(clientOf());
    const lets = (action: 'publish' | 'play', app: string) => client.lets(action, { ...NAME, app });
    expect(lets('publish', 'other')).toBe(false);
    expect(lets('play', 'other')).toBe(true);
    expect(lets('play', 'live')).toBe(false);
    expect(lets('play', 'live/below')).toBe(false);
    expect(lets('publish', 'open')).toBe(true);
  });

  it('logs one line with the reason, and no part of a token', async () => {
    const world = new GuardWorld({ publish: rulesOf({ token: { keys: KEY } }) });
    await world.said({ query: 'expires=1&signature=secret-secret' });
    expect(world.log.of('publish refused')).toEqual([
      { key: 'live/s1', client: '192.0.2.1:5000', protocol: 'rtmp', agent: 'test', reason: 'token-form' },
    ]);
    expect(JSON.stringify(world.log.lines)).not.toContain('secret-secret');
  });

  it('answers at once where nobody else is asked', () => {
    const world = new GuardWorld({ publish: rulesOf({ token: { keys: KEY } }) });
    const client = world.guard.client({ id: '1', protocol: 'rtmp', ip: '::1', remote: '', agent: '' });
    expect(client.judge({ action: 'publish', name: NAME, query: QUERY, asksHooks: true })).toMatchObject({
      allowed: true,
    });
    expect(client.judge({ action: 'publish', name: NAME, query: '', asksHooks: true })).toMatchObject({
      allowed: false,
    });
  });

  it('is changed whole or not at all', async () => {
    const world = new GuardWorld({ publish: rulesOf({ deny: 'all' }) });
    const broken = guardConfigOf({
      publish: rulesOf({ token: { keys: 'file:/nowhere' } }, { allow: 'all' }),
    });
    expect(() => world.guard.configure(broken)).toThrow(GuardConfigError);
    expect(await world.said()).toBe('address-denied');
    world.guard.configure(guardConfigOf({ publish: rulesOf({ allow: 'all' }) }));
    expect(await world.said()).toBe('allowed');
  });
});

describe('the slowing down of who is refused often', () => {
  it('holds answers back, then judges no more, and lets others in', async () => {
    const world = new GuardWorld({
      refusalsPerAddressPerMinute: 3,
      publish: rulesOf({ token: { keys: KEY } }),
    });
    for (let count = 0; count < 3; count += 1) expect(await world.said()).toBe('credentials-missing');
    const held = Array.from({ length: 16 }, () => world.said());
    expect(await world.said()).toBe('refusals-per-address');
    expect(await world.said({ query: QUERY })).toBe('refusals-per-address');
    expect(await world.said({ query: QUERY }, { ip: '192.0.2.2' })).toBe('allowed');
    expect(await world.guard.client(clientOf()).refuse(askOf(), 'origin-foreign')).toMatchObject({
      reason: 'refusals-per-address',
    });
    expect(new Set(await Promise.all(held))).toEqual(new Set(['credentials-missing']));
    expect(await world.said({ query: QUERY })).toBe('allowed');
  });
});

describe('keys', () => {
  it('come from files and the environment, and are told of by their place alone', () => {
    const world = new GuardWorld(
      { play: rulesOf({ token: { keys: ['file:/run/key', 'env:PLAY_KEY'] } }) },
      { '/run/key': `${KEY}\n` },
    );
    expect(world).toBeDefined();
    const config = guardConfigOf({
      publish: rulesOf({ token: { keys: ['env:NO_SUCH_KEY'] } }, { jwt: { keys: ['short-secret'] } }),
      apps: { live: { play: rulesOf({ hook: { on_play: 'http://h/', secret: 'file:/none' } }) } },
    });
    expect(() => createGuard(config, { log: world.log })).toThrow(
      new GuardConfigError([
        'publish.auth[0].token: the environment has no NO_SUCH_KEY',
        'publish.auth[1].jwt: a secret of HS256 has at least 32 bytes',
        'apps.live.play.auth[0].hook: file:/none cannot be read (ENOENT)',
      ]),
    );
  });
});

describe('reading rules', () => {
  it('says everything that is wrong, and no secret', () => {
    const { rules, problems } = readRules([
      { allow: ['10.0.0.0/8', 'here'] },
      { token: { keys: ['too-short', 12], colour: 'red' }, required: 'now' },
      { allow: 'all', deny: 'all' },
      {},
      'token',
      { jwt: {} },
      { jwt: { keys: ['x'], jwks: 'ftp://h', algorithms: ['none'], leewayS: -1 } },
      { hook: { format: 'wowza', on_publish: ['file:///x'], timeoutMs: 1.5, on_update: 'http://h/' } },
      { hook: {} },
      { deny: 'all', required: true },
      { allow: '::1' },
    ]);
    expect(rules).toEqual([{ kind: 'allow', required: false, addresses: ['::1'] }]);
    const texts = problems.map(({ path, text }) => `${path.join('.')}: ${text}`);
    expect(texts.join('\n')).toMatchInlineSnapshot(`
      "0.allow.1: found "here", expected IP addresses, networks such as 10.0.0.0/8, or all
      1.required: found "now", expected true or false
      1.token.colour: unknown key, expected one of keys, nodeMediaServer
      1.token.keys.0: found 9 bytes, expected keys of at least 16 bytes, file:/path or env:NAME
      1.token.keys.1: found 2 bytes, expected keys of at least 16 bytes, file:/path or env:NAME
      2: expected one of allow, deny, token, jwt, hook in each rule, found allow and deny
      3: expected one of allow, deny, token, jwt, hook in each rule, found nothing
      4: found a string, expected a rule, such as token: below it its keys
      5.jwt: expected either keys or jwks
      6.jwt: expected either keys or jwks
      6.jwt.jwks: found "ftp://h", expected file:/path or a URL (http or https)
      6.jwt.algorithms.0: found "none", expected some of HS256, RS256, ES256, EdDSA
      6.jwt.leewayS: found -1, expected a whole number from 0 to 300
      7.hook.format: found "wowza", expected srs or nginx-rtmp
      7.hook.on_publish.0: found "file:///x", expected URLs (http or https)
      7.hook.on_update: only the format nginx-rtmp has it
      7.hook.timeoutMs: found 1.5, expected a whole number from 50 to 60000
      8.hook: expected at least one of on_connect, on_close, on_publish, on_unpublish, on_play, on_stop, on_update
      9.required: deny goes on to the next rule anyway where it does not refuse"
    `);
    expect(texts.join()).not.toContain('too-short');
  });

  it('takes only a list', () => {
    expect(readRules('x').problems).toEqual([{ path: [], text: 'expected a list of rules' }]);
    expect(readRules(Array(33).fill({ allow: 'all' })).problems).toEqual([
      { path: [], text: 'expected at most 32 rules' },
    ]);
    expect(readRules([]).problems).toEqual([]);
  });
});
