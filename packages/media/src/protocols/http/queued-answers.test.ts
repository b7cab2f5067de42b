import { connect, type Socket } from 'node:net';
import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { MemoryLog } from '@headwater/testing/memory-log';
import { until } from '@headwater/testing/until';
import { afterEach, beforeEach, it } from 'vitest';
import { createMedia } from '../../create-media.js';
import type { Media } from '../../media.js';
import { KEY, VIDEO_HEADER } from '../../testing/frames.js';
import { mediaOptions } from '../../testing/media-options.js';
import { MemoryMesh } from '../../testing/memory-mesh.js';
import { BOTH_TRACKS, flvHeader } from '../../wire/flv/flv-header.js';
import { flvTag } from '../../wire/flv/flv-tag.js';

const NAME = '__defaultVhost__/live/s';

let closed: number;
/** Says nothing about `held`, as where it holds its answer back. */
const holding: Guard = {
  ...OPEN_GUARD,
  client: (about) => ({
    ...OPEN_GUARD.client(about),
    lets: () => false,
    judge: (ask) =>
      ask.name.stream === 'held' ? new Promise(() => {}) : OPEN_GUARD.client(about).judge(ask),
    closed: () => {
      closed += 1;
    },
  }),
};

let media: Media;
let socket: Socket;
beforeEach(async () => {
  closed = 0;
  const mesh = new MemoryMesh();
  media = createMedia(mediaOptions('a', {}), mesh.host('a'), new MemoryLog(), { guard: holding });
  await media.start();
  socket = connect(media.ports.http, '127.0.0.1');
});
afterEach(async () => {
  socket.destroy();
  await media.stop();
});

/** Sends a request that is not answered, and another one behind it. */
function sendBehind(request: string): void {
  socket.write(`HEAD /live/held.flv HTTP/1.1\r\nHost: x\r\n\r\n${request}`);
}

it('a player whose turn to be answered never came is gone with its connection', async () => {
  sendBehind('GET /live/s.flv HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => media.stream(NAME)?.players.length === 1, 'the player');
  socket.destroy();
  await until(() => (media.stream(NAME)?.players ?? []).length === 0, 'the player to be gone');
  await until(() => closed === 2, 'the guard to hear of both ends');
});

it('so is a publisher', async () => {
  sendBehind('POST /live/s.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
  for (const part of [
    flvHeader(BOTH_TRACKS),
    ...[VIDEO_HEADER(), KEY(0)].map((frame) => flvTag(frame.kind, 0, frame.payload)),
  ])
    socket.write(part);
  await until(() => media.stream(NAME)?.publisher !== undefined, 'the publisher');
  socket.destroy();
  await until(() => media.stream(NAME)?.publisher === undefined, 'the publisher to be gone');
  await until(() => closed === 2, 'the guard to hear of both ends');
});
