import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { probeFrames, publish } from '../support/ffmpeg.js';
import { FlvReader } from '../support/flv-reader.js';
import { cleanEnvironment, type OriginProcess } from '../support/origin-process.js';
import { type Scope, sharedScope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

const PLAY_MS = 40_000;
/** Two seconds of pictures. */
const PICTURES = 50;
/** What an FLV tag of AVC has before the picture itself (Adobe FLV 10.1, E.4.3). */
const AVC_HEADER_BYTES = 5;

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
  await awaitCondition(`${what} to end`, () => process.exit !== null, { deadlineMs: PLAY_MS, instead });
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
      deadlineMs: PLAY_MS,
      instead: () => dump.testimony(),
    });
    expect(dump.exit).toBeNull();
  });

  for (const [protocol, url] of [
    ['RTMP', () => b.rtmpUrl('live/s1')],
    ['HTTP-FLV', () => b.flvUrl('live/s1')],
  ] as const) {
    it(`mpv, over ${protocol}`, needs('mpv'), async () => {
      const status = 'picture $' + '{estimated-frame-number} of $' + '{width}x$' + '{height}';
      const mpv = player(testScope(), 'mpv', [
        ...['--no-config', '--vo=null', '--ao=null', `--frames=${PICTURES}`],
        ...[`--term-status-msg=${status}`, url()],
      ]);
      mpv.child.stdin?.end();
      await ended(mpv, 'mpv');
      const words = [...mpv.stdout, ...mpv.stderr].join('\n');
      const counted = [...words.matchAll(/picture (\d+) of 320x180/g)].map(([, number]) => Number(number));
      expect(Math.max(0, ...counted), words).toBeGreaterThanOrEqual(PICTURES - 1);
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
      const play = [
        '-q',
        '--run-time=4',
        '--sout',
        `#std{access=file,mux=ts,dst=${file}}`,
        url(),
        'vlc://quit',
      ];
      // VLC does not run as root.
      chmodSync(folder, 0o777);
      const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'cvlc', ...play];
      const vlc =
        process.getuid?.() === 0
          ? player(own, 'setpriv', asNobody, folder)
          : player(own, 'cvlc', play, folder);
      await ended(vlc, 'VLC');
      const { video, audio } = await probeFrames(own, file, 10);
      expect(video, vlc.testimony()).toBeGreaterThanOrEqual(PICTURES);
      expect(audio, vlc.testimony()).toBeGreaterThanOrEqual(PICTURES);
    });
  }
});
