import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { demoConfigs } from './demo-config.js';

const template = readFileSync(new URL('../../../../conf/demo.yml', import.meta.url), 'utf8');

describe('the demo’s configs', () => {
  it('differ in name and ports alone', () => {
    const configs = demoConfigs(template, 3, 0).map((config) => parse(config.yaml));
    const withoutThose = configs.map(({ name: _name, ...config }) => {
      for (const key of ['rtmp', 'http', 'api', 'mesh']) delete config[key].port;
      return config;
    });
    expect(withoutThose[1]).toEqual(withoutThose[0]);
    expect(withoutThose[2]).toEqual(withoutThose[0]);
    expect(configs.map((config) => config.name)).toEqual(['origin-1', 'origin-2', 'origin-3']);
    expect(demoConfigs(template, 3, 0).map((config) => config.ports.rtmp)).toEqual([1935, 1936, 1937]);
  });

  it('move away from taken ports together', () => {
    const [first, second] = demoConfigs(template, 2, 1000);
    expect(first?.ports).toEqual({ rtmp: 2935, http: 9080, api: 2985, mesh: 8946 });
    expect(second?.ports.mesh).toBe(8947);
    expect(parse(second?.yaml ?? '').mesh.seeds).toEqual(['127.0.0.1:8946']);
  });
});
