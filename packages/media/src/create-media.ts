import { type Guard, OPEN_GUARD } from '@headwater/guard';
import { mergeMsOf } from './desks/play/app-play.js';
import { PlayDesk } from './desks/play/play-desk.js';
import { PublishDesk } from './desks/publish/publish-desk.js';
import { policyOf } from './desks/publish/publish-policy.js';
import { Fence } from './fence.js';
import type { Media, MediaHost, MediaLog, MediaOptions } from './media-host.js';
import { ConnectionGate, spareOf } from './protocols/connection-gate.js';
import { createFlvListener } from './protocols/http/flv-listener.js';
import { createRtmpListener } from './protocols/rtmp/rtmp-listener.js';
import { rtmpUpstream } from './relay/rtmp-upstream.js';
import { OutboundRate } from './stream/outbound-rate.js';
import { StreamTable } from './stream/stream-table.js';
import { systemTimers, type Timers } from './stream/timers.js';

/** How often stuck players and idle publishers are looked for, and the outbound rate is measured. */
const SWEEP_MS = 1000;

/** `play.queueMs` where it is not set. */
const QUEUE_MS = 10_000;
/** `limits.publishesPerAddressPerMinute` where it is not set. */
const PUBLISHES_PER_MINUTE = 6000;
/** `relay.lagMs` where it is not set. */
const LAG_MS = 1000;

/**
 * Puts the media plane of one member together; nothing listens before `start`. Without a guard everybody may publish and
 * play; the guard is stopped by who made it.
 */
export function createMedia(
  options: MediaOptions,
  host: MediaHost,
  log: MediaLog,
  guard: Guard = OPEN_GUARD,
): Media {
  const { play, publish, relay, limits } = options;
  const fence = new Fence(log);
  const streams = new StreamTable({
    limitsOf: (key) => ({
      gopCacheBytesMax: play.gopCacheBytesMax,
      queueBytesMax: play.queueBytesMax,
      queueMs: play.queueMs ?? QUEUE_MS,
      stuckMs: play.stuckMs,
      mergeMs: mergeMsOf(key, options),
      ...relay,
      lagMs: relay.lagMs ?? LAG_MS,
    }),
    ownersOf: (key) => host.owners(key).filter(({ member }) => member !== host.member),
    open: rtmpUpstream(options, host, fence, guard),
    detours: (owner) => host.detours(owner),
    timers: fencedTimers(fence),
    log,
  });
  const gate = new ConnectionGate(limits, (ip) => host.isMemberAddress(ip), spareOf(limits.connectionsMax));
  const rate = new OutboundRate();
  const kbpsMax = limits.outboundKbpsMax || Number.POSITIVE_INFINITY;
  const isFull = () => gate.isFull || rate.kbps >= kbpsMax;
  const plays = new PlayDesk({ streams, host, log, isFull }, options);
  const publishes = new PublishDesk(
    {
      streams,
      host,
      log,
      onPublisherChanged: (key) => plays.reconsider(key),
    },
    {
      acceptsPublishers: options.acceptsPublishers,
      idleMs: publish.idleMs,
      policy: (key) => policyOf(key, options),
      publishesPerAddressPerMinute: limits.publishesPerAddressPerMinute ?? PUBLISHES_PER_MINUTE,
    },
  );
  const isMemberAddress = (ip: string): boolean => host.isMemberAddress(ip);
  const parts = { options, plays, publishes, gate, log, fence, guard, isMemberAddress };
  const rtmp = createRtmpListener(parts);
  const http = createFlvListener(parts);
  let ports = { rtmp: options.rtmp.port, http: options.http.port };
  let sweep: NodeJS.Timeout | null = null;
  let playersStuck = 0;

  function sweepOnce(): void {
    const nowMs = performance.now();
    rate.sample(streams.traffic.bytesOut, nowMs);
    fence.runTask('end idle publishers', () => publishes.endIdle(nowMs));
    fence.runTask('end stuck players', () => endStuck(nowMs));
  }

  function endStuck(nowMs: number): void {
    for (const stream of [...streams.values()]) {
      for (const player of stream.endStuckPlayers(nowMs)) {
        playersStuck += 1;
        log.warn(
          { key: stream.key, client: player.remote, protocol: player.protocol, reason: 'stuck' },
          'player disconnected',
        );
      }
    }
  }

  return {
    async start() {
      const rtmpPort = await rtmp.start();
      try {
        ports = { rtmp: rtmpPort, http: await http.start() };
      } catch (error) {
        await rtmp.stop();
        throw error;
      }
      sweep = setInterval(sweepOnce, SWEEP_MS);
    },
    async stop() {
      if (sweep !== null) clearInterval(sweep);
      publishes.stop();
      plays.stop();
      streams.close();
      await Promise.all([rtmp.stop(), http.stop()]);
    },
    get ports() {
      return ports;
    },
    refusePublishers: () => publishes.refuse(),
    closePublishers() {
      publishes.closeAll();
      plays.endPassedOn();
    },
    pulls: () => plays.pulls(),
    streams: () => [...streams.values()].map((stream) => stream.view()),
    stream: (key, playersMax) => streams.get(key)?.view(playersMax),
    streamKeys: () => streams.keys(),
    playerCount: (key) => streams.get(key)?.playerCount ?? 0,
    slowPlayers: () => ({
      framesDropped: { ...streams.traffic.framesDropped },
      playersEnded: { stuck: playersStuck },
    }),
    faults: () => fence.faults,
    get connections() {
      return gate.connections;
    },
    get isFull() {
      return isFull();
    },
    load() {
      let players = 0;
      for (const stream of streams.values()) players += stream.playerCount;
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
