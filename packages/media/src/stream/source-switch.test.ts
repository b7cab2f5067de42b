import { beforeEach, describe, expect, it } from 'vitest';
import { AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import type { MemoryPlayer } from '../testing/memory-player.js';
import { ownerOf, StreamWorld } from '../testing/stream-world.js';
import { replayEnd } from './frame-history.js';

let world: StreamWorld;
let player: MemoryPlayer;

beforeEach(() => {
  world = new StreamWorld();
  player = world.play();
});

/** Media of one owner begins, with a keyframe; what it had before comes first where it was asked for. */
function flow(id: number, fromMs = 0): void {
  const { events, replayMs } = world.relay;
  events.started();
  events.frame(VIDEO_HEADER(id));
  events.frame(AUDIO_HEADER(id));
  events.frame(KEY(fromMs, id));
  for (let i = 1; i < 6; i += 1) events.frame(INTER(fromMs + 40 * i, id));
  if (replayMs > 0) events.frame(replayEnd());
}

/** Frames in their own time, every 40 ms. */
function frames(id: number, fromMs: number, count: number): void {
  for (let i = 0; i < count; i += 1) {
    world.timers.pass(40);
    world.relay.events.frame(INTER(fromMs + i * 40, id));
  }
}

const relayFrom = () => (world.stream.source?.kind === 'relay' ? world.stream.source.from : null);

describe('the owner that a stream is pulled from', () => {
  it('is the best one, and nobody else', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    expect(world.stream.source).toBeNull();
    flow(1);
    expect(relayFrom()).toBe('a');
    expect(world.order).toEqual(['a']);
    expect(player.story).toContain('video 0 key #1');
  });

  it('is the next one when the connection breaks: new headers, keyframe, time going on', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1, 1000);
    world.fail('closed-by-server');
    expect(world.order).toEqual(['a', 'b']);
    flow(2, 90_000);
    // It may have the very next frame still.
    expect(world.order).toEqual(['a', 'b', 'a']);
    world.fail('refused');
    expect(relayFrom()).toBe('b');
    const video = player.story.filter((line) => line.startsWith('video'));
    expect(video.slice(-7, -4)).toEqual(['video 1240 header #2', 'video 1240 key #2', 'video 1280 #2']);
    expect(world.log.of('relay pulls').map(({ to, from, reason }) => [to, from, reason])).toEqual([
      ['a', null, 'started'],
      ['b', 'a', 'closed-by-server'],
      ['a', 'a', 'retry'],
    ]);
  });

  it('is sought among all, then after a wait again from the best', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    world.fail('refused');
    world.fail('unreachable');
    expect(world.order).toEqual(['a', 'b']);
    world.timers.pass(499);
    expect(world.order).toEqual(['a', 'b']);
    world.timers.pass(1);
    expect(world.order).toEqual(['a', 'b', 'a']);
  });

  it('is another one when media stops for 500 ms at 25 frames a second', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    frames(1, 240, 20);
    world.timers.pass(499);
    expect(world.order).toEqual(['a']);
    world.timers.pass(1);
    expect(world.order).toEqual(['a', 'b']);
    expect(world.log.of('relay lost its owner')).toMatchObject([
      { owner: 'a', reason: 'stalled', silentMs: 500 },
    ]);
    flow(2);
    expect(relayFrom()).toBe('b');
    expect(world.open.map(({ owner }) => owner)).toEqual(['b']);
  });

  it('stays where media goes on while another one was tried', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    world.timers.pass(500);
    expect(world.order).toEqual(['a', 'b']);
    world.opened[0]?.events.frame(INTER(240, 1));
    expect(world.open.map(({ owner }) => owner)).toEqual(['a']);
    expect(relayFrom()).toBe('a');
  });

  it('does not swing between two that both stand still, and is the one that goes on', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    world.timers.pass(600);
    flow(2);
    world.timers.pass(600);
    expect(world.order).toEqual(['a', 'b']);
    expect(world.log.of('relay stalls')).toHaveLength(1);
    world.timers.pass(1000);
    // The other one is asked again, beside the one that feeds the stream.
    expect(world.order).toEqual(['a', 'b', 'a']);
    expect([relayFrom(), world.open.length]).toEqual(['b', 2]);
    for (let i = 0; i < 100; i += 1) {
      world.timers.pass(40);
      world.opened[1]?.events.frame(INTER(240 + i * 40, 2));
    }
    expect([relayFrom(), world.open.map(({ owner }) => owner)]).toEqual(['b', ['b']]);
    expect(player.story.filter((line) => line.endsWith('#2')).length).toBeGreaterThan(100);
  });

  it('is asked again at once where its connection broke after it was well, after all others', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    frames(1, 240, 20);
    world.fail('closed-by-server');
    world.fail('unreachable');
    expect(world.order).toEqual(['a', 'b', 'a']);
    world.fail('unreachable');
    expect(world.order).toEqual(['a', 'b', 'a']);
    world.timers.pass(500);
    expect(world.order).toEqual(['a', 'b', 'a', 'b']);
  });

  it('is kept though it stalls while nobody else has the stream, but not on one connection for ever', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.timers.pass(4900);
    expect(world.order).toEqual(['a']);
    world.timers.pass(700);
    expect(world.order).toEqual(['a', 'a']);
  });

  it('is kept for as long as it says itself that it is silent', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.owners(ownerOf('a', { silent: true }));
    world.timers.pass(60_000);
    expect(world.order).toEqual(['a']);
    expect(relayFrom()).toBe('a');
  });

  it('is left when it stalls, as soon as there is another', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.timers.pass(1000);
    world.owners(ownerOf('a'), ownerOf('c'));
    expect(world.order).toEqual(['a', 'c']);
  });

  it('is not left for one that is silent too', () => {
    world.owners(ownerOf('a'), ownerOf('b', { silent: true }));
    flow(1);
    world.timers.pass(3000);
    expect(world.order).toEqual(['a']);
    world.owners(ownerOf('b'), ownerOf('a', { silent: true }));
    expect(world.order).toEqual(['a', 'b']);
  });

  it('stays the same when a better one comes while media flows', () => {
    world.owners(ownerOf('b'));
    flow(1);
    world.owners(ownerOf('a', { sinceMs: 0 }), ownerOf('b'));
    frames(1, 240, 100);
    expect(world.order).toEqual(['b']);
  });

  it('stays the same after it left the list while its media flows, and is left sooner once that stops', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    frames(1, 240, 10);
    world.owners(ownerOf('b'));
    frames(1, 640, 50);
    expect(world.order).toEqual(['a']);
    world.timers.pass(120);
    expect(world.order).toEqual(['a', 'b']);
    expect(world.log.of('relay lost its owner')).toMatchObject([{ reason: 'owner-left' }]);
  });

  it('is given up where it left the list before it answered', () => {
    world.owners(ownerOf('a'));
    world.owners(ownerOf('b'));
    expect(world.order).toEqual(['a', 'b']);
    expect(world.open).toHaveLength(1);
  });

  it('is nobody when the last one has gone: the stream has no source, nothing is left behind', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.owners();
    frames(1, 240, 10);
    expect(relayFrom()).toBe('a');
    world.fail('closed-by-server');
    world.timers.pass(1000);
    expect(world.stream.source).toBeNull();
    expect(world.told).toEqual([true, false]);
    expect(world.timers.pending).toBe(0);
    world.owners(ownerOf('c'));
    expect([world.relay.owner, world.relay.replayMs]).toEqual(['c', 0]);
  });

  it('may be another one within a second of the loss of the last: an edge moved its publisher there', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.owners();
    world.fail('closed-by-server');
    world.timers.pass(999);
    expect(world.told).toEqual([true]);
    world.owners(ownerOf('c'));
    // It is to go on with the very next frame.
    expect(world.relay.owner).toBe('c');
    expect(world.relay.replayMs).toBeGreaterThan(0);
  });

  it('is nobody at once where its publisher ended', () => {
    world.owners(ownerOf('a'));
    flow(1);
    world.owners();
    world.relay.events.ended({ code: 'publisher-ended', text: '', isOrdinary: true });
    expect(world.told).toEqual([true, false]);
  });

  it('is tried again at once where it claimed the stream anew', () => {
    world.owners(ownerOf('a', { sinceMs: 1 }));
    world.fail('refused');
    world.owners(ownerOf('a', { sinceMs: 1 }));
    expect(world.order).toEqual(['a']);
    world.owners(ownerOf('a', { sinceMs: 2 }));
    expect(world.order).toEqual(['a', 'a']);
  });

  it('is not blamed for our own standstill', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    frames(1, 240, 5);
    world.timers.freeze(3000);
    // Whatever comes first after it: a timer, or another event.
    world.owners(ownerOf('a'), ownerOf('b'));
    world.timers.pass(0);
    world.relay.events.frame(INTER(3000, 1));
    world.timers.pass(300);
    expect(world.order).toEqual(['a']);
    world.timers.pass(300);
    expect(world.order).toEqual(['a', 'b']);
  });

  it('is not forgotten for a silent publisher when we stand still: that one is as silent as before', () => {
    const flows: boolean[] = [];
    const feed = world.publish({ flow: (isFlowing) => flows.push(isFlowing) });
    for (const frame of [VIDEO_HEADER(1), KEY(0, 1), INTER(40, 1), INTER(80, 1)]) feed.push(frame);
    world.owners(ownerOf('b'));
    world.timers.pass(800);
    expect([flows, world.order]).toEqual([[true, false], ['b']]);
    world.timers.freeze(700);
    world.timers.pass(0);
    world.owners(ownerOf('b'), ownerOf('c'));
    expect([flows, world.open.length]).toEqual([[true, false], 1]);
    flow(2);
    expect(world.order).toEqual(['b', 'c']);
    world.fail('refused');
    expect(relayFrom()).toBe('b');
  });

  it('is moved away from when it drains and another one stays: exact where it can be', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    world.owners(ownerOf('b'), ownerOf('a', { draining: true }));
    expect(world.order).toEqual(['a', 'b']);
    expect(relayFrom()).toBe('a');
    const [a, b] = world.opened;
    b?.events.started();
    for (const frame of [KEY(0, 1), ...[1, 2, 3, 4, 5, 6].map((i) => INTER(40 * i, 1)), replayEnd()])
      b?.events.frame(frame);
    expect(relayFrom()).toBe('b');
    expect([a?.isOpen, b?.isOpen]).toEqual([false, true]);
    expect(world.log.of('relay switched owner')).toMatchObject([
      { owner: 'b', ownerId: 'b', splice: 'exact' },
    ]);
  });

  it('is kept though it drains where nobody else stays', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    world.owners(ownerOf('a', { draining: true }), ownerOf('b', { draining: true }));
    frames(1, 240, 50);
    expect(world.order).toEqual(['a']);
  });
});

