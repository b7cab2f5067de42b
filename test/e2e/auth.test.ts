import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedQuery } from '@headwater/guard';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { HookService } from '../support/hook-service.js';
import { headwater } from '../support/origin-process.js';
import { REPOSITORY } from '../support/repository.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { sharedScope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const KEY = 'the-key-of-this-test-1';

const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;
const signed = (action: 'publish' | 'play', name: string): string =>
  signedQuery({ action, name, isPrefix: false, expires: inAnHour(), address: '' }, KEY);

describe('three origins whose streams are signed, and whose plays a hook hears of', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  let hook: HookService;
  beforeAll(async () => {
    hook = await HookService.start(scope);
    const token = { token: { keys: KEY } };
    const config = {
      publish: { auth: [token] },
      play: { auth: [{ hook: { on_stop: hook.url('/') } }, token] },
      apps: {
        hooked: {
          publish: { auth: [{ hook: { on_publish: hook.url('/'), on_unpublish: hook.url('/') } }] },
          play: { auth: [{ hook: { on_play: hook.url('/'), on_stop: hook.url('/') } }] },
        },
      },
    };
    cluster = await Cluster.start(scope, { config });
    publish(scope, `${cluster.member(0).rtmpUrl('live/s1')}?${signed('publish', 'live/s1')}`);
    await cluster.owned('live/s1', ['a']);
  });

  it.each([0, 2])('plays by a token over RTMP and HTTP from member %i, and not without', async (index) => {
    const member = cluster.member(index);
    const query = signed('play', 'live/s1');
    await play(testScope(), `${member.rtmpUrl('live/s1')}?${query}`).played(25);
    await play(testScope(), `${member.flvUrl('live/s1')}?${query}`).played(25);
    expect((await fetch(member.flvUrl('live/s1'))).status).toBe(401);
    const client = await RtmpClient.open(testScope(), member.ports.rtmp);
    await client.connect(`rtmp://127.0.0.1:${member.ports.rtmp}/live`);
    client.play('s1');
    await client.awaitStatus('NetStream.Play.Failed');
  });

  it('does not believe a stranger who says that it is a member', async () => {
    const owner = cluster.member(0);
    const client = await RtmpClient.open(testScope(), owner.ports.rtmp);
    await client.connect(`rtmp://127.0.0.1:${owner.ports.rtmp}/live`);
    client.play('s1?headwater=relay&member=b');
    await client.awaitStatus('NetStream.Play.Failed');
  });

  it('closes a publisher without a token', async () => {
    const denied = publish(testScope(), cluster.member(1).rtmpUrl('live/s2'));
    await denied.exited;
    expect(
      await cluster
        .member(1)
        .ownerNames('live/s2')
        .catch(() => []),
    ).toEqual([]);
  });

  it('asks the hook for a publisher and a relayed player, and tells both ends', async () => {
    const own = testScope();
    const encoder = publish(own, `${cluster.member(0).rtmpUrl('hooked/s1')}?key=k`);
    await cluster.owned('hooked/s1', ['a']);
    const player = play(own, cluster.member(2).rtmpUrl('hooked/s1'));
    await player.played(25);
    const stream = (action: string) => hook.of(action).filter(({ app }) => app === 'hooked');
    expect(stream('on_publish')).toMatchObject([{ param: '?key=k', stream: 's1', ip: '127.0.0.1' }]);
    // The relay's pull is no play.
    expect(stream('on_play')).toHaveLength(1);
    await player.process.stop();
    await awaitCondition('on_stop', () => stream('on_stop').length === 1);
    await encoder.stop();
    await awaitCondition('on_unpublish', () => stream('on_unpublish').length === 1);
  });

  it('has no token in any log', () => {
    for (const member of cluster.members) expect(member.output).not.toMatch(/signature=|proof=/);
  });
});

describe('headwater sign', () => {
  const blocks = [
    ...readFileSync(join(REPOSITORY, 'docs/auth.md'), 'utf8').matchAll(/```(sh|python|js)\n(.*?)```/gs),
  ];
  const PROGRAMS = {
    sh: ['sh', 'sign.sh'],
    python: ['python3', 'sign.py'],
    js: ['node', 'sign.mjs'],
  } as const;

  const madeBy = (language: keyof typeof PROGRAMS): string => {
    const [program, file] = PROGRAMS[language];
    const text = blocks.find(([, found, body]) => found === language && body?.includes(file))?.[2];
    const path = join(scratchFolder(testScope()), file);
    writeFileSync(path, text ?? '');
    const args = [path, KEY, 'play', 'live/s1', '2000000000'];
    return execFileSync(program, args, { encoding: 'utf8' }).trim();
  };
  const scope = {
    action: 'play',
    name: 'live/s1',
    isPrefix: false,
    expires: 2_000_000_000,
    address: '',
  } as const;

  it('makes what the lines of shell in docs/auth.md make', needs('openssl'), () => {
    expect(madeBy('sh')).toBe(signedQuery(scope, KEY));
  });

  it('makes what the lines of Python in docs/auth.md make', needs('python3'), () => {
    expect(madeBy('python')).toBe(signedQuery(scope, KEY));
  });

  it('makes what the lines of JavaScript in docs/auth.md make', () => {
    expect(madeBy('js')).toBe(signedQuery(scope, KEY));
  });

  it('prints a URL that a member takes', async () => {
    const keyFile = join(scratchFolder(testScope()), 'key');
    writeFileSync(keyFile, `${KEY}\n`);
    const args = [
      'sign',
      'live/s1',
      '--play',
      '--for',
      '8h',
      '--key-file',
      keyFile,
      '--base',
      'http://h:8080/',
    ];
    const { output } = await headwater(testScope(), ...args);
    expect(output).toMatch(/^http:\/\/h:8080\/live\/s1\.flv\?expires=\d+&signature=[0-9a-f]{64}$/);
  });
});
