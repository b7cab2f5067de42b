import { MemoryLog } from '@headwater/testing/memory-log';
import { expect, it } from 'vitest';
import { INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ManualTimers } from '../testing/manual-timers.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, STREAM_LIMITS } from '../testing/stream-world.js';
import { LiveStream } from './live-stream.js';
import type { UpstreamEvents } from './upstream.js';

it('a stream that is let go while it tells that it lost its source opens nothing any more', () => {
  const timers = new ManualTimers();
  const opened: UpstreamEvents[] = [];
  const players = [new MemoryPlayer('one'), new MemoryPlayer('two')] as const;
  let isClosed = false;
  let isFailing = false;
  const stream: LiveStream = new LiveStream('__defaultVhost__/live/s', {
    limits: { ...STREAM_LIMITS, lingerMs: 60_000, retryMs: 700 },
    traffic: { bytesOut: 0, framesDropped: { queueBytes: 0, queueMs: 0 } },
    timers,
    log: new MemoryLog(),
    open: (_owner, _key, _replayMs, events) => {
      opened.push(events);
      if (isFailing) timers.after(0, () => events.ended({ code: 'refused', text: '', isOrdinary: false }));
      return { close: () => {} };
    },
    detours: () => [],
    // As of a player that can be sent elsewhere.
    onSourceChanged: (hasSource) => {
      if (!hasSource) stream.remove(players[1]);
    },
    // Once, as the table does.
    onIdle: () => {
      if (!isClosed) stream.close();
      isClosed = true;
    },
  });
  stream.add(players[0]);
  stream.setOwners([ownerOf('a')]);
  opened[0]?.started();
  for (const frame of [VIDEO_HEADER(), KEY(0, 1), INTER(40, 2)]) opened[0]?.frame(frame);
  stream.remove(players[0]);
  stream.add(players[1]);
  isFailing = true;
  expect([opened.length, isClosed]).toEqual([1, false]);
  opened[0]?.ended({ code: 'closed-by-server', text: '', isOrdinary: false });
  for (let ms = 0; ms < 20_000 && !isClosed; ms += 1) timers.pass(1);
  expect(isClosed).toBe(true);
  const count = opened.length;
  timers.pass(70_000);
  expect([opened.length - count, timers.pending]).toEqual([0, 0]);
});
