import { hostPort, type MemberId, type StreamKey } from '@headwater/directory';
import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { forwardQuery } from '../desks/publish/forward-mark.js';
import type { Fence } from '../fence.js';
import type { MediaHost, RelayAddress } from '../media-host.js';
import type { MediaOptions } from '../media-options.js';
import { memberTarget } from '../protocols/rtmp/member-target.js';
import { RtmpClientError } from '../protocols/rtmp/rtmp-client-error.js';
import { RtmpClientSession } from '../protocols/rtmp/rtmp-client-session.js';
import type { Timers } from '../stream/timers.js';
import type { Frame } from '../wire/frame.js';
import type { Link, LinkEvents, OpenLink } from './link.js';

export interface RtmpLinkParts {
  readonly options: Pick<MediaOptions, 'memberName' | 'relay' | 'limits'>;
  readonly host: Pick<MediaHost, 'relayAddress'>;
  readonly guard?: Pick<Guard, 'proveRelay'>;
  readonly timers: Timers;
  readonly fence: Fence;
  /** How long an origin may give no sign of life. */
  readonly stallMs: number;
  /** Most bytes that wait for an origin. */
  readonly queueBytesMax: number;
}

/** How often an origin is asked for a sign of life, and whether it gave one is looked at. */
const LOOK_MS = 250;
/** It is asked once more within so many bytes, so that one that takes a lot, slowly, gives signs meanwhile. */
const PING_BYTES = 65_536;
/** Without an answer. */
const PINGS_MAX = 4096;
/** Looks that come so much too late: this process stood still, and what the origin said has not been read yet. */
const LATE_LOOK_MS = 3 * LOOK_MS;

/** Publishes to other members by RTMP, marked as forwarded, with proof of who does. */
export function rtmpLink(parts: RtmpLinkParts): OpenLink {
  return (to, key, replaces, events) => {
    const address = parts.host.relayAddress(to);
    if (address !== null) return new RtmpLink(parts, { to, key, replaces, address }, events);
    // The member has left the mesh in this moment.
    const end = { code: 'unreachable', text: `no address is known of ${to}` } as const;
    const stop = parts.timers.after(0, () => events.ended(end));
    return { push: () => {}, close: stop };
  };
}

interface Destination {
  readonly to: MemberId;
  readonly key: StreamKey;
  readonly replaces: MemberId | null;
  readonly address: RelayAddress;
}

/**
 * One connection to an origin. That the kernel takes bytes says nothing of a process that hangs, so the origin is pinged:
 * its answer says that it has read all that was sent before.
 */
class RtmpLink implements Link {
  readonly #parts: RtmpLinkParts;
  readonly #session: RtmpClientSession;
  readonly #tellStalled: (isStalled: boolean) => void;
  /** When each ping was sent that is not answered yet, monotonic, ms. */
  readonly #pings: number[] = [];
  #heardMs: number;
  #lookedMs: number;
  #bytesSincePing = 0;
  #isOpen = true;
  #isStallTold = false;
  #stopTimer: () => void = () => {};

  constructor(parts: RtmpLinkParts, { to, key, replaces, address }: Destination, events: LinkEvents) {
    this.#parts = parts;
    const { options, guard = OPEN_GUARD, fence, timers } = parts;
    this.#heardMs = timers.nowMs();
    this.#lookedMs = this.#heardMs;
    const remote = hostPort(address.host, address.tls?.port ?? address.rtmpPort);
    const guarded = (handler: () => void): void =>
      fence.run({ remote, protocol: 'forward', key }, handler, () =>
        this.#session.abort(new RtmpClientError('protocol', 'a fault of this member')),
      );
    this.#tellStalled = (isStalled) => guarded(() => events.stalled(isStalled));
    const proof = guard.proveRelay({ action: 'forward', asked: to, relayOf: replaces, key });
    this.#session = new RtmpClientSession(
      {
        target: memberTarget(key, address, forwardQuery(options.memberName, { replaces }, proof)),
        agent: `headwater forward (${options.memberName})`,
        deadlineMs: options.relay.connectMs,
        limits: options.limits,
      },
      {
        started: () => {
          if (!this.#isOpen) return;
          this.#heardMs = timers.nowMs();
          this.#look();
          guarded(() => events.accepted());
        },
        pong: () => {
          this.#heardMs = timers.nowMs();
          this.#pings.shift();
        },
        closed: ({ code, message, details }) => {
          this.#stopTimer();
          if (!this.#isOpen) return;
          this.#isOpen = false;
          guarded(() =>
            events.ended({ code, text: message, ...(details === undefined ? {} : { reason: details }) }),
          );
        },
      },
    );
    this.#session.publish().catch(() => {}); // `closed` told.
  }

  push(frame: Frame): void {
    // Too much waits: it is ended at the next look.
    if (!this.#isOpen || this.#isFull) return;
    this.#session.push(frame);
    this.#bytesSincePing += frame.payload.length;
    if (this.#bytesSincePing >= PING_BYTES) this.#ping();
  }

  close(): void {
    this.#isOpen = false;
    this.#stopTimer();
    this.#session.close();
  }

  get #isFull(): boolean {
    return this.#session.queuedBytes > this.#parts.queueBytesMax;
  }

  #ping(): void {
    this.#bytesSincePing = 0;
    // Who answers none is asked no more than that.
    if (this.#pings.length >= PINGS_MAX) return;
    this.#pings.push(this.#parts.timers.nowMs());
    this.#session.ping();
  }

  #look(): void {
    const nowMs = this.#parts.timers.nowMs();
    const isLate = nowMs - this.#lookedMs >= LATE_LOOK_MS;
    this.#lookedMs = nowMs;
    if (this.#isFull) {
      this.#session.abort(new RtmpClientError('stuck', 'it takes less than the publisher sends'));
      return;
    }
    this.#ping();
    this.#stopTimer = this.#parts.timers.after(LOOK_MS, () => this.#look());
    const isStalled = this.#isStalled(nowMs);
    if (isLate || isStalled === this.#isStallTold) return;
    this.#isStallTold = isStalled;
    this.#tellStalled(isStalled);
  }

  #isStalled(nowMs: number): boolean {
    const [oldest] = this.#pings;
    return oldest !== undefined && nowMs - Math.max(oldest, this.#heardMs) >= this.#parts.stallMs;
  }
}
