import type { MemberId } from '@headwater/directory';
import type { Endpoint } from './endpoint.js';
import type { Paths } from './paths.js';

/** Bytes that may wait on one connection for a member that does not take them: the real transport's limit. */
export const QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** What one connection carries, bytes per ms. */
const BYTES_PER_MS = 100_000;

/** Lost packets are sent again this long after the path is healed, ms. */
export const RETRANSMIT_MS = { min: 50, max: 1_200 };

/** A close in good order takes no longer than this, ms; then it is one by force. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A connection that is not whole within this time is closed by who waits for the rest of it, ms. */
const UPGRADE_TIMEOUT_MS = 5_000;

type Packet<P> =
  | { readonly kind: 'open' }
  | { readonly kind: 'data'; readonly payload: P; readonly bytes: number }
  | { readonly kind: 'fin'; readonly reason: string };

/** One end of a connection, as its member sees it. */
export class End<P> {
  readonly endpoint: Endpoint<P>;
  readonly peer: MemberId;
  readonly isOutbound: boolean;
  readonly dialled: string;
  isOpen = false;
  /** Nothing more is sent from it; it is open until the other side has ended its part as well. */
  isRetiring = false;
  openedAt = 0;
  /** When something was last read from it; 0: nothing yet. */
  heardAt = 0;
  /** Bytes sent and not yet read by the other side. */
  queuedBytes = 0;
  lastArrivalAt = 0;
  /** Packets that a cut keeps back: TCP sends them again when it is healed. */
  held: Packet<P>[] = [];

  constructor(endpoint: Endpoint<P>, peer: MemberId, isOutbound: boolean, dialled: string) {
    this.endpoint = endpoint;
    this.peer = peer;
    this.isOutbound = isOutbound;
    this.dialled = dialled;
  }
}

/** A TCP connection: in order, whole, bounded; one end may know that it is gone long before the other does. */
export class Connection<P> {
  readonly near: End<P>;
  readonly far: End<P>;
  readonly #paths: Paths;
  readonly #startedAt: number;

  constructor(paths: Paths, dialler: Endpoint<P>, listener: Endpoint<P>, address: string) {
    this.#paths = paths;
    this.#startedAt = paths.timeline.now;
    this.near = new End(dialler, listener.self, true, address);
    this.far = new End(listener, dialler.self, false, address);
  }

  /** The handshake is done: who dialled speaks first. */
  open(): void {
    this.#transmit(this.near, { kind: 'open' });
    this.near.endpoint.opened(this, this.near);
  }

  send(from: End<P>, payload: P, bytes: number): void {
    if (!from.isOpen || from.isRetiring) return;
    from.queuedBytes += bytes;
    if (from.queuedBytes > QUEUE_BYTES_MAX) this.abort(from, 'queue-full');
    else this.#transmit(from, { kind: 'data', payload, bytes });
  }

  /** In good order: what was sent before arrives before. */
  close(from: End<P>, reason: string): void {
    if (!from.isOpen) return;
    from.isOpen = false;
    this.#transmit(from, { kind: 'fin', reason });
    from.endpoint.closed(from, reason);
  }

  /** Says that nothing more comes, and reads on until the other side says so too. */
  retire(from: End<P>, reason: string): void {
    if (!from.isOpen || from.isRetiring) return;
    from.isRetiring = true;
    this.#transmit(from, { kind: 'fin', reason });
    const { host } = from.endpoint;
    this.#paths.timeline.after(CLOSE_TIMEOUT_MS, () => host.run(() => this.abort(from, reason)));
  }

  /** At once: the other side gets a reset, if that arrives. */
  abort(from: End<P>, reason: string): void {
    if (!from.isOpen) return;
    from.isOpen = false;
    this.reset(from);
    from.endpoint.closed(from, reason);
  }

  /** Something between the two ends it: a firewall, a proxy, a NAT that forgot it. Both sides hear of it. */
  break(): void {
    for (const end of [this.near, this.far])
      this.#paths.timeline.after(this.#paths.delayMs(), () =>
        end.endpoint.host.run(() => this.#gone(end, 'reset')),
      );
  }

  /** Tells the other side of `from` that nobody is here any more. */
  reset(from: End<P>): void {
    const to = this.#other(from);
    this.#paths.timeline.after(this.#paths.delayMs(), () => {
      if (this.#isCut(from)) return;
      to.endpoint.host.run(() => this.#gone(to, 'reset'));
    });
  }

  /** Sends again what a cut from `from` kept back. */
  healed(from: End<P>): void {
    if (from.held.length === 0) return;
    this.#paths.timeline.after(this.#paths.random.between(RETRANSMIT_MS.min, RETRANSMIT_MS.max), () => {
      if (this.#isCut(from)) return;
      const { held } = from;
      from.held = [];
      for (const packet of held) this.#receive(from, packet);
    });
  }

  #transmit(from: End<P>, packet: Packet<P>): void {
    if (from.held.length > 0 || this.#isCut(from)) {
      from.held.push(packet);
      return;
    }
    const { timeline } = this.#paths;
    const at = Math.max(timeline.now + this.#paths.delayMs(), from.lastArrivalAt);
    from.lastArrivalAt = at + (packet.kind === 'data' ? packet.bytes / BYTES_PER_MS : 0);
    timeline.at(from.lastArrivalAt, () => {
      if (from.held.length > 0 || this.#isCut(from)) from.held.push(packet);
      else this.#receive(from, packet);
    });
  }

  /** The packet is at the other machine, whose kernel answers for a process that is gone. */
  #receive(from: End<P>, packet: Packet<P>): void {
    const to = this.#other(from);
    if (!to.endpoint.isMachineUp) return;
    to.endpoint.host.run(() => {
      if (packet.kind === 'data') from.queuedBytes -= packet.bytes;
      if (packet.kind === 'open') {
        if (this.#paths.timeline.now - this.#startedAt > UPGRADE_TIMEOUT_MS) this.reset(to);
        else if (!to.endpoint.isClosed) to.endpoint.opened(this, to);
      } else if (!to.isOpen) {
        if (packet.kind === 'data') this.reset(to);
      } else if (packet.kind === 'fin') {
        // Both know now; what this side sent before is on its way, and goes before its own end.
        if (!to.isRetiring) this.#transmit(to, { kind: 'fin', reason: packet.reason });
        this.#gone(to, packet.reason);
      } else {
        to.heardAt = this.#paths.timeline.now;
        to.endpoint.events.direct(to.peer, packet.payload);
      }
    });
    if (to.endpoint.isClosed && packet.kind !== 'fin') this.reset(to);
  }

  #gone(end: End<P>, reason: string): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    end.endpoint.closed(end, reason);
  }

  /** Whether what this end sends gets lost. */
  #isCut(from: End<P>): boolean {
    return this.#paths.isCut(from.endpoint.machine, this.#other(from).endpoint.machine);
  }

  #other(end: End<P>): End<P> {
    return end === this.near ? this.far : this.near;
  }
}
