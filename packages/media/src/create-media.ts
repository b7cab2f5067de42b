import type { StreamKey } from '@headwater/directory';
import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { AfterAnswer } from './after-answer.js';
import { ConnectionGate, spareOf } from './arrival/connection-gate.js';
import { TrustedProxies } from './arrival/trusted-proxies.js';
import { clientRefs } from './client-refs.js';
import { createForwardDesk } from './create-forward-desk.js';
import { type CommonParts, createStreams, type Streams } from './create-streams.js';
import { PlayDesk } from './desks/play/play-desk.js';
import { PublishDesk, type PublishRules } from './desks/publish/publish-desk.js';
import { policyOf } from './desks/publish/publish-policy.js';
import { tellRefusals } from './desks/tell-refusals.js';
import { Fence } from './fence.js';
import { MediaTally } from './figures/media-tally.js';
import { streamGauges, streamTotals } from './figures/stream-figures.js';
import { talliedGuard } from './figures/tallied-guard.js';
import { liveOptions } from './live-options.js';
import type { Media } from './media.js';
import type { MediaEventListener } from './media-event.js';
import type { MediaHost } from './media-host.js';
import type { MediaLog } from './media-log.js';
import type { MediaOptions } from './media-options.js';
import type { StreamTotal } from './media-views.js';
import { MemberListeners } from './protocols/member-listeners.js';
import { SiblingListener } from './protocols/sibling/sibling-listener.js';
import { OutboundRate } from './stream/outbound-rate.js';
import type { StreamTable } from './stream/stream-table.js';
import { systemTimers, type Timers } from './stream/timers.js';
import { Sweep } from './sweep.js';

/** `limits.publishesPerAddressPerMinute` where it is not set. */
const PUBLISHES_PER_MINUTE = 6000;
/** Live media of all streams that may wait for one other worker which does not keep up. */
const SIBLING_BYTES_MAX = 134_217_728;

/** What a process may add to media. */
export interface MediaExtras {
  /** Who may publish and play; it is stopped by who made it. Without one everybody may. */
  readonly guard?: Guard;
  /** Hears of what happens. */
  readonly tell?: MediaEventListener;
  /** Counts what happens; absent: one of its own. */
  readonly tally?: MediaTally;
}

