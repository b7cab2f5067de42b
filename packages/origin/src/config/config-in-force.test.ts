import { describe, expect, it } from 'vitest';
import { HOW_APPLIED } from '../reload/how-applied.js';
import { ConfigInForce, type ToldKey } from './config-in-force.js';
import { type EffectiveValue, resolveConfig } from './resolve-config.js';

const SECRET = 'a-secret-of-32-bytes-or-some-more-of-it';

function read(
  file: string,
  env: Record<string, string> = {},
  set: readonly string[] = [],
): readonly EffectiveValue[] {
  const resolved = resolveConfig({
    file: { name: 'origin.yml', text: file },
    env,
    set: ['mesh.host=127.0.0.1', ...set],
    hostName: 'h',
  });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  return resolved.effective;
}

const keyOf = (inForce: ConfigInForce, key: string): ToldKey | undefined =>
  inForce.tell().find((one) => one.key === key);

describe('the configuration in force', () => {
  it('says of each key who gave it, and masks secrets wherever they come from', () => {
    const inForce = new ConfigInForce(
      read(`mesh:\n  key: ${SECRET}\n`, { HEADWATER_RTMP_PORT: '1936', HEADWATER_API_TOKEN: SECRET }, [
        'log.level=debug',
        'mesh.seeds=a:1,b:2',
      ]),
    );
    expect(keyOf(inForce, 'rtmp.port')).toEqual({
      key: 'rtmp.port',
      isSecret: false,
      applies: 'restart',
      value: 1936,
      source: 'environment',
      from: 'HEADWATER_RTMP_PORT',
    });
    expect(keyOf(inForce, 'mesh.seeds')).toMatchObject({ value: ['a:1', 'b:2'], source: 'command-line' });
    expect(keyOf(inForce, 'http.port')).toMatchObject({ value: 8080, source: 'default' });
    expect(keyOf(inForce, 'zone')).toEqual({
      key: 'zone',
      isSecret: false,
      applies: 'restart',
      source: 'default',
    });
    expect(keyOf(inForce, 'mesh.key')).toMatchObject({
      value: '********',
      source: 'file',
      from: 'origin.yml:2',
    });
    expect(keyOf(inForce, 'api.token')).toMatchObject({ value: '********', isSecret: true });
    expect(JSON.stringify(inForce.tell())).not.toContain(SECRET);
    expect(inForce.tell().map(({ key }) => key)).toEqual(
      Object.keys(HOW_APPLIED).filter((key) => !key.startsWith('apps.')),
    );
  });

  it('keeps what needs a restart through a reload, and says what comes then', () => {
    const inForce = new ConfigInForce(read(`mesh: { key: ${SECRET} }\nplay: { waitMs: 5000 }\n`));
    inForce.logLevelSet('trace');
    expect(keyOf(inForce, 'log.level')).toMatchObject({ value: 'trace', source: 'operator' });
    const next = read(
      `mesh: { key: ${SECRET} }\nplay: { waitMs: 6000 }\nzone: east\nlog: { level: warn }\napps:\n  some.app: { play: { mode: relay } }\n`,
    );
    inForce.reloaded(next, { applied: ['play.waitMs', 'log.level'], needsRestart: ['zone'] });
    expect(keyOf(inForce, 'play.waitMs')).toMatchObject({ value: 6000, from: 'origin.yml:2' });
    expect(keyOf(inForce, 'log.level')).toMatchObject({ value: 'warn', source: 'file' });
    expect(keyOf(inForce, 'zone')).toEqual({
      key: 'zone',
      isSecret: false,
      applies: 'restart',
      source: 'default',
      next: { value: 'east', source: 'file', from: 'origin.yml:3' },
    });
    expect(keyOf(inForce, 'apps.some.app.play.mode')).toMatchObject({ value: 'relay', applies: 'live' });
    inForce.reloaded(read(`mesh: { key: ${SECRET} }\n`), { applied: [], needsRestart: [] });
    expect(keyOf(inForce, 'zone')).not.toHaveProperty('next');
    expect(keyOf(inForce, 'apps.some.app.play.mode')).toBeUndefined();
  });

  it('tells no credentials of URLs, and is bounded', () => {
    const path = 'x'.repeat(5000);
    const inForce = new ConfigInForce([
      { path: 'dataDir', value: path, source: { kind: 'set' }, isSecret: false },
      { path: 'zone', value: 'http://user:pass@h/?token=abc', source: { kind: 'set' }, isSecret: false },
      { path: 'advertise', value: Array(1000).fill('h'), source: { kind: 'set' }, isSecret: false },
    ]);
    expect(keyOf(inForce, 'dataDir')?.value).toHaveLength(2048);
    expect(keyOf(inForce, 'advertise')?.value).toHaveLength(256);
    expect(JSON.stringify(inForce.tell())).not.toMatch(/pass|abc/);
  });
});
