import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition, withDeadline } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { NOT_RUN, type ShownCommand, shownCommands, whyNotRun } from '../docs/shown-commands.js';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { playHttp } from '../support/flv-client.js';
import { cleanEnvironment } from '../support/origin-process.js';
import { HEADWATER } from '../support/program.js';
import { REPOSITORY } from '../support/repository.js';
import { SampleSource } from '../support/sample-source.js';
import { sharedScope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const STREAM = 'live/s1';
const all = shownCommands();
const run = all.filter((command) => whyNotRun(command) === undefined);
/** They tell what happens until they are stopped. */
const ENDLESS = /--follow|curl -N/;
/** A script in a page, with what its first line says that it takes. */
const SCRIPT_ARGUMENTS = ['k'.repeat(32), 'publish', STREAM, '1900000000'];

describe('what the pages show', () => {
  it('is run here, or a list says why it is not', () => {
    const used = new Set(all.map(whyNotRun));
    expect(Object.keys(NOT_RUN).filter((begin) => !used.has(begin))).toEqual([]);
    expect(run.length).toBeGreaterThan(20);
  });
});

describe('a command that a page shows', needs('curl', 'openssl', 'ffmpeg'), () => {
  const scope = sharedScope();
  let members: Cluster;
  let folder = '';

  beforeAll(async () => {
    members = await Cluster.start(scope, { names: ['origin-a', 'origin-b', 'origin-c'] });
    const source = new SampleSource(scope);
    await source.publish(members.member(0).rtmpUrl(STREAM));
    await source.publish(members.member(0).rtmpUrl('live/demo'));
    await members.owned(STREAM, ['origin-a']);
    await members.owned('live/demo', ['origin-a']);
    folder = scratchFolder(scope, 'shown');
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(HEADWATER, join(bin, 'headwater'));
    cpSync(join(REPOSITORY, 'conf'), join(folder, 'conf'), { recursive: true });
    cpSync(join(REPOSITORY, 'conf/origin.yml'), join(folder, 'origin.yml'));
    // An answer that is no success is a failure.
    writeFileSync(join(folder, '.curlrc'), 'fail\nsilent\nshow-error\n');
  });

  it.each(run.map((command) => [`${command.page}: ${command.text.split('\n')[0]}`, command] as const))(
    '%s',
    async (_, command) => {
      const shell = new TestProcess(testScope(), 'sh', ['-c', textOf(command), 'sh', ...SCRIPT_ARGUMENTS], {
        cwd: folder,
        env: await environment(),
        // With all that the shell starts.
        detached: true,
      });
      if (ENDLESS.test(command.text)) {
        await awaitCondition('it to tell something', () => shell.stdout.length > 0);
        expect(shell.exit).toBeNull();
        await shell.kill();
        return;
      }
      expect(await withDeadline(command.text, shell.exited), shell.testimony()).toMatchObject({ code: 0 });
    },
  );

  /** As it is typed, but with this mesh's ports, and without npx, which is for who has installed nothing. */
  function textOf({ text }: ShownCommand): string {
    const api = members.member(0).apiUrl();
    return text
      .replaceAll('npx headwater', 'headwater')
      .replaceAll(/(http:\/\/)?(localhost|origin-a|127\.0\.0\.1):198[5-7]/g, api);
  }

  async function environment(): Promise<NodeJS.ProcessEnv> {
    const own = cleanEnvironment();
    const clients = await members
      .member(0)
      .api<{ readonly clients: readonly { readonly id: string }[] }>(
        `/api/v1/clients?stream=${STREAM}&kind=play`,
      );
    if (clients.clients.length === 0) playHttp(scope, members.member(0).flvUrl(STREAM));
    return {
      ...own,
      PATH: `${join(folder, 'bin')}:${own.PATH}`,
      CURL_HOME: folder,
      HOME: folder,
      HEADWATER_API: members.member(0).apiUrl(),
      HEADWATER_MESH_KEY: members.key,
      ID: clients.clients[0]?.id ?? '',
    };
  }
});
