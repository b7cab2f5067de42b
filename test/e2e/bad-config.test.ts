import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freeOriginPorts, headwater, OriginProcess } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import { type Scope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

describe('a config file that is wrong', () => {
  const WRONG = `
name: origin-a
rtpm:
  port: 1935
http:
  port: 70000
mesh:
  host: 127.0.0.1
  seeds: [origin-a]
  heartbeatms: 500
play:
  mode: sometimes
  waitMs: soon
`;
  const EXPECTED = [
    /rtpm.*rtmp/s,
    /http\.port.*70000.*65535/s,
    /mesh\.seeds.*origin-a.*host:port/s,
    /mesh\.heartbeatms.*mesh\.heartbeatMs|heartbeatms.*heartbeatMs/s,
    /play\.mode.*sometimes.*auto.*redirect.*relay/s,
    /play\.waitMs.*soon/s,
  ];

  it('is refused by config check with everything that is wrong with it, at once', async () => {
    const scope = testScope();
    const checked = await headwater(scope, 'config', 'check', file(scope, WRONG));
    expect(checked.code).toBe(2);
    for (const problem of EXPECTED) expect(checked.output).toMatch(problem);
    expect(checked.output).not.toMatch(/\n\s+at /);
  });

  it('is refused at the start in the same words', async () => {
    const scope = testScope();
    const started = await headwater(scope, 'origin', '--config', file(scope, WRONG));
    expect(started.code).toBe(2);
    for (const problem of EXPECTED) expect(started.output).toMatch(problem);
  });

  for (const [what, text] of [
    ['no YAML', 'rtmp: [1935\nhttp: }'],
    ['a list', '- rtmp\n- http\n'],
    ['a word', 'origin'],
    ['bytes', '\u0000\u0001\u0002'],
    ['a group where a value belongs', 'rtmp:\n  port:\n    number: 1935\n'],
    ['a value where a group belongs', 'rtmp: 1935\n'],
    ['a key twice', 'name: a\nname: b\n'],
  ] as const) {
    it(`that is ${what} gets a clear error and no stack`, async () => {
      const scope = testScope();
      const path = file(scope, text);
      const checked = await headwater(scope, 'config', 'check', path);
      expect(checked.code).toBe(2);
      expect(checked.output).toContain(path);
      expect(checked.output).not.toMatch(/\n\s+at /);
    });
  }

  it('that is missing is named', async () => {
    const scope = testScope();
    const path = join(scratchFolder(scope), 'nowhere.yml');
    const started = await headwater(scope, 'origin', '--config', path);
    expect(started.code).toBe(2);
    expect(started.output).toContain(path);
  });

  it('is no different from a wrong --set or environment variable', async () => {
    const scope = testScope();
    const good = file(scope, 'mesh:\n  host: 127.0.0.1\n');
    const bySet = await headwater(scope, 'origin', '--config', good, '--set', 'rtmp.prot=1935');
    expect(bySet.code).toBe(2);
    expect(bySet.output).toMatch(/rtmp\.prot.*rtmp\.port/s);
    const environment = { HEADWATER_RTMP_PORT: '-1' };
    const byEnvironment = await OriginProcess.spawn(scope, 'a', {}, { environment });
    expect(await byEnvironment.exited).toMatchObject({ code: 2 });
    expect(byEnvironment.output).toContain('HEADWATER_RTMP_PORT');
  });

  it('is told from a right one, which config print shows with the source of each value and no secret', async () => {
    const scope = testScope();
    const secret = 'a secret of more than thirty-two bytes';
    const path = file(scope, `rtmp:\n  port: 19350\nmesh:\n  key: ${secret}\n`);
    const checked = await headwater(scope, 'config', 'check', path);
    expect(checked).toMatchObject({ code: 0 });
    const printed = await headwater(scope, 'config', 'print', '--config', path);
    expect(printed).toMatchObject({ code: 0 });
    expect(printed.output).toContain('19350');
    expect(printed.output).toContain('default');
    expect(printed.output).not.toContain(secret);
  });

  it('is not conf/origin.yml, which only lacks the secret that nobody should share', async () => {
    const scope = testScope();
    const documented = join(REPOSITORY, 'conf/origin.yml');
    const without = await headwater(scope, 'config', 'check', documented);
    expect(without.code).toBe(2);
    expect(without.output).toContain('HEADWATER_MESH_KEY');
    const { output: key } = await headwater(scope, 'key');
    const checked = await headwater(scope, 'config', 'check', documented, '--set', `mesh.key=${key.trim()}`);
    expect(checked).toMatchObject({ code: 0 });
  });
});

describe('a port that is taken', () => {
  for (const key of ['rtmp', 'http', 'api', 'mesh'] as const) {
    it(`is named with its key: ${key}.port`, async () => {
      const scope = testScope();
      const ports = await freeOriginPorts(scope);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(ports[key], '127.0.0.1', resolve));
      scope.defer(() => new Promise((resolve) => server.close(resolve)));
      const origin = await OriginProcess.spawn(scope, 'late', {}, { ports });
      expect(await origin.exited).toMatchObject({ code: 1 });
      expect(origin.output).toContain(String(ports[key]));
      expect(origin.output).toContain(`${key}.port`);
      expect(origin.output).not.toMatch(/\n\s+at /);
    });
  }
});

describe('a data folder', () => {
  it('that can not be written is named with its key', async () => {
    const scope = testScope();
    const blocked = file(scope, 'a file where a folder should be');
    const origin = await OriginProcess.spawn(scope, 'homeless', { dataDir: join(blocked, 'data') });
    const { code } = await origin.exited;
    expect(code).not.toBe(0);
    expect(origin.output).toContain('dataDir');
    expect(origin.output).toContain(dirname(blocked));
  });
});

describe('a command line that is wrong', () => {
  for (const args of [
    ['orgin'],
    ['origin', '--confg', 'x'],
    ['origin', 'surplus'],
    ['explain'],
    ['explain', 'no slash'],
    ['demo', '--origins', 'many'],
    ['demo', '--origins', '0'],
    ['members', '--api', 'not a url'],
  ]) {
    it(`is refused with what to do: ${args.join(' ')}`, async () => {
      const run = await headwater(testScope(), ...args);
      expect(run.code).toBe(2);
      expect(run.output.length).toBeGreaterThan(0);
      expect(run.output).not.toMatch(/\n\s+at /);
    });
  }

  it('is told from an API that does not answer', async () => {
    const scope = testScope();
    const { api } = await freeOriginPorts(scope);
    const run = await headwater(scope, 'members', '--api', `http://127.0.0.1:${api}`);
    expect(run.code).toBe(1);
    expect(run.output).toContain(String(api));
    expect(run.output).not.toMatch(/\n\s+at /);
  });

  it('is told from --help, --version and key', async () => {
    for (const args of [['--help'], ['origin', '--help'], ['--version']]) {
      expect(await headwater(testScope(), ...args)).toMatchObject({ code: 0 });
    }
    const [one, two] = [await headwater(testScope(), 'key'), await headwater(testScope(), 'key')];
    expect(one.code).toBe(0);
    expect(one.output).not.toBe(two.output);
  });
});

function file(scope: Scope, text: string): string {
  const path = join(scratchFolder(scope), 'origin.yml');
  writeFileSync(path, text);
  return path;
}
