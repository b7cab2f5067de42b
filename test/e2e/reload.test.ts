import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedQuery } from '@headwater/guard';
import { awaitCondition } from '@headwater/testing/await-condition';
import { amount } from '@headwater/testing/long-run';
import { describe, expect, it } from 'vitest';
import { certificateFolder } from '../support/certificates.js';
import { Cluster } from '../support/cluster.js';
import { EventClient } from '../support/event-client.js';
import { playHttp } from '../support/flv-client.js';
import { type Config, headwater, OriginProcess } from '../support/origin-process.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const STREAM = 'live/s1';
const NEW = 'the new key of this mesh, which all are to have';

/** Writes the member's file anew and has it read it; resolves when it has. */
async function reload(origin: OriginProcess, change: (config: Config) => Config) {
  const before = JSON.parse(readFileSync(origin.configFile, 'utf8')) as Config;
  writeFileSync(origin.configFile, JSON.stringify({ ...before, ...change(before) }));
  const answer = await fetch(origin.apiUrl('/api/v1/reload'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const said = (await answer.json()) as {
    readonly applied: readonly string[];
    readonly needsRestart: readonly string[];
    readonly restartReasons: Readonly<Record<string, string>>;
  };
  expect([answer.status, said]).toMatchObject([200, { done: true }]);
  return said;
}

describe.each(amount({ short: [1], long: [0, 1] }))('the key of a mesh with %i workers', (workers) => {
  it('is changed by reloads alone; no claim is lost, and relays go on', async () => {
    const scope = testScope();
    const cluster = await Cluster.start(scope, {
      config: { workers, play: { mode: 'relay' }, relay: { lingerMs: 0 } },
    });
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const source = new SampleSource(scope);
    await source.publish(a.rtmpUrl(STREAM));
    await awaitCondition('all know its owner', async () =>
      (await Promise.all([a, b, c].map((one) => one.ownerNames(STREAM)))).every(([name]) => name === 'a'),
    );
    const events = await EventClient.follow(scope, c.apiUrl('/api/v1/events'));
    const early = playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('media', () => early.reader.tags.length > 10);

    for (const key of [[cluster.key, NEW], [NEW, cluster.key], [NEW]]) {
      for (const member of [a, b, c]) {
        const { applied } = await reload(member, ({ mesh }) => ({ mesh: { ...(mesh as Config), key } }));
        expect(applied).toEqual(['mesh.key']);
      }
      // A pull that begins now proves itself by the keys that count now.
      const player = playHttp(scope, c.flvUrl(STREAM));
      await awaitCondition('media of a new relay', () => player.reader.tags.length > 10);
      expect(player.end).toBeNull();
      player.leave();
    }
    const late = await cluster.add('late', [a.seed], { mesh: { key: NEW } });
    await late.ready();
    expect(await late.ownerNames(STREAM)).toEqual(['a']);
    const stranger = await cluster.add('stranger', [a.seed]);
    await awaitCondition('it is refused', () => stranger.logged('mesh handshake refused').length > 0);
    expect(events.of('stream-released')).toEqual([]);
    expect(early.end).toBeNull();
    for (const member of [a, b, c, late, stranger])
      expect(JSON.stringify(member.logs)).not.toMatch(new RegExp(`${NEW}|${cluster.key}`));
  });
});

describe.each(amount({ short: [1], long: [0, 1] }))('a reload with %i workers', (workers) => {
  it('finds a mesh by new seeds, and tells others where this member is pulled from now', async () => {
    const scope = testScope();
    const key = NEW;
    const a = await OriginProcess.spawn(scope, 'a', { workers, mesh: { key } });
    const b = await OriginProcess.spawn(scope, 'b', { workers, mesh: { key } });
    await Promise.all([a.ready(), b.ready()]);
    const said = await reload(b, ({ mesh }) => ({
      mesh: { ...(mesh as Config), seeds: [a.seed], batchMs: 50 },
      advertise: ['outside=edge.example:1935'],
      play: { order: 'spread', gopCacheBytesMax: 2_000_000 },
      limits: { handshakeMs: 5_000 },
      trustedProxies: ['127.0.0.9'],
    }));
    expect(said.applied).toEqual(
      expect.arrayContaining([
        'advertise',
        'trustedProxies',
        'mesh.seeds',
        'play.order',
        'play.gopCacheBytesMax',
        'limits.handshakeMs',
      ]),
    );
    expect(said.needsRestart).toEqual(['mesh.batchMs']);
    expect(said.restartReasons['mesh.batchMs']).toMatch(/\w/);
    await awaitCondition('they are one mesh', async () => (await a.members()).length === 2);
    await awaitCondition('it is told to the other one', async () =>
      JSON.stringify(await a.members()).includes('edge.example'),
    );
    const again = await headwater(scope, 'reload', '--api', b.apiUrl());
    expect(again.output).toMatch(/nothing changed.*\n.*mesh\.batchMs \(.+\)/);
  });

  it('has relays pull from each other, and an edge forward or refuse, from then on alone', async () => {
    const scope = testScope();
    const config = { workers, play: { mode: 'relay' } };
    const cluster = await Cluster.start(scope, { names: ['o'], config: { ...config, zone: 'near' } });
    const o = cluster.member(0);
    const a = await cluster.add('a', [o.seed], { zone: 'far' });
    const b = await cluster.add('b', [o.seed], { zone: 'far' });
    const edge = await cluster.add('edge', [o.seed], { role: 'edge' });
    await cluster.whole();
    const source = new SampleSource(scope);
    await source.publish(edge.rtmpUrl('live/early'));
    await cluster.owned('live/early', ['o']);
    const played = async (stream: string) => {
      const players = [a, b].map((member) => playHttp(scope, member.flvUrl(stream)));
      await awaitCondition('media', () => players.every(({ reader }) => reader.tags.length > 10));
      return players;
    };
    const pulls = async (stream: string) => (await o.stream(stream)).here.players.length;
    const players = await played('live/early');
    expect(await pulls('live/early')).toBe(2);

    for (const member of cluster.members) {
      const { applied, needsRestart } = await reload(member, () => ({
        relay: { tree: true },
        forward: { enabled: false, keepMs: 8000 },
      }));
      expect(applied).toEqual(['relay.tree', 'forward.enabled', 'forward.keepMs']);
      expect(needsRestart).toEqual([]);
    }
    await source.publish(o.rtmpUrl('live/late'));
    await cluster.owned('live/late', ['o']);
    await played('live/late');
    expect(await pulls('live/late')).toBe(1);
    await expect(source.publish(edge.rtmpUrl('live/refused'))).rejects.toThrow();
    expect(await pulls('live/early')).toBe(2);
    const tags = players.map(({ reader }) => reader.tags.length);
    await awaitCondition('more of what was there', () =>
      players.every(({ reader, end }, index) => end === null && reader.tags.length > (tags[index] ?? 0) + 10),
    );

    await reload(edge, () => ({ forward: { enabled: true } }));
    await source.publish(edge.rtmpUrl('live/again'));
    await cluster.owned('live/again', ['o']);
  });
});

describe('a key in a file', () => {
  // Those of certificates too.
  it('counts as it was read, also for a worker that starts anew, and a reload says that it is another one', async () => {
    const scope = testScope();
    const file = join(scratchFolder(scope), 'key');
    const [first, second] = ['the first key of this test', 'the second key of this test'];
    writeFileSync(file, first);
    const certificate = await certificateFolder(scope);
    const origin = await OriginProcess.spawn(scope, 'a', {
      workers: 1,
      publish: { auth: [{ token: { keys: `file:${file}` } }] },
      rtmps: { host: '127.0.0.1', port: 0 },
      tls: { certificates: [certificate.entry] },
    });
    await origin.ready();
    const publish = async (key: string, stream: string, status: 'Start' | 'Denied') => {
      const expires = Math.floor(Date.now() / 1000) + 3600;
      const name = `live/${stream}`;
      const query = signedQuery({ action: 'publish', name, isPrefix: false, expires, address: '' }, key);
      const client = await RtmpClient.open(scope, origin.ports.rtmp);
      await client.connect(origin.rtmpUrl('live'));
      client.publish(`${stream}?${query}`);
      await client.awaitStatus(`NetStream.Publish.${status}`);
    };
    const certificateKey = readFileSync(certificate.key);
    for (const gone of [file, certificate.key]) rmSync(gone);
    const [worker] = (await origin.members())[0]?.workers ?? [];
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await awaitCondition('another worker', () => origin.logged('worker ready').length === 2);
    await publish(first, 's1', 'Start');
    writeFileSync(file, second);
    writeFileSync(certificate.key, certificateKey);
    expect((await reload(origin, () => ({}))).applied).toEqual(['publish.auth']);
    await publish(second, 's2', 'Start');
    await publish(first, 's3', 'Denied');
    expect((await reload(origin, () => ({}))).applied).toEqual([]);
    expect(origin.output).not.toMatch(new RegExp(`${first}|${second}`));
  });
});
