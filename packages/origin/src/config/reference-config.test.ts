import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentName } from './environment-name.js';
import { OPTION_LIST } from './option-lookup.js';
import { defaultText, referenceConfig } from './reference-config.js';
import { resolveConfig } from './resolve-config.js';

const conf = readFileSync(new URL('../../../../conf/origin.yml', import.meta.url), 'utf8');
const env = { HEADWATER_MESH_KEY: 'k'.repeat(32) };
const words = (text: string) => text.replace(/[\s#]+/g, ' ');

describe('conf/origin.yml', () => {
  it('is what headwater config example prints (mend: headwater config example > conf/origin.yml)', () => {
    expect(conf).toBe(referenceConfig());
  });

  it.each(OPTION_LIST.map((listed) => [listed.path, listed] as const))('documents %s', (path, { option }) => {
    const text = words(conf);
    expect(text).toContain(words(option.meaning));
    expect(text).toContain(words(option.cost ?? ''));
    expect(text).toContain(`Default: ${defaultText(option)}.`);
    expect(text).toContain(environmentName(path));
  });

  it('changes nothing: every value in it is the default', () => {
    const withFile = resolveConfig({ file: { name: 'conf', text: conf }, env, set: [], hostName: 'h' });
    const without = resolveConfig({ env, set: [], hostName: 'h' });
    if (!withFile.ok || !without.ok) throw new Error('conf/origin.yml does not pass its own check');
    expect(withFile.config).toEqual(without.config);
    expect(withFile.warnings).toEqual([]);
    const given = withFile.effective.filter(({ source }) => source.kind === 'file');
    expect(given.length).toBe(OPTION_LIST.filter(({ option }) => option.default !== undefined).length);
  });

  it('has examples that work, uncommented', () => {
    const examples = conf
      // The default of a list in several lines, which stands below its example.
      .replace('  cors:\n  - "*"\n', '')
      .split('\n')
      .map((line) => line.replace(/^( *)#(?! |$)/, '$1'))
      .map((line) => line.replace(/^( *)#(?= +- )/, '$1 ').replace(/^( +)#(?= {2,}\w+:( |$))/, '$1 '))
      .filter(
        (line) =>
          !/^ *(advertise|vhosts|seeds|auth|trustedProxies|certificates|hosts|cors|origins): \[\]$/.test(
            line,
          ) && !/^ *key:/.test(line),
      );
    const resolution = resolveConfig({
      file: { name: 'conf', text: examples.join('\n') },
      env,
      set: [],
      hostName: 'h',
      readFile: (path) => `what-${path}-holds`,
    });
    expect(resolution).toMatchObject({ ok: true });
    if (!resolution.ok) return;
    expect(resolution.config).toMatchObject({
      name: 'origin-a',
      mesh: { seeds: ['origin-a:7946', 'origin-b:7946'] },
      publish: { auth: [{ kind: 'deny' }, { kind: 'token' }, { kind: 'hook', format: 'srs' }] },
      play: { auth: [{ kind: 'allow' }, { kind: 'token' }, { kind: 'jwt', audience: ['headwater'] }] },
      apps: {
        live: {
          play: { mode: 'relay', mergeMs: 350, auth: [{ kind: 'allow', addresses: ['all'] }] },
          publish: { policy: 'reject', auth: [{ kind: 'token' }] },
        },
      },
    });
  });

  it('has no line wider than a hundred characters', () => {
    expect(conf.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('the table of options', () => {
  it('gives each key a variable of its own', () => {
    const names = OPTION_LIST.map(({ path }) => environmentName(path));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('HEADWATER_MESH_SUSPECT_AFTER_MS');
    expect(names).toContain('HEADWATER_APPS_<APP>_PLAY_MODE');
  });

  it('has whole sentences', () => {
    for (const { option } of OPTION_LIST)
      for (const text of [option.meaning, option.cost ?? '.']) expect(text).toMatch(/\.$/);
  });

  it('tells the unit of a time or size in the name', () => {
    for (const { path, option } of OPTION_LIST) {
      expect(path.endsWith('Ms')).toBe(option.type.unit === 'ms');
      expect(/(Bytes|Memory)Max$/.test(path)).toBe(option.type.unit === 'bytes');
    }
  });
});
