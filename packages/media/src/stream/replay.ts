import type { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';
import type { Past } from './player-feed.js';
import { PIECE_BYTES_MAX } from './player-queue.js';

/** The last seconds of a stream, for another member's pull that has to find its place. */
export interface Replay {
  /** No headers among them. */
  readonly packets: readonly MediaPacket[];
  /** Says that the replay is over, and what follows is live; null where nobody asked. */
  readonly end: MediaPacket | null;
}

/** The packets as batches, as old as their first one. */
export function replayBatches(packets: readonly MediaPacket[], nowMs: number): PacketBatch[] {
  const lastMs = packets.at(-1)?.timestampMs ?? 0;
  const batches: PacketBatch[] = [];
  let batch: MediaPacket[] = [];
  let bytes = 0;
  const end = () => {
    const [first] = batch;
    if (first !== undefined)
      batches.push(new PacketBatch(batch, nowMs - ((lastMs - first.timestampMs) >>> 0)));
    batch = [];
    bytes = 0;
  };
  for (const packet of packets) {
    if (bytes + packet.payload.length > PIECE_BYTES_MAX) end();
    batch.push(packet);
    bytes += packet.payload.length;
  }
  end();
  return batches;
}

/** What a player that joins is given of these batches, of which there is at least one. */
export function pastOf(batches: readonly PacketBatch[]): Past {
  const kinds = new Set(
    batches.flatMap(({ packets }) => packets.filter(({ isHeader }) => !isHeader).map(({ kind }) => kind)),
  );
  return {
    atMs: batches[0]?.atMs ?? 0,
    startsWithVideo: batches[0]?.startsWithVideo === true,
    kinds,
    items: (wish) => batches.map((batch) => batch.wire(wish)),
  };
}