/** Puts the media plane of one member together; nothing listens before `start`. */
export function createMedia(
  given: MediaOptions,
  host: MediaHost,
  givenLog: MediaLog,
  { guard: judge = OPEN_GUARD, tell: hear = () => {}, tally = new MediaTally() }: MediaExtras = {},
): Media {
  const live = liveOptions(given);
  const { options } = live;
  const { limits } = options;
  const afterAnswer = new AfterAnswer();
  const log = afterAnswer.inOrder(givenLog);
  const tell: MediaEventListener = (event) => {
    afterAnswer.catchUp();
    tally.take(event);
    hear(event);
  };
  const fence = new Fence(log);
  const common: CommonParts = {
    options,
    host,
    guard: talliedGuard(judge, tally),
    fence,
    timers: fencedTimers(fence),
    log,
    tell,
    tally,
  };
  const streams = createStreams(common);
  const { table } = streams;
  const isMemberAddress = (ip: string): boolean => host.isMemberAddress(ip);
  const gate = new ConnectionGate(
    limits,
    isMemberAddress,
    () => spareOf(limits.connectionsMax),
    (address) => host.elsewhere?.(address),
  );
  const rate = new OutboundRate();
  const isFull = () => gate.isFull || rate.kbps >= (limits.outboundKbpsMax || Number.POSITIVE_INFINITY);
  const plays = new PlayDesk({ streams: table, host, log, isFull, tell, afterAnswer }, options);
  const forwards = createForwardDesk(common, (bytes) => {
    table.traffic.bytesIn.publisher += bytes;
  });
  const onPublisherChanged = (key: StreamKey): void => plays.reconsider(key);
  const publishes = new PublishDesk(
    { streams: table, host, forwards, log, tell, onPublisherChanged },
    publishRules(options),
  );
  const siblings = siblingListener(options, streams, log, fence);
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const listeners = new MemberListeners({
    options,
    plays,
    publishes,
    gate,
    log,
    fence,
    guard: tellRefusals(common.guard, tell),
    isMemberAddress,
    proxies,
    afterAnswer,
  });
  const sweep = new Sweep({ streams: table, publishes, siblings, rate, tally, fence, log });
  const closeListeners = () => Promise.all([listeners.stop(), siblings?.stop()]);

  return {
    async start() {
      try {
        await listeners.start();
        await siblings?.start();
      } catch (error) {
        await closeListeners();
        throw error;
      }
      sweep.start();
    },
    async stop() {
      afterAnswer.catchUp();
      sweep.stop();
      // Before the publishers: who pulls from here hears that this member is lost, not that the stream is over. An edge
      // brings the same publisher to another origin within moments, and the pull goes on there with the next frame.
      plays.stop();
      await siblings?.stop();
      publishes.stop();
      streams.stop();
      await closeListeners();
    },
    get ports() {
      return listeners.ports;
    },
    refusePublishers: (forwarding) => publishes.refuse(forwarding),
    acceptPublishers: () => publishes.accept(),
    async configure(settings) {
      await listeners.replaceCertificates(settings.certificates);
      live.configure(settings);
      proxies.replace(settings.trustedProxies ?? []);
    },
    askPublishersToReconnect: () => publishes.askToReconnect(),
    publishersAsked: () => publishes.askedCount,
    clients: () => clientRefs(publishes, table),
    kick(id) {
      if (!plays.kick(id)) return publishes.kick(id);
      tally.add('disconnects', 'kicked');
      return true;
    },
    closePublishers(which) {
      publishes.close(which);
      plays.endPassedOn();
    },
    pauseRtmp: () => listeners.pauseRtmp(),
    resumeRtmp: () => listeners.resumeRtmp(),
    take: (name, socket) => listeners.take(name, socket),
    endPublisher: (key, sinceMs, reason) => publishes.endOne(key, sinceMs, reason),
    pulls: () => plays.pulls(),
    streams: () => [...table.values()].map((stream) => stream.view()),
    stream: (key, playersMax) => table.get(key)?.view(playersMax),
    streamKeys: () => table.keys(),
    playerCount: (key) => table.get(key)?.playerCount ?? 0,
    figures: () => {
      afterAnswer.catchUp();
      const gauges = { ...streamGauges(table), forwards: { '': publishes.forwardCount } };
      return tally.figures(streamTotals(table), gauges);
    },
    streamTotal: (key) => totalOf(table, key),
    faults: () => fence.faults,
    get connections() {
      return gate.connections;
    },
    get isFull() {
      return isFull();
    },
    load() {
      let players = 0;
      for (const stream of table.values()) players += stream.playerCount;
      return { players, publishers: publishes.count, outboundKbps: rate.kbps };
    },
  };
}

/** A stream's own timers: what throws in one ends neither the process nor another stream. */
function fencedTimers(fence: Fence): Timers {
  return {
    ...systemTimers,
    after: (delayMs, run) => systemTimers.after(delayMs, () => fence.runTask('timer of a stream', run)),
  };
}

/** By the options as they are when one is asked for. */
function publishRules(options: MediaOptions): PublishRules {
  const { publish, limits } = options;
  return {
    acceptsPublishers: options.acceptsPublishers,
    get idleMs() {
      return publish.idleMs;
    },
    policy: (key) => policyOf(key, options),
    get publishesPerAddressPerMinute() {
      return limits.publishesPerAddressPerMinute ?? PUBLISHES_PER_MINUTE;
    },
  };
}

/** Null where this member has one worker. */
function siblingListener(
  options: MediaOptions,
  { table, shared }: Streams,
  log: MediaLog,
  fence: Fence,
): SiblingListener | null {
  const { worker, play } = options;
  if (worker === undefined) return null;
  return new SiblingListener({
    path: worker.path,
    streams: table,
    owners: shared,
    limits: {
      get pullBytesMax() {
        return play.queueBytesMax;
      },
      linkBytesMax: SIBLING_BYTES_MAX,
      get stuckMs() {
        return play.stuckMs;
      },
    },
    log,
    fence,
  });
}

function totalOf(streams: StreamTable, key: StreamKey): StreamTotal | null {
  const stream = streams.get(key);
  if (stream === undefined) return null;
  const { playerCount: players, bytesIn, bytesOut } = stream;
  return { key, players, bytesIn, bytesOut };
}
