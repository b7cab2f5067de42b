import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Cluster } from '../support/cluster.js';
import { FlvReader, type FlvTag } from '../support/flv-reader.js';
import { PlayersOf } from '../support/players-of.js';
import { REPOSITORY } from '../support/repository.js';
import { RtmpClient } from '../support/rtmp-client.js';
import { SampleOrder } from '../support/sample-order.js';
import { SampleSource } from '../support/sample-source.js';
import { SampleTags } from '../support/sample-tags.js';
import { sharedScope, testScope } from '../support/scope.js';

/** Another encode than the made sample's: other headers, other pictures. */
const OTHER_ENCODE = join(REPOSITORY, 'packages/origin/assets/demo.flv');

const isVideoHeader = ({ type, body }: FlvTag): boolean => type === 9 && body[1] === 0;
const isKeyframe = ({ type, body }: FlvTag): boolean =>
  type === 9 && body[1] !== 0 && (body[0] ?? 0) >> 4 === 1;

describe('a publisher that moves to another origin with a new encode', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(scope);
  });

  for (const [where, index] of [
    ['its old origin', 0],
    ['a third one, by relay', 2],
  ] as const) {
    for (const [when, isBackup] of [
      ['after it left', false],
      ['before, as a backup', true],
    ] as const) {
      it(`takes players on ${where} along, published there ${when}: new headers, a keyframe, time going on`, async () => {
        const own = testScope();
        const stream = `live/moves-${index}-${isBackup}`;
        const [a, b] = [cluster.member(0), cluster.member(1)];
        const moved = () => new SampleSource(own, { file: OTHER_ENCODE }).publish(b.rtmpUrl(stream));
        const first = await new SampleSource(own).publish(a.rtmpUrl(stream));
        await cluster.owned(stream, ['a']);
        if (isBackup) await moved();
        const players = new PlayersOf(own, cluster.member(index), stream);
        await players.playOn(40);
        first.cut();
        await cluster.owned(stream, isBackup ? ['b'] : []);
        if (!isBackup) await moved();
        await players.playOn(60);
        for (const { reader } of [players.http, players.webSocket]) goesOnAnew(reader);
      });
    }
  }

  it('takes all along from its first keyframe there on, where it goes on with the same encode', async () => {
    const own = testScope();
    const stream = 'live/moves-on';
    const source = new SampleSource(own);
    const first = await source.publish(cluster.member(0).rtmpUrl(stream));
    await cluster.owned(stream, ['a']);
    const everywhere = [0, 1, 2].map((index) => new PlayersOf(own, cluster.member(index), stream));
    for (const players of everywhere) await players.playOn(20);
    first.cut();
    const second = await source.publish(cluster.member(1).rtmpUrl(stream));
    for (const players of everywhere) await players.playOn(60);
    const sample = new SampleTags(inject('sampleFlv'));
    const expected = sample.positionOf(second.firstPicture);
    for (const { rtmp, http, webSocket } of everywhere) {
      const positions = new SampleOrder().positions(rtmp.frames);
      expect(goesOnWith(positions, sample.length)).toEqual([expected]);
      for (const { reader } of [http, webSocket])
        expect(goesOnWith(sample.positions(reader), sample.length)).toEqual([expected]);
    }
  });

  it('takes along who waits, and SRS edges by a 302', async () => {
    const own = testScope();
    const stream = 'live/moves-edge';
    const [a, b, c] = [cluster.member(0), cluster.member(1), cluster.member(2)];
    const source = new SampleSource(own);
    const first = await source.publish(a.rtmpUrl(stream));
    await cluster.owned(stream, ['a']);
    const edge = await RtmpClient.open(own, a.ports.rtmp);
    await edge.connect(`rtmp://127.0.0.1:${a.ports.rtmp}/live`, 'srs-edge');
    edge.play('moves-edge');
    await edge.awaitMedia(20);
    first.cut();
    await cluster.owned(stream, []);
    const waiting = new PlayersOf(own, c, stream);
    await awaitCondition('players to wait', async () => (await c.stream(stream)).here.players.length === 3);
    await source.publish(b.rtmpUrl(stream));
    const rejected = await edge.awaitCommand('onStatus', ([, , , info]) => codeOf(info) === REJECTED);
    expect(rejected[3]).toMatchObject({
      ex: { code: 302, redirect2: `rtmp://127.0.0.1:${b.ports.rtmp}/live/moves-edge` },
    });
    await waiting.playOn(40);
    expect(waiting.breaks()).toEqual([]);
  });
});

/** The pictures that do not follow the one before. */
function goesOnWith(positions: readonly number[], length: number): readonly number[] {
  return positions.filter((position, index) => {
    const before = positions[index - 1];
    return before !== undefined && position !== (before + 1) % length;
  });
}

const REJECTED = 'NetConnection.Connect.Rejected';
const codeOf = (info: unknown): unknown => (info as { code?: unknown } | null)?.code;

/** What was played is the other encode from some place on: its header, its pictures in order, time going on. */
function goesOnAnew(reader: FlvReader): void {
  const other = new FlvReader();
  other.push(readFileSync(OTHER_ENCODE));
  const header = other.tags.find(isVideoHeader)?.body;
  const start = reader.tags.findIndex(({ body }) => header !== undefined && body.equals(header));
  expect(start).toBeGreaterThan(0);
  const after = new FlvReader();
  after.tags.push(...reader.tags.slice(start));
  const [first] = after.pictures;
  expect(first !== undefined && isKeyframe(first)).toBe(true);
  expect(new SampleTags(OTHER_ENCODE).pictureBreaks(after)).toEqual([]);
  const times = reader.pictures.map(({ timestampMs }) => timestampMs);
  expect(times).toEqual([...times].sort((x, y) => x - y));
}
