import { describe, expect, it } from 'vitest';
import { AUDIO, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import type { Frame } from '../wire/frame.js';
import { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';
import { PIECE_BYTES_MAX } from './player-queue.js';
import { pastOf, replayBatches } from './replay.js';

const packetsAt = (...times: readonly number[]): MediaPacket[] =>
  times.map((atMs) => new MediaPacket(INTER(atMs), atMs));

const timesOf = (batches: readonly PacketBatch[]): number[][] =>
  batches.map(({ packets }) => packets.map(({ timestampMs }) => timestampMs));

describe('replayBatches', () => {
  it('gives all packets in order, in as few batches as there are pieces', () => {
    const packets = Array.from(
      { length: 5 },
      (_, index) => new MediaPacket(INTER(index, index, PIECE_BYTES_MAX / 2 - 6), index),
    );
    expect(timesOf(replayBatches(packets, 1000))).toEqual([[0, 1], [2, 3], [4]]);
    const large = new MediaPacket(INTER(9, 9, PIECE_BYTES_MAX), 9);
    expect(timesOf(replayBatches([...packetsAt(0, 5), large, ...packetsAt(10)], 1000))).toEqual([
      [0, 5],
      [9],
      [10],
    ]);
  });

  it('gives batches the age that their frames have', () => {
    const packets = packetsAt(2 ** 32 - 40, 0, 40);
    expect(replayBatches(packets, 1000).map(({ atMs }) => atMs)).toEqual([920]);
    expect(replayBatches([], 1000)).toEqual([]);
  });
});

describe('the past that a player is given', () => {
  const batch = (...frames: readonly Frame[]) =>
    new PacketBatch(
      frames.map((frame) => new MediaPacket(frame, frame.timestampMs)),
      7,
    );

  it('says what is in it, headers not counted', () => {
    expect(pastOf([batch(AUDIO(0)), batch(VIDEO_HEADER(1))])).toMatchObject({
      atMs: 7,
      startsWithVideo: false,
      kinds: new Set(['audio']),
    });
    expect(pastOf([batch(KEY(0), AUDIO(5))])).toMatchObject({
      startsWithVideo: true,
      kinds: new Set(['video', 'audio']),
    });
  });
});
