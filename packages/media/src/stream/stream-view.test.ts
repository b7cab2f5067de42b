import { describe, expect, it } from 'vitest';
import { KEY } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { PlayerFeed } from './player-feed.js';
import { viewOfPlayer, viewOfSource } from './stream-view.js';

describe('who feeds a stream', () => {
  it('is nobody, or a publisher with its address and program', () => {
    const about = { kind: 'publisher', remote: '10.0.0.9:5', agent: 'obs', protocol: 'rtmp' } as const;
    expect(viewOfSource(null)).toStrictEqual({ source: 'none' });
    expect(viewOfSource(about)).toStrictEqual({
      source: 'publisher',
      publisher: { remote: '10.0.0.9:5', agent: 'obs', protocol: 'rtmp' },
    });
  });

  it('is a relay, with the way that it goes', () => {
    const about = { kind: 'relay', from: 'id-a', name: 'origin-a', through: null } as const;
    expect(viewOfSource(about)).toStrictEqual({ source: 'relay', relayFrom: 'id-a' });
    expect(viewOfSource({ ...about, through: 'id-c' })).toStrictEqual({
      source: 'relay',
      relayFrom: 'id-a',
      relayThrough: 'id-c',
    });
    // A worker's number may be 0.
    expect(viewOfSource({ ...about, worker: 0 })).toStrictEqual({
      source: 'relay',
      relayFrom: 'id-a',
      relayWorker: 0,
    });
  });
});

it('shows a player that waits or plays, and how its bytes are on', () => {
  const player = new MemoryPlayer('p1');
  const feed = new PlayerFeed(player, { queueBytesMax: 1, stuckMs: 1 }, { bytesOut: 0 });
  const own = {
    id: 'p1',
    protocol: 'rtmp',
    remote: '10.0.0.1:5000',
    agent: 'memory',
    sinceMs: 0,
    framesDropped: 0,
  };
  expect(viewOfPlayer(feed, false)).toStrictEqual({
    ...own,
    state: 'waiting',
    bytesOut: 0,
    queueBytes: 0,
  });
  const bytes = KEY(0).payload;
  player.queue.add({ bytes, frames: 1, atMs: 0, headers: null });
  player.queue.add({ bytes, frames: 1, atMs: 0, headers: null });
  player.queue.take(bytes.length);
  player.queue.taken();
  expect(viewOfPlayer(feed, true)).toStrictEqual({
    ...own,
    state: 'playing',
    bytesOut: bytes.length,
    queueBytes: bytes.length,
  });
});
