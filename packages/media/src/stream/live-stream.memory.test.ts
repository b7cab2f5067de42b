import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collect } from '../testing/collect.js';
import { AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';

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
