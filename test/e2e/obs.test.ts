import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { certificateFolder } from '../support/certificates.js';
import type { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { play, publish } from '../support/ffmpeg.js';
import { freePorts } from '../support/free-port.js';
import { startObs } from '../support/obs.js';
import { OriginProcess } from '../support/origin-process.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const said = (obs: TestProcess, words: string) =>
  awaitCondition(`OBS to log: ${words}`, () => obs.stdout.some((line) => line.includes(words)), {
    instead: () => obs.testimony(),
  });

describe('OBS Studio', needs('obs', 'ffmpeg'), () => {
  it('publishes, and players elsewhere go on with another encoder when its origin is killed', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, { names: ['a', 'b', 'c'] });
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    // It takes what stands before the key for the app.
    startObs(scope, { server: a.rtmpUrl('live/room'), key: 's2' });
    await cluster.owned('live/room/s2', ['a']);
    const player = play(scope, c.rtmpUrl('live/room/s2'));
    await player.played(25);
    publish(scope, b.rtmpUrl('live/room/s2'));
    await cluster.owned('live/room/s2', ['a', 'b']);
    const before = player.frames.length;
    await a.kill();
    await player.played(before + 50);
  });

  it('shows why it may not publish', async () => {
    const scope = testScope();
    const member = await OriginProcess.spawn(scope, 'a', {
      apps: { guarded: { publish: { auth: [{ deny: ['all'] }] } } },
    });
    await member.ready();
    const denied = startObs(scope, { server: member.rtmpUrl('guarded'), key: 's1' });
    await said(denied, 'NetStream.Publish.Denied');
    await denied.stop();
    const nameless = startObs(scope, { server: member.rtmpUrl('live'), key: '?token=x' });
    await said(nameless, 'the stream key is only a query');
  });

  it(
    'publishes by rtmps to who has a certificate that it trusts',
    needs('file systems of its own'),
    async () => {
      const scope = testScope();
      const { entry, ca } = await certificateFolder(scope);
      const [rtmps = 0] = await freePorts(scope, 1);
      const member = await OriginProcess.spawn(scope, 'a', {
        rtmps: { port: rtmps },
        tls: { certificates: [entry] },
      });
      await member.ready();
      const trusted = scratchFolder(scope, 'trusted');
      copyFileSync(ca, join(trusted, 'ca.pem'));
      startObs(scope, { server: `rtmps://localhost:${rtmps}/live`, key: 's1', trusted });
      await awaitCondition(
        'its media',
        async () => (await member.stream('live/s1')).here.source === 'publisher',
      );
      await play(scope, member.rtmpUrl('live/s1')).played(25);
      expect((await member.stream('live/s1')).owners[0]?.media.video).toMatchObject({
        width: 320,
        height: 180,
      });
    },
  );
});
