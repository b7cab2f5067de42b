import { expect, it } from 'vitest';
import { resolveConfig } from './resolve-config.js';

const KEY = 'k'.repeat(40);
const FILES: Readonly<Record<string, string>> = {
  '/run/key': `${KEY}\n`,
  '/run/token': 'a-token-of-sixteen-or-more\n',
  '/run/rules': '[{"deny":"all"}]\n',
  '/run/empty': ' \n',
};

const resolve = (env: Readonly<Record<string, string>>, text = '') =>
  resolveConfig({
    file: { name: 'origin.yml', text },
    env,
    set: ['mesh.host=127.0.0.1'],
    hostName: 'here',
    readFile: (path) => {
      const found = FILES[path];
      if (found === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return found;
    },
  });

const problemsOf = (...given: Parameters<typeof resolve>): readonly string[] => {
  const resolved = resolve(...given);
  return resolved.ok ? [] : resolved.problems.map(({ path, text }) => `${path}: ${text}`);
};

it('a secret may be in a file that KEY_FILE names, or as file: and env: in its place', () => {
  const resolved = resolve(
    {
      HEADWATER_MESH_KEY_FILE: '/run/key',
      HEADWATER_API_TOKEN: 'file:/run/token',
      HEADWATER_PUBLISH_AUTH_FILE: '/run/rules',
      OTHER: 'a-token-that-only-may-read',
    },
    'api:\n  readToken: env:OTHER\n',
  );
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const { mesh, api, publish } = resolved.config;
  expect(mesh.key).toEqual([KEY]);
  expect([api.token, api.readToken]).toEqual([
    ['a-token-of-sixteen-or-more'],
    ['a-token-that-only-may-read'],
  ]);
  expect(publish.auth).toHaveLength(1);
});

it.each<[Readonly<Record<string, string>>, string]>([
  [{ HEADWATER_MESH_KEY_FILE: '/run/none' }, 'mesh.key: file:/run/none cannot be read (ENOENT)'],
  [{ HEADWATER_API_TOKEN: 'file:/run/empty' }, 'api.token: file:/run/empty is empty'],
  [{ HEADWATER_API_TOKEN: 'env:NONE' }, 'api.token: the environment has no NONE'],
  [
    { HEADWATER_MESH_KEY_FILE: '/run/key', HEADWATER_MESH_KEY: KEY },
    'mesh.key: given twice: with and without _FILE',
  ],
])('%j is told without what it says', (env, problem) => {
  expect(problemsOf(env)).toContain(problem);
  expect(problemsOf(env).join()).not.toContain(KEY);
});

it('what is no secret has no file', () => {
  expect(problemsOf({ HEADWATER_RTMP_PORT_FILE: '/run/key' })).toEqual([
    expect.stringMatching(/no such variable/),
  ]);
});

it.each([
  'api: a-marked-secret-of-sixteen',
  'api:\n  token: "x" "a-marked-secret-of-sixteen"',
  'api:\n  token: |a-marked-secret-of-sixteen',
  'api:\n  token: {a-marked-secret-of-sixteen: 1}',
  'api:\n  token: !a-marked-secret-of-sixteen x',
  'api:\n  token: [[a-marked-secret-of-sixteen]]',
  'api:\n  token: *a-marked-secret-of-sixteen',
  'api:\n  token: "a-marked-secret-of-sixteen, and a blank"',
  'publish:\n  auth:\n    - token: {keys: [a-marked-secret-of-sixteen, 1]}',
  'publish:\n  auth:\n    - token: a-marked-secret-of-sixteen',
])('what is wrong with %j is told without it', (text) => {
  const problems = problemsOf({}, text);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.join('\n')).not.toContain('a-marked-secret');
});
