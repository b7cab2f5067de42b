import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collect } from '../testing/collect.js';
import { AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';
import { PAGE_BYTES, PAGES } from './page-pool.js';

const encode = (from: number, to: number): Frame[] =>
  Array.from({ length: to - from + 1 }, (_, index) => {
    const id = from + index;
    return id % 10 === 0 ? KEY(id * 40, id) : INTER(id * 40, id);
  });

/** Bytes of a picture that came with the frames at which a stream went on exactly. */
function goOnExactly(world: StreamWorld): WeakRef<Buffer> {
  world.relay.events.started();
  for (const frame of [VIDEO_HEADER(1), AUDIO_HEADER(1), ...encode(10, 35)]) world.relay.events.frame(frame);
  world.fail('closed-by-server');
  world.relay.events.started();
  const next = encode(15, 45);
  for (const frame of [VIDEO_HEADER(1), AUDIO_HEADER(1), ...next, replayEnd()])
    world.relay.events.frame(frame);
  return new WeakRef(next.at(-1)?.payload ?? Buffer.of());
}

describe('a stream that went on exactly', () => {
  it('lets go of what it went on with once that is old', async () => {
    // Nobody plays, so that its bytes lie in no wire form.
    const world = new StreamWorld({ replayMs: 1000, lingerMs: 60_000 });
    world.owners(ownerOf('a'), ownerOf('b'));
    world.stream.remove(world.play());
    const bytes = goOnExactly(world);
    expect(world.log.of('relay switched owner')).toMatchObject([{ splice: 'exact' }]);
    for (const frame of encode(46, 200)) {
      world.timers.pass(40);
      world.relay.events.frame(frame);
    }
    // What waits for no player is gathered by the real clock until one comes.
    world.play('late');
    await turn();
    collect();
    expect(bytes.deref()).toBeUndefined();
  });
});

describe('the pages of a stream', () => {
  it('are given back when its source is gone but for what was sent, and all when it is closed', () => {
    const before = PAGES.lent;
    const world = new StreamWorld({ replayMs: 60_000 });
    const feed = world.publish();
    const player = world.play();
    world.stream.addPull(new MemoryPlayer('pull'), 1000);
    for (const frame of [VIDEO_HEADER(1), ...encode(0, 99)]) {
      feed.push(frame);
      world.timers.pass(40);
    }
    const large = INTER(4_000, 100, 100_000);
    feed.push(large);
    const lent = PAGES.lent - before;
    // One page with the small ones, and what the large one takes: the source, what was sent and the GOP share them.
    expect(lent).toBeLessThanOrEqual(1 + Math.ceil(large.payload.length / PAGE_BYTES));
    feed.end();
    expect(PAGES.lent - before).toBeLessThanOrEqual(lent);
    world.stream.remove(player);
    world.stream.close();
    expect(PAGES.lent).toBe(before);
  });

  it('are given back by relays that are closed, lost, or feed the stream', () => {
    const before = PAGES.lent;
    const world = new StreamWorld({ replayMs: 60_000 });
    world.owners(ownerOf('a'), ownerOf('b'));
    world.play();
    goOnExactly(world);
    world.fail('closed-by-server');
    world.stream.close();
    expect(PAGES.lent).toBe(before);
  });
});
