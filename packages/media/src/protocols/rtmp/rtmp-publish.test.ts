import { MemoryLog } from '@headwater/testing/memory-log';
import { expect, it } from 'vitest';
import { PublishDesk } from '../../desks/publish/publish-desk.js';
import { MemoryStreams } from '../../testing/stream-world.js';
import type { RtmpPlace } from './rtmp-place.js';
import { RtmpPublish } from './rtmp-publish.js';
import type { StreamTarget } from './stream-target.js';

const KEY = '__defaultVhost__/live/s1';

/** A message stream; `leave`: what the last words of what was on it lead to. */
function placeOf(id: number, leave: () => void): RtmpPlace {
  const connect = { agent: 'test', canReconnect: false };
  const connection = { remote: '127.0.0.1:1', send: () => {} };
  const place = { connection, connect, stream: { id }, isAlone: () => false, leave };
  return place as unknown as RtmpPlace;
}

it('is given up by the desk where its connection is cut while the desk decides', () => {
  const claimed = new Set<string>();
  const desk = new PublishDesk(
    {
      streams: new MemoryStreams(),
      forwards: null,
      host: {
        member: 'here',
        owners: () => [],
        onOwnersChanged: () => () => {},
        claim: ({ key }) => claimed.add(key),
        release: (key) => claimed.delete(key),
        isDisputed: () => false,
        publishElsewhere: () => null,
        workerOf: () => null,
      },
      log: new MemoryLog(),
      onPublisherChanged: () => {},
    },
    { acceptsPublishers: true, idleMs: 60_000, policy: () => 'takeover' },
  );
  const target = {} as StreamTarget;
  // Both are on one connection. The first is told that it was taken over, and that is one answer too many unread.
  const second = new RtmpPublish(
    placeOf(2, () => {}),
    KEY,
    target,
  );
  const first = new RtmpPublish(
    placeOf(1, () => second.close()),
    KEY,
    target,
  );
  expect(first.begin(desk)).toBe(true);
  expect(second.begin(desk)).toBe(false);
  expect(desk.count).toBe(0);
  expect(claimed).toEqual(new Set());
});
