import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { probeFrames, publish } from '../support/ffmpeg.js';
import { FlvReader } from '../support/flv-reader.js';
import { cleanEnvironment, type OriginProcess } from '../support/origin-process.js';
import { AVC_HEADER_BYTES } from '../support/sample-order.js';
import { type Scope, sharedScope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** Two seconds of pictures. */
const PICTURES = 50;

/** How many pictures these bytes are; fails where they are not the sample's, in order, one after the other. */
function samplePictures(bytes: Buffer): number {
  const sample = new FlvReader();
  sample.push(readFileSync(inject('sampleFlv')));
  const pictures = sample.pictures.map(({ body }) => body.subarray(AVC_HEADER_BYTES));
  const first = pictures.findIndex((picture) => bytes.subarray(0, picture.length).equals(picture));
  let at = 0;
  let count = 0;
  while (at < bytes.length) {
    const picture = pictures[(first + count) % pictures.length] ?? Buffer.alloc(0);
    expect(first >= 0 && bytes.subarray(at, at + picture.length).equals(picture), `picture ${count}`).toBe(
      true,
    );
    at += picture.length;
    count += 1;
  }
  return count;
}

function player(scope: Scope, command: string, args: readonly string[], home?: string): TestProcess {
  const env = { ...cleanEnvironment(), ...(home === undefined ? {} : { HOME: home }) };
  const process = new TestProcess(scope, command, args, { env });
  process.stopSignal = 'SIGKILL';
  return process;
}

/** Waits until the player has ended by itself, as a user would see it: without an error. */
async function ended(process: TestProcess, what: string): Promise<void> {
  const instead = () => process.testimony();
  await awaitCondition(`${what} to end`, () => process.exit !== null, { instead });
  expect(process.exit?.code, process.testimony()).toBe(0);
}

describe('a stream that this member does not own is played by', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let b: OriginProcess;
  beforeAll(async () => {
    const cluster = await Cluster.start(scope, { names: ['a', 'b'] });
    publish(scope, cluster.member(0).rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    b = cluster.member(1);
  });

  it('rtmpdump, over RTMP', needs('rtmpdump'), async () => {
    const own = testScope();
    const file = join(scratchFolder(own), 'played.flv');
    const dump = player(own, 'rtmpdump', [
      '--quiet',
      '--live',
      '--rtmp',
      b.rtmpUrl('live/s1'),
      '--flv',
      file,
    ]);
    const pictures = () => {
      const reader = new FlvReader();
      reader.push(readFileSync(file));
      return reader.pictures.length;
    };
    await awaitCondition(`${PICTURES} pictures in its file`, () => pictures() >= PICTURES, {
      progress: () => statSync(file, { throwIfNoEntry: false })?.size,
      instead: () => dump.testimony(),
    });
    expect(dump.exit).toBeNull();
  });

  for (const [protocol, url] of [
    ['RTMP', () => b.rtmpUrl('live/s1')],
    ['HTTP-FLV', () => b.flvUrl('live/s1')],
  ] as const) {
    it(`mpv, over ${protocol}`, needs('mpv'), async () => {
      const own = testScope();
      const folder = scratchFolder(own);
      // It shows each picture by writing a file, late or not, so that a slow machine makes it skip none.
      const mpv = player(own, 'mpv', [
        ...['--no-config', '--vo=image', `--vo-image-outdir=${folder}`, '--ao=null', '--untimed'],
        ...['--framedrop=no', `--frames=${PICTURES}`, url()],
      ]);
      mpv.child.stdin?.end();
      await ended(mpv, 'mpv');
      expect(readdirSync(folder), mpv.testimony()).toHaveLength(PICTURES);
    });
  }

  it("GStreamer's rtmp2src, over RTMP", needs('gst-launch-1.0 with rtmp2src'), async () => {
    const own = testScope();
    const file = join(scratchFolder(own), 'played.h264');
    const gst = player(own, 'gst-launch-1.0', [
      ...[
        '-q',
        'rtmp2src',
        `location=${b.rtmpUrl('live/s1')}`,
        '!',
        'flvdemux',
        'name=d',
        'd.video',
        '!',
        'queue',
        '!',
      ],
      ...['identity', `eos-after=${PICTURES + 1}`, '!', 'filesink', `location=${file}`],
    ]);
    await ended(gst, 'the pipeline');
    expect(samplePictures(readFileSync(file))).toBe(PICTURES);
  });

  for (const [protocol, url] of [
    ['RTMP', () => b.rtmpUrl('live/s1')],
    ['HTTP-FLV', () => b.flvUrl('live/s1')],
  ] as const) {
    it(`VLC, over ${protocol}`, needs('cvlc', 'ffprobe'), async () => {
      const own = testScope();
      const folder = scratchFolder(own);
      const file = join(folder, 'played.ts');
      const play = ['-q', '--sout', `#std{access=file,mux=ts,dst=${file}}`, url(), 'vlc://quit'];
      // VLC does not run as root.
      chmodSync(folder, 0o777);
      const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'cvlc', ...play];
      const vlc =
        process.getuid?.() === 0
          ? player(own, 'setpriv', asNobody, folder)
          : player(own, 'cvlc', play, folder);
      await awaitCondition(
        `${PICTURES} pictures and as many sounds in its file`,
        async () => {
          const { video, audio } = await probeFrames(own, file);
          return video >= PICTURES && audio >= PICTURES;
        },
        {
          everyMs: 500,
          progress: () => statSync(file, { throwIfNoEntry: false })?.size,
          instead: () => vlc.testimony(),
        },
      );
      expect(vlc.exit, vlc.testimony()).toBeNull();
    });
  }
});
