import { NO_LOAD, type Owner } from '@headwater/directory';
import { MemoryLog } from '@headwater/testing/memory-log';
import { LiveStream } from '../stream/live-stream.js';
import type { PublisherEvents, PublisherFeed } from '../stream/publisher-feed.js';
import type { StreamLimits } from '../stream/stream-limits.js';
import { StreamTable } from '../stream/stream-table.js';
import { systemTimers } from '../stream/timers.js';
import type { UpstreamEvents } from '../stream/upstream.js';
import { ManualTimers } from './manual-timers.js';
import { MemoryPlayer } from './memory-player.js';

export const STREAM_KEY = '__defaultVhost__/live/s';

export const STREAM_LIMITS: StreamLimits = {
  gopCacheBytesMax: 1_000_000,
  queueBytesMax: 1_000_000,
  stuckMs: 1_000_000,
  replayMs: 5000,
  replayBytesMax: 1_000_000,
  stallMs: 1500,
  connectMs: 3000,
  retryMs: 500,
  lagMs: 1000,
  lingerMs: 0,
};

/** A relay that the stream opened, as seen from its owner. */
export interface OpenedRelay {
  readonly owner: string;
  /** The member through which it goes; null: to the owner itself. */
  readonly through: string | null;
  /** How much of the past it was asked for. */
  readonly replayMs: number;
  readonly events: UpstreamEvents;
  isOpen: boolean;
}

/** Another member's claim. */
export function ownerOf(
  name: string,
  more: {
    sinceMs?: number;
    silent?: boolean;
    draining?: boolean;
    through?: string | null;
    /** Its claim tells of pictures. */
    shows?: boolean;
  } = {},
): Owner {
  const { sinceMs = 1, silent = false, draining = false, through, shows = false } = more;
  const media = shows ? { video: { codec: 'h264' } } : {};
  const address = { network: 'test', host: '127.0.0.1', rtmpPort: 1, httpPort: 1 };
  return {
    member: name,
    profile: {
      name,
      role: 'origin',
      addresses: [address],
      relayAddress: address,
      draining,
      program: 'test',
    },
    liveness: 'alive',
    load: NO_LOAD,
    claim: { key: STREAM_KEY, sinceMs, media, ...(silent ? { silent } : {}) },
    ...(through === undefined ? {} : { through }),
  };
}

/** One stream, with time and relays in the test's hand. */
export class StreamWorld {
  readonly timers = new ManualTimers();
  readonly log = new MemoryLog();
  readonly traffic = { bytesOut: 0, framesDropped: { queueBytes: 0, queueMs: 0 } };
  readonly opened: OpenedRelay[] = [];
  /** Each time that the stream got a source or lost it. */
  readonly told: boolean[] = [];
  readonly stream: LiveStream;
  /** Members through which owners may be pulled that cannot be reached. */
  detours: readonly string[] = [];
  #idle = 0;

  constructor(limits: Partial<StreamLimits> = {}) {
    this.stream = new LiveStream(STREAM_KEY, {
      limits: { ...STREAM_LIMITS, ...limits },
      traffic: this.traffic,
      timers: this.timers,
      log: this.log,
      open: (owner, _key, replayMs, events) => {
        const through = owner.through ?? null;
        const relay: OpenedRelay = { owner: owner.member, through, replayMs, events, isOpen: true };
        this.opened.push(relay);
        return {
          close: () => {
            relay.isOpen = false;
          },
        };
      },
      detours: () => this.detours,
      onSourceChanged: (hasSource) => this.told.push(hasSource),
      onIdle: () => {
        this.#idle += 1;
      },
    });
  }

  /** How often the stream said that nobody may need it. */
  get idleCount(): number {
    return this.#idle;
  }

  play(id = 'player'): MemoryPlayer {
    const player = new MemoryPlayer(id);
    this.stream.add(player);
    return player;
  }

  publish(events: PublisherEvents = {}): PublisherFeed {
    return this.stream.publish({ remote: '1.2.3.4:5', agent: 'x', protocol: 'rtmp' }, events);
  }

  owners(...owners: readonly Owner[]): void {
    this.stream.setOwners(owners);
  }

  /** The relays that are open. */
  get open(): OpenedRelay[] {
    return this.opened.filter(({ isOpen }) => isOpen);
  }

  /** The one that was opened last. */
  get relay(): OpenedRelay {
    const relay = this.open.at(-1);
    if (relay === undefined) throw new Error('no relay is open');
    return relay;
  }

  /** Whom relays were opened to, in order. */
  get order(): string[] {
    return this.opened.map(({ owner }) => owner);
  }

  /** A relay's connection ends by itself. */
  fail(code: string, relay = this.relay): void {
    relay.isOpen = false;
    relay.events.ended({ code, text: code, isOrdinary: false });
  }
}

/** Streams of a member whose relays a test drives. */
export class MemoryStreams extends StreamTable {
  readonly opened: OpenedRelay[] = [];

  constructor(ownersOf: (key: string) => readonly Owner[] = () => [], log = new MemoryLog()) {
    super({
      limitsOf: () => ({ ...STREAM_LIMITS, lingerMs: 500 }),
      ownersOf,
      timers: systemTimers,
      detours: () => [],
      log,
      open: (owner, key, replayMs, events) => {
        const through = owner.through ?? null;
        const relay = { owner: owner.member, through, key, replayMs, events, isOpen: true };
        this.opened.push(relay);
        return {
          close: () => {
            relay.isOpen = false;
          },
        };
      },
    });
  }

  get relays(): OpenedRelay[] {
    return this.opened.filter(({ isOpen }) => isOpen);
  }
}
