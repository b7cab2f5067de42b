import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OPTIONS } from '../config/options.js';
import { memoryIo } from './memory-io.fixture.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'headwater-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = 'secret-secret-secret-secret-secret';
/** Those of every origin; apps' keys count where they are set. */
const KEYS = Object.keys(OPTIONS).filter((path) => !path.startsWith('apps.')).length;
const file = join(folder, 'origin.yml');
const run = async (
  yaml: string,
  words: string[],
  env: Record<string, string> = { HEADWATER_MESH_KEY: KEY },
) => {
  writeFileSync(file, yaml);
  const io = memoryIo({ env });
  return { status: await runCli(words, io), out: io.out(), err: io.err() };
};

describe('config check', () => {
  it('says ok, and what it read', async () => {
    const { status, out, err } = await run('rtmp:\n  port: 1936\n', [
      'config',
      'check',
      file,
      '--set',
      'zone=a',
    ]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toBe(
      `ok ${file}: of ${KEYS} keys 1 from the file, 1 from the environment, 1 from --set, ${KEYS - 3} left at the default\n`,
    );
  });

  it('shows every error, and what to do', async () => {
    const { status, out, err } = await run('rtpm:\n  port: 1936\nrole: boss\n', ['config', 'check', file]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toBe(
      [
        `error CONFIG_INVALID the configuration with ${file} has 2 errors`,
        `  ${file}:1: rtpm: unknown key; did you mean rtmp?`,
        `  ${file}:3: role: found "boss", expected one of origin, edge`,
        `  Mend what is listed, then try with: headwater config check ${file}`,
        '',
      ].join('\n'),
    );
  });

  it('says warnings aloud and is content', async () => {
    const { status, out } = await run('relay:\n  stallMs: 200\n', ['config', 'check', file]);
    expect(status).toBe(0);
    expect(out).toContain(`warning ${file}:2: relay.stallMs: below 500 ms`);
  });

  it('tells how to come by a mesh key', async () => {
    const { status, err } = await run('', ['config', 'check', file], {});
    expect(status).toBe(2);
    expect(err).toContain('error MESH_KEY_MISSING');
    expect(err).toContain('headwater key');
  });
});

describe('config print', () => {
  const yaml = 'rtmp:\n  port: 1936\nmesh:\n  seeds: [a:1, b:2]\n';

  it('shows each key with its value and source, secrets masked', async () => {
    const { status, out } = await run(yaml, ['config', 'print', '-c', file, '-s', 'zone=east']);
    expect(status).toBe(0);
    const lines = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['KEY', 'VALUE', 'SOURCE']);
    expect(lines).toContainEqual(['rtmp.port', '1936', `${file}:2`]);
    expect(lines).toContainEqual(['mesh.seeds', 'a:1, b:2', `${file}:4`]);
    expect(lines).toContainEqual(['mesh.key', '********', 'env HEADWATER_MESH_KEY']);
    expect(lines).toContainEqual(['zone', 'east', '--set']);
    expect(lines).toContainEqual(['http.port', '8080', 'default']);
    expect(lines).toContainEqual(['vhosts', 'empty', 'default']);
    expect(lines).toContainEqual(['mesh.advertise', 'none', 'default']);
    expect(out).not.toContain('secret-');
  });

  it('prints JSON for machines, secrets masked', async () => {
    const { out } = await run(yaml, ['config', 'print', '--config', file, '--json']);
    const keys = JSON.parse(out);
    expect(keys['rtmp.port']).toEqual({ value: 1936, source: `${file}:2` });
    expect(keys['mesh.key'].value).toBe('********');
    expect(keys.zone).toEqual({ value: null, source: 'default' });
  });
});

it('config example prints a file that passes its own check', async () => {
  const io = memoryIo();
  expect(await runCli(['config', 'example'], io)).toBe(0);
  expect((await run(io.out(), ['config', 'check', file])).status).toBe(0);
});

it('origin refuses a bad config before anything starts', async () => {
  const { status, err } = await run('role: boss', ['origin', '--config', file]);
  expect(status).toBe(2);
  expect(err).toContain('CONFIG_INVALID');
});
