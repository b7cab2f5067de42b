import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { cleanEnvironment, headwater, type LogLine, OriginProcess } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { SmallDisk } from '../support/small-disk.js';

const self = async (origin: OriginProcess) => {
  const [own] = (await origin.members()).filter((member) => member.self);
  if (own === undefined) throw new Error('it does not show itself');
  return own;
};

/** Stops it and starts it again, and gives its id and generation before and after. */
async function restart(origin: OriginProcess) {
  const before = await self(origin);
  expect((await origin.kill('SIGTERM')).code).toBe(0);
  return async () => {
    origin.restart();
    await origin.ready();
    const after = await self(origin);
    expect(after.id).toBe(before.id);
    expect(after.generation).toBeGreaterThan(before.generation);
  };
}

describe('the folder of a member', () => {
  it(
    'is full at a restart: it goes on, the same member, with a greater generation',
    needs('file systems of its own'),
    async () => {
      const scope = testScope();
      const disk = SmallDisk.mount(scope, 32);
      const origin = await OriginProcess.spawn(scope, 'a', { dataDir: disk.path });
      await origin.ready();
      const again = await restart(origin);
      // A clock that goes back is no way to be taken for an earlier start.
      const ahead = Date.now() + 3_600_000;
      writeFileSync(join(disk.path, 'generation'), `${ahead}\n`);
      disk.fill();
      await again();
      const { generation } = await self(origin);
      expect(generation).toBeGreaterThan(ahead);
      expect(generation).toBeLessThanOrEqual(ahead + 1000);
      await expect
        .poll(() => origin.logged(/^generation/))
        .toMatchObject([
          {
            level: 'warn',
            msg: 'generation overwritten in place',
            reason: expect.stringContaining('ENOSPC'),
          },
        ]);
      expect(readFileSync(join(disk.path, 'generation'), 'utf8')).toBe(`${generation}\n`);
    },
  );

  it(
    'is full at the first start: it says so, and gives no advice that loses an identity',
    needs('file systems of its own'),
    async () => {
      const scope = testScope();
      const disk = SmallDisk.mount(scope, 16);
      disk.fill();
      const { code, output } = await headwater(
        scope,
        'origin',
        '--set',
        `dataDir=${disk.path}`,
        '--set',
        'mesh.host=127.0.0.1',
      );
      expect(code).toBe(1);
      expect(output).toContain('IDENTITY_UNUSABLE');
      expect(output).toContain('ENOSPC');
      expect(output).toContain('Make room');
      expect(output).not.toContain('new identity');
    },
  );

  it('is read-only at a restart: it goes on', needs('file systems of its own'), async () => {
    const scope = testScope();
    const disk = SmallDisk.mount(scope, 32);
    const origin = await OriginProcess.spawn(scope, 'a', { dataDir: disk.path });
    await origin.ready();
    const again = await restart(origin);
    disk.makeReadOnly();
    await again();
    await expect
      .poll(() => origin.logged(/^generation/))
      .toMatchObject([{ level: 'warn', msg: 'generation not kept' }]);
  });

  for (const [what, make, words] of [
    ['is a file', (path: string) => writeFileSync(path, ''), 'ENOTDIR'],
    ['is below a file', (path: string) => writeFileSync(join(path, '..'), ''), 'ENOTDIR'],
    ['has a truncated key', (path: string) => keyOf(path, '-----BEGIN PRIVATE KEY-----\nMC4C'), 'no Ed25519'],
    ['has an empty key', (path: string) => keyOf(path, ''), 'no Ed25519'],
    [
      'has a folder for a key',
      (path: string) => mkdirSync(join(path, 'identity.pem'), { recursive: true }),
      'EISDIR',
    ],
  ] as const) {
    it(`${what}: it says so and ends`, async () => {
      const scope = testScope();
      const folder = scratchFolder(scope);
      const path = what === 'is below a file' ? join(folder, 'file', 'data') : join(folder, 'data');
      make(path);
      const { code, output } = await headwater(
        scope,
        'origin',
        '--set',
        `dataDir=${path}`,
        '--set',
        'mesh.host=127.0.0.1',
      );
      expect(code).toBe(1);
      expect(output).toContain('IDENTITY_UNUSABLE');
      expect(output).toContain(words);
      expect(output).not.toMatch(/\n\s+at /);
    });
  }

  it('cannot be made: it says so and ends, rather than to try for ever', async () => {
    const { code, output } = await headwater(
      testScope(),
      'origin',
      '--set',
      'dataDir=/proc/headwater/data',
      '--set',
      'mesh.host=127.0.0.1',
    );
    expect(code).toBe(1);
    expect(output).toContain('IDENTITY_UNUSABLE');
    expect(output).toContain('mount');
  });

  it('never answers: a signal ends the process at once', async () => {
    const scope = testScope();
    const path = hangingFolder(scratchFolder(scope));
    const words = [HEADWATER, 'origin', '--set', `dataDir=${path}`, '--set', 'mesh.host=127.0.0.1'];
    const member = new TestProcess(scope, process.execPath, words, { env: cleanEnvironment() });
    await awaitCondition('it to wait for the key', () => waitsForPipe(member.pid));
    const exit = await member.kill('SIGTERM');
    // Node's own exit would wait for the thread that waits for the disk.
    expect([exit.code, exit.signal]).toEqual([null, 'SIGTERM']);
  });

  it('never answers: it says so in time', async () => {
    const scope = testScope();
    const path = hangingFolder(scratchFolder(scope));
    const { output } = await headwater(
      scope,
      'origin',
      '--set',
      `dataDir=${path}`,
      '--set',
      'mesh.host=127.0.0.1',
    );
    expect(output).toContain('IDENTITY_UNUSABLE');
    expect(output).toContain('did not answer');
    expect(output).toContain('mount');
  });
});

