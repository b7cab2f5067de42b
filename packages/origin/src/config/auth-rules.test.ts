import { describe, expect, it } from 'vitest';
import { resolveConfig } from './resolve-config.js';
import { problemText } from './setting.js';

const SECRET = 'a-secret-nobody-may-see';
const resolve = (yaml: string, more: { env?: Record<string, string>; set?: string[] } = {}) =>
  resolveConfig({
    env: { HEADWATER_MESH_KEY: 'k'.repeat(32), ...more.env },
    set: more.set ?? [],
    hostName: 'h',
    file: { name: 'f', text: yaml },
  });
const problemsOf = (...args: Parameters<typeof resolve>): string[] => {
  const resolution = resolve(...args);
  return resolution.ok ? [] : resolution.problems.map(problemText);
};

describe('rules in the configuration', () => {
  it('are read from YAML, per app too, and as JSON from outside', () => {
    const yaml = `
publish:
  auth:
    - token: { keys: [${SECRET}], nodeMediaServer: true }
apps:
  live:
    play:
      auth:
        - allow: 10.0.0.0/8
          required: true
`;
    const set = ['play.auth=[{"deny":["all"]}]'];
    const env = { HEADWATER_APPS_OPEN_PUBLISH_AUTH: '[]' };
    expect(resolve(yaml, { set, env })).toMatchObject({
      ok: true,
      config: {
        publish: { auth: [{ kind: 'token', keys: [SECRET], nodeMediaServer: true, required: false }] },
        play: { auth: [{ kind: 'deny', addresses: ['all'] }] },
        apps: {
          live: { play: { auth: [{ kind: 'allow', addresses: ['10.0.0.0/8'], required: true }] } },
          open: { publish: { auth: [] } },
        },
      },
    });
    expect(resolve('', { set: ['publish.auth='] })).toMatchObject({
      ok: true,
      config: { publish: { auth: [] } },
    });
  });

  it('say every mistake with its line, and no secret', () => {
    const yaml = `
publish:
  auth:
    - token:
        keys: [short]
        color: red
    - allow: [here]
    - jwt: {}
play:
  auth: *anchor
`;
    expect(problemsOf(yaml)).toContain(
      'f:10: play: anchors, aliases and keys that are no words are not taken here',
    );
    expect(problemsOf(yaml.replace('*anchor', 'all'))).toEqual([
      'f:4: publish.auth[0].token.color: unknown key, expected one of keys, nodeMediaServer',
      'f:4: publish.auth[0].token.keys[0]: found 5 bytes, expected keys of at least 16 bytes, file:/path or env:NAME',
      'f:7: publish.auth[1].allow[0]: found "here", expected IP addresses, networks such as 10.0.0.0/8, or all',
      'f:8: publish.auth[2].jwt: expected either keys or jwks',
      'f:10: play.auth: expected a list of rules',
    ]);
  });

  it.each([
    ['a map given twice', 'play:\n  auth:\n    - allow: all\n      allow: all\n', /allow is given twice/],
    ['too deep a nest', `play:\n  auth: ${'['.repeat(20)}${']'.repeat(20)}\n`, /nested too deeply/],
    ['an alias', 'play:\n  auth:\n    - &a { allow: all }\n    - *a\n', /found an alias/],
    ['a map', 'play:\n  auth: { allow: all }\n', /expected a list of rules/],
  ])('are not %s', (_what, yaml, problem) => {
    expect(problemsOf(yaml).join('\n')).toMatch(problem);
  });

  it.each(['nonsense', '{"allow":"all"}', '[1]', '7'])('are not %s from outside', (text) => {
    expect(problemsOf('', { set: [`play.auth=${text}`] })).toHaveLength(1);
    expect(problemsOf('', { env: { HEADWATER_PLAY_AUTH: text } })).toHaveLength(1);
  });

  it('are told as secrets', () => {
    const resolution = resolve(`publish:\n  auth:\n    - token: { keys: ${SECRET} }\n`);
    expect(resolution).toMatchObject({ ok: true });
    if (!resolution.ok) return;
    expect(resolution.effective.find(({ path }) => path === 'publish.auth')?.isSecret).toBe(true);
  });
});
