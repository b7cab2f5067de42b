import { describe, expect, it } from 'vitest';
import { createGuard } from '../guard.js';
import { explainRules } from './explain-rules.js';
import { readRules } from './read-rules.js';
import type { RuleConfig } from './rule-config.js';

const KEY = 'a secret key that is long enough, and nobody is told';

function rules(...written: readonly object[]): readonly RuleConfig[] {
  const { rules: read, problems } = readRules(written);
  expect(problems).toEqual([]);
  return read;
}

const configOf = (play: readonly RuleConfig[]) => ({ publish: [], play, apps: {} });
const ask = { action: 'play', app: 'live' } as const;
const FROM = '10.0.0.9';

const LISTS: readonly (readonly [string, readonly RuleConfig[], string])[] = [
  ['no rules', [], 'open'],
  ['an address that is allowed', rules({ allow: '10.0.0.0/8' }), 'allowed'],
  ['another one', rules({ allow: '192.168.0.0/16' }), 'refused'],
  ['one that is denied', rules({ deny: FROM }, { allow: 'all' }), 'refused'],
  ['a token is needed', rules({ token: { keys: [KEY] } }), 'depends'],
  ['a token, or this network', rules({ token: { keys: [KEY] } }, { allow: '10.0.0.0/8' }), 'depends'],
  ['a denied address, whatever token', rules({ deny: FROM }, { token: { keys: [KEY] } }), 'refused'],
];

describe('what rules say of a client of which the address is known', () => {
  it.each(LISTS)('%s', (_, play, decision) => {
    const explained = explainRules(configOf(play), { ...ask, ip: FROM });
    expect(explained.decision).toBe(decision);
    expect(JSON.stringify(explained)).not.toContain('nobody is told');
  });

  it.each(LISTS)('is what the guard does: %s', async (_, play, decision) => {
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const guard = createGuard(
      { ...configOf(play), member: 'a', refusalsPerAddressPerMinute: 100, relayKeys: [] },
      { log: silent },
    );
    const client = guard.client({ id: '1', protocol: 'rtmp', ip: FROM, remote: `${FROM}:1`, agent: '' });
    const name = { vhost: '__defaultVhost__', app: 'live', stream: 's1' };
    const verdict = await client.judge({ action: 'play', name, query: '', asksHooks: true });
    if (decision === 'refused') expect(verdict.allowed).toBe(false);
    if (decision === 'allowed' || decision === 'open') expect(verdict.allowed).toBe(true);
    await guard.stop(0);
  });
});

it('takes the rules of the app, or of its part before the first slash', () => {
  const config = {
    publish: [],
    play: rules({ deny: 'all' }),
    apps: { live: { play: rules({ allow: 'all' }) } },
  };
  const of = (app: string) => explainRules(config, { action: 'play', app, ip: FROM });
  expect(of('live/room')).toMatchObject({ decision: 'allowed', place: 'apps.live.play.auth' });
  expect(of('other')).toMatchObject({ decision: 'refused', place: 'play.auth' });
  expect(of('constructor').place).toBe('play.auth');
});

it('says that it depends where no address is known', () => {
  expect(explainRules(configOf(rules({ allow: '10.0.0.0/8' })), ask).decision).toBe('depends');
});