describe('the log', () => {
  it(
    'comes back when its full disk has room again, and says what was lost',
    needs('file systems of its own'),
    async () => {
      const scope = testScope();
      const disk = SmallDisk.mount(scope, 256);
      const log = join(disk.path, 'log');
      const origin = await OriginProcess.spawn(scope, 'a');
      await origin.kill('SIGTERM');
      const command = `exec "$0" "$@" > '${log}'`;
      const words = ['-c', command, process.execPath, HEADWATER, 'origin', '--config', origin.configFile];
      const member = new TestProcess(scope, 'sh', words, { env: cleanEnvironment() });
      await awaitCondition('it to be ready', async () => {
        const response = await fetch(origin.apiUrl('/readyz')).catch(() => null);
        return response?.status === 200;
      });
      disk.fill();
      const lines = (): LogLine[] =>
        readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('{') && line.endsWith('}'))
          .map((line) => JSON.parse(line));
      // Each of these is a line.
      for (let index = 0; index < 50; index += 1)
        await fetch(`http://127.0.0.1:${origin.ports.http}/nothing-${index}`);
      disk.empty();
      await awaitCondition('the log to come back', () =>
        lines().some(({ msg }) => msg === 'log output recovered'),
      );
      expect(lines().filter(({ msg }) => msg === 'log output recovered')).toMatchObject([
        { reason: 'ENOSPC', lines: 0 },
      ]);
      expect(lines().filter(({ msg }) => msg === 'http request refused')).toHaveLength(50);
      expect((await member.kill('SIGTERM')).code).toBe(0);
      expect(lines().at(-1)?.msg).toBe('origin stopped');
    },
  );

  it('to a reader that is gone costs nothing else', async () => {
    const scope = testScope();
    const origin = await OriginProcess.spawn(scope, 'a');
    await origin.kill('SIGTERM');
    const words = [HEADWATER, 'origin', '--config', origin.configFile];
    const member = new TestProcess(scope, process.execPath, words, { env: cleanEnvironment() });
    const isReady = async () => (await fetch(origin.apiUrl('/readyz')).catch(() => null))?.status === 200;
    await awaitCondition('it to be ready', isReady);
    member.child.stdout?.destroy();
    for (let index = 0; index < 20; index += 1)
      await fetch(`http://127.0.0.1:${origin.ports.http}/nothing-${index}`);
    expect(await isReady()).toBe(true);
    expect((await member.kill('SIGTERM')).code).toBe(0);
  });
});

function keyOf(path: string, text: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'identity.pem'), text, { mode: 0o600 });
}

/** A folder in which the key is a pipe that nobody writes to: opening it takes for ever, as on a mount that hangs. */
function hangingFolder(path: string): string {
  execFileSync('mkfifo', [join(path, 'identity.pem')]);
  return path;
}

/** Whether a thread of the process waits for the other end of a pipe (Linux, proc(5)); where that is not told, yes. */
function waitsForPipe(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  const waits = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/wchan`, 'utf8'));
  return (
    waits.some((wait) => /partner|fifo/.test(wait)) ||
    (waits.length > 4 && waits.every((wait) => wait === '0'))
  );
}
