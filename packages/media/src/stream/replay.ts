import type { MediaPacket } from './packet.js';
import { PacketBatch } from './packet-batch.js';

/** The last seconds of a stream, for another member's pull that has to find its place. */
export interface Replay {
  /** No headers among them. */
  readonly packets: readonly MediaPacket[];
  /** Says that the replay is over, and what follows is live; null where nobody asked. */
  readonly end: MediaPacket | null;
}

/** The packets as batches: those that went out already where they are whole, others made anew. */
export function replayBatches(packets: readonly MediaPacket[], nowMs: number): PacketBatch[] {
  const batches: PacketBatch[] = [];
  let rest: MediaPacket[] = [];
  const lastMs = packets.at(-1)?.timestampMs ?? 0;
  const makeRest = () => {
    const [first] = rest;
    if (first === undefined) return;
    batches.push(new PacketBatch(rest, nowMs - ((lastMs - first.timestampMs) >>> 0)));
    rest = [];
  };
  for (let at = 0; at < packets.length; ) {
    const packet = packets[at];
    if (packet === undefined) break;
    const count = wholeBatchAt(packets, at);
    if (count > 0 && packet.batch instanceof PacketBatch) {
      makeRest();
      batches.push(packet.batch);
      at += count;
    } else {
      rest.push(packet);
      at += 1;
    }
  }
  makeRest();
  return batches;
}

/** How many packets from here on are the whole batch of the first; 0 where they are not. */
function wholeBatchAt(packets: readonly MediaPacket[], at: number): number {
  const frames = packets[at]?.batch?.packets ?? [];
  return frames.every((frame, i) => frame === packets[at + i]) ? frames.length : 0;
}
