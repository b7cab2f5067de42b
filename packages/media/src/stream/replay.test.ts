import { describe, expect, it } from 'vitest';
import { INTER } from '../testing/frames.js';
import { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';
import { replayBatches } from './replay.js';

const packetsAt = (...times: readonly number[]): MediaPacket[] =>
  times.map((atMs) => new MediaPacket(INTER(atMs), atMs));

/** Packets that went out together. */
function batchOf(...packets: readonly MediaPacket[]): PacketBatch {
  const batch = new PacketBatch(packets, 5);
  for (const packet of packets) packet.batch = batch;
  return batch;
}

const timesOf = (batches: readonly PacketBatch[]): number[][] =>
  batches.map(({ packets }) => packets.map(({ timestampMs }) => timestampMs));

describe('replayBatches', () => {
  it('gives the very batches that went out, where they are whole', () => {
    const packets = packetsAt(0, 40, 80, 120, 160, 200);
    const first = batchOf(...packets.slice(0, 2));
    const second = batchOf(...packets.slice(3, 5));
    const batches = replayBatches(packets, 1000);
    expect(timesOf(batches)).toEqual([[0, 40], [80], [120, 160], [200]]);
    expect([batches[0], batches[2]]).toEqual([first, second]);
    expect([batches[0] === first, batches[2] === second]).toEqual([true, true]);
  });

  it('makes what is left of a batch anew', () => {
    const packets = packetsAt(0, 40, 80, 120);
    batchOf(...packets.slice(0, 2));
    batchOf(...packets.slice(2), ...packetsAt(160));
    expect(timesOf(replayBatches(packets.slice(1), 1000))).toEqual([[40, 80, 120]]);
  });

  it('gives new batches the age that their frames have', () => {
    const packets = packetsAt(2 ** 32 - 40, 0, 40);
    batchOf(...packets.slice(1, 2));
    expect(replayBatches(packets, 1000).map(({ atMs }) => atMs)).toEqual([920, 5, 1000]);
    expect(replayBatches([], 1000)).toEqual([]);
  });
});
