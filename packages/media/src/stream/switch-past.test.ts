import { describe, expect, it } from 'vitest';
import { AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { ownerOf, StreamWorld } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { replayEnd } from './frame-history.js';

const HEADERS = [METADATA(), VIDEO_HEADER(1), AUDIO_HEADER(1)];
const FRAME_BYTES = 10_000;

/** Pictures `from` to `to` of one encode, of 10 KB each: a keyframe every hundred. */
function pictures(encode: number, from: number, to: number): Frame[] {
  const frames: Frame[] = [];
  for (let id = from; id <= to; id += 1) {
    const make = id % 100 === 0 ? KEY : INTER;
    const { payload, ...frame } = make(id * 40, id, FRAME_BYTES);
    frames.push({ ...frame, payload: Buffer.concat([payload, Buffer.of(encode)]) });
  }
  return frames;
}

describe('a player whose kernel is full while the stream switches', () => {
  it.each([
    ['another encode, from its keyframe', 2, 190, [...Array(6).keys(), ...numbers(100, 199)]],
    ['the same encode, exactly', 1, 60, numbers(0, 69)],
  ])('to %s, gets all of it, however much that is beside its limit', (_what, encode, newest, expected) => {
    const world = new StreamWorld({ queueBytesMax: 20 * FRAME_BYTES, gopCacheBytesMax: 2_000_000 });
    const player = world.play();
    world.owners(ownerOf('a'), ownerOf('b'));
    const a = world.relay;
    a.events.started();
    for (const frame of [...HEADERS, ...pictures(1, 0, 5)]) a.events.frame(frame);
    player.isReading = false;
    world.fail('closed-by-server', a);
    const b = world.relay;
    b.events.started();
    for (const frame of [...HEADERS, ...pictures(encode, encode === 1 ? 0 : 100, newest), replayEnd()])
      b.events.frame(frame);
    // Nobody else has the next frame.
    if (encode === 2) world.fail('refused');
    for (const frame of pictures(encode, newest + 1, newest + 9)) {
      world.timers.pass(40);
      b.events.frame(frame);
    }
    player.resume();
    expect(world.traffic.framesDropped).toEqual({ queueBytes: 0, queueMs: 0 });
    const shown = player.story.filter((line) => /^video \d+ (key )?#/.test(line));
    expect(shown.map((line) => Number(line.split('#')[1]))).toEqual(expected);
  });
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
