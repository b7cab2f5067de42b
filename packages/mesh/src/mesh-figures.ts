import type { Gauges } from './core/gauges.js';
import type { BroadcastMessage, DirectMessage } from './core/messages.js';
import type { TransportGauges } from './transport/transport.js';

/** Kinds of messages: `broadcast-...` is signed and gossiped, all others go from one member to another. */
export type MessageKind = DirectMessage['kind'] | `broadcast-${BroadcastMessage['kind']}`;

/** Messages and their bytes, by kind, since the start. */
export type MessageTotals = Readonly<
  Partial<Record<MessageKind, { readonly messages: number; readonly bytes: number }>>
>;

/** What a member does and holds for the mesh, for metrics. */
export interface MeshFigures {
  readonly received: MessageTotals;
  readonly sent: MessageTotals;
  /** Malformed or forged messages, and those over a limit, since the start. */
  readonly offences: number;
  /** Connections with members that ended by a fault of this program, since the start. */
  readonly faults: number;
  /** What the core holds for others. */
  readonly held: Gauges;
  /** How much of each of these it may hold. */
  readonly bounds: Readonly<Partial<Record<keyof Gauges, number>>>;
  /** Absent where the transport bounds nothing of its own. */
  readonly network?: TransportGauges;
}

/** Counts messages of one direction. */
export class MessageCounts {
  readonly #totals = new Map<MessageKind, { messages: number; bytes: number }>();

  count(kind: MessageKind, bytes: number): void {
    const total = this.#totals.get(kind);
    if (total === undefined) {
      this.#totals.set(kind, { messages: 1, bytes });
      return;
    }
    total.messages += 1;
    total.bytes += bytes;
  }

  get totals(): MessageTotals {
    return Object.fromEntries([...this.#totals].map(([kind, total]) => [kind, { ...total }]));
  }
}
