import { randomUUID } from 'node:crypto';
import type { StreamKey } from '@headwater/directory';
import type { Guard } from '@headwater/guard';
import { mergeMsOf } from './desks/play/app-play.js';
import type { Fence } from './fence.js';
import type { MediaTally } from './figures/media-tally.js';
import type { MediaEventListener } from './media-event.js';
import type { MediaHost } from './media-host.js';
import type { MediaLog } from './media-log.js';
import type { MediaOptions } from './media-options.js';
import { memberUpstream } from './relay/member-upstream.js';
import { type PullFromMember, rtmpUpstream } from './relay/rtmp-upstream.js';
import { SharedUpstreams } from './relay/shared-upstreams.js';
import { SiblingUpstreams } from './relay/sibling-upstream.js';
import { relayOwners } from './stream/relay-owner.js';
import type { StreamLimits } from './stream/stream-limits.js';
import { StreamTable } from './stream/stream-table.js';
import type { Timers } from './stream/timers.js';
import type { Frame } from './wire/frame.js';

/** `play.queueMs` where it is not set. */
const QUEUE_MS = 10_000;
/** `relay.lagMs` where it is not set. */
const LAG_MS = 1000;

/** What much of the media plane needs. */
export interface CommonParts {
  readonly options: MediaOptions;
  readonly host: MediaHost;
  readonly guard: Guard;
  readonly fence: Fence;
  readonly timers: Timers;
  readonly log: MediaLog;
  readonly tell: MediaEventListener;
  readonly tally: MediaTally;
}

/** The streams of one member, and what is pulled for them. */
export interface Streams {
  readonly table: StreamTable;
  /** What this worker pulls from other members for all workers of its own. */
  readonly shared: SharedUpstreams;
  /** Ends every relay. */
  stop(): void;
}

/** Puts together what streams are fed by: relays from other members, and from other workers of this one. */
export function createStreams(parts: CommonParts): Streams {
  const { options, host, guard, fence, timers, log, tell, tally } = parts;
  const limitsOf = streamLimits(options);
  const received =
    (from: 'relay' | 'worker') =>
    ({ payload }: Frame): void => {
      table.traffic.bytesIn[from] += payload.length;
    };
  const siblings = new SiblingUpstreams(options, fence, timers, received('worker'));
  const pull = counted(rtmpUpstream(options, host, fence, guard), received('relay'));
  const shared = new SharedUpstreams(
    {
      limitsOf,
      timers,
      open: ({ owner, through, key, relayId }, ...how) =>
        pull({ member: owner, through, ...(relayId !== undefined && { relayId }) }, key, ...how),
    },
    fence,
  );
  const openMember = memberUpstream({
    host,
    ...(options.worker !== undefined && { worker: options.worker }),
    pull,
    shared,
    siblings,
    timers,
  });
  const table = new StreamTable({
    limitsOf,
    ownersOf: (key) => relayOwners(host.owners(key), host.member, host.workerOf(key)),
    open: (owner, ...how) =>
      owner.worker === undefined ? openMember(owner, ...how) : siblings.open(owner.worker, ...how),
    get headOf() {
      return host.relayHead;
    },
    detours: (owner) => host.detours(owner),
    timers,
    log,
    tell,
    newRelayId: randomUUID,
    watch: {
      began: (player) => tally.began(player, Date.now()),
      tracksChanged: () => tally.add('disconnects', 'tracks-changed'),
      searched: (result) => tally.add('spliceSearches', result),
    },
  });
  return {
    table,
    shared,
    stop() {
      table.close();
      siblings.stop();
      shared.stop();
    },
  };
}

/** Counts what connections to members bring, whatever it is for: one may feed several workers, and members that pull through this one. */
function counted(open: PullFromMember, received: (frame: Frame) => void): PullFromMember {
  return (owner, key, replayMs, events) =>
    open(owner, key, replayMs, {
      started: () => events.started(),
      frame: (frame) => {
        received(frame);
        events.frame(frame);
      },
      ended: (end) => events.ended(end),
    });
}

/** What bounds each stream, by the options as they are when it is asked. */
export function streamLimits(options: MediaOptions): (key: StreamKey) => StreamLimits {
  const { play, relay } = options;
  return (key) => ({
    gopCacheBytesMax: play.gopCacheBytesMax,
    queueBytesMax: play.queueBytesMax,
    queueMs: play.queueMs ?? QUEUE_MS,
    stuckMs: play.stuckMs,
    mergeMs: mergeMsOf(key, options),
    ...relay,
    lagMs: relay.lagMs ?? LAG_MS,
  });
}
