import { expect, it } from 'vitest';
import { MadeEncode } from './made-encode.js';
import { MemberStates } from './member-states.js';
import { type Feed, Supply } from './supply.js';

const encode = new MadeEncode({ id: 'e', stream: 'live/s', gopFrames: 25, look: 1 });

function sent(supply: Supply, feed: Feed, first: number, last: number): void {
  for (let number = first; number <= last; number += 1)
    supply.sent(feed, 'video', number, encode.timeOf('video', number));
}

it('knows what a source had for certain: all that it sent, without a pause, a while after its begin', () => {
  const supply = new Supply(new MemberStates(2));
  const feed = supply.open('out', encode, 0);
  sent(supply, feed, 0, 500);
  expect(supply.hadOf('e', 'video', 100, 149)).toEqual({ count: 50, feed });
  // It had begun just before.
  expect(supply.hadOf('e', 'video', 50, 60)).toBeNull();
  expect(supply.hadOf('e', 'audio', 100, 149)).toBeNull();
});

it('does not count what went out just before a pause, or over one', () => {
  const supply = new Supply(new MemberStates(2));
  const feed = supply.open('out', encode, 0);
  sent(supply, feed, 0, 200);
  supply.paused(feed, 8_000);
  sent(supply, feed, 300, 500);
  expect(supply.hadOf('e', 'video', 170, 310)).toEqual({ count: 6, feed });
  expect(supply.hadOf('e', 'video', 190, 310)).toBeNull();
});

it('does not count a source whose member was down', () => {
  const states = new MemberStates(2);
  const supply = new Supply(states);
  const feed = supply.open('out', encode, 1);
  sent(supply, feed, 0, 500);
  states.become(1, 'killed', 7_000);
  expect(supply.hadOf('e', 'video', 140, 180)).toEqual({ count: 10, feed });
  expect(supply.hadOf('e', 'video', 180, 185)).toBeNull();
});

it('knows since when anybody sends that can be reached', () => {
  const states = new MemberStates(2);
  const supply = new Supply(states);
  expect(supply.usableSinceMs('live/s')).toBeNull();
  const one = supply.open('one', encode, 0);
  const two = supply.open('two', encode, 1);
  supply.sent(one, 'video', 0, 100);
  supply.sent(two, 'video', 0, 900);
  expect(supply.usableSinceMs('live/s')).toBe(100);
  expect(supply.usableSinceMs('live/other')).toBeNull();
  states.become(0, 'stopped', 1_000);
  expect(supply.usableSinceMs('live/s')).toBe(900);
  states.become(0, 'up', 2_000);
  supply.paused(two, 3_000);
  expect(supply.usableSinceMs('live/s')).toBe(2_000);
  supply.sent(two, 'video', 9, 4_000);
  supply.paused(one, 5_000);
  expect(supply.usableSinceMs('live/s')).toBe(4_000);
});

it('lets go of what went out before a time, and goes on with what is sent still', () => {
  const supply = new Supply(new MemberStates(2));
  const over = supply.open('over', encode, 0);
  const feed = supply.open('out', encode, 1);
  sent(supply, over, 0, 100);
  supply.paused(over, 4_000);
  sent(supply, feed, 0, 500);
  supply.forget(10_000);
  expect(supply.firstSentMs('e', 'video', 249)).toBeUndefined();
  expect(supply.firstSentMs('e', 'video', 250)).toBe(10_000);
  expect(supply.hadOf('e', 'video', 300, 349)).toEqual({ count: 50, feed });
  expect(supply.usableSinceMs('live/s')).toBe(0);
  expect(supply.isAlive('e', 5_000, 2_000)).toBe(true);
  // The one that was silent for so long is there again.
  supply.paused(feed, 20_000);
  supply.forget(30_000);
  expect(supply.usableSinceMs('live/s')).toBeNull();
  supply.sent(over, 'video', 900, 36_000);
  expect(supply.usableSinceMs('live/s')).toBe(36_000);
});

it('does not count a source that was gone when the player began with old frames', () => {
  const states = new MemberStates(2);
  const supply = new Supply(states);
  const feed = supply.open('out', encode, 0);
  sent(supply, feed, 0, 500);
  states.become(0, 'draining', 12_000);
  expect(supply.hadOf('e', 'video', 200, 210, 8_000)).toEqual({ count: 11, feed });
  expect(supply.hadOf('e', 'video', 200, 210, 15_000)).toBeNull();
});