describe('relays', () => {
  it('end when the last player leaves, after the time given', () => {
    world = new StreamWorld({ lingerMs: 500 });
    player = world.play();
    world.owners(ownerOf('a'));
    flow(1);
    world.stream.remove(player);
    world.timers.pass(499);
    expect(world.open).toHaveLength(1);
    const late = world.play('late');
    frames(1, 240, 50);
    expect(world.open).toHaveLength(1);
    world.stream.remove(late);
    world.timers.pass(500);
    expect([world.open.length, world.stream.source, world.stream.isIdle]).toEqual([0, null, true]);
    expect(world.timers.pending).toBe(0);
    expect(world.idleCount).toBeGreaterThan(0);
  });

  it('are opened for nobody', () => {
    world.stream.remove(player);
    world.owners(ownerOf('a'));
    const feed = world.publish();
    world.timers.pass(60_000);
    feed.end();
    world.timers.pass(60_000);
    expect(world.opened).toEqual([]);
    expect(world.stream.isIdle).toBe(true);
  });

  it('end without a trace when the stream is closed', () => {
    world.owners(ownerOf('a'), ownerOf('b'));
    flow(1);
    const { events } = world.relay;
    world.stream.close();
    events.frame(KEY(500, 9));
    expect(world.open).toEqual([]);
    expect(world.timers.pending).toBe(0);
    expect(player.story.at(-1)).not.toContain('#9');
  });
});
