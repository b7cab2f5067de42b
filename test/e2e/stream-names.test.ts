import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { TestProcess } from '../support/child-process.js';
import { Cluster } from '../support/cluster.js';
import { publish } from '../support/ffmpeg.js';
import { FlvReader } from '../support/flv-reader.js';
import { cleanEnvironment, type OriginProcess } from '../support/origin-process.js';
import { type Scope, sharedScope, testScope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** An app of three parts: ffmpeg, mpv, GStreamer and rtmpdump each split the URL elsewhere. */
const DEEP = 'live/room/cam/main';
const ENCODED = 'live/%E7%9B%B4%E6%92%AD';
const PICTURES = 25;
const DEADLINE_MS = 40_000;

function run(scope: Scope, command: string, args: readonly string[]): TestProcess {
  const process = new TestProcess(scope, command, args, { env: cleanEnvironment() });
  process.stopSignal = 'SIGKILL';
  return process;
}

/** Waits until the program has ended by itself, without an error. */
async function ended(process: TestProcess): Promise<void> {
  const instead = () => process.testimony();
  await awaitCondition('the player to end', () => process.exit !== null, {
    deadlineMs: DEADLINE_MS,
    instead,
  });
  expect(process.exit?.code, process.testimony()).toBe(0);
}

describe('one stream, however a client splits its URL', needs('ffmpeg'), () => {
  const scope = sharedScope();
  let a: OriginProcess;
  beforeAll(async () => {
    const cluster = await Cluster.start(scope, { names: ['a'] });
    a = cluster.member(0);
    publish(scope, a.rtmpUrl(DEEP));
    await cluster.owned(DEEP, ['a']);
    publish(scope, a.rtmpUrl(ENCODED));
    await cluster.owned(decodeURIComponent(ENCODED), ['a']);
  });

  for (const path of [DEEP, ENCODED]) {
    it(`ffmpeg plays ${path}, by RTMP and HTTP`, async () => {
      for (const url of [a.rtmpUrl(path), a.flvUrl(path)]) {
        const args = ['-v', 'error', '-nostdin', '-i', url, '-frames:v', String(PICTURES), '-f', 'null', '-'];
        await ended(run(testScope(), 'ffmpeg', args));
      }
    });

    it(`mpv plays ${path}`, needs('mpv'), async () => {
      const quiet = ['--no-config', '--vo=null', '--ao=null', `--frames=${PICTURES}`];
      const mpv = run(testScope(), 'mpv', [...quiet, a.rtmpUrl(path)]);
      mpv.child.stdin?.end();
      await ended(mpv);
    });

    it(`rtmpdump plays ${path}`, needs('rtmpdump'), async () => {
      const own = testScope();
      const file = join(scratchFolder(own), 'played.flv');
      const dump = run(own, 'rtmpdump', ['-q', '--live', '--rtmp', a.rtmpUrl(path), '--flv', file]);
      const pictures = () => {
        const reader = new FlvReader();
        reader.push(readFileSync(file));
        return reader.pictures.length;
      };
      const instead = () => dump.testimony();
      await awaitCondition('pictures in its file', () => pictures() >= PICTURES, {
        deadlineMs: DEADLINE_MS,
        instead,
      });
    });

    it(`GStreamer plays ${path}`, needs('gst-launch-1.0 with rtmp2src'), async () => {
      const source = ['-q', 'rtmp2src', `location=${a.rtmpUrl(path)}`, '!', 'flvdemux', 'name=d'];
      const sink = ['d.video', '!', 'queue', '!', 'identity', `eos-after=${PICTURES}`, '!', 'fakesink'];
      await ended(run(testScope(), 'gst-launch-1.0', [...source, ...sink]));
    });
  }

  it('GStreamer publishes what ffmpeg plays', needs('gst-launch-1.0 with rtmp2src'), async () => {
    const own = testScope();
    const url = a.rtmpUrl('live/of/gst/s1');
    const args = ['-v', 'error', '-nostdin', '-i', url, '-frames:v', String(PICTURES), '-f', 'null', '-'];
    const player = run(own, 'ffmpeg', args);
    const source = ['-q', 'filesrc', `location=${inject('sampleFlv')}`, '!', 'flvdemux', 'name=d', 'd.video'];
    const paced = ['!', 'queue', '!', 'identity', 'sync=true', '!', 'flvmux', 'streamable=true', '!'];
    run(own, 'gst-launch-1.0', [...source, ...paced, 'rtmp2sink', `location=${url}`]);
    await ended(player);
  });
});

describe('a player whose user seeks in a live stream', needs('ffmpeg', 'mpv'), () => {
  it('goes on', async () => {
    const own = testScope();
    const cluster = await Cluster.start(own, { names: ['a'] });
    const a = cluster.member(0);
    publish(own, a.rtmpUrl('live/s1'));
    await cluster.owned('live/s1', ['a']);
    const commands = join(scratchFolder(own), 'commands');
    const quiet = ['--no-config', '--vo=null', '--ao=null', `--input-ipc-server=${commands}`];
    const mpv = run(own, 'mpv', [...quiet, a.rtmpUrl('live/s1')]);
    const events: string[] = [];
    const answers = new Map<number, string>();
    const instead = () => `${events.join()}\n${mpv.testimony()}`;
    const heard = (what: string, condition: () => boolean) =>
      awaitCondition(what, condition, { deadlineMs: DEADLINE_MS, instead });
    const socket = await awaitCondition('mpv to listen', () => connected(commands), {
      deadlineMs: DEADLINE_MS,
      instead,
    });
    own.defer(() => socket.destroy());
    createInterface({ input: socket }).on('line', (line) => {
      const { event, error, request_id: id } = JSON.parse(line) as MpvLine;
      if (event !== undefined) events.push(event);
      else if (id !== undefined) answers.set(id, error ?? '');
    });
    // It may have begun to play before anybody listened.
    await heard('mpv to play', () => {
      socket.write('{"command":["get_property","playback-time"],"request_id":1}\n');
      return answers.get(1) === 'success';
    });
    socket.write('{"command":["seek",10],"request_id":2}\n');
    await heard('the seek, and a start after it', () => {
      const sought = events.indexOf('seek');
      return sought >= 0 && events.includes('playback-restart', sought);
    });
    expect(answers.get(2)).toBe('success');
    expect(events).not.toContain('end-file');
    expect(mpv.exit).toBeNull();
  });
});

interface MpvLine {
  readonly event?: string;
  readonly error?: string;
  readonly request_id?: number;
}

/** Null where nobody listens there yet: the file is there a moment before. */
function connected(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(null));
  });
}
