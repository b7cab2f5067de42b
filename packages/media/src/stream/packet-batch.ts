import type { MediaPacket, WireFormat } from './packet.js';

/** Packets that go out together: one write for each player, the same bytes for all of one format. */
export class PacketBatch {
  readonly packets: readonly MediaPacket[];
  readonly #wires = new Map<WireFormat, Buffer>();

  constructor(packets: readonly MediaPacket[]) {
    this.packets = packets;
  }

  /** The bytes to send, shared: never write into them. */
  wire(format: WireFormat): Buffer {
    const made = this.#wires.get(format);
    if (made !== undefined) return made;
    const [first, ...others] = this.packets.map((packet) => packet.wire(format));
    const wire =
      first === undefined || others.length > 0 ? Buffer.concat([first ?? NOTHING, ...others]) : first;
    this.#wires.set(format, wire);
    return wire;
  }

  /** How many of them are pictures, sounds or data rather than headers. */
  get frames(): number {
    return this.packets.reduce((count, packet) => count + (packet.isHeader ? 0 : 1), 0);
  }
}

const NOTHING = Buffer.alloc(0);
