import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { describe, expect, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'packages/origin/package.json'), 'utf8')) as {
  version: string;
};

describe('npm run pack', () => {
  it('makes one file that Node alone installs and runs', async () => {
    const scope = testScope();
    const release = scratchFolder(scope, 'release');
    execFileSync(process.execPath, [join(REPOSITORY, 'test/dist/pack/main.js'), '--to', release]);
    const archive = join(release, `headwater-${version}.tgz`);

    execFileSync('sha256sum', ['--check', `${archive}.sha256`], { cwd: release });
    const parts = JSON.parse(readFileSync(join(release, `headwater-${version}.cdx.json`), 'utf8')) as {
      bomFormat: string;
      components: { name: string }[];
    };
    expect(parts.bomFormat).toBe('CycloneDX');
    expect(parts.components.map(({ name }) => name)).toContain('libp2p');
    const files = execFileSync('tar', ['--list', '--gzip', '--file', archive], { encoding: 'utf8' }).split(
      '\n',
    );
    expect(
      files.filter((file) => /@headwater\/.*(\.test\.|\.fixture\.|\/testing\/|\.tsbuildinfo)/.test(file)),
    ).toEqual([]);
    for (const name of ['typescript', 'vitest', '@headwater/testing'])
      expect(files.filter((file) => file.startsWith(`package/node_modules/${name}/`))).toEqual([]);

    // No compiler, no registry, none of this repository: a bare machine with Node.
    const prefix = scratchFolder(scope, 'prefix');
    const bare = {
      ...cleanEnvironment(),
      HOME: prefix,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      npm_config_offline: 'true',
      npm_config_cache: join(prefix, 'cache'),
    };
    execFileSync('npm', ['install', '--global', '--prefix', prefix, '--offline', archive], {
      cwd: prefix,
      env: bare,
      stdio: 'pipe',
    });
    const headwater = join(prefix, 'bin', 'headwater');
    expect(execFileSync(headwater, ['--version'], { encoding: 'utf8', env: bare }).trim()).toBe(version);

    const ports = ['rtmp', 'http', 'api', 'mesh'].flatMap((name) => ['--set', `${name}.port=0`]);
    const hosts = ['rtmp', 'http', 'api', 'mesh'].flatMap((name) => ['--set', `${name}.host=127.0.0.1`]);
    const origin = new TestProcess(
      scope,
      headwater,
      ['origin', ...ports, ...hosts, '--set', `dataDir=${join(prefix, 'data')}`, '--set', 'log.format=json'],
      { cwd: prefix, env: bare },
    );
    await awaitCondition(
      'the installed origin to be ready',
      () => origin.stdout.some((line) => line.includes('origin ready')),
      { instead: () => origin.testimony() },
    );
    origin.child.kill('SIGTERM');
    expect(await origin.exited).toMatchObject({ code: 0 });
  });
});
